package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// AdaDelta moves by the gradient in units of its own recent steps, so that no learning rate has to be found (Zeiler 2012,
// https://arxiv.org/abs/1212.5701, algorithm 1):
//
//	s ← ρ·s + (1 − ρ)·g²        d = g·√(u + ε)/√(s + ε)        u ← ρ·u + (1 − ρ)·d²        w ← w − lr·d
type AdaDelta struct {
	Core
	Rho     float64 `json:"-"` // ρ, 0.9
	Epsilon float64 `json:"-"` // ε, 1e-6

	Square []*tensor.Tensor `json:"-"` // s, of the gradients
	Moved  []*tensor.Tensor `json:"-"` // u, of the steps

	rules
}

// NewAdaDelta returns AdaDelta for params. The paper's learning rate is 1.
func NewAdaDelta(params []*tensor.Tensor, lr float64) *AdaDelta {
	a := &AdaDelta{Core: newCore("NewAdaDelta", params, lr), Rho: 0.9, Epsilon: 1e-6}
	a.Square, a.Moved = a.zeros(), a.zeros()
	return a
}

// Step moves the parameters by their gradients; see [Optimizer].
func (a *AdaDelta) Step(grads []*tensor.Tensor) {
	a.apply(&a.Core, grads, func(i, _ int, lr, decay float64) ruleStep {
		return ruleStep{
			rule: kernel.AdaDelta, a: a.Square[i], b: a.Moved[i], decay: decay, keep: 1,
			numbers: [8]float64{lr, a.Rho, 1 - a.Rho, a.Epsilon},
		}
	})
}
