package kernel

import "fmt"

// PanelN is the number of columns in a panel of a Packed.
const PanelN = tileN

// A Packed is the right operand of a product, k×n, in panels of PanelN columns, one behind the other: what the tiles
// read. It serves a matrix that is multiplied many times, such as the weights of a recurrent layer, which are the same
// at every step:
//
//	w.Pack(hidden, 4*hidden, weight, hidden, true) // once; memory is used again
//	for … {
//		w.Multiply(batch, h, hidden, gates, 4*hidden, true)
//	}
//
// A task that is itself a piece of parallel work calls Columns with the panels that are its own instead. Any number of
// goroutines may multiply at the same time. The zero Packed has no memory and is ready to be packed.
type Packed struct {
	k, n  int
	data  []Float
	b     []Float // while it is being packed
	ldb   int
	tb    bool
	first int // the panel where the columns of b begin
	width int // the columns of b
}

// Pack makes p the k×n matrix op(b), which is stored with rows of ldb, transposed where tb is set.
func (p *Packed) Pack(k, n int, b []Float, ldb int, tb bool) {
	p.Reset(k, n)
	p.Set(0, n, b, ldb, tb)
}

// Reset makes p a k×n matrix whose columns are still to be Set.
func (p *Packed) Reset(k, n int) {
	p.k, p.n = k, n
	if size := ceil(n, tileN) * tileN * k; size <= cap(p.data) {
		p.data = p.data[:size]
	} else {
		p.data = make([]Float, size)
	}
}

// Set packs op(b), k×n, as the columns from j on. j is a multiple of PanelN; a panel that n does not fill is filled
// with zeros. The columns of a matrix can so be packed in another order than they are stored in, for example the four
// gates of sixteen units one after the other.
func (p *Packed) Set(j, n int, b []Float, ldb int, tb bool) {
	if j%tileN != 0 || j+n > p.n {
		panic(fmt.Sprintf("kernel: Set: %d columns from %d on do not fit panels of %d columns", n, j, p.n))
	}
	if n == 0 || p.k == 0 {
		return
	}
	p.b, p.ldb, p.tb, p.first, p.width = b, ldb, tb, j/tileN, n
	parallel(ceil(n, tileN), max(1, smallPiece/(p.k*tileN)), p)
	p.b = nil
}

func (p *Packed) run(lo, hi int) {
	for q := lo; q < hi; q++ {
		packPanel(p.data[(p.first+q)*tileN*p.k:], p.b, p.ldb, p.tb, 0, p.k, q*tileN, p.width)
	}
}

// packPanel packs the rows p0 to p0+k, of the n columns of op(b) those from j on, as far as they fill a panel.
func packPanel(dst, b []Float, ldb int, tb bool, p0, k, j, n int) {
	n = min(tileN, n-j)
	if tb {
		packTransposed(dst, b[j*ldb+p0:], ldb, k, n)
	} else {
		pack(dst, b[p0*ldb+j:], ldb, k, n)
	}
}

// Multiply computes c = a·p, or adds it to c where add is set. a is m×k and c m×n; lda and ldc are the lengths of a row
// in memory.
func (p *Packed) Multiply(m int, a []Float, lda int, c []Float, ldc int, add bool) {
	p.multiply(m, a, lda, 0, p.n, c, ldc, add, false, Epilogue{})
}

// MultiplyEpilogue computes c = e(a·p).
func (p *Packed) MultiplyEpilogue(m int, a []Float, lda int, c []Float, ldc int, e Epilogue) {
	p.multiply(m, a, lda, 0, p.n, c, ldc, false, false, e)
}

// Columns is Multiply for the panels lo to hi, in the goroutine of the caller: columns lo·PanelN to hi·PanelN of c, or
// as many as there are. Any cut into panels gives the same bits as Multiply; cuts at multiples of two are the fastest.
func (p *Packed) Columns(lo, hi, m int, a []Float, lda int, c []Float, ldc int, add bool) {
	p.multiply(m, a, lda, lo*tileN, min(hi*tileN, p.n), c, ldc, add, true, Epilogue{})
}

func (p *Packed) multiply(m int, a []Float, lda, j0, j1 int, c []Float, ldc int, add, alone bool, e Epilogue) {
	if m <= 0 || j1 <= j0 {
		return
	}
	if p.k == 0 {
		if !add {
			for i := range m {
				clear(c[i*ldc+j0 : i*ldc+j1])
			}
		}
		e.apply(c, ldc, 0, m, j0, j1-j0)
		return
	}
	g := gemms.Get().(*gemm)
	*g = gemm{m: m, n: j1, k: p.k, a: a, rs: lda, ks: 1, prepacked: p.data, c: c, ldc: ldc, add: add, j0: j0, end: e}
	g.share(alone)
	*g = gemm{}
	gemms.Put(g)
}
