package tensor

import (
	"slices"

	"github.com/hadal-go/hadal/internal/kernel"
)

// A Tail is what follows a normalization in the same pass over memory: an activation of (x̂·weight + bias + Residual). It is how a
// block of a residual network ends. Where something is recorded, only ReLU and ReLU6 share the pass; the others have one of their own.
type Tail struct {
	Residual   *Tensor // of the shape of x; nil: none
	Activation Activation
}

// BatchNorm normalizes each feature of x, N×…×C, over all but the last axis, to mean 0 and variance 1, multiplies it by weight and
// adds bias, which are C or nil (Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1). eps is added to the
// variance. It also returns the mean and the variance, over n and not n − 1, as constants.
func (t *Tensor) BatchNorm(weight, bias *Tensor, eps Float, tail Tail) (y, mean, variance *Tensor) {
	n := normalization{op: "BatchNorm", eps: eps, gate: tail.Activation.gate()}
	p := n.take(t, weight, bias, tail.Residual)
	n.g = kernel.Norm{Images: 1, Rows: len(t.data) / max(1, n.g.C), C: n.g.C, Groups: n.g.C}
	mean, variance = p.makeDims(n.features()), p.makeDims(n.features())
	n.g.Moments(mean.data, variance.data, t.data)
	return tail.Activation.behind(n.run(p, mean, variance)), mean, variance
}

// A FixedNorm is a batch normalization by a mean and a variance that are given, and constants: by running statistics. All are C;
// Weight and Bias may be nil.
type FixedNorm struct {
	Mean, Variance, Weight, Bias *Tensor
	Eps                          Float // added to the variance
}

// Normalize normalizes each feature of x, N×…×C, by statistics that are given.
func (t *Tensor) Normalize(f FixedNorm, tail Tail) *Tensor {
	n := normalization{op: "Normalize", eps: f.Eps, gate: tail.Activation.gate(), fixed: true}
	p := n.takeFixed(t, f, tail)
	n.g = kernel.Norm{Images: 1, Rows: len(t.data) / max(1, n.g.C), C: n.g.C, Groups: n.g.C}
	mean := f.Mean
	if p.recording(n.xs[:n.ins]...) { // copies, because the buffers may be written in this pass
		mean = p.makeDims(n.features())
		copy(mean.data, f.Mean.data)
	}
	return tail.Activation.behind(n.run(p, mean, f.Variance))
}

// Conv2DNormalize is Conv2DBias, Normalize and its tail. Where nothing is recorded, as in inference, they are one pass over memory.
func (t *Tensor) Conv2DNormalize(w, bias *Tensor, c Conv, f FixedNorm, tail Tail) *Tensor {
	const op = "Conv2DNormalize"
	var operands [6]*Tensor
	xs := operands[:0]
	for _, x := range [...]*Tensor{t, w, bias, f.Weight, f.Bias, tail.Residual} {
		if x != nil {
			xs = append(xs, x)
		}
	}
	p := owner(op, xs...)
	if p.recording(xs...) {
		return p.own(t).Conv2DBias(w, bias, c).Normalize(f, tail)
	}
	g := c.geometry(op, t.shape(), w.shape())
	y := p.makeDims([]int32{int32(g.N), int32(g.OH), int32(g.OW), int32(g.OC)})
	n := normalization{op: op}
	n.takeFixed(y, f, tail)
	e := kernel.Epilogue{Centre: f.Mean.data, Residual: data(tail.Residual)}
	tail.Activation.end(&e)
	if bias != nil { // the mean of the sums without it
		n.fits(bias)
		e.Centre = p.makeDims(n.features()).data
		kernel.Sub.Apply(e.Centre, f.Mean.data, bias.data)
	}
	e.Factor, e.Bias = p.makeDims(n.features()).data, data(f.Bias)
	kernel.InverseRoot(e.Factor, f.Variance.data, f.Eps)
	if f.Weight != nil {
		kernel.Mul.Apply(e.Factor, e.Factor, f.Weight.data)
	}
	if e.Bias == nil {
		e.Bias = p.makeDims(n.features()).data
		clear(e.Bias)
	}
	convolveForward(g, y, t, w, e, false)
	return y
}

// GroupNorm normalizes each example of x, N×…×C, by itself over space and over groups of neighbouring channels, multiplies each
// channel by weight and adds bias, which are C or nil (Wu and He 2018, https://arxiv.org/abs/1803.08494). With as many groups as
// channels it is instance normalization (Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022).
func (t *Tensor) GroupNorm(groups int, weight, bias *Tensor, eps Float) *Tensor {
	n := normalization{op: "GroupNorm", eps: eps}
	p := n.take(t, weight, bias, nil)
	if t.rank < 2 || groups < 1 || n.g.C%groups != 0 {
		fail(n.op, "shape %v is not N×…×C with channels in %d groups", t.Shape(), groups)
	}
	images := int(t.dims[0])
	n.g.Images, n.g.Rows, n.g.Groups = images, len(t.data)/max(1, images*n.g.C), groups
	dims := []int32{int32(images), int32(n.g.C)}
	mean, variance := p.makeDims(dims), p.makeDims(dims)
	n.g.Moments(mean.data, variance.data, t.data)
	return n.run(p, mean, variance)
}

