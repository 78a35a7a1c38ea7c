package kernel

import "sync"

// A Conv is the geometry of a two-dimensional convolution, channels last. The padding after the end follows from OH and
// OW. A one-dimensional convolution has H = KH = 1.
//
// Every output pixel is Σ over kh, kw of the row of C/Groups values at input pixel
//
//	(oh·StrideH + kh·DilationH − PadTop, ow·StrideW + kw·DilationW − PadLeft)
//
// times the matrix w[kh, kw]; pixels outside the image are zero.
type Conv struct {
	N, H, W, C           int // the input, N×H×W×C
	OH, OW, OC           int // the output, N×OH×OW×OC
	KH, KW               int
	StrideH, StrideW     int
	PadTop, PadLeft      int
	DilationH, DilationW int
	Groups               int // the q-th part of the output comes from the q-th part of the input channels
}

// Forward computes y, N×OH×OW×OC, from x, N×H×W×C, and w, KH×KW×(C/Groups)×OC.
func (g *Conv) Forward(y, x, w []Float) { g.ForwardEpilogue(y, x, w, Epilogue{}) }

// ForwardEpilogue is Forward with an epilogue.
func (g *Conv) ForwardEpilogue(y, x, w []Float, e Epilogue) {
	switch {
	case g.empty():
		clear(y[:g.N*g.OH*g.OW*g.OC])
		e.apply(y, g.OC, 0, g.N*g.OH*g.OW, 0, g.OC)
	case g.pointwise():
		GemmEpilogue(g.N*g.H*g.W, g.OC, g.C, x, g.C, false, w, g.OC, false, y, g.OC, false, e)
	case g.depthwise():
		g.runDepthwise(forward, y, x, w, e)
	case g.lined():
		g.lineForward(y, x, w, e)
	case g.winogradWins():
		t := g.newWinograd(y, x, w, e)
		t.compute()
	case g.few():
		g.fewForward(y, x, w, nil, e)
	default:
		t := g.forwardTap(y, x, w, e)
		for q := range g.Groups {
			t.c0, t.c = q*(g.C/g.Groups), g.C/g.Groups
			t.n0, t.n = q*(g.OC/g.Groups), g.OC/g.Groups
			t.w0 = t.n0
			t.product()
		}
		t.free()
	}
}

// forwardTap returns the forward convolution, without the channels that are read and written.
func (g *Conv) forwardTap(y, x, w []Float, e Epilogue) *tap {
	t := taps.Get().(*tap)
	t.source = image{x, g.N, g.H, g.W, g.C}
	t.target = grid{y, g.N, g.OH, g.OW, g.OH, g.OW, g.OC, 0, 0, 1, 1}
	t.stepH, t.stepW = g.StrideH, g.StrideW
	t.h, t.w = t.h[:0], t.w[:0]
	for kh := range g.KH {
		t.h = append(t.h, offset{kh*g.DilationH - g.PadTop, kh * g.KW * g.C / g.Groups * g.OC})
	}
	for kw := range g.KW {
		t.w = append(t.w, offset{kw*g.DilationW - g.PadLeft, kw * g.C / g.Groups * g.OC})
	}
	t.weight, t.ldw, t.transposed, t.end = w, g.OC, false, e
	return t
}

