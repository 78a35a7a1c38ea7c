package minimize

// BFGS keeps an approximation H of the inverse of the Hessian, n×n, and goes along d = −H·∇f (Broyden, Fletcher, Goldfarb and
// Shanno 1970; NW algorithm 6.1). With s the step and y the change of the gradient,
//
//	H ← (I − ρ·s·yᵀ)·H·(I − ρ·y·sᵀ) + ρ·s·sᵀ    with ρ = 1/(y·s)
//
// H begins as the identity times (y·s)/(y·y) of the first step (NW 6.20). It stays positive definite because a step with y·s ≤ 0,
// which Wolfe's conditions exclude, changes nothing.
type BFGS struct {
	Search LineSearch // nil stands for StrongWolfe{}

	h    []float64 // n×n, symmetric
	s, y []float64
	hy   []float64 // H·y
	any  bool      // H has learnt from a step
}

// Begin forgets everything; see [Method].
func (m *BFGS) Begin(n int) {
	if m.any = false; len(m.s) != n {
		m.h, m.s, m.y, m.hy = make([]float64, n*n), make([]float64, n), make([]float64, n), make([]float64, n)
	}
}

// Direction writes −H·∇f to d.
func (m *BFGS) Direction(d []float64, _ *Problem, at Point) float64 {
	if !m.any {
		downhill(d, at.G)
		return min(1, 1/norm(d))
	}
	for i := range d {
		d[i] = -dot(m.h[i*len(d):(i+1)*len(d)], at.G)
	}
	return 1
}

// Learn improves H by a step.
func (m *BFGS) Learn(s Step) {
	n := len(m.s)
	difference(m.s, s.To.X, s.From.X)
	difference(m.y, s.To.G, s.From.G)
	sy := dot(m.s, m.y)
	if !curves(sy, m.s, m.y) {
		return
	}
	if !m.any {
		clear(m.h)
		for i := range n {
			m.h[i*n+i] = sy / dot(m.y, m.y)
		}
		m.any = true
	}
	for i := range n {
		m.hy[i] = dot(m.h[i*n:(i+1)*n], m.y)
	}
	rho := 1 / sy
	square := rho * (1 + rho*dot(m.y, m.hy)) // of s·sᵀ
	for i := range n {
		for j := range n {
			m.h[i*n+j] += square*m.s[i]*m.s[j] - rho*(m.hy[i]*m.s[j]+m.s[i]*m.hy[j])
		}
	}
}

// Searching returns the line search.
func (m *BFGS) Searching() LineSearch { return or(m.Search, StrongWolfe{}) }

// difference writes a − b to d.
func difference(d, a, b []float64) {
	for i := range d {
		d[i] = a[i] - b[i]
	}
}

// curves tells whether a step s has met a positive curvature that is no rounding error: y·s > 1e-16·‖y‖·‖s‖.
func curves(sy float64, s, y []float64) bool { return sy > 0x1p-52*norm(s)*norm(y) }
