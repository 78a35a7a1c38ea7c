package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// Conv says how a convolution moves over its input. The zero value is stride 1, no padding.
type Conv struct {
	Stride, StrideW     int    // step down, and across if it differs; 0 is 1
	Pad                 int    // zeros on every side
	Sides               [4]int // zeros beyond Pad at the top, bottom, left and right
	Same                bool   // pad so that the output has ceil(input/stride) rows and columns, the odd zero at the end
	Dilation, DilationW int    // distance between taps down, and across if it differs; 0 is 1
	Groups              int    // the channels are cut in so many groups that do not see each other; 0 is 1
	OutputPad           int    // ConvTranspose only: rows and columns added at the bottom and right of the output
}

// window is the placement of a kernel along one axis of the input.
type window struct{ stride, dilation, before, after int }

// span is how many input rows one output row sees.
func (w window) span(kernel int) int { return w.dilation*(kernel-1) + 1 }

// out returns how many places the kernel has on n rows.
func (w window) out(n, kernel int) int {
	if room := n + w.before + w.after - w.span(kernel); room >= 0 {
		return room/w.stride + 1
	}
	return 0
}

// same pads as TensorFlow does: the output has ceil(n/stride) rows.
func (w *window) same(n, kernel int) {
	total := max(0, ((n+w.stride-1)/w.stride-1)*w.stride+w.span(kernel)-n)
	w.before, w.after = total/2, total-total/2
}

func or(value, fallback int) int {
	if value == 0 {
		return fallback
	}
	return value
}

// windows returns the placement down and across.
func (c Conv) windows(op string, h, w, kh, kw int) (down, across window) {
	stride, dilation := or(c.Stride, 1), or(c.Dilation, 1)
	down = window{stride, dilation, c.Pad + c.Sides[0], c.Pad + c.Sides[1]}
	across = window{or(c.StrideW, stride), or(c.DilationW, dilation), c.Pad + c.Sides[2], c.Pad + c.Sides[3]}
	for _, v := range []window{down, across} {
		if v.stride < 1 || v.dilation < 1 || v.before < 0 || v.after < 0 {
			fail(op, "stride, dilation or padding of %+v is negative", c)
		}
	}
	if c.Same {
		down.same(h, kh)
		across.same(w, kw)
	}
	return down, across
}

// geometry is that of a convolution of an N×H×W×C input by a KH×KW×(C/groups)×OC weight.
func (c Conv) geometry(op string, x, w []int32) *kernel.Conv {
	if c.OutputPad != 0 {
		fail(op, "there is no OutputPad in %+v", c)
	}
	groups := or(c.Groups, 1)
	if len(x) != 4 || len(w) != 4 || groups < 1 || int(x[3]) != int(w[2])*groups || int(w[3])%groups != 0 {
		fail(op, "cannot convolve %v by a weight of %v in %d groups", wide(x), wide(w), groups)
	}
	g := &kernel.Conv{N: int(x[0]), H: int(x[1]), W: int(x[2]), C: int(x[3]), OC: int(w[3]), KH: int(w[0]), KW: int(w[1]),
		Groups: groups}
	down, across := c.windows(op, g.H, g.W, g.KH, g.KW)
	g.OH, g.OW = down.out(g.H, g.KH), across.out(g.W, g.KW)
	g.StrideH, g.DilationH, g.PadTop = down.stride, down.dilation, down.before
	g.StrideW, g.DilationW, g.PadLeft = across.stride, across.dilation, across.before
	if g.OH < 1 || g.OW < 1 {
		fail(op, "a kernel of %d×%d does not fit on %v with %+v", g.KH, g.KW, wide(x), c)
	}
	return g
}

// Conv2D convolves x, N×H×W×C, with w, KH×KW×(C/groups)×O, to N×OH×OW×O, where
// OH = ⌊(H + padding − dilation·(KH−1) − 1)/stride⌋ + 1. As everywhere in the field it is a cross-correlation.
func (t *Tensor) Conv2D(w *Tensor, c Conv) *Tensor { return convolve("Conv2D", t, w, c) }

func convolve(op string, x, w *Tensor, c Conv) *Tensor {
	return conv2D(x, w, c.geometry(op, x.shape(), w.shape()))
}

// conv2D, conv2DInput and conv2DWeight are closed: the derivatives of each are the two others.

