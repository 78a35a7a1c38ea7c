//go:build amd64 && !noasm && !float64

package kernel

// unary, binary and mixed are what vector_other.go says: with an assembly loop where the processor has it.

func unary(vector func(dst, x *Float, n int, k, c Float), generic Unary) Unary {
	return func(dst, x []Float, k, c Float) {
		if level == levelGeneric || len(dst) == 0 {
			generic(dst, x, k, c)
			return
		}
		_ = x[len(dst)-1]
		vector(&dst[0], &x[0], len(dst), k, c)
	}
}

func binary(vector func(dst, a, b *Float, n int, k Float), generic Binary) Binary {
	return Binary{
		VV: func(dst, a, b []Float) {
			if level == levelGeneric || len(dst) == 0 {
				generic.VV(dst, a, b)
				return
			}
			_, _ = a[len(dst)-1], b[len(dst)-1]
			vector(&dst[0], &a[0], &b[0], len(dst), 0)
		},
		VS: func(dst, a []Float, b Float) {
			if level == levelGeneric || len(dst) == 0 {
				generic.VS(dst, a, b)
				return
			}
			_ = a[len(dst)-1]
			vector(&dst[0], &a[0], nil, len(dst), b)
		},
		SV: func(dst []Float, a Float, b []Float) {
			if level == levelGeneric || len(dst) == 0 {
				generic.SV(dst, a, b)
				return
			}
			_ = b[len(dst)-1]
			vector(&dst[0], nil, &b[0], len(dst), a)
		},
	}
}

func mixed(vector func(dst, a, b *Float, n int, k Float), generic mixture) mixture {
	return func(dst, a, b []Float, k Float) {
		if level == levelGeneric || len(dst) == 0 {
			generic(dst, a, b, k)
			return
		}
		_, _ = a[len(dst)-1], b[len(dst)-1]
		vector(&dst[0], &a[0], &b[0], len(dst), k)
	}
}
