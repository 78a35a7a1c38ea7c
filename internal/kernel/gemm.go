package kernel

import "sync"

// A product is computed in tiles, tileN wide or twice that, 6 to 24 high, whose sums stay in registers; a panel is a
// column of tiles. Blocks of blockK×blockN of b are packed into panels, and blocks of rows of a are taken to them: the
// block of b lies in the cache that the cores share or in their own second one, a block of a in the second, a panel's
// part of b in the first.
const (
	tileM  = 6
	tileN  = 16
	blockM = 72
	blockN = 512
	blockK = 384
	rowPad = 8 // what keeps rows off the powers of two
)

// Products with fewer multiplications than this are not worth a second thread.
const smallProduct = 1 << 19

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
		e.apply(m, n, c, ldc)
		return
	}
	if (m == 1 || n == 1) && multiplyVector(m, n, k, a, lda, ta, b, ldb, tb, c, ldc, add) {
		e.apply(m, n, c, ldc)
		return
	}
	g := gemms.Get().(*gemm)
	g.m, g.n, g.k, g.a, g.rs, g.ks, g.b, g.ldb, g.tb, g.c, g.ldc = m, n, k, a, lda, 1, b, ldb, tb, c, ldc
	if ta {
		g.rs, g.ks = 1, lda
	}
	g.small = m*n*k < smallProduct
	g.inPlace = !tb && (m <= 12 || m <= 24 && n*k <= blockK*blockN || g.small && m <= 48)
	g.blocks(0, add, e)
}

// blocks computes the columns of c from j0 on, and gives g back.
func (g *gemm) blocks(j0 int, add bool, e Epilogue) {
	g.rows = g.rowBlock()
	for g.j0 = j0; g.j0 < g.n; g.j0 += g.nc {
		g.nc = min(blockN, g.n-g.j0)
		parts := ceil(g.k, blockK)
		for p := range parts {
			g.p0 = g.k * p / parts
			g.kc = g.k*(p+1)/parts - g.p0
			g.add, g.end = add || p > 0, Epilogue{}
			if p == parts-1 {
				g.end = e
			}
			g.block()
		}
	}
	g.a, g.b, g.c, g.panels, g.prepacked, g.end.Bias = nil, nil, nil, nil, nil, nil
	gemms.Put(g)
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
	gemms   = sync.Pool{New: func() any { return &gemm{packed: new([blockK * blockN]Float)} }}
	batches = sync.Pool{New: func() any { return new(batchTask) }}
	blocks  = sync.Pool{New: func() any { return new([blockM * (blockK + rowPad)]Float) }}
)

// A gemm is a product under way.
type gemm struct {
	m, n, k int
	a       []Float // element i, p is a[i·rs+p·ks]
	rs, ks  int
	b       []Float
	ldb     int
	tb      bool
	c       []Float
	ldc     int
	add     bool
	end     Epilogue
	small   bool // not worth a second thread
	inPlace bool // b is read where it lies
	rows    int  // rows in a block of a

	j0, nc  int  // columns of the block of b
	p0, kc  int  // rows of the block of b
	packing bool // which of the two tasks run does
	width   int  // panels in a piece of work

	prepacked []Float // all panels of b, if b is a Packed
	panels    []Float // the panels of the block of b
	gap       int     // from one panel to the next
	packed    *[blockK * blockN]Float
}

// rowBlock returns the height of a piece of work: large, but such that there are enough pieces to share.
func (g *gemm) rowBlock() int {
	rows := blockM
	for rows > 4*tileM && ceil(g.m, rows) < 8 {
		rows -= 4 * tileM
	}
	return min(rows, g.m)
}

// block multiplies a block of b by all of a.
func (g *gemm) block() {
	panels := ceil(g.nc, tileN)
	heights := ceil(g.m, g.rows)
	g.panels, g.gap = g.packed[:], tileN*g.kc
	if g.prepacked != nil {
		g.panels, g.gap = g.prepacked[g.j0*g.k+g.p0*tileN:], tileN*g.k
	}
	if g.prepacked == nil && !g.inPlace {
		g.packing = true
		g.start(panels, 4)
		g.packing = false
	}
	g.width = panels
	if across := ceil(32, heights); across > 1 { // too few rows to share evenly: share the columns as well
		g.width = max(ceil(panels, across), min(panels, 4))
	}
	g.start(heights*ceil(panels, g.width), 1)
}

