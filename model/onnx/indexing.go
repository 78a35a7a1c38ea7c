package onnx

import (
	"math"
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// indexing are the operators that take and put elements by positions.
var indexing = map[string]operator{
	"Gather": gather, "GatherElements": gatherElements, "GatherND": gatherND, "ScatterND": scatterND, "ScatterElements": scatterElements,
	"Scatter": scatterElements, "NonZero": nonZero, "Compress": compress, "Trilu": trilu, "CumSum": cumSum,
	"ReverseSequence": reverseSequence,
}

// below turns positions, which may count from the end, into ones from the front.
func (c *call) below(at []int64, n int) []int {
	y := make([]int, len(at))
	for i, a := range at {
		if a < 0 {
			a += int64(n)
		}
		if a < 0 || a >= int64(n) {
			c.fail("position %d is not within an axis of length %d", at[i], n)
		}
		y[i] = int(a)
	}
	return y
}

// gather takes parts along an axis, which is replaced by the axes of the positions.
func gather(c *call) []*value {
	v := c.value(0)
	axis := c.axis(c.int("axis", 0), len(v.shape))
	at := c.below(c.ints(1), v.shape[axis])
	shape := slices.Concat(v.shape[:axis], c.in[1].shape, v.shape[axis+1:])
	c.room(shape...)
	if v.x != nil {
		return one(v.like(v.in(c.p, nil).Gather(axis, at).Reshape(shape...)))
	}
	return one(c.shaped(c.chosen(v, axis, at, 0), shape))
}

// along returns for every element of an index tensor where in v it points to, along an axis.
func (c *call) along(v *value, axis int, indices *value) []int {
	if len(indices.shape) != len(v.shape) {
		c.fail("positions of shape %v do not point into %v", indices.shape, v.shape)
	}
	s := strides(v.shape)
	for a, d := range indices.shape {
		if a != axis && d > v.shape[a] {
			c.fail("positions of shape %v do not point into %v", indices.shape, v.shape)
		}
	}
	step := s[axis]
	s[axis] = 0
	at := positions(indices.shape, s, 0)
	for i, p := range c.below(indices.ints, v.shape[axis]) {
		at[i] += p * step
	}
	return at
}

func gatherElements(c *call) []*value {
	v := c.value(0)
	axis := c.axis(c.int("axis", 0), len(v.shape))
	c.ints(1)
	return one(c.pick(v, c.in[1].shape, c.along(v, axis, c.in[1])))
}

// rows returns where in v the parts lie that the last axis of positions points to, and how long they are.
func (c *call) rows(v, indices *value, batch int) (at []int, run int) {
	n := len(indices.shape)
	if n == 0 || batch < 0 || batch >= n || batch+indices.shape[n-1] > len(v.shape) {
		c.fail("positions of shape %v do not point into %v", indices.shape, v.shape)
	}
	depth := indices.shape[n-1]
	s := strides(v.shape)
	each := size(indices.shape[batch : n-1]) // rows of one batch
	for i := range size(indices.shape[:n-1]) {
		p := 0
		if batch > 0 {
			p = i / each * s[batch-1]
		}
		for k := range depth {
			p += c.below(indices.ints[i*depth+k:i*depth+k+1], v.shape[batch+k])[0] * s[batch+k]
		}
		at = append(at, p)
	}
	return at, size(v.shape[batch+depth:])
}

func gatherND(c *call) []*value {
	v, indices := c.value(0), c.value(1)
	c.ints(1)
	batch := c.int("batch_dims", 0)
	starts, run := c.rows(v, indices, batch)
	n := len(indices.shape) - 1
	shape := c.room(slices.Concat(indices.shape[:n], v.shape[batch+indices.shape[n]:])...)
	at := make([]int, 0, size(shape))
	for _, s := range starts {
		for i := range run {
			at = append(at, s+i)
		}
	}
	return one(c.pick(v, shape, at))
}

func scatterND(c *call) []*value {
	v, indices := c.value(0), c.value(1)
	c.ints(1)
	starts, run := c.rows(v, indices, 0)
	var at []int
	for _, s := range starts {
		for i := range run {
			at = append(at, s+i)
		}
	}
	return one(c.scatter(v, at, c.value(2)))
}

func scatterElements(c *call) []*value {
	v := c.value(0)
	c.ints(1)
	return one(c.scatter(v, c.along(v, c.axis(c.int("axis", 0), len(v.shape)), c.in[1]), c.value(2)))
}

// scatter writes updates at positions of v. Written floats are differentiated by both; sums are too, other reductions are not there.
func (c *call) scatter(v *value, at []int, updates *value) *value {
	if size(updates.shape) != len(at) || (updates.x == nil) != (v.x == nil) {
		c.fail("updates of shape %v and %v do not fit %d positions in %v", updates.shape, updates.typ, len(at), v.typ)
	}
	reduction := c.text("reduction", "none")
	if v.x == nil || reduction != "none" && reduction != "add" {
		return c.scatterNumbers(v, at, updates, reduction)
	}
	x, u := v.in(c.p, nil), updates.in(c.p, nil)
	n := x.Len()
	if reduction == "none" { // the last of several counts
		last := map[int]int{}
		for i, p := range at {
			last[p] = i
		}
		var kept, to []int
		mask := c.p.Full(1, n)
		for i, p := range at {
			if last[p] == i {
				kept, to = append(kept, i), append(to, p)
				mask.Data()[p] = 0
			}
		}
		x = x.Reshape(n).Gate(mask)
		u, at = u.Reshape(-1, 1).Gather(0, kept), to
	}
	return v.like(x.Reshape(n).Add(u.Reshape(len(at), 1).Scatter(0, at, n).Reshape(n)).Reshape(v.shape...))
}

// scatterNumbers is scatter without a derivative.
func (c *call) scatterNumbers(v *value, at []int, updates *value, reduction string) *value {
	combine := map[string]func(a, b float64) float64{
		"none": func(a, b float64) float64 { return b }, "add": func(a, b float64) float64 { return a + b },
		"mul": func(a, b float64) float64 { return a * b }, "max": math.Max, "min": math.Min,
	}[reduction]
	if combine == nil {
		c.fail("there is no reduction %q", reduction)
	}
	if v.x == nil {
		y := &value{ints: slices.Clone(v.ints), shape: v.shape, typ: v.typ}
		for i, p := range at {
			switch a, b := y.ints[p], updates.ints[i]; reduction {
			case "none":
				y.ints[p] = b
			case "add":
				y.ints[p] = v.typ.Wrap(a + b)
			case "mul":
				y.ints[p] = v.typ.Wrap(a * b)
			case "max":
				y.ints[p] = max(a, b)
			case "min":
				y.ints[p] = min(a, b)
			}
		}
		return y
	}
	if v.x.Tracked() || updates.x.Tracked() {
		c.fail("the reduction %q has no derivative here", reduction)
	}
	y := c.p.Values(v.in(c.p, nil).Data(), v.shape...)
	for i, u := range updates.in(c.p, nil).Data() {
		y.Data()[at[i]] = tensor.Float(combine(float64(y.Data()[at[i]]), float64(u)))
	}
	return v.like(y)
}

// nonZero returns the coordinates of what is not 0: axes×n.
func nonZero(c *call) []*value {
	v := c.cast(c.value(0), boolean)
	var found []int
	for i, b := range v.ints {
		if b != 0 {
			found = append(found, i)
		}
	}
	y := &value{shape: []int{len(v.shape), len(found)}, typ: int64Type}
	for a, s := range strides(v.shape) {
		for _, i := range found {
			y.ints = append(y.ints, int64(i/s%v.shape[a]))
		}
	}
	return one(y)
}

// compress takes the parts along an axis, or the elements, where a condition holds.
func compress(c *call) []*value {
	v := c.value(0)
	axis := 0
	if c.Attribute("axis") == nil {
		v = c.shaped(v, []int{size(v.shape)})
	} else {
		axis = c.axis(c.int("axis", 0), len(v.shape))
	}
	var at []int
	for i, b := range c.ints(1) {
		if b != 0 && i < v.shape[axis] {
			at = append(at, i)
		}
	}
	return one(c.chosen(v, axis, at, 0))
}

// trilu keeps a triangle of matrices.
func trilu(c *call) []*value {
	v := c.value(0)
	if len(v.shape) < 2 {
		c.fail("shape %v has no matrix", v.shape)
	}
	k := 0
	if c.has(1) {
		k = int(min(max(c.ints(1)[0], -maxElements), maxElements))
	}
	upper := c.int("upper", 1) != 0
	h, w := v.shape[len(v.shape)-2], v.shape[len(v.shape)-1]
	mask := &value{ints: make([]int64, h*w), shape: []int{h, w}, typ: boolean}
	for i := range mask.ints {
		d := i%w - i/w - k
		mask.ints[i] = truth(d == 0 || (d > 0) == upper)
	}
	if v.x == nil {
		return one(c.zip(v, mask, v.typ, func(a, b int64) int64 { return a * b }))
	}
	return one(v.like(v.in(c.p, nil).Gate(mask.toFloats(c.p).x)))
}

// cumSum sums along an axis so far.
func cumSum(c *call) []*value {
	v := c.value(0)
	given := c.ints(1)
	if len(given) != 1 {
		c.fail("%d axes are given, not one", len(given))
	}
	axis := c.axis(c.small(given)[0], len(v.shape))
	reverse, exclusive := c.int("reverse", 0) != 0, c.int("exclusive", 0) != 0
	if v.x != nil {
		x := v.in(c.p, nil)
		y := x.CumSum(axis, reverse)
		if exclusive {
			y = y.Sub(x)
		}
		return one(v.like(y))
	}
	y := &value{ints: slices.Clone(v.ints), shape: v.shape, typ: v.typ}
	step, n := strides(v.shape)[axis], v.shape[axis]
	for i := range y.ints {
		k := i / step % n
		if reverse {
			i, k = len(y.ints)-1-i, (len(y.ints)-1-i)/step%n
		}
		before := i - step
		if reverse {
			before, k = i+step, n-1-k
		}
		if k > 0 {
			y.ints[i] += y.ints[before]
		}
	}
	if exclusive {
		for i := range y.ints {
			y.ints[i] -= v.ints[i]
		}
	}
	return one(y)
}

// reverseSequence reverses the first steps of each sequence, as many as it has.
func reverseSequence(c *call) []*value {
	v := c.value(0)
	batch, time := c.int("batch_axis", 1), c.int("time_axis", 0)
	lengths := c.ints(1)
	if len(v.shape) < 2 || batch+time != 1 || batch < 0 || time < 0 || len(lengths) != v.shape[batch] {
		c.fail("%d lengths do not fit shape %v with axis %d for time and %d for sequences", len(lengths), v.shape, time, batch)
	}
	s := strides(v.shape)
	at := positions(v.shape, s, 0)
	for i := range at {
		b, t := i/s[batch]%v.shape[batch], i/s[time]%v.shape[time]
		if n := int(lengths[b]); t < n && n <= v.shape[time] {
			at[i] += (n - 1 - 2*t) * s[time]
		}
	}
	return one(c.pick(v, v.shape, at))
}
