package main

import "math"

// activations are functions of one number and, where the name ends in Grad, their derivatives times the gradient a.
func activations() {
	unary("GELU", 2, func(x []vec) {
		if wide { // x·(½ ± f(|x|)) = ½·x + |x|·f(|x|)
			f, size := copied(x), registers(len(x))
			oddPieces(f, normalScale, half)
			for i := range x {
				and(size[i], x[i], words(signBit-1))
				mul(x[i], x[i], floats(.5))
				mulAdd(x[i], size[i], f[i], x[i])
			}
			return
		}
		phi := copied(x)
		normal(phi)
		times(x, phi)
	})
	binary("GELUGrad", 1, func(a, b []vec) {
		normalSlope(b)
		times(a, b)
	})
	unary("GELUTanh", 2, func(x []vec) {
		gate, _ := geluTanhGate(x)
		times(x, gate)
	})
	binary("GELUTanhGrad", 1, func(a, b []vec) {
		gate, slope := geluTanhGate(b)
		for i := range a {
			limit(b[i], -geluTanhEnd, geluTanhEnd)
			mul(b[i], b[i], slope[i])
		}
		gatedSlope(b, gate)
		times(a, b)
	})
	unary("SiLU", 2, func(x []vec) {
		gate := copied(x)
		sigmoid(gate)
		times(x, gate)
	})
	binary("SiLUGrad", 1, func(a, b []vec) {
		gate := copied(b)
		sigmoid(gate)
		for i := range b {
			limit(b[i], -200, 200) // ∞·0 would be no number
		}
		gatedSlope(b, gate)
		times(a, b)
	})
	// tanh log(1 + n) = w/(w + 2), where n = eˣ and w = n·(n + 2).
	unary("Mish", 2, func(x []vec) {
		n := mishExp(x)
		for i := range x {
			w, over := register(), register()
			mulAdd(w, n[i], n[i], n[i])
			add(w, w, n[i])
			add(over, w, floats(2))
			div(w, w, over)
			mul(x[i], x[i], w)
		}
	})
	binary("MishGrad", 1, func(a, b []vec) {
		n := mishExp(b)
		for i := range a {
			w, s, inverse := register(), register(), register()
			mulAdd(s, n[i], n[i], n[i])
			add(w, s, n[i])
			add(inverse, w, floats(2))
			div(inverse, floats(1), inverse)
			mul(w, w, inverse)
			limit(b[i], -200, 200)
			mul(s, s, inverse)
			mul(s, s, inverse)
			mul(s, s, b[i])
			mulAdd(w, s, floats(4), w)
			mul(a[i], a[i], w)
		}
	})
	unary("ELU", 2, func(x []vec) {
		low := copied(x)
		expm1(low)
		for i := range x {
			mul(low[i], low[i], scalar("k"))
			positive := compared(greater, x[i], words(0))
			mul(x[i], x[i], scalar("c"))
			choose(x[i], positive, x[i], low[i])
		}
	})
	binary("ELUGrad", 2, func(a, b []vec) {
		low := copied(b)
		exp(low)
		for i := range a {
			mul(low[i], low[i], scalar("k"))
			choose(b[i], compared(greater, b[i], words(0)), scalar("c"), low[i])
			mul(a[i], a[i], b[i])
		}
	})
	unary("HardSwish", 4, each(func(x vec) {
		gate := register()
		mulAdd(gate, x, floats(1./6), floats(.5))
		limit(gate, 0, 1)
		mul(x, x, gate)
	}))
	binary("HardSwishGrad", 2, pairs(func(a, b vec) {
		slope := register()
		mulAdd(slope, b, floats(1./3), floats(.5))
		keep(slope, compared(notLess, b, floats(-3)), slope)
		choose(slope, compared(greater, b, floats(3)), floats(1), slope)
		mul(a, a, slope)
	}))
}

func copied(x []vec) []vec {
	y := registers(len(x))
	for i := range x {
		move(y[i], x[i])
	}
	return y
}

func times(a, b []vec) {
	for i := range a {
		mul(a[i], a[i], b[i])
	}
}

// gatedSlope replaces x by g·(1 + x·(1 − g)): the derivative of x·g(x), g being the sigmoid.
func gatedSlope(x, g []vec) {
	for i := range x {
		left := register()
		sub(left, floats(1), g[i])
		mulAdd(x[i], x[i], left, floats(1))
		mul(x[i], x[i], g[i])
	}
}

// geluTanhEnd is where tanh is ±1, long since, and the cube does not overflow.
const geluTanhEnd = 20

