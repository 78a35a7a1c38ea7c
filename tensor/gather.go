package tensor

import (
	"slices"

	"github.com/hadal-go/hadal/internal/kernel"
)

func clone(dims []int32) []int32 { return slices.Clone(dims) }

// temporary returns room for n positions: for as long as the pass lasts if they are kept for a derivative.
func (p *Pass) temporary(n int, keep bool) []int32 {
	if p == nil {
		return make([]int32, n)
	}
	index := p.m.positions(n)
	if !keep {
		p.m.used -= n // the next operation may have them
	}
	return index
}

// checked narrows positions that must be below n.
func (p *Pass) checked(op string, index []int, n int, keep bool) []int32 {
	narrow := p.temporary(len(index), keep)
	for i, v := range index {
		if v < 0 || v >= n {
			fail(op, "position %d at %d is not within 0 to %d", v, i, n-1)
		}
		narrow[i] = int32(v)
	}
	return narrow
}

// Gather returns the parts of x along an axis that index names, in its order: rows of an embedding, frames, boxes. The axis becomes
// as long as index.
func (t *Tensor) Gather(axis int, index []int) *Tensor {
	p := owner("Gather", t)
	return p.gather("Gather", t, axis, index)
}

// Lookup returns the rows of the parameter w that index names: len(index)×F. It is Gather for a table that belongs to no pass.
func (p *Pass) Lookup(w *Tensor, index []int) *Tensor {
	p.live("Lookup")
	w.live("Lookup")
	if w.pass != nil && w.pass != p {
		fail("Lookup", "the table belongs to another pass")
	}
	return p.gather("Lookup", w, 0, index)
}

func (p *Pass) gather(name string, x *Tensor, axis int, index []int) *Tensor {
	axis = x.axis(name, axis)
	l := alongAxis(name, x, axis, p.checked(name, index, int(x.dims[axis]), p.recording(x)))
	y := p.makeDims(l.to)
	l.apply(y.data, x.data)
	if o := p.rec(name, vjpLinearForward, y, x); o != nil {
		o.attr = l
	}
	return y
}

// Scatter adds the parts of x along an axis into a tensor of zeros with n parts, at the positions that index names: the adjoint
// of Gather.
func (t *Tensor) Scatter(axis int, index []int, n int) *Tensor {
	const name = "Scatter"
	p := owner(name, t)
	axis = t.axis(name, axis)
	if len(index) != int(t.dims[axis]) {
		fail(name, "%d positions do not match axis %d of shape %v", len(index), axis, t.Shape())
	}
	if n < 0 {
		fail(name, "cannot make an axis of length %d", n)
	}
	zeros := &Tensor{dims: t.dims, rank: t.rank} // only the shape counts
	zeros.dims[axis] = int32(n)
	return alongAxis(name, zeros, axis, p.checked(name, index, n, p.recording(t))).backward(t)
}

// alongAxis maps x to its parts along an axis.
func alongAxis(name string, x *Tensor, axis int, index []int32) *linearMap {
	outer, n, inner := x.around(axis)
	to := clone(x.shape())
	to[axis] = int32(len(index))
	return &linearMap{
		name: name, from: clone(x.shape()), to: to,
		apply: func(y, x []Float) {
			for o := range outer {
				kernel.GatherRows(y[o*len(index)*inner:(o+1)*len(index)*inner], x[o*n*inner:(o+1)*n*inner], index, inner)
			}
		},
		adjoint: func(x, y []Float) {
			kernel.Fill(x, 0)
			for o := range outer {
				kernel.ScatterAddRows(x[o*n*inner:(o+1)*n*inner], y[o*len(index)*inner:(o+1)*len(index)*inner], index, inner)
			}
		},
	}
}

// TakeAlong returns, at every place, the element of x along an axis that index names there: the result has the shape of x with
// the axis as long as index makes it, and index has one position for each of its elements. Labels pick their probability so.
func (t *Tensor) TakeAlong(axis int, index []int) *Tensor {
	const name = "TakeAlong"
	p := owner(name, t)
	axis = t.axis(name, axis)
	outer, n, inner := t.around(axis)
	if outer*inner == 0 || len(index)%(outer*inner) != 0 {
		fail(name, "%d positions do not fit along axis %d of shape %v", len(index), axis, t.Shape())
	}
	m := len(index) / (outer * inner)
	at := p.checked(name, index, n, p.recording(t))
	to := clone(t.shape())
	to[axis] = int32(m)
	l := &linearMap{
		name: name, from: clone(t.shape()), to: to,
		apply: func(y, x []Float) { kernel.GatherAxis(y, x, at, outer, n, m, inner) },
		adjoint: func(x, y []Float) {
			kernel.Fill(x, 0)
			kernel.ScatterAddAxis(x, y, at, outer, n, m, inner)
		},
	}
	return l.forward(t)
}

// vjpPick is the derivative of operations that picked elements of x by position: maxima, max-pooling.
func vjpPick(b *Back) { b.Give(0, put(b.G(0), b.op.index, b.in(0).t.shape())) }

// put adds the elements of y into a tensor of zeros, at the positions that index names.
func put(y *Tensor, index, dims []int32) *Tensor {
	p := owner("Put", y)
	x := p.makeDims(dims)
	kernel.Fill(x.data, 0)
	kernel.PutAdd(x.data, y.data, index)
	if o := p.rec("Put", vjpPut, x, y); o != nil {
		o.index = index
	}
	return x
}

func vjpPut(b *Back) { b.Give(0, pick(b.G(0), b.op.index, b.in(0).t.shape())) }

// pick returns the elements of x at the positions that index names, the adjoint of put.
func pick(x *Tensor, index, dims []int32) *Tensor {
	p := owner("Pick", x)
	y := p.makeDims(dims)
	kernel.Pick(y.data, x.data, index)
	if o := p.rec("Pick", vjpPick, y, x); o != nil {
		o.index = index
	}
	return y
}
