package testfunc

// Beale is the function of Beale 1958, On an Iterative Method for Finding a Local Minimum of a Function of More than One Variable:
// a flat floor between steep walls, and a second valley, towards x → −∞ and y → 1, along which f falls for ever, to 0.45.
//
//	f(x, y) = Σ (cₖ − x·(1 − yᵏ))²    with c = 1.5, 2.25, 2.625
type Beale struct{}

var bealeC = [3]float64{1.5, 2.25, 2.625}

// Value returns f(x).
func (Beale) Value(x []float64) (f float64) {
	power := 1.0
	for _, c := range bealeC {
		power *= x[1]
		r := c - x[0]*(1-power)
		f += r * r
	}
	return f
}

// Gradient writes ∇f(x) to g and returns f(x).
func (Beale) Gradient(g, x []float64) (f float64) {
	clear(g)
	before := 1.0 // yᵏ⁻¹
	for i, c := range bealeC {
		power, slope := before*x[1], float64(i+1)*before
		r := c - x[0]*(1-power)
		f += r * r
		g[0] -= 2 * r * (1 - power)
		g[1] += 2 * r * x[0] * slope
		before = power
	}
	return f
}

// Product writes ∇²f(x)·v to hv.
func (Beale) Product(hv, x, v []float64) {
	clear(hv)
	curve, before := 0.0, 1.0 // k·(k−1)·yᵏ⁻² and yᵏ⁻¹
	for i, c := range bealeC {
		k := float64(i + 1)
		power, slope := before*x[1], k*before
		r := c - x[0]*(1-power)
		rx, ry := power-1, x[0]*slope // slopes of the residual r
		along := rx*v[0] + ry*v[1]
		hv[0] += 2 * (rx*along + r*slope*v[1])
		hv[1] += 2 * (ry*along + r*(slope*v[0]+x[0]*curve*v[1]))
		curve, before = (k+1)*k*before, power
	}
}

// Start returns (1, 1).
func (Beale) Start() []float64 { return []float64{1, 1} }

// Minima returns (3, ½), where f is 0.
func (Beale) Minima() []Minimum { return []Minimum{{X: []float64{3, 0.5}}} }
