package testfunc

// Powell is the extended singular function of Powell 1962, An Iterative Method for Finding Stationary Values of a Function of
// Several Variables, https://doi.org/10.1093/comjnl/5.2.147. At its minimum the Hessian is singular, so that methods which are
// otherwise superlinear become linear. It is a sum over groups of four variables:
//
//	f(x) = Σ (a + 10b)² + 5·(c − d)² + (b − 2c)⁴ + 10·(a − d)⁴
//
// N is the number of variables, a multiple of 4; 0 stands for 4.
type Powell struct{ N int }

// Value returns f(x).
func (Powell) Value(x []float64) (f float64) {
	for ; len(x) > 0; x = x[4:] {
		f += powellOf(x).value()
	}
	return f
}

// Gradient writes ∇f(x) to g and returns f(x).
func (Powell) Gradient(g, x []float64) (f float64) {
	for ; len(x) > 0; g, x = g[4:], x[4:] {
		r := powellOf(x)
		f += r.value()
		r.pull(g, 2*r[0], 10*r[1], 4*r[2]*r[2]*r[2], 40*r[3]*r[3]*r[3])
	}
	return f
}

// Product writes ∇²f(x)·v to hv.
func (Powell) Product(hv, x, v []float64) {
	for ; len(x) > 0; hv, x, v = hv[4:], x[4:], v[4:] {
		r, u := powellOf(x), powellOf(v)
		r.pull(hv, 2*u[0], 10*u[1], 12*r[2]*r[2]*u[2], 120*r[3]*r[3]*u[3])
	}
}

// Start returns (3, −1, 0, 1, …).
func (f Powell) Start() []float64 { return repeat(f.n(), 3, -1, 0, 1) }

// Minima returns the origin, where f is 0.
func (f Powell) Minima() []Minimum { return []Minimum{{X: make([]float64, f.n())}} }

func (f Powell) n() int {
	switch {
	case f.N == 0:
		return 4
	case f.N < 0 || f.N%4 != 0:
		fail("Powell", "%d variables do not make groups of four", f.N)
	}
	return f.N
}

// A powell has the four linear terms of a group: a + 10b, c − d, b − 2c, a − d.
type powell [4]float64

func powellOf(x []float64) powell {
	return powell{x[0] + 10*x[1], x[2] - x[3], x[1] - 2*x[2], x[0] - x[3]}
}

func (r powell) value() float64 {
	return r[0]*r[0] + 5*r[1]*r[1] + r[2]*r[2]*r[2]*r[2] + 10*r[3]*r[3]*r[3]*r[3]
}

// pull writes to g the slopes by a, b, c and d, given those by the four terms.
func (powell) pull(g []float64, s0, s1, s2, s3 float64) {
	g[0] = s0 + s3
	g[1] = 10*s0 + s2
	g[2] = s1 - 2*s2
	g[3] = -s1 - s3
}
