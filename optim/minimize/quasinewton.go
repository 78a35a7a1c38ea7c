package minimize

// BFGS builds an approximation H of the inverse Hessian from the changes s of x and y of the gradient, and goes d = −H·g (NW algorithm
// 6.1 and equation 6.17). It keeps n² numbers.
type BFGS struct{ h []float64 }

// Direction implements Method.
func (b *BFGS) Direction(s *State, d []float64) float64 {
	n := len(d)
	if s.Steps == 0 {
		b.h = make([]float64, n*n)
		for i := range n {
			b.h[i*n+i] = 1
		}
	} else {
		b.update(s, n)
	}
	for i := range n {
		d[i] = -dot(b.h[i*n:][:n], s.G)
	}
	if s.Steps == 0 {
		return s.firstLength(d)
	}
	return 1
}

// update makes H (I − ρ·s·yᵀ)·H·(I − ρ·y·sᵀ) + ρ·s·sᵀ, from a multiple of the identity at first (NW equation 6.20).
func (b *BFGS) update(s *State, n int) {
	step, change, sy := s.changes()
	if sy <= 0 {
		return // the curvature condition did not hold: H would not stay positive
	}
	if s.Steps == 1 {
		scale := sy / dot(change, change)
		for i := range n {
			b.h[i*n+i] = scale
		}
	}
	hy := make([]float64, n)
	for i := range n {
		hy[i] = dot(b.h[i*n:][:n], change)
	}
	rho, yhy := 1/sy, dot(change, hy)
	for i := range n {
		for j := range n {
			b.h[i*n+j] += rho * ((1+rho*yhy)*step[i]*step[j] - hy[i]*step[j] - step[i]*hy[j])
		}
	}
}

// changes returns s, y and sᵀy of the last step.
func (s *State) changes() (step, change []float64, sy float64) {
	step, change = make([]float64, len(s.X)), make([]float64, len(s.X))
	for i := range s.X {
		step[i], change[i] = s.X[i]-s.LastX[i], s.G[i]-s.LastG[i]
	}
	return step, change, dot(step, change)
}

// LBFGS is BFGS from the last changes alone, by two loops over them (NW algorithms 7.4 and 7.5; Liu and Nocedal 1989). It keeps
// 2·Memory vectors.
type LBFGS struct {
	Memory int // 0 stands for 10

	pairs []pair // the newest last
}

type pair struct {
	step, change []float64
	rho          float64
}

// Direction implements Method.
func (l *LBFGS) Direction(s *State, d []float64) float64 {
	memory := l.Memory
	if memory == 0 {
		memory = 10
	}
	if s.Steps == 0 {
		l.pairs = nil
	} else if step, change, sy := s.changes(); sy > 0 {
		l.pairs = append(l.pairs, pair{step, change, 1 / sy})
		l.pairs = l.pairs[max(0, len(l.pairs)-memory):]
	} else {
		l.pairs = nil // the search does not keep the curvature condition, and here it did not hold: begin anew
	}
	copy(d, s.G)
	alphas := make([]float64, len(l.pairs))
	for i := len(l.pairs) - 1; i >= 0; i-- {
		p := l.pairs[i]
		alphas[i] = p.rho * dot(p.step, d)
		add(d, -alphas[i], p.change)
	}
	if n := len(l.pairs); n > 0 {
		last := l.pairs[n-1]
		scale := 1 / (last.rho * dot(last.change, last.change))
		for i := range d {
			d[i] *= scale
		}
	}
	for i, p := range l.pairs {
		add(d, alphas[i]-p.rho*dot(p.change, d), p.step)
	}
	for i := range d {
		d[i] = -d[i]
	}
	if len(l.pairs) == 0 {
		return s.firstLength(d)
	}
	return 1
}

// add adds k·x to y.
func add(y []float64, k float64, x []float64) {
	for i, v := range x {
		y[i] += k * v
	}
}
