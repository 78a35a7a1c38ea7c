package kernel

import "sync"

// Weight computes dw, the gradient by the weights, from the input x and dy, the gradient by the output. Every element
// of dw is written.
//
// It is the product of the transposed matrix that Forward multiplies by the weights, K = KH·KW·C/Groups columns, and of
// dy. A piece of work has some of the K rows of dw and some of the pixels; the pixels are cut only as K alone does not
// give enough pieces, and their sums are added in order.
func (g *Conv) Weight(dw, x, dy []Float) {
	k := g.KH * g.KW * (g.C / max(1, g.Groups))
	switch {
	case g.empty():
		clear(dw[:k*g.OC])
		return
	case g.depthwise():
		g.runDepthwise(byWeight, dy, x, dw, Epilogue{})
		return
	case g.linedWeight():
		g.lineWeight(dw, x, dy)
		return
	case g.winogradWins():
		g.winogradWeight(dw, x, dy)
		return
	}
	t := weightTasks.Get().(*weightTask)
	t.g, t.x, t.dy, t.dw = *g, x, dy, dw
	t.k, t.n = k, g.OC/g.Groups
	t.kparts = ceil(k, weightK)
	t.chunks = 1
	pixels := g.N * g.OH * g.OW
	for t.chunks < 8 && t.kparts*g.Groups*t.chunks < 8 && pixels/(2*t.chunks) >= 4*weightP {
		t.chunks *= 2
	}
	t.tap.source = image{x, g.N, g.H, g.W, g.C}
	t.tap.target = grid{nil, g.N, g.OH, g.OW, g.OH, g.OW, g.OC, 0, 0, 1, 1}
	t.tap.stepH, t.tap.stepW = g.StrideH, g.StrideW
	t.tap.h, t.tap.w = t.tap.h[:0], t.tap.w[:0]
	for kh := range g.KH {
		t.tap.h = append(t.tap.h, offset{at: kh*g.DilationH - g.PadTop})
	}
	for kw := range g.KW {
		t.tap.w = append(t.tap.w, offset{at: kw*g.DilationW - g.PadLeft})
	}
	if need := (t.chunks - 1) * k * g.OC; need > len(t.sums) {
		t.sums = make([]Float, need)
	}
	parallel(t.chunks*t.kparts*g.Groups, 1, t)
	for c := range t.chunks - 1 {
		sum := t.sums[c*k*g.OC:][:k*g.OC]
		for i, v := range sum {
			dw[i] += v
		}
	}
	t.x, t.dy, t.dw, t.tap.source.data = nil, nil, nil, nil
	weightTasks.Put(t)
}

// A block of the matrix has weightP pixels and up to weightK columns.
const (
	weightP = 128
	weightK = 384
)

type weightTask struct {
	g              Conv
	x, dy, dw      []Float
	k, n           int // rows and columns of a group's dw
	kparts, chunks int
	sums           []Float // the sums of all chunks but the first, which goes to dw
	tap            tap     // only what gather needs; a piece of work has its own copy
}

var weightTasks = sync.Pool{New: func() any { return new(weightTask) }}

type weightBuffer struct {
	tap tap
	a   [weightP * (weightK + rowPad)]Float
	b   [weightP * 2 * tileN]Float
}

var weightBuffers = sync.Pool{New: func() any { return new(weightBuffer) }}

func (t *weightTask) run(lo, hi int) {
	buffer := weightBuffers.Get().(*weightBuffer)
	for piece := lo; piece < hi; piece++ {
		part, rest := piece%t.kparts, piece/t.kparts
		t.piece(buffer, part, rest%t.g.Groups, rest/t.g.Groups)
	}
	buffer.tap = tap{}
	weightBuffers.Put(buffer)
}

func (t *weightTask) piece(buffer *weightBuffer, part, group, chunk int) {
	g := &t.g
	p := &buffer.tap
	*p = t.tap
	p.c = g.C / g.Groups
	p.c0 = group * p.c
	p.p0 = t.k * part / t.kparts
	p.kc = t.k*(part+1)/t.kparts - p.p0
	lda := ceil(p.kc, rowPad)*rowPad + rowPad
	pixels := g.N * g.OH * g.OW
	dw := t.dw
	if chunk > 0 {
		dw = t.sums[(chunk-1)*t.k*g.OC:]
	}
	m0, end := pixels*chunk/t.chunks, pixels*(chunk+1)/t.chunks
	for add := false; m0 < end; add = true {
		m := min(weightP, end-m0)
		p.gather(buffer.a[:], lda, m0, m)
		for j := 0; j < t.n; j += 2 * tileN {
			n := min(2*tileN, t.n-j)
			j0 := group*t.n + j
			b, c := t.dy[m0*g.OC+j0:], dw[p.p0*g.OC+j0:]
			packingProduct(buffer.b[:], p.kc, n, m, buffer.a[:], 1, lda, b, g.OC, c, g.OC, add)
		}
		m0 += m
	}
}

// packingProduct computes c = a·b, or adds it to c, for m×k by k×n of at most two panels. Where the rows of b lie apart it packs
// them into buffer, for k·2·tileN numbers, beside the first tile.
func packingProduct(buffer []Float, m, n, k int, a []Float, rs, ks int, b []Float, ldb int, c []Float, ldc int, add bool) {
	bs, gap, done := ldb, tileN, 0
	switch {
	case n == 2*tileN && ldb > 2*tileN:
		done = packPair(buffer, b, ldb, m, k, a, rs, ks, c, ldc, add, Epilogue{})
		b, bs = buffer, 2*tileN
	case ldb > 2*tileN || len(b) < (k-1)*ldb+ceil(n, tileN)*tileN:
		for q := 0; q < n; q += tileN {
			pack(buffer[q*k:], b[q:], ldb, k, min(tileN, n-q))
		}
		b, bs, gap = buffer, tileN, tileN*k
	}
	if done == m {
		return
	}
	pair(m-done, n, k, a[done*rs:], rs, ks, b, bs, gap, c[done*ldc:], ldc, add, Epilogue{})
}
