package kernel

import "math"

// CrossEntropy returns Σ w[i]·(−log softmax(x)[i][label[i]]) over rows of the given number of classes; a negative label is left
// out. stats is rows×2: the greatest of each row of x, and 1/Σe^(x − greatest), by which CrossEntropyGrad goes on.
func CrossEntropy(x []Float, labels []int32, w, stats []Float, classes int) float64 {
	p := partials.Get().(*partial)
	p.resize(len(labels))
	crossEntropyJobs.do(len(labels), rowGrain(len(labels), classes), crossEntropyJob{x, w, stats, labels, p.sums, classes})
	sum := sum64(p.sums)
	partials.Put(p)
	return sum
}

// A crossEntropyJob's pieces are rows.
type crossEntropyJob struct {
	x, w, stats []Float
	labels      []int32
	losses      []float64
	classes     int
}

var crossEntropyJobs jobs[crossEntropyJob, *crossEntropyJob]

func (t *crossEntropyJob) run(lo, hi int) {
	for i := lo; i < hi; i++ {
		if t.losses[i] = 0; t.labels[i] < 0 {
			continue
		}
		row := t.x[i*t.classes : (i+1)*t.classes]
		greatest := greatestOf(row)
		s := expSum(row, greatest)
		t.stats[2*i], t.stats[2*i+1] = greatest, Float(1/s)
		t.losses[i] = float64(t.w[i]) * (math.Log(s) + float64(greatest) - float64(row[t.labels[i]]))
	}
}

// CrossEntropyGrad sets dx to g times the gradient of CrossEntropy by x: g·w[i]·(softmax(x) − [label]).
func CrossEntropyGrad(dx, x []Float, labels []int32, w, stats []Float, g Float, classes int) {
	crossEntropyGradJobs.do(len(labels), rowGrain(len(labels), classes), crossEntropyGradJob{dx, x, w, stats, labels, g, classes})
}

// A crossEntropyGradJob's pieces are rows.
type crossEntropyGradJob struct {
	dx, x, w, stats []Float
	labels          []int32
	g               Float
	classes         int
}

var crossEntropyGradJobs jobs[crossEntropyGradJob, *crossEntropyGradJob]

func (t *crossEntropyGradJob) run(lo, hi int) {
	for i := lo; i < hi; i++ {
		row := t.dx[i*t.classes : (i+1)*t.classes]
		l := t.labels[i]
		if l < 0 {
			clear(row)
			continue
		}
		k := t.g * t.w[i]
		scaledExp(row, t.x[i*t.classes:(i+1)*t.classes], k*t.stats[2*i+1], t.stats[2*i])
		row[l] -= k
	}
}

// scaledExp is k·e^(x−c).
var scaledExp = unary(vectorScaledExp, func(dst, x []Float, k, c Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = k * Float(math.Exp(float64(x[i]-c)))
	}
})
