package kernel

// A winogradWeight is the gradient by the weights, the adjoint of the forward convolution in its weights: at each point, the
// transposed input, channels × tiles, times what the adjoint of the output's transform makes of dy, tiles × channels. A piece of
// work has some of the input's channels and some of the blocks of tiles, and sums of its own, which are added in order.
type winogradWeight struct {
	tiling
	dy            image
	dw            []Float
	sums          []Float // of each piece: winPoints × channels of the input × those of the output
	width         int     // channels of the input in a piece
	splits        int     // pieces side by side
	chunks        int     // pieces one behind the other
	finishing     bool
	parts, finish int // into how many parts the sums of a split are cut at the end, and how long they are
}

// winWeightSums is about how many sums a piece has.
const winWeightSums = 1 << 19

var winogradWeights jobs[winogradWeight, *winogradWeight]

func (g *Conv) winogradWeight(dw, x, dy []Float) {
	t := winogradWeight{tiling: newTiling(image{x, g.N, g.H, g.W, g.C}, g.OH, g.OW, g.PadTop, g.PadLeft), dw: dw}
	t.dy = image{dy, g.N, g.OH, g.OW, g.OC}
	t.width = min(g.C, max(64, winWeightSums/(winPoints*g.OC)/tileN*tileN))
	t.splits = ceil(g.C, t.width)
	t.chunks = min(t.blocks(), ceil(8, t.splits))
	shared := winogradShareds.get()
	shared.points = resized(shared.points, t.splits*t.chunks*winPoints*t.width*g.OC)
	t.sums = shared.points
	winogradWeights.do(t.splits*t.chunks, 1, t)
	t.finishing = true
	t.parts = ceil(t.width*g.OC, grain)
	t.finish = ceil(t.width*g.OC, t.parts)
	winogradWeights.do(t.splits*t.parts, 1, t)
	winogradShareds.put(shared)
}

func (t *winogradWeight) run(lo, hi int) {
	b := winogradBuffers.Get().(*winogradBuffer)
	for piece := lo; piece < hi; piece++ {
		if t.finishing {
			t.end(b, piece/t.parts, piece%t.parts)
		} else {
			t.piece(b, piece/t.chunks, piece%t.chunks)
		}
	}
	winogradBuffers.Put(b)
}

// of returns the sums of a piece and how many channels of the input it has.
func (t *winogradWeight) of(split, chunk int) (sums []Float, c int) {
	size := winPoints * t.width * t.dy.c
	return t.sums[(split*t.chunks+chunk)*size:][:size], min(t.width, t.source.c-split*t.width)
}

// piece sums over a chunk of the blocks.
func (t *winogradWeight) piece(b *winogradBuffer, split, chunk int) {
	sums, c := t.of(split, chunk)
	n, blocks := t.dy.c, t.blocks()
	first := blocks * chunk / t.chunks
	for block := first; block < blocks*(chunk+1)/t.chunks; block++ {
		lo, hi := t.lines(block)
		tiles := (hi - lo) * t.across
		b.data = resized(b.data, winPoints*tiles*c)
		t.transform(b, b.data, tiles, lo, hi, split*t.width, c)
		t.transformOutput(b, lo, hi)
		b.taps = resized(b.taps, tiles*2*tileN+tileN)
		for p := range winPoints {
			a, y := b.data[p*tiles*c:], sums[p*c*n:]
			for j := 0; j < n; j += 2 * tileN {
				packingProduct(b.taps, c, min(2*tileN, n-j), tiles, a, 1, c, b.sums[p*tiles*n+j:], n, y[j:], n, block > first)
			}
		}
	}
}

// transformOutput writes what the tiles of some lines are in dy at the points: winPoints × tiles × channels.
func (t *winogradWeight) transformOutput(b *winogradBuffer, lo, hi int) {
	n := t.dy.c
	tiles := (hi - lo) * t.across
	width := t.across * winTile
	b.sums, b.strip = resized(b.sums, winPoints*tiles*n), resized(b.strip, winSide*width*n)
	clear(b.strip)
	for line := lo; line < hi; line++ {
		image, y := line/t.down, line%t.down*winTile
		rows := vectors{t.dy.data[((image*t.oh)+y)*t.ow*n:], t.ow * n, 0}
		if y+winTile > t.oh {
			b.rows = resized(b.rows, winTile*t.ow*n)
			clear(b.rows[copy(b.rows, rows.data[:(t.oh-y)*t.ow*n]):])
			rows.data = b.rows
		}
		winogradOutputAdjoint(vectors{b.strip, width * n, 0}, rows, t.ow*n, 1)
		for u := range winSide {
			at := vectors{b.sums[(u*winSide*tiles+(line-lo)*t.across)*n:], tiles * n, n}
			winogradOutputAdjoint(at, vectors{b.strip[u*width*n:], n, winTile * n}, n, t.across)
		}
	}
}

// end adds the chunks of a part of the sums of a split, and transforms them to gradients of the weights.
func (t *winogradWeight) end(b *winogradBuffer, split, part int) {
	total, c := t.of(split, 0)
	size := c * t.dy.c
	lo, hi := min(size, part*t.finish), min(size, (part+1)*t.finish)
	n := hi - lo
	if n == 0 {
		return
	}
	for chunk := 1; chunk < t.chunks; chunk++ {
		sums, _ := t.of(split, chunk)
		for p := range winPoints {
			Add.Apply(total[p*size+lo:][:n], total[p*size+lo:][:n], sums[p*size+lo:][:n])
		}
	}
	b.half = resized(b.half, 3*winSide*n)
	for u := range winSide {
		winogradFilterAdjoint(vectors{b.half[3*u*n:], n, 0}, vectors{total[u*winSide*size+lo:], size, 0}, n, 1)
	}
	plane := t.source.c * t.dy.c
	for kw := range 3 {
		winogradFilterAdjoint(vectors{t.dw[kw*plane+split*t.width*t.dy.c+lo:], 3 * plane, 0}, vectors{b.half[kw*n:], 3 * n, 0}, n, 1)
	}
}
