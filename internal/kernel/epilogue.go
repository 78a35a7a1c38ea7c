package kernel

// An Epilogue is what is done to a sum: it is normalized, (sum − Centre)·Factor, the bias of its column is added, then the residual,
// then the ReLU taken, with a ceiling or without, or another function. Bias and ReLU are done while the sum is in a register, before
// it is stored; where there is more, everything is done to a few rows right behind the sums, while they are in the nearest cache. The
// zero Epilogue does nothing.
type Epilogue struct {
	Centre, Factor []Float // a number for each column; if there is a Factor, there are a Centre and a Bias
	Bias           []Float // a number for each column; may be nil
	Residual       []Float // lies as the whole result does; only with a Factor, and may be nil
	ReLU           bool    // what is below zero becomes zero
	Ceiling        Float   // what is above becomes this; only with a Factor, and 0 is no ceiling
	Then           Unary   // what is done last; only with a Factor, and may be nil
}

// inTile is what of e is done in registers: all or nothing.
func (e Epilogue) inTile() Epilogue {
	if e.Factor != nil {
		return Epilogue{}
	}
	return e
}

// from returns e, which is done in registers, for the columns from j on.
func (e Epilogue) from(j int) Epilogue {
	if e.Bias != nil {
		e.Bias = e.Bias[j:]
	}
	return e
}

// behind does what of e was not done in registers to m rows of the result c, from row i on, in n columns, from column j on. ldc is
// the length of a row of c.
func (e *Epilogue) behind(c []Float, ldc, i, m, j, n int) {
	if e.Factor != nil {
		e.apply(c, ldc, i, m, j, n)
	}
}

// apply is behind for all of e.
func (e *Epilogue) apply(c []Float, ldc, i, m, j, n int) {
	if m <= 0 || n <= 0 {
		return
	}
	at := i*ldc + j
	if e.Factor != nil {
		s := normConstants{mean: e.Centre[j:], factor: e.Factor[j:], bias: e.Bias[j:]}
		s.floor, s.ceiling = between(e.ReLU, e.Ceiling)
		var r []Float
		if e.Residual != nil {
			r = e.Residual[at:]
		}
		normalize(c[at:], c[at:], r, s, n, m, ldc)
		if e.Then == nil {
			return
		}
		if n == ldc {
			n, m = n*m, 1
		}
		for ; m > 0; m-- {
			e.Then(c[at:][:n], c[at:][:n], 0, 0)
			at += ldc
		}
		return
	}
	for ; m > 0; m-- {
		row := c[at:][:n]
		if e.Bias != nil {
			for k, v := range e.Bias[j:][:n] {
				row[k] += v
			}
		}
		if e.ReLU {
			for k, v := range row {
				if v < 0 {
					row[k] = 0
				}
			}
		}
		at += ldc
	}
}
