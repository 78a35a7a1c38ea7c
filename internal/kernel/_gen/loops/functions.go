package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// horner returns the polynomial of z whose coefficients are given from the highest power down.
func horner(z []vec, coefficients ...float64) []vec {
	p := registers(len(z))
	for i := range z {
		VMOVUPS(floats(coefficients[0]), p[i])
	}
	for _, c := range coefficients[1:] {
		for i := range z {
			VFMADD213PS(floats(c), z[i], p[i])
		}
	}
	return p
}

// What is log 2 in two parts: the first times a whole number below 2¹⁵ is exact.
const (
	log2High = 0.693359375
	log2Low  = math.Ln2 - log2High
)

// exp replaces x by eˣ = 2ⁿ·eʳ, |r| ≤ ½ log 2. 2ⁿ is multiplied by in two halves, so that overflow and what is too small for all
// digits come out as they should. The polynomial is Cephes' (Moshier, 1989).
func exp(x []vec) {
	n := registers(len(x))
	for i := range x {
		VMINPS(x[i], loaded(floats(89)), x[i]) // of NaN, the operand that comes first here
		VMAXPS(x[i], loaded(floats(-105)), x[i])
		VMULPS(floats(math.Log2E), x[i], n[i])
		VROUNDPS(Imm(8), n[i], n[i])
		VFNMADD231PS(floats(log2High), n[i], x[i])
		VFNMADD231PS(floats(log2Low), n[i], x[i])
		VCVTPS2DQ(n[i], n[i])
	}
	p := horner(x, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1, 1)
	for i := range x {
		half := YMM()
		VPSRAD(Imm(1), n[i], half)
		VPSUBD(half, n[i], n[i])
		for _, part := range []vec{half, n[i]} {
			VPADDD(words(127), part, part)
			VPSLLD(Imm(23), part, part)
			VMULPS(part, p[i], p[i])
		}
		VMOVAPS(p[i], x[i])
	}
}

// log replaces x = 2ᵉ·m, ½√2 ≤ m < √2, by e·log 2 + log m. The polynomial of m − 1 is Cephes'.
func log(x []vec) {
	e, special := registers(len(x)), registers(len(x))
	for i := range x {
		VMOVAPS(x[i], special[i])
		small, scaled := compared(less, x[i], loaded(words(1<<23))), YMM()
		VMULPS(floats(1<<23), x[i], scaled)
		VBLENDVPS(small, scaled, x[i], x[i])
		VANDPS(floats(-23), small, small)
		root := loaded(floats(math.Sqrt2 / 2))
		VPSUBD(root, x[i], x[i])
		VPSRAD(Imm(23), x[i], e[i])
		VCVTDQ2PS(e[i], e[i])
		VADDPS(small, e[i], e[i])
		VPAND(words(1<<23-1), x[i], x[i])
		VPADDD(root, x[i], x[i])
		VSUBPS(floats(1), x[i], x[i])
	}
	p := horner(x, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
		2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
	for i := range x {
		square := YMM()
		VMULPS(x[i], x[i], square)
		VMULPS(x[i], p[i], p[i])
		VMULPS(square, p[i], p[i])
		VFMADD231PS(floats(log2Low), e[i], p[i])
		VFNMADD231PS(floats(.5), square, p[i])
		VADDPS(p[i], x[i], x[i])
		VFMADD231PS(floats(log2High), e[i], x[i])

		zero := loaded(words(0))
		negative := compared(less, special[i], zero)
		none := compared(equal, special[i], zero)
		VBLENDVPS(none, loaded(floats(math.Inf(-1))), x[i], x[i])
		VBLENDVPS(compared(notLess, special[i], loaded(words(infinity))), special[i], x[i], x[i])
		VORPS(negative, x[i], x[i])
	}
}

// sigmoid replaces x by 1/(1 + e⁻ˣ), or eˣ/(1 + eˣ) below 0, so that nothing overflows.
func sigmoid(x []vec) {
	sign := registers(len(x))
	for i := range x {
		VMOVAPS(x[i], sign[i])
		VORPS(words(signBit), x[i], x[i])
	}
	exp(x)
	for i := range x {
		one, above := loaded(floats(1)), YMM()
		VBLENDVPS(sign[i], x[i], one, above)
		VADDPS(one, x[i], x[i])
		VDIVPS(x[i], above, x[i])
	}
}

// tanh replaces x by ±(1 − 2/(1 + e^2|x|)) and, below 0.625, where that loses digits, by Cephes' polynomial.
func tanh(x []vec) {
	near, t := registers(len(x)), registers(len(x))
	for i := range x {
		VMULPS(x[i], x[i], near[i])
	}
	p := horner(near, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	for i := range x {
		VMULPS(p[i], near[i], near[i])
		VFMADD213PS(x[i], x[i], near[i])
		VANDPS(words(signBit-1), x[i], t[i])
		VADDPS(t[i], t[i], t[i])
	}
	exp(t)
	for i := range x {
		one, two := loaded(floats(1)), loaded(floats(2))
		VADDPS(one, t[i], t[i])
		VDIVPS(t[i], two, t[i])
		VSUBPS(t[i], one, t[i])
		choose(x[i], near[i], t[i], .625)
	}
}

// choose replaces x by the near value where |x| is below the bound, else by the far one with the sign of x.
func choose(x, near, far vec, bound float64) {
	sign, size := YMM(), YMM()
	VANDPS(words(signBit), x, sign)
	VXORPS(sign, x, size)
	VORPS(sign, far, far)
	VBLENDVPS(compared(less, size, loaded(floats(bound))), near, far, x)
}

// erf replaces x by its error function: x times a polynomial of x² below 0.9, else ±(1 − e^p), p a polynomial of |x|. Both are
// minimax fits of the relative error of the result.
func erf(x []vec) {
	near, t := registers(len(x)), registers(len(x))
	for i := range x {
		VMULPS(x[i], x[i], near[i])
	}
	p := horner(near, 8.513232023688033e-05, -0.0008175673428922892, 0.005203862674534321, -0.026860510930418968,
		0.11283715069293976, -0.37612634897232056, 0.12837916612625122)
	for i := range x {
		VMOVAPS(p[i], near[i])
		VFMADD213PS(x[i], x[i], near[i])
		VANDPS(words(signBit-1), x[i], t[i])
		VMINPS(t[i], loaded(floats(4)), t[i])
	}
	p = horner(t, 0.00019822070316877216, -0.0030654999427497387, 0.02231524884700775, -0.10411374270915985,
		-0.6369760036468506, -1.127797245979309, -0.00016643907292746007)
	exp(p)
	for i := range x {
		VSUBPS(p[i], loaded(floats(1)), t[i])
		choose(x[i], near[i], t[i], .9)
	}
}

// softplus replaces x by max(x, 0) + log(1 + y), y = e^−|x|. What 1 + y rounds away is added to its logarithm.
func softplus(x []vec) {
	y := registers(len(x))
	for i := range x {
		VORPS(words(signBit), x[i], y[i])
	}
	exp(y)
	sum := registers(len(x))
	for i := range x {
		one, rounded := loaded(floats(1)), YMM()
		VADDPS(one, y[i], sum[i])
		VSUBPS(one, sum[i], rounded)
		VSUBPS(rounded, y[i], y[i])
		VDIVPS(sum[i], y[i], y[i])
	}
	log(sum)
	for i := range x {
		VADDPS(y[i], sum[i], sum[i])
		VMAXPS(x[i], loaded(words(0)), x[i]) // NaN, if x is
		VADDPS(sum[i], x[i], x[i])
	}
}
