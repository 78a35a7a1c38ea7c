package onnx

import (
	"math"
	"slices"
	"sort"

	"github.com/hadal-go/hadal/tensor"
)

// reductions are the operators that go over whole axes.
var reductions = map[string]operator{
	"ReduceSum": reduction(func(x *tensor.Tensor, axes []int) *tensor.Tensor {
		return x.SumKeep(axes...)
	}, 0, func(a, b int64) int64 { return a + b }),
	"ReduceMean": reduction(func(x *tensor.Tensor, axes []int) *tensor.Tensor { return x.MeanKeep(axes...) }, 0, nil),
	"ReduceMax":  reduction(extreme((*tensor.Tensor).Max, math.Inf(-1)), math.MinInt64, func(a, b int64) int64 { return max(a, b) }),
	"ReduceMin":  reduction(extreme((*tensor.Tensor).Min, math.Inf(1)), math.MaxInt64, func(a, b int64) int64 { return min(a, b) }),
	"ReduceProd": reduction(productOf, 1, func(a, b int64) int64 { return a * b }),
	"ReduceL1":   reduction(func(x *tensor.Tensor, axes []int) *tensor.Tensor { return x.Abs().SumKeep(axes...) }, 0, nil),
	"ReduceL2": reduction(func(x *tensor.Tensor, axes []int) *tensor.Tensor {
		return x.Square().SumKeep(axes...).Sqrt()
	}, 0, nil),
	"ReduceSumSquare": reduction(func(x *tensor.Tensor, axes []int) *tensor.Tensor { return x.Square().SumKeep(axes...) }, 0, nil),
	"ReduceLogSum":    reduction(func(x *tensor.Tensor, axes []int) *tensor.Tensor { return x.SumKeep(axes...).Log() }, 0, nil),
	"ReduceLogSumExp": reduction(logSumExp, 0, nil),

	"Softmax":    alongAxis((*tensor.Tensor).Softmax),
	"LogSoftmax": alongAxis((*tensor.Tensor).LogSoftmax),
	"Hardmax":    alongAxis(hardmax),
	"ArgMax":     argument(false), "ArgMin": argument(true), "TopK": topK,
}

// An overAxes reduces axes, which stay with length 1.
type overAxes func(x *tensor.Tensor, axes []int) *tensor.Tensor

// reduction makes an operator of one over axes that stay with length 1, and of one of two integers with what it begins with.
func reduction(floats overAxes, start int64, ints func(a, b int64) int64) operator {
	return func(c *call) []*value {
		v := c.value(0)
		given, _ := c.optionalInts(1, "axes")
		axes := c.axes(given, len(v.shape))
		if len(axes) == 0 {
			if c.int("noop_with_empty_axes", 0) != 0 {
				return one(c.reduced(v, nil, floats, start, ints))
			}
			axes = identity(len(v.shape))
		}
		y := c.reduced(v, axes, floats, start, ints)
		if c.int("keepdims", 1) != 0 {
			return one(y)
		}
		shape := []int{}
		for a, d := range y.shape {
			if !slices.Contains(axes, a) {
				shape = append(shape, d)
			}
		}
		return one(c.shaped(y, shape))
	}
}

func (c *call) reduced(v *value, axes []int, floats overAxes, start int64, ints func(a, b int64) int64) *value {
	if v.x != nil {
		if len(axes) == 0 { // an axis of length 1 behind the others, so that what is done to each element is done
			x := floats(v.in(c.p, nil).Reshape(-1, 1), []int{1})
			return v.like(x.Reshape(v.shape...))
		}
		at := make([]int, len(axes))
		for i, a := range axes {
			at[i] = v.memoryAxis(a)
		}
		return v.ordered(floats(v.in(c.p, v.orders()), at), v.orders())
	}
	switch {
	case ints == nil && v.typ == boolean, ints == nil && c.Op != "ReduceMean" && c.Op != "ReduceL1" && c.Op != "ReduceSumSquare":
		c.fail("it is not there for %v", v.typ)
	case ints == nil: // small numbers, which floats hold
		return c.cast(c.reduced(v.toFloats(c.p), axes, floats, start, nil), v.typ)
	case v.typ == boolean && c.Op != "ReduceMax" && c.Op != "ReduceMin":
		c.fail("it is not there for %v", v.typ)
	}
	shape := slices.Clone(v.shape)
	for _, a := range axes {
		shape[a] = 1
	}
	switch low, high := v.typ.Range(); start {
	case math.MinInt64:
		start = low
	case math.MaxInt64:
		start = high
	}
	y := &value{ints: slices.Repeat([]int64{start}, size(shape)), shape: shape, typ: v.typ}
	for i, at := range positions(v.shape, repeated(shape, v.shape), 0) {
		y.ints[at] = ints(y.ints[at], v.ints[i])
	}
	for i, a := range y.ints {
		y.ints[i] = v.typ.Wrap(a)
	}
	return y
}

