package onnx

import (
	"math"
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// A resizing says what Resize does along one axis.
type resizing struct {
	axis, in, out int
	scale         float64
	start, end    float64 // of the region, for tf_crop_and_resize
}

// resize scales any axes by nearest neighbours, linear or cubic interpolation. Upsample is its older form.
func resize(c *call) []*value {
	v := c.floats(0)
	mode := c.text("mode", "nearest")
	if c.Op == "Upsample" || c.opset < 11 {
		if mode == "bilinear" {
			mode = "linear"
		}
	}
	todo, place := c.resizings(v)
	shape := slices.Clone(v.shape)
	for _, r := range todo {
		shape[r.axis] = r.out
	}
	c.room(shape...)
	if slices.Contains(v.shape, 0) {
		c.fail("nothing of shape %v can be resized", v.shape)
	}
	order := v.orders()
	if len(v.shape) == 4 && !slices.Equal(order, imageOrder(4)) && c.isImage(todo) {
		order = imageOrder(4)
	}
	x := v.in(c.p, order)
	if y := c.fast(x, todo, order, mode, place); y != nil {
		return one(v.ordered(y, order))
	}
	outside := c.float("extrapolation_value", 0)
	for _, r := range todo {
		axis := slices.Index(order, r.axis)
		taps := c.taps(r, mode, place)
		wide := slices.Repeat([]int{1}, x.Rank())
		wide[axis] = r.out
		var y *tensor.Tensor
		for _, t := range taps {
			z := x.Gather(axis, t.from)
			if mode != "nearest" {
				z = z.Mul(c.p.Values(t.weight, wide...))
			}
			if y == nil {
				y = z
			} else {
				y = y.Add(z)
			}
		}
		x = y
	}
	if place == "tf_crop_and_resize" { // what lies outside the image
		inside := c.p.Full(1, slices.Repeat([]int{1}, x.Rank())...)
		for _, r := range todo {
			axis := slices.Index(order, r.axis)
			wide, mask := slices.Repeat([]int{1}, x.Rank()), make([]tensor.Float, r.out)
			wide[axis] = r.out
			for i := range mask {
				if at := r.source(i, place); at >= 0 && at <= float64(r.in-1) {
					mask[i] = 1
				}
			}
			inside = inside.Mul(c.p.Values(mask, wide...))
		}
		x = x.Mul(inside).Add(inside.Affine(tensor.Float(-outside), tensor.Float(outside)))
	}
	return one(v.ordered(x, order))
}

// isImage tells whether only the space of N×C×H×W is resized.
func (c *call) isImage(todo []resizing) bool {
	return !slices.ContainsFunc(todo, func(r resizing) bool { return r.axis < 2 })
}

// resizings reads what is asked for, and how places of the output are placed on the input.
func (c *call) resizings(v *value) (todo []resizing, place string) {
	place = c.text("coordinate_transformation_mode", "half_pixel")
	scalesAt, sizesAt := 2, 3
	if c.Op == "Upsample" || c.opset < 11 {
		scalesAt, sizesAt, place = 1, -1, "asymmetric"
	}
	axes := c.axes(c.intsOf("axes"), len(v.shape))
	if c.intsOf("axes") == nil {
		axes = identity(len(v.shape))
	}
	var scales []float64
	if a := c.Attribute("scales"); a != nil && c.Op == "Upsample" {
		fs, _ := a.Value.([]float32)
		for _, f := range fs {
			scales = append(scales, float64(f))
		}
	} else if c.has(scalesAt) {
		for _, f := range c.plain(scalesAt).Data() {
			scales = append(scales, float64(f))
		}
	}
	var sizes []int
	if sizesAt > 0 && c.has(sizesAt) {
		sizes = c.small(c.ints(sizesAt))
	}
	if max(len(scales), len(sizes)) != len(axes) {
		c.fail("%d scales and %d sizes are given for %d axes", len(scales), len(sizes), len(axes))
	}
	var region []tensor.Float
	if place == "tf_crop_and_resize" {
		if region = c.plain(1).Data(); len(region) != 2*len(axes) {
			c.fail("the region has %d numbers for %d axes", len(region), len(axes))
		}
	}
	if len(sizes) > 0 {
		scales = c.toScales(v, axes, sizes)
	}
	for i, a := range axes {
		r := resizing{axis: a, in: v.shape[a], scale: scales[i]}
		if !(r.scale > 0) || r.scale*float64(r.in) > maxElements {
			c.fail("axis %d cannot be scaled by %v", a, r.scale)
		}
		r.out = int(math.Floor(r.scale*float64(r.in) + 1e-9))
		if len(sizes) > 0 {
			r.out = sizes[i]
			if policy := c.text("keep_aspect_ratio_policy", "stretch"); policy != "stretch" {
				r.out = int(math.Floor(r.scale*float64(r.in) + .5))
			}
		}
		if region != nil {
			r.start, r.end = float64(region[i]), float64(region[len(axes)+i])
		}
		if r.out != r.in || r.scale != 1 || place == "tf_crop_and_resize" {
			todo = append(todo, r)
		}
	}
	slices.SortFunc(todo, func(a, b resizing) int { return a.axis - b.axis })
	return todo, place
}

// toScales returns the scales that lead to sizes, the same for all where the aspect ratio is to be kept.
func (c *call) toScales(v *value, axes, sizes []int) []float64 {
	scales := make([]float64, len(axes))
	for i, a := range axes {
		if v.shape[a] == 0 || sizes[i] < 1 {
			c.fail("an axis of %d cannot become one of %d", v.shape[a], sizes[i])
		}
		scales[i] = float64(sizes[i]) / float64(v.shape[a])
	}
	if len(scales) == 0 {
		return nil
	}
	switch c.text("keep_aspect_ratio_policy", "stretch") {
	case "not_larger":
		return slices.Repeat([]float64{slices.Min(scales)}, len(scales))
	case "not_smaller":
		return slices.Repeat([]float64{slices.Max(scales)}, len(scales))
	}
	return scales
}

// source returns where on the input the place i of the output lies.
func (r resizing) source(i int, place string) float64 {
	x, in, out := float64(i), float64(r.in), float64(r.out)
	switch place {
	case "asymmetric":
		return x / r.scale
	case "align_corners":
		if r.out == 1 {
			return 0
		}
		return x * (in - 1) / (out - 1)
	case "pytorch_half_pixel":
		if r.out == 1 {
			return 0
		}
	case "tf_half_pixel_for_nn":
		return (x + .5) / r.scale
	case "tf_crop_and_resize":
		if r.out == 1 {
			return .5 * (r.start + r.end) * (in - 1)
		}
		return r.start*(in-1) + x*(r.end-r.start)*(in-1)/(out-1)
	case "half_pixel_symmetric":
		return in/2*(1-out/(r.scale*in)) + (x+.5)/r.scale - .5
	}
	return (x+.5)/r.scale - .5
}

// A tap is one of the places of the input that a place of the output is made of, for all places.
type tap struct {
	from   []int
	weight []tensor.Float
}

// taps returns what the places of the output are made of.
func (c *call) taps(r resizing, mode, place string) []tap {
	shape, reach := func(d float64) float64 { return max(0, 1-math.Abs(d)) }, 1
	switch mode {
	case "nearest":
		return []tap{c.nearest(r, place)}
	case "linear":
	case "cubic":
		a := c.float("cubic_coeff_a", -.75)
		reach = 2
		shape = func(d float64) float64 {
			switch d = math.Abs(d); {
			case d <= 1:
				return (a+2)*d*d*d - (a+3)*d*d + 1
			case d < 2:
				return a*d*d*d - 5*a*d*d + 8*a*d - 4*a
			}
			return 0
		}
	default:
		c.fail("there is no mode %q", mode)
	}
	squeeze := 1.
	if c.int("antialias", 0) != 0 {
		squeeze = min(1, r.scale)
	}
	first := int(math.Floor(-float64(reach)/squeeze)) + 1
	n := 2 - 2*first
	if n > 4096 {
		c.fail("an axis is scaled by %v, which takes the average of too many places", r.scale)
	}
	outside := c.int("exclude_outside", 0) != 0
	taps := make([]tap, n)
	for k := range taps {
		taps[k] = tap{make([]int, r.out), make([]tensor.Float, r.out)}
	}
	weights := make([]float64, n)
	for i := range r.out {
		x := r.source(i, place)
		floor, total := math.Floor(x), 0.
		for k := range weights {
			at := int(floor) + first + k
			weights[k] = shape((float64(first+k) - (x - floor)) * squeeze)
			if outside && (at < 0 || at >= r.in) {
				weights[k] = 0
			}
			total += weights[k]
			taps[k].from[i] = min(max(at, 0), r.in-1)
		}
		for k := range weights {
			taps[k].weight[i] = tensor.Float(weights[k] / total)
		}
	}
	return taps
}

// nearest rounds to one place.
func (c *call) nearest(r resizing, place string) tap {
	mode := c.text("nearest_mode", "round_prefer_floor")
	if c.Op == "Upsample" || c.opset < 11 {
		mode = "floor"
	}
	t := tap{from: make([]int, r.out)}
	for i := range t.from {
		x := r.source(i, place)
		switch mode {
		case "round_prefer_floor":
			x = math.Ceil(x - .5)
		case "round_prefer_ceil":
			x = math.Floor(x + .5)
		case "floor":
			x = math.Floor(x)
		case "ceil":
			x = math.Ceil(x)
		default:
			c.fail("there is no nearest_mode %q", mode)
		}
		t.from[i] = min(max(int(x), 0), r.in-1)
	}
	return t
}

// fast uses the resizing of images of package tensor where it does the same; nil otherwise.
func (c *call) fast(x *tensor.Tensor, todo []resizing, order []int, mode, place string) *tensor.Tensor {
	if !slices.Equal(order, imageOrder(4)) || len(todo) != 2 || !c.isImage(todo) || c.int("antialias", 0) != 0 {
		return nil
	}
	for _, r := range todo {
		if r.scale != float64(r.out)/float64(r.in) {
			return nil
		}
	}
	oh, ow := todo[0].out, todo[1].out
	switch {
	case mode == "nearest":
		for _, r := range todo { // whole multiples, repeated
			for i, from := range c.nearest(r, place).from {
				if r.out%r.in != 0 || from != i/(r.out/r.in) {
					return nil
				}
			}
		}
		return x.UpsampleNearest(oh, ow)
	case mode == "linear" && place == "align_corners":
		return x.UpsampleBilinear(oh, ow, true)
	case mode == "linear" && (place == "half_pixel" || place == "pytorch_half_pixel" && oh > 1 && ow > 1) && c.int("exclude_outside", 0) == 0:
		return x.UpsampleBilinear(oh, ow, false)
	}
	return nil
}
