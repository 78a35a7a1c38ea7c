package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// AdaGrad divides the gradient by the root of the sum of all its squares so far, so that what moves rarely moves far (Duchi et al.
// 2011, https://jmlr.org/papers/v12/duchi11a.html, with the diagonal of the matrix, equation 4 of the summary):
//
//	s ← s + g²        w ← w − lr/(1 + (t − 1)·fall)·g/(√s + ε)
type AdaGrad struct {
	Core
	Fall    float64 `json:"-"` // of the learning rate with every update, 0 in the paper
	Epsilon float64 `json:"-"` // ε, 1e-10

	Square []*tensor.Tensor `json:"-"` // s

	rules
}

// NewAdaGrad returns AdaGrad for params.
func NewAdaGrad(params []*tensor.Tensor, lr float64) *AdaGrad {
	a := &AdaGrad{Core: newCore("NewAdaGrad", params, lr), Epsilon: 1e-10}
	a.Square = a.zeros()
	return a
}

// Step moves the parameters by their gradients; see [Optimizer].
func (a *AdaGrad) Step(grads []*tensor.Tensor) {
	a.apply(&a.Core, grads, func(i, t int, lr, decay float64) ruleStep {
		return ruleStep{
			rule: kernel.AdaGrad, a: a.Square[i], decay: decay, keep: 1,
			numbers: [8]float64{lr / (1 + float64(t-1)*a.Fall), a.Epsilon},
		}
	})
}
