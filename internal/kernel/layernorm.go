package kernel

import "sync"

// LayerNorm brings each row of x, rows×n, to mean 0 and variance 1, multiplies it by w and adds b, which are n or nil. mean and
// inverse get the mean of every row and its 1/√(variance + eps). A nil mean says that rows are not centred, and that the mean
// square stands for the variance: RMS normalization.
func LayerNorm(y, x, w, b, mean, inverse []Float, rows, n int, eps Float) {
	t := newLayerNormJob(n, w)
	t.y, t.x, t.b, t.mean, t.inverse, t.eps = y, x, b, mean, inverse, eps
	if b == nil {
		t.zeros = resized(t.zeros, n)
		clear(t.zeros)
		t.b = t.zeros
	}
	parallel(rows, streamOf(rows, n), (*layerNormRows)(t))
	t.put()
}

// LayerNormGrad computes the gradients dx, dw and db of x, the weight and the bias from the gradient dy of LayerNorm's y; those that
// are nil are not wanted.
func LayerNormGrad(dx, dw, db, dy, x, w, mean, inverse []Float, rows, n int) {
	t := newLayerNormJob(n, w)
	t.dx, t.dy, t.x, t.mean, t.inverse = dx, dy, x, mean, inverse
	// A piece sums up its rows for dw and db in single precision, so it is not of too many.
	t.rows = min(streamOf(rows, n), 1<<10)
	pieces := ceil(rows, t.rows)
	t.sums = resized(t.sums, (pieces+1)*2*n)
	t.total = rows
	parallel(pieces, 1, (*layerNormGradPieces)(t))
	if dw != nil || db != nil {
		both := t.sums[pieces*2*n:]
		Sum(both, t.sums, 1, pieces, 2*n)
		copy(dw, both[:n])
		copy(db, both[n:])
	}
	t.put()
}

// A layerNormJob is a normalization of rows under way.
type layerNormJob struct {
	n                  int
	eps                Float
	y, x, w, b, dx, dy []Float
	mean, inverse      []Float
	rows, total        int     // of a piece of the gradient, and of x
	sums               []Float // pieces×2×n: what they add to dw and db, and their sums
	ones, zeros        []Float // n: what stands for a weight or a bias that is missing
}

var layerNormJobs = sync.Pool{New: func() any { return new(layerNormJob) }}

func newLayerNormJob(n int, w []Float) *layerNormJob {
	t := layerNormJobs.Get().(*layerNormJob)
	t.n, t.w = n, w
	if w == nil {
		t.ones = resized(t.ones, n)
		Fill(t.ones, 1)
		t.w = t.ones
	}
	return t
}

// put gives t back with its own memory only.
func (t *layerNormJob) put() {
	*t = layerNormJob{sums: t.sums, ones: t.ones, zeros: t.zeros}
	layerNormJobs.Put(t)
}

// segment is how much of a row is summed up in single precision.
const segment = 1 << 12

// moments returns Σ (x − shift) and Σ (x − shift)².
func moments(x []Float, shift Float) (sum, squares float64) {
	for len(x) > 0 {
		part := x[:min(segment, len(x))]
		s, q := rowMoments(part, shift)
		sum, squares = sum+float64(s), squares+float64(q)
		x = x[len(part):]
	}
	return sum, squares
}

// warmRows is how many rows of n numbers the fastest memory holds. Steps are taken for so many rows at once, because within a row
// each has to wait for the one before.
func warmRows(n int) int { return max(1, min(32, grain/2/max(1, n))) }

type layerNormRows layerNormJob

func (m *layerNormRows) run(lo, hi int) {
	t := (*layerNormJob)(m)
	for step := warmRows(t.n); lo < hi; lo += step {
		t.normalizeRows(lo, min(lo+step, hi))
	}
}

