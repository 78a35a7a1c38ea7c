package minimize

// conjugate is what the methods of conjugate gradients have in common: d ← −∇f + β·d, with a β of each method's own.
type conjugate struct {
	beta float64 // 0: go along the steepest descent
	pace pace
}

// Begin forgets everything; see [Method].
func (c *conjugate) Begin(int) { *c = conjugate{} }

// Direction turns d and guesses the first step from how far f fell last.
func (c *conjugate) Direction(d []float64, _ *Problem, at Point) float64 {
	c.turn(d, at)
	return c.pace.first(d, at)
}

// turn writes −∇f + β·d to d, or −∇f to begin again if f does not fall enough along that.
func (c *conjugate) turn(d []float64, at Point) {
	if c.beta != 0 {
		for i := range d {
			d[i] = c.beta*d[i] - at.G[i]
		}
		if dot(d, at.G) <= -0.01*dot(at.G, at.G) {
			return
		}
	}
	downhill(d, at.G)
}
