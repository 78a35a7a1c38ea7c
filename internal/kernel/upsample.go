package kernel

import (
	"math"
	"sync"
)

// Nearest enlarges or shrinks the images x, n×h×w×c, to y, n×oh×ow×c, taking for each pixel the one at ⌊i·h/oh⌋, with the rounding
// of PyTorch's mode "nearest".
func Nearest(y, x []Float, n, h, w, c, oh, ow int) {
	nearestJobs.do(n*oh, streamOf(n*oh, ow*c), nearestJob{y, x, h, w, c, oh, ow})
}

// NearestGrad computes the gradient dx of x from the gradient dy of Nearest's y.
func NearestGrad(dx, dy []Float, n, h, w, c, oh, ow int) {
	t := poolJob{
		y: dx, x: dy, c: c, mean: overNothing,
		h: nearestWindows(oh, h),
		w: nearestWindows(ow, w),
	}
	t.pool(averageRow, n)
}

// nearestWindows are the parts of n pixels that show one of out each.
func nearestWindows(n, out int) windows {
	if n == 2*out {
		return windows{in: n, out: out, size: 2, stride: 2, dilation: 1}
	}
	return windows{kind: nearest, in: n, out: out}
}

type nearestJob struct {
	y, x            []Float
	h, w, c, oh, ow int
}

var nearestJobs jobs[nearestJob, *nearestJob]

func (t *nearestJob) run(lo, hi int) {
	for ; lo < hi; lo++ {
		row := lo/t.oh*t.h + nearestSource(lo%t.oh, t.h, t.oh)
		x, y := t.x[row*t.w*t.c:][:t.w*t.c], t.y[lo*t.ow*t.c:][:t.ow*t.c]
		for o := range t.ow {
			copy(y[o*t.c:][:t.c], x[nearestSource(o, t.w, t.ow)*t.c:])
		}
	}
}

// nearestSource returns which of in pixels the o-th of out shows. It rounds like PyTorch, so that the same pixels are shown.
func nearestSource(o, in, out int) int {
	switch out {
	case in:
		return o
	case 2 * in:
		return o / 2
	}
	return min(int(float32(o)*(float32(in)/float32(out))), in-1)
}

// nearestFirst returns the first of out pixels that shows the i-th of in or a later one.
func nearestFirst(i, in, out int) int {
	if i >= in {
		return out
	}
	o := max(i*out/in-1, 0)
	for o < out && nearestSource(o, in, out) < i {
		o++
	}
	return o
}

// Bilinear enlarges or shrinks the images x, n×h×w×c, to y, n×oh×ow×c, between the four pixels around the place of each, as PyTorch's
// mode "bilinear" does. With alignCorners the corners' centres are at the corners' centres, else the images' edges coincide.
func Bilinear(y, x []Float, n, h, w, c, oh, ow int, alignCorners bool) {
	t := bilinearJob{row: bilinearRow, y: y, x: x, c: c}
	t.h, t.w = newLine(h, oh, alignCorners), newLine(w, ow, alignCorners)
	bilinearJobs.do(n*oh, streamOf(n*oh, ow*c), t)
}

// BilinearGrad computes the gradient dx of x from the gradient dy of Bilinear's y.
func BilinearGrad(dx, dy []Float, n, h, w, c, oh, ow int, alignCorners bool) {
	t := bilinearJob{row: bilinearGradRow, y: dy, x: dx, c: c}
	t.h, t.w = newLine(h, oh, alignCorners), newLine(w, ow, alignCorners)
	bilinearJobs.do(n*h, streamOf(n*h, 4*max(w, ow)*c), t)
}

// A line maps the pixels of one axis, out of them, to places between in pixels: o to scale·o + shift.
type line struct {
	in, out      int
	scale, shift float64
}

func newLine(in, out int, alignCorners bool) line {
	l := line{in: in, out: out}
	switch {
	case !alignCorners:
		l.scale = float64(in) / float64(out)
		l.shift = l.scale/2 - .5
	case out > 1:
		l.scale = float64(in-1) / float64(out-1)
	}
	return l
}

// at returns the two pixels around the o-th and their weights.
func (l *line) at(o int) (i, j int, wi, wj Float) {
	place := max(l.scale*float64(o)+l.shift, 0)
	i = min(int(place), l.in-1)
	wj = Float(place - float64(i))
	return i, min(i+1, l.in-1), 1 - wj, wj
}

// over returns a range, from … to, in which all pixels are that lie around pixel i.
func (l *line) over(i int) (from, to int) {
	from, to = 0, l.out
	if l.scale == 0 {
		return from, to
	}
	if i > 0 {
		from = max(from, int(math.Floor((float64(i-1)-l.shift)/l.scale)))
	}
	if i < l.in-1 {
		to = min(to, int(math.Ceil((float64(i+1)-l.shift)/l.scale))+1)
	}
	return from, to
}

// A bilinearJob's pieces are rows of y, or of x for the gradient.
type bilinearJob struct {
	row  func(t *bilinearJob, row int)
	y, x []Float
	c    int
	h, w line
}

var bilinearJobs jobs[bilinearJob, *bilinearJob]

func (t *bilinearJob) run(lo, hi int) {
	for ; lo < hi; lo++ {
		t.row(t, lo)
	}
}

// blend is k·a + c·b.
var blend = mixed(vectorBlend, func(dst, a, b []Float, k, c Float) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = k*a[i] + c*b[i]
	}
})

// lines keeps the memory of a row of pixels.
var lines = sync.Pool{New: func() any { return new([]Float) }}

// bilinearRow blends two rows of x to one, and the pixels of that one.
func bilinearRow(t *bilinearJob, row int) {
	image, width := row/t.h.out*t.h.in, t.w.in*t.c
	top, bottom, wt, wb := t.h.at(row % t.h.out)
	x := t.x[(image+top)*width:][:width]
	if wb != 0 {
		line := lines.Get().(*[]Float)
		defer lines.Put(line)
		*line = resized(*line, width)
		blend(*line, x, t.x[(image+bottom)*width:], wt, wb)
		x = *line
	}
	y := t.y[row*t.w.out*t.c:]
	for o := range t.w.out {
		left, right, wl, wr := t.w.at(o)
		blend(y[o*t.c:][:t.c], x[left*t.c:], x[right*t.c:], wl, wr)
	}
}

// bilinearGradRow is the adjoint of bilinearRow for one row of x: the rows of y that lie around it are blended, in their order, and
// the pixels of the blend add to those around them.
func bilinearGradRow(t *bilinearJob, row int) {
	image, i := row/t.h.in*t.h.out, row%t.h.in
	x, width := t.x[row*t.w.in*t.c:][:t.w.in*t.c], t.w.out*t.c
	clear(x)
	line := lines.Get().(*[]Float)
	defer lines.Put(line)
	*line = resized(*line, width)
	clear(*line)
	from, to := t.h.over(i)
	for o := from; o < to; o++ {
		top, bottom, wt, wb := t.h.at(o)
		var weight Float
		if top == i {
			weight += wt
		}
		if bottom == i {
			weight += wb
		}
		if weight != 0 {
			addScaled(*line, t.y[(image+o)*width:], weight, 0)
		}
	}
	for p := range t.w.out {
		left, right, wl, wr := t.w.at(p)
		y := (*line)[p*t.c:]
		addScaled(x[left*t.c:][:t.c], y, wl, 0)
		if wr != 0 {
			addScaled(x[right*t.c:][:t.c], y, wr, 0)
		}
	}
}
