package kernel

import "sync"

// Winograd's convolution F(4×4, 3×3) (Lavin and Gray 2015, https://arxiv.org/abs/1509.09308): a tile of 4×4 pixels of the output
// and the 6×6 of the input that it sees are polynomials; their product is taken at 6×6 points, with 36 multiplications of numbers
// instead of 144. For each point that is a product of two matrices, tiles × channels and channels × channels. docs/decisions/0013
// has the choice of the points and what it costs in digits.
//
// A piece of work is a block of tiles and a part of the channels of the target. It has its own copy of the transformed input, so
// that pieces share nothing but the transformed weights.
const (
	winTile   = 4                 // pixels of a tile along an axis
	winSide   = winTile + 2       // and of the input that it sees
	winPoints = winSide * winSide // at which products are taken
	winTaps   = 9
	winBlock  = 64 // about how many tiles a piece has
)

// A winograd is a convolution by Winograd's algorithm from source to target under way, forward or by the input.
type winograd struct {
	tiling
	target  image
	weights []Float // 3×3×C×OC as they are given
	ldw     int
	turned  bool // multiply by the transposed, rotated weights
	end     Epilogue
	work    func(t *winograd, b *winogradBuffer, piece int)
	points  []Float // what all pieces share: the transformed weights, or of few tiles those
	parts   int     // in which the channels of the target are cut

	prepared []Float // the transformed weights, if they were there before
}

// A tiling cuts an output of oh×ow pixels in tiles, each of which sees part of the source.
type tiling struct {
	source       image
	oh, ow       int
	top, left    int // padding
	down, across int // tiles
	rows         int // of tiles in a block
}

func newTiling(source image, oh, ow, top, left int) tiling {
	t := tiling{source: source, oh: oh, ow: ow, top: top, left: left, down: ceil(oh, winTile), across: ceil(ow, winTile)}
	t.rows = min(source.n*t.down, max(1, winBlock/t.across))
	return t
}

// blocks returns how many blocks of tiles there are, lines the rows of tiles of one of them.
func (t *tiling) blocks() int { return ceil(t.source.n*t.down, t.rows) }

func (t *tiling) lines(block int) (lo, hi int) {
	return block * t.rows, min((block+1)*t.rows, t.source.n*t.down)
}

// winogradWins reports whether the algorithm is the faster one: enough channels for the products to outweigh the transforms, enough
// tiles to outweigh that of the weights, and few pixels of tiles outside the output.
func (g *Conv) winogradWins() bool {
	if g.KH != 3 || g.KW != 3 || g.StrideH != 1 || g.StrideW != 1 || g.DilationH != 1 || g.DilationW != 1 || g.Groups != 1 {
		return false
	}
	tiles := g.N * ceil(g.OH, winTile) * ceil(g.OW, winTile)
	return !winogradOff && min(g.C, g.OC) >= 16 && tiles >= 12 && 2*tiles*winTile*winTile <= 3*g.N*g.OH*g.OW
}

// winogradOff is set by tests that compare with the direct algorithm.
var winogradOff bool

var (
	winograds       jobs[winograd, *winograd]
	winogradBuffers = sync.Pool{New: func() any { return new(winogradBuffer) }}
	winogradShareds shelf[winogradShared]
)

// A winogradShared is what the pieces of a convolution share: transformed weights or tiles, or the sums of the gradients.
type winogradShared struct{ points, zeros, ones []Float }

// A winogradBuffer is what a piece of work writes to.
type winogradBuffer struct{ rows, strip, data, sums, taps, half, filter []Float }

// newWinograd returns the forward convolution.
func (g *Conv) newWinograd(y, x, w []Float, e Epilogue) winograd {
	t := winograd{tiling: newTiling(image{x, g.N, g.H, g.W, g.C}, g.OH, g.OW, g.PadTop, g.PadLeft), weights: w, ldw: g.OC, end: e}
	t.target = image{y, g.N, g.OH, g.OW, g.OC}
	return t
}

// winogradInput is a convolution of dy by the weights turned by half a circle, from the channels of the output to those of the
// input.
func (g *Conv) winogradInput(dx, dy, w []Float) {
	t := winograd{tiling: newTiling(image{dy, g.N, g.OH, g.OW, g.OC}, g.H, g.W, 2-g.PadTop, 2-g.PadLeft), weights: w, ldw: g.OC}
	t.target, t.turned = image{dx, g.N, g.H, g.W, g.C}, true
	t.compute()
}

