package minimize

import "math"

// A LineSearch says how far to go along a direction.
type LineSearch interface {
	// Search returns a step along l that meets the conditions of the search, trying first > 0 before others, and Running. It is the
	// last step that was given to l.Try, so that l.To is where it leads. Without such a step the status says why: Stalled or
	// Unbounded.
	Search(l *Line, first float64) (Trial, Status)
}

// maxTrials is how many steps a line search tries: as many halvings make a step vanish beside x, as many doublings end the world.
const maxTrials = 60

// A Line is f along a direction, φ(α) = f(x + α·d).
type Line struct {
	From  Point     // α = 0
	To    Point     // what the last Try found; its F is set once the step is taken
	D     []float64 // d
	Start Trial     // φ(0) and φ′(0)

	p *Problem
}

// A Trial is a step that was tried: α, φ(α) and φ′(α).
type Trial struct{ Alpha, F, Slope float64 }

// NewLine returns f from x on in direction d, for line searches on their own.
func NewLine(p *Problem, x, d []float64) *Line {
	if len(x) != len(d) {
		fail("NewLine", "the point has %d variables, the direction %d", len(x), len(d))
	}
	l := newLine(p, len(x))
	copy(l.From.X, x)
	copy(l.D, d)
	l.From.F = p.Gradient(l.From.G, x)
	l.aim()
	return l
}

func newLine(p *Problem, n int) *Line {
	point := func() Point { return Point{X: make([]float64, n), G: make([]float64, n)} }
	return &Line{From: point(), To: point(), D: make([]float64, n), p: p}
}

// aim begins a search from l.From along l.D.
func (l *Line) aim() { l.Start = Trial{0, l.From.F, dot(l.From.G, l.D)} }

// descends tells whether the line can be searched: Running if f falls, else the status that follows.
func (l *Line) descends() Status {
	switch {
	case !finite(l.Start.Slope):
		return NotFinite
	case l.Start.Slope >= 0:
		return Stalled
	}
	return Running
}

// Value returns φ(α).
func (l *Line) Value(alpha float64) float64 {
	ray(l.To.X, l.From.X, alpha, l.D)
	return l.p.Value(l.To.X)
}

// Try returns the step α with φ and φ′. Where either is not a number or +∞, f counts as infinitely high and steep.
func (l *Line) Try(alpha float64) Trial {
	ray(l.To.X, l.From.X, alpha, l.D)
	t := Trial{Alpha: alpha, F: l.p.Gradient(l.To.G, l.To.X)}
	t.Slope = dot(l.To.G, l.D)
	if !math.IsInf(t.F, -1) && !(finite(t.F) && finite(t.Slope)) {
		t.F, t.Slope = math.Inf(1), math.Inf(1)
	}
	return t
}

// decreases is the condition of Armijo, φ(α) ≤ φ(0) + c₁·α·φ′(0), NW 3.4. The right side is less than φ(0), but may be rounded to
// it.
func (l *Line) decreases(alpha, f, c1 float64) bool {
	return f < l.Start.F && f <= l.Start.F+c1*alpha*l.Start.Slope
}

// flattens is the weak condition on the curvature, φ′(α) ≥ c₂·φ′(0), NW 3.5.
func (l *Line) flattens(t Trial, c2 float64) bool { return t.Slope >= c2*l.Start.Slope }

// constants returns c₁ and c₂ or what stands for them, and checks that 0 < c₁ < c₂ < 1, without which there may be no step.
func constants(op string, c1, c2, or1, or2 float64) (float64, float64) {
	if c1 == 0 {
		c1 = or1
	}
	if c2 == 0 {
		c2 = or2
	}
	if !(0 < c1 && c1 < c2 && c2 < 1) {
		fail(op, "the constants are %v and %v; they must ascend between 0 and 1", c1, c2)
	}
	return c1, c2
}
