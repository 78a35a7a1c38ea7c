package onnx

import (
	"math"
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// images are the operators of images N×C×H×W, and most of them of sequences N×C×T. They compute channels-last.
var images = map[string]operator{
	"Conv": conv, "ConvTranspose": convTranspose, "MaxPool": maxPool, "AveragePool": averagePool, "LpPool": lpPool,
	"GlobalAveragePool": global(func(x *tensor.Tensor) *tensor.Tensor { return x.Mean(1) }),
	"GlobalMaxPool":     global(func(x *tensor.Tensor) *tensor.Tensor { return x.Max(1) }),
	"DepthToSpace":      depthToSpace, "SpaceToDepth": spaceToDepth,
	"Resize": resize, "Upsample": resize,
}

// A window is the placement of a kernel along one axis.
type window struct{ kernel, stride, dilation, before, after, out int }

// span is how many places one output sees.
func (w window) span() int { return w.dilation*(w.kernel-1) + 1 }

// image returns input 0, channels-last, as an image: a sequence becomes one column.
func (c *call) image() (v *value, x *tensor.Tensor) {
	v = c.floats(0)
	switch len(v.shape) {
	case 3:
		return v, v.in(c.p, imageOrder(3)).Unsqueeze(2)
	case 4:
		return v, v.in(c.p, imageOrder(4))
	}
	c.fail("shape %v is neither N×C×T nor N×C×H×W; others are not supported", v.shape)
	return nil, nil
}

// back returns a result as a value of the rank that v has.
func (v *value) back(x *tensor.Tensor) *value {
	if len(v.shape) == 3 {
		x = x.Squeeze(2)
	}
	return v.ordered(x, imageOrder(x.Rank()))
}

// windows reads strides, dilations and padding for the axes of space, and adds one that does nothing for a sequence.
func (c *call) windows(space, kernel []int) []window {
	if len(kernel) != len(space) {
		c.fail("a kernel of %v does not fit the space of %v", kernel, space)
	}
	get := func(name string, fallback, n int) []int {
		vs := c.small(c.intsOf(name))
		if vs == nil {
			vs = slices.Repeat([]int{fallback}, n)
		}
		if len(vs) != n {
			c.fail("attribute %q is %v, not one for each of %d", name, vs, n)
		}
		for _, v := range vs {
			if v < fallback || v > 1<<24 {
				c.fail("attribute %q is %v", name, vs)
			}
		}
		return vs
	}
	n := len(space)
	strides, dilations := get("strides", 1, n), get("dilations", 1, n)
	pads, auto := get("pads", 0, 2*n), c.text("auto_pad", "NOTSET")
	ws := make([]window, n, 2)
	for i := range ws {
		if kernel[i] < 1 || kernel[i] > 1<<24 {
			c.fail("the kernel is %v", kernel)
		}
		w := window{kernel[i], strides[i], dilations[i], pads[i], pads[n+i], 0}
		w.pad(auto, space[i])
		switch auto {
		case "NOTSET", "", "VALID", "SAME_UPPER", "SAME_LOWER":
		default:
			c.fail("there is no auto_pad %q", auto)
		}
		w.out = max(0, space[i]+w.before+w.after-w.span()+w.stride) / w.stride
		ws[i] = w
	}
	if n == 1 {
		ws = append(ws, window{1, 1, 1, 0, 0, 1})
	}
	return ws
}

// pad sets the padding that a word asks for.
func (w *window) pad(auto string, n int) {
	total := 0
	switch auto {
	case "SAME_UPPER", "SAME_LOWER":
		total = max(0, ((n+w.stride-1)/w.stride-1)*w.stride+w.span()-n)
	case "NOTSET", "":
		return
	}
	w.before, w.after = total/2, total-total/2
	if auto == "SAME_LOWER" {
		w.before, w.after = w.after, w.before
	}
}

// kernel returns input i, O×I×KH×KW, as KH×KW×I×O; that of a sequence is one column wide.
func (c *call) kernel(i int, rank int) *tensor.Tensor {
	w := c.floats(i)
	if len(w.shape) != rank {
		c.fail("a kernel of %v does not fit a shape of %d axes", w.shape, rank)
	}
	x := w.in(c.p, kernelOrder(rank))
	if rank == 3 {
		x = x.Unsqueeze(1)
	}
	return x
}

// options are those of package tensor.
func options(ws []window, groups int) tensor.Conv {
	h, w := ws[0], ws[1]
	return tensor.Conv{
		Stride: h.stride, StrideW: w.stride, Dilation: h.dilation, DilationW: w.dilation, Groups: groups,
		Sides: [4]int{h.before, h.after, w.before, w.after},
	}
}

func conv(c *call) []*value {
	v, x := c.image()
	w := c.kernel(1, len(v.shape))
	ws := c.windows(v.shape[2:], c.in[1].shape[2:])
	c.room(x.Dim(0), ws[0].out, ws[1].out, w.Dim(3))
	for _, s := range ws {
		c.room(s.before, s.after+1)
	}
	var bias *tensor.Tensor
	if c.has(2) {
		bias = c.plain(2)
	}
	o, act := options(ws, c.positive("group", 1)), c.ending()
	if f, ok := c.normalization(); ok {
		return one(v.back(x.Conv2DNormalize(w, bias, o, f, tensor.Tail{Activation: act})))
	}
	if act == tensor.ActReLU {
		return one(v.back(x.Conv2DReLU(w, bias, o)))
	}
	return one(v.back(x.Conv2DBias(w, bias, o)))
}

// positive reads an attribute that must be at least 1.
func (c *call) positive(name string, fallback int) int {
	v := c.int(name, fallback)
	if v < 1 || v > 1<<24 {
		c.fail("attribute %q is %d", name, v)
	}
	return v
}

func convTranspose(c *call) []*value {
	v, x := c.image()
	w := c.kernel(1, len(v.shape))
	space := v.shape[2:]
	ws := c.windows(space, c.in[1].shape[2:])
	extra, wanted := c.small(c.intsOf("output_padding")), c.small(c.intsOf("output_shape"))
	if len(wanted) > len(space) { // some files have the whole shape
		wanted = wanted[len(wanted)-len(space):]
	}
	auto := c.text("auto_pad", "NOTSET")
	for i := range space {
		s := &ws[i]
		added := 0
		if len(extra) > i {
			added = extra[i]
		}
		if added < 0 || added > 1<<24 {
			c.fail("output_padding is %v", extra)
		}
		full := s.stride*(space[i]-1) + s.span()
		total := -1
		switch {
		case len(wanted) > i:
			total = full + added - wanted[i]
		case auto == "SAME_UPPER" || auto == "SAME_LOWER":
			total = full + added - space[i]*s.stride
		}
		if total != -1 || len(wanted) > i {
			s.before, s.after = total-total/2, total/2
			if auto == "SAME_UPPER" {
				s.before, s.after = s.after, s.before
			}
			if total < 0 { // more is wanted than there is
				s.before, s.after = 0, total
			}
		}
		s.after -= added
		s.out = full - s.before - s.after
	}
	c.room(x.Dim(0), ws[0].out, ws[1].out, c.in[1].shape[1])
	late := slices.Clone(ws) // what is not cut off but added comes afterwards
	for i := range ws {
		ws[i].before, ws[i].after = max(0, ws[i].before), max(0, ws[i].after)
	}
	c.room(x.Dim(0), ws[0].out+ws[0].before+ws[0].after, ws[1].out+ws[1].before+ws[1].after, c.in[1].shape[1])
	y := x.ConvTranspose2D(w, options(ws, c.positive("group", 1)))
	for i, s := range late {
		if s.before < 0 || s.after < 0 {
			y = y.Pad(1+i, max(0, -s.before), max(0, -s.after))
		}
	}
	if c.has(2) {
		y = y.Add(c.plain(2))
	}
	return one(v.back(y))
}

// poolWindows reads the windows of a pooling.
func (c *call) poolWindows(space []int) []window {
	ws := c.windows(space, c.small(c.intsOf("kernel_shape")))
	if c.int("ceil_mode", 0) != 0 {
		for i, n := range space {
			w := &ws[i]
			if room := n + w.before + w.after - w.span(); room > 0 {
				w.out = (room+w.stride-1)/w.stride + 1
				if (w.out-1)*w.stride >= n+w.before {
					w.out--
				}
			}
		}
	}
	return ws
}

// far is how much padding behind the last window needs.
func (w window) far(n int) int { return max(0, (w.out-1)*w.stride+w.span()-n-w.before) }

// maxPool pads with what is never the greatest, so that any padding will do.
func maxPool(c *call) []*value {
	if given := c.value(0); given.x == nil { // small integers, which floats hold
		c.in[0] = given.toFloats(c.p)
		ys := maxPool(c)
		ys[0] = c.cast(ys[0], given.typ)
		return ys
	}
	v, x := c.image()
	ws := c.poolWindows(v.shape[2:])
	c.room(x.Dim(0), ws[0].out, ws[1].out, x.Dim(3))
	plain := true
	for i, w := range ws {
		plain = plain && 2*max(w.before, w.after) <= w.span() && w.out == (x.Dim(1+i)+w.before+w.after-w.span())/w.stride+1
	}
	o := tensor.Pool{
		Kernel: ws[0].kernel, KernelW: ws[1].kernel, Stride: ws[0].stride, StrideW: ws[1].stride,
		Dilation: ws[0].dilation, DilationW: ws[1].dilation,
	}
	var y *tensor.Tensor
	if plain {
		o.Sides = [4]int{ws[0].before, ws[0].after, ws[1].before, ws[1].after}
		y = x.MaxPool2D(o)
	} else {
		padded := x
		for i, w := range ws {
			c.room(x.Dim(0), x.Dim(3), w.before+w.after+w.far(x.Dim(1+i)))
			padded = c.surround(padded, 1+i, w.before, w.far(x.Dim(1+i)), math.Inf(-1))
		}
		y = padded.MaxPool2D(o)
		y = y.Slice(1, 0, ws[0].out).Slice(2, 0, ws[1].out)
	}
	ys := one(v.back(y))
	if len(c.Outputs) > 1 {
		ys = append(ys, c.maxima(v, ws))
	}
	return ys
}

// maxima returns where in the whole tensor the greatest values are.
func (c *call) maxima(v *value, ws []window) *value {
	data, space := v.in(c.p, nil).Data(), append(slices.Clone(v.shape[2:]), 1)[:2]
	y := &value{typ: int64Type, shape: append(slices.Clone(v.shape[:2]), ws[0].out, ws[1].out)[:len(v.shape)]}
	columns := c.int("storage_order", 0) != 0 && len(v.shape) == 4
	for image := range v.shape[0] * v.shape[1] {
		start := image * space[0] * space[1]
		for i := range ws[0].out {
			for j := range ws[1].out {
				best := -1
				for k := range ws[0].kernel {
					for l := range ws[1].kernel {
						a, b := i*ws[0].stride-ws[0].before+k*ws[0].dilation, j*ws[1].stride-ws[1].before+l*ws[1].dilation
						if a < 0 || b < 0 || a >= space[0] || b >= space[1] {
							continue
						}
						if at := start + a*space[1] + b; best < 0 || data[at] > data[best] {
							best = at
						}
					}
				}
				if columns && best >= 0 {
					a, b := (best-start)/space[1], (best-start)%space[1]
					best = start + b*space[0] + a
				}
				y.ints = append(y.ints, int64(best))
			}
		}
	}
	return y
}

// surround puts so many of a number before and behind an axis.
func (c *call) surround(x *tensor.Tensor, axis, before, after int, number float64) *tensor.Tensor {
	if before == 0 && after == 0 {
		return x
	}
	if number == 0 {
		return x.Pad(axis, before, after)
	}
	block := func(n int) *tensor.Tensor {
		shape := x.Shape()
		shape[axis] = n
		return c.p.Full(tensor.Float(number), c.room(shape...)...)
	}
	return tensor.Concat(axis, block(before), x, block(after))
}

// averagePool uses the pooling of package tensor where that has the window, and otherwise divides the sums of a window by how much
// counts in it.
func averagePool(c *call) []*value {
	v, x := c.image()
	return one(v.back(c.average(x, c.poolWindows(v.shape[2:]), c.int("count_include_pad", 0) != 0)))
}

func (c *call) average(x *tensor.Tensor, ws []window, padding bool) *tensor.Tensor {
	c.room(x.Dim(0), ws[0].out, ws[1].out, x.Dim(3))
	plain := true
	for i, w := range ws {
		plain = plain && w.dilation == 1 && 2*max(w.before, w.after) <= w.span() && w.far(x.Dim(1+i)) <= w.after
	}
	if plain {
		return x.AvgPool2D(tensor.Pool{
			Kernel: ws[0].kernel, KernelW: ws[1].kernel, Stride: ws[0].stride, StrideW: ws[1].stride,
			Sides: [4]int{ws[0].before, ws[0].after, ws[1].before, ws[1].after}, SkipPad: !padding,
		})
	}
	h, w, channels := x.Dim(1), x.Dim(2), x.Dim(3)
	sums, counts := slices.Clone(ws), slices.Clone(ws)
	for i := range ws {
		far := ws[i].far(x.Dim(1 + i))
		sums[i].after, counts[i].after = far, far
	}
	if padding {
		h, w = h+ws[0].before+ws[0].after, w+ws[1].before+ws[1].after
		for i := range counts {
			counts[i].before, counts[i].after = 0, max(0, counts[i].after-ws[i].after)
		}
	}
	c.room(h, w)
	kh, kw := ws[0].kernel, ws[1].kernel
	sum := x.Conv2D(c.p.Full(1, c.room(kh, kw, 1, channels)...), options(sums, channels))
	count := c.p.Full(1, 1, h, w, 1).Conv2D(c.p.Full(1, kh, kw, 1, 1), options(counts, 1))
	oh, ow := ws[0].out, ws[1].out
	return sum.Slice(1, 0, oh).Slice(2, 0, ow).Div(count.Slice(1, 0, oh).Slice(2, 0, ow))
}

// lpPool is the p-norm of each window.
func lpPool(c *call) []*value {
	v, x := c.image()
	p := tensor.Float(c.positive("p", 2))
	ws := c.poolWindows(v.shape[2:])
	for i := range ws { // sums, whatever they cover
		ws[i].after = max(ws[i].after, ws[i].far(x.Dim(1+i)))
	}
	mean := c.average(x.Abs().Power(p), ws, true)
	return one(v.back(mean.Scale(tensor.Float(ws[0].kernel * ws[1].kernel)).Power(1 / p)))
}

// global reduces all of space, given as N×places×C.
func global(f func(x *tensor.Tensor) *tensor.Tensor) operator {
	return func(c *call) []*value {
		v := c.floats(0)
		rank := len(v.shape)
		if rank < 3 {
			c.fail("shape %v has no space", v.shape)
		}
		x := v.in(c.p, imageOrder(rank))
		shape := slices.Repeat([]int{1}, rank)
		shape[0], shape[rank-1] = v.shape[0], v.shape[1]
		y := f(x.Reshape(v.shape[0], size(v.shape[2:]), v.shape[1])).Reshape(shape...)
		return one(v.ordered(y, imageOrder(rank)))
	}
}

// depthToSpace moves blocks of channels to space.
func depthToSpace(c *call) []*value {
	v, x, b := c.blocks()
	n, h, w, channels := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	if channels%(b*b) != 0 {
		c.fail("%d channels are not blocks of %d·%d", channels, b, b)
	}
	less := channels / (b * b)
	if c.text("mode", "DCR") == "CRD" {
		x = x.Reshape(n, h, w, less, b, b).Permute(0, 1, 4, 2, 5, 3)
	} else {
		x = x.Reshape(n, h, w, b, b, less).Permute(0, 1, 3, 2, 4, 5)
	}
	return one(v.back(x.Reshape(n, h*b, w*b, less)))
}

// spaceToDepth moves blocks of space to channels.
func spaceToDepth(c *call) []*value {
	v, x, b := c.blocks()
	n, h, w, channels := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	if h%b != 0 || w%b != 0 {
		c.fail("an image of %d×%d is not made of blocks of %d×%d", h, w, b, b)
	}
	x = x.Reshape(n, h/b, b, w/b, b, channels)
	if c.text("mode", "DCR") == "CRD" {
		x = x.Permute(0, 1, 3, 5, 2, 4)
	} else {
		x = x.Permute(0, 1, 3, 2, 4, 5)
	}
	return one(v.back(x.Reshape(n, h/b, w/b, b*b*channels)))
}

func (c *call) blocks() (*value, *tensor.Tensor, int) {
	v, x := c.image()
	if len(v.shape) != 4 {
		c.fail("shape %v is not N×C×H×W", v.shape)
	}
	return v, x, c.positive("blocksize", 0)
}
