package kernel

// The loops of normalizations in plain Go, over rows of width numbers. Products are rounded before they are added, on every
// processor, so that what is computed twice is the same twice.

// addMomentsGeneric adds x − shift and its square to the sums of every column.
func addMomentsGeneric(sums, squares []float64, x, shift []Float, width, rows, stride int) {
	for i := range rows {
		x := x[i*stride:][:width]
		for j, v := range x {
			d := float64(v - shift[j])
			sums[j] += d
			squares[j] += d * d
		}
	}
}

// normalizeGeneric computes y = (x − mean)·factor + bias + r, but no less than the floor and no more than the ceiling, for rows of
// width numbers that begin stride apart; r may be nil.
func normalizeGeneric(y, x, r []Float, s normConstants, width, rows, stride int) {
	for i := range rows {
		for j := range width {
			k := i*stride + j
			v := Float((x[k]-s.mean[j])*s.factor[j]) + s.bias[j]
			if r != nil {
				v += r[k]
			}
			if v < s.floor {
				v = s.floor
			}
			if v > s.ceiling {
				v = s.ceiling
			}
			y[k] = v
		}
	}
}

// addGradSumsGeneric adds g and g·(x − mean) to the sums of every column, g being what the gate lets through of dy. Where the gate
// is y, it is kept in dr.
func addGradSumsGeneric(sums, products []float64, dy, x, y, dr []Float, s normConstants, gate, width, rows, stride int) {
	for i := range rows {
		for j := range width {
			k := i*stride + j
			d, g := x[k]-s.mean[j], dy[k]
			switch {
			case gate == gateOfX && !s.passes(Float(d*s.factor[j])+s.bias[j]), gate == gateOfY && !s.passes(y[k]):
				g = 0
			}
			if gate == gateOfY {
				dr[k] = g
			}
			sums[j] += float64(g)
			products[j] += float64(g) * float64(d)
		}
	}
}

// normalizeGradGeneric computes dx = g·factor + (x − mean)·slope + lift, g being what of dy passes the ReLU behind x, if there was
// one.
func normalizeGradGeneric(dx, dy, x []Float, s normConstants, gated bool, width, rows int) {
	for i := range rows {
		for j := range width {
			k := i*width + j
			d, g := x[k]-s.mean[j], dy[k]
			if gated && !s.passes(Float(d*s.factor[j])+s.bias[j]) {
				g = 0
			}
			dx[k] = Float(g*s.factor[j]) + (Float(d*s.slope[j]) + s.lift[j])
		}
	}
}

// passes says whether a ReLU with a ceiling has a slope at v.
func (s *normConstants) passes(v Float) bool { return v > 0 && v < s.ceiling }

// addTotalsGeneric adds rows of width numbers that begin stride apart to the sums of their columns.
func addTotalsGeneric(sums []float64, x []Float, width, rows, stride int) {
	for i := range rows {
		for j, v := range x[i*stride:][:width] {
			sums[j] += float64(v)
		}
	}
}
