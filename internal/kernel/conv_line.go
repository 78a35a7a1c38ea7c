package kernel

import "sync"

// lined reports whether the forward convolution is that of pictures of one channel, see lineConv.
func (g *Conv) lined() bool {
	return g.C == 1 && g.KH > 1 && g.KW > 1 && g.KH*g.KW <= blockK && g.DilationH == 1 && g.DilationW == 1 && g.OW >= 8
}

// linedWeight reports whether the gradient by the weights is had the same way, see lineWeight: where the columns of a tile
// are filled better by the numbers that a pixel sees than by its few channels.
func (g *Conv) linedWeight() bool {
	k := g.KH * g.KW
	return g.lined() && g.OC*ceil(k, tileN) < k*ceil(g.OC, tileN)
}

// A lineConv is the forward convolution of pictures of one channel. The rows of the picture that a row of the output sees
// are written beside one another, column after column: the KW·KH numbers that a pixel sees then follow one another, and
// those of the next pixel begin StrideW·KH later. So the matrix of the product is there without a copy for every pixel.
// The place of a row among the KH is its number modulo KH, so that the next row of the output keeps those that it sees
// too, and finds them in another order: that of the weights of its phase.
type lineConv struct {
	g       Conv
	y, x    []Float
	weights []Float // for each phase in panels of tileN columns, ordered KW, place as the numbers are
	end     Epilogue
}

type lineBuffer struct{ weights, columns, sums []Float }

var (
	lineConvs   jobs[lineConv, *lineConv]
	lineBuffers = sync.Pool{New: func() any { return new(lineBuffer) }}
)

func (g *Conv) lineForward(y, x, w []Float, e Epilogue) {
	buffer := lineBuffers.Get().(*lineBuffer)
	k := g.KH * g.KW
	width := ceil(g.OC, tileN) * tileN
	buffer.weights = resized(buffer.weights, g.KH*k*width)
	for i := range k {
		for phase := range g.KH {
			to := buffer.weights[phase*k*width+g.place(i, phase)*tileN:]
			for j := 0; j < g.OC; j += tileN {
				pack(to[j*k:], w[i*g.OC+j:], g.OC, 1, min(tileN, g.OC-j))
			}
		}
	}
	lineConvs.do(g.N*g.OH, max(1, smallPiece/(g.OW*k*width)), lineConv{*g, y, x, buffer.weights, e})
	lineBuffers.Put(buffer)
}

// place returns where the number of tap i of the kernel, in KH·KW, stands among those that a pixel sees.
func (g *Conv) place(i, phase int) int {
	kh, kw := i/g.KW, i%g.KW
	return kw*g.KH + (phase+kh)%g.KH
}

func (t *lineConv) run(lo, hi int) {
	g := &t.g
	buffer := lineBuffers.Get().(*lineBuffer)
	k := g.KH * g.KW
	width := ceil(g.OC, tileN) * tileN
	buffer.columns = resized(buffer.columns, ((g.OW-1)*g.StrideW+g.KW)*g.KH)
	end := t.end.inTile()
	for row := lo; row < hi; row++ {
		phase := g.lines(buffer.columns, t.x, row, row == lo)
		for j := 0; j < g.OC; j += 2 * tileN {
			b, y := t.weights[(phase*width+j)*k:], t.y[row*g.OW*g.OC+j:]
			pair(g.OW, min(2*tileN, g.OC-j), k, buffer.columns, g.StrideW*g.KH, 1, b, tileN, tileN*k, y, g.OC, false, end.from(j))
		}
		t.end.behind(t.y, g.OC, row*g.OW, g.OW, 0, g.OC)
	}
	lineBuffers.Put(buffer)
}

// lines writes the columns that a row of the output sees, of all rows of all pictures x, and returns the phase of the row.
// Unless they are fresh, the columns are those of the row before.
func (g *Conv) lines(columns, x []Float, row int, fresh bool) (phase int) {
	n, oh := row/g.OH, row%g.OH
	from, to := oh*g.StrideH, oh*g.StrideH+g.KH // rows of the picture, of which the padding is the first
	if fresh || oh == 0 {
		clear(columns)
	} else {
		from = max(from, to-g.StrideH)
	}
	first := max(0, g.PadLeft) // the first column within the picture
	last := max(first, min(len(columns)/g.KH, g.W+g.PadLeft))
	for line := from; line < to; line++ {
		place := columns[min(len(columns), first*g.KH+line%g.KH):]
		h := line - g.PadTop
		if h < 0 || h >= g.H {
			for i := range last - first {
				place[i*g.KH] = 0
			}
			continue
		}
		for i, v := range x[(n*g.H+h)*g.W:][max(0, -g.PadLeft):][:last-first] {
			place[i*g.KH] = v
		}
	}
	return oh * g.StrideH % g.KH
}

// A lineWeight is the gradient by the weights of a convolution of pictures of one channel: for each row of the output, the
// transposed OW×OC of dy times the OW×KW·KH that its pixels see, summed for each phase. A piece of work has sums of its own,
// which are added in the order of the pieces.
type lineWeight struct {
	g     Conv
	x, dy []Float
	sums  []Float // of each piece, KH·KW×OC
	rows  int     // of the output in a piece
}

// linePieces is into how many pieces a lineWeight is cut at most.
const linePieces = 16

var lineWeights jobs[lineWeight, *lineWeight]

func (g *Conv) lineWeight(dw, x, dy []Float) {
	k := g.KH * g.KW
	rows := max(ceil(g.N*g.OH, linePieces), ceil(smallPiece, g.OW*k*g.OC))
	pieces := ceil(g.N*g.OH, rows)
	buffer := lineBuffers.Get().(*lineBuffer)
	buffer.sums = resized(buffer.sums, pieces*k*g.OC)
	lineWeights.do(pieces, 1, lineWeight{*g, x, dy, buffer.sums, rows})
	copy(dw[:k*g.OC], buffer.sums)
	for piece := 1; piece < pieces; piece++ {
		for i, v := range buffer.sums[piece*k*g.OC:][:k*g.OC] {
			dw[i] += v
		}
	}
	lineBuffers.Put(buffer)
}

func (t *lineWeight) run(lo, hi int) {
	g := &t.g
	buffer := lineBuffers.Get().(*lineBuffer)
	k := g.KH * g.KW
	width := ((g.OW-1)*g.StrideW + g.KW) * g.KH
	buffer.columns = resized(buffer.columns, width+2*tileN) // a tile reads whole panels
	columns := buffer.columns[:width]
	buffer.sums = resized(buffer.sums, g.KH*g.OC*k)
	all := buffer.sums // of each phase, OC×KW·KH
	for piece := lo; piece < hi; piece++ {
		clear(all)
		for row := piece * t.rows; row < min((piece+1)*t.rows, g.N*g.OH); row++ {
			sums := all[g.lines(columns, t.x, row, row == piece*t.rows)*g.OC*k:]
			for j := 0; j < k; j += 2 * tileN {
				b := buffer.columns[j:]
				pair(g.OC, min(2*tileN, k-j), g.OW, t.dy[row*g.OW*g.OC:], 1, g.OC, b, g.StrideW*g.KH, tileN, sums[j:], k, true, Epilogue{})
			}
		}
		sums := t.sums[piece*k*g.OC:][:k*g.OC]
		clear(sums)
		for i := range k {
			for phase := range g.KH {
				for o, from := 0, (phase*g.OC)*k+g.place(i, phase); o < g.OC; o, from = o+1, from+k {
					sums[i*g.OC+o] += all[from]
				}
			}
		}
	}
	lineBuffers.Put(buffer)
}
