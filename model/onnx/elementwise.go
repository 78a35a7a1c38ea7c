package onnx

import (
	"math"
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// elementwise are the operators that treat each element by itself, of floats; those that are there for integers too have a twin in
// integerOperators, which takes over where the first input is of integers.
var elementwise = map[string]operator{
	"Relu":     unary((*tensor.Tensor).ReLU),
	"Sigmoid":  unary((*tensor.Tensor).Sigmoid),
	"Tanh":     unary((*tensor.Tensor).Tanh),
	"Erf":      unary((*tensor.Tensor).Erf),
	"Exp":      unary((*tensor.Tensor).Exp),
	"Log":      unary((*tensor.Tensor).Log),
	"Sqrt":     unary((*tensor.Tensor).Sqrt),
	"Sin":      unary((*tensor.Tensor).Sin),
	"Cos":      unary((*tensor.Tensor).Cos),
	"Softplus": unary((*tensor.Tensor).Softplus),
	"Mish":     unary((*tensor.Tensor).Mish),
	"HardSwish": unary(func(x *tensor.Tensor) *tensor.Tensor {
		return x.HardSwish()
	}),
	"Reciprocal": unary((*tensor.Tensor).Reciprocal),
	"Tan":        unary(func(x *tensor.Tensor) *tensor.Tensor { return x.Sin().Div(x.Cos()) }),
	"Softsign":   unary(func(x *tensor.Tensor) *tensor.Tensor { return x.Div(x.Abs().Shift(1)) }),
	"Sinh": unary(func(x *tensor.Tensor) *tensor.Tensor {
		return x.Expm1().Sub(x.Neg().Expm1()).Scale(.5)
	}),
	"Cosh": unary(func(x *tensor.Tensor) *tensor.Tensor { return x.Exp().Add(x.Neg().Exp()).Scale(.5) }),
	"Asin": elementary("Asin", math.Asin, func(x *tensor.Tensor) *tensor.Tensor {
		return x.Square().Affine(-1, 1).Sqrt().Reciprocal()
	}),
	"Acos": elementary("Acos", math.Acos, func(x *tensor.Tensor) *tensor.Tensor {
		return x.Square().Affine(-1, 1).Sqrt().Reciprocal().Neg()
	}),
	"Atan": elementary("Atan", math.Atan, func(x *tensor.Tensor) *tensor.Tensor { return x.Square().Shift(1).Reciprocal() }),
	"Asinh": elementary("Asinh", math.Asinh, func(x *tensor.Tensor) *tensor.Tensor {
		return x.Square().Shift(1).Sqrt().Reciprocal()
	}),
	"Acosh": elementary("Acosh", math.Acosh, func(x *tensor.Tensor) *tensor.Tensor {
		return x.Square().Shift(-1).Sqrt().Reciprocal()
	}),
	"Atanh": elementary("Atanh", math.Atanh, func(x *tensor.Tensor) *tensor.Tensor {
		return x.Square().Affine(-1, 1).Reciprocal()
	}),
	"Round": elementary("Round", math.RoundToEven, nil),
	"Ceil":  unary(func(x *tensor.Tensor) *tensor.Tensor { return x.Neg().Floor().Neg() }),
	"Floor": unary((*tensor.Tensor).Floor),

	"LeakyRelu": func(c *call) []*value {
		slope := c.float("alpha", .01)
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor { return x.LeakyReLU(tensor.Float(slope)) }))
	},
	"Elu":  elu(1, 1, false),
	"Selu": elu(1.67326319217681884765625, 1.05070102214813232421875, true),
	"Celu": func(c *call) []*value {
		alpha := tensor.Float(c.float("alpha", 1))
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor {
			return x.ReLU().Add(x.Clamp(tensor.Float(math.Inf(-1)), 0).Scale(1 / alpha).Expm1().Scale(alpha))
		}))
	},
	"ThresholdedRelu": func(c *call) []*value {
		alpha := tensor.Float(c.float("alpha", 1))
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor { return x.Gate(x.Shift(-alpha)) }))
	},
	"Shrink": func(c *call) []*value {
		bias, lambda := tensor.Float(c.float("bias", 0)), tensor.Float(c.float("lambd", .5))
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor {
			return x.Shift(-bias).Gate(x.Shift(-lambda)).Add(x.Shift(bias).Gate(x.Affine(-1, -lambda)))
		}))
	},
	"HardSigmoid": func(c *call) []*value {
		alpha, beta := tensor.Float(c.float("alpha", .2)), tensor.Float(c.float("beta", .5))
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor { return x.Affine(alpha, beta).Clamp(0, 1) }))
	},
	"Swish": func(c *call) []*value {
		alpha := tensor.Float(c.float("alpha", 1))
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor { return x.Mul(x.Scale(alpha).Sigmoid()) }))
	},
	"Gelu": func(c *call) []*value {
		switch c.text("approximate", "none") {
		case "none":
			return one(c.map1((*tensor.Tensor).GELU))
		case "tanh":
			return one(c.map1((*tensor.Tensor).GELUTanh))
		}
		c.fail("there is no approximation %q", c.text("approximate", ""))
		return nil
	},
	"PRelu": func(c *call) []*value {
		xs, like := c.align(0, 1)
		x, slope := xs[0], xs[1]
		return one(c.value(0).ordered(x.ReLU().Sub(x.Neg().ReLU().Mul(slope)), like))
	},
	"Identity": func(c *call) []*value { return one(c.value(0)) },
	"Dropout":  dropout,

	"IsNaN": test(math.IsNaN),
	"IsInf": func(c *call) []*value {
		positive, negative := c.int("detect_positive", 1) != 0, c.int("detect_negative", 1) != 0
		return test(func(v float64) bool { return positive && math.IsInf(v, 1) || negative && math.IsInf(v, -1) })(c)
	},
}

