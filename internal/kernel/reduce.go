package kernel

import (
	"sync"
	"sync/atomic"
)

// maxParts is into how many parts a sum is cut when there are too few sums to share between threads.
const maxParts = 16

// partial holds the sums of the parts of a sum, which are added in order.
type partial struct{ sums []float64 }

var partials = sync.Pool{New: func() any { return new(partial) }}

func (p *partial) resize(n int) {
	p.sums = resized(p.sums, n)
}

// Sum adds up the middle axis of x, outer×n×inner, in float64; dst is outer×inner.
func Sum(dst, x []Float, outer, n, inner int) {
	columns := (inner + chunk - 1) / chunk
	parts := 1
	if outer*columns < maxParts {
		parts = max(1, min(maxParts, n*inner/grain))
	}
	t := sumJobs.get()
	defer sumJobs.put(t)
	*t = sumJob{dst: dst, x: x, n: n, inner: inner, columns: columns, parts: parts}
	size := streamGrainOf(outer*n*inner, (n+parts-1)/parts*min(inner, chunk))
	if parts == 1 {
		parallel(outer*columns, size, t)
		return
	}
	p := partials.Get().(*partial)
	p.resize(parts * outer * inner)
	t.partial = p.sums
	parallel(outer*columns*parts, size, t)
	for o := range outer {
		for i := range inner {
			var s float64
			for part := range parts {
				s += p.sums[(o*parts+part)*inner+i]
			}
			dst[o*inner+i] = Float(s)
		}
	}
	partials.Put(p)
}

// A sumJob's pieces are outer × parts × columns.
type sumJob struct {
	dst, x                   []Float
	partial                  []float64 // outer × parts × inner, unless there is one part
	n, inner, columns, parts int
}

var sumJobs jobs[sumJob, *sumJob]

func (t *sumJob) run(lo, hi int) {
	var sums [chunk]float64
	for ; lo < hi; lo++ {
		column, block := lo%t.columns*chunk, lo/t.columns
		o, part := block/t.parts, block%t.parts
		from, to := part*t.n/t.parts, (part+1)*t.n/t.parts
		x := t.x[(o*t.n+from)*t.inner : (o*t.n+to)*t.inner]
		s := sums[:min(chunk, t.inner-column)]
		if t.inner == 1 {
			s[0] = sum(x)
		} else {
			clear(s)
			t.sumColumns(s, x, column)
		}
		if t.parts > 1 {
			copy(t.partial[block*t.inner+column:], s)
			continue
		}
		dst := t.dst[o*t.inner+column:][:len(s)]
		for i := range dst {
			dst[i] = Float(s[i])
		}
	}
}

// sumColumns adds the columns of x from the given one on to s. Where rows are short, several lie side by side in s at first, so
// that their sums do not wait for one another.
func (t *sumJob) sumColumns(s []float64, x []Float, column int) {
	rows := len(x) / t.inner
	together := chunk / t.inner &^ 3
	if together == 0 || rows < together {
		addColumns(s, x[min(column, len(x)):], t.inner, rows)
		return
	}
	var sums [chunk]float64
	width := together * t.inner
	addColumns(sums[:width], x, width, rows/together)
	for i, v := range sums[:width] {
		s[i%t.inner] += v
	}
	addColumns(s, x[rows/together*width:], t.inner, rows%together)
}

// addColumnsGeneric is addColumns in plain Go.
func addColumnsGeneric(s []float64, x []Float, stride, rows int) {
	for i := range rows {
		x := x[i*stride:][:len(s)]
		for j := range s {
			s[j] += float64(x[j])
		}
	}
}

// sumGeneric is sum in plain Go. It adds in four chains, so that no addition waits for the one before.
func sumGeneric(x []Float) float64 {
	var a, b, c, d float64
	for len(x) >= 4 {
		a += float64(x[0])
		b += float64(x[1])
		c += float64(x[2])
		d += float64(x[3])
		x = x[4:]
	}
	for _, v := range x {
		a += float64(v)
	}
	return (a + b) + (c + d)
}

// MaxIndex finds the greatest number, or the least, along the middle axis of x, outer×n×inner, and its position there; dst and
// index are outer×inner, and index may be nil. The first of equals wins, and the first NaN wins over all. n is at least 1.
func MaxIndex(dst []Float, index []int32, x []Float, outer, n, inner int, least bool) {
	t := maxJob{dst: dst, index: index, x: x, n: n, inner: inner, sign: 1}
	if least {
		t.sign = -1
	}
	t.columns = (inner + chunk - 1) / chunk
	maxJobs.do(outer*t.columns, streamGrainOf(outer*n*inner, n*min(inner, chunk)), t)
}

type maxJob struct {
	dst               []Float
	index             []int32
	x                 []Float
	n, inner, columns int
	sign              Float // 1 looks for the greatest, -1 for the least
}

var maxJobs jobs[maxJob, *maxJob]

