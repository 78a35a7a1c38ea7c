package minimize

import (
	"cmp"
	"math"
)

// NewtonCG goes towards the minimum of the parabola that f is near x. It solves ∇²f·d = −∇f by conjugate gradients, which need only
// products of the Hessian with vectors, and no better than the distance from the minimum is worth (Dembo and Steihaug 1983,
// https://doi.org/10.1007/BF02592055; NW algorithm 7.1):
//
//	‖∇²f·d + ∇f‖ ≤ min(½, √‖∇f‖)·‖∇f‖
//
// Where it meets a direction of negative curvature, it goes by what it has solved so far, which leads downhill. Without [Curved]
// the products are differences of gradients.
type NewtonCG struct {
	Products int        // at most so many a step; 0 stands for 20·n
	Search   LineSearch // nil stands for StrongWolfe{}

	r, c, hc []float64 // residual, conjugate direction, ∇²f·c
}

// Begin forgets everything; see [Method].
func (m *NewtonCG) Begin(n int) {
	if len(m.r) != n {
		m.r, m.c, m.hc = make([]float64, n), make([]float64, n), make([]float64, n)
	}
}

// Direction writes an approximate solution of ∇²f·d = −∇f to d.
func (m *NewtonCG) Direction(d []float64, p *Problem, at Point) float64 {
	clear(d)
	copy(m.r, at.G)
	downhill(m.c, at.G)
	square := dot(m.r, m.r)
	enough := min(0.5, math.Sqrt(math.Sqrt(square))) * math.Sqrt(square)
	for j := range cmp.Or(m.Products, 20*len(d)) {
		p.Product(m.hc, at, m.c)
		curvature := dot(m.c, m.hc)
		switch {
		case curvature > 0:
		case j > 0:
			return 1
		default:
			copy(d, m.c)
			return steep(square, curvature)
		}
		alpha := square / curvature
		add(d, alpha, m.c)
		add(m.r, alpha, m.hc)
		before := square
		if square = dot(m.r, m.r); math.Sqrt(square) <= enough {
			break
		}
		for i := range m.c {
			m.c[i] = square/before*m.c[i] - m.r[i]
		}
	}
	return 1
}

// steep returns the first step along −∇f where its curvature is not positive: that to the minimum if the curvature were of the
// other sign, and one of length 1 if it is next to nothing.
func steep(square, curvature float64) float64 {
	if alpha := -square / curvature; alpha > 0 && alpha < 1e8 {
		return alpha
	}
	return 1 / math.Sqrt(square)
}

// Learn learns nothing: every step is worked out anew.
func (m *NewtonCG) Learn(Step) {}

// Searching returns the line search.
func (m *NewtonCG) Searching() LineSearch { return or(m.Search, StrongWolfe{}) }
