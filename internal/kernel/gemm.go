package kernel

import "sync"

// A product is computed in tiles, tileN wide or twice that, up to 24 high, whose sums stay in registers; a panel is a
// column of tiles. A piece of work is some rows of c by some columns. It takes blockK of the sums at a time, and two
// panels of b at a time, which it packs into the first cache levels, or reads where they lie: there all tiles of the
// rows use them. Its rows of a are read where they lie, and stay in the second-level cache. So nothing is shared between
// pieces, and a product is handed out once, unless it is so large that b is packed for all before.
const (
	tileM  = 6
	tileN  = 16
	blockM = 240 // the most rows of a piece
	blockN = 512
	blockK = 384
	rowPad = 8 // what keeps rows off the powers of two
)

// Products with fewer multiplications than this are not worth a second thread; pieces have about as many.
const smallProduct = 1 << 19

// maxPieces is into how many pieces a product is cut at most.
const maxPieces = 32

// widePiece is how many pairs of panels a piece has where all rows are in it and b is read where it lies, a few terms at a time, if
// that leaves four pieces. The rows of b may lie in pages of their own, of which the processor keeps only so many in mind: this is how
// often it comes back to one.
const widePiece = 4

// Gemm computes c = op(a)·op(b), or adds it to c where add is set. op(a) is m×k and op(b) is k×n; ta and tb say that
// the operand is stored transposed. lda, ldb and ldc are the lengths of a row in memory. With k = 0 the product is
// zero.
func Gemm(m, n, k int, a []Float, lda int, ta bool, b []Float, ldb int, tb bool, c []Float, ldc int, add bool) {
	GemmEpilogue(m, n, k, a, lda, ta, b, ldb, tb, c, ldc, add, Epilogue{})
}

// GemmEpilogue is Gemm with an epilogue: c = e(op(a)·op(b)), or e(c + op(a)·op(b)).
func GemmEpilogue(
	m, n, k int, a []Float, lda int, ta bool, b []Float, ldb int, tb bool, c []Float, ldc int, add bool, e Epilogue,
) {
	if m <= 0 || n <= 0 {
		return
	}
	if k <= 0 {
		if !add {
			for i := range m {
				clear(c[i*ldc:][:n])
			}
		}
		e.apply(c, ldc, 0, m, 0, n)
		return
	}
	if (m == 1 || n == 1) && multiplyVector(m, n, k, a, lda, ta, b, ldb, tb, c, ldc, add) {
		e.apply(c, ldc, 0, m, 0, n)
		return
	}
	g := gemms.Get().(*gemm)
	*g = gemm{m: m, n: n, k: k, a: a, rs: lda, ks: 1, b: b, ldb: ldb, tb: tb, c: c, ldc: ldc, add: add, end: e}
	if ta {
		g.rs, g.ks = 1, lda
	}
	if g.worthPacking() {
		p := packs.get()
		p.Pack(k, n, b, ldb, tb)
		g.prepacked = p.data
		g.share(false)
		packs.put(p)
	} else {
		g.share(false)
	}
	*g = gemm{}
	gemms.Put(g)
}

// worthPacking reports whether b is packed once for all pieces: there are many rows of pieces, each of which would pack it anew,
// and it has to be turned, or is larger than a second-level cache.
func (g *gemm) worthPacking() bool {
	return g.tb && g.m > 2*blockM || g.m > 4*blockM && g.n*g.k >= 1<<20
}

// GemmBatch computes c = op(a)·op(b) for batch dense matrices that lie as, bs and cs elements apart; 0 says that all
// use the same.
func GemmBatch(batch, m, n, k int, a []Float, as int, ta bool, b []Float, bs int, tb bool, c []Float, cs int) {
	g := batches.Get().(*batchTask)
	*g = batchTask{m, n, k, a, as, ta, b, bs, tb, c, cs}
	// A few large matrices are cut inside, many small ones are shared out, about half a million multiplications a
	// piece.
	if grain := max(1, smallProduct/max(1, m*n*k)); batch < 8 && grain == 1 {
		g.run(0, batch)
	} else {
		parallel(batch, grain, g)
	}
	*g = batchTask{}
	batches.Put(g)
}

type batchTask struct {
	m, n, k int
	a       []Float
	as      int
	ta      bool
	b       []Float
	bs      int
	tb      bool
	c       []Float
	cs      int
}

func (g *batchTask) run(lo, hi int) {
	lda, ldb := g.k, g.n
	if g.ta {
		lda = g.m
	}
	if g.tb {
		ldb = g.k
	}
	for i := lo; i < hi; i++ {
		Gemm(g.m, g.n, g.k, g.a[i*g.as:], lda, g.ta, g.b[i*g.bs:], ldb, g.tb, g.c[i*g.cs:], g.n, false)
	}
}