// unary makes an operator of a function of a tensor, which keeps the order of its axes.
func unary(f func(x *tensor.Tensor) *tensor.Tensor) operator {
	return func(c *call) []*value { return one(c.map1(f)) }
}

// map1 applies a function of one tensor to input 0.
func (c *call) map1(f func(x *tensor.Tensor) *tensor.Tensor) *value {
	v := c.floats(0)
	return v.ordered(f(v.in(c.p, v.orders())), v.orders())
}

// elementary makes an operator of a function of numbers and its derivative, nil where that is 0.
func elementary(name string, f func(float64) float64, derivative func(x *tensor.Tensor) *tensor.Tensor) operator {
	return unary(func(x *tensor.Tensor) *tensor.Tensor {
		p := x.Pass()
		y := p.Empty(x.Shape()...)
		for i, v := range x.Data() {
			y.Data()[i] = tensor.Float(f(float64(v)))
		}
		if derivative != nil {
			p.Op(name, func(b *tensor.Back) { b.Give(0, b.G(0).Mul(derivative(b.X(0)))) }, []*tensor.Tensor{y}, []*tensor.Tensor{x})
		}
		return y
	})
}

// elu is α·(e^x − 1) for negative x, and times γ everywhere for Selu.
func elu(alpha, gamma float64, scaled bool) operator {
	return func(c *call) []*value {
		a, g := c.float("alpha", alpha), gamma
		if scaled {
			g = c.float("gamma", gamma)
		}
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor { return x.ELU(tensor.Float(a*g), tensor.Float(g)) }))
	}
}

