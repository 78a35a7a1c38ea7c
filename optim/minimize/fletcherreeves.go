package minimize

// FletcherReeves is the method of conjugate gradients of Fletcher and Reeves 1964, https://doi.org/10.1093/comjnl/7.2.149, with
// g = ∇f at the start of a step and g′ at its end:
//
//	β = ‖g′‖² / ‖g‖²
//
// Once a direction is bad, so are those that follow; therefore it begins again where two gradients in turn are far from orthogonal,
// |g′·g| ≥ ‖g′‖²/10 (Powell 1977, https://doi.org/10.1007/BF01593790; NW 5.52).
type FletcherReeves struct {
	Search LineSearch // nil stands for StrongWolfe{C2: 0.1}

	conjugate
}

// Learn takes β from a step.
func (m *FletcherReeves) Learn(s Step) {
	m.pace.learn(s)
	square, overlap := dot(s.To.G, s.To.G), dot(s.To.G, s.From.G)
	if m.beta = square / dot(s.From.G, s.From.G); max(overlap, -overlap) >= 0.1*square {
		m.beta = 0
	}
}

// Searching returns the line search.
func (m *FletcherReeves) Searching() LineSearch { return or(m.Search, StrongWolfe{C2: 0.1}) }
