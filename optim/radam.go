package optim

import (
	"math"

	"github.com/hadal-go/hadal/tensor"
)

// RAdam is Adam without a warm-up: it divides by √v only once that has few enough errors, and then the less boldly the more it has
// (Liu et al. 2020, algorithm 2, https://arxiv.org/abs/1908.03265):
//
//	ρ∞ = 2/(1 − β₂) − 1        ρ = ρ∞ − 2·t·β₂ᵗ/(1 − β₂ᵗ)
//	w ← w − lr·r·m̂/(√v̂ + ε)    r² = (ρ − 4)·(ρ − 2)·ρ∞/((ρ∞ − 4)·(ρ∞ − 2)·ρ), where ρ > 5
//	w ← w − lr·m̂               elsewhere
type RAdam struct{ Moments }

// NewRAdam returns RAdam for params.
func NewRAdam(params []*tensor.Tensor, lr float64) *RAdam {
	return &RAdam{Moments: newMoments("NewRAdam", params, lr)}
}

// Step moves the parameters by their gradients; see [Optimizer].
func (r *RAdam) Step(grads []*tensor.Tensor) {
	limit := 2/(1-r.Beta2) - 1
	r.step(grads, nil, func(_, t int, lr float64) direction {
		first, second := r.biases(t)
		length := limit - 2*float64(t)*(1-second)/second
		if length <= 5 {
			return direction{mean: lr / first}
		}
		rectified := math.Sqrt((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length))
		// PyTorch adds ε to √v before it corrects the bias.
		return direction{mean: lr / first * rectified * math.Sqrt(second), scale: 1}
	})
}
