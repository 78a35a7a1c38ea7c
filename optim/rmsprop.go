package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// RMSProp divides the gradient by the root of a running mean of its squares (Tieleman and Hinton 2012, lecture 6.5 of "Neural
// Networks for Machine Learning"). Centred, it divides by an estimate of the deviation instead (Graves 2013,
// https://arxiv.org/abs/1308.0850, equations 38 to 45):
//
//	s ← α·s + (1 − α)·g²        m ← α·m + (1 − α)·g        d = g/(√(s − m²) + ε), or g/(√s + ε)
//	v ← μ·v + d                 w ← w − lr·v
type RMSProp struct {
	Core
	Alpha    float64 `json:"-"` // α, 0.99
	Epsilon  float64 `json:"-"` // ε, 1e-8
	Momentum float64 `json:"-"` // μ

	Square   []*tensor.Tensor `json:"-"` // s
	Mean     []*tensor.Tensor `json:"-"` // m; nil if it is not centred
	Velocity []*tensor.Tensor `json:"-"` // v; nil without momentum

	rules
}

// NewRMSProp returns RMSProp for params with a momentum, which may be 0.
func NewRMSProp(params []*tensor.Tensor, lr, momentum float64, centred bool) *RMSProp {
	r := &RMSProp{Core: newCore("NewRMSProp", params, lr), Alpha: 0.99, Epsilon: 1e-8, Momentum: momentum}
	r.Square = r.zeros()
	if centred {
		r.Mean = r.zeros()
	}
	if momentum > 0 {
		r.Velocity = r.zeros()
	}
	return r
}

// Step moves the parameters by their gradients; see [Optimizer].
func (r *RMSProp) Step(grads []*tensor.Tensor) {
	r.apply(&r.Core, grads, func(i, _ int, lr, decay float64) ruleStep {
		return ruleStep{
			rule: kernel.RMSProp, a: r.Square[i], b: at(r.Mean, i), c: at(r.Velocity, i), decay: decay, keep: 1,
			numbers: [8]float64{lr, r.Alpha, 1 - r.Alpha, r.Epsilon, r.Momentum},
		}
	})
}