// A normalization is over the rows of images; the attribute of its op.
type normalization struct {
	op                     string
	g                      kernel.Norm
	eps                    Float
	gate                   Activation // ActReLU, ActReLU6 or none
	fixed                  bool       // mean and variance are given
	xs                     [4]*Tensor
	ins                    int
	weight, bias, residual int // which of xs; 0: none
}

// take brings in the operands.
func (n *normalization) take(x, weight, bias, residual *Tensor) *Pass {
	if x.rank < 1 {
		fail(n.op, "a single number has no features")
	}
	n.g.C = int(x.dims[x.rank-1])
	n.xs[0], n.ins = x, 1
	for _, v := range []struct {
		t  *Tensor
		at *int
	}{{weight, &n.weight}, {bias, &n.bias}, {residual, &n.residual}} {
		if v.t != nil {
			n.xs[n.ins], *v.at = v.t, n.ins
			n.ins++
		}
	}
	for _, v := range []*Tensor{weight, bias} {
		if v != nil {
			n.fits(v)
		}
	}
	if residual != nil && !sameShape(x, residual) {
		fail(n.op, "the residual of shape %v does not fit %v", residual.Shape(), x.Shape())
	}
	return owner(n.op, n.xs[:n.ins]...)
}

// takeFixed is take with statistics that are given.
func (n *normalization) takeFixed(x *Tensor, f FixedNorm, tail Tail) *Pass {
	p := n.take(x, f.Weight, f.Bias, tail.Residual)
	for _, v := range []*Tensor{f.Mean, f.Variance} {
		v.live(n.op)
		n.fits(v)
	}
	return p
}

// fits checks a vector of numbers for each feature.
func (n *normalization) fits(v *Tensor) {
	if v.rank != 1 || int(v.dims[0]) != n.g.C {
		fail(n.op, "shape %v is not one number for each feature of %v", v.Shape(), n.xs[0].Shape())
	}
}

func (n *normalization) features() []int32 { return []int32{int32(n.g.C)} }

// run computes the result and records it.
func (n *normalization) run(p *Pass, mean, variance *Tensor) *Tensor {
	inverse := p.makeDims(variance.shape())
	kernel.InverseRoot(inverse.data, variance.data, n.eps)
	y := p.makeDims(n.xs[0].shape())
	s := n.scaling(mean, inverse)
	n.g.Forward(y.data, n.xs[0].data, n.operand(n.residual), &s)
	if o := p.fuse(n.op, &normalizing, y, n.xs[:n.ins]...); o != nil {
		a := *n
		a.xs = [4]*Tensor{} // the tape has them
		o.attr, o.saved = &a, [2]*Tensor{mean, inverse}
	}
	return y
}

// operand returns the numbers of one of xs, nil for none.
func (n *normalization) operand(i int) []Float {
	if i == 0 {
		return nil
	}
	return n.xs[i].data
}

func (n *normalization) scaling(mean, inverse *Tensor) kernel.Scaling {
	s := kernel.Scaling{
		Mean: mean.data, Inverse: inverse.data, Weight: n.operand(n.weight), Bias: n.operand(n.bias), ReLU: n.gate != NoActivation,
	}
	if n.gate == ActReLU6 {
		s.Ceiling = 6
	}
	return s
}

var normalizing = Fusion{
	Kernel: func(b *Back) {
		n, dy := *b.op.attr.(*normalization), b.G(0)
		for i := range n.ins {
			n.xs[i] = b.in(i).t
		}
		var dr *Tensor
		var passed []Float // what the ReLU lets through to the residual
		switch {
		case n.residual > 0 && n.gate != NoActivation:
			dr = b.p.makeDims(dy.shape())
			passed = dr.data
		case n.residual > 0:
			dr = dy
		}
		dx, dw, db := b.wanted(0), b.optional(n.weight), b.optional(n.bias)
		s := n.scaling(b.op.saved[0], b.op.saved[1])
		n.g.Grad(data(dx), data(dw), data(db), passed, dy.data, n.xs[0].data, b.Y(0).data, &s, n.fixed)
		b.Give(0, dx)
		b.Give(n.weight, dw)
		b.Give(n.bias, db)
		b.Give(n.residual, dr)
	},
	Compose: func(b *Back, xs []*Tensor) []*Tensor {
		n, x := b.op.attr.(*normalization), xs[0]
		if n.fixed {
			x = x.Sub(b.op.saved[0]).Mul(b.op.saved[1])
		} else {
			grouped := x.Reshape(n.g.Images, n.g.Rows, n.g.Groups, n.g.C/n.g.Groups)
			centred := grouped.Sub(grouped.MeanKeep(1, 3))
			x = centred.Mul(centred.Square().MeanKeep(1, 3).inverseRoot(n.eps)).Reshape(x.Shape()...)
		}
		if n.weight > 0 {
			x = x.Mul(xs[n.weight])
		}
		if n.bias > 0 {
			x = x.Add(xs[n.bias])
		}
		if n.residual > 0 {
			x = x.Add(xs[n.residual])
		}
		switch n.gate {
		case ActReLU:
			x = x.ReLU()
		case ActReLU6:
			x = x.ReLU6()
		}
		return []*Tensor{x}
	},
}

