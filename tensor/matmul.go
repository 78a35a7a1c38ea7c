package tensor

import (
	"slices"

	"github.com/hadal-go/hadal/internal/kernel"
)

// MatMul returns the matrix product of x, …×m×k, and c, …×k×n. The axes in front are a batch: they are equal, or one of the two
// is a single matrix that serves all.
func (t *Tensor) MatMul(c *Tensor) *Tensor { return matMul("MatMul", t, c, false, false) }

// MatMulT returns x·cᵀ, for x …×m×k and c …×n×k.
func (t *Tensor) MatMulT(c *Tensor) *Tensor { return matMul("MatMulT", t, c, false, true) }

// TMatMul returns xᵀ·c, for x …×k×m and c …×k×n.
func (t *Tensor) TMatMul(c *Tensor) *Tensor { return matMul("TMatMul", t, c, true, false) }

func matMul(name string, a, c *Tensor, ta, tc bool) *Tensor {
	p := owner(name, a, c)
	if a.rank < 2 || c.rank < 2 {
		fail(name, "cannot multiply %v by %v", a.Shape(), c.Shape())
	}
	m, k := matrix(a, ta)
	k2, n := matrix(c, tc)
	if k != k2 {
		fail(name, "cannot multiply %v by %v", a.Shape(), c.Shape())
	}
	batch := a.dims[:a.rank-2]
	if c.rank == 2 && a.rank > 2 && !ta { // rows of all matrices are rows of one
		dims := a.dims
		dims[a.rank-1] = int32(n)
		flat := [2]int32{int32(size(a.dims[:a.rank-1])), int32(k)}
		return matMul(name, p.own(a).reshape(flat[:]), c, false, tc).reshape(dims[:a.rank])
	}
	as, cs := m*k, k*n
	switch {
	case c.rank == 2:
		cs = 0
	case a.rank == 2:
		as, batch = 0, c.dims[:c.rank-2]
	case !slices.Equal(batch, c.dims[:c.rank-2]):
		fail(name, "cannot multiply %v by %v", a.Shape(), c.Shape())
	}
	var dims [maxRank]int32
	rank := copy(dims[:], batch) + 2
	dims[rank-2], dims[rank-1] = int32(m), int32(n)
	y := p.makeDims(dims[:rank])
	if rank == 2 {
		kernel.Gemm(m, n, k, a.data, int(a.dims[1]), ta, c.data, int(c.dims[1]), tc, y.data, n, false)
	} else {
		kernel.GemmBatch(size(batch), m, n, k, a.data, as, ta, c.data, cs, tc, y.data, m*n)
	}
	if o := p.rec(name, vjpMatMul, y, a, c); o != nil {
		o.n = [2]int{flag(ta), flag(tc)}
	}
	return y
}

// matrix returns the rows and columns of the last two axes.
func matrix(t *Tensor, transposed bool) (rows, columns int) {
	rows, columns = int(t.dims[t.rank-2]), int(t.dims[t.rank-1])
	if transposed {
		return columns, rows
	}
	return rows, columns
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func vjpMatMul(b *Back) {
	const name = "MatMul"
	a, c, g := b.X(0), b.X(1), b.G(0)
	ta, tc := b.op.n[0] == 1, b.op.n[1] == 1
	if b.Need(0) {
		if ta {
			b.giveSum(0, matMul(name, c, g, tc, true))
		} else {
			b.giveSum(0, matMul(name, g, c, false, !tc))
		}
	}
	if b.Need(1) {
		if tc {
			b.giveSum(1, matMul(name, g, a, true, ta))
		} else {
			b.giveSum(1, matMul(name, a, g, !ta, false))
		}
	}
}
