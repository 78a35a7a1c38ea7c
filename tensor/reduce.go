package tensor

import (
	"slices"

	"github.com/hadal-go/hadal/internal/kernel"
)

// sumTo sums t to a shape from which it could have been broadcast.
func (t *Tensor) sumTo(dims []int32) *Tensor {
	if slices.Equal(t.shape(), dims) {
		return t
	}
	p := owner("SumTo", t)
	full, rank := t.dims, int(t.rank)
	lead := rank - len(dims)
	fits := lead >= 0
	for i := 0; fits && i < len(dims); i++ {
		fits = dims[i] == 1 || dims[i] == full[lead+i]
	}
	if !fits {
		fail("SumTo", "shape %v was not broadcast from %v", t.Shape(), wide(dims))
	}
	summed := func(i int) bool { return i < lead || dims[i-lead] != full[i] }

	// Neighbouring axes that are summed go at once, those at the end first.
	x, cur := t.data, full
	var y *Tensor
	for end := rank; end > 0; {
		if !summed(end - 1) {
			end--
			continue
		}
		start := end - 1
		for start > 0 && summed(start-1) {
			start--
		}
		outer, n, inner := size(cur[:start]), size(cur[start:end]), size(cur[end:rank])
		for i := start; i < end; i++ {
			cur[i] = 1
		}
		partial := y
		y = p.makeDims(cur[:rank])
		kernel.Sum(y.data, x, outer, n, inner)
		if partial != nil && p != nil {
			p.m.release(partial.block)
		}
		x, end = y.data, start
	}
	if y == nil { // only axes of length 1 go
		y = p.alias(t, cur[:rank])
	}
	if len(dims) != rank {
		y = p.alias(y, dims)
	}
	p.rec("SumTo", vjpSumTo, y, t)
	return y
}

func vjpSumTo(b *Back) { b.Give(0, b.G(0).broadcastTo(b.X(0).shape())) }

// SumTo sums x to a shape from which it could have been broadcast; it is the adjoint of BroadcastTo.
func (t *Tensor) SumTo(shape ...int) *Tensor {
	dims := narrow("SumTo", shape)
	return t.sumTo(dims[:len(shape)])
}

func (t *Tensor) broadcastTo(dims []int32) *Tensor {
	if slices.Equal(t.shape(), dims) {
		return t
	}
	p := owner("BroadcastTo", t)
	lead := len(dims) - int(t.rank)
	for i := range dims {
		if lead < 0 || i >= lead && t.dims[i-lead] != 1 && t.dims[i-lead] != dims[i] {
			fail("BroadcastTo", "cannot broadcast shape %v to %v", t.Shape(), wide(dims))
		}
	}
	y := p.makeDims(dims)
	ds, ss, n := strides(dims), repeated(t, len(dims)), ints(dims)
	kernel.Move(y.data, 0, ds[:len(dims)], t.data, 0, ss[:len(dims)], n[:len(dims)])
	p.rec("BroadcastTo", vjpBroadcastTo, y, t)
	return y
}

func vjpBroadcastTo(b *Back) { b.Give(0, b.G(0).sumTo(b.X(0).shape())) }

// BroadcastTo repeats x along axes of length 1 and along new axes in front, to the shape given.
func (t *Tensor) BroadcastTo(shape ...int) *Tensor {
	dims := narrow("BroadcastTo", shape)
	return t.broadcastTo(dims[:len(shape)])
}

// reduced returns the shape of t with the axes given set to 1, all of them if none is given, and the shape without them, which
// has rank axes.
func (t *Tensor) reduced(op string, axes []int) (kept, without [maxRank]int32, rank int) {
	kept = t.dims
	var gone [maxRank]bool
	for _, a := range axes {
		gone[t.axis(op, a)] = true
	}
	for i := range int(t.rank) {
		if gone[i] || len(axes) == 0 {
			kept[i] = 1
		} else {
			without[rank] = t.dims[i]
			rank++
		}
	}
	return kept, without, rank
}

// Sum sums over axes, which disappear; over everything if none is given.
func (t *Tensor) Sum(axes ...int) *Tensor {
	kept, without, rank := t.reduced("Sum", axes)
	return t.sumTo(kept[:t.rank]).reshape(without[:rank])
}

