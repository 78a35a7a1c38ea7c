package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// An Accumulator sums up gradients of several passes, for a batch that is larger than what fits in one.
type Accumulator struct {
	Count   int              `json:"count"`
	Reached []bool           `json:"reached"` // which parameters had a gradient
	Sums    []*tensor.Tensor `json:"-"`
}

// NewAccumulator returns one for the gradients of params.
func NewAccumulator(params []*tensor.Tensor) *Accumulator {
	core := newCore("NewAccumulator", params, 0)
	return &Accumulator{Sums: core.zeros(), Reached: make([]bool, len(params))}
}

// Add takes in the gradients of a pass.
func (a *Accumulator) Add(grads []*tensor.Tensor) {
	for i, g := range grads {
		if g != nil {
			kernel.AddScaled(a.Sums[i].Edit(), g.Data(), 1)
			a.Reached[i] = true
		}
	}
	a.Count++
}

// Mean hands the means of the gradients to use, nil for a parameter that no loss has reached, and begins anew.
func (a *Accumulator) Mean(use func(grads []*tensor.Tensor)) {
	grads := make([]*tensor.Tensor, len(a.Sums))
	for i, s := range a.Sums {
		if a.Reached[i] {
			x := s.Edit()
			kernel.Unary(kernel.Affine).Apply(x, x, tensor.Float(1/float64(max(1, a.Count))), 0)
			grads[i] = s
		}
	}
	use(grads)
	for _, s := range a.Sums {
		clear(s.Edit())
	}
	a.Count = 0
	clear(a.Reached)
}
