package tensor

import (
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
)

// Activations that are one pass over memory, and so is their derivative; the higher ones go through compositions.

// activate computes y = f(x; k, c) by a fusion.
func (t *Tensor) activate(name string, f kernel.Unary, by *Fusion, k, c Float) *Tensor {
	p := owner(name, t)
	y := p.makeDims(t.shape())
	f.Apply(y.data, t.data, k, c)
	if o := p.fuse(name, by, y, t); o != nil {
		o.k, o.c = k, c
	}
	return y
}

// activation makes a fusion of the loop of the derivative and a composition.
func activation(slope kernel.Mixture, compose func(x *Tensor, k, c Float) *Tensor) *Fusion {
	return &Fusion{
		Kernel: func(b *Back) { b.slope(slope, b.in(0), b.op.k, b.op.c) },
		Compose: func(b *Back, xs []*Tensor) []*Tensor {
			return []*Tensor{compose(xs[0], b.op.k, b.op.c)}
		},
	}
}

// GELU returns x·Φ(x), Φ being the distribution function of the normal distribution (Hendrycks and Gimpel 2016,
// https://arxiv.org/abs/1606.08415).
func (t *Tensor) GELU() *Tensor { return t.activate("GELU", kernel.GELU, gelu, 0, 0) }

var gelu = activation(kernel.GELUGrad, func(x *Tensor, _, _ Float) *Tensor {
	return x.Mul(x.Scale(1/math.Sqrt2).Erf().Affine(.5, .5))
})

// GELUTanh returns GELU with the approximation ½·(1 + tanh(√(2/π)·(x + 0.044715·x³))) of Φ, as GPT-2 has it.
func (t *Tensor) GELUTanh() *Tensor { return t.activate("GELUTanh", kernel.GELUTanh, geluTanh, 0, 0) }

var geluTanh = activation(kernel.GELUTanhGrad, func(x *Tensor, _, _ Float) *Tensor {
	c := x.Clamp(-20, 20) // where tanh is ±1 and the cube does not overflow
	inner := c.Square().Affine(.044715, 1).Mul(c).Scale(math.Sqrt2 / math.SqrtPi)
	return x.Mul(inner.Tanh().Affine(.5, .5))
})

// SiLU returns x·σ(x), also called swish (Ramachandran et al. 2017, https://arxiv.org/abs/1710.05941).
func (t *Tensor) SiLU() *Tensor { return t.activate("SiLU", kernel.SiLU, silu, 0, 0) }

var silu = activation(kernel.SiLUGrad, func(x *Tensor, _, _ Float) *Tensor { return x.Mul(x.Sigmoid()) })

// Mish returns x·tanh(log(1 + e^x)) (Misra 2019, https://arxiv.org/abs/1908.08681).
func (t *Tensor) Mish() *Tensor { return t.activate("Mish", kernel.Mish, mish, 0, 0) }

var mish = activation(kernel.MishGrad, func(x *Tensor, _, _ Float) *Tensor { return x.Mul(x.Softplus().Tanh()) })

// ELU returns scale·x where x is positive and alpha·(e^x − 1) elsewhere (Clevert et al. 2015, https://arxiv.org/abs/1511.07289,
// where scale is 1). Its derivative at 0 is alpha.
func (t *Tensor) ELU(alpha, scale Float) *Tensor {
	return t.activate("ELU", kernel.ELU, elu, alpha, scale)
}

var elu = activation(kernel.ELUGrad, func(x *Tensor, alpha, scale Float) *Tensor {
	negative := x.Clamp(Float(math.Inf(-1)), 0) // with derivative 1 at 0
	return x.ReLU().Scale(scale).Add(negative.Expm1().Scale(alpha))
})

// HardSwish returns x times x/6 + ½ limited to [0, 1] (Howard et al. 2019, https://arxiv.org/abs/1905.02244).
func (t *Tensor) HardSwish() *Tensor {
	return t.activate("HardSwish", kernel.HardSwish, hardSwish, 0, 0)
}

var hardSwish = activation(kernel.HardSwishGrad, func(x *Tensor, _, _ Float) *Tensor {
	return x.Mul(x.Affine(1./6, .5).Clamp(0, 1))
})

// An Activation is one that a [Tail] can end in.
type Activation int

// The activations, of which NoActivation leaves everything as it is.
const (
	NoActivation Activation = iota
	ActReLU
	ActReLU6
	ActHardSwish
	ActSiLU
)

// gate returns the activation if it lets through or not, so that a normalization has done it.
func (a Activation) gate() Activation {
	if a == ActReLU || a == ActReLU6 {
		return a
	}
	return NoActivation
}

// behind applies the activation to what a normalization has computed, unless that is a gate.
func (a Activation) behind(x *Tensor) *Tensor {
	switch a {
	case ActHardSwish:
		return x.HardSwish()
	case ActSiLU:
		return x.SiLU()
	}
	return x
}

// end makes the activation the end of an epilogue.
func (a Activation) end(e *kernel.Epilogue) {
	switch a {
	case ActReLU:
		e.ReLU = true
	case ActReLU6:
		e.ReLU, e.Ceiling = true, 6
	case ActHardSwish:
		e.Then = kernel.HardSwish
	case ActSiLU:
		e.Then = kernel.SiLU
	}
}
