package kernel

import (
	"math"
	"slices"
)

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
	softmaxJobs.do(rows, grainOf(8*cols), softmaxJob{row: logSumExpRow, dst: dst, x: x, cols: cols, width: 1})
}

func softmaxRows(row func(dst, x, y []Float), dst, x, y []Float, rows, cols int) {
	if cols == 0 {
		return
	}
	if y == nil {
		y = x
	}
	softmaxJobs.do(rows, grainOf(8*cols), softmaxJob{row, dst, x, y, cols, cols})
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
	greatest := slices.Max(x)
	dst = dst[:len(x)]
	var s float64
	for i, v := range x {
		e := math.Exp(float64(v - greatest))
		s += e
		dst[i] = Float(e)
	}
	mulScalar(dst, dst, Float(1/s))
}

func logSoftmaxRow(dst, x, _ []Float) {
	greatest := slices.Max(x)
	var s float64
	for _, v := range x {
		s += math.Exp(float64(v - greatest))
	}
	// Two subtractions, since the sum of both terms may round where their difference to x does not.
	s = math.Log(s)
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = Float(float64(v-greatest) - s)
	}
}

func softmaxGradRow(dx, dy, y []Float) {
	s := Float(dot64(dy, y))
	dx, dy = dx[:len(y)], dy[:len(y)]
	for i, v := range y {
		dx[i] = v * (dy[i] - s)
	}
}

func logSoftmaxGradRow(dx, dy, y []Float) {
	s := sum(dy)
	dx, dy = dx[:len(y)], dy[:len(y)]
	for i, v := range y {
		dx[i] = Float(float64(dy[i]) - math.Exp(float64(v))*s)
	}
}

func logSumExpRow(dst, x, _ []Float) {
	greatest := float64(slices.Max(x))
	if math.IsInf(greatest, 0) {
		greatest = 0 // ∞ − ∞ is no number
	}
	var s float64
	for _, v := range x {
		s += math.Exp(float64(v) - greatest)
	}
	dst[0] = Float(greatest + math.Log(s))
}
