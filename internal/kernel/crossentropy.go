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
	for i, l := range labels {
		row, lp := dx[i*classes:(i+1)*classes], logp[i*classes:(i+1)*classes]
		if l < 0 {
			clear(row)
			continue
		}
		k := g * w[i]
		for j, v := range lp {
			row[j] = k * Float(math.Exp(float64(v)))
		}
		row[l] -= k
	}
}