func (t *maxJob) run(lo, hi int) {
	var unused [chunk]int32
	for ; lo < hi; lo++ {
		o, column := lo/t.columns, lo%t.columns*chunk
		width := min(chunk, t.inner-column)
		best := t.dst[o*t.inner+column:][:width]
		index := unused[:width]
		if t.index != nil {
			index = t.index[o*t.inner+column:][:width]
		}
		x := t.x[o*t.n*t.inner+column : (o+1)*t.n*t.inner]
		if t.inner == 1 {
			best[0], index[0] = greatest(x, t.sign)
			continue
		}
		copy(best, x)
		clear(index)
		for j := 1; j < t.n; j++ {
			row := x[j*t.inner:][:width]
			for i := range best {
				if v := row[i]; v*t.sign > best[i]*t.sign || v != v && best[i] == best[i] {
					best[i], index[i] = v, int32(j)
				}
			}
		}
	}
}

// greatest returns the first greatest of sign·x, or the first NaN, and its position.
func greatest(x []Float, sign Float) (best Float, index int32) {
	best = x[0] * sign
	for i, v := range x {
		if v *= sign; !(v <= best) {
			best, index = v, int32(i)
			if v != v {
				break
			}
		}
	}
	return x[index], index
}

// CumSum computes the running sums along the middle axis of x, outer×n×inner, in float64, from its end if reverse is set. dst may
// be x.
func CumSum(dst, x []Float, outer, n, inner int, reverse bool) {
	columns := (inner + chunk - 1) / chunk
	cumSumJobs.do(outer*columns, grainOf(n*min(inner, chunk)), cumSumJob{dst, x, n, inner, columns, reverse})
}

type cumSumJob struct {
	dst, x            []Float
	n, inner, columns int
	reverse           bool
}

var cumSumJobs jobs[cumSumJob, *cumSumJob]

func (t *cumSumJob) run(lo, hi int) {
	for ; lo < hi; lo++ {
		o, column := lo/t.columns, lo%t.columns*chunk
		at, step := o*t.n*t.inner+column, t.inner
		if t.reverse {
			at, step = at+(t.n-1)*t.inner, -t.inner
		}
		if t.inner == 1 {
			var s float64
			for range t.n {
				s += float64(t.x[at])
				t.dst[at] = Float(s)
				at += step
			}
			continue
		}
		var sums [chunk]float64
		s := sums[:min(chunk, t.inner-column)]
		for range t.n {
			dst, x := t.dst[at:][:len(s)], t.x[at:][:len(s)]
			for i := range s {
				s[i] += float64(x[i])
				dst[i] = Float(s[i])
			}
			at += step
		}
	}
}

// Dot returns Σ aᵢ·bᵢ, computed in float64.
func Dot(a, b []Float) float64 {
	t := dotJobs.get()
	defer dotJobs.put(t)
	t.a, t.b, t.parts = a, b[:len(a)], min(len(t.sums), (len(a)+grain-1)/grain)
	parallel(t.parts, 1, t)
	return sum64(t.sums[:t.parts])
}

// SumSquares returns Σ xᵢ², computed in float64.
func SumSquares(x []Float) float64 { return Dot(x, x) }

// A dotJob's pieces are parts of about equal length.
type dotJob struct {
	a, b  []Float
	parts int
	sums  [64]float64
}

var dotJobs jobs[dotJob, *dotJob]

func (t *dotJob) run(lo, hi int) {
	for ; lo < hi; lo++ {
		from, to := lo*len(t.a)/t.parts, (lo+1)*len(t.a)/t.parts
		t.sums[lo] = dot64(t.a[from:to], t.b[from:to])
	}
}

// dot64Generic is dot64 in plain Go.
func dot64Generic(x, y []Float) float64 {
	var a, b, c, d float64
	for len(x) >= 4 && len(y) >= 4 {
		a += float64(x[0]) * float64(y[0])
		b += float64(x[1]) * float64(y[1])
		c += float64(x[2]) * float64(y[2])
		d += float64(x[3]) * float64(y[3])
		x, y = x[4:], y[4:]
	}
	y = y[:len(x)]
	for i := range x {
		a += float64(x[i]) * float64(y[i])
	}
	return (a + b) + (c + d)
}

func sum64(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// Finite reports whether no element of x is NaN or infinite.
func Finite(x []Float) bool {
	t := finiteJobs.get()
	defer finiteJobs.put(t)
	t.x = x
	parallel(len(x), grain, t)
	return !t.found.Load()
}

type finiteJob struct {
	x     []Float
	found atomic.Bool
}

var finiteJobs jobs[finiteJob, *finiteJob]

func (t *finiteJob) run(lo, hi int) {
	if t.found.Load() {
		return
	}
	if !finite(t.x[lo:hi]) {
		t.found.Store(true)
	}
}

// finiteGeneric is finite in plain Go.
func finiteGeneric(x []Float) bool {
	var a, b, c, d Float // x − x is 0, or NaN
	for len(x) >= 4 {
		a += x[0] - x[0]
		b += x[1] - x[1]
		c += x[2] - x[2]
		d += x[3] - x[3]
		x = x[4:]
	}
	for _, v := range x {
		a += v - v
	}
	return (a+b)+(c+d) == 0
}