func conv2D(x, w *Tensor, g *kernel.Conv) *Tensor {
	p := owner("Conv2D", x, w)
	y := p.makeDims([]int32{int32(g.N), int32(g.OH), int32(g.OW), int32(g.OC)})
	convolveForward(g, y, x, w, kernel.Epilogue{}, p.recording(x, w))
	if o := p.rec("Conv2D", vjpConv2D, y, x, w); o != nil {
		o.attr = g
	}
	return y
}

// Conv2DBias is Conv2D with bias, O, which may be nil, added to every pixel in the same pass over memory.
func (t *Tensor) Conv2DBias(w, bias *Tensor, c Conv) *Tensor {
	return conv2DBias("Conv2DBias", t, w, bias, c, false)
}

// Conv2DReLU is the ReLU of Conv2DBias, in the same pass over memory.
func (t *Tensor) Conv2DReLU(w, bias *Tensor, c Conv) *Tensor {
	return conv2DBias("Conv2DReLU", t, w, bias, c, true)
}

func conv2DBias(name string, x, w, bias *Tensor, c Conv, relu bool) *Tensor {
	operands := [3]*Tensor{x, w, bias}
	xs := operands[:]
	if bias == nil {
		xs = operands[:2]
	}
	p := owner(name, xs...)
	g := c.geometry(name, x.shape(), w.shape())
	e := kernel.Epilogue{ReLU: relu}
	if bias != nil {
		if bias.rank != 1 || int(bias.dims[0]) != g.OC {
			fail(name, "a bias of shape %v does not fit a weight of %v", bias.Shape(), w.Shape())
		}
		e.Bias = bias.data
	}
	y := p.makeDims([]int32{int32(g.N), int32(g.OH), int32(g.OW), int32(g.OC)})
	convolveForward(g, y, x, w, e, p.recording(xs...))
	if o := p.fuse(name, &fusedConv, y, xs...); o != nil {
		o.attr, o.n[0] = g, flag(relu)
	}
	return y
}

var fusedConv = Fusion{
	Kernel: func(b *Back) {
		g, dy := b.op.attr.(*kernel.Conv), b.G(0)
		if b.op.n[0] == 1 { // what the ReLU lets through
			gated := b.p.makeDims(dy.shape())
			kernel.Gate.Apply(gated.data, dy.data, b.Y(0).data)
			dy = gated
		}
		if dx := b.wanted(0); dx != nil {
			g.Input(dx.data, dy.data, b.in(1).t.data)
			b.Give(0, dx)
		}
		if dw := b.wanted(1); dw != nil {
			g.Weight(dw.data, b.in(0).t.data, dy.data)
			b.Give(1, dw)
		}
		if b.op.ins == 3 && b.Need(2) {
			db := b.wanted(2)
			kernel.Sum(db.data, dy.data, 1, g.N*g.OH*g.OW, g.OC)
			b.Give(2, db)
		}
	},
	Compose: func(b *Back, xs []*Tensor) []*Tensor {
		y := conv2D(xs[0], xs[1], b.op.attr.(*kernel.Conv))
		if len(xs) == 3 {
			y = y.Add(xs[2])
		}
		if b.op.n[0] == 1 {
			y = y.ReLU()
		}
		return []*Tensor{y}
	},
}

func vjpConv2D(b *Back) {
	g := b.op.attr.(*kernel.Conv)
	if b.Need(0) {
		b.Give(0, conv2DInput(b.G(0), b.X(1), g))
	}
	if b.Need(1) {
		b.Give(1, conv2DWeight(b.X(0), b.G(0), g))
	}
}

// conv2DInput returns the gradient of the input, given that of the output.
func conv2DInput(dy, w *Tensor, g *kernel.Conv) *Tensor {
	p := owner("Conv2D", dy, w)
	dx := p.makeDims([]int32{int32(g.N), int32(g.H), int32(g.W), int32(g.C)})
	g.Input(dx.data, dy.data, w.data)
	if o := p.rec("Conv2DInput", vjpConv2DInput, dx, dy, w); o != nil {
		o.attr = g
	}
	return dx
}

func vjpConv2DInput(b *Back) {
	g := b.op.attr.(*kernel.Conv)
	if b.Need(0) {
		b.Give(0, conv2D(b.G(0), b.X(1), g))
	}
	if b.Need(1) {
		b.Give(1, conv2DWeight(b.G(0), b.X(0), g))
	}
}