func (g *gemm) start(n, grain int) {
	if g.small {
		g.run(0, n)
	} else {
		parallel(n, grain, g)
	}
}

func (g *gemm) run(lo, hi int) {
	if g.packing {
		for q := lo; q < hi; q++ {
			dst := g.packed[q*tileN*g.kc:]
			if !g.tb && hi-q >= 4 && (q+4)*tileN <= g.nc {
				packFour(dst, g.b[g.p0*g.ldb+g.j0+q*tileN:], g.ldb, g.kc)
				q += 3
				continue
			}
			g.pack(dst, q)
		}
		return
	}
	buffer := blocks.Get().(*[blockM * (blockK + rowPad)]Float)
	panels := ceil(g.nc, tileN)
	across := ceil(panels, g.width)
	for t := lo; t < hi; t++ {
		i0 := t / across * g.rows
		q0 := t % across * g.width
		g.piece(buffer, i0, min(g.rows, g.m-i0), q0, min(q0+g.width, panels))
	}
	blocks.Put(buffer)
}

// pack packs panel q of the block of b.
func (g *gemm) pack(dst []Float, q int) {
	packPanel(dst, g.b, g.ldb, g.tb, g.p0, g.kc, g.j0+q*tileN, g.j0+g.nc)
}

// piece multiplies the rows i0 to i0+m of a by the panels q0 to q1.
func (g *gemm) piece(buffer *[blockM * (blockK + rowPad)]Float, i0, m, q0, q1 int) {
	a, rs, ks := g.a[i0*g.rs+g.p0*g.ks:], g.rs, g.ks
	height := m
	if !g.inPlace && g.ks > 1 { // a is transposed: gather what a tile takes at a time
		height = tileHeight()
		for i := 0; i < m; i += height {
			packTile(buffer[i*g.kc:], a[i:], ks, g.kc, min(height, m-i))
		}
		a, rs, ks = buffer[:], 0, height
	}
	if ks == 1 && rs%256 == 0 && q1-q0 >= 4 { // rows a power of two apart contend for the same few places in the cache
		lda := g.kc + rowPad
		for i := range m {
			copy(buffer[i*lda:][:g.kc], a[i*rs:])
		}
		a, rs = buffer[:], lda
	}
	for q := q0; q < q1; q += 2 {
		j := g.j0 + q*tileN
		n := min(2*tileN, (q1-q0)*tileN-(q-q0)*tileN, g.j0+g.nc-j)
		b, bs, gap := g.panels[q*g.gap:], tileN, g.gap
		if g.inPlace {
			b, bs, gap = g.b[g.p0*g.ldb+j:], g.ldb, tileN
			// The last rows of b may not be as long as they are read. Only one piece comes here, since the rows are one
			// block or the product is small.
			if last := (n - 1) / tileN * tileN; (g.kc-1)*bs+last+tileN > len(b) {
				b, bs, gap = g.packed[:], tileN, tileN*g.kc
				for p := 0; p < n; p += tileN {
					g.pack(b[p*g.kc:], q+p/tileN)
				}
			}
		}
		e := g.end.from(j)
		for i := 0; i < m; i += height {
			rows, x := min(height, m-i), a[i*rs:]
			if rs == 0 {
				x = a[i*g.kc:]
			}
			c := g.c[(i0+i)*g.ldc+j:]
			if n > tileN {
				pair(rows, n, g.kc, x, max(1, rs), ks, b, bs, gap, c, g.ldc, g.add, e)
			} else {
				panel(rows, n, g.kc, x, max(1, rs), ks, b, bs, c, g.ldc, g.add, e)
			}
		}
	}
}

func ceil(a, b int) int { return (a + b - 1) / b }
