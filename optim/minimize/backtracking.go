package minimize

// Backtracking makes a step shorter until it falls as far as Armijo's condition asks (NW algorithm 3.1; Armijo 1966). It needs no
// gradients, and no other condition holds behind it.
type Backtracking struct {
	Decrease float64 // c₁, 0 stands for 1e-4
	Factor   float64 // by which a step gets shorter, 0 stands for ½
}

// Search implements LineSearch.
func (b Backtracking) Search(l *Line, first float64) (Point, bool) {
	c, factor := or(b.Decrease, 1e-4), or(b.Factor, 0.5)
	for alpha := first; alpha > 1e-20*first; alpha *= factor {
		if p := l.value(alpha); l.sufficient(p, c) {
			return p, true
		}
	}
	return Point{}, false
}

func or(v, standard float64) float64 {
	if v == 0 {
		return standard
	}
	return v
}
