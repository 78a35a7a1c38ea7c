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

// The kinds of windows.
const (
	sliding  = iota // of a size, a stride, padding and dilation
	adaptive        // that cover the axis in about equal parts
	nearest         // that an output of Nearest was read from: the axis is the output's, a window belongs to an input
)

// windows are the parts of one axis of length in, out of them.
type windows struct {
	kind                        int
	in, out                     int
	size, stride, pad, dilation int
	padEnd                      int
}

// at returns the o-th window: the positions lo, lo+step, … below hi.
func (w *windows) at(o int) (lo, hi, step int) {
	switch w.kind {
	case adaptive:
		return o * w.in / w.out, ((o+1)*w.in + w.out - 1) / w.out, 1
	case nearest:
		return nearestFirst(o, w.out, w.in), nearestFirst(o+1, w.out, w.in), 1
	}
	lo = o*w.stride - w.pad
	hi = min(lo+(w.size-1)*w.dilation+1, w.in)
	if lo < 0 {
		lo += (w.dilation - 1 - lo) / w.dilation * w.dilation
	}
	return lo, hi, w.dilation
}

// padded returns how many positions the o-th window has within the axis and its padding.
func (w *windows) padded(o int) int {
	lo := o*w.stride - w.pad
	return count(lo, min(lo+(w.size-1)*w.dilation+1, w.in+w.padEnd), w.dilation)
}

// full returns how many windows from the o-th on lie in the axis with all of their positions: 1 if the o-th does not.
func (w *windows) full(o int) int {
	lo := o*w.stride - w.pad
	if w.kind != sliding || lo < 0 {
		return 1
	}
	return max(1, min(w.out-o, (w.in-lo-(w.size-1)*w.dilation-1)/w.stride+1))
}

// tiled reports whether windows lie one behind another from the first position on.
func (w *windows) tiled() bool {
	return w.kind == sliding && w.stride == w.size && w.dilation == 1 && w.pad == 0
}

// over returns a range of windows, from … to, in which all are that hold position i.
func (w *windows) over(i int) (from, to int) {
	if w.kind == adaptive {
		return i * w.out / w.in, min(((i+1)*w.out+w.in-1)/w.in, w.out)
	}
	first := i + w.pad - (w.size-1)*w.dilation
	return (max(first, 0) + w.stride - 1) / w.stride, min((i+w.pad)/w.stride+1, w.out)
}

// count returns how many positions a window has.
func count(lo, hi, step int) int {
	if hi <= lo {
		return 0
	}
	return (hi-lo-1)/step + 1
}

