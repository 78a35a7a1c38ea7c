package kernel

import "sync"

// lined reports whether the forward convolution is that of pictures of one channel, see lineConv.
func (g *Conv) lined() bool {
	return g.C == 1 && g.KH > 1 && g.KW > 1 && g.KH*g.KW <= blockK && g.DilationW == 1 && g.OW >= 8
}

// A lineConv is the forward convolution of pictures of one channel. The rows of the picture that a row of the output sees
// are written beside one another, column after column: the KW·KH numbers that a pixel sees then follow one another, and
// those of the next pixel begin StrideW·KH later. So the matrix of the product is there without a copy for every pixel.
type lineConv struct {
	g       Conv
	y, x    []Float
	weights []Float // in panels of tileN columns, ordered KW, KH as the numbers are
	end     Epilogue
}

type lineBuffer struct{ weights, columns []Float }

var (
	lineConvs   jobs[lineConv, *lineConv]
	lineBuffers = sync.Pool{New: func() any { return new(lineBuffer) }}
)

func (g *Conv) lineForward(y, x, w []Float, e Epilogue) {
	buffer := lineBuffers.Get().(*lineBuffer)
	k := g.KH * g.KW
	width := ceil(g.OC, tileN) * tileN
	buffer.weights = resized(buffer.weights, k*width)
	for j := 0; j < g.OC; j += tileN {
		for i := range k {
			kw, kh := i/g.KH, i%g.KH
			pack(buffer.weights[j*k+i*tileN:], w[(kh*g.KW+kw)*g.OC+j:], g.OC, 1, min(tileN, g.OC-j))
		}
	}
	lineConvs.do(g.N*g.OH, max(1, smallPiece/(g.OW*k*width)), lineConv{*g, y, x, buffer.weights, e})
	lineBuffers.Put(buffer)
}

func (t *lineConv) run(lo, hi int) {
	g := &t.g
	buffer := lineBuffers.Get().(*lineBuffer)
	k := g.KH * g.KW
	buffer.columns = resized(buffer.columns, ((g.OW-1)*g.StrideW+g.KW)*g.KH)
	for row := lo; row < hi; row++ {
		t.gather(buffer.columns, row/g.OH, row%g.OH)
		for j := 0; j < g.OC; j += 2 * tileN {
			n := min(2*tileN, g.OC-j)
			y := t.y[row*g.OW*g.OC+j:]
			if b := t.weights[j*k:]; n > tileN {
				pair(g.OW, n, k, buffer.columns, g.StrideW*g.KH, 1, b, tileN, tileN*k, y, g.OC, false, t.end.from(j))
			} else {
				panel(g.OW, n, k, buffer.columns, g.StrideW*g.KH, 1, b, tileN, y, g.OC, false, t.end.from(j))
			}
		}
	}
	lineBuffers.Put(buffer)
}

// gather writes the columns that row oh of the output of picture n sees.
func (t *lineConv) gather(columns []Float, n, oh int) {
	g := &t.g
	clear(columns)
	first := max(0, g.PadLeft) // the first column within the picture
	last := min(len(columns)/g.KH, g.W+g.PadLeft)
	if first >= last {
		return
	}
	for kh := range g.KH {
		h := oh*g.StrideH + kh*g.DilationH - g.PadTop
		if h < 0 || h >= g.H {
			continue
		}
		to := columns[first*g.KH+kh:]
		for i, v := range t.x[(n*g.H+h)*g.W+first-g.PadLeft:][:last-first] {
			to[i*g.KH] = v
		}
	}
}
