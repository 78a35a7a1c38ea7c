//go:build amd64 && !noasm && !float64

package kernel

import "slices"

// unary, periodic, binary and mixed are what vector_other.go says: with an assembly loop where the processor has it.

type (
	vectorUnary  func(dst, x *Float, n int, k, c Float)
	vectorBinary func(dst, a, b *Float, n int, k, c Float)
)

func unary(vector vectorUnary, generic Unary) Unary {
	return func(dst, x []Float, k, c Float) {
		if level == levelGeneric || len(dst) == 0 {
			generic(dst, x, k, c)
			return
		}
		_ = x[len(dst)-1]
		vector(&dst[0], &x[0], len(dst), k, c)
	}
}

func periodic(vector vectorUnary, generic Unary) Unary {
	const far, block = 1 << 17, 1 << 11 // assembly computes of sizes below far
	near := unary(vector, generic)
	return func(dst, x []Float, k, c Float) {
		for len(dst) > 0 {
			n := min(block, len(dst))
			if level != levelGeneric && vectorLargest(&x[:n][0], n) < far {
				near(dst[:n], x, k, c)
			} else {
				generic(dst[:n], x, k, c)
			}
			dst, x = dst[n:], x[n:]
		}
	}
}

func binary(vector vectorBinary, generic Binary) Binary {
	return Binary{
		VV: func(dst, a, b []Float) {
			if level == levelGeneric || len(dst) == 0 {
				generic.VV(dst, a, b)
				return
			}
			_, _ = a[len(dst)-1], b[len(dst)-1]
			vector(&dst[0], &a[0], &b[0], len(dst), 0, 0)
		},
		VS: func(dst, a []Float, b Float) {
			if level == levelGeneric || len(dst) == 0 {
				generic.VS(dst, a, b)
				return
			}
			_ = a[len(dst)-1]
			vector(&dst[0], &a[0], nil, len(dst), b, 0)
		},
		SV: func(dst []Float, a Float, b []Float) {
			if level == levelGeneric || len(dst) == 0 {
				generic.SV(dst, a, b)
				return
			}
			_ = b[len(dst)-1]
			vector(&dst[0], nil, &b[0], len(dst), a, 0)
		},
	}
}

func mixed(vector vectorBinary, generic Mixture) Mixture {
	return func(dst, a, b []Float, k, c Float) {
		if level == levelGeneric || len(dst) == 0 {
			generic(dst, a, b, k, c)
			return
		}
		_, _ = a[len(dst)-1], b[len(dst)-1]
		vector(&dst[0], &a[0], &b[0], len(dst), k, c)
	}
}

// sum, dot64, innerProduct, finite, addColumns, transpose, greatestOf, expSum, expStore, addProduct and the steps of optimizers are what vector_other.go says.

func sum(x []Float) float64 {
	if level == levelGeneric || len(x) == 0 {
		return sumGeneric(x)
	}
	return vectorSum(&x[0], len(x))
}

func dot64(x, y []Float) float64 {
	if level == levelGeneric || len(x) == 0 {
		return dot64Generic(x, y)
	}
	_ = y[len(x)-1]
	return vectorDot(&x[0], &y[0], len(x))
}

func innerProduct(x, y []Float) float64 {
	if level == levelGeneric || len(x) == 0 {
		return dot64Generic(x, y)
	}
	_ = y[len(x)-1]
	return vectorProducts(&x[0], &y[0], len(x))
}

func finite(x []Float) bool {
	if level == levelGeneric || len(x) == 0 {
		return finiteGeneric(x)
	}
	return vectorDifferences(&x[0], len(x)) == 0
}

func addColumns(s []float64, x []Float, stride, rows int) {
	width := len(s) &^ 3
	if level == levelGeneric || rows == 0 || width == 0 {
		addColumnsGeneric(s, x, stride, rows)
		return
	}
	_ = x[(rows-1)*stride+len(s)-1]
	vectorColumnSums(&s[0], &x[0], width, 4*stride, rows)
	if width < len(s) {
		addColumnsGeneric(s[width:], x[width:], stride, rows)
	}
}

func transpose(dst []Float, ds int, src []Float, ss, n int) {
	if level == levelGeneric {
		transposeGeneric(dst, ds, src, ss, n)
		return
	}
	_, _ = dst[(tile-1)*ds+tile*n-1], src[(tile*n-1)*ss+tile-1]
	vectorTranspose(&dst[0], 4*ds, &src[0], 4*ss, n)
}

func greatestOf(x []Float) Float {
	if level == levelGeneric {
		return slices.Max(x)
	}
	return vectorGreatest(&x[0], len(x))
}

func expSum(x []Float, k Float) float64 {
	if level == levelGeneric || len(x) == 0 {
		return expSumGeneric(x, k)
	}
	return vectorExpSum(&x[0], len(x), k)
}

func expStore(dst, x []Float, k Float) float64 {
	if level == levelGeneric || len(x) == 0 {
		return expStoreGeneric(dst, x, k)
	}
	_ = dst[len(x)-1]
	return vectorExpStore(&dst[0], &x[0], len(x), k)
}

func addProduct(sum, a, b []Float) {
	if level == levelGeneric || len(sum) == 0 {
		addProductGeneric(sum, a, b)
		return
	}
	_, _ = a[len(sum)-1], b[len(sum)-1]
	vectorAddProduct(&sum[0], &a[0], &b[0], nil, len(sum))
}

func (t *SGDStep) descend(w, g []Float) {
	if level == levelGeneric || len(w) == 0 {
		t.descendGeneric(w, g)
		return
	}
	_ = g[len(w)-1]
	vectorDescent(&w[0], &g[0], &t.lr, len(w))
}

func (t *SGDStep) roll(w, g, v []Float) {
	if level == levelGeneric || len(w) == 0 {
		t.rollGeneric(w, g, v)
		return
	}
	_, _ = g[len(w)-1], v[len(w)-1]
	vectorMomentum(&w[0], &g[0], &v[0], &t.lr, len(w))
}

func (t *AdamStep) adapt(w, g, m, v []Float) {
	if level == levelGeneric || len(w) == 0 {
		t.adaptGeneric(w, g, m, v)
		return
	}
	_, _, _ = g[len(w)-1], m[len(w)-1], v[len(w)-1]
	vectorAdam(&w[0], &g[0], &m[0], &v[0], &t.keep1, len(w))
}