// Input computes dx, the gradient by the input, from dy, the gradient by the output, and w. It is the adjoint of
// Forward, and so the transposed convolution. Every element of dx is written.
func (g *Conv) Input(dx, dy, w []Float) {
	switch {
	case g.empty():
		clear(dx[:g.N*g.H*g.W*g.C])
	case g.pointwise():
		Gemm(g.N*g.H*g.W, g.C, g.OC, dy, g.OC, false, w, g.OC, true, dx, g.C, false)
	case g.depthwise():
		g.runDepthwise(byInput, dy, dx, w, Epilogue{})
	case g.scattered():
		g.scatterInput(dx, dy, w)
	case g.winogradWins():
		g.winogradInput(dx, dy, w)
	default:
		// The pixels of dx that are one stride apart see the same taps: each such set is a convolution of dy without
		// stride.
		t := taps.Get().(*tap)
		t.source = image{dy, g.N, g.OH, g.OW, g.OC}
		t.stepH, t.stepW = 1, 1
		t.weight, t.ldw, t.transposed, t.end = w, g.OC, true, Epilogue{}
		for ph := range min(g.StrideH, g.H) {
			t.h = t.h[:0]
			for kh := g.KH - 1; kh >= 0; kh-- { // backward, so that the offsets ascend
				if d := ph + g.PadTop - kh*g.DilationH; d%g.StrideH == 0 {
					t.h = append(t.h, offset{d / g.StrideH, kh * g.KW * g.C / g.Groups * g.OC})
				}
			}
			for pw := range min(g.StrideW, g.W) {
				t.w = t.w[:0]
				for kw := g.KW - 1; kw >= 0; kw-- {
					if d := pw + g.PadLeft - kw*g.DilationW; d%g.StrideW == 0 {
						t.w = append(t.w, offset{d / g.StrideW, kw * g.C / g.Groups * g.OC})
					}
				}
				t.target = grid{dx, g.N, ceil(g.H-ph, g.StrideH), ceil(g.W-pw, g.StrideW), g.H, g.W, g.C,
					ph, pw, g.StrideH, g.StrideW}
				for q := range g.Groups {
					t.c0, t.c = q*(g.OC/g.Groups), g.OC/g.Groups
					t.n0, t.n = q*(g.C/g.Groups), g.C/g.Groups
					t.w0 = t.c0
					t.product()
				}
			}
		}
		t.free()
	}
}

func (g *Conv) empty() bool { return g.N*g.H*g.W*g.C*g.KH*g.KW*g.OH*g.OW*g.OC == 0 }

// pointwise reports whether the convolution is one product of matrices.
func (g *Conv) pointwise() bool {
	return g.KH == 1 && g.KW == 1 && g.StrideH == 1 && g.StrideW == 1 && g.Groups == 1 &&
		g.PadTop == 0 && g.PadLeft == 0 && g.OH == g.H && g.OW == g.W
}

// An image is what a convolution reads.
type image struct {
	data       []Float
	n, h, w, c int
}

// A grid is a set of pixels of an image that a convolution writes: n×gh×gw of the n×h×w, from (h0, w0) on, (sh, sw)
// apart.
type grid struct {
	data   []Float
	n      int
	gh, gw int
	h, w   int
	c      int
	h0, w0 int
	sh, sw int
}

// An offset is a tap of the kernel along one axis: where it reads, relative to the pixel that it writes, and where its
// weights are.
type offset struct{ at, weight int }

// A tap is a convolution under way, in either direction: pixel (i, j) of the target's grid is the sum over the offsets
// h and w of the source's pixel (i·stepH + h.at, j·stepW + w.at) times a matrix. It is the product of a matrix with a
// row for every pixel, which is made a block at a time, and of the weights.
type tap struct {
	source       image
	target       grid
	stepH, stepW int
	h, w         []offset
	c0, c        int // the channels of the source that are read
	n0, n        int // the channels of the target that are written
	weight       []Float
	w0, ldw      int      // where the group's weights begin; the length of a row of them
	transposed   bool     // the weights are stored as n×c
	end          Epilogue // of the target's channels; only for a dense target

	packing bool
	j0, nc  int // columns of the block of weights
	p0, kc  int // its rows
	add     bool
	last    bool // the sums are complete behind this block
	rows    int  // pixels in a piece of work
	packed  *[convK * blockN]Float
}

var taps = sync.Pool{New: func() any { return &tap{packed: new([convK * blockN]Float)} }}

func (t *tap) free() {
	t.source.data, t.target.data, t.weight, t.end = nil, nil, nil, Epilogue{}
	taps.Put(t)
}

func (t *tap) product() {
	k := len(t.h) * len(t.w) * t.c
	pixels := t.target.n * t.target.gh * t.target.gw
	if k == 0 { // no tap reaches these pixels
		for m := range pixels {
			clear(t.target.pixel(m)[t.n0:][:t.n])
		}
		return
	}
	t.rows = convRows
	if pieces := ceil(pixels, convRows); pieces > 0 && pieces < 4 { // few pixels, as in inference: pieces of one size
		t.rows = ceil(pixels, pieces+pieces%2)
	}
	for t.j0 = 0; t.j0 < t.n; t.j0 += t.nc {
		t.nc = min(blockN, t.n-t.j0)
		parts := ceil(k, convK)
		for p := range parts {
			t.p0 = k * p / parts
			t.kc = k*(p+1)/parts - t.p0
			t.add, t.last = p > 0, p == parts-1
			t.packing = true
			parallel(ceil(t.nc, tileN), max(1, smallPiece/(t.kc*tileN)), t)
			t.packing = false
			parallel(ceil(pixels, t.rows), max(1, smallPiece/(t.rows*t.kc*ceil(t.nc, tileN)*tileN)), t)
		}
	}
}

