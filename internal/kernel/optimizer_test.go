package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestSGD(t *testing.T) {
	for _, n := range sizes {
		for _, c := range []struct {
			lr, momentum, dampening, decay float64
			nesterov                       bool
		}{
			{lr: .1}, {lr: .1, decay: .01}, {lr: .1, momentum: .9}, {lr: .05, momentum: .9, dampening: .5, decay: .01},
			{lr: .1, momentum: .9, nesterov: true}, {lr: .1, momentum: .9, decay: .02, nesterov: true},
		} {
			w := normals(n, 1)
			want, velocity := make([]float64, n), make([]float64, n)
			for i := range w {
				want[i] = float64(w[i])
			}
			var v []Float
			if c.momentum != 0 {
				v = make([]Float, n)
				Fill(v, nan) // the first step does not look at it
			}
			for step := range 3 {
				g := normals(n, uint64(step))
				StepSGD([]SGDStep{SGD(w, g, v, c.lr, c.momentum, c.dampening, c.decay, c.nesterov, step == 0)})
				for i := range want {
					d := float64(g[i]) + c.decay*want[i]
					if c.momentum != 0 {
						if step == 0 {
							velocity[i] = d
						} else {
							velocity[i] = c.momentum*velocity[i] + (1-c.dampening)*d
						}
						if c.nesterov {
							d += c.momentum * velocity[i]
						} else {
							d = velocity[i]
						}
					}
					want[i] -= c.lr * d
				}
			}
			compare(t, fmt.Sprint("SGD", n, c), w, floats(want), 8*max(epsilon, 1e-8))
		}
	}
}

func TestAdam(t *testing.T) {
	const lr, beta1, beta2, eps = .01, .9, .999, 1e-8
	for _, n := range sizes {
		for _, decay := range []float64{0, .1} {
			for _, decoupled := range []bool{false, true} {
				w, m, v := normals(n, 1), make([]Float, n), make([]Float, n)
				want, mean, square := make([]float64, n), make([]float64, n), make([]float64, n)
				for i := range w {
					want[i] = float64(w[i])
				}
				for step := range 3 {
					g := normals(n, uint64(10+step))
					bias1, bias2 := 1-math.Pow(beta1, float64(step+1)), 1-math.Pow(beta2, float64(step+1))
					before := slices.Clone(g)
					StepAdam([]AdamStep{Adam(w, g, m, v, lr, beta1, beta2, eps, decay, bias1, bias2, decoupled)})
					compare(t, "Adam's gradient", g, before, 0)
					for i := range want {
						d := float64(g[i])
						if decoupled {
							want[i] *= 1 - lr*decay
						} else {
							d += decay * want[i]
						}
						mean[i] = beta1*mean[i] + (1-beta1)*d
						square[i] = beta2*square[i] + (1-beta2)*d*d
						want[i] -= lr / bias1 * mean[i] / (math.Sqrt(square[i])/math.Sqrt(bias2) + eps)
					}
				}
				compare(t, fmt.Sprint("Adam", n, decay, decoupled), w, floats(want), 1e-6)
			}
		}
	}
}

// Steps of many parameters, of all lengths, are those of each by itself.
func TestStepsTogether(t *testing.T) {
	lengths := []int{3, 0, 64, grain + 1, 1, 17, 3*grain + 5, 2}
	for _, threads := range []int{1, 3} {
		withThreads(t, threads, func() {
			var apart, together [][]Float
			var steps []AdamStep
			var descents []SGDStep
			for i, n := range lengths {
				w, g, m, v := normals(n, uint64(i)), normals(n, 2), make([]Float, n), make([]Float, n)
				lr := .01 * float64(i+1)
				apart, together = append(apart, slices.Clone(w)), append(together, w)
				StepAdam([]AdamStep{Adam(apart[i], g, slices.Clone(m), slices.Clone(v), lr, .9, .999, 1e-8, 0, .1, .5, false)})
				StepSGD([]SGDStep{SGD(apart[i], g, nil, lr, 0, 0, .1, false, false)})
				steps = append(steps, Adam(w, g, m, v, lr, .9, .999, 1e-8, 0, .1, .5, false))
				descents = append(descents, SGD(w, g, nil, lr, 0, 0, .1, false, false))
			}
			StepAdam(steps)
			StepSGD(descents)
			for i := range lengths {
				compare(t, fmt.Sprint("parameter ", i), together[i], apart[i], 0)
			}
		})
	}
}

func floats(x []float64) []Float {
	y := make([]Float, len(x))
	for i := range x {
		y[i] = Float(x[i])
	}
	return y
}