// geluTanhGate returns σ(z) for z = √(8/π)·(x + 0.044715·x³), and dz/dx.
func geluTanhGate(x []vec) (gate, slope []vec) {
	gate, slope = copied(x), registers(len(x))
	const k = 2 * math.Sqrt2 / math.SqrtPi
	for i := range x {
		square := register()
		limit(gate[i], -geluTanhEnd, geluTanhEnd)
		mul(square, gate[i], gate[i])
		move(slope[i], floats(k))
		mulAdd(slope[i], square, floats(3*.044715*k), slope[i])
		mulAdd(square, square, floats(.044715*k), floats(k))
		mul(gate[i], gate[i], square)
	}
	sigmoid(gate)
	return gate, slope
}

// mishExp returns eˣ, where it is so large that nothing changes any more, a smaller number.
func mishExp(x []vec) []vec {
	n := copied(x)
	for i := range n {
		limit(n[i], -105, 20)
	}
	exp(n)
	return n
}

// What is odd but for ½ is computed of |x| in pieces, in AVX-512: half, which Φ(x) differs from ½ by, to 4e-8.
const normalScale = 2.7

func half(x float64) float64 { return math.Erf(x/math.Sqrt2) / 2 }

// normal replaces x by Φ(x), the distribution function of the normal distribution, in AVX2.
func normal(x []vec) {
	for i := range x {
		mul(x[i], x[i], floats(1/math.Sqrt2))
	}
	erf(x)
	for i := range x {
		mulAdd(x[i], x[i], floats(.5), floats(.5))
	}
}

// normalSlope replaces x by the derivative of x·Φ(x), in AVX-512 to 1.2e-7.
func normalSlope(x []vec) {
	const density = .5 * math.Sqrt2 / math.SqrtPi
	if wide {
		sign := copied(x)
		oddPieces(x, 2.5, func(x float64) float64 { return half(x) + x*density*math.Exp(-x*x/2) })
		for i := range x {
			and(sign[i], sign[i], words(signBit))
			xor(x[i], x[i], sign[i])
			add(x[i], x[i], floats(.5))
		}
		return
	}
	bell := registers(len(x))
	for i := range x {
		mul(bell[i], x[i], x[i])
		mul(bell[i], bell[i], floats(-.5))
	}
	exp(bell)
	for i := range x {
		mul(bell[i], bell[i], floats(density))
		y := register()
		move(y, x[i])
		limit(y, -200, 200)
		mul(bell[i], bell[i], y)
	}
	normal(x)
	for i := range x {
		add(x[i], x[i], bell[i])
	}
}

// oddPieces replaces x by f(|x|), for an odd f that ends at ½: sixteen polynomials of the fifth degree, 1/scale wide, of the distance
// from their middle. The first is about 0 and the last is ½. Powers are taken two and two, since a chain of six would be waited for.
func oddPieces(x []vec, scale float64, f func(x float64) float64) {
	const shift = 1.5 * (1 << 23) // numbers with it are whole, and their last bits count
	t := fitted(scale, f)
	for i := range x {
		at, r, square := register(), register(), register()
		and(x[i], x[i], words(signBit-1))
		least(x[i], floats(15.49/scale), x[i])
		mulAdd(at, x[i], floats(scale), floats(shift))
		sub(r, at, floats(shift))
		mulSub(r, x[i], floats(scale), r) // the polynomials are those of −r
		mul(square, r, r)
		for power := 0; power < 6; power += 2 {
			low, high := register(), register()
			looked(low, at, t[power+1])
			looked(high, at, t[power])
			mulAdd(low, high, r, low)
			if power > 0 {
				mulAdd(low, x[i], square, low)
			}
			x[i] = low
		}
	}
}

// fitted returns the coefficients of the pieces, the highest power first, of interpolation at Chebyshev's points.
func fitted(scale float64, f func(x float64) float64) (t [6][16]float32) {
	const points = 64
	for piece := range 15 {
		// The series Σ c·T(u) of u = 2·distance, and T as polynomials of u.
		var p [6]float64
		chebyshev, before := [6]float64{1}, [6]float64{}
		for k := range p {
			c := 0.
			for j := range points {
				angle := (float64(j) + .5) * math.Pi / points
				c += f((float64(piece)+.5*math.Cos(angle))/scale) * math.Cos(float64(k)*angle) * 2 / points
			}
			if k == 0 {
				c /= 2
			}
			var next [6]float64
			for i, v := range chebyshev {
				p[i] += c * v
				if i < 5 {
					next[i+1] += 2 * v
				}
				next[i] -= before[i]
			}
			if k == 0 {
				next[1] = 1
			}
			chebyshev, before = next, chebyshev
		}
		for i, v := range p {
			if piece == 0 && i%2 == 0 {
				v = 0
			}
			t[5-i][piece] = float32(v * math.Pow(-2, float64(i)))
		}
	}
	t[5][15] = .5
	return t
}
