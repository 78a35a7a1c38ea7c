// Package optim changes parameters so that a loss falls: first-order methods with parameter groups, schedules of the learning
// rate, and clipping of gradients.
//
//	optimizer := optim.NewAdam(parameters, 1e-3)
//	schedule := optim.WarmUp{Steps: 100, Then: optim.Cosine{LR: 1e-3, Steps: 900}}
//	for step := range 1000 {
//		p := tensor.Training(random)
//		grads := tensor.Grad(loss(p), parameters...)
//		optim.ClipNorm(grads, 1)
//		optimizer.SetLR(schedule.At(step))
//		optimizer.Step(grads)
//		p.End()
//	}
//
// Methods, schedules and clipping do what PyTorch's of the same name do, defaults included.
//
// # State
//
// An optimizer's exported fields are of three kinds, so that one struct with a model and its optimizer is saved without knowing
// which method it is: tensors (moments) are found and named by nn.Leaves, plain numbers (counts) by encoding/json, and settings
// (learning rate, momentum) are left out of both, since whoever makes the optimizer again gives them to it, perhaps others. A run
// that is resumed with equal settings and the saved state goes on bit for bit. SaveState and LoadState of train.Run do it.
package optim

import (
	"fmt"

	"github.com/hadal-go/hadal/tensor"
)

// An Optimizer changes parameters by their gradients.
type Optimizer interface {
	// Step moves the parameters by grads, which are in the order of the parameters and of their shapes. A parameter whose gradient
	// is nil stays as it is, and so does what is remembered of it.
	Step(grads []*tensor.Tensor)
	// SetLR sets the learning rate of the steps to come.
	SetLR(lr float64)
}

// Core is what all first-order methods share: parameters in groups, the learning rate, and how far they have come.
type Core struct {
	LR    float64 `json:"-"` // learning rate
	Decay float64 `json:"-"` // weight decay

	Steps   int   `json:"steps"`   // calls of Step
	Updates []int `json:"updates"` // of each parameter: how often it had a gradient

	params []*tensor.Tensor
	groups []Group // of each parameter
}

// A Group is what sets some parameters apart from the others.
type Group struct {
	Rate  float64 // multiplies the learning rate; 0 stands for 1
	Decay float64 // weight decay, in place of the optimizer's

	apart bool
}

func newCore(op string, params []*tensor.Tensor, lr float64) Core {
	if !(lr >= 0) {
		fail(op, "the learning rate is %v; it cannot be negative", lr)
	}
	seen := make(map[*tensor.Tensor]bool, len(params))
	for i, w := range params {
		switch {
		case w == nil:
			fail(op, "parameter %d is nil", i)
		case w.Pass() != nil:
			fail(op, "parameter %d belongs to a pass; parameters live on the heap", i)
		case seen[w]:
			fail(op, "parameter %d was given before", i)
		}
		seen[w] = true
	}
	return Core{LR: lr, Updates: make([]int, len(params)), params: params, groups: make([]Group, len(params))}
}

// SetLR sets the learning rate of the steps to come. Groups multiply it by their own factor.
func (c *Core) SetLR(lr float64) { c.LR = lr }

// Group makes params, which are among those of the optimizer, a group with a learning rate and weight decay of its own: biases
// without weight decay, a pretrained backbone that moves more slowly than its new head.
//
//	optimizer.Group(biases, optim.Group{Decay: 0})
//	optimizer.Group(nn.Params(net.Backbone), optim.Group{Rate: 0.1, Decay: optimizer.Decay})
func (c *Core) Group(params []*tensor.Tensor, g Group) {
	if !(g.Rate >= 0) {
		fail("Group", "the rate is %v; it cannot be negative", g.Rate)
	}
	g.Rate, g.apart = or(g.Rate, 1), true
	index := make(map[*tensor.Tensor]int, len(c.params))
	for i, w := range c.params {
		index[w] = i
	}
	for i, w := range params {
		at, ok := index[w]
		if !ok {
			fail("Group", "parameter %d is not one of the optimizer's", i)
		}
		c.groups[at] = g
	}
}

// Grouped is an optimizer whose parameters can be grouped as Core does it: every method of the table is.
type Grouped interface {
	Optimizer
	Group(params []*tensor.Tensor, g Group)
}

// begin counts a step and checks its gradients, before anything is changed.
func (c *Core) begin(grads []*tensor.Tensor) {
	if len(grads) != len(c.params) {
		fail("Step", "got %d gradients for %d parameters", len(grads), len(c.params))
	}
	if len(c.Updates) != len(c.params) {
		fail("Step", "the state is that of %d parameters, not of %d", len(c.Updates), len(c.params))
	}
	for i, g := range grads {
		if g != nil && !sameShape(g, c.params[i]) {
			fail("Step", "gradient %d has shape %v, its parameter %v", i, g.Shape(), c.params[i].Shape())
		}
	}
	c.Steps++
}

// update counts an update of parameter i and returns its number, from 1, and the learning rate and weight decay for it.
func (c *Core) update(i int) (t int, lr, decay float64) {
	c.Updates[i]++
	if g := c.groups[i]; g.apart {
		return c.Updates[i], c.LR * g.Rate, g.Decay
	}
	return c.Updates[i], c.LR, c.Decay
}

// zeros returns a tensor of zeros for each parameter.
func (c *Core) zeros() []*tensor.Tensor {
	ts := make([]*tensor.Tensor, len(c.params))
	for i, w := range c.params {
		ts[i] = tensor.New(w.Shape()...)
	}
	return ts
}

// sameShape compares shapes without making copies of them.
func sameShape(a, b *tensor.Tensor) bool {
	if a.Rank() != b.Rank() {
		return false
	}
	for axis := range a.Rank() {
		if a.Dim(axis) != b.Dim(axis) {
			return false
		}
	}
	return true
}

// fail panics in the one form in which the package reports mistakes of the program.
func fail(op, format string, args ...any) {
	panic("optim: " + op + ": " + fmt.Sprintf(format, args...))
}
