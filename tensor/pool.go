package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// Pool says how a pooling window moves over an image.
type Pool struct {
	Kernel, KernelW     int    // height of the window, and width if it differs
	Stride, StrideW     int    // step down, and across if it differs; 0 is the size of the window
	Pad                 int    // on every side, at most half the window
	Sides               [4]int // beyond Pad at the top, bottom, left and right
	Dilation, DilationW int    // MaxPool2D only; 0 is 1
	Ceil                bool   // also count the last window, if it begins within the image or its padding
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
		DilationH: down.dilation, DilationW: across.dilation, PadBottom: down.after, PadRight: across.after,
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
func (t *Tensor) MaxPool2D(c Pool) *Tensor { return t.maxPool2D("MaxPool2D", c) }

// MaxPool1D is MaxPool2D along time: x, N×T×F, becomes N×OT×F. The fields that end in W, and the last two of Sides, have no meaning.
func (t *Tensor) MaxPool1D(c Pool) *Tensor { return t.alongTime("MaxPool1D", c, (*Tensor).maxPool2D) }

// alongTime pools N×T×F as an image that is one column wide.
func (t *Tensor) alongTime(name string, c Pool, pool func(t *Tensor, name string, c Pool) *Tensor) *Tensor {
	if t.rank != 3 {
		fail(name, "shape %v is not N×T×F", t.Shape())
	}
	c.KernelW, c.StrideW, c.DilationW = 1, 1, 1
	c.Sides = [4]int{c.Pad + c.Sides[0], c.Pad + c.Sides[1]}
	c.Pad = 0
	return pool(t.Unsqueeze(2), name, c).Squeeze(2)
}

func (t *Tensor) maxPool2D(name string, c Pool) *Tensor {
	if c.SkipPad {
		fail(name, "there is no SkipPad in %+v", c)
	}
	g := c.geometry(name, t)
	return t.maxPool(name, g, g.N, g.OH, g.OW, g.C)
}

// A maxPool finds the greatest of its windows, and gives gradients to where they were.
type maxPool interface {
	Max(y []Float, index []int32, x []Float)
	MaxGrad(dx, dy []Float, index []int32)
}

func (t *Tensor) maxPool(name string, g maxPool, dims ...int) *Tensor {
	p := owner(name, t)
	to := narrow(name, dims)
	y := p.makeDims(to[:len(dims)])
	if !p.recording(t) {
		g.Max(y.data, nil, t.data)
		return y
	}
	index := p.m.positions(len(y.data))
	g.Max(y.data, index, t.data)
	o := p.rec(name, vjpMaxPool, y, t)
	o.index, o.attr = index, g
	return y
}

func vjpMaxPool(b *Back) {
	dy, dx := b.G(0), b.p.makeDims(b.in(0).t.shape())
	b.op.attr.(maxPool).MaxGrad(dx.data, dy.data, b.op.index)
	if o := b.p.rec("Put", vjpPut, dx, dy); o != nil {
		o.index = b.op.index
	}
	b.Give(0, dx)
}

// AdaptiveMaxPool2D divides x, N×H×W×C, into oh×ow windows of nearly equal size and returns the greatest value of each.
func (t *Tensor) AdaptiveMaxPool2D(oh, ow int) *Tensor {
	n, h, w, c := t.image("AdaptiveMaxPool2D", oh, ow)
	return t.maxPool("AdaptiveMaxPool2D", &kernel.Adaptive{N: n, H: h, W: w, C: c, OH: oh, OW: ow}, n, oh, ow, c)
}

// AvgPool2D returns the average of each window of x, N×H×W×C, as N×OH×OW×C. Padding counts as zeros unless SkipPad is set;
// what a last window covers beyond it never counts.
func (t *Tensor) AvgPool2D(c Pool) *Tensor { return t.avgPool2D("AvgPool2D", c) }

// AvgPool1D is AvgPool2D along time: x, N×T×F, becomes N×OT×F. The fields that end in W, and the last two of Sides, have no meaning.
func (t *Tensor) AvgPool1D(c Pool) *Tensor { return t.alongTime("AvgPool1D", c, (*Tensor).avgPool2D) }

func (t *Tensor) avgPool2D(name string, c Pool) *Tensor {
	if max(c.Dilation, c.DilationW) > 1 {
		fail(name, "there is no Dilation in %+v", c)
	}
	g := c.geometry(name, t)
	l := &linearMap{
		name: name, from: clone(t.shape()), to: []int32{int32(g.N), int32(g.OH), int32(g.OW), int32(g.C)},
		apply:   func(y, x []Float) { g.Average(y, x, !c.SkipPad) },
		adjoint: func(x, y []Float) { g.AverageGrad(x, y, !c.SkipPad) },
		attr:    averaging{g, !c.SkipPad},
	}
	return l.forward(t)
}

// AdaptiveAvgPool2D divides x, N×H×W×C, into oh×ow windows of nearly equal size and returns the average of each.
func (t *Tensor) AdaptiveAvgPool2D(oh, ow int) *Tensor {
	n, h, w, c := t.image("AdaptiveAvgPool2D", oh, ow)
	g := &kernel.Adaptive{N: n, H: h, W: w, C: c, OH: oh, OW: ow}
	l := &linearMap{
		name: "AdaptiveAvgPool2D", from: clone(t.shape()), to: []int32{int32(n), int32(oh), int32(ow), int32(c)},
		apply: g.Average, adjoint: g.AverageGrad,
	}
	return l.forward(t)
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