// A poolJob pools the images x to y, in pieces that are rows of y, or spreads y over x, in pieces that are rows of x.
type poolJob struct {
	row   func(t *poolJob, row int)
	y, x  []Float
	index []int32
	c     int
	h, w  windows
	mean  int
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

// maxGradRow and averageGradRow are the adjoints of maxRow and averageRow for one row of x: every window that holds a pixel gives it
// its share, in their order.
func maxGradRow(t *poolJob, row int) { t.gradRow(row, true) }

func averageGradRow(t *poolJob, row int) { t.gradRow(row, false) }

func (t *poolJob) gradRow(row int, greatest bool) {
	image, i := row/t.h.in*t.h.out, row%t.h.in
	x := t.x[row*t.w.in*t.c:][:t.w.in*t.c]
	empty := true // nothing has been given to the row
	tiled := t.w.tiled()
	from, to := t.h.over(i)
	for o := from; o < to; o++ {
		fromH, toH, stepH := t.h.at(o)
		if i < fromH || i >= toH || (i-fromH)%stepH != 0 {
			continue
		}
		if empty {
			kept := 0
			if tiled { // the windows need not find zeros
				kept = min(t.w.out*t.w.size*t.c, len(x))
			}
			clear(x[kept:])
		}
		put := tiled && empty
		empty = false
		rows := count(fromH, toH, stepH)
		for p := 0; p < t.w.out; {
			fromW, toW, stepW := t.w.at(p)
			columns, pixels := count(fromW, toW, stepW), t.w.full(p)
			at, scale := ((image+o)*t.w.out+p)*t.c, t.scale(o, p, rows, columns)
			p += pixels
			if columns == 0 {
				continue
			}
			y, first, step, right := t.y[at:][:pixels*t.c], fromW*t.c, t.w.stride*t.c, stepW*t.c
			if greatest {
				giveMax(x, y, t.index[at:][:len(y)], first, row*len(x), t.c, pixels, step, columns, right, put)
			} else {
				giveAverage(x, y, first, t.c, pixels, step, columns, right, scale, put)
			}
		}
	}
	if empty {
		clear(x)
	}
}

// sumWindowsGeneric is sumWindows in plain Go.
func sumWindowsGeneric(y, x []Float, channels, pixels, step, rows, columns, down, right int, scale Float) {
	for p := range pixels {
		y := y[p*channels:][:channels]
		clear(y)
		for i := range rows {
			for j := range columns {
				addTo(y, x[p*step+i*down+j*right:])
			}
		}
		mulScalar(y, y, scale)
	}
}

func addTo(y, x []Float) {
	x = x[:len(y)]
	for i := range y {
		y[i] += x[i]
	}
}

// giveMaxGeneric is giveMax in plain Go.
func giveMaxGeneric(x, y []Float, index []int32, first, place, channels, pixels, step, columns, right int, put bool) {
	for p := range pixels {
		for j := range columns {
			at := first + p*step + j*right
			x := x[at:][:channels]
			for c := range x {
				k := p*channels + c
				var v Float
				if int(index[k]) == place+at+c {
					v = y[k]
				}
				if !put {
					v += x[c]
				}
				x[c] = v
			}
		}
	}
}

// giveAverageGeneric is giveAverage in plain Go.
func giveAverageGeneric(x, y []Float, first, channels, pixels, step, columns, right int, scale Float, put bool) {
	for p := range pixels {
		for j := range columns {
			x := x[first+p*step+j*right:][:channels]
			for c := range x {
				v := y[p*channels+c] * scale
				if !put {
					v += x[c]
				}
				x[c] = v
			}
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

// maxWindowsGeneric is maxWindows in plain Go.
func maxWindowsGeneric(y []Float, index []int32, x []Float, first, channels, pixels, step, rows, columns, down, right int) {
	for ; pixels > 0; pixels-- {
		y0 := y[:channels]
		switch {
		case index == nil:
			maxWindow(y0, nil, x, first, rows, columns, down, right)
		case rows == 2 && columns == 2:
			max4(y0, index[:channels], x, first, down, right)
		default:
			maxWindow(y0, index[:channels], x, first, rows, columns, down, right)
		}
		y, first = y[channels:], first+step
		if index != nil {
			index = index[channels:]
		}
	}
}

// maxWindow finds the greatest of rows×columns pixels of len(y) channels; the first is at first, the next row down and the next
// column right from it.
func maxWindow(y []Float, index []int32, x []Float, first, rows, columns, down, right int) {
	copy(y, x[first:])
	if index == nil {
		for i := range rows {
			for j := range columns {
				Max.VV(y, y, x[first+i*down+j*right:])
			}
		}
		return
	}
	for i := range index {
		index[i] = int32(first + i)
	}
	for i := range rows {
		for j := range columns {
			at := first + i*down + j*right
			x, index := x[at:][:len(y)], index[:len(y)]
			for c := range y {
				k, v := index[c], x[c]
				if v > y[c] {
					k = int32(at + c)
				}
				index[c], y[c] = k, max(y[c], v)
			}
		}
	}
	for c, v := range y {
		if v != v {
			index[c] = firstNaN(x, first+c, columns, down, right)
		}
	}
}

// max4 is maxWindow for 2×2 pixels.
func max4(y []Float, index []int32, x []Float, first, down, right int) {
	index = index[:len(y)]
	a, b := x[first:][:len(y)], x[first+right:][:len(y)]
	c, d := x[first+down:][:len(y)], x[first+down+right:][:len(y)]
	for i := range y {
		k, v := first, a[i]
		if b[i] > v {
			k = first + right
		}
		v = max(v, b[i])
		if c[i] > v {
			k = first + down
		}
		v = max(v, c[i])
		if d[i] > v {
			k = first + down + right
		}
		v = max(v, d[i])
		y[i], index[i] = v, int32(k+i)
		if v != v {
			index[i] = firstNaN(x, first+i, 2, down, right)
		}
	}
}

// firstNaN returns the place of the first NaN of a window that has one.
func firstNaN(x []Float, at, columns, down, right int) int32 {
	for ; ; at += down {
		for j := range columns {
			if v := x[at+j*right]; v != v {
				return int32(at + j*right)
			}
		}
	}
}
