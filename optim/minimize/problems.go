package minimize

import (
	"math"
	"math/rand/v2"
)

// Rosenbrock is a curved valley in n variables, Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)², with the minimum at ones (Rosenbrock 1960).
func Rosenbrock(n int) Problem {
	start := make([]float64, n)
	for i := range start {
		start[i] = []float64{-1.2, 1}[i%2]
	}
	return Problem{
		Name: "Rosenbrock", Start: start,
		Value: func(x []float64) float64 {
			f := 0.0
			for i := range n - 1 {
				a, b := x[i+1]-x[i]*x[i], 1-x[i]
				f += 100*a*a + b*b
			}
			return f
		},
		Gradient: func(g, x []float64) {
			clear(g)
			for i := range n - 1 {
				a := x[i+1] - x[i]*x[i]
				g[i] += -400*x[i]*a - 2*(1-x[i])
				g[i+1] += 200 * a
			}
		},
		Product: func(h, x, v []float64) {
			clear(h)
			for i := range n - 1 {
				h[i] += (1200*x[i]*x[i]-400*x[i+1]+2)*v[i] - 400*x[i]*v[i+1]
				h[i+1] += -400*x[i]*v[i] + 200*v[i+1]
			}
		},
	}
}

// squares makes a problem of a sum of squares Σ rₖ(x)², from the residuals with their gradients and Hessians.
func squares(name string, start []float64, minimum float64, residuals func(x []float64) []residual) Problem {
	return Problem{
		Name: name, Start: start, Minimum: minimum,
		Value: func(x []float64) float64 {
			f := 0.0
			for _, r := range residuals(x) {
				f += r.value * r.value
			}
			return f
		},
		Gradient: func(g, x []float64) {
			clear(g)
			for _, r := range residuals(x) {
				add(g, 2*r.value, r.gradient)
			}
		},
		Product: func(h, x, v []float64) {
			clear(h)
			n := len(x)
			for _, r := range residuals(x) {
				add(h, 2*dot(r.gradient, v), r.gradient)
				for i := range n {
					if r.hessian != nil {
						h[i] += 2 * r.value * dot(r.hessian[i*n:][:n], v)
					}
				}
			}
		},
	}
}

type residual struct {
	value             float64
	gradient, hessian []float64 // hessian nil: zero
}

// Beale has steep corners and a flat valley; its minimum is at (3, ½) (Beale 1958).
func Beale() Problem {
	return squares("Beale", []float64{1, 1}, 0, func(x []float64) []residual {
		var rs []residual
		for k, c := range []float64{1.5, 2.25, 2.625} {
			p := float64(k + 1)
			rs = append(rs, residual{
				c - x[0]*(1-math.Pow(x[1], p)), []float64{math.Pow(x[1], p) - 1, x[0] * p * math.Pow(x[1], p-1)},
				[]float64{0, p * math.Pow(x[1], p-1), p * math.Pow(x[1], p-1), x[0] * p * (p - 1) * math.Pow(x[1], p-2)},
			})
		}
		return rs
	})
}

// Himmelblau has four minima of value 0 (Himmelblau 1972).
func Himmelblau() Problem {
	return squares("Himmelblau", []float64{0, 0}, 0, func(x []float64) []residual {
		return []residual{
			{x[0]*x[0] + x[1] - 11, []float64{2 * x[0], 1}, []float64{2, 0, 0, 0}},
			{x[0] + x[1]*x[1] - 7, []float64{1, 2 * x[1]}, []float64{0, 0, 0, 2}},
		}
	})
}

// Booth is a quadratic with the minimum at (1, 3).
func Booth() Problem {
	return squares("Booth", []float64{-5, -5}, 0, func(x []float64) []residual {
		return []residual{{x[0] + 2*x[1] - 7, []float64{1, 2}, nil}, {2*x[0] + x[1] - 5, []float64{2, 1}, nil}}
	})
}

// Powell is the extended singular function in n variables, a multiple of four, whose Hessian at the minimum, zeros, is singular
// (Powell 1962).
func Powell(n int) Problem {
	start := make([]float64, n)
	for i := range start {
		start[i] = []float64{3, -1, 0, 1}[i%4]
	}
	return squares("Powell", start, 0, func(x []float64) []residual {
		var rs []residual
		for at := 0; at < n; at += 4 {
			linear := func(k float64, i int, a float64, j int, b float64) residual {
				g := make([]float64, n)
				g[at+i], g[at+j] = k*a, k*b
				return residual{k * (a*x[at+i] + b*x[at+j]), g, nil}
			}
			square := func(k float64, i, j int, b float64) residual { // k·(xᵢ + b·xⱼ)²
				u := x[at+i] + b*x[at+j]
				g, h := make([]float64, n), make([]float64, n*n)
				g[at+i], g[at+j] = 2*k*u, 2*k*u*b
				p, q := at+i, at+j
				h[p*n+p], h[p*n+q], h[q*n+p], h[q*n+q] = 2*k, 2*k*b, 2*k*b, 2*k*b*b
				return residual{k * u * u, g, h}
			}
			rs = append(rs, linear(1, 0, 1, 1, 10), linear(math.Sqrt(5), 2, 1, 3, -1), square(1, 1, 2, -2), square(math.Sqrt(10), 0, 3, -1))
		}
		return rs
	})
}

// Logistic is the loss of logistic regression on n made examples of d features with a pull of the weights to zero: Σ log(1 +
// e^(−y·xᵀw))/n + ½·decay·wᵀw.
func Logistic(n, d int, decay float64, seed uint64) Problem {
	r := rand.New(rand.NewPCG(seed, 1))
	truth := make([]float64, d)
	for i := range truth {
		truth[i] = r.NormFloat64()
	}
	rows := make([][]float64, n) // y·x
	for i := range rows {
		rows[i] = make([]float64, d)
		for j := range rows[i] {
			rows[i][j] = r.NormFloat64() * math.Pow(10, float64(j)/float64(d)) // features of different sizes
		}
		if dot(rows[i], truth)+3*r.NormFloat64() < 0 {
			for j := range rows[i] {
				rows[i][j] = -rows[i][j]
			}
		}
	}
	return Problem{
		Name: "logistic regression", Start: make([]float64, d), Minimum: math.NaN(),
		Value: func(w []float64) float64 {
			f := 0.0
			for _, x := range rows {
				m := dot(x, w)
				f += math.Max(0, -m) + math.Log1p(math.Exp(-math.Abs(m)))
			}
			return f/float64(n) + decay/2*dot(w, w)
		},
		Gradient: func(g, w []float64) {
			for i, v := range w {
				g[i] = decay * v
			}
			for _, x := range rows {
				add(g, -1/(1+math.Exp(dot(x, w)))/float64(n), x)
			}
		},
		Product: func(h, w, v []float64) {
			for i, u := range v {
				h[i] = decay * u
			}
			for _, x := range rows {
				s := 1 / (1 + math.Exp(dot(x, w)))
				add(h, s*(1-s)*dot(x, v)/float64(n), x)
			}
		},
	}
}

// Problems are the standard ones.
func Problems() []Problem {
	return []Problem{Rosenbrock(2), Rosenbrock(10), Beale(), Himmelblau(), Booth(), Powell(8), Logistic(200, 10, 1e-3, 5)}
}
