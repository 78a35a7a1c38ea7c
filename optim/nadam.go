package optim

import (
	"math"

	"github.com/hadal-go/hadal/tensor"
)

// NAdam is Adam that looks ahead along its momentum, as Nesterov's method does (Dozat 2016,
// https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ, algorithm 2):
//
//	μₜ = β₁·(1 − ½·0.96^(t·ψ))        w ← w − lr·((1 − μₜ)·g/(1 − Πμ) + μₜ₊₁·m/(1 − Πμ·μₜ₊₁))/(√v̂ + ε)
type NAdam struct {
	Moments
	Rise float64 `json:"-"` // ψ, how fast the momentum rises to β₁, 0.004

	Product []float64 `json:"product"` // Πμ of each parameter
}

// NewNAdam returns NAdam for params.
func NewNAdam(params []*tensor.Tensor, lr float64) *NAdam {
	n := &NAdam{Moments: newMoments("NewNAdam", params, lr), Rise: 0.004, Product: make([]float64, len(params))}
	for i := range n.Product {
		n.Product[i] = 1
	}
	return n
}

// Step moves the parameters by their gradients; see [Optimizer].
func (n *NAdam) Step(grads []*tensor.Tensor) {
	n.step(grads, nil, func(i, t int, lr float64) direction {
		now, next := n.momentum(t), n.momentum(t+1)
		n.Product[i] *= now
		_, second := n.biases(t)
		return direction{
			gradient: lr * (1 - now) / (1 - n.Product[i]), mean: lr * next / (1 - n.Product[i]*next), scale: 1 / math.Sqrt(second),
		}
	})
}

func (n *NAdam) momentum(t int) float64 {
	return n.Beta1 * (1 - 0.5*math.Pow(0.96, float64(t)*n.Rise))
}
