package optim

import (
	"fmt"
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// Norm returns √Σg² over the elements of all gradients, summed in float64. Nil gradients count as zero.
func Norm(grads []*tensor.Tensor) float64 {
	var sum float64
	for _, g := range grads {
		if g != nil {
			sum += kernel.SumSquares(g.Data())
		}
	}
	return math.Sqrt(sum)
}

// ClipNorm scales the gradients, all by one factor, so that their norm is at most limit, and returns what it was (Pascanu et al.
// 2013, algorithm 1, https://arxiv.org/abs/1211.5063). A gradient of a pass is replaced in grads by its multiple, one on the heap
// is scaled in place. If the norm is NaN or infinite, the gradients stay as they are: look at it, or call [Finite], before Step.
func ClipNorm(grads []*tensor.Tensor, limit float64) float64 {
	if !(limit >= 0) {
		fail("ClipNorm", "the limit is %v; it cannot be negative", limit)
	}
	norm := Norm(grads)
	factor := limit / (norm + 1e-6) // PyTorch's guard against division by zero
	if factor >= 1 || math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm
	}
	for i, g := range grads {
		switch {
		case g == nil:
		case g.Pass() != nil:
			grads[i] = g.Scale(tensor.Float(factor))
		default:
			x := g.Edit()
			kernel.Unary(kernel.Affine).Apply(x, x, tensor.Float(factor), 0)
		}
	}
	return norm
}

// ClipValue limits every element of the gradients to the range from −limit to limit. A gradient of a pass is replaced in grads,
// one on the heap is changed in place.
func ClipValue(grads []*tensor.Tensor, limit float64) {
	if !(limit >= 0) {
		fail("ClipValue", "the limit is %v; it cannot be negative", limit)
	}
	low, high := tensor.Float(-limit), tensor.Float(limit)
	for i, g := range grads {
		switch {
		case g == nil:
		case g.Pass() != nil:
			grads[i] = g.Clamp(low, high)
		default:
			x := g.Edit()
			kernel.Unary(kernel.Clamp).Apply(x, x, low, high)
		}
	}
}

// Finite returns a [NotFinite] for the first element of the gradients that is NaN or infinite, and nil if there is none.
func Finite(grads []*tensor.Tensor) error {
	for i, g := range grads {
		if g == nil || g.Finite() {
			continue
		}
		for j, v := range g.Data() {
			if v-v != 0 {
				return NotFinite{Param: i, Element: j, Value: float64(v)}
			}
		}
	}
	return nil
}

// NotFinite is the error of a gradient that cannot be stepped along.
type NotFinite struct {
	Param   int     // which gradient, hence which parameter
	Element int     // the first element at fault, in row-major order
	Value   float64 // NaN or infinite
}

func (e NotFinite) Error() string {
	return fmt.Sprintf("gradient %d is not finite: element %d is %v", e.Param, e.Element, e.Value)
}
