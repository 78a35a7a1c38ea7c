package minimize

import "math"

// NewtonCG goes where Newton's method would, H·d = −g, as far as conjugate gradients have solved that: the less exactly the farther
// away the minimum is, and no further than to a direction in which the function bends downward (NW algorithm 7.1). It needs products
// with the Hessian.
type NewtonCG struct{}

// Direction implements Method.
func (NewtonCG) Direction(s *State, d []float64) float64 {
	n := len(d)
	length := norm(s.G)
	tolerance := min(0.5, math.Sqrt(length)) * length
	z, r, hp := make([]float64, n), append([]float64{}, s.G...), make([]float64, n)
	p := make([]float64, n)
	for i, g := range s.G {
		p[i] = -g
	}
	rr := dot(r, r)
	for j := range 10 * n {
		s.problem.product(hp, s.X, p)
		bend := dot(p, hp)
		if bend <= 0 {
			if j == 0 {
				copy(z, p) // steepest descent
			}
			break
		}
		alpha := rr / bend
		add(z, alpha, p)
		add(r, alpha, hp)
		next := dot(r, r)
		if math.Sqrt(next) < tolerance {
			break
		}
		for i := range p {
			p[i] = -r[i] + next/rr*p[i]
		}
		rr = next
	}
	copy(d, z)
	return 1
}
