package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// SGD is stochastic gradient descent, w ← w − lr·g, with weight decay, g + decay·w in place of g, and momentum as PyTorch defines
// it (Sutskever et al. 2013, https://proceedings.mlr.press/v28/sutskever13.html, with the learning rate outside of the velocity):
//
//	v ← momentum·v + (1 − dampening)·g    at the first update v ← g
//	w ← w − lr·v                          with Nesterov w ← w − lr·(g + momentum·v)
type SGD struct {
	Core
	Momentum  float64 `json:"-"`
	Dampening float64 `json:"-"`
	Nesterov  bool    `json:"-"`

	Velocity []*tensor.Tensor `json:"-"` // nil without momentum

	steps []kernel.SGDStep // room for those of a Step
}

// NewSGD returns gradient descent for params, which remembers a velocity unless momentum is 0.
func NewSGD(params []*tensor.Tensor, lr, momentum float64) *SGD {
	s := &SGD{Core: newCore("NewSGD", params, lr), Momentum: momentum}
	if momentum != 0 {
		s.Velocity = s.zeros()
	}
	return s
}

// Step moves the parameters by their gradients; see [Optimizer].
func (s *SGD) Step(grads []*tensor.Tensor) {
	if s.Velocity == nil && (s.Momentum != 0 || s.Nesterov) {
		fail("Step", "momentum %v needs an optimizer made with momentum; give it to NewSGD", s.Momentum)
	}
	s.begin(grads)
	for i, w := range s.params {
		if grads[i] == nil {
			continue
		}
		t, lr, decay := s.update(i)
		var v []tensor.Float
		if s.Momentum != 0 {
			v = s.Velocity[i].Edit()
		}
		s.steps = append(s.steps, kernel.SGD(w.Edit(), grads[i].Data(), v, lr, s.Momentum, s.Dampening, decay, s.Nesterov, t == 1))
	}
	kernel.StepSGD(s.steps)
	clear(s.steps) // gradients belong to passes
	s.steps = s.steps[:0]
}
