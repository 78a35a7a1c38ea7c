package minimize

import "math"

// SteepestDescent goes against the gradient, d = −∇f (Cauchy 1847). It needs as many steps as the condition of the Hessian is bad.
type SteepestDescent struct {
	Search LineSearch // nil stands for StrongWolfe{C2: 0.1}

	pace pace
}

// Begin forgets everything; see [Method].
func (m *SteepestDescent) Begin(int) { m.pace = pace{} }

// Direction writes −∇f to d.
func (m *SteepestDescent) Direction(d []float64, _ *Problem, at Point) float64 {
	downhill(d, at.G)
	return m.pace.first(d, at)
}

// Learn remembers how far f fell.
func (m *SteepestDescent) Learn(s Step) { m.pace.learn(s) }

// Searching returns the line search.
func (m *SteepestDescent) Searching() LineSearch { return or(m.Search, StrongWolfe{C2: 0.1}) }

// A pace guesses the first step along directions that have no natural length.
type pace struct{ fall float64 } // of f in the step before; 0: there was none

func (p *pace) learn(s Step) { p.fall = s.From.F - s.To.F }

// first returns the step at which f falls by as much as in the step before if it is a parabola, and a hundredth more (NW 3.60); a
// step of length 1 if there is nothing to go by.
func (p *pace) first(d []float64, at Point) float64 {
	if alpha := -2.02 * p.fall / dot(d, at.G); alpha > 0 && !math.IsInf(alpha, 1) {
		return alpha
	}
	return 1 / norm(d)
}

// or returns s, or what stands for nil.
func or(s, standard LineSearch) LineSearch {
	if s == nil {
		return standard
	}
	return s
}
