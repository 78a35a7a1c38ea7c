//go:build !amd64 || noasm || float64

package kernel

// addMoments adds x − shift and its square to the sums of every column of x, rows×width, of which the block is small enough for
// single precision.
func addMoments(sums, squares []float64, x, shift []Float, width, rows, stride int) {
	addMomentsGeneric(sums, squares, x, shift, width, rows, stride)
}

// addTotals adds rows of width numbers that begin stride apart to the sums of their columns, of which there are whole registers. The
// rows are few enough for single precision.
func addTotals(sums []float64, x []Float, width, rows, stride int) {
	addTotalsGeneric(sums, x, width, rows, stride)
}

// normalize computes y = (x − mean)·factor + bias + r, but no less than the floor and no more than the ceiling, for rows of width
// numbers that begin stride apart; r may be nil.
func normalize(y, x, r []Float, s normConstants, width, rows, stride int) {
	normalizeGeneric(y, x, r, s, width, rows, stride)
}

// addGradSums adds g and g·(x − mean) to the sums of every column, g being what the gate lets through of dy.
func addGradSums(sums, products []float64, dy, x, y, dr []Float, s normConstants, gate, width, rows, stride int) {
	addGradSumsGeneric(sums, products, dy, x, y, dr, s, gate, width, rows, stride)
}

// normalizeGrad computes dx = g·factor + (x − mean)·slope + lift, g being what of dy passes the ReLU behind x, if there was one.
func normalizeGrad(dx, dy, x []Float, s normConstants, gated bool, width, rows int) {
	normalizeGradGeneric(dx, dy, x, s, gated, width, rows)
}

// rowMoments returns Σ (x − shift) and Σ (x − shift)² of a row that is short enough for single precision.
func rowMoments(x []Float, shift Float) (sum, squares Float) { return rowMomentsGeneric(x, shift) }

// rowScale computes y = (x − mean)·inverse·w + b.
func rowScale(y, x, w, b []Float, mean, inverse Float) { rowScaleGeneric(y, x, w, b, mean, inverse) }

// rowGradSums adds dy·x̂ to dw and dy to db, x̂ being (x − mean)·inverse, and returns Σ dy·w and Σ dy·w·x̂.
func rowGradSums(dw, db, dy, x, w []Float, mean, inverse Float) (sum, product Float) {
	return rowGradSumsGeneric(dw, db, dy, x, w, mean, inverse)
}

// rowGrad computes dx = dy·w·inverse + (x − mean)·slope + lift.
func rowGrad(dx, dy, x, w []Float, mean, inverse, slope, lift Float) {
	rowGradGeneric(dx, dy, x, w, mean, inverse, slope, lift)
}
