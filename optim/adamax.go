package optim

import (
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// AdaMax is Adam with the greatest gradient in place of the mean square (Kingma and Ba 2015, algorithm 2,
// https://arxiv.org/abs/1412.6980):
//
//	m ← β₁·m + (1 − β₁)·g        u ← max(β₂·u, |g| + ε)        w ← w − lr/(1 − β₁ᵗ)·m/u
type AdaMax struct {
	Core
	Beta1   float64 `json:"-"` // β₁, 0.9
	Beta2   float64 `json:"-"` // β₂, 0.999
	Epsilon float64 `json:"-"` // ε, 1e-8

	Mean     []*tensor.Tensor `json:"-"` // m
	Greatest []*tensor.Tensor `json:"-"` // u

	rules
}

// NewAdaMax returns AdaMax for params.
func NewAdaMax(params []*tensor.Tensor, lr float64) *AdaMax {
	a := &AdaMax{Core: newCore("NewAdaMax", params, lr), Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	a.Mean, a.Greatest = a.zeros(), a.zeros()
	return a
}

// Step moves the parameters by their gradients; see [Optimizer].
func (a *AdaMax) Step(grads []*tensor.Tensor) {
	a.apply(&a.Core, grads, func(i, t int, lr, decay float64) ruleStep {
		return ruleStep{
			rule: kernel.AdaMax, a: a.Mean[i], b: a.Greatest[i], decay: decay, keep: 1,
			numbers: [8]float64{lr / (1 - math.Pow(a.Beta1, float64(t))), a.Beta1, 1 - a.Beta1, a.Beta2, a.Epsilon},
		}
	})
}
