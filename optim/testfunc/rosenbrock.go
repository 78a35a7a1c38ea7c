package testfunc

// Rosenbrock is the curved valley of Rosenbrock 1960, An Automatic Method for Finding the Greatest or Least Value of a Function,
// https://doi.org/10.1093/comjnl/3.3.175, in n variables coupled as a chain:
//
//	f(x) = Σ 100·(xᵢ₊₁ − xᵢ²)² + (1 − xᵢ)²    over i = 1 … n−1
//
// From four variables on it has a second, local minimum, where x₁ is near −1. N is the number of variables; 0 stands for 2.
type Rosenbrock struct{ N int }

// Value returns f(x).
func (Rosenbrock) Value(x []float64) (f float64) {
	for i := range len(x) - 1 {
		a, b := x[i+1]-x[i]*x[i], 1-x[i]
		f += 100*a*a + b*b
	}
	return f
}

// Gradient writes ∇f(x) to g and returns f(x).
func (Rosenbrock) Gradient(g, x []float64) (f float64) {
	clear(g)
	for i := range len(x) - 1 {
		a, b := x[i+1]-x[i]*x[i], 1-x[i]
		f += 100*a*a + b*b
		g[i] -= 400*a*x[i] + 2*b
		g[i+1] += 200 * a
	}
	return f
}

// Product writes ∇²f(x)·v to hv.
func (Rosenbrock) Product(hv, x, v []float64) {
	clear(hv)
	for i := range len(x) - 1 {
		hv[i] += (1200*x[i]*x[i]-400*x[i+1]+2)*v[i] - 400*x[i]*v[i+1]
		hv[i+1] += 200*v[i+1] - 400*x[i]*v[i]
	}
}

// Start returns (−1.2, 1, −1.2, 1, …).
func (f Rosenbrock) Start() []float64 { return repeat(f.n(), -1.2, 1) }

// Minima returns (1, …, 1), where f is 0.
func (f Rosenbrock) Minima() []Minimum { return []Minimum{{X: repeat(f.n(), 1)}} }

func (f Rosenbrock) n() int {
	switch {
	case f.N == 0:
		return 2
	case f.N < 2:
		fail("Rosenbrock", "there is no chain of %d variables", f.N)
	}
	return f.N
}
