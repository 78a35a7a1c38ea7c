package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// Lion moves every parameter by the same length, in the direction of the sign of its momentum (Chen et al. 2023, program 1 and
// algorithm 2, https://arxiv.org/abs/2302.06675). It wants a learning rate of a third to a tenth of Adam's, and as much more decay:
//
//	w ← w − lr·(sign(β₁·m + (1 − β₁)·g) + decay·w)        m ← β₂·m + (1 − β₂)·g
type Lion struct {
	Core
	Beta1 float64 `json:"-"` // β₁, 0.9
	Beta2 float64 `json:"-"` // β₂, 0.99

	Mean []*tensor.Tensor `json:"-"` // m

	rules
}

// NewLion returns Lion for params, without weight decay.
func NewLion(params []*tensor.Tensor, lr float64) *Lion {
	l := &Lion{Core: newCore("NewLion", params, lr), Beta1: 0.9, Beta2: 0.99}
	l.Mean = l.zeros()
	return l
}

// Step moves the parameters by their gradients; see [Optimizer].
func (l *Lion) Step(grads []*tensor.Tensor) {
	l.apply(&l.Core, grads, func(i, _ int, lr, decay float64) ruleStep {
		return ruleStep{
			rule: kernel.Lion, a: l.Mean[i], keep: 1 - lr*decay,
			numbers: [8]float64{lr, l.Beta1, 1 - l.Beta1, l.Beta2, 1 - l.Beta2},
		}
	})
}
