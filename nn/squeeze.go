package nn

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// SqueezeExcite multiplies each channel of an image by a number between 0 and 1 that two layers compute from the averages of all
// channels (Hu et al. 2017, https://arxiv.org/abs/1709.01507): N×H×W×C → N×H×W×C.
type SqueezeExcite struct {
	FC1, FC2   *Conv2D // of 1×1: C → squeezed → C
	Activation Func    // between them
	Gate       Func    // behind them: Sigmoid, or HardSigmoid
}

// NewSqueezeExcite returns the layer with ReLU and Sigmoid, as in the paper; MobileNetV3 and EfficientNet have others.
func NewSqueezeExcite(r *rand.Rand, channels, squeezed int) *SqueezeExcite {
	return &SqueezeExcite{
		FC1: NewConv2D(r, channels, squeezed, 1, tensor.Conv{}), FC2: NewConv2D(r, squeezed, channels, 1, tensor.Conv{}),
		Activation: ReLU, Gate: Sigmoid,
	}
}

// Forward scales the channels of x, N×H×W×C.
func (l *SqueezeExcite) Forward(x *tensor.Tensor) *tensor.Tensor {
	s := l.Activation(l.FC1.Forward(x.AdaptiveAvgPool2D(1, 1))) // N×1×1×squeezed
	return x.Mul(l.Gate(l.FC2.Forward(s)))
}
