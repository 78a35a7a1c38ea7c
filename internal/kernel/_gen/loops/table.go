package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// each makes a body that does one thing to every register.
func each(f func(x vec)) func(x []vec) {
	return func(x []vec) {
		for _, v := range x {
			f(v)
		}
	}
}

func unaries() {
	unary("Affine", 4, each(func(x vec) {
		VMULPS(scalar("k"), x, x)
		VADDPS(scalar("c"), x, x)
	}))
	unary("Square", 4, each(func(x vec) { VMULPS(x, x, x) }))
	unary("Abs", 4, each(func(x vec) { VANDPS(words(signBit-1), x, x) }))
	unary("Sqrt", 4, each(func(x vec) { VSQRTPS(x, x) }))
	unary("Rsqrt", 4, each(func(x vec) {
		VSQRTPS(x, x)
		VDIVPS(x, loaded(floats(1)), x)
	}))
	unary("ReLU", 4, each(func(x vec) {
		VANDPS(compared(notLessEqual, x, loaded(words(0))), x, x)
	}))
	unary("LeakyReLU", 4, each(func(x vec) {
		scaled := scalar("k")
		VMULPS(x, scaled, scaled)
		VBLENDVPS(compared(greater, x, loaded(words(0))), x, scaled, x)
	}))
	unary("LeakyGate", 4, each(func(x vec) {
		VBLENDVPS(compared(greater, x, loaded(words(0))), loaded(floats(1)), scalar("k"), x)
	}))
	unary("Clamp", 4, each(func(x vec) {
		// Of NaN, both instructions give the operand that comes first here.
		VMAXPS(x, scalar("k"), x)
		VMINPS(x, scalar("c"), x)
	}))
	unary("Inside", 4, each(func(x vec) {
		inside := compared(greaterEqual, x, scalar("k"))
		VANDPS(compared(lessEqual, x, scalar("c")), inside, inside)
		VANDPS(floats(1), inside, x)
	}))
	unary("Exp", 2, exp)
	unary("ScaledExp", 2, func(x []vec) {
		exp(x)
		for i := range x {
			VMULPS(scalar("k"), x[i], x[i])
		}
	})
	unary("Log", 2, log)
	unary("Tanh", 2, tanh)
	unary("Sigmoid", 2, sigmoid)
	unary("Erf", 2, erf)
	unary("Softplus", 2, softplus)
	unary("Shift", 4, each(func(x vec) {
		VSUBPS(scalar("k"), x, x)
		VSUBPS(scalar("c"), x, x)
	}))
}

// compared is ones in the lanes in which a stands to b as the condition says.
func compared(condition uint64, a, b vec) vec {
	mask := YMM()
	VCMPPS(Imm(condition), b, a, mask)
	return mask
}

// pairs makes a body that does one thing to every pair of registers.
func pairs(f func(a, b vec)) func(a, b []vec) {
	return func(a, b []vec) {
		for i := range a {
			f(a[i], b[i])
		}
	}
}

func binaries() {
	binary("Add", 4, pairs(func(a, b vec) { VADDPS(b, a, a) }))
	binary("Sub", 4, pairs(func(a, b vec) { VSUBPS(b, a, a) }))
	binary("Mul", 4, pairs(func(a, b vec) { VMULPS(b, a, a) }))
	binary("Div", 4, pairs(func(a, b vec) { VDIVPS(b, a, a) }))
	binary("Max", 2, pairs(func(a, b vec) { extreme(VMAXPS, VANDPS, a, b) }))
	binary("Min", 2, pairs(func(a, b vec) { extreme(VMINPS, VORPS, a, b) }))
	for _, c := range []struct {
		name      string
		condition uint64
	}{{"Greater", greater}, {"GreaterEqual", greaterEqual}, {"Equal", equal}} {
		binary(c.name, 4, pairs(func(a, b vec) { VANDPS(floats(1), compared(c.condition, a, b), a) }))
	}
	binary("Gate", 4, pairs(func(a, b vec) { VANDPS(compared(greater, b, loaded(words(0))), a, a) }))
	binary("AddScaled", 4, pairs(func(a, b vec) {
		VMULPS(scalar("k"), b, b)
		VADDPS(b, a, a)
	}))
	binary("SoftmaxGrad", 4, pairs(func(a, b vec) {
		VSUBPS(scalar("k"), a, a)
		VMULPS(b, a, a)
	}))
	binary("LogSoftmaxGrad", 2, func(a, b []vec) {
		exp(b)
		for i := range a {
			VMULPS(scalar("k"), b[i], b[i])
			VSUBPS(b[i], a[i], a[i])
		}
	})
}

// extreme is the greater or the less of a and b, NaN where either is. The instruction gives its second operand if both are
// zeros, of whatever signs, so it is asked both ways.
func extreme(choose, join func(...Op), a, b vec) {
	other, nan, invalid := YMM(), YMM(), compared(unordered, a, b)
	VADDPS(a, b, nan)
	choose(a, b, other)
	choose(b, a, a)
	join(other, a, a)
	VBLENDVPS(invalid, nan, a, a)
}
