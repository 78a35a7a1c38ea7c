package tensor

import (
	"slices"

	"github.com/hadal-go/hadal/internal/kernel"
)

func (t *Tensor) reshape(dims []int32) *Tensor {
	if slices.Equal(t.shape(), dims) {
		return t
	}
	p := owner("Reshape", t)
	y := p.alias(t, dims)
	p.rec("Reshape", vjpReshape, y, t)
	return y
}

func vjpReshape(b *Back) { b.Give(0, b.G(0).reshape(b.X(0).shape())) }

// Reshape returns the same numbers, in the same memory, under another shape. One axis may be −1: what is left.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	known, free := 1, -1
	for i, d := range shape {
		if d >= 0 {
			known *= d
		} else if free >= 0 || d != -1 {
			fail("Reshape", "cannot give %v the shape %v", t.Shape(), slices.Clone(shape))
		} else {
			free = i
		}
	}
	full := shape
	if free >= 0 && known > 0 {
		full = slices.Clone(shape)
		full[free] = len(t.data) / known
		known *= full[free]
	}
	if known != len(t.data) || free >= 0 && full[free] < 0 {
		fail("Reshape", "cannot give %v the shape %v", t.Shape(), slices.Clone(shape))
	}
	dims := narrow("Reshape", full)
	return t.reshape(dims[:len(full)])
}

// Flatten joins the axes from axis on into one: N×H×W×C becomes N×(H·W·C) from axis 1 on.
func (t *Tensor) Flatten(axis int) *Tensor {
	axis = t.axis("Flatten", axis)
	dims := t.dims
	dims[axis] = int32(size(t.dims[axis:t.rank]))
	return t.reshape(dims[:axis+1])
}

// Unsqueeze inserts an axis of length 1 in front of axis; −1 puts it at the end.
func (t *Tensor) Unsqueeze(axis int) *Tensor { return t.unsqueeze("Unsqueeze", axis) }

func (t *Tensor) unsqueeze(op string, axis int) *Tensor {
	at := axis
	if axis < 0 {
		at += int(t.rank) + 1
	}
	if at < 0 || at > int(t.rank) || t.rank == maxRank {
		fail(op, "cannot insert axis %d into shape %v; there are %d to %d, and %d axes at most", axis, t.Shape(), -int(t.rank)-1,
			t.rank, maxRank)
	}
	dims := t.dims
	dims[at] = 1
	copy(dims[at+1:], t.dims[at:t.rank])
	return t.reshape(dims[:t.rank+1])
}

// Squeeze removes an axis of length 1.
func (t *Tensor) Squeeze(axis int) *Tensor {
	axis = t.axis("Squeeze", axis)
	if t.dims[axis] != 1 {
		fail("Squeeze", "axis %d of shape %v has length %d, not 1", axis, t.Shape(), t.dims[axis])
	}
	dims := t.dims
	copy(dims[axis:], t.dims[axis+1:t.rank])
	return t.reshape(dims[:t.rank-1])
}

// Permute reorders the axes: axis i of the result is axis axes[i] of x. It copies.
func (t *Tensor) Permute(axes ...int) *Tensor {
	p := owner("Permute", t)
	var dims, order [maxRank]int32
	var from [maxRank]int
	if len(axes) != int(t.rank) {
		fail("Permute", "shape %v does not have the axes %v", t.Shape(), slices.Clone(axes))
	}
	xs := strides(t.shape())
	seen := [maxRank]bool{}
	for i, a := range axes {
		a = t.axis("Permute", a)
		if seen[a] {
			fail("Permute", "axis %d stands twice in %v", a, slices.Clone(axes))
		}
		seen[a] = true
		dims[i], from[i], order[a] = t.dims[a], xs[a], int32(i)
	}
	rank := int(t.rank)
	y := p.makeDims(dims[:rank])
	ys, n := strides(y.shape()), ints(y.shape())
	kernel.Move(y.data, 0, ys[:rank], t.data, 0, from[:rank], n[:rank])
	if o := p.rec("Permute", vjpPermute, y, t); o != nil {
		o.attr = order
	}
	return y
}

