package minimize

// PolakRibiere is the method of conjugate gradients of Polak and Ribière 1969, https://doi.org/10.1051/m2an/196903R100351, with
// g = ∇f at the start of a step and g′ at its end. It begins again along the steepest descent wherever β would be negative
// (Powell 1984; Gilbert and Nocedal 1992, https://doi.org/10.1137/0802003; NW 5.45), and so by itself where steps are short:
//
//	β = max(0, g′·(g′ − g) / ‖g‖²)
type PolakRibiere struct {
	Search LineSearch // nil stands for StrongWolfe{C2: 0.4}

	conjugate
}

// Learn takes β from a step.
func (m *PolakRibiere) Learn(s Step) {
	m.pace.learn(s)
	m.beta = max(0, (dot(s.To.G, s.To.G)-dot(s.To.G, s.From.G))/dot(s.From.G, s.From.G))
}

// Searching returns the line search.
func (m *PolakRibiere) Searching() LineSearch { return or(m.Search, StrongWolfe{C2: 0.4}) }
