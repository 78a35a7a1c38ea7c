package nn

import (
	"math"

	"github.com/hadal-go/hadal/tensor"
)

// The activations are functions, nn.Func(nn.GELU) in a Chain; those with a number are made by a function of it, nn.ELU(1).
// They have derivatives of every order, except at their kinks.

// ReLU returns max(x, 0). Its derivative at 0 is 0.
func ReLU(x *tensor.Tensor) *tensor.Tensor { return x.ReLU() }

// ReLU6 returns x limited to [0, 6]. Its derivative at 0 and at 6 is 0.
func ReLU6(x *tensor.Tensor) *tensor.Tensor { return x.ReLU6() }

// LeakyReLU returns x where it is positive and slope·x elsewhere; PyTorch's default slope is 0.01.
func LeakyReLU(slope tensor.Float) Func {
	return func(x *tensor.Tensor) *tensor.Tensor { return x.LeakyReLU(slope) }
}

// PReLU is leaky ReLU with trained slopes (He et al. 2015, https://arxiv.org/abs/1502.01852).
type PReLU struct {
	Weight *tensor.Tensor // slopes: one, or one for each feature
}

// NewPReLU returns a PReLU with slopes of 0.25: one for all if features is 1, otherwise one for each feature.
func NewPReLU(features int) *PReLU {
	l := &PReLU{Weight: tensor.Param(features)}
	Constant(l.Weight, .25)
	return l
}

// Forward returns x where it is positive, and the slope times x elsewhere.
func (l *PReLU) Forward(x *tensor.Tensor) *tensor.Tensor {
	if l.Weight.Len() != 1 {
		matches("PReLU", x, l.Weight)
	}
	return x.ReLU().Add(negative(x).Mul(l.Weight))
}

// ELU returns x where it is positive and alpha·(e^x − 1) elsewhere (Clevert et al. 2015, https://arxiv.org/abs/1511.07289);
// PyTorch's default alpha is 1.
func ELU(alpha tensor.Float) Func {
	return func(x *tensor.Tensor) *tensor.Tensor { return x.ELU(alpha, 1) }
}

// SELU is ELU with the constants that make networks normalize themselves (Klambauer et al. 2017,
// https://arxiv.org/abs/1706.02515).
func SELU(x *tensor.Tensor) *tensor.Tensor {
	const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
	return x.ELU(scale*alpha, scale)
}

// GELU returns x·Φ(x), Φ being the distribution function of the normal distribution (Hendrycks and Gimpel 2016,
// https://arxiv.org/abs/1606.08415).
func GELU(x *tensor.Tensor) *tensor.Tensor { return x.GELU() }

// GELUTanh is GELU with the approximation ½·(1 + tanh(√(2/π)·(x + 0.044715·x³))) of Φ, as GPT-2 has it.
func GELUTanh(x *tensor.Tensor) *tensor.Tensor { return x.GELUTanh() }

// SiLU returns x·σ(x), also called swish (Ramachandran et al. 2017, https://arxiv.org/abs/1710.05941).
func SiLU(x *tensor.Tensor) *tensor.Tensor { return x.SiLU() }

// Mish returns x·tanh(log(1 + e^x)) (Misra 2019, https://arxiv.org/abs/1908.08681).
func Mish(x *tensor.Tensor) *tensor.Tensor { return x.Mish() }

// Softplus returns log(1 + e^x).
func Softplus(x *tensor.Tensor) *tensor.Tensor { return x.Softplus() }

// Tanh returns the hyperbolic tangent.
func Tanh(x *tensor.Tensor) *tensor.Tensor { return x.Tanh() }

// Sigmoid returns σ(x) = 1/(1 + e^−x).
func Sigmoid(x *tensor.Tensor) *tensor.Tensor { return x.Sigmoid() }

// LogSigmoid returns log σ(x).
func LogSigmoid(x *tensor.Tensor) *tensor.Tensor { return x.Neg().Softplus().Neg() }

// HardSigmoid returns x/6 + ½ limited to [0, 1] (Howard et al. 2019, https://arxiv.org/abs/1905.02244).
func HardSigmoid(x *tensor.Tensor) *tensor.Tensor { return x.Affine(1./6, .5).Clamp(0, 1) }

// HardSwish returns x times HardSigmoid of x (Howard et al. 2019).
func HardSwish(x *tensor.Tensor) *tensor.Tensor { return x.HardSwish() }

// HardTanh returns x limited to [low, high]; PyTorch's defaults are −1 and 1.
func HardTanh(low, high tensor.Float) Func {
	return func(x *tensor.Tensor) *tensor.Tensor { return x.Clamp(low, high) }
}

// Softmax returns e^x / Σ e^x along the last axis.
func Softmax(x *tensor.Tensor) *tensor.Tensor { return x.Softmax() }

// LogSoftmax returns x − log Σ e^x along the last axis.
func LogSoftmax(x *tensor.Tensor) *tensor.Tensor { return x.LogSoftmax() }

// GLU returns a·σ(b), a and b being the halves of the last axis of x (Dauphin et al. 2017, https://arxiv.org/abs/1612.08083).
func GLU(x *tensor.Tensor) *tensor.Tensor {
	halves := x.Chunk(-1, 2)
	return halves[0].Mul(halves[1].Sigmoid())
}

// negative returns min(x, 0), with derivative 1 at 0.
func negative(x *tensor.Tensor) *tensor.Tensor { return x.Clamp(tensor.Float(math.Inf(-1)), 0) }