func vjpPermute(b *Back) {
	back := b.op.attr.([maxRank]int32)
	axes := ints(back[:])
	b.Give(0, b.G(0).Permute(axes[:b.X(0).rank]...))
}

// T swaps the last two axes. MatMul takes transposed operands without it.
func (t *Tensor) T() *Tensor {
	if t.rank < 2 {
		fail("T", "shape %v has no two axes to swap", t.Shape())
	}
	var axes [maxRank]int
	for i := range axes {
		axes[i] = i
	}
	last := int(t.rank) - 1
	axes[last-1], axes[last] = last, last-1
	return t.Permute(axes[:t.rank]...)
}

// Flip reverses the order along axes. It copies.
func (t *Tensor) Flip(axes ...int) *Tensor {
	p := owner("Flip", t)
	ss, start := strides(t.shape()), 0
	flipped := make([]int, len(axes))
	for i, a := range axes {
		a = t.axis("Flip", a)
		if slices.Contains(flipped[:i], a) {
			fail("Flip", "axis %d stands twice in %v", a, slices.Clone(axes))
		}
		flipped[i] = a
		start += max(0, int(t.dims[a])-1) * ss[a]
		ss[a] = -ss[a]
	}
	y := p.makeDims(t.shape())
	ys, n, rank := strides(y.shape()), ints(y.shape()), int(t.rank)
	kernel.Move(y.data, 0, ys[:rank], t.data, start, ss[:rank], n[:rank])
	if o := p.rec("Flip", vjpFlip, y, t); o != nil {
		o.attr = flipped
	}
	return y
}

func vjpFlip(b *Back) { b.Give(0, b.G(0).Flip(b.op.attr.([]int)...)) }

// Slice returns what lies from lo up to hi along an axis. Along the first axis it is free: it shares the memory of x.
func (t *Tensor) Slice(axis, lo, hi int) *Tensor {
	p := owner("Slice", t)
	axis = t.axis("Slice", axis)
	if lo < 0 || hi < lo || hi > int(t.dims[axis]) {
		fail("Slice", "axis %d of shape %v has no range %d to %d", axis, t.Shape(), lo, hi)
	}
	y := p.cut(t, axis, lo, hi)
	if o := p.rec("Slice", vjpSlice, y, t); o != nil {
		o.n = [2]int{axis, lo}
	}
	return y
}

func vjpSlice(b *Back) {
	axis, lo := b.op.n[0], b.op.n[1]
	b.Give(0, b.G(0).Pad(axis, lo, b.X(0).Dim(axis)-lo-b.G(0).Dim(axis)))
}

// cut is Slice without the record.
func (p *Pass) cut(x *Tensor, axis, lo, hi int) *Tensor {
	outer, n, inner := x.around(axis)
	dims := x.dims
	dims[axis] = int32(hi - lo)
	if outer == 1 {
		y := p.alias(x, dims[:x.rank])
		y.data = x.data[lo*inner : hi*inner : hi*inner]
		return y
	}
	y := p.makeDims(dims[:x.rank])
	run := (hi - lo) * inner
	kernel.Move(y.data, 0, []int{run, 1}, x.data, lo*inner, []int{n * inner, 1}, []int{outer, run})
	return y
}

// Pad puts so many zeros before and after along an axis, which becomes longer by both.
func (t *Tensor) Pad(axis, before, after int) *Tensor {
	p := owner("Pad", t)
	axis = t.axis("Pad", axis)
	if before < 0 || after < 0 {
		fail("Pad", "cannot pad shape %v by %d and %d", t.Shape(), before, after)
	}
	outer, n, inner := t.around(axis)
	dims := t.dims
	dims[axis] += int32(before + after)
	y := p.makeDims(dims[:t.rank])
	kernel.Fill(y.data, 0)
	run := n * inner
	kernel.Move(y.data, before*inner, []int{run + (before+after)*inner, 1}, t.data, 0, []int{run, 1}, []int{outer, run})
	if o := p.rec("Pad", vjpPad, y, t); o != nil {
		o.n = [2]int{axis, before}
	}
	return y
}

func vjpPad(b *Back) {
	axis, before := b.op.n[0], b.op.n[1]
	b.Give(0, b.G(0).Slice(axis, before, before+b.X(0).Dim(axis)))
}