func (t *layerNormJob) normalizeRows(lo, hi int) {
	n := float64(t.n)
	row := func(x []Float, i int) []Float { return x[i*t.n:][:t.n] }
	if t.mean == nil {
		for i := lo; i < hi; i++ {
			_, squares := moments(row(t.x, i), 0)
			t.inverse[i] = Float(squares / n)
		}
	} else {
		// As Norm.Moments does, about the mean of the first sixteenth of a row.
		first := min(t.n, max(16, ceil(t.n, 16)))
		for i := lo; i < hi; i++ {
			sum, _ := moments(row(t.x, i)[:first], 0)
			t.mean[i] = Float(sum / float64(first))
		}
		for i := lo; i < hi; i++ {
			sum, squares := moments(row(t.x, i), t.mean[i])
			d := sum / n
			t.mean[i] = Float(float64(t.mean[i]) + d)
			t.inverse[i] = Float(max(squares/n-d*d, 0))
		}
	}
	InverseRoot(t.inverse[lo:hi], t.inverse[lo:], t.eps)
	for i := lo; i < hi; i++ {
		rowScale(row(t.y, i), row(t.x, i), t.w, t.b, t.meanOf(i), t.inverse[i])
	}
}

func (t *layerNormJob) meanOf(row int) Float {
	if t.mean == nil {
		return 0
	}
	return t.mean[row]
}

type layerNormGradPieces layerNormJob

func (m *layerNormGradPieces) run(lo, hi int) {
	t := (*layerNormJob)(m)
	for k := lo; k < hi; k++ {
		sums := t.sums[k*2*t.n:][:2*t.n]
		clear(sums)
		from, to := k*t.rows, min((k+1)*t.rows, t.total)
		for step := warmRows(2 * t.n); from < to; from += step {
			t.grad(sums[:t.n], sums[t.n:], from, min(from+step, to))
		}
	}
}

// grad does some rows, and adds to dw and db what they give.
func (t *layerNormJob) grad(dw, db []Float, lo, hi int) {
	n := float64(t.n)
	var slopes, lifts [32]Float
	for i := lo; i < hi; i++ {
		dy, x := t.dy[i*t.n:][:t.n], t.x[i*t.n:][:t.n]
		var sum, product float64 // Σ g and Σ g·x̂, g being dy·w
		for at := 0; at < t.n; at += segment {
			end := min(at+segment, t.n)
			s, p := rowGradSums(dw[at:end], db[at:end], dy[at:], x[at:], t.w[at:], t.meanOf(i), t.inverse[i])
			sum, product = sum+float64(s), product+float64(p)
		}
		inverse := float64(t.inverse[i])
		slopes[i-lo] = Float(-inverse * inverse * product / n)
		if t.mean != nil {
			lifts[i-lo] = Float(-inverse * sum / n)
		}
	}
	if t.dx == nil {
		return
	}
	for i := lo; i < hi; i++ {
		at := i * t.n
		rowGrad(t.dx[at:][:t.n], t.dy[at:], t.x[at:], t.w, t.meanOf(i), t.inverse[i], slopes[i-lo], lifts[i-lo])
	}
}

// rowMomentsGeneric is rowMoments in plain Go.
func rowMomentsGeneric(x []Float, shift Float) (sum, squares Float) {
	var s, q [4]Float
	for len(x) >= 4 {
		for i, v := range x[:4] {
			d := v - shift
			s[i] += d
			q[i] += d * d
		}
		x = x[4:]
	}
	for _, v := range x {
		d := v - shift
		s[0] += d
		q[0] += d * d
	}
	return (s[0] + s[1]) + (s[2] + s[3]), (q[0] + q[1]) + (q[2] + q[3])
}

// rowScaleGeneric is rowScale in plain Go.
func rowScaleGeneric(y, x, w, b []Float, mean, inverse Float) {
	x, w, b = x[:len(y)], w[:len(y)], b[:len(y)]
	for i := range y {
		y[i] = (x[i]-mean)*inverse*w[i] + b[i]
	}
}

// rowGradSumsGeneric is rowGradSums in plain Go.
func rowGradSumsGeneric(dw, db, dy, x, w []Float, mean, inverse Float) (sum, product Float) {
	db, dy, x, w = db[:len(dw)], dy[:len(dw)], x[:len(dw)], w[:len(dw)]
	for i, g := range dy {
		at := (x[i] - mean) * inverse
		dw[i] += g * at
		db[i] += g
		g *= w[i]
		sum += g
		product += g * at
	}
	return sum, product
}

// rowGradGeneric is rowGrad in plain Go.
func rowGradGeneric(dx, dy, x, w []Float, mean, inverse, slope, lift Float) {
	dy, x, w = dy[:len(dx)], x[:len(dx)], w[:len(dx)]
	for i := range dx {
		dx[i] = dy[i]*w[i]*inverse + (x[i]-mean)*slope + lift
	}
}
