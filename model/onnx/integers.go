package onnx

import (
	"math"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/tensor"
)

const boolean = file.Bool

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// integerOperators are those that are there for floats and for integers, or for truth values.
var integerOperators = map[string]operator{
	"Add": either(dyadic((*tensor.Tensor).Add), func(c *call, a, b int64) int64 { return a + b }),
	"Sub": either(dyadic((*tensor.Tensor).Sub), func(c *call, a, b int64) int64 { return a - b }),
	"Mul": either(dyadic((*tensor.Tensor).Mul), func(c *call, a, b int64) int64 { return a * b }),
	"Div": either(dyadic((*tensor.Tensor).Div), func(c *call, a, b int64) int64 {
		switch b {
		case 0:
			c.fail("an integer is divided by 0")
		case -1:
			return -a
		}
		return a / b
	}),
	"Mod": either(remainder, func(c *call, a, b int64) int64 {
		switch b {
		case 0:
			c.fail("an integer is divided by 0")
		case -1:
			return 0
		}
		r := a % b
		if r != 0 && (r < 0) != (b < 0) && c.int("fmod", 0) == 0 {
			r += b
		}
		return r
	}),
	"Pow": either(pow, func(c *call, a, b int64) int64 {
		y := int64(1)
		for ; b > 0; b >>= 1 {
			if b&1 == 1 {
				y *= a
			}
			a *= a
		}
		return y
	}),
	"Max": either(folded((*tensor.Tensor).Maximum, nil), func(c *call, a, b int64) int64 { return max(a, b) }),
	"Min": either(folded((*tensor.Tensor).Minimum, nil), func(c *call, a, b int64) int64 { return min(a, b) }),
	"Sum": either(folded((*tensor.Tensor).Add, nil), func(c *call, a, b int64) int64 { return a + b }),
	"Mean": folded((*tensor.Tensor).Add, func(x *tensor.Tensor, n int) *tensor.Tensor {
		return x.Scale(1 / tensor.Float(n))
	}),
	"And": logical(func(a, b int64) bool { return a != 0 && b != 0 }),
	"Or":  logical(func(a, b int64) bool { return a != 0 || b != 0 }),
	"Xor": logical(func(a, b int64) bool { return (a != 0) != (b != 0) }),

	"BitwiseAnd": logicalBits(func(a, b int64) int64 { return a & b }),
	"BitwiseOr":  logicalBits(func(a, b int64) int64 { return a | b }),
	"BitwiseXor": logicalBits(func(a, b int64) int64 { return a ^ b }),

	"Abs": eitherUnary(unary((*tensor.Tensor).Abs), func(a int64) int64 {
		if a < 0 {
			return -a
		}
		return a
	}),
	"Neg":        eitherUnary(unary((*tensor.Tensor).Neg), func(a int64) int64 { return -a }),
	"Sign":       eitherUnary(unary((*tensor.Tensor).Sign), func(a int64) int64 { return truth(a > 0) - truth(a < 0) }),
	"Not":        eitherUnary(nil, func(a int64) int64 { return truth(a == 0) }),
	"BitwiseNot": eitherUnary(nil, func(a int64) int64 { return ^a }),

	"Equal":          comparison(func(a, b float64) bool { return a == b }, func(a, b int64) bool { return a == b }),
	"Greater":        comparison(func(a, b float64) bool { return a > b }, func(a, b int64) bool { return a > b }),
	"GreaterOrEqual": comparison(func(a, b float64) bool { return a >= b }, func(a, b int64) bool { return a >= b }),
	"Less":           comparison(func(a, b float64) bool { return a < b }, func(a, b int64) bool { return a < b }),
	"LessOrEqual":    comparison(func(a, b float64) bool { return a <= b }, func(a, b int64) bool { return a <= b }),

	"Clip": func(c *call) []*value {
		if c.value(0).x != nil {
			return clip(c)
		}
		low, high := int64(math.MinInt64), int64(math.MaxInt64)
		if c.has(1) && len(c.ints(1)) == 1 {
			low = c.ints(1)[0]
		}
		if c.has(2) && len(c.ints(2)) == 1 {
			high = c.ints(2)[0]
		}
		return eitherUnary(nil, func(a int64) int64 { return min(max(a, low), high) })(c)
	},
	"Where":    where,
	"Cast":     func(c *call) []*value { return one(c.cast(c.value(0), file.DataType(c.int("to", 0)))) },
	"CastLike": func(c *call) []*value { return one(c.cast(c.value(0), c.value(1).typ)) },
}

// spread returns the integers of v repeated to a shape that its own fits.
func (v *value) spread(shape []int) []int64 {
	y := make([]int64, size(shape))
	for i, at := range positions(shape, repeated(v.shape, shape), 0) {
		y[i] = v.ints[at]
	}
	return y
}