// SumKeep sums over axes, which stay with length 1.
func (t *Tensor) SumKeep(axes ...int) *Tensor {
	kept, _, _ := t.reduced("SumKeep", axes)
	return t.sumTo(kept[:t.rank])
}

// Mean averages over axes, which disappear; over everything if none is given.
func (t *Tensor) Mean(axes ...int) *Tensor { return averaged(t, t.Sum(axes...)) }

// MeanKeep averages over axes, which stay with length 1.
func (t *Tensor) MeanKeep(axes ...int) *Tensor { return averaged(t, t.SumKeep(axes...)) }

func averaged(x, sum *Tensor) *Tensor {
	return sum.Scale(Float(len(sum.data)) / Float(len(x.data)))
}

// Max returns the greatest values along an axis, which disappears. The gradient goes to the first of them.
func (t *Tensor) Max(axis int) *Tensor { return t.extreme("Max", axis, false) }

// Min returns the least values along an axis, which disappears. The gradient goes to the first of them.
func (t *Tensor) Min(axis int) *Tensor { return t.extreme("Min", axis, true) }

func (t *Tensor) extreme(name string, axis int, least bool) *Tensor {
	p := owner(name, t)
	axis = t.axis(name, axis)
	outer, n, inner := t.around(axis)
	if n == 0 {
		fail(name, "shape %v is empty along axis %d", t.Shape(), axis)
	}
	_, without, rank := t.reduced(name, []int{axis})
	y := p.makeDims(without[:rank])
	if !p.recording(t) {
		kernel.MaxIndex(y.data, nil, t.data, outer, n, inner, least)
		return y
	}
	index := p.m.positions(len(y.data))
	kernel.MaxIndex(y.data, index, t.data, outer, n, inner, least)
	for i := range index { // positions along the axis become positions in x
		index[i] = int32((i/inner*n+int(index[i]))*inner + i%inner)
	}
	p.rec(name, vjpPick, y, t).index = index
	return y
}

// ArgMax returns the position of the greatest value along the last axis, of each row in turn; the first if there are several.
func (t *Tensor) ArgMax() []int {
	t.live("ArgMax")
	rows, n := t.rows("ArgMax")
	if n == 0 {
		fail("ArgMax", "shape %v is empty along axis %d", t.Shape(), t.rank-1)
	}
	index := make([]int32, rows)
	kernel.MaxIndex(make([]Float, rows), index, t.data, rows, n, 1, false)
	return widen(index)
}

// TopK returns the positions of the k greatest values along the last axis, in order, of each row in turn: rows×k.
func (t *Tensor) TopK(k int) []int {
	t.live("TopK")
	rows, n := t.rows("TopK")
	if k < 0 || k > n {
		fail("TopK", "the last axis of shape %v has no %d values", t.Shape(), k)
	}
	index := make([]int32, rows*k)
	kernel.TopK(index, t.data, rows, n, k, false)
	return widen(index)
}

// Argsort returns the positions that sort the last axis, of each row in turn. Equal values keep their order.
func (t *Tensor) Argsort(descending bool) []int {
	t.live("Argsort")
	rows, n := t.rows("Argsort")
	index := make([]int32, rows*n)
	kernel.Argsort(index, t.data, rows, n, descending)
	return widen(index)
}

// rows returns the tensor's size as rows of its last axis.
func (t *Tensor) rows(op string) (rows, n int) {
	if t.rank == 0 {
		fail(op, "a single number has no last axis")
	}
	return size(t.dims[:t.rank-1]), int(t.dims[t.rank-1])
}

// CumSum returns the running sums along an axis, in the shape of x, from its end where reverse is set.
func (t *Tensor) CumSum(axis int, reverse bool) *Tensor {
	p := owner("CumSum", t)
	axis = t.axis("CumSum", axis)
	outer, n, inner := t.around(axis)
	y := p.makeDims(t.shape())
	kernel.CumSum(y.data, t.data, outer, n, inner, reverse)
	if o := p.rec("CumSum", vjpCumSum, y, t); o != nil {
		o.n[0] = axis
		if reverse {
			o.n[1] = 1
		}
	}
	return y
}

func vjpCumSum(b *Back) { b.Give(0, b.G(0).CumSum(b.op.n[0], b.op.n[1] == 0)) }

func widen(index []int32) []int {
	w := make([]int, len(index))
	for i, v := range index {
		w[i] = int(v)
	}
	return w
}

func wide(dims []int32) []int { return widen(dims) }
