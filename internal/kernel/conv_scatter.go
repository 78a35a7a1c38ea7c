package kernel

import "sync"

// scattered reports whether the gradient by the input is had by scattering: few channels would leave most of a tile's
// columns unused, the taps of all of them together fill it.
func (g *Conv) scattered() bool {
	return g.Groups == 1 && g.C <= 8 && g.KH*g.KW > 1 && g.KW*g.C <= len(ones) && g.DilationW == 1 && g.OW >= 4
}

// scatterPixels is how many pixels of dy are multiplied at once.
const scatterPixels = 64

// ones are the factors of a sum, which is that of one touch.
var ones = func() (o [64]Float) {
	for i := range o {
		o[i] = 1
	}
	return o
}()

var itself [1]touch

// A scatter is the gradient by the input of a convolution with few channels. A row of dy, OC numbers for every pixel,
// times the transposed weights gives every pixel's share in the KH·KW·C numbers that it saw, which are added to dx.
// A piece of work is a band of dx's rows, which takes its share of every row of dy that reaches it in their order: the
// sums do not depend on where the bands end.
type scatter struct {
	g              Conv
	dx, dy         []Float
	packed         []Float // the transposed weights in panels of tileN of the columns
	columns, bands int
}

var (
	scatters       jobs[scatter, *scatter]
	scatterBuffers = sync.Pool{New: func() any { return new(scatterBuffer) }}
)

type scatterBuffer struct{ weights, shares []Float }

func (g *Conv) scatterInput(dx, dy, w []Float) {
	columns := g.KH * g.KW * g.C
	buffer := scatterBuffers.Get().(*scatterBuffer)
	buffer.weights = resized(buffer.weights, ceil(columns, tileN)*tileN*g.OC)
	for j := 0; j < columns; j += tileN {
		packTransposed(buffer.weights[j*g.OC:], w[j*g.OC:], g.OC, g.OC, min(tileN, columns-j))
	}
	bands := 1
	if g.N < 8 {
		bands = max(1, min(ceil(8, g.N), g.H/(4*g.KH*g.DilationH)))
	}
	work := g.OH * g.OW * columns * g.OC / bands
	scatters.do(g.N*bands, max(1, smallPiece/max(1, work)), scatter{*g, dx, dy, buffer.weights, columns, bands})
	scatterBuffers.Put(buffer)
}

func (t *scatter) run(lo, hi int) {
	g := &t.g
	buffer := scatterBuffers.Get().(*scatterBuffer)
	ld := ceil(t.columns, tileN) * tileN
	buffer.shares = resized(buffer.shares, scatterPixels*ld)
	for piece := lo; piece < hi; piece++ {
		n, band := piece/t.bands, piece%t.bands
		h0, h1 := g.H*band/t.bands, g.H*(band+1)/t.bands
		clear(t.dx[(n*g.H+h0)*g.W*g.C : (n*g.H+h1)*g.W*g.C])
		first := ceil(max(0, h0+g.PadTop-(g.KH-1)*g.DilationH), g.StrideH)
		for oh := first; oh < g.OH && oh*g.StrideH-g.PadTop < h1; oh++ {
			for j0 := 0; j0 < g.OW; j0 += scatterPixels {
				m := min(scatterPixels, g.OW-j0)
				t.multiply(buffer.shares, ld, t.dy[((n*g.OH+oh)*g.OW+j0)*g.OC:], m)
				for kh := range g.KH {
					if h := oh*g.StrideH + kh*g.DilationH - g.PadTop; h >= h0 && h < h1 {
						t.add(t.dx[(n*g.H+h)*g.W*g.C:][:g.W*g.C], buffer.shares[kh*g.KW*g.C:], ld, j0, m)
					}
				}
			}
		}
	}
	scatterBuffers.Put(buffer)
}

// multiply computes the shares of m pixels of dy.
func (t *scatter) multiply(shares []Float, ld int, dy []Float, m int) {
	k := t.g.OC
	for j := 0; j < t.columns; j += 2 * tileN {
		pair(m, min(2*tileN, t.columns-j), k, dy, k, 1, t.packed[j*k:], tileN, tileN*k, shares[j:], ld, false, Epilogue{})
	}
}

// add adds the shares of m pixels from j0 on in one row of the kernel to a row of dx.
func (t *scatter) add(row, shares []Float, ld, j0, m int) {
	g := &t.g
	run, step := g.KW*g.C, g.StrideW*g.C
	x := (j0*g.StrideW - g.PadLeft) * g.C // where the first run begins in the row
	// The pixels first to last−1 have their whole run within the row.
	first, last := 0, 0
	if x < 0 {
		first = min(m, ceil(-x, step))
	}
	if x+run <= len(row) {
		last = min(m, (len(row)-run-x)/step+1)
	}
	last = max(first, last)
	for p := range m {
		if p >= first && p < last {
			continue
		}
		at := x + p*step
		for i := max(0, -at); i < run && at+i < len(row); i++ {
			row[at+i] += shares[p*ld+i]
		}
	}
	// Runs of one call do not overlap, so that no addition waits for the one before.
	apart := ceil(g.KW, g.StrideW)
	for p := first; p < min(first+apart, last); p++ {
		touchSums(row[x+p*step:], apart*step, shares[p*ld:], apart*ld, ones[:], itself[:], run, ceil(last-p, apart), true)
	}
}