// dropout drops where the pass trains, or where the file says so, and is the identity elsewhere.
func dropout(c *call) []*value {
	v := c.floats(0)
	ratio := c.number(1, "ratio", .5)
	if ratio < 0 || ratio >= 1 {
		c.fail("a ratio of %v is not from 0 up to 1", ratio)
	}
	masked := len(c.Outputs) > 1
	if masked && c.opset < 10 {
		c.fail("a mask of floats, as before opset 10, is not supported")
	}
	var mask *value
	if masked {
		mask = &value{shape: v.shape, typ: boolean, ints: slices.Repeat([]int64{1}, size(v.shape))}
	}
	trains := c.p.Train() || c.has(2) && slices.Contains(c.ints(2), 1)
	if !trains || ratio == 0 {
		return []*value{v, mask}
	}
	x := v.in(c.p, nil)
	kept := c.p.Bernoulli(tensor.Float(1-ratio), tensor.Float(1/(1-ratio)), x.Shape()...)
	if masked {
		for i, k := range kept.Data() {
			mask.ints[i] = truth(k != 0)
		}
	}
	return []*value{v.like(x.Mul(kept)), mask}
}

// test asks a question of each element.
func test(f func(v float64) bool) operator {
	return func(c *call) []*value {
		x := c.plain(0)
		y := &value{shape: x.Shape(), typ: boolean, ints: make([]int64, x.Len())}
		for i, v := range x.Data() {
			y.ints[i] = truth(f(float64(v)))
		}
		return one(y)
	}
}

// broadcast returns the common shape of several, as NumPy has it.
func (c *call) broadcast(shapes ...[]int) []int {
	var wide []int
	for _, s := range shapes {
		for len(wide) < len(s) {
			wide = append([]int{1}, wide...)
		}
	}
	for _, s := range shapes {
		for i, d := range s {
			at := len(wide) - len(s) + i
			switch {
			case wide[at] == 1:
				wide[at] = d
			case d != 1 && d != wide[at]:
				c.fail("the shapes %v do not fit together", shapes)
			}
		}
	}
	return c.room(wide...)
}

// align returns inputs, all of floats, so that element-wise operations on them broadcast as those on their shapes. All have the order
// in which the largest lies, which it returns for the result.
func (c *call) align(inputs ...int) (xs []*tensor.Tensor, order []int) {
	vs, shapes := make([]*value, len(inputs)), make([][]int, len(inputs))
	for i, in := range inputs {
		vs[i] = c.floats(in)
		shapes[i] = vs[i].shape
	}
	return c.alignValues(vs, len(c.broadcast(shapes...)))
}

// alignValues is align for values that fit.
func (c *call) alignValues(vs []*value, rank int) (xs []*tensor.Tensor, order []int) {
	largest := 0
	for i, v := range vs {
		if len(v.shape) == rank && (len(vs[largest].shape) < rank || size(v.shape) > size(vs[largest].shape)) {
			largest = i
		}
	}
	order = vs[largest].orders()
	for _, v := range vs {
		if len(v.shape) < rank { // axes of length 1 in front
			x, dims := v.in(c.p, nil), slices.Repeat([]int{1}, rank)
			copy(dims[rank-len(v.shape):], v.shape)
			v = v.like(x.Reshape(dims...))
		}
		xs = append(xs, v.in(c.p, order))
	}
	return xs, order
}

// dyadic makes an operator of a function of two tensors.
func dyadic(f func(a, b *tensor.Tensor) *tensor.Tensor) operator {
	return func(c *call) []*value {
		xs, order := c.align(0, 1)
		return one(c.in[0].ordered(f(xs[0], xs[1]), order))
	}
}

// folded makes an operator of a function of two tensors, for any number of them.
func folded(f func(a, b *tensor.Tensor) *tensor.Tensor, then func(x *tensor.Tensor, n int) *tensor.Tensor) operator {
	return func(c *call) []*value {
		inputs := make([]int, len(c.in))
		for i := range inputs {
			inputs[i] = i
		}
		if len(inputs) == 0 {
			c.fail("there are no inputs")
		}
		xs, order := c.align(inputs...)
		x := xs[0]
		for _, y := range xs[1:] {
			x = f(x, y)
		}
		if then != nil {
			x = then(x, len(xs))
		}
		return one(c.in[0].ordered(x, order))
	}
}

