package onnx

import (
	"math"
	"slices"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/tensor"
)

const int64Type = file.Int64

// shapes are the operators that move elements and compute none.
var shapes = map[string]operator{
	"Reshape": reshape, "Flatten": flatten, "Transpose": transpose, "Squeeze": squeeze, "Unsqueeze": unsqueeze, "Expand": expand,
	"Tile": tile, "Concat": concat, "Split": split, "Slice": slice, "Pad": pad,
	"Shape": func(c *call) []*value {
		shape := c.value(0).shape
		n := len(shape)
		bound := func(name string, fallback int) int {
			v := c.int(name, fallback)
			if v < 0 {
				v += n
			}
			return min(max(v, 0), n)
		}
		lo, hi := bound("start", 0), bound("end", n)
		return one(list(shape[min(lo, hi):hi]...))
	},
	"Size": func(c *call) []*value {
		return one(&value{ints: []int64{int64(size(c.value(0).shape))}, shape: []int{}, typ: int64Type})
	},
}

// list is a list of sizes as a value.
func list(ns ...int) *value {
	v := &value{ints: make([]int64, len(ns)), shape: []int{len(ns)}, typ: int64Type}
	for i, n := range ns {
		v.ints[i] = int64(n)
	}
	return v
}

// shaped returns v under another shape of the same size.
func (c *call) shaped(v *value, shape []int) *value {
	if v.x == nil {
		return &value{ints: v.ints, shape: shape, typ: v.typ}
	}
	return v.like(v.in(c.p, nil).Reshape(shape...))
}

// view returns elements of v: of a shape, with strides over v's own row-major order, from an offset on.
func (c *call) view(v *value, shape, strides []int, offset int) *value {
	return c.pick(v, c.room(shape...), positions(shape, strides, offset))
}

// pick returns the elements at positions of v's row-major order.
func (c *call) pick(v *value, shape, at []int) *value {
	if v.x != nil {
		return v.like(v.in(c.p, nil).Reshape(-1, 1).Gather(0, at).Reshape(shape...))
	}
	y := &value{ints: make([]int64, len(at)), shape: shape, typ: v.typ}
	for i, p := range at {
		y.ints[i] = v.ints[p]
	}
	return y
}

// reshape: 0 keeps an axis unless allowzero is set, −1 is what is left.
func reshape(c *call) []*value {
	v := c.value(0)
	shape := c.small(c.ints(1))
	free, n := -1, 1
	for i, d := range shape {
		if d == 0 && c.int("allowzero", 0) == 0 {
			if i >= len(v.shape) {
				c.fail("axis %d of %v is to be kept, but shape %v has none", i, shape, v.shape)
			}
			shape[i] = v.shape[i]
		}
		switch {
		case shape[i] == -1 && free < 0:
			free = i
			continue
		case shape[i] < 0:
			c.fail("there is no shape %v", shape)
		case shape[i] > 0 && n > maxElements/shape[i]:
			c.fail("shape %v cannot become %v", v.shape, shape)
		}
		n *= shape[i]
	}
	if free >= 0 && n > 0 {
		shape[free] = size(v.shape) / n
		n *= shape[free]
	}
	if n != size(v.shape) || free >= 0 && shape[free] < 0 {
		c.fail("shape %v cannot become %v", v.shape, shape)
	}
	return one(c.shaped(v, shape))
}

// flatten makes a matrix: the axes before one, and the others.
func flatten(c *call) []*value {
	v := c.value(0)
	axis := c.int("axis", 1)
	if axis < 0 {
		axis += len(v.shape)
	}
	if axis < 0 || axis > len(v.shape) {
		c.fail("there is no axis %d among %d", axis, len(v.shape))
	}
	return one(c.shaped(v, []int{size(v.shape[:axis]), size(v.shape[axis:])}))
}

// transpose only writes down the new order of floats.
func transpose(c *call) []*value {
	v := c.value(0)
	rank := len(v.shape)
	perm := c.axes(c.intsOf("perm"), rank)
	if c.Attribute("perm") == nil {
		perm = identity(rank)
		slices.Reverse(perm)
	}
	if len(perm) != rank {
		c.fail("%v does not permute %d axes", perm, rank)
	}
	shape := make([]int, rank)
	for i, a := range perm {
		shape[i] = v.shape[a]
	}
	if v.x == nil {
		own, moved := strides(v.shape), make([]int, rank)
		for i, a := range perm {
			moved[i] = own[a]
		}
		return one(c.view(v, shape, moved, 0))
	}
	order := make([]int, rank)
	for i, a := range v.orders() {
		order[i] = slices.Index(perm, a)
	}
	return one(&value{x: v.x, shape: shape, order: order, typ: v.typ})
}

func squeeze(c *call) []*value {
	v := c.value(0)
	var axes []int
	if given, ok := c.optionalInts(1, "axes"); ok {
		axes = c.axes(given, len(v.shape))
	} else {
		for a, d := range v.shape {
			if d == 1 {
				axes = append(axes, a)
			}
		}
	}
	shape := []int{}
	for a, d := range v.shape {
		if !slices.Contains(axes, a) {
			shape = append(shape, d)
		} else if d != 1 {
			c.fail("axis %d of %v is not of length 1", a, v.shape)
		}
	}
	return one(c.shaped(v, shape))
}