// inverseRoot returns 1/√(t + eps).
func (t *Tensor) inverseRoot(eps Float) *Tensor { return t.Shift(eps).Sqrt().Reciprocal() }

// wanted returns a tensor for the gradient of input i, nil if nobody wants it.
func (b *Back) wanted(i int) *Tensor {
	if !b.Need(i) {
		return nil
	}
	return b.p.makeDims(b.in(i).t.shape())
}

// optional is wanted for an input that there may not be: i is 0 then.
func (b *Back) optional(i int) *Tensor {
	if i == 0 {
		return nil
	}
	return b.wanted(i)
}

// data returns the numbers of t, none for no tensor.
func data(t *Tensor) []Float {
	if t == nil {
		return nil
	}
	return t.data
}

// LayerNorm normalizes x over its last axes, as many as weight has, to mean 0 and variance 1, multiplies it by weight and adds bias,
// of the same shape (Ba et al. 2016, https://arxiv.org/abs/1607.06450). Both may be nil; without weight it is over the last axis.
// eps is added to the variance.
func (t *Tensor) LayerNorm(weight, bias *Tensor, eps Float) *Tensor {
	return t.normalizeRows("LayerNorm", weight, bias, eps, true)
}

// RMSNorm divides x by the root of its mean square over its last axes, as many as weight has, and multiplies it by weight (Zhang and
// Sennrich 2019, https://arxiv.org/abs/1910.07467). weight may be nil; then it is over the last axis. eps is added to the mean
// square.
func (t *Tensor) RMSNorm(weight *Tensor, eps Float) *Tensor {
	return t.normalizeRows("RMSNorm", weight, nil, eps, false)
}

// A rowNormalization is over rows of n numbers; the attribute of its op.
type rowNormalization struct {
	n, axes      int
	eps          Float
	weight, bias int // which input; 0: none
}

func (t *Tensor) normalizeRows(op string, weight, bias *Tensor, eps Float, centred bool) *Tensor {
	a := rowNormalization{eps: eps, axes: 1}
	var xs [3]*Tensor
	xs[0] = t
	ins := 1
	if weight != nil {
		a.weight, a.axes, xs[ins], ins = ins, int(weight.rank), weight, ins+1
	}
	if bias != nil {
		a.bias, xs[ins], ins = ins, bias, ins+1
	}
	p := owner(op, xs[:ins]...)
	for _, v := range xs[1:ins] {
		if int(v.rank) != a.axes || v.rank > t.rank || !slices.Equal(v.shape(), t.shape()[t.rank-v.rank:]) {
			fail(op, "shape %v does not end in %v", t.Shape(), v.Shape())
		}
	}
	if a.axes > int(t.rank) {
		fail(op, "a single number has no last axis")
	}
	a.n = size(t.dims[int(t.rank)-a.axes : t.rank])
	rows := size(t.dims[:int(t.rank)-a.axes])
	var mean *Tensor
	if centred {
		mean = p.makeDims([]int32{int32(rows)})
	}
	inverse, y := p.makeDims([]int32{int32(rows)}), p.makeDims(t.shape())
	kernel.LayerNorm(y.data, t.data, data(weight), data(bias), data(mean), inverse.data, rows, a.n, eps)
	if o := p.fuse(op, &normalizingRows, y, xs[:ins]...); o != nil {
		o.attr, o.saved = &a, [2]*Tensor{mean, inverse}
	}
	return y
}

var normalizingRows = Fusion{
	Kernel: func(b *Back) {
		a, mean, inverse := b.op.attr.(*rowNormalization), b.op.saved[0], b.op.saved[1]
		dx := b.wanted(0)
		dw, db := b.optional(a.weight), b.optional(a.bias)
		var w *Tensor
		if a.weight > 0 {
			w = b.in(a.weight).t
		}
		kernel.LayerNormGrad(data(dx), data(dw), data(db), b.G(0).data, b.in(0).t.data, data(w), data(mean), inverse.data,
			len(inverse.data), a.n)
		b.Give(0, dx)
		b.Give(a.weight, dw)
		b.Give(a.bias, db)
	},
	Compose: func(b *Back, xs []*Tensor) []*Tensor {
		a, x := b.op.attr.(*rowNormalization), xs[0]
		axes := make([]int, a.axes)
		for i := range axes {
			axes[i] = i - a.axes
		}
		if b.op.saved[0] != nil {
			x = x.Sub(x.MeanKeep(axes...))
		}
		x = x.Mul(x.Square().MeanKeep(axes...).inverseRoot(a.eps))
		if a.weight > 0 {
			x = x.Mul(xs[a.weight])
		}
		if a.bias > 0 {
			x = x.Add(xs[a.bias])
		}
		return []*Tensor{x}
	},
}
