package optim

import (
	"math"

	"github.com/hadal-go/hadal/tensor"
)

// AMSGrad is Adam whose steps can only get smaller where the gradients were large once (Reddi et al. 2018, algorithm 2,
// https://openreview.net/forum?id=ryQu7f-RZ; the biases are corrected as in PyTorch):
//
//	v̄ ← max(v̄, v)        w ← w − lr·m̂/(√v̄/√(1 − β₂ᵗ) + ε)
type AMSGrad struct {
	Moments
	Greatest []*tensor.Tensor `json:"-"` // v̄
}

// NewAMSGrad returns AMSGrad for params.
func NewAMSGrad(params []*tensor.Tensor, lr float64) *AMSGrad {
	a := &AMSGrad{Moments: newMoments("NewAMSGrad", params, lr)}
	a.Greatest = a.zeros()
	return a
}

// Step moves the parameters by their gradients; see [Optimizer].
func (a *AMSGrad) Step(grads []*tensor.Tensor) {
	a.step(grads, a.Greatest, func(_, t int, lr float64) direction {
		first, second := a.biases(t)
		return direction{mean: lr / first, scale: 1 / math.Sqrt(second)}
	})
}