// Concat joins tensors along an axis; the other axes must agree.
func Concat(axis int, xs ...*Tensor) *Tensor {
	if len(xs) == 0 {
		fail("Concat", "there is nothing to join")
	}
	p := owner("Concat", xs...)
	axis = xs[0].axis("Concat", axis)
	dims := xs[0].dims
	dims[axis] = 0
	for _, x := range xs {
		want := dims
		want[axis] = x.dims[axis]
		if x.rank != xs[0].rank || x.dims != want {
			fail("Concat", "cannot join %v and %v along axis %d", xs[0].Shape(), x.Shape(), axis)
		}
		dims[axis] += x.dims[axis]
	}
	y := p.makeDims(dims[:xs[0].rank])
	outer, n, inner := y.around(axis)
	at := 0
	for _, x := range xs {
		run := int(x.dims[axis]) * inner
		kernel.Move(y.data, at, []int{n * inner, 1}, x.data, 0, []int{run, 1}, []int{outer, run})
		at += run
	}
	if o := p.rec("Concat", vjpConcat, y, xs...); o != nil {
		o.n[0] = axis
	}
	return y
}

func vjpConcat(b *Back) {
	axis, at := b.op.n[0], 0
	for i := range int(b.op.ins) {
		n := b.X(i).Dim(axis)
		if b.Need(i) {
			b.Give(i, b.G(0).Slice(axis, at, at+n))
		}
		at += n
	}
}

// Stack joins n tensors of one shape along a new axis, of length n.
func Stack(axis int, xs ...*Tensor) *Tensor {
	if len(xs) == 0 {
		fail("Stack", "there is nothing to join")
	}
	p, ys := owner("Stack", xs...), make([]*Tensor, len(xs))
	for i, x := range xs {
		if !sameShape(x, xs[0]) {
			fail("Stack", "shapes %v and %v differ", xs[0].Shape(), x.Shape())
		}
		ys[i] = p.own(x).unsqueeze("Stack", axis)
	}
	return Concat(axis, ys...)
}

// Split cuts x along an axis into parts of the sizes given, which must fill it. It is one operation, however many parts.
func (t *Tensor) Split(axis int, sizes ...int) []*Tensor {
	p := owner("Split", t)
	axis = t.axis("Split", axis)
	ys, at := make([]*Tensor, len(sizes)), 0
	for i, n := range sizes {
		if n < 0 || at+n > int(t.dims[axis]) {
			fail("Split", "sizes %v do not fill axis %d of shape %v", slices.Clone(sizes), axis, t.Shape())
		}
		ys[i] = p.cut(t, axis, at, at+n)
		at += n
	}
	if at != int(t.dims[axis]) {
		fail("Split", "sizes %v do not fill axis %d of shape %v", slices.Clone(sizes), axis, t.Shape())
	}
	if o := p.recAll("Split", vjpSplit, ys, t); o != nil {
		o.n[0] = axis
	}
	return ys
}

func vjpSplit(b *Back) {
	gs := make([]*Tensor, b.op.outs)
	for i := range gs {
		if gs[i] = b.G(i); gs[i] == nil {
			gs[i] = b.p.makeDims(b.Y(i).shape())
			kernel.Fill(gs[i].data, 0)
		}
	}
	b.Give(0, Concat(b.op.n[0], gs...))
}

// Chunk cuts x along an axis into n equal parts.
func (t *Tensor) Chunk(axis, n int) []*Tensor {
	length := int(t.dims[t.axis("Chunk", axis)])
	if n < 1 || length%n != 0 {
		fail("Chunk", "cannot cut axis %d of shape %v into %d equal parts", axis, t.Shape(), n)
	}
	return t.Split(axis, slices.Repeat([]int{length / n}, n)...)
}

// Unstack cuts x along an axis into as many tensors as it is long; the axis disappears: the time steps of a sequence.
func (t *Tensor) Unstack(axis int) []*Tensor {
	axis = t.axis("Unstack", axis)
	if t.dims[axis] == 0 {
		return nil
	}
	ys := t.Chunk(axis, int(t.dims[axis]))
	for i, y := range ys {
		ys[i] = y.Squeeze(axis)
	}
	return ys
}
