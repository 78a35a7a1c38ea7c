package minimize

// SteepestDescent goes where the function falls fastest, d = −g.
type SteepestDescent struct{}

// Direction implements Method.
func (SteepestDescent) Direction(s *State, d []float64) float64 {
	for i, g := range s.G {
		d[i] = -g
	}
	return s.firstLength(d)
}

// firstLength is the distance to try first where the direction has none: such that the function would fall as far as in the last step
// if it went on as it begins (NW section 3.5), or at first one of length 1 at most.
func (s *State) firstLength(d []float64) float64 {
	if s.Steps == 0 {
		return min(1, 1/norm(s.G))
	}
	alpha := 1.01 * 2 * (s.F - s.LastF) / dot(s.G, d)
	if !(alpha > 0) || !finite(alpha) {
		return 1
	}
	return min(1, alpha)
}

// A Formula is one of the conjugate gradient methods for functions that are not quadratic.
type Formula int

const (
	PolakRibiere   Formula = iota // β = max(0, gᵀ(g − g₀)/g₀ᵀg₀), which begins anew by itself (NW equation 5.45)
	FletcherReeves                // β = gᵀg/g₀ᵀg₀ (1964; NW equation 5.41a)
	HagerZhang                    // CG_DESCENT (2005, https://doi.org/10.1137/030601880, equations 1.3 and 1.5)
)

// ConjugateGradient adds to steepest descent a part β of the direction before, d = −g + β·d₀. It keeps three vectors.
type ConjugateGradient struct{ Formula Formula }

// Direction implements Method.
func (c ConjugateGradient) Direction(s *State, d []float64) float64 {
	beta := 0.0
	if s.Steps > 0 {
		beta = c.beta(s)
	}
	for i, g := range s.G {
		d[i] = -g + beta*s.LastD[i]
	}
	return s.firstLength(d)
}

func (c ConjugateGradient) beta(s *State) float64 {
	before := dot(s.LastG, s.LastG)
	switch c.Formula {
	case FletcherReeves:
		return dot(s.G, s.G) / before
	case HagerZhang:
		var yy, dy, gy, dg float64
		for i, g := range s.G {
			y := g - s.LastG[i]
			yy, dy, gy, dg = yy+y*y, dy+s.LastD[i]*y, gy+g*y, dg+s.LastD[i]*g
		}
		least := -1 / (norm(s.LastD) * min(0.01, norm(s.LastG)))
		return max((gy-2*yy*dg/dy)/dy, least)
	}
	return max(0, (dot(s.G, s.G)-dot(s.G, s.LastG))/before)
}
