package kernel

import "math"

// A Pool is the geometry of pooling over images: x is N×H×W×C, y is N×OH×OW×C, and windows of KH×KW pixels, Dilation apart, begin
// every Stride pixels from -Pad on. What lies outside of x takes no part.
type Pool struct {
	N, H, W, C, OH, OW                    int
	KH, KW, StrideH, StrideW              int
	PadTop, PadLeft, DilationH, DilationW int
}

func (g *Pool) job(y, x []Float) poolJob {
	h := windows{in: g.H, out: g.OH, size: g.KH, stride: g.StrideH, pad: g.PadTop, dilation: g.DilationH}
	w := windows{in: g.W, out: g.OW, size: g.KW, stride: g.StrideW, pad: g.PadLeft, dilation: g.DilationW}
	return poolJob{y: y, x: x, c: g.C, h: h, w: w}
}

// Max computes the greatest number of every window and its place in x's flat memory; index may be nil. The first of equals wins, and
// the first NaN wins over all. A window that lies outside of x altogether gives -Inf, and index 0.
func (g *Pool) Max(y []Float, index []int32, x []Float) {
	t := g.job(y, x)
	t.index = index
	t.pool(maxRow, g.N)
}

// Average computes the mean of every window: its sum divided by KH·KW if countPad is set, else by the number of its pixels in x.
func (g *Pool) Average(y, x []Float, countPad bool) {
	t := g.job(y, x)
	if countPad {
		t.divisor = g.KH * g.KW
	}
	t.pool(averageRow, g.N)
}

// AverageGrad computes the gradient dx of x from the gradient dy of Average's y.
func (g *Pool) AverageGrad(dx, dy []Float, countPad bool) {
	t := g.job(dy, dx)
	if countPad {
		t.divisor = g.KH * g.KW
	}
	t.spread(g.N)
}

func adaptiveJob(y, x []Float, h, w, c, oh, ow int) poolJob {
	return poolJob{
		y: y, x: x, c: c,
		h: windows{kind: adaptive, in: h, out: oh},
		w: windows{kind: adaptive, in: w, out: ow},
	}
}

// AdaptiveAverage computes the means y, n×oh×ow×c, of windows that cover the images x, n×h×w×c, as PyTorch cuts them: window i of an
// axis is ⌊i·h/oh⌋ … ⌈(i+1)·h/oh⌉.
func AdaptiveAverage(y, x []Float, n, h, w, c, oh, ow int) {
	t := adaptiveJob(y, x, h, w, c, oh, ow)
	t.pool(averageRow, n)
}

// AdaptiveAverageGrad computes the gradient dx of x from the gradient dy of AdaptiveAverage's y.
func AdaptiveAverageGrad(dx, dy []Float, n, h, w, c, oh, ow int) {
	t := adaptiveJob(dy, dx, h, w, c, oh, ow)
	t.spread(n)
}

// AdaptiveMax computes the greatest numbers of AdaptiveAverage's windows and their places in x's flat memory, like Pool.Max.
func AdaptiveMax(y []Float, index []int32, x []Float, n, h, w, c, oh, ow int) {
	t := adaptiveJob(y, x, h, w, c, oh, ow)
	t.index = index
	t.pool(maxRow, n)
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

// full returns how many windows from the o-th on lie in the axis with all of their positions: 1 if the o-th does not.
func (w *windows) full(o int) int {
	lo := o*w.stride - w.pad
	if w.kind != sliding || lo < 0 {
		return 1
	}
	return max(1, min(w.out-o, (w.in-lo-(w.size-1)*w.dilation-1)/w.stride+1))
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
	row     func(t *poolJob, row int)
	y, x    []Float
	index   []int32
	c       int
	h, w    windows
	divisor int // of a mean; 0 is the number of pixels, 1 leaves the sum
}

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
	poolJobs.do(n*t.h.out, grainOf(2*work), t)
}

func (t poolJob) spread(n int) {
	t.row = spreadRow
	poolJobs.do(n*t.h.in, grainOf(2*t.w.in*t.c), t)
}

// scale returns what a sum over a window of h by w pixels is multiplied by.
func (t *poolJob) scale(h, w int) Float {
	if t.divisor > 0 {
		return 1 / Float(t.divisor)
	}
	return 1 / Float(h*w)
}

func averageRow(t *poolJob, row int) {
	image := row / t.h.out * t.h.in
	fromH, toH, stepH := t.h.at(row % t.h.out)
	rows := count(fromH, toH, stepH)
	var sums [chunk]float64
	for o := range t.w.out {
		fromW, toW, stepW := t.w.at(o)
		columns := count(fromW, toW, stepW)
		y := t.y[(row*t.w.out+o)*t.c:][:t.c]
		if rows*columns == 0 {
			clear(y)
			continue
		}
		scale := float64(t.scale(rows, columns))
		for c := 0; c < t.c; c += chunk {
			s := sums[:min(chunk, t.c-c)]
			clear(s)
			for i := fromH; i < toH; i += stepH {
				addColumns(s, t.x[((image+i)*t.w.in+fromW)*t.c+c:], stepW*t.c, columns)
			}
			y := y[c:][:len(s)]
			for i := range s {
				y[i] = Float(s[i] * scale)
			}
		}
	}
}

// spreadRow is the adjoint of averageRow for one row of x: every window that holds a pixel gives it its share, in their order.
func spreadRow(t *poolJob, row int) {
	image, i := row/t.h.in*t.h.out, row%t.h.in
	x := t.x[row*t.w.in*t.c:][:t.w.in*t.c]
	clear(x)
	from, to := t.h.over(i)
	for o := from; o < to; o++ {
		fromH, toH, stepH := t.h.at(o)
		if i < fromH || i >= toH || (i-fromH)%stepH != 0 {
			continue
		}
		rows := count(fromH, toH, stepH)
		y := t.y[(image+o)*t.w.out*t.c:][:t.w.out*t.c]
		for p := range t.w.out {
			fromW, toW, stepW := t.w.at(p)
			scale := t.scale(rows, count(fromW, toW, stepW))
			y := y[p*t.c:][:t.c]
			for j := fromW; j < toW; j += stepW {
				addScaled(x[j*t.c:][:t.c], y, scale, 0)
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