func unsqueeze(c *call) []*value {
	v := c.value(0)
	given, ok := c.optionalInts(1, "axes")
	if !ok {
		c.fail("no axes are given")
	}
	rank := len(v.shape) + len(given)
	axes := c.axes(given, rank)
	shape, rest := make([]int, rank), v.shape
	for i := range shape {
		if slices.Contains(axes, i) {
			shape[i] = 1
		} else {
			shape[i], rest = rest[0], rest[1:]
		}
	}
	return one(c.shaped(v, shape))
}

func expand(c *call) []*value {
	v := c.value(0)
	shape := c.small(c.ints(1))
	for _, d := range shape {
		if d < 0 {
			c.fail("there is no shape %v", shape)
		}
	}
	shape = c.broadcast(v.shape, shape)
	if v.x != nil {
		return one(v.like(v.in(c.p, nil).BroadcastTo(shape...)))
	}
	return one(c.view(v, shape, repeated(v.shape, shape), 0))
}

// tile repeats along each axis.
func tile(c *call) []*value {
	v := c.value(0)
	repeats := c.small(c.ints(1))
	if len(repeats) != len(v.shape) {
		c.fail("%v does not say how often each axis of %v is repeated", repeats, v.shape)
	}
	own := strides(v.shape)
	var shape, tiled, wide []int
	for i, d := range v.shape {
		if repeats[i] < 0 {
			c.fail("an axis cannot be repeated %d times", repeats[i])
		}
		shape, tiled = append(shape, repeats[i]*d), append(tiled, 0, own[i])
		wide = append(wide, repeats[i], d)
	}
	c.room(shape...)
	return one(c.pick(v, shape, positions(wide, tiled, 0)))
}

func concat(c *call) []*value {
	first := c.value(0)
	axis := c.axis(c.int("axis", 1), len(first.shape))
	shape := slices.Clone(first.shape)
	shape[axis] = 0
	for i := range c.in {
		v := c.value(i)
		same := slices.Clone(v.shape)
		if len(same) == len(shape) {
			same[axis] = shape[axis]
		}
		if !slices.Equal(same, shape) || (v.x == nil) != (first.x == nil) {
			c.fail("%v of %v and %v of %v do not join along axis %d", first.shape, first.typ, v.shape, v.typ, axis)
		}
		shape[axis] += v.shape[axis]
	}
	c.room(shape...)
	if first.x != nil {
		var xs []*tensor.Tensor
		order := first.orders()
		for _, v := range c.in {
			if v.x.Len() > first.x.Len() {
				order = v.orders()
			}
		}
		for _, v := range c.in {
			xs = append(xs, v.in(c.p, order))
		}
		return one(first.ordered(tensor.Concat(slices.Index(order, axis), xs...), order))
	}
	y := &value{shape: shape, typ: first.typ}
	for outer := range size(shape[:axis]) {
		for _, v := range c.in {
			run := size(v.shape[axis:])
			y.ints = append(y.ints, v.ints[outer*run:(outer+1)*run]...)
		}
	}
	return one(y)
}

func split(c *call) []*value {
	v := c.value(0)
	axis := c.axis(c.int("axis", 0), len(v.shape))
	n := len(c.Outputs)
	given, ok := c.optionalInts(1, "split")
	sizes := c.small(given)
	if !ok {
		each := (v.shape[axis] + n - 1) / max(n, 1)
		for at := 0; len(sizes) < n; at += each {
			sizes = append(sizes, max(0, min(each, v.shape[axis]-at)))
		}
	}
	total := 0
	for _, d := range sizes {
		total += d
	}
	if len(sizes) < n || total != v.shape[axis] || slices.ContainsFunc(sizes, func(d int) bool { return d < 0 }) {
		c.fail("axis %d of %v is not cut into %v", axis, v.shape, sizes)
	}
	ys, at := make([]*value, len(sizes)), 0
	if v.x != nil {
		for i, x := range v.in(c.p, v.orders()).Split(v.memoryAxis(axis), sizes...) {
			ys[i] = v.ordered(x, v.orders())
		}
		return ys
	}
	for i, d := range sizes {
		ys[i] = c.part(v, axis, at, 1, d)
		at += d
	}
	return ys
}

// part returns n parts of v along an axis, from lo on by a step.
func (c *call) part(v *value, axis, lo, step, n int) *value {
	if v.x != nil {
		x, at := v.in(c.p, v.orders()), v.memoryAxis(axis)
		if step == 1 {
			return v.ordered(x.Slice(at, lo, lo+n), v.orders())
		}
		index := make([]int, n)
		for i := range index {
			index[i] = lo + i*step
		}
		return v.ordered(x.Gather(at, index), v.orders())
	}
	shape, s := slices.Clone(v.shape), strides(v.shape)
	shape[axis] = n
	offset := lo * s[axis]
	s[axis] *= step
	return c.view(v, shape, s, offset)
}

