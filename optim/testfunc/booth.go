package testfunc

// Booth is a parabola in two variables whose axes are not those of the plane, the easiest of all functions here: a method that is
// exact for quadratic functions needs two steps (Jamil and Yang 2013, https://arxiv.org/abs/1308.4008).
//
//	f(x, y) = (x + 2y − 7)² + (2x + y − 5)²
type Booth struct{}

// Value returns f(x).
func (Booth) Value(x []float64) float64 {
	a, b := x[0]+2*x[1]-7, 2*x[0]+x[1]-5
	return a*a + b*b
}

// Gradient writes ∇f(x) to g and returns f(x).
func (Booth) Gradient(g, x []float64) float64 {
	a, b := x[0]+2*x[1]-7, 2*x[0]+x[1]-5
	g[0] = 2*a + 4*b
	g[1] = 4*a + 2*b
	return a*a + b*b
}

// Product writes ∇²f(x)·v to hv; the Hessian is the same everywhere.
func (Booth) Product(hv, _, v []float64) {
	hv[0] = 10*v[0] + 8*v[1]
	hv[1] = 8*v[0] + 10*v[1]
}

// Start returns (0, 0).
func (Booth) Start() []float64 { return []float64{0, 0} }

// Minima returns (1, 3), where f is 0.
func (Booth) Minima() []Minimum { return []Minimum{{X: []float64{1, 3}}} }
