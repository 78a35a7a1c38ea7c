package kernel

import "math"

// NLL returns Σ w[i]·(−logp[i][label[i]]) over rows of the given number of classes; a negative label is left out.
func NLL(logp []Float, labels []int32, w []Float, classes int) float64 {
	sum := 0.0
	for i, l := range labels {
		if l >= 0 {
			sum -= float64(w[i]) * float64(logp[i*classes+int(l)])
		}
	}
	return sum
}

// CrossEntropyGrad sets dx to g times the gradient of NLL by the logits: g·w[i]·(e^logp − [label]).
func CrossEntropyGrad(dx, logp []Float, labels []int32, w []Float, g Float, classes int) {
	crossEntropyJobs.do(len(labels), grainOf(8*classes), crossEntropyJob{dx, logp, labels, w, g, classes})
}

// A crossEntropyJob's pieces are rows.
type crossEntropyJob struct {
	dx, logp []Float
	labels   []int32
	w        []Float
	g        Float
	classes  int
}

var crossEntropyJobs jobs[crossEntropyJob, *crossEntropyJob]

func (t *crossEntropyJob) run(lo, hi int) {
	for i := lo; i < hi; i++ {
		row := t.dx[i*t.classes : (i+1)*t.classes]
		l := t.labels[i]
		if l < 0 {
			clear(row)
			continue
		}
		k := t.g * t.w[i]
		scaledExp(row, t.logp[i*t.classes:(i+1)*t.classes], k, 0)
		row[l] -= k
	}
}

// scaledExp is k·eˣ.
var scaledExp = unary(vectorScaledExp, func(dst, x []Float, k, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = k * Float(math.Exp(float64(x[i])))
	}
})
