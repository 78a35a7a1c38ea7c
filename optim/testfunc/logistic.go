package testfunc

import (
	"math"
	"math/rand/v2"
)

// Logistic is the loss of logistic regression, the mean of the cross-entropy over n examples of m features, with weight decay on
// the weights but not on the bias, which is the last of the m+1 variables:
//
//	f(w, b) = 1/n · Σ log(1 + exp(zᵢ)) − yᵢ·zᵢ + decay/2 · ‖w‖²    with zᵢ = w·xᵢ + b
//
// With a positive decay and labels of both kinds it is strictly convex and has one minimum.
type Logistic struct {
	Features [][]float64 // n×m
	Labels   []float64   // n, each 0 or 1
	Decay    float64
}

// NewLogistic makes n examples of m features, standard normal, and labels them by a random plane that is blurred so that the
// classes overlap.
func NewLogistic(r *rand.Rand, n, m int, decay float64) *Logistic {
	if n < 1 || m < 1 {
		fail("NewLogistic", "%d examples of %d features are no data", n, m)
	}
	f := &Logistic{Decay: decay}
	plane := make([]float64, m)
	for j := range plane {
		plane[j] = r.NormFloat64()
	}
	for range n {
		x, z := make([]float64, m), r.NormFloat64()
		for j := range x {
			x[j] = r.NormFloat64()
			z += plane[j] * x[j]
		}
		label := 0.0
		if z > 0 {
			label = 1
		}
		f.Features, f.Labels = append(f.Features, x), append(f.Labels, label)
	}
	return f
}

// Value returns f(x).
func (f *Logistic) Value(x []float64) float64 {
	loss := 0.0
	for i, features := range f.Features {
		loss += cost(score(x, features), f.Labels[i])
	}
	return loss/float64(len(f.Labels)) + f.penalty(x)
}

// Gradient writes ∇f(x) to g and returns f(x).
func (f *Logistic) Gradient(g, x []float64) float64 {
	m, n := len(x)-1, float64(len(f.Labels))
	for j := range m {
		g[j] = f.Decay * x[j]
	}
	g[m] = 0
	loss := 0.0
	for i, features := range f.Features {
		z := score(x, features)
		loss += cost(z, f.Labels[i])
		add(g, (sigmoid(z)-f.Labels[i])/n, features)
	}
	return loss/n + f.penalty(x)
}

// Product writes ∇²f(x)·v to hv.
func (f *Logistic) Product(hv, x, v []float64) {
	m, n := len(x)-1, float64(len(f.Labels))
	for j := range m {
		hv[j] = f.Decay * v[j]
	}
	hv[m] = 0
	for _, features := range f.Features {
		s := sigmoid(score(x, features))
		add(hv, s*(1-s)*score(v, features)/n, features)
	}
}

// Start returns the origin.
func (f *Logistic) Start() []float64 { return make([]float64, len(f.Features[0])+1) }

// Minima returns none: where the minimum is depends on the data.
func (f *Logistic) Minima() []Minimum { return nil }

func (f *Logistic) penalty(x []float64) float64 {
	sum := 0.0
	for _, w := range x[:len(x)-1] {
		sum += w * w
	}
	return f.Decay / 2 * sum
}

// score returns w·features + b, where b is the last element of x and w the others.
func score(x, features []float64) float64 {
	z := x[len(features)]
	for j, v := range features {
		z += x[j] * v
	}
	return z
}

// add adds s·(features, 1) to g.
func add(g []float64, s float64, features []float64) {
	for j, v := range features {
		g[j] += s * v
	}
	g[len(features)] += s
}

// cost returns log(1 + exp(z)) − y·z without overflow.
func cost(z, y float64) float64 { return max(z, 0) - y*z + math.Log1p(math.Exp(-math.Abs(z))) }

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
