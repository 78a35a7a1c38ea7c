package minimize

import "math"

// CGDescent is the method of conjugate gradients of Hager and Zhang 2005, A New Conjugate Gradient Method with Guaranteed Descent
// and an Efficient Line Search, https://doi.org/10.1137/030601880. With g = ∇f at the start of a step, g′ at its end and
// y = g′ − g,
//
//	β = max((y − 2·d·‖y‖²/(d·y))·g′ / (d·y), −1/(‖d‖·min(0.01, ‖g‖)))
//
// so that d·g ≤ −⅞·‖g‖² whatever the line search. The step to try first is the lowest point of the parabola through φ(0), φ′(0) and
// the value at a tenth of the step before, at the price of that value; twice the step before if there is no such point.
type CGDescent struct {
	Search LineSearch // nil stands for HagerZhang{}

	conjugate
	alpha float64   // the step before; 0: there was none
	x     []float64 // where the value is taken
}

// Begin forgets everything; see [Method].
func (m *CGDescent) Begin(n int) {
	m.conjugate.Begin(n)
	if m.alpha = 0; len(m.x) != n {
		m.x = make([]float64, n)
	}
}

// Direction turns d; see [Method]. The steps I0 to I2 are those of the paper on the program CG_DESCENT; see [HagerZhang].
func (m *CGDescent) Direction(d []float64, p *Problem, at Point) float64 {
	m.turn(d, at)
	if m.alpha == 0 {
		return begin(at)
	}
	tenth := m.alpha / 10
	ray(m.x, at.X, tenth, d)
	f, slope := p.Value(m.x), dot(d, at.G)
	if bend := f - at.F - slope*tenth; f <= at.F && bend > 0 { // I1
		return -slope * tenth * tenth / (2 * bend)
	}
	return 2 * m.alpha // I2
}

// begin returns the step to try first of all, which takes x or f for a measure of the distance: I0.
func begin(at Point) float64 {
	const part = 0.01
	if length := greatest(at.X); length > 0 {
		return part * length / greatest(at.G)
	}
	if at.F != 0 {
		return part * math.Abs(at.F) / dot(at.G, at.G)
	}
	return 1
}

// Learn takes β from a step.
func (m *CGDescent) Learn(s Step) {
	m.alpha = s.Alpha
	var dy, yy, yg, dg, dd, gg float64
	for i, d := range s.Direction {
		y := s.To.G[i] - s.From.G[i]
		dy, yy, yg, dg = dy+d*y, yy+y*y, yg+y*s.To.G[i], dg+d*s.To.G[i]
		dd, gg = dd+d*d, gg+s.From.G[i]*s.From.G[i]
	}
	if m.beta = 0; dy > 0 {
		const eta = 0.01
		m.beta = max((yg-2*yy/dy*dg)/dy, -1/(math.Sqrt(dd)*min(eta, math.Sqrt(gg))))
	}
}

// Searching returns the line search.
func (m *CGDescent) Searching() LineSearch { return or(m.Search, HagerZhang{}) }
