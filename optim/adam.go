package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// Adam divides a running mean of the gradients by the root of one of their squares (Kingma and Ba 2015, algorithm 1,
// https://arxiv.org/abs/1412.6980), at update t = 1, 2, … of a parameter:
//
//	m ← β₁·m + (1 − β₁)·g        v ← β₂·v + (1 − β₂)·g²
//	w ← w − lr·m̂ / (√v̂ + ε)      m̂ = m / (1 − β₁ᵗ)    v̂ = v / (1 − β₂ᵗ)
//
// Weight decay adds decay·w to g or, if it is decoupled, shrinks w by lr·decay·w first (AdamW: Loshchilov and Hutter 2019,
// https://arxiv.org/abs/1711.05101; there the factor on decay is that of the schedule alone, here it is lr, as in PyTorch).
type Adam struct {
	Moments

	steps []kernel.AdamStep // room for those of a Step
}

// NewAdam returns Adam for params, without weight decay.
func NewAdam(params []*tensor.Tensor, lr float64) *Adam {
	return &Adam{Moments: newMoments("NewAdam", params, lr)}
}

// NewAdamW returns Adam for params with decoupled weight decay of 0.01.
func NewAdamW(params []*tensor.Tensor, lr float64) *Adam {
	a := NewAdam(params, lr)
	a.Decay, a.Decoupled = 0.01, true
	return a
}

// Step moves the parameters by their gradients; see [Optimizer].
func (a *Adam) Step(grads []*tensor.Tensor) {
	a.begin(grads)
	for i, w := range a.params {
		if grads[i] == nil {
			continue
		}
		t, lr, decay := a.update(i)
		first, second := a.biases(t)
		a.steps = append(a.steps, kernel.Adam(w.Edit(), grads[i].Data(), a.Mean[i].Edit(), a.Square[i].Edit(), lr, a.Beta1, a.Beta2,
			a.Epsilon, decay, first, second, a.Decoupled))
	}
	kernel.StepAdam(a.steps)
	clear(a.steps) // gradients belong to passes
	a.steps = a.steps[:0]
}
