package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// Pool says how a pooling window moves over an image.
type Pool struct {
	Kernel, KernelW     int    // height of the window, and width if it differs
	Stride, StrideW     int    // step down, and across if it differs; 0 is the size of the window
	Pad                 int    // on every side, at most half the window
	Sides               [4]int // beyond Pad at the top, bottom, left and right
	Dilation, DilationW int    // MaxPool2D only; 0 is 1
	Ceil                bool   // MaxPool2D only: also count the last window, if it begins within the image or its padding
	SkipPad             bool   // AvgPool2D only: divide by the number of pixels, not of pixels and padding
}

func (c Pool) geometry(op string, x *Tensor) *kernel.Pool {
	if x.rank != 4 {
		fail(op, "shape %v is not N×H×W×C", x.Shape())
	}
	kh := c.Kernel
	kw := or(c.KernelW, kh)
	stride := or(c.Stride, kh)
	conv := Conv{Stride: stride, StrideW: or(c.StrideW, or(c.Stride, kw)), Pad: c.Pad, Sides: c.Sides, Dilation: c.Dilation,
		DilationW: c.DilationW}
	h, w := int(x.dims[1]), int(x.dims[2])
	if kh < 1 || kw < 1 {
		fail(op, "the window of %+v is empty", c)
	}
	down, across := conv.windows(op, h, w, kh, kw)
	for _, v := range []struct {
		window
		k int
	}{{down, kh}, {across, kw}} {
		if 2*max(v.before, v.after) > v.span(v.k) {
			fail(op, "the padding of %+v is more than half the window", c)
		}
	}
	g := &kernel.Pool{
		N: int(x.dims[0]), H: h, W: w, C: int(x.dims[3]), OH: c.places(down, h, kh), OW: c.places(across, w, kw), KH: kh, KW: kw,
		StrideH: down.stride, StrideW: across.stride, PadTop: down.before, PadLeft: across.before,
		DilationH: down.dilation, DilationW: across.dilation,
	}
	if g.OH < 1 || g.OW < 1 {
		fail(op, "a window of %d×%d does not fit on %v", kh, kw, x.Shape())
	}
	return g
}

// places returns how many windows there are along an axis of n.
func (c Pool) places(w window, n, kernel int) int {
	room := n + w.before + w.after - w.span(kernel) // negative: the first window juts out
	if !c.Ceil || room <= -w.stride {
		return w.out(n, kernel)
	}
	out := (room+w.stride-1)/w.stride + 1
	if (out-1)*w.stride >= n+w.before {
		out--
	}
	return out
}

// MaxPool2D returns the greatest value in each window of x, N×H×W×C, as N×OH×OW×C, sizes as in Conv2D. Padding is never the
// greatest. The gradient goes to the first of several.
func (t *Tensor) MaxPool2D(c Pool) *Tensor {
	const name = "MaxPool2D"
	p := owner(name, t)
	if c.SkipPad {
		fail(name, "there is no SkipPad in %+v", c)
	}
	g := c.geometry(name, t)
	y := p.makeDims([]int32{int32(g.N), int32(g.OH), int32(g.OW), int32(g.C)})
	index := p.temporary(len(y.data), p.recording(t))
	g.Max(y.data, index, t.data)
	if o := p.rec(name, vjpPick, y, t); o != nil {
		o.index = index
	}
	return y
}

// AdaptiveMaxPool2D divides x, N×H×W×C, into oh×ow windows of nearly equal size and returns the greatest value of each.
func (t *Tensor) AdaptiveMaxPool2D(oh, ow int) *Tensor {
	p := owner("AdaptiveMaxPool2D", t)
	n, h, w, c := t.image("AdaptiveMaxPool2D", oh, ow)
	y := p.makeDims([]int32{int32(n), int32(oh), int32(ow), int32(c)})
	index := p.temporary(len(y.data), p.recording(t))
	kernel.AdaptiveMax(y.data, index, t.data, n, h, w, c, oh, ow)
	if o := p.rec("AdaptiveMaxPool2D", vjpPick, y, t); o != nil {
		o.index = index
	}
	return y
}

// AvgPool2D returns the average of each window of x, N×H×W×C, as N×OH×OW×C. Padding counts as zeros unless SkipPad is set.
func (t *Tensor) AvgPool2D(c Pool) *Tensor {
	const name = "AvgPool2D"
	if c.Ceil || max(c.Dilation, c.DilationW) > 1 {
		fail(name, "there is no Ceil and no Dilation in %+v", c)
	}
	g := c.geometry(name, t)
	l := &linearMap{
		name: name, from: clone(t.shape()), to: []int32{int32(g.N), int32(g.OH), int32(g.OW), int32(g.C)},
		apply:   func(y, x []Float) { g.Average(y, x, !c.SkipPad) },
		adjoint: func(x, y []Float) { g.AverageGrad(x, y, !c.SkipPad) },
	}
	return l.forward(t)
}

// AdaptiveAvgPool2D divides x, N×H×W×C, into oh×ow windows of nearly equal size and returns the average of each.
func (t *Tensor) AdaptiveAvgPool2D(oh, ow int) *Tensor {
	return t.resized("AdaptiveAvgPool2D", oh, ow, kernel.AdaptiveAverage, kernel.AdaptiveAverageGrad)
}

// UpsampleNearest scales x, N×H×W×C, to oh×ow by repeating pixels.
func (t *Tensor) UpsampleNearest(oh, ow int) *Tensor {
	return t.resized("UpsampleNearest", oh, ow, kernel.Nearest, kernel.NearestGrad)
}

// UpsampleBilinear scales x, N×H×W×C, to oh×ow by linear interpolation between pixels. alignCorners puts the centres of the
// corner pixels on each other, otherwise the corners of the images lie on each other.
func (t *Tensor) UpsampleBilinear(oh, ow int, alignCorners bool) *Tensor {
	return t.resized("UpsampleBilinear", oh, ow,
		func(y, x []Float, n, h, w, c, oh, ow int) { kernel.Bilinear(y, x, n, h, w, c, oh, ow, alignCorners) },
		func(x, y []Float, n, h, w, c, oh, ow int) {
			kernel.BilinearGrad(x, y, n, h, w, c, oh, ow, alignCorners)
		})
}

func (t *Tensor) resized(op string, oh, ow int, loop, adjoint func(y, x []Float, n, h, w, c, oh, ow int)) *Tensor {
	n, h, w, c := t.image(op, oh, ow)
	l := &linearMap{
		name: op, from: clone(t.shape()), to: []int32{int32(n), int32(oh), int32(ow), int32(c)},
		apply:   func(y, x []Float) { loop(y, x, n, h, w, c, oh, ow) },
		adjoint: func(x, y []Float) { adjoint(x, y, n, h, w, c, oh, ow) },
	}
	return l.forward(t)
}

// image returns the axes of an N×H×W×C tensor that is to become oh×ow.
func (t *Tensor) image(op string, oh, ow int) (n, h, w, c int) {
	if t.rank != 4 || t.dims[1] < 1 || t.dims[2] < 1 || oh < 1 || ow < 1 {
		fail(op, "cannot bring %v to %d×%d", t.Shape(), oh, ow)
	}
	return int(t.dims[0]), int(t.dims[1]), int(t.dims[2]), int(t.dims[3])
}
