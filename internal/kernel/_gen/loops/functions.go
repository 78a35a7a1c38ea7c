package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// horner returns the polynomial of z whose coefficients are given from the highest power down.
func horner(z []vec, coefficients ...float64) []vec {
	p := registers(len(z))
	for i := range z {
		move(p[i], floats(coefficients[0]))
	}
	for _, c := range coefficients[1:] {
		for i := range z {
			mulAdd(p[i], p[i], z[i], floats(c))
		}
	}
	return p
}

// What is log 2 in two parts: the first times a whole number below 2¹⁵ is exact.
const (
	log2High = 0.693359375
	log2Low  = math.Ln2 - log2High
)

// limit brings x into low … high; NaN stays.
func limit(x vec, low, high float64) {
	least(x, floats(high), x) // of NaN, the operand that comes last here
	greatest(x, floats(low), x)
}

// exp replaces x by eˣ.
func exp(x []vec) {
	for i := range x {
		least(x[i], floats(89), x[i])
	}
	expBelow(x)
}

// expBelow is exp for x below 89.
func expBelow(x []vec) {
	for i := range x {
		greatest(x[i], floats(-105), x[i]) // of NaN, the operand that comes last here
	}
	if wide {
		expBySixteenths(x)
		return
	}
	n := reduce(x)
	p := horner(x, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1)
	for i := range x {
		scaleByPower(x[i], p[i], n[i])
	}
}

// reduce replaces x by r, |r| ≤ ½ log 2, and returns n, with x = n·log 2 + r. The polynomials of r are Cephes' (Moshier, 1989).
func reduce(x []vec) (n []vec) {
	n = registers(len(x))
	for i := range x {
		mul(n[i], x[i], floats(math.Log2E))
		round(n[i], n[i])
		mulSub(x[i], n[i], floats(log2High), x[i])
		mulSub(x[i], n[i], floats(log2Low), x[i])
	}
	return n
}

// expBySixteenths replaces x = n·log 2 + r, n a multiple of 1/16, by 2ⁿ·eʳ: the power of the fraction of n comes from a table, and
// e^r = 1 + r + r²·q is short.
func expBySixteenths(x []vec) {
	var powers [16]float32
	for i := range powers {
		powers[i] = float32(math.Exp2(float64(i) / 16))
	}
	const high = float64(float32(math.Ln2))
	for i := range x {
		n, at, r, q, p := register(), register(), x[i], register(), register()
		mulAdd(at, x[i], floats(math.Log2E), floats(1.5*(1<<19))) // whose last bits count sixteenths
		sub(n, at, floats(1.5*(1<<19)))
		mulSub(r, n, floats(high), r)
		mulSub(r, n, floats(math.Ln2-high), r)
		looked(p, at, powers)
		move(q, floats(.50001629))
		mulAdd(q, r, floats(.16667009), q)
		mul(at, r, r)
		mulAdd(r, q, at, r)
		mulAdd(r, p, r, p)
		scaleByPower(x[i], r, n)
	}
}