// conv2DWeight returns the gradient of the weight, given that of the output.
func conv2DWeight(x, dy *Tensor, g *kernel.Conv) *Tensor {
	p := owner("Conv2D", x, dy)
	dw := p.makeDims([]int32{int32(g.KH), int32(g.KW), int32(g.C / g.Groups), int32(g.OC)})
	g.Weight(dw.data, x.data, dy.data)
	if o := p.rec("Conv2DWeight", vjpConv2DWeight, dw, x, dy); o != nil {
		o.attr = g
	}
	return dw
}

func vjpConv2DWeight(b *Back) {
	g := b.op.attr.(*kernel.Conv)
	if b.Need(0) {
		b.Give(0, conv2DInput(b.X(1), b.G(0), g))
	}
	if b.Need(1) {
		b.Give(1, conv2D(b.X(0), b.G(0), g))
	}
}

// ConvTranspose2D is the adjoint of the convolution with the same options, as an operation forward: x, N×H×W×C, with w,
// KH×KW×(O/groups)×C, becomes N×OH×OW×O with OH = (H−1)·stride − padding + dilation·(KH−1) + 1 + OutputPad.
// With Same, OH is H·stride.
func (t *Tensor) ConvTranspose2D(w *Tensor, c Conv) *Tensor {
	return spread("ConvTranspose2D", t, w, c)
}

func spread(name string, t, w *Tensor, c Conv) *Tensor {
	groups := or(c.Groups, 1)
	if t.rank != 4 || w.rank != 4 || groups < 1 || t.dims[3] != w.dims[3] || int(t.dims[3])%groups != 0 {
		fail(name, "cannot convolve %v by a weight of %v in %d groups", t.Shape(), w.Shape(), groups)
	}
	kh, kw := int(w.dims[0]), int(w.dims[1])
	h, width := int(t.dims[1]), int(t.dims[2])
	down, across := c.windows(name, h*or(c.Stride, 1), width*or(c.StrideW, or(c.Stride, 1)), kh, kw)
	if c.OutputPad < 0 || c.OutputPad >= max(down.stride, down.dilation) || c.Same && c.OutputPad > 0 {
		fail(name, "an output padding of %d is not below the stride or the dilation of %+v, or stands beside Same", c.OutputPad, c)
	}
	oh := (h-1)*down.stride - down.before - down.after + down.span(kh) + c.OutputPad
	ow := (width-1)*across.stride - across.before - across.after + across.span(kw) + c.OutputPad
	if c.Same {
		oh, ow = h*down.stride, width*across.stride
	}
	if h < 1 || width < 1 || oh < 1 || ow < 1 {
		fail(name, "nothing is left of %v by a kernel of %d×%d with %+v", t.Shape(), kh, kw, c)
	}
	g := &kernel.Conv{
		N: int(t.dims[0]), H: oh, W: ow, C: int(w.dims[2]) * groups, OH: h, OW: width, OC: int(t.dims[3]), KH: kh, KW: kw,
		StrideH: down.stride, StrideW: across.stride, PadTop: down.before, PadLeft: across.before,
		DilationH: down.dilation, DilationW: across.dilation, Groups: groups,
	}
	return conv2DInput(t, w, g)
}

// Conv1D convolves x, N×T×C, with w, K×(C/groups)×O, to N×OT×O. Stride, Pad, Dilation and the first two of Sides act along T.
func (t *Tensor) Conv1D(w *Tensor, c Conv) *Tensor {
	return along("Conv1D", t, w, c, convolve)
}

// ConvTranspose1D is the adjoint of Conv1D forward: x, N×T×C, with w, K×(O/groups)×C, becomes N×OT×O.
func (t *Tensor) ConvTranspose1D(w *Tensor, c Conv) *Tensor {
	return along("ConvTranspose1D", t, w, c, spread)
}

// along runs a convolution along the time axis, as over an image that is one column wide.
func along(op string, x, w *Tensor, c Conv, f func(op string, x, w *Tensor, c Conv) *Tensor) *Tensor {
	if x.rank != 3 || w.rank != 3 {
		fail(op, "cannot convolve %v by a weight of %v", x.Shape(), w.Shape())
	}
	p := owner(op, x, w)
	c.StrideW, c.DilationW = 1, 1
	c.Sides = [4]int{c.Pad + c.Sides[0], c.Pad + c.Sides[1], 0, c.OutputPad} // takes back the column that OutputPad adds
	c.Pad = 0
	return f(op, p.own(x).Unsqueeze(2), p.own(w).Unsqueeze(1), c).Squeeze(2)
}