// A piece of work with fewer multiplications than this, or as many elements moved, is not worth the trouble of handing
// it out.
const smallPiece = 1 << 16

// pixel returns the channels of pixel m of the grid.
func (g *grid) pixel(m int) []Float {
	j, i := m%g.gw, m/g.gw
	i, n := i%g.gh, i/g.gh
	return g.data[((n*g.h+g.h0+i*g.sh)*g.w+g.w0+j*g.sw)*g.c:][:g.c]
}

// dense reports whether the grid is the whole image, so that its pixels follow one another.
func (g *grid) dense() bool { return g.gh == g.h && g.gw == g.w }

// A piece of work has convRows pixels and takes convK of the sums at a time: all of them for 3×3 taps of 64 channels.
const (
	convRows = 48
	convK    = 576
)

type convBuffer struct {
	a [convRows * (convK + rowPad)]Float // the matrix
	c [convRows * blockN]Float           // the sums for a grid that is not dense
}

var convBuffers = sync.Pool{New: func() any { return new(convBuffer) }}

func (t *tap) run(lo, hi int) {
	if t.packing {
		for q := lo; q < hi; q++ {
			t.pack(q)
		}
		return
	}
	buffer := convBuffers.Get().(*convBuffer)
	for piece := lo; piece < hi; piece++ {
		t.piece(buffer, piece*t.rows)
	}
	convBuffers.Put(buffer)
}

// piece computes the pixels from m0 on.
func (t *tap) piece(buffer *convBuffer, m0 int) {
	pixels := t.target.n * t.target.gh * t.target.gw
	m := min(t.rows, pixels-m0)
	lda := ceil(t.kc, rowPad)*rowPad + rowPad
	t.gather(buffer.a[:], lda, m0, m)
	// Sums of a grid that is not dense go through the buffer.
	c, ldc := buffer.c[:], t.nc
	if dense := t.target.dense(); dense {
		c, ldc = t.target.data[m0*t.target.c+t.n0+t.j0:], t.target.c
	} else {
		defer t.spread(c, m0, m)
		if t.add {
			t.collect(c, m0, m)
		}
	}
	end := Epilogue{}
	if t.last {
		end = t.end.inTile().from(t.n0 + t.j0)
	}
	for j := 0; j < t.nc; j += 2 * tileN {
		pair(m, min(2*tileN, t.nc-j), t.kc, buffer.a[:], lda, 1, t.packed[j*t.kc:], tileN, tileN*t.kc, c[j:], ldc, t.add, end.from(j))
	}
	if t.last {
		t.end.behind(t.target.data, t.target.c, m0, m, t.n0+t.j0, t.nc)
	}
}

// collect copies the block's columns of m pixels from m0 on to c, one pixel after the other.
func (t *tap) collect(c []Float, m0, m int) {
	for i := range m {
		copy(c[i*t.nc:][:t.nc], t.target.pixel(m0 + i)[t.n0+t.j0:])
	}
}

// spread is the opposite of collect.
func (t *tap) spread(c []Float, m0, m int) {
	for i := range m {
		copy(t.target.pixel(m0 + i)[t.n0+t.j0:], c[i*t.nc:][:t.nc])
	}
}

// pack packs panel q of the block of weights.
func (t *tap) pack(q int) {
	dst := t.packed[q*tileN*t.kc:]
	j := t.j0 + q*tileN
	n := min(tileN, t.nc-q*tileN)
	for p := 0; p < t.kc; { // a tap, or what is left of it, at a time
		i, c := (t.p0+p)/t.c, (t.p0+p)%t.c
		k := min(t.c-c, t.kc-p)
		w := t.weight[t.h[i/len(t.w)].weight+t.w[i%len(t.w)].weight+t.w0:]
		if t.transposed {
			packTransposed(dst[p*tileN:], w[j*t.ldw+c:], t.ldw, k, n)
		} else {
			pack(dst[p*tileN:], w[c*t.ldw+j:], t.ldw, k, n)
		}
		p += k
	}
}