// expm1 replaces x by eˣ − 1 = 2·(2ⁿ⁻¹·(eʳ − 1) + (2ⁿ⁻¹ − ½)), which keeps the digits of what is near 0, and its sign.
func expm1(x []vec) {
	sign := registers(len(x))
	for i := range x {
		and(sign[i], x[i], words(signBit))
		limit(x[i], -40, 89)
	}
	n := reduce(x)
	p := horner(x, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	for i := range x {
		square, power := register(), register()
		mul(square, x[i], x[i])
		mulAdd(p[i], p[i], square, x[i])
		sub(n[i], n[i], floats(1))
		scaleByPower(power, in(floats(1)), n[i])
		mul(p[i], p[i], power)
		sub(power, power, floats(.5))
		add(p[i], p[i], power)
		add(x[i], p[i], p[i])
		or(x[i], x[i], sign[i])
	}
}

// log1p replaces x by log(1 + x). What 1 + x rounds away is added to its logarithm.
func log1p(x []vec) {
	sum := registers(len(x))
	for i := range x {
		rounded := register()
		add(sum[i], x[i], floats(1))
		sub(rounded, sum[i], floats(1))
		sub(rounded, x[i], rounded)
		lost := compared(unequal, rounded, words(0)) // not of ∞ and −1
		div(rounded, rounded, sum[i])
		keep(x[i], lost, rounded)
	}
	log(sum)
	for i := range x {
		add(x[i], sum[i], x[i])
	}
}

// log replaces x = 2ᵉ·m by e·log 2 + log m. The polynomial of m − 1 is Cephes'.
func log(x []vec) {
	special := copied(x)
	e := split(x)
	p := horner(x, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
		2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	for i := range x {
		square := register()
		mul(square, x[i], x[i])
		mul(p[i], p[i], x[i])
		mul(p[i], p[i], square)
		mulAdd(p[i], e[i], floats(log2Low), p[i])
		mulSub(p[i], square, floats(.5), p[i])
		add(x[i], x[i], p[i])
		mulAdd(x[i], e[i], floats(log2High), x[i])

		zero := in(words(0))
		choose(x[i], compared(notLess, special[i], words(infinity)), special[i], x[i])
		choose(x[i], compared(equal, special[i], zero), floats(math.Inf(-1)), x[i])
		choose(x[i], compared(less, special[i], zero), words(notANumber), x[i])
	}
}

// split replaces x = 2ᵉ·m, ½√2 ≤ m < √2, by m − 1, which is exact, and returns e.
func split(x []vec) (e []vec) {
	e = registers(len(x))
	for i := range x {
		small, scaled := compared(less, x[i], words(1<<23)), register()
		mul(scaled, x[i], floats(1<<23))
		choose(x[i], small, scaled, x[i])
		keep(scaled, small, floats(-23))
		root := in(floats(math.Sqrt2 / 2))
		subInts(x[i], x[i], root)
		shiftRight(e[i], x[i], 23)
		toFloats(e[i], e[i])
		add(e[i], e[i], scaled)
		and(x[i], x[i], words(1<<23-1))
		addInts(x[i], x[i], root)
		sub(x[i], x[i], floats(1))
	}
	return e
}

// sigmoid replaces x by 1/(1 + e⁻ˣ), or eˣ/(1 + eˣ) below 0, so that nothing overflows.
func sigmoid(x []vec) {
	given := registers(len(x))
	for i := range x {
		move(given[i], x[i])
		or(x[i], x[i], words(signBit))
	}
	expBelow(x)
	for i := range x {
		above := register()
		choose(above, negative(given[i]), x[i], floats(1))
		add(x[i], x[i], floats(1))
		div(x[i], above, x[i])
	}
}

// tanh replaces x by ±(1 − 2/(1 + e^2|x|)) and, below 0.625, where that loses digits, by Cephes' polynomial.
func tanh(x []vec) {
	near, t := registers(len(x)), registers(len(x))
	for i := range x {
		mul(near[i], x[i], x[i])
	}
	p := horner(near, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	for i := range x {
		mul(near[i], near[i], p[i])
		mulAdd(near[i], near[i], x[i], x[i])
		and(t[i], x[i], words(signBit-1))
		add(t[i], t[i], t[i])
	}
	exp(t)
	for i := range x {
		add(t[i], t[i], floats(1))
		div(t[i], floats(2), t[i])
		sub(t[i], floats(1), t[i])
		nearOrFar(x[i], near[i], t[i], .625)
	}
}

// nearOrFar replaces x by the near value where |x| is below the bound, else by the far one with the sign of x.
func nearOrFar(x, near, far vec, bound float64) {
	sign, size := register(), register()
	and(sign, x, words(signBit))
	xor(size, x, sign)
	or(far, far, sign)
	choose(x, compared(less, size, floats(bound)), near, far)
}

// erf replaces x by its error function: x times a polynomial of x² below 0.9, else ±(1 − e^p), p a polynomial of |x|. Both are
// minimax fits of the relative error of the result.
func erf(x []vec) {
	near, t := registers(len(x)), registers(len(x))
	for i := range x {
		mul(near[i], x[i], x[i])
	}
	p := horner(near, 8.513232023688033e-05, -0.0008175673428922892, 0.005203862674534321, -0.026860510930418968,
		0.11283715069293976, -0.37612634897232056, 0.12837916612625122)
	for i := range x {
		mulAdd(near[i], p[i], x[i], x[i])
		and(t[i], x[i], words(signBit-1))
		least(t[i], floats(4), t[i])
	}
	p = horner(t, 0.00019822070316877216, -0.0030654999427497387, 0.02231524884700775, -0.10411374270915985,
		-0.6369760036468506, -1.127797245979309, -0.00016643907292746007)
	exp(p)
	for i := range x {
		sub(t[i], floats(1), p[i])
		nearOrFar(x[i], near[i], t[i], .9)
	}
}

// softplus replaces x by max(x, 0) + log(1 + y), y = e^−|x|. What 1 + y rounds away is added to its logarithm.
func softplus(x []vec) {
	y := registers(len(x))
	for i := range x {
		or(y[i], x[i], words(signBit))
	}
	expBelow(y)
	sum := registers(len(x))
	for i := range x {
		rounded := register()
		add(sum[i], y[i], floats(1))
		sub(rounded, sum[i], floats(1))
		sub(y[i], y[i], rounded)
		div(y[i], y[i], sum[i])
	}
	log(sum)
	for i := range x {
		add(sum[i], sum[i], y[i])
		greatest(x[i], words(0), x[i]) // NaN, if x is
		add(x[i], x[i], sum[i])
	}
}

// sine replaces x, |x| below 2¹⁷, by its sine, or with a shift of 1 by its cosine. x is n quarters of a turn and r, |r| ≤ π/4; what
// is subtracted of π/2 is 72 bits long, so that all digits of r are right. The polynomials are Cephes'.
func sine(x []vec, shift float64) {
	const first, second = 0x1.921fb6p0, -0x1.777a5cp-25
	const third = math.Pi/2 - first - second
	sign, n := registers(len(x)), registers(len(x))
	for i := range x {
		and(sign[i], x[i], words(signBit))
		xor(x[i], x[i], sign[i])
		mul(n[i], x[i], floats(2/math.Pi))
		round(n[i], n[i])
		mulSub(x[i], n[i], floats(first), x[i])
		mulSub(x[i], n[i], floats(second), x[i])
		mulSub(x[i], n[i], floats(third), x[i])
		if shift != 0 {
			add(n[i], n[i], floats(shift))
			keep(sign[i], compared(less, n[i], words(0)), sign[i]) // the cosine is even
		}
		VCVTPS2DQ(n[i], n[i])
	}
	for i := range x {
		square, odd, even := register(), register(), register()
		mul(square, x[i], x[i])
		move(odd, floats(-1.9515295891e-4))
		mulAdd(odd, odd, square, floats(8.3321608736e-3))
		mulAdd(odd, odd, square, floats(-1.6666654611e-1))
		mul(odd, odd, square)
		mulAdd(odd, odd, x[i], x[i])
		move(even, floats(2.443315711809948e-5))
		mulAdd(even, even, square, floats(-1.388731625493765e-3))
		mulAdd(even, even, square, floats(4.166664568298827e-2))
		mulAdd(even, even, square, floats(-.5))
		mulAdd(even, even, square, floats(1))
		VPSLLD(Imm(31), n[i], square)
		choose(x[i], negative(square), even, odd)
		VPSRLD(Imm(1), n[i], n[i])
		VPSLLD(Imm(31), n[i], n[i])
		xor(x[i], x[i], n[i])
		xor(x[i], x[i], sign[i])
	}
}

// power replaces x by xᵏ for a k that is not whole. The logarithm, which is multiplied by k, is computed in float64, as twice the
// area tangent of (m − 1)/(m + 1); what float32 loses of its product with k comes back as a factor.
func power(x []vec) {
	for i := range x {
		size, t, high, low := register(), register(), register(), register()
		and(size, x[i], words(signBit-1))
		move(t, size)
		e := split([]vec{t})[0]
		k := in(scalar("k"))
		var highs, lows [2]vec
		for half := range 2 {
			m, y, s, z, p := doubles(t, half), register(), register(), register(), register()
			VADDPD(m, double(2), s)
			VDIVPD(s, m, s)
			VMULPD(s, s, z)
			VMOVAPD(double(2./13), p)
			for n := 11; n > 0; n -= 2 {
				VFMADD213PD(double(2/float64(n)), z, p)
			}
			VMULPD(s, p, p)
			VFMADD231PD(double(math.Ln2), doubles(e, half), p)
			VMULPD(doubles(k, 0), p, y)
			VMAXPD(y, double(-1000), y)
			VMINPD(y, double(1000), y)
			highs[half], lows[half] = narrowed(y), register()
			VSUBPD(doubles(highs[half], 0), y, lows[half])
			lows[half] = narrowed(lows[half])
		}
		join(high, highs)
		join(low, lows)
		exp([]vec{high})
		add(low, low, floats(1))
		mul(high, high, low)

		rises := compared(greater, k, words(0))
		end := register()
		choose(end, rises, words(0), words(infinity))
		choose(high, compared(equal, size, words(0)), end, high)
		choose(end, rises, words(infinity), words(0))
		infinite := compared(equal, size, words(infinity))
		choose(high, compared(less, x[i], words(0)), words(notANumber), high)
		choose(high, infinite, end, high)
		choose(x[i], compared(unordered, x[i], x[i]), x[i], high)
	}
}

// double returns a register of equal numbers of float64, narrowed one with float32 in its low half, and join puts two such together.
func double(x float64) vec {
	bits := math.Float64bits(x)
	v := register()
	VBROADCASTSD(table(fmt.Sprintf("loops%016x", bits), func() { DATA(0, U64(bits)) }), v)
	return v
}

func narrowed(x vec) vec {
	v := register()
	if wide {
		VCVTPD2PS(x, v.AsY())
	} else {
		VCVTPD2PSY(x, v.AsX())
	}
	return v
}

func join(to vec, halves [2]vec) {
	if wide {
		VINSERTF32X8(Imm(1), halves[1].AsY(), halves[0], to)
	} else {
		VINSERTF128(Imm(1), halves[1].AsX(), halves[0], to)
	}
}
