package nn

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// Linear is y = x·Wᵀ + b along the last axis: …×In → …×Out.
type Linear struct {
	Weight *tensor.Tensor // Out×In
	Bias   *tensor.Tensor // Out; may be nil
}

// NewLinear returns a linear layer with PyTorch's initialization, uniform in ±1/√in.
func NewLinear(r *rand.Rand, in, out int) *Linear {
	l := &Linear{Weight: tensor.Param(out, in), Bias: tensor.Param(out)}
	defaultInit(r, l.Weight, l.Bias)
	return l
}

// NoBias removes the bias and returns l.
func (l *Linear) NoBias() *Linear {
	l.Bias = nil
	return l
}

// Forward returns x·Wᵀ + b.
func (l *Linear) Forward(x *tensor.Tensor) *tensor.Tensor { return x.Linear(l.Weight, l.Bias) }

// ForwardReLU returns the ReLU of x·Wᵀ + b, in one pass over memory.
func (l *Linear) ForwardReLU(x *tensor.Tensor) *tensor.Tensor { return x.LinearReLU(l.Weight, l.Bias) }

func addBias(y, bias *tensor.Tensor) *tensor.Tensor {
	if bias == nil {
		return y
	}
	return y.Add(bias)
}
