package onnx

import (
	"maps"
	"slices"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/tensor"
)

// A cut is the end of a piece of a plan: the steps up to it, and the one tensor that later pieces take of what was made before it;
// empty at the end of the plan.
type cut struct {
	steps  int
	passes string
}

// cut finds the places of a plan where only one tensor goes on, such as those between the blocks of a residual network. What a piece
// makes beside it can be given back behind the piece where nothing is recorded.
func (p *plan) cut() {
	last := map[string]int{} // the last step that takes a name
	for i, s := range p.steps {
		for _, t := range append([]*step{s}, s.then...) {
			for _, name := range t.takes {
				last[name] = i
			}
		}
	}
	for _, name := range p.outputs {
		last[name] = len(p.steps)
	}
	integer := p.integers()
	live := map[string]bool{}
	for i, s := range p.steps {
		for name := range live {
			if last[name] <= i {
				delete(live, name)
			}
		}
		for _, name := range s.last().Outputs {
			if last[name] > i && !integer[name] {
				live[name] = true
			}
		}
		if len(live) == 1 && i+1 < len(p.steps) {
			for name := range live {
				p.cuts = append(p.cuts, cut{i + 1, name})
			}
		}
	}
	p.cuts = append(p.cuts, cut{len(p.steps), ""})
}

// alwaysIntegers are the operators that make no floats.
var alwaysIntegers = []string{
	"Shape", "Size", "ArgMax", "ArgMin", "NonZero", "NonMaxSuppression", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And",
	"Or", "Xor", "Not", "IsNaN", "IsInf",
}

// asFirst are the operators that make integers of integers.
var asFirst = []string{
	"Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Sum", "Neg", "Abs", "Gather", "Concat", "Squeeze", "Unsqueeze", "Slice", "Reshape",
	"Flatten", "Transpose", "Identity", "Expand", "Tile", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceSum",
}

// integers tells which names certainly are of integers, which are no memory of the pass.
func (p *plan) integers() map[string]bool {
	integer := map[string]bool{}
	for name, v := range p.local {
		integer[name] = v.x == nil
	}
	for _, s := range p.steps {
		follows := slices.Contains(asFirst, s.Op) && len(s.Inputs) > 0 && integer[s.Inputs[0]]
		if follows || slices.Contains(alwaysIntegers, s.Op) || s.castsToInteger() {
			for _, name := range s.Outputs {
				integer[name] = true
			}
		}
	}
	return integer
}

// castsToInteger tells whether the step is a Cast to integers or truth values.
func (s *step) castsToInteger() bool {
	a := s.Attribute("to")
	if s.Op != "Cast" || a == nil {
		return false
	}
	to, ok := a.Value.(int64)
	return ok && file.DataType(to).IsInteger()
}

// pieces runs the pieces from lo up to hi, halves of them in scopes, so that of n pieces in turn about log n results are in memory at
// once beside what one piece needs.
func (p *plan) pieces(pass *tensor.Pass, env map[string]*value, lo, hi int) (err error) {
	if hi-lo == 1 {
		first := 0
		if lo > 0 {
			first = p.cuts[lo-1].steps
		}
		for _, s := range p.steps[first:p.cuts[lo].steps] {
			if err := s.do(pass, env); err != nil {
				return err
			}
		}
		return nil
	}
	middle := (lo + hi) / 2
	passes := p.cuts[middle-1].passes
	pass.Scope(func() *tensor.Tensor {
		if err = p.pieces(pass, env, lo, middle); err != nil {
			return nil
		}
		return env[passes].x
	})
	if err != nil {
		return err
	}
	return p.pieces(pass, env, middle, hi)
}

// join makes steps do what stands behind them, where it goes nowhere else: a convolution its normalization by constants, and that or a
// Gemm the ReLU or hard swish behind it.
func (p *plan) join(outer map[string]bool) {
	constant := maps.Clone(outer)
	for name := range p.local {
		constant[name] = true
	}
	readers := map[string]int{}
	by := map[string]*step{} // the one step that takes a name first
	for _, s := range p.steps {
		for i, name := range s.takes {
			readers[name]++
			if i == 0 {
				by[name] = s
			}
		}
	}
	for _, name := range p.outputs {
		readers[name] += 2
	}
	done := map[*step]bool{}
	for _, s := range p.steps {
		if s.Op != "Conv" && s.Op != "Gemm" || len(s.Outputs) != 1 {
			continue
		}
		for {
			out := s.last().Outputs[0]
			next := by[out]
			if readers[out] != 1 || next == nil || len(next.Outputs) != 1 || !s.joins(next, constant) {
				break
			}
			s.then = append(s.then, next)
			done[next] = true
		}
	}
	p.steps = slices.DeleteFunc(p.steps, func(s *step) bool { return done[s] })
}

// joins tells whether s, with what it does already, can do the next step too.
func (s *step) joins(next *step, constant map[string]bool) bool {
	if len(s.then) > 0 && s.last().Op != "BatchNormalization" {
		return false
	}
	switch next.Op {
	case "Relu":
		return true
	case "HardSwish":
		return s.last().Op == "BatchNormalization"
	case "BatchNormalization":
		return s.Op == "Conv" && len(s.then) == 0 && len(next.Inputs) == 5 && next.Attribute("training_mode") == nil &&
			next.Attribute("spatial") == nil && !slices.ContainsFunc(next.Inputs[1:], func(name string) bool { return !constant[name] })
	}
	return false
}

// last returns the step whose outputs are those of s.
func (s *step) last() *step {
	if len(s.then) > 0 {
		return s.then[len(s.then)-1]
	}
	return s
}

// ending returns the activation that ends what the step does.
func (s *step) ending() tensor.Activation {
	switch s.last().Op {
	case "Relu":
		return tensor.ActReLU
	case "HardSwish":
		return tensor.ActHardSwish
	}
	return tensor.NoActivation
}

// normalization returns what is done behind a convolution by constants, and false if there is nothing.
func (c *call) normalization() (f tensor.FixedNorm, ok bool) {
	if len(c.then) == 0 || c.then[0].Op != "BatchNormalization" {
		return f, false
	}
	n := &call{step: c.then[0], p: c.p, env: c.env}
	for _, name := range n.Inputs {
		n.in = append(n.in, c.env[name])
	}
	return tensor.FixedNorm{
		Weight: n.plain(1), Bias: n.plain(2), Mean: n.plain(3), Variance: n.plain(4), Eps: tensor.Float(n.float("epsilon", 1e-5)),
	}, true
}
