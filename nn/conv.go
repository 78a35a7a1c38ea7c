package nn

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// Conv2D is a convolution over images with a bias: N×H×W×In → N×OH×OW×Out.
type Conv2D struct {
	Weight *tensor.Tensor `nn:",order=3201"` // KH×KW×(In/groups)×Out
	Bias   *tensor.Tensor // Out; may be nil
	tensor.Conv
}

// NewConv2D returns a convolution by a square kernel with PyTorch's initialization, uniform in ±1/√(kernel²·in/groups).
func NewConv2D(r *rand.Rand, in, out, kernel int, c tensor.Conv) *Conv2D {
	l := &Conv2D{Weight: tensor.Param(kernel, kernel, in/groups(in, out, c), out), Bias: tensor.Param(out), Conv: c}
	defaultInit(r, l.Weight, l.Bias)
	return l
}

// NoBias removes the bias, which a normalization behind makes pointless, and returns l.
func (l *Conv2D) NoBias() *Conv2D {
	l.Bias = nil
	return l
}

// Forward convolves x, N×H×W×In.
func (l *Conv2D) Forward(x *tensor.Tensor) *tensor.Tensor {
	return x.Conv2DBias(l.Weight, l.Bias, l.Conv)
}

// ForwardReLU returns the ReLU of Forward, in one pass over memory.
func (l *Conv2D) ForwardReLU(x *tensor.Tensor) *tensor.Tensor {
	return x.Conv2DReLU(l.Weight, l.Bias, l.Conv)
}

// ForwardNorm normalizes Forward. By running statistics, and where nothing is recorded, that is one pass over memory.
func (l *Conv2D) ForwardNorm(x *tensor.Tensor, norm *BatchNorm) *tensor.Tensor {
	return l.forwardNorm(x, norm, tensor.Tail{})
}

// ForwardNormReLU returns the ReLU of ForwardNorm plus a residual, of the same shape or nil.
func (l *Conv2D) ForwardNormReLU(x *tensor.Tensor, norm *BatchNorm, residual *tensor.Tensor) *tensor.Tensor {
	return l.forwardNorm(x, norm, tensor.Tail{Residual: residual, Activation: tensor.ActReLU})
}

func (l *Conv2D) forwardNorm(x *tensor.Tensor, norm *BatchNorm, tail tensor.Tail) *tensor.Tensor {
	if norm.byRunning(x.Pass()) {
		return x.Conv2DNormalize(l.Weight, l.Bias, l.Conv, norm.fixed(), tail)
	}
	return norm.forward(l.Forward(x), tail)
}

// Conv1D is a convolution over time with a bias: N×T×In → N×OT×Out.
type Conv1D struct {
	Weight *tensor.Tensor `nn:",order=210"` // K×(In/groups)×Out
	Bias   *tensor.Tensor // Out; may be nil
	tensor.Conv
}

// NewConv1D returns a convolution over time with PyTorch's initialization.
func NewConv1D(r *rand.Rand, in, out, kernel int, c tensor.Conv) *Conv1D {
	l := &Conv1D{Weight: tensor.Param(kernel, in/groups(in, out, c), out), Bias: tensor.Param(out), Conv: c}
	defaultInit(r, l.Weight, l.Bias)
	return l
}

// NoBias removes the bias and returns l.
func (l *Conv1D) NoBias() *Conv1D {
	l.Bias = nil
	return l
}

// Forward convolves x, N×T×In.
func (l *Conv1D) Forward(x *tensor.Tensor) *tensor.Tensor {
	return addBias(x.Conv1D(l.Weight, l.Conv), l.Bias)
}

// ConvTranspose2D is the adjoint of a convolution, which enlarges images: N×H×W×In → N×OH×OW×Out.
type ConvTranspose2D struct {
	Weight *tensor.Tensor `nn:",order=3201"` // KH×KW×(Out/groups)×In
	Bias   *tensor.Tensor // Out; may be nil
	tensor.Conv
}

// NewConvTranspose2D returns a transposed convolution with PyTorch's initialization.
func NewConvTranspose2D(r *rand.Rand, in, out, kernel int, c tensor.Conv) *ConvTranspose2D {
	w := tensor.Param(kernel, kernel, out/groups(in, out, c), in)
	l := &ConvTranspose2D{Weight: w, Bias: tensor.Param(out), Conv: c}
	defaultInit(r, l.Weight, l.Bias)
	return l
}

// NoBias removes the bias and returns l.
func (l *ConvTranspose2D) NoBias() *ConvTranspose2D {
	l.Bias = nil
	return l
}

// Forward enlarges x, N×H×W×In.
func (l *ConvTranspose2D) Forward(x *tensor.Tensor) *tensor.Tensor {
	return addBias(x.ConvTranspose2D(l.Weight, l.Conv), l.Bias)
}

// ConvTranspose1D is the adjoint of a convolution over time, which makes sequences longer: N×T×In → N×OT×Out.
type ConvTranspose1D struct {
	Weight *tensor.Tensor `nn:",order=210"` // K×(Out/groups)×In
	Bias   *tensor.Tensor // Out; may be nil
	tensor.Conv
}

// NewConvTranspose1D returns a transposed convolution over time with PyTorch's initialization.
func NewConvTranspose1D(r *rand.Rand, in, out, kernel int, c tensor.Conv) *ConvTranspose1D {
	w := tensor.Param(kernel, out/groups(in, out, c), in)
	l := &ConvTranspose1D{Weight: w, Bias: tensor.Param(out), Conv: c}
	defaultInit(r, l.Weight, l.Bias)
	return l
}

// NoBias removes the bias and returns l.
func (l *ConvTranspose1D) NoBias() *ConvTranspose1D {
	l.Bias = nil
	return l
}

// Forward makes x, N×T×In, longer.
func (l *ConvTranspose1D) Forward(x *tensor.Tensor) *tensor.Tensor {
	return addBias(x.ConvTranspose1D(l.Weight, l.Conv), l.Bias)
}

// groups returns the number of groups, which must divide the channels.
func groups(in, out int, c tensor.Conv) int {
	g := max(c.Groups, 1)
	if in%g != 0 || out%g != 0 {
		fail("Conv", "%d groups do not divide %d and %d channels", g, in, out)
	}
	return g
}