// pow is aᵇ; an exponent that is one number may have any sign of the base.
func pow(c *call) []*value {
	a := c.floats(0)
	exponent := c.value(1)
	if exponent.x == nil {
		exponent = exponent.toFloats(c.p)
	}
	if size(exponent.shape) == 1 && len(exponent.shape) <= len(a.shape) && !exponent.x.Tracked() {
		k := exponent.x.Data()[0]
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor {
			if k == 2 {
				return x.Square()
			}
			return x.Power(k)
		}))
	}
	xs, order := c.alignValues([]*value{a, exponent}, len(c.broadcast(a.shape, exponent.shape)))
	return one(a.ordered(xs[0].Pow(xs[1]), order))
}

// remainder is a − b·⌊a/b⌋, or with fmod the remainder that has the sign of a. The quotient is a constant to the derivative.
func remainder(c *call) []*value {
	xs, order := c.align(0, 1)
	a, b := xs[0], xs[1]
	shape := a.Shape()
	for i := range shape {
		shape[i] = max(shape[i], b.Dim(i)) * min(shape[i], b.Dim(i), 1)
	}
	a, b = a.BroadcastTo(shape...), b.BroadcastTo(shape...)
	truncated := c.int("fmod", 0) != 0
	y := c.p.Empty(shape...)
	for i, v := range a.Data() {
		d := float64(b.Data()[i])
		r := math.Mod(float64(v), d)
		if !truncated && r != 0 && (r < 0) != (d < 0) {
			r += d
		}
		y.Data()[i] = tensor.Float(r)
	}
	c.p.Op("Mod", func(k *tensor.Back) {
		k.Give(0, k.G(0))
		quotient := k.X(0).Div(k.X(1))
		if truncated {
			quotient = quotient.Abs().Floor().Mul(quotient.Sign())
		} else {
			quotient = quotient.Floor()
		}
		k.Give(1, k.G(0).Mul(quotient).Neg())
	}, []*tensor.Tensor{y}, []*tensor.Tensor{a, b})
	return one(c.in[0].ordered(y, order))
}

// clip limits to bounds, which from opset 11 on are inputs.
func clip(c *call) []*value {
	low, high := math.Inf(-1), math.Inf(1)
	if c.has(1) || c.Attribute("min") != nil {
		low = c.number(1, "min", low)
	}
	if c.has(2) || c.Attribute("max") != nil {
		high = c.number(2, "max", high)
	}
	if low > high {
		return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor { return x.Scale(0).Shift(tensor.Float(high)) }))
	}
	return one(c.map1(func(x *tensor.Tensor) *tensor.Tensor {
		switch {
		case low == 0 && math.IsInf(high, 1):
			return x.ReLU()
		case low == 0 && high == 6:
			return x.ReLU6()
		}
		return x.Clamp(tensor.Float(low), tensor.Float(high))
	}))
}

// where chooses by a mask.
func where(c *call) []*value {
	mask := &value{ints: c.ints(0), shape: c.in[0].shape, typ: boolean}
	a, b := c.value(1), c.value(2)
	shape := c.broadcast(mask.shape, a.shape, b.shape)
	if a.x == nil || b.x == nil {
		if a.x != nil || b.x != nil {
			c.fail("one choice is of %v, the other of %v", a.typ, b.typ)
		}
		m, x, y := mask.spread(shape), a.spread(shape), b.spread(shape)
		z := &value{shape: shape, typ: a.typ, ints: make([]int64, len(m))}
		for i := range m {
			z.ints[i] = y[i]
			if m[i] != 0 {
				z.ints[i] = x[i]
			}
		}
		return one(z)
	}
	xs, order := c.alignValues([]*value{a, b, mask.toFloats(c.p)}, len(shape))
	return one(a.ordered(xs[2].Where(xs[0], xs[1]), order))
}
