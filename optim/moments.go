package optim

import (
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// Moments is what the methods of Adam's family remember: running means of the gradients and of their squares,
//
//	m ← β₁·m + (1 − β₁)·g        v ← β₂·v + (1 − β₂)·g²
type Moments struct {
	Core
	Beta1     float64 `json:"-"` // β₁, 0.9
	Beta2     float64 `json:"-"` // β₂, 0.999
	Epsilon   float64 `json:"-"` // ε, 1e-8
	Decoupled bool    `json:"-"` // weight decay as in AdamW

	Mean   []*tensor.Tensor `json:"-"` // m
	Square []*tensor.Tensor `json:"-"` // v

	rules
}

func newMoments(op string, params []*tensor.Tensor, lr float64) Moments {
	m := Moments{Core: newCore(op, params, lr), Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	m.Mean, m.Square = m.zeros(), m.zeros()
	return m
}

// A direction is where a method of the family goes from its moments: w ← w − (gradient·g + mean·m)/(√v·scale + ε). A scale of 0
// leaves the division out.
type direction struct{ gradient, mean, scale float64 }

// step moves the parameters that have a gradient, each in the direction that the method has for its t-th update. With greatest, its
// running maximum stands for v.
func (m *Moments) step(grads, greatest []*tensor.Tensor, toward func(i, t int, lr float64) direction) {
	m.apply(&m.Core, grads, func(i, t int, lr, decay float64) ruleStep {
		d, keep := toward(i, t, lr), 1.0
		if m.Decoupled {
			decay, keep = 0, 1-lr*decay
		}
		return ruleStep{
			rule: kernel.AdamFamily, a: m.Mean[i], b: m.Square[i], c: at(greatest, i), decay: decay, keep: keep,
			numbers: [8]float64{m.Beta1, 1 - m.Beta1, m.Beta2, 1 - m.Beta2, d.gradient, d.mean, d.scale, m.Epsilon},
		}
	})
}

// biases returns 1 − β₁ᵗ and 1 − β₂ᵗ, the parts of the means that are of gradients and not of the zeros that they began with.
func (m *Moments) biases(t int) (first, second float64) {
	return 1 - math.Pow(m.Beta1, float64(t)), 1 - math.Pow(m.Beta2, float64(t))
}
