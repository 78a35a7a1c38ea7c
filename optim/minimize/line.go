package minimize

import "math"

// A LineSearch finds how far to go along a line.
type LineSearch interface {
	// Search returns a point on the line that fulfils the conditions of the search, trying the distance first before others, and
	// false if it finds none.
	Search(l *Line, first float64) (at Point, ok bool)
}

// A Line is φ(α) = f(x + α·d).
type Line struct {
	problem    *counted
	x, d       []float64
	f0, slope0 float64 // φ(0) and φ′(0) < 0

	at, g []float64 // the last point that was asked for, and the last gradient with its α
	alpha float64
}

// A Point is one on a line, with φ and φ′ there; slope is NaN if it was not asked for.
type Point struct{ alpha, f, slope float64 }

func newLine(c *counted, s *State, d []float64) *Line {
	n := len(d)
	return &Line{problem: c, x: s.X, d: d, f0: s.F, slope0: dot(s.G, d), at: make([]float64, n), g: make([]float64, n), alpha: math.NaN()}
}

// value returns φ(α).
func (l *Line) value(alpha float64) Point {
	l.move(alpha)
	return Point{alpha, l.problem.value(l.at), math.NaN()}
}

// point returns φ(α) and φ′(α).
func (l *Line) point(alpha float64) Point {
	p := l.value(alpha)
	if finite(p.f) {
		l.steepen(&p)
	}
	return p
}

// steepen adds the slope to a point.
func (l *Line) steepen(p *Point) {
	l.move(p.alpha)
	l.problem.gradient(l.g, l.at)
	l.alpha = p.alpha
	p.slope = dot(l.g, l.d)
}

// gradientAt writes the gradient at α to g; where a search has asked for it last, it is there already.
func (l *Line) gradientAt(g []float64, alpha float64) {
	if l.alpha != alpha {
		p := Point{alpha: alpha}
		l.steepen(&p)
	}
	copy(g, l.g)
}

func (l *Line) move(alpha float64) {
	for i, v := range l.x {
		l.at[i] = v + alpha*l.d[i]
	}
}

// sufficient is Armijo's condition: φ(α) ≤ φ(0) + c·α·φ′(0).
func (l *Line) sufficient(p Point, c float64) bool { return p.f <= l.f0+c*p.alpha*l.slope0 }

// approximate is the condition that stands for Armijo's and the curvature's so near to a minimum that differences of φ are rounding
// errors, and only there (Hager and Zhang 2005, equation 4.1, https://doi.org/10.1137/030601880):
//
//	(2c₁ − 1)·φ′(0) ≥ φ′(α) ≥ c₂·φ′(0)
func (l *Line) approximate(p Point, c1, c2 float64) bool {
	return math.Abs(p.f-l.f0) <= 1e-10*math.Abs(l.f0) && (2*c1-1)*l.slope0 >= p.slope && p.slope >= c2*l.slope0
}
