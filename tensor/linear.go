package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// Linear returns x·wᵀ + bias along the last axis, for x …×in, w out×in and bias out, which may be nil.
func (t *Tensor) Linear(w, bias *Tensor) *Tensor { return linear("Linear", t, w, bias, false) }

// LinearReLU returns the ReLU of x·wᵀ + bias, in one pass over memory.
func (t *Tensor) LinearReLU(w, bias *Tensor) *Tensor { return linear("LinearReLU", t, w, bias, true) }

func linear(name string, x, w, bias *Tensor, relu bool) *Tensor {
	operands := [3]*Tensor{x, w, bias}
	xs := operands[:]
	if bias == nil {
		xs = operands[:2]
	}
	p := owner(name, xs...)
	if x.rank < 1 || w.rank != 2 || x.dims[x.rank-1] != w.dims[1] {
		fail(name, "cannot multiply %v by %v transposed", x.Shape(), w.Shape())
	}
	rows, in, out := linearSizes(x, w)
	e := kernel.Epilogue{ReLU: relu}
	if bias != nil {
		if bias.rank != 1 || int(bias.dims[0]) != out {
			fail(name, "a bias of shape %v does not fit weights of %v", bias.Shape(), w.Shape())
		}
		e.Bias = bias.data
	}
	dims := x.dims
	dims[x.rank-1] = int32(out)
	y := p.makeDims(dims[:x.rank])
	kernel.GemmEpilogue(rows, out, in, x.data, in, false, w.data, in, true, y.data, out, false, e)
	if o := p.fuse(name, &fusedLinear, y, xs...); o != nil {
		o.n[0] = flag(relu)
	}
	return y
}

// linearSizes returns the rows of x along its last axis, and the sizes of w, out×in.
func linearSizes(x, w *Tensor) (rows, in, out int) {
	return size(x.dims[:x.rank-1]), int(w.dims[1]), int(w.dims[0])
}

var fusedLinear = Fusion{
	Kernel: func(b *Back) {
		x, w, g := b.in(0).t, b.in(1).t, b.G(0)
		rows, in, out := linearSizes(x, w)
		if b.op.n[0] == 1 { // what the ReLU lets through
			gated := b.p.makeDims(g.shape())
			kernel.Gate.Apply(gated.data, g.data, b.Y(0).data)
			g = gated
		}
		if dx := b.wanted(0); dx != nil {
			kernel.Gemm(rows, in, out, g.data, out, false, w.data, in, false, dx.data, in, false)
			b.Give(0, dx)
		}
		if dw := b.wanted(1); dw != nil {
			kernel.Gemm(out, in, rows, g.data, out, true, x.data, in, false, dw.data, in, false)
			b.Give(1, dw)
		}
		if b.op.ins == 3 && b.Need(2) {
			db := b.wanted(2)
			kernel.Sum(db.data, g.data, 1, rows, out)
			b.Give(2, db)
		}
	},
	Compose: func(b *Back, xs []*Tensor) []*Tensor {
		x := xs[0]
		rows, in, out := linearSizes(x, xs[1])
		y := x.reshape([]int32{int32(rows), int32(in)}).MatMulT(xs[1])
		if len(xs) == 3 {
			y = y.Add(xs[2])
		}
		if b.op.n[0] == 1 {
			y = y.ReLU()
		}
		dims := x.dims
		dims[x.rank-1] = int32(out)
		return []*Tensor{y.reshape(dims[:x.rank])}
	},
}