// extreme takes a maximum or minimum over several axes, which of nothing is the given number.
func extreme(f func(x *tensor.Tensor, axis int) *tensor.Tensor, ofNothing float64) overAxes {
	return func(x *tensor.Tensor, axes []int) *tensor.Tensor {
		for _, a := range axes {
			if x.Dim(a) == 0 {
				shape := x.Shape()
				shape[a] = 1
				x = x.Pass().Full(tensor.Float(ofNothing), shape...)
				continue
			}
			x = f(x, a).Unsqueeze(a)
		}
		return x
	}
}

// productOf multiplies over axes.
func productOf(x *tensor.Tensor, axes []int) *tensor.Tensor {
	for _, a := range axes {
		shape := x.Shape()
		shape[a] = 1
		y := x.Pass().Full(1, shape...)
		for i := range x.Dim(a) {
			y = y.Mul(x.Slice(a, i, i+1))
		}
		x = y
	}
	return x
}

// logSumExp is log Σ e^x, without overflow.
func logSumExp(x *tensor.Tensor, axes []int) *tensor.Tensor {
	greatest := extreme((*tensor.Tensor).Max, math.Inf(-1))(x.Detach(), axes)
	shift := greatest.Clamp(-math.MaxFloat32, math.MaxFloat32) // where all is −∞, it stays so
	return x.Sub(shift).Exp().SumKeep(axes...).Log().Add(shift)
}

// alongAxis makes an operator of one along the last axis. Before opset 13 the axes from the given one on were one.
func alongAxis(f func(x *tensor.Tensor) *tensor.Tensor) operator {
	return func(c *call) []*value {
		v := c.floats(0)
		rank := len(v.shape)
		if c.opset < 13 {
			axis := c.axis(c.int("axis", 1), rank)
			x := v.in(c.p, nil).Reshape(size(v.shape[:axis]), size(v.shape[axis:]))
			return one(v.like(f(x).Reshape(v.shape...)))
		}
		order, axis := v.orders(), c.axis(c.int("axis", -1), rank)
		if order[rank-1] != axis {
			order = append(slices.DeleteFunc(slices.Clone(order), func(a int) bool { return a == axis }), axis)
		}
		return one(v.ordered(f(v.in(c.p, order)), order))
	}
}

// hardmax is 1 at the first greatest value of each row, 0 elsewhere.
func hardmax(x *tensor.Tensor) *tensor.Tensor {
	y, n := x.Pass().Zeros(x.Shape()...), x.Dim(-1)
	for row, i := range x.ArgMax() {
		y.Data()[row*n+i] = 1
	}
	return y
}

// argument returns where along an axis the greatest or the least value is, the first or the last of several.
func argument(least bool) operator {
	return func(c *call) []*value {
		v := c.value(0)
		axis := c.axis(c.int("axis", 0), len(v.shape))
		less, n := c.order(v), v.shape[axis]
		if n == 0 {
			c.fail("axis %d of %v is empty", axis, v.shape)
		}
		last := c.int("select_last_index", 0) != 0
		shape := slices.Clone(v.shape)
		shape[axis] = 1
		step := strides(v.shape)[axis]
		y := &value{shape: shape, typ: int64Type}
		for _, start := range positions(shape, strides(v.shape), 0) {
			best := 0
			for i := 1; i < n; i++ {
				a, b := start+best*step, start+i*step
				if least {
					a, b = b, a
				}
				if less(a, b) || last && !less(b, a) {
					best = i
				}
			}
			y.ints = append(y.ints, int64(best))
		}
		if c.int("keepdims", 1) == 0 {
			y.shape = slices.Delete(shape, axis, axis+1)
		}
		return one(y)
	}
}

// order returns how elements of v's row-major order compare.
func (c *call) order(v *value) (less func(a, b int) bool) {
	if v.x != nil {
		data := v.in(c.p, nil).Data()
		return func(a, b int) bool { return data[a] < data[b] }
	}
	return func(a, b int) bool { return v.ints[a] < v.ints[b] }
}

// topK returns the k greatest or least values along an axis, and where they are.
func topK(c *call) []*value {
	v := c.value(0)
	k := c.int("k", 0)
	if c.has(1) {
		if len(c.ints(1)) != 1 {
			c.fail("k is not one number")
		}
		k = c.small(c.ints(1))[0]
	}
	axis := c.axis(c.int("axis", -1), len(v.shape))
	n := v.shape[axis]
	if k < 0 || k > n {
		c.fail("an axis of %d has no %d greatest values", n, k)
	}
	less := c.order(v)
	largest := c.int("largest", 1) != 0
	shape := slices.Clone(v.shape)
	shape[axis] = 1
	step := strides(v.shape)[axis]
	starts := positions(shape, strides(v.shape), 0)
	shape[axis] = k
	at := make([]int, size(shape))
	where := &value{ints: make([]int64, size(shape)), shape: shape, typ: int64Type}
	inner := size(shape[axis+1:])
	index := make([]int, n)
	for row, start := range starts {
		for i := range index {
			index[i] = i
		}
		sort.SliceStable(index, func(i, j int) bool {
			a, b := start+index[i]*step, start+index[j]*step
			if largest {
				a, b = b, a
			}
			return less(a, b)
		})
		for i, from := range index[:k] {
			to := (row/inner*k+i)*inner + row%inner
			at[to], where.ints[to] = start+from*step, int64(from)
		}
	}
	return []*value{c.pick(v, shape, at), where}
}