// slice cuts along axes from starts up to ends, which may count from the end and lie beyond it.
func slice(c *call) []*value {
	v := c.value(0)
	starts, ok := c.optionalInts(1, "starts")
	ends, ok2 := c.optionalInts(2, "ends")
	if !ok || !ok2 || len(starts) != len(ends) {
		c.fail("starts %v and ends %v do not fit", starts, ends)
	}
	axes := identity(len(v.shape))
	if given, ok := c.optionalInts(3, "axes"); ok {
		axes = c.axes(given, len(v.shape))
	}
	steps := slices.Repeat([]int64{1}, len(starts))
	if c.has(4) {
		steps = c.ints(4)
	}
	if len(starts) > len(axes) || len(steps) != len(starts) {
		c.fail("%d starts, %d axes and %d steps do not fit", len(starts), len(axes), len(steps))
	}
	for i := range starts {
		n, step := int64(v.shape[axes[i]]), steps[i]
		from := func(at int64) int64 {
			if at < 0 {
				return at + n // may still be negative
			}
			return at
		}
		var lo, hi, count int64
		switch {
		case step == 0 || step == math.MinInt64:
			c.fail("the step is %d", step)
		case step > 0:
			lo, hi = min(max(from(starts[i]), 0), n), min(max(from(ends[i]), 0), n)
			if hi > lo {
				count = (hi-lo-1)/step + 1
			}
		default:
			lo, hi = min(max(from(starts[i]), -1), n-1), min(max(from(ends[i]), -1), n-1)
			if lo > hi {
				count = (lo-hi-1)/-step + 1
			}
		}
		if count < 2 {
			step = 1
		}
		v = c.part(v, axes[i], int(max(lo, 0)), int(step), int(count))
	}
	return one(v)
}

// pad surrounds with a constant, or with elements of the edge; a negative padding cuts.
func pad(c *call) []*value {
	v := c.value(0)
	given, ok := c.optionalInts(1, "pads")
	pads := c.small(given)
	axes := identity(len(v.shape))
	if c.has(3) {
		axes = c.axes(c.ints(3), len(v.shape))
	}
	if !ok || len(pads) != 2*len(axes) {
		c.fail("%d paddings are given for %d axes", len(pads), len(axes))
	}
	mode := c.text("mode", "constant")
	number := 0.
	if mode == "constant" && !(c.has(2) && size(c.in[2].shape) == 0) {
		number = c.number(2, "value", 0)
	}
	for i, a := range axes {
		before, after := pads[i], pads[len(axes)+i]
		n := v.shape[a]
		shape := slices.Clone(v.shape)
		shape[a] += before + after
		c.room(shape...)
		if mode == "constant" && v.x != nil {
			lo, hi := max(0, -before), n-max(0, -after)
			if hi < lo {
				c.fail("the paddings %v cut off more than there is of %v", pads, v.shape)
			}
			x, at := v.in(c.p, v.orders()), v.memoryAxis(a)
			if lo > 0 || hi < n {
				x = x.Slice(at, lo, hi)
			}
			v = v.ordered(c.surround(x, at, max(0, before), max(0, after), number), v.orders())
			continue
		}
		from := make([]int, shape[a]) // the place in v; −1: the constant
		for j := range from {
			from[j] = c.padded(j-before, n, mode)
		}
		v = c.chosen(v, a, from, int64(number))
	}
	return one(v)
}

// padded returns which of n places stands at place i of a padded axis.
func (c *call) padded(i, n int, mode string) int {
	switch {
	case i >= 0 && i < n:
		return i
	case mode == "constant":
		return -1
	case n == 0:
		c.fail("an empty axis cannot be padded by %q", mode)
	}
	switch mode {
	case "edge":
		return min(max(i, 0), n-1)
	case "wrap":
		return ((i % n) + n) % n
	case "reflect":
		if n == 1 {
			return 0
		}
		i = ((i % (2*n - 2)) + 2*n - 2) % (2*n - 2)
		return min(i, 2*n-2-i)
	}
	c.fail("there is no mode %q", mode)
	return 0
}

// chosen returns parts of v along an axis, and a constant where one is negative, which is of integers only.
func (c *call) chosen(v *value, axis int, from []int, constant int64) *value {
	if v.x != nil {
		return v.ordered(v.in(c.p, v.orders()).Gather(v.memoryAxis(axis), from), v.orders())
	}
	shape := slices.Clone(v.shape)
	shape[axis] = len(from)
	y := &value{shape: shape, typ: v.typ}
	inner := size(v.shape[axis+1:])
	for outer := range size(v.shape[:axis]) {
		for _, f := range from {
			if f < 0 {
				y.ints = append(y.ints, slices.Repeat([]int64{v.typ.Wrap(constant)}, inner)...)
				continue
			}
			at := (outer*v.shape[axis] + f) * inner
			y.ints = append(y.ints, v.ints[at:at+inner]...)
		}
	}
	return y
}