// compute transforms the weights of all channels first and then goes over the blocks of tiles. If there is one block alone, its
// weights are more than its tiles: then it transforms those first, and the weights of a few channels just before they are used.
func (t *winograd) compute() {
	shared := winogradShareds.get()
	t.end = shared.normalizing(t.end, t.target.c)
	panels := ceil(t.target.c, tileN)
	if t.blocks() == 1 {
		t.share(shared, t.rows*t.across*t.source.c)
		t.do((*winograd).see, t.rows)
		t.do((*winograd).channels, ceil(panels, 2))
	} else {
		if t.points = t.prepared; t.points == nil {
			t.share(shared, panels*t.source.c*tileN)
			t.do((*winograd).prepare, panels)
		}
		t.parts = min(ceil(4, t.blocks()), ceil(panels, 2))
		t.do((*winograd).block, t.blocks()*t.parts)
	}
	winogradShareds.put(shared)
}

// share takes memory for n numbers at every point.
func (t *winograd) share(shared *winogradShared, n int) {
	shared.points = resized(shared.points, winPoints*n)
	t.points = shared.points
}

// do runs so many pieces of work.
func (t *winograd) do(work func(t *winograd, b *winogradBuffer, piece int), pieces int) {
	t.work = work
	winograds.do(pieces, 1, *t)
}

// normalizing returns e, if there is something to do, as one that normalizes n columns: that is done to many rows at once.
func (s *winogradShared) normalizing(e Epilogue, n int) Epilogue {
	if e.Factor != nil || e.Bias == nil && !e.ReLU {
		return e
	}
	if len(s.zeros) < n {
		s.zeros, s.ones = make([]Float, n), make([]Float, n)
		for i := range s.ones {
			s.ones[i] = 1
		}
	}
	e.Centre, e.Factor = s.zeros, s.ones
	if e.Bias == nil {
		e.Bias = s.zeros
	}
	return e
}

func (t *winograd) run(lo, hi int) {
	b := winogradBuffers.Get().(*winogradBuffer)
	for piece := lo; piece < hi; piece++ {
		t.work(t, b, piece)
	}
	winogradBuffers.Put(b)
}

// see transforms a line of tiles of the only block.
func (t *winograd) see(b *winogradBuffer, line int) {
	t.transform(b, t.points[line*t.across*t.source.c:], t.rows*t.across, line, line+1, 0, t.source.c)
}

// channels computes two panels of the target's channels in the only block.
func (t *winograd) channels(b *winogradBuffer, pair int) {
	size := t.source.c * tileN
	first, last := pair*2*tileN, min((pair+1)*2*tileN, t.target.c)
	if t.prepared != nil {
		t.piece(b, t.points, t.prepared[first*t.source.c:], ceil(t.target.c, tileN)*size, 0, first, last)
		return
	}
	b.filter = resized(b.filter, winPoints*2*size)
	for i := range ceil(last-first, tileN) {
		t.transformWeights(b, b.filter[i*size:], 2*size, 2*pair+i)
	}
	t.piece(b, t.points, b.filter, 2*size, 0, first, last)
}

// prepare transforms the weights of a panel of the target's channels.
func (t *winograd) prepare(b *winogradBuffer, panel int) {
	size := t.source.c * tileN
	t.transformWeights(b, t.points[panel*size:], ceil(t.target.c, tileN)*size, panel)
}

// block computes some channels of the target in a block of tiles.
func (t *winograd) block(b *winogradBuffer, piece int) {
	block, part, panels, c := piece/t.parts, piece%t.parts, ceil(t.target.c, 2*tileN), t.source.c
	first, last := panels*part/t.parts*2*tileN, min(panels*(part+1)/t.parts*2*tileN, t.target.c)
	lo, hi := t.lines(block)
	tiles := (hi - lo) * t.across
	b.data = resized(b.data, winPoints*tiles*c)
	t.transform(b, b.data, tiles, lo, hi, 0, c)
	t.piece(b, b.data, t.points[first*c:], ceil(t.target.c, tileN)*c*tileN, block, first, last)
}

// transformWeights writes the weights of a panel of the target's channels at the points, which lie apart in filter: channels of the
// source × tileN.
func (t *winograd) transformWeights(b *winogradBuffer, filter []Float, apart, panel int) {
	c, j := t.source.c, panel*tileN
	size := c * tileN
	b.taps, b.half = resized(b.taps, winTaps*size), resized(b.half, 3*winSide*size)
	n := min(tileN, t.target.c-j)
	for i := range winTaps {
		if t.turned {
			packTransposed(b.taps[i*size:], t.weights[((winTaps-1-i)*t.target.c+j)*t.ldw:], t.ldw, c, n)
		} else {
			pack(b.taps[i*size:], t.weights[i*c*t.ldw+j:], t.ldw, c, n)
		}
	}
	winogradFilter(vectors{b.half, 3 * size, 0}, vectors{b.taps, 3 * size, 0}, 3*size, 1)
	for u := range winSide {
		winogradFilter(vectors{filter[u*winSide*apart:], apart, 0}, vectors{b.half[3*u*size:], size, 0}, size, 1)
	}
}

