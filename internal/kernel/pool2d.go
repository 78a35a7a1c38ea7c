package kernel

import "math"

// A Pool is the geometry of pooling over images: x is N×H×W×C, y is N×OH×OW×C, and windows of KH×KW pixels, Dilation apart, begin
// every Stride pixels from -Pad on. What lies outside of x takes no part.
type Pool struct {
	N, H, W, C, OH, OW                    int
	KH, KW, StrideH, StrideW              int
	PadTop, PadLeft, DilationH, DilationW int
	PadBottom, PadRight                   int // what lies beyond them counts for no mean
}

func (g *Pool) job(y, x []Float) poolJob {
	h := windows{in: g.H, out: g.OH, size: g.KH, stride: g.StrideH, pad: g.PadTop, padEnd: g.PadBottom, dilation: g.DilationH}
	w := windows{in: g.W, out: g.OW, size: g.KW, stride: g.StrideW, pad: g.PadLeft, padEnd: g.PadRight, dilation: g.DilationW}
	return poolJob{y: y, x: x, c: g.C, h: h, w: w}
}

// Max computes the greatest number of every window and its place in x's flat memory; index may be nil. The first of equals wins, and
// the first NaN wins over all. A window that lies outside of x altogether gives -Inf, and index 0.
func (g *Pool) Max(y []Float, index []int32, x []Float) {
	t := g.job(y, x)
	t.index = index
	t.pool(maxRow, g.N)
}

// MaxGrad computes the gradient dx of x from the gradient dy of Max's y, and from the places that Max found.
func (g *Pool) MaxGrad(dx, dy []Float, index []int32) {
	t := g.job(dy, dx)
	t.index = index
	t.spread(maxGradRow, g.N)
}

// Average computes the mean of every window: its sum divided by the number of its pixels in x, and in the
// padding if countPad is set.
func (g *Pool) Average(y, x []Float, countPad bool) {
	t := g.job(y, x)
	if countPad {
		t.mean = overPadding
	}
	t.pool(averageRow, g.N)
}

// AverageGrad computes the gradient dx of x from the gradient dy of Average's y.
func (g *Pool) AverageGrad(dx, dy []Float, countPad bool) {
	t := g.job(dy, dx)
	if countPad {
		t.mean = overPadding
	}
	t.spread(averageGradRow, g.N)
}

// An Adaptive is the geometry of pooling by windows that cover the images x, N×H×W×C, as PyTorch cuts them, to y, N×OH×OW×C: window
// i of an axis is ⌊i·H/OH⌋ … ⌈(i+1)·H/OH⌉.
type Adaptive struct{ N, H, W, C, OH, OW int }

func (g *Adaptive) job(y, x []Float) poolJob {
	return poolJob{y: y, x: x, c: g.C, h: adaptiveWindows(g.H, g.OH), w: adaptiveWindows(g.W, g.OW)}
}

// adaptiveWindows covers n numbers by windows of about equal size.
func adaptiveWindows(n, out int) windows {
	if size := n / out; size*out == n {
		return windows{in: n, out: out, size: size, stride: size, dilation: 1}
	}
	return windows{kind: adaptive, in: n, out: out}
}

// Average computes the mean of every window.
func (g *Adaptive) Average(y, x []Float) {
	t := g.job(y, x)
	t.pool(averageRow, g.N)
}

// AverageGrad computes the gradient dx of x from the gradient dy of Average's y.
func (g *Adaptive) AverageGrad(dx, dy []Float) {
	t := g.job(dy, dx)
	t.spread(averageGradRow, g.N)
}

// Max is that of a Pool.
func (g *Adaptive) Max(y []Float, index []int32, x []Float) {
	t := g.job(y, x)
	t.index = index
	t.pool(maxRow, g.N)
}

// MaxGrad is that of a Pool.
func (g *Adaptive) MaxGrad(dx, dy []Float, index []int32) {
	t := g.job(dy, dx)
	t.index = index
	t.spread(maxGradRow, g.N)
}

// A poolJob pools the images x to y, in pieces that are rows of y, or spreads y over x, in pieces that are rows of x.
type poolJob struct {
	row   func(t *poolJob, row int)
	y, x  []Float
	index []int32
	c     int
	h, w  windows
	mean  int // overPixels and so on
}

