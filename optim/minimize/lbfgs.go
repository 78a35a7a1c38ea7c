package minimize

import (
	"cmp"
	"slices"
)

// LBFGS is BFGS that keeps, in place of a matrix, the last Memory steps s and changes of gradient y, and with them works out −H·∇f
// in two loops (Nocedal 1980, https://doi.org/10.1090/S0025-5718-1980-0572855-7; Liu and Nocedal 1989,
// https://doi.org/10.1007/BF01589116; NW algorithms 7.4 and 7.5). It is the method for many variables.
type LBFGS struct {
	Memory int        // steps remembered; 0 stands for 10
	Search LineSearch // nil stands for StrongWolfe{}

	pairs []pair // the oldest first
	spare pair   // room for the next one
}

// A pair is what is kept of a step.
type pair struct {
	s, y  []float64
	rho   float64 // 1/(y·s)
	alpha float64 // of the first loop
}

// Begin forgets everything; see [Method].
func (m *LBFGS) Begin(int) {
	if m.Memory < 0 {
		fail("LBFGS", "a memory of %d steps is none", m.Memory)
	}
	m.pairs, m.spare = nil, pair{}
}

// Direction writes −H·∇f to d.
func (m *LBFGS) Direction(d []float64, _ *Problem, at Point) float64 {
	downhill(d, at.G)
	if len(m.pairs) == 0 {
		return min(1, 1/norm(d))
	}
	for i := len(m.pairs) - 1; i >= 0; i-- {
		p := &m.pairs[i]
		p.alpha = p.rho * dot(p.s, d)
		add(d, -p.alpha, p.y)
	}
	newest := m.pairs[len(m.pairs)-1]
	scale := 1 / (newest.rho * dot(newest.y, newest.y)) // H₀ = (s·y)/(y·y)·I
	for i := range d {
		d[i] *= scale
	}
	for _, p := range m.pairs {
		add(d, p.alpha-p.rho*dot(p.y, d), p.s)
	}
	return 1
}

// Learn remembers a step, and forgets the oldest of more than Memory. One without positive curvature is not remembered.
func (m *LBFGS) Learn(s Step) {
	p := m.spare
	if m.spare = (pair{}); p.s == nil {
		p.s, p.y = make([]float64, len(s.Direction)), make([]float64, len(s.Direction))
	}
	difference(p.s, s.To.X, s.From.X)
	difference(p.y, s.To.G, s.From.G)
	sy := dot(p.s, p.y)
	if !curves(sy, p.s, p.y) {
		m.spare = p
		return
	}
	if p.rho = 1 / sy; len(m.pairs) == cmp.Or(m.Memory, 10) {
		m.spare = m.pairs[0]
		m.pairs = slices.Delete(m.pairs, 0, 1)
	}
	m.pairs = append(m.pairs, p)
}

// Searching returns the line search.
func (m *LBFGS) Searching() LineSearch { return or(m.Search, StrongWolfe{}) }