var (
	gemms       = sync.Pool{New: func() any { return new(gemm) }}
	packs       shelf[Packed]
	batches     = sync.Pool{New: func() any { return new(batchTask) }}
	gemmBuffers = sync.Pool{New: func() any { return new(gemmBuffer) }}
	gatherings  = sync.Pool{New: func() any { return new(gathering) }}
)

// A gemmBuffer is two panels of b, which a goroutine packs for itself.
type gemmBuffer [blockK * 2 * tileN]Float

// A gathering is the rows of a of a piece, if they cannot stay where they are.
type gathering [blockK * (blockM + rowPad)]Float

// A gemm is a product under way.
type gemm struct {
	m, n, k   int
	a         []Float // element i, p is a[i·rs+p·ks]
	rs, ks    int
	b         []Float
	ldb       int
	tb        bool
	prepacked []Float // the panels of b, if b is a Packed
	c         []Float
	ldc       int
	add       bool
	end       Epilogue
	j0        int // the first column

	rows, columns int // of a piece
	across        int // pieces side by side
	kc            int // terms of a sum that are added at a time
}

// share cuts the product and computes the pieces, alone if the caller is to do them all.
func (g *gemm) share(alone bool) {
	g.rows = g.m
	if g.m > blockM { // blocks of about the same height, in whole tiles
		g.rows = ceil(ceil(g.m, ceil(g.m, blockM)), 12) * 12
	}
	heights, pairs := ceil(g.m, g.rows), ceil(g.n-g.j0, 2*tileN)
	width := max(1, smallProduct/(g.rows*2*tileN*g.k), ceil(heights*pairs, maxPieces))
	if heights == 1 && g.k > blockK && !g.tb && g.prepacked == nil {
		width = max(width, min(widePiece, pairs/4))
	}
	g.columns, g.across = width*2*tileN, ceil(pairs, width)
	g.kc = ceil(ceil(g.k, ceil(g.k, blockK)), tileN) * tileN
	if pieces := heights * g.across; alone || g.m*(g.n-g.j0)*g.k < smallProduct {
		g.run(0, pieces)
	} else {
		parallel(pieces, 1, g)
	}
}

func (g *gemm) run(lo, hi int) {
	buffer := gemmBuffers.Get().(*gemmBuffer)
	for t := lo; t < hi; t++ {
		i0, j0 := t/g.across*g.rows, g.j0+t%g.across*g.columns
		for p0 := 0; p0 < g.k; p0 += g.kc {
			g.block(buffer, i0, min(g.rows, g.m-i0), j0, min(j0+g.columns, g.n), p0, min(g.kc, g.k-p0))
		}
		g.end.behind(g.c, g.ldc, i0, min(g.rows, g.m-i0), j0, min(j0+g.columns, g.n)-j0)
	}
	gemmBuffers.Put(buffer)
}

// block adds k terms, from p0 on, to the sums of rows i0 to i0+m and columns j0 to j1.
func (g *gemm) block(buffer *gemmBuffer, i0, m, j0, j1, p0, k int) {
	add, end := g.add || p0 > 0, Epilogue{}
	if p0+k == g.k {
		end = g.end.inTile()
	}
	a, ks := g.a[i0*g.rs+p0*g.ks:], g.ks
	if g.ks > 1 && crowded(g.ks) && j1-j0 > 4*tileN {
		gathered := gatherings.Get().(*gathering)
		defer gatherings.Put(gathered)
		ks = m + rowPad
		for p := range k {
			copy(gathered[p*ks:][:m], a[p*g.ks:])
		}
		a = gathered[:]
	}
	for j := j0; j < j1; j += 2 * tileN {
		n := min(2*tileN, j1-j)
		e := end.from(j)
		c := g.c[i0*g.ldc+j:]
		b, bs, gap := buffer[:], tileN, tileN*k
		switch last := (n - 1) / tileN * tileN; {
		case g.prepacked != nil:
			b, gap = g.prepacked[j*g.k+p0*tileN:], tileN*g.k
		case g.tb || p0*g.ldb+j+(k-1)*g.ldb+last+tileN > len(g.b): // the last rows may not be as long as they are read
			for q := 0; q < n; q += tileN {
				packPanel(b[q*k:], g.b, g.ldb, g.tb, p0, k, j+q, j1)
			}
		case n == 2*tileN && m > 12:
			var next []Float // what is packed behind this
			if j+n < j1 {
				next = g.b[p0*g.ldb+j+n:]
			} else if p0+k < g.k {
				next = g.b[(p0+k)*g.ldb+j0:]
			}
			done := packPair(b, g.b[p0*g.ldb+j:], g.ldb, m, k, a, g.rs, ks, c, g.ldc, add, e)
			pairFetching(m-done, k, a[done*g.rs:], g.rs, ks, b, c[done*g.ldc:], g.ldc, add, e, next, g.ldb)
			continue
		default:
			b, bs, gap = g.b[p0*g.ldb+j:], g.ldb, tileN
		}
		pair(m, n, k, a, g.rs, ks, b, bs, gap, c, g.ldc, add, e)
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }
