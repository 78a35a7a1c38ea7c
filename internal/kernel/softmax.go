package kernel

import "math"

// Softmax computes eˣ/Σeˣ of each row of x, rows×cols. It subtracts the greatest of a row first, so nothing overflows; a row of
// -Inf only, or with +Inf, gives NaN. dst may be x.
func Softmax(dst, x []Float, rows, cols int) { softmaxRows(softmaxRow, dst, x, nil, rows, cols) }

// LogSoftmax computes x − log Σeˣ of each row of x, rows×cols. A row of -Inf only, or with +Inf, gives NaN. dst may be x.
func LogSoftmax(dst, x []Float, rows, cols int) { softmaxRows(logSoftmaxRow, dst, x, nil, rows, cols) }

// SoftmaxGrad computes the gradient dx of x from the gradient dy of y = Softmax(x): y·(dy − Σ dy·y). dx may be dy.
func SoftmaxGrad(dx, dy, y []Float, rows, cols int) {
	softmaxRows(softmaxGradRow, dx, dy, y, rows, cols)
}

// LogSoftmaxGrad computes the gradient dx of x from the gradient dy of y = LogSoftmax(x): dy − e^y·Σ dy. dx may be dy.
func LogSoftmaxGrad(dx, dy, y []Float, rows, cols int) {
	softmaxRows(logSoftmaxGradRow, dx, dy, y, rows, cols)
}

// LogSumExp computes log Σeˣ of each row of x, rows×cols; dst is rows. A row of -Inf only gives -Inf.
func LogSumExp(dst, x []Float, rows, cols int) {
	if cols == 0 {
		Fill(dst[:rows], Float(math.Inf(-1)))
		return
	}
	softmaxJobs.do(rows, rowGrain(rows, cols), softmaxJob{row: logSumExpRow, dst: dst, x: x, cols: cols, width: 1})
}

func softmaxRows(row func(dst, x, y []Float), dst, x, y []Float, rows, cols int) {
	if cols == 0 {
		return
	}
	if y == nil {
		y = x
	}
	softmaxJobs.do(rows, rowGrain(rows, cols), softmaxJob{row, dst, x, y, cols, cols})
}

// A softmaxJob's pieces are rows: x and y of cols numbers, dst of width.
type softmaxJob struct {
	row         func(dst, x, y []Float)
	dst, x, y   []Float
	cols, width int
}

var softmaxJobs jobs[softmaxJob, *softmaxJob]

func (t *softmaxJob) run(lo, hi int) {
	for ; lo < hi; lo++ {
		var y []Float
		if t.y != nil {
			y = t.y[lo*t.cols : (lo+1)*t.cols]
		}
		t.row(t.dst[lo*t.width:(lo+1)*t.width], t.x[lo*t.cols:(lo+1)*t.cols], y)
	}
}

func softmaxRow(dst, x, _ []Float) {
	s := expStore(dst, x, greatestOf(x))
	Mul.VS(dst, dst, Float(1/s))
}

func logSoftmaxRow(dst, x, _ []Float) {
	greatest := greatestOf(x)
	// Two subtractions, since the sum of both terms may round where their difference to x does not.
	shift(dst, x, greatest, Float(math.Log(expSum(x, greatest))))
}

func softmaxGradRow(dx, dy, y []Float) {
	softmaxGradLoop(dx, dy, y, Float(innerProduct(dy, y)), 0)
}

func logSoftmaxGradRow(dx, dy, y []Float) {
	logSoftmaxGradLoop(dx, dy, y, Float(sum(dy)), 0)
}

func logSumExpRow(dst, x, _ []Float) {
	greatest := greatestOf(x)
	if greatest-greatest != 0 {
		greatest = 0 // ∞ − ∞ is no number
	}
	dst[0] = Float(float64(greatest) + math.Log(expSum(x, greatest)))
}

// shift is x − k − c.
var shift = unary(vectorShift, func(dst, x []Float, k, c Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = x[i] - k - c
	}
})

// softmaxGradLoop is (a − k)·b.
var softmaxGradLoop = mixed(vectorSoftmaxGrad, func(dst, a, b []Float, k, _ Float) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = (a[i] - k) * b[i]
	}
})

// logSoftmaxGradLoop is a − k·eᵇ.
var logSoftmaxGradLoop = mixed(vectorLogSoftmaxGrad, func(dst, a, b []Float, k, _ Float) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = Float(float64(a[i]) - float64(k)*math.Exp(float64(b[i])))
	}
})

// expSumGeneric is expSum in plain Go.
func expSumGeneric(x []Float, k Float) (s float64) {
	for _, v := range x {
		s += math.Exp(float64(v - k))
	}
	return s
}

// expStoreGeneric is expStore in plain Go.
func expStoreGeneric(dst, x []Float, k Float) (s float64) {
	dst = dst[:len(x)]
	for i, v := range x {
		e := math.Exp(float64(v - k))
		s += e
		dst[i] = Float(e)
	}
	return s
}

// rowGrain is the grain of a loop over rows with a good deal of work for each number, see streamGrain.
func rowGrain(rows, cols int) int {
	return max(1, min(16*grain, max(grain/4, rows*cols/16))/cols)
}
