//go:build amd64 && !noasm && !float64

package kernel

// The loops of normalizations are what norm_other.go says.

func addMoments(sums, squares []float64, x, shift []Float, width, rows, stride int) {
	if level == levelGeneric {
		addMomentsGeneric(sums, squares, x, shift, width, rows, stride)
		return
	}
	whole := ceil(width, 16)*16 - 1
	_, _, _, _ = sums[whole], squares[whole], x[(rows-1)*stride+width-1], shift[width-1]
	vectorNormMoments(&sums[0], &squares[0], &x[0], &shift[0], width, rows, stride)
}

func addTotals(sums []float64, x []Float, width, rows, stride int) {
	if level == levelGeneric {
		addTotalsGeneric(sums, x, width, rows, stride)
		return
	}
	_, _ = sums[ceil(width, 16)*16-1], x[(rows-1)*stride+width-1]
	vectorNormTotals(&sums[0], &x[0], width, rows, stride)
}

func normalize(y, x, r []Float, s normConstants, width, rows, stride int) {
	if level == levelGeneric {
		normalizeGeneric(y, x, r, s, width, rows, stride)
		return
	}
	end := (rows-1)*stride + width - 1
	_, _ = y[end], x[end]
	mean, factor, bias := &s.mean[:width][0], &s.factor[:width][0], &s.bias[:width][0]
	if r == nil {
		vectorNorm(&y[0], &x[0], mean, factor, bias, width, rows, stride, s.floor, s.ceiling)
		return
	}
	_ = r[end]
	vectorNormAdd(&y[0], &x[0], &r[0], mean, factor, bias, width, rows, stride, s.floor, s.ceiling)
}

func addGradSums(sums, products []float64, dy, x, y, dr []Float, s normConstants, gate, width, rows, stride int) {
	if level == levelGeneric {
		addGradSumsGeneric(sums, products, dy, x, y, dr, s, gate, width, rows, stride)
		return
	}
	whole, end := ceil(width, 16)*16-1, (rows-1)*stride+width-1
	_, _, _, _ = sums[whole], products[whole], dy[end], x[end]
	mean := &s.mean[:width][0]
	switch gate {
	case gateOfX:
		vectorNormSumsGatedX(&sums[0], &products[0], &dy[0], &x[0], mean, &s.factor[:width][0], &s.bias[:width][0], width, rows,
			stride, s.ceiling)
	case gateOfY:
		_, _ = y[end], dr[end]
		vectorNormSumsGatedY(&sums[0], &products[0], &dy[0], &x[0], &y[0], &dr[0], mean, width, rows, stride, s.ceiling)
	default:
		vectorNormSums(&sums[0], &products[0], &dy[0], &x[0], mean, width, rows, stride)
	}
}

func normalizeGrad(dx, dy, x []Float, s normConstants, gated bool, width, rows int) {
	if level == levelGeneric {
		normalizeGradGeneric(dx, dy, x, s, gated, width, rows)
		return
	}
	end := rows*width - 1
	_, _, _ = dx[end], dy[end], x[end]
	mean, factor, slope, lift := &s.mean[:width][0], &s.factor[:width][0], &s.slope[:width][0], &s.lift[:width][0]
	if gated {
		vectorNormGradGated(&dx[0], &dy[0], &x[0], mean, factor, &s.bias[:width][0], slope, lift, width, rows, s.ceiling)
		return
	}
	vectorNormGrad(&dx[0], &dy[0], &x[0], mean, factor, slope, lift, width, rows)
}

func rowMoments(x []Float, shift Float) (sum, squares Float) {
	if level == levelGeneric || len(x) == 0 {
		return rowMomentsGeneric(x, shift)
	}
	return vectorRowMoments(&x[0], len(x), shift)
}

func rowScale(y, x, w, b []Float, mean, inverse Float) {
	if level == levelGeneric || len(y) == 0 {
		rowScaleGeneric(y, x, w, b, mean, inverse)
		return
	}
	end := len(y) - 1
	_, _, _ = x[end], w[end], b[end]
	vectorRowScale(&y[0], &x[0], &w[0], &b[0], len(y), mean, inverse)
}

func rowGradSums(dw, db, dy, x, w []Float, mean, inverse Float) (sum, product Float) {
	if level == levelGeneric || len(dw) == 0 {
		return rowGradSumsGeneric(dw, db, dy, x, w, mean, inverse)
	}
	end := len(dw) - 1
	_, _, _, _ = db[end], dy[end], x[end], w[end]
	return vectorRowGradSums(&dw[0], &db[0], &dy[0], &x[0], &w[0], len(dw), mean, inverse)
}

func rowGrad(dx, dy, x, w []Float, mean, inverse, slope, lift Float) {
	if level == levelGeneric || len(dx) == 0 {
		rowGradGeneric(dx, dy, x, w, mean, inverse, slope, lift)
		return
	}
	end := len(dx) - 1
	_, _, _ = dy[end], x[end], w[end]
	vectorRowGrad(&dx[0], &dy[0], &x[0], &w[0], len(dx), mean, inverse, slope, lift)
}