// The ways to make a mean of the sum of a window.
const (
	overPixels  = iota // divide by the number of pixels
	overPadding        // by that of pixels and padding
	overNothing        // leave the sum
)

var poolJobs jobs[poolJob, *poolJob]

func (t *poolJob) run(lo, hi int) {
	for ; lo < hi; lo++ {
		t.row(t, lo)
	}
}

func (t poolJob) pool(row func(t *poolJob, row int), n int) {
	t.row = row
	work := t.w.out * t.c
	if t.h.out > 0 && t.w.out > 0 {
		work = max(work, t.h.in*t.w.in*t.c/t.h.out)
	}
	poolJobs.do(n*t.h.out, streamOf(n*t.h.out, work), t)
}

func (t poolJob) spread(row func(t *poolJob, row int), n int) {
	t.row = row
	poolJobs.do(n*t.h.in, streamOf(n*t.h.in, t.w.in*t.c), t)
}

// scale returns what the sum over window i, j of rows×columns pixels is multiplied by.
func (t *poolJob) scale(i, j, rows, columns int) Float {
	switch t.mean {
	case overPadding:
		return 1 / Float(t.h.padded(i)*t.w.padded(j))
	case overNothing:
		return 1
	}
	return 1 / Float(rows*columns)
}

// manyPixels is from how many pixels on a mean is computed in double precision.
const manyPixels = 64

func averageRow(t *poolJob, row int) {
	image := row / t.h.out * t.h.in
	fromH, toH, stepH := t.h.at(row % t.h.out)
	rows := count(fromH, toH, stepH)
	for o := 0; o < t.w.out; {
		fromW, toW, stepW := t.w.at(o)
		columns, pixels := count(fromW, toW, stepW), t.w.full(o)
		if rows*columns >= manyPixels {
			pixels = 1
		}
		y := t.y[(row*t.w.out+o)*t.c:][:pixels*t.c]
		scale := t.scale(row%t.h.out, o, rows, columns)
		o += pixels
		if rows*columns == 0 {
			clear(y)
			continue
		}
		x := t.x[((image+fromH)*t.w.in+fromW)*t.c:]
		down, right := stepH*t.w.in*t.c, stepW*t.c
		if rows*columns < manyPixels {
			sumWindows(y, x, t.c, pixels, t.w.stride*t.c, rows, columns, down, right, scale)
		} else {
			averageMany(y, x, rows, columns, down, right, float64(scale))
		}
	}
}

// averageMany computes the mean of many pixels in double precision.
func averageMany(y, x []Float, rows, columns, down, right int, scale float64) {
	if right == len(y) && down == columns*right { // all pixels lie behind one another
		rows, columns = 1, rows*columns
	}
	var sums [chunk]float64
	for c := 0; c < len(y); c += chunk {
		clear(sums[:])
		y := y[c:][:min(chunk, len(y)-c)]
		for i := range rows {
			for j := 0; j < columns; j += manyPixels {
				addTotals(sums[:], x[i*down+j*right+c:], len(y), min(manyPixels, columns-j), right)
			}
		}
		for i := range y {
			y[i] = Float(sums[i] * scale)
		}
	}
}

func maxRow(t *poolJob, row int) {
	image := row / t.h.out * t.h.in
	fromH, toH, stepH := t.h.at(row % t.h.out)
	rows := count(fromH, toH, stepH)
	for o := 0; o < t.w.out; {
		fromW, toW, stepW := t.w.at(o)
		columns, pixels := count(fromW, toW, stepW), t.w.full(o)
		at := (row*t.w.out + o) * t.c
		y := t.y[at:][:pixels*t.c]
		var index []int32
		if t.index != nil {
			index = t.index[at:][:len(y)]
		}
		o += pixels
		if rows*columns == 0 {
			fill(y, Float(math.Inf(-1)))
			clear(index)
			continue
		}
		first := ((image+fromH)*t.w.in + fromW) * t.c
		maxWindows(y, index, t.x, first, t.c, pixels, t.w.stride*t.c, rows, columns, stepH*t.w.in*t.c, stepW*t.c)
	}
}