// toFloats returns integers as floats of the pass.
func (v *value) toFloats(p *tensor.Pass) *value {
	x := p.Empty(v.shape...)
	for i, a := range v.ints {
		x.Data()[i] = tensor.Float(a)
	}
	return &value{x: x, shape: v.shape, typ: file.Float}
}

// either takes the operator of floats, or the function of integers if the first input is of integers.
func either(floats operator, f func(c *call, a, b int64) int64) operator {
	return func(c *call) []*value {
		if c.value(0).x != nil {
			return floats(c)
		}
		y := c.in[0]
		for i := 1; i < len(c.in); i++ {
			if c.has(i) && c.in[i].x != nil && c.Op == "Pow" {
				return one(c.cast((&call{step: c.step, p: c.p, in: []*value{y.toFloats(c.p), c.in[i]}}).pow(), y.typ))
			}
			y = c.zip(y, &value{ints: c.ints(i), shape: c.in[i].shape}, y.typ, func(a, b int64) int64 { return f(c, a, b) })
		}
		return one(y)
	}
}

func (c *call) pow() *value { return pow(c)[0] }

// zip applies a function to integers of two shapes that broadcast.
func (c *call) zip(a, b *value, typ file.DataType, f func(a, b int64) int64) *value {
	shape := c.broadcast(a.shape, b.shape)
	x, y := a.spread(shape), b.spread(shape)
	for i := range x {
		x[i] = typ.Wrap(f(x[i], y[i]))
	}
	return &value{ints: x, shape: shape, typ: typ}
}

// logical makes an operator of two truth values.
func logical(f func(a, b int64) bool) operator {
	return func(c *call) []*value {
		c.ints(0)
		c.ints(1)
		return one(c.zip(c.in[0], c.in[1], boolean, func(a, b int64) int64 { return truth(f(a, b)) }))
	}
}

// logicalBits makes an operator of two integers.
func logicalBits(f func(a, b int64) int64) operator {
	return func(c *call) []*value {
		c.ints(0)
		c.ints(1)
		return one(c.zip(c.in[0], c.in[1], c.in[0].typ, f))
	}
}

// eitherUnary is either for one input.
func eitherUnary(floats operator, f func(a int64) int64) operator {
	return func(c *call) []*value {
		if c.value(0).x != nil && floats != nil {
			return floats(c)
		}
		v := &value{ints: make([]int64, len(c.ints(0))), shape: c.in[0].shape, typ: c.in[0].typ}
		for i, a := range c.in[0].ints {
			v.ints[i] = v.typ.Wrap(f(a))
		}
		return one(v)
	}
}

// comparison compares numbers of either kind.
func comparison(floats func(a, b float64) bool, ints func(a, b int64) bool) operator {
	return func(c *call) []*value {
		a, b := c.value(0), c.value(1)
		if a.x == nil {
			return logical(ints)(c)
		}
		shape := c.broadcast(a.shape, c.floats(1).shape)
		x, y := a.in(c.p, nil).Data(), b.in(c.p, nil).Data()
		at, bt := positions(shape, repeated(a.shape, shape), 0), positions(shape, repeated(b.shape, shape), 0)
		v := &value{ints: make([]int64, len(at)), shape: shape, typ: boolean}
		for i := range at {
			v.ints[i] = truth(floats(float64(x[at[i]]), float64(y[bt[i]])))
		}
		return one(v)
	}
}

// cast converts to a type. A float becomes an integer by leaving off its fraction; one that does not fit becomes some number, as in C.
func (c *call) cast(v *value, to file.DataType) *value {
	switch {
	case !to.IsFloat() && !to.IsInteger():
		c.fail("elements of %v are not supported", to)
	case v.x == nil && to.IsInteger():
		y := &value{ints: make([]int64, len(v.ints)), shape: v.shape, typ: to}
		for i, a := range v.ints {
			y.ints[i] = to.Wrap(a)
		}
		return y
	case v.x == nil:
		y := v.toFloats(c.p)
		y.typ = v.typ
		return c.cast(y, to)
	case to.IsInteger():
		data := v.in(c.p, nil).Data()
		y := &value{ints: make([]int64, len(data)), shape: v.shape, typ: to}
		for i, a := range data {
			if to == boolean {
				y.ints[i] = truth(a != 0)
			} else {
				y.ints[i] = to.Wrap(int64(math.Trunc(float64(a))))
			}
		}
		return y
	case to == file.Float16 || to == file.BFloat16:
		x := v.in(c.p, v.orders())
		y := c.p.Empty(x.Shape()...)
		for i, a := range x.Data() {
			y.Data()[i] = tensor.Float(to.Round(float64(a)))
		}
		c.p.Op("Cast", func(b *tensor.Back) { b.Give(0, b.G(0)) }, []*tensor.Tensor{y}, []*tensor.Tensor{x})
		return (&value{typ: to}).ordered(y, v.orders())
	}
	return &value{x: v.x, shape: v.shape, order: v.order, typ: to}
}