// piece computes the channels first to last of the target in a block of tiles, from what these are at the points, and the weights of
// these channels, which lie apart from one point to the next.
func (t *winograd) piece(b *winogradBuffer, data, filter []Float, apart, block, first, last int) {
	lo, hi := t.lines(block)
	tiles, c, n := (hi-lo)*t.across, t.source.c, last-first
	b.sums = resized(b.sums, winPoints*tiles*n)
	for p := range winPoints {
		for j := 0; j < n; j += 2 * tileN {
			a, w, y := data[p*tiles*c:], filter[p*apart+j*c:], b.sums[p*tiles*n+j:]
			pair(tiles, min(2*tileN, n-j), c, a, c, 1, w, tileN, tileN*c, y, n, false, Epilogue{})
		}
	}
	// Along the columns, in place; then along the rows, into the target.
	plane := tiles * n
	for v := range winSide {
		column := vectors{b.sums[v*plane:], winSide * plane, 0}
		winogradOutput(column, column, plane, 1)
	}
	b.rows = resized(b.rows, winTile*n)
	whole := t.ow / winTile // tiles in a row that lie within the target
	for line := lo; line < hi; line++ {
		image, i := line/t.down, line%t.down
		for y := i * winTile; y < min((i+1)*winTile, t.oh); y++ {
			row := (image*t.oh + y) * t.ow // its first pixel
			sums := b.sums[(y%winTile)*winSide*plane+(line-lo)*t.across*n:]
			winogradOutput(vectors{t.target.data[row*t.target.c+first:], t.target.c, winTile * t.target.c}, vectors{sums, plane, n}, n, whole)
			if whole < t.across {
				winogradOutput(vectors{b.rows, n, 0}, vectors{sums[whole*n:], plane, 0}, n, 1)
				for x := whole * winTile; x < t.ow; x++ {
					copy(t.target.data[(row+x)*t.target.c+first:][:n], b.rows[x%winTile*n:])
				}
			}
			t.end.apply(t.target.data, t.target.c, row, t.ow, first, n)
		}
	}
}

// transform writes what the tiles of some lines see in the channels c0 to c0+c of the source at the points: winPoints × tiles × c, of
// which data begins with the tiles of the first line.
func (t *tiling) transform(b *winogradBuffer, data []Float, tiles, lo, hi, c0, c int) {
	s := &t.source
	width := t.across*winTile + 2 // columns of the source, with padding, that a line sees
	b.strip = resized(b.strip, winSide*width*c)
	clear(b.strip)
	from, to := max(0, t.left), min(width, s.w+t.left) // those within the source
	inside := max(0, to-from)
	for line := lo; line < hi; line++ {
		y := line%t.down*winTile - t.top
		var rows vectors
		switch {
		case inside == 0:
		case c == s.c && y >= 0 && y+winSide <= s.h:
			rows = vectors{s.data[((line/t.down*s.h+y)*s.w+from-t.left)*c:], s.w * c, 0}
		default:
			rows = t.gather(b, line/t.down, y, from-t.left, inside, c0, c)
		}
		winogradData(vectors{b.strip[min(from, width)*c:], width * c, 0}, rows, inside*c, 1)
		for u := range winSide {
			at := vectors{data[(u*winSide*tiles+(line-lo)*t.across)*c:], tiles * c, c}
			winogradData(at, vectors{b.strip[u*width*c:], c, winTile * c}, c, t.across)
		}
	}
}

// gather copies six rows of a picture, from pixel y, x on and width pixels long, that do not all lie in it, or some channels of
// them.
func (t *tiling) gather(b *winogradBuffer, n, y, x, width, c0, c int) vectors {
	s := &t.source
	size := width * c
	b.rows = resized(b.rows, winSide*size)
	for i := range winSide {
		row := b.rows[i*size:][:size]
		if y+i < 0 || y+i >= s.h {
			clear(row)
			continue
		}
		line := s.data[((n*s.h+y+i)*s.w+x)*s.c+c0:]
		for j := range width {
			copy(row[j*c:][:c], line[j*s.c:])
		}
	}
	return vectors{b.rows, size, 0}
}
