package testfunc

// Himmelblau has four minima of one depth, from Himmelblau 1972, Applied Nonlinear Programming:
//
//	f(x, y) = (x² + y − 11)² + (x + y² − 7)²
type Himmelblau struct{}

// Value returns f(x).
func (Himmelblau) Value(x []float64) float64 {
	a, b := x[0]*x[0]+x[1]-11, x[0]+x[1]*x[1]-7
	return a*a + b*b
}

// Gradient writes ∇f(x) to g and returns f(x).
func (Himmelblau) Gradient(g, x []float64) float64 {
	a, b := x[0]*x[0]+x[1]-11, x[0]+x[1]*x[1]-7
	g[0] = 4*a*x[0] + 2*b
	g[1] = 2*a + 4*b*x[1]
	return a*a + b*b
}

// Product writes ∇²f(x)·v to hv.
func (Himmelblau) Product(hv, x, v []float64) {
	mixed := 4 * (x[0] + x[1])
	hv[0] = (12*x[0]*x[0]+4*x[1]-42)*v[0] + mixed*v[1]
	hv[1] = mixed*v[0] + (4*x[0]+12*x[1]*x[1]-26)*v[1]
}

// Start returns (1, 1).
func (Himmelblau) Start() []float64 { return []float64{1, 1} }

// Minima returns the four points at which f is 0.
func (Himmelblau) Minima() []Minimum {
	return []Minimum{
		{X: []float64{3, 2}},
		{X: []float64{-2.805118086952745, 3.131312518250573}},
		{X: []float64{-3.779310253377747, -3.283185991286170}},
		{X: []float64{3.584428340330492, -1.848126526964404}},
	}
}