// gather writes the rows of the matrix for m pixels from m0 on, columns p0 to p0+kc: what each tap reads, one tap after
// the other. What lies between kc and lda may be overwritten.
func (t *tap) gather(dst []Float, lda, m0, m int) {
	s := &t.source
	j, i := m0%t.target.gw, m0/t.target.gw
	i, n := i%t.target.gh, i/t.target.gh
	span := len(t.w) * t.c
	contiguous := t.c == s.c && ascending(t.w)
	if contiguous && span <= narrowRun && t.kc == span*len(t.h) {
		t.gatherNarrow(dst, lda, m, n, i, j)
		return
	}
	end := t.p0 + t.kc
	for r := range m {
		row := dst[r*lda:][:t.kc]
		for ih := t.p0 / span; ih*span < end; ih++ {
			lo, hi := max(t.p0, ih*span), min(end, (ih+1)*span)
			d := row[lo-t.p0 : hi-t.p0]
			lo, hi = lo-ih*span, hi-ih*span // within this row of taps
			y := i*t.stepH + t.h[ih].at
			if y < 0 || y >= s.h {
				clear(d)
				continue
			}
			line := s.data[(n*s.h+y)*s.w*s.c:][:s.w*s.c]
			if contiguous {
				from := (j*t.stepW+t.w[0].at)*s.c + lo // may begin before the line and end behind it
				copyClipped(d, line, from)
				continue
			}
			for p := lo; p < hi; {
				c := p % t.c
				k := min(t.c-c, hi-p)
				part := d[p-lo:][:k]
				if x := j*t.stepW + t.w[p/t.c].at; x < 0 || x >= s.w {
					clear(part)
				} else {
					copy(part, line[x*s.c+t.c0+c:])
				}
				p += k
			}
		}
		if j++; j == t.target.gw {
			j = 0
			if i++; i == t.target.gh {
				i = 0
				n++
			}
		}
	}
}

// narrowRun is the longest row of taps that gatherNarrow is for.
const narrowRun = 64

// gatherNarrow is gather where a row of taps reads a few consecutive elements: the runs of all pixels in a row of the
// grid are copied together, rounded up in length. What is too much is overwritten by the next row of taps, or lies in
// the padding of the matrix's row.
func (t *tap) gatherNarrow(dst []Float, lda, m, n, i, j int) {
	s := &t.source
	span := len(t.w) * t.c
	run := ceil(span, 8) * 8
	width := s.w * s.c
	step := t.stepW * s.c
	for r := 0; r < m; {
		pixels := min(t.target.gw-j, m-r)
		x := (j*t.stepW + t.w[0].at) * s.c // where the first run begins in its line
		// The pixels first to last−1 have their whole run within the line.
		first, last := 0, 0
		if x < 0 {
			first = min(pixels, ceil(-x, step))
		}
		if x+span <= width {
			last = min(pixels, (width-span-x)/step+1)
		}
		last = max(first, last)
		for ih, h := range t.h {
			d := dst[r*lda+ih*span:]
			y := i*t.stepH + h.at
			if y < 0 || y >= s.h {
				for p := range pixels {
					clear(d[p*lda:][:span])
				}
				continue
			}
			at := (n*s.h + y) * width
			whole := last
			for whole > first && at+x+(whole-1)*step+run > len(s.data) { // the rounded run would leave the image
				whole--
			}
			if whole > first {
				copyRuns(d[first*lda:], lda, s.data[at+x+first*step:], step, run, whole-first)
			}
			for p := 0; p < pixels; p++ {
				if p == first {
					p = whole
				}
				if p < pixels {
					copyClipped(d[p*lda:][:span], s.data[at:][:width], x+p*step)
				}
			}
		}
		r += pixels
		j = 0
		if i++; i == t.target.gh {
			i = 0
			n++
		}
	}
}

// ascending reports whether taps read neighbouring pixels.
func ascending(w []offset) bool {
	for i := range w {
		if w[i].at != w[0].at+i {
			return false
		}
	}
	return true
}

// copyClipped copies src[from:] to dst, as if src had zeros before its beginning and behind its end.
func copyClipped(dst, src []Float, from int) {
	if from < 0 {
		k := min(-from, len(dst))
		clear(dst[:k])
		dst, from = dst[k:], 0
	}
	k := 0
	if from < len(src) {
		k = copy(dst, src[from:])
	}
	clear(dst[k:])
}
