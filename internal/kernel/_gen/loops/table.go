package main

import . "github.com/mmcloughlin/avo/operand"

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
		mul(x, x, scalar("k"))
		add(x, x, scalar("c"))
	}))
	unary("Square", 4, each(func(x vec) { mul(x, x, x) }))
	unary("Abs", 4, each(func(x vec) { and(x, x, words(signBit-1)) }))
	unary("Sqrt", 4, each(func(x vec) { sqrt(x, x) }))
	unary("Rsqrt", 4, each(func(x vec) {
		sqrt(x, x)
		div(x, floats(1), x)
	}))
	unary("ReLU", 4, each(func(x vec) { keep(x, compared(notLessEqual, x, words(0)), x) }))
	unary("LeakyReLU", 4, each(func(x vec) {
		scaled := register()
		mul(scaled, x, scalar("k"))
		choose(x, compared(greater, x, words(0)), x, scaled)
	}))
	unary("LeakyGate", 4, each(func(x vec) { choose(x, compared(greater, x, words(0)), floats(1), scalar("k")) }))
	unary("Clamp", 4, each(func(x vec) {
		// Of NaN, both instructions give the operand that comes last here.
		greatest(x, scalar("k"), x)
		least(x, scalar("c"), x)
	}))
	unary("Inside", 4, each(func(x vec) {
		inside := both(compared(greaterEqual, x, scalar("k")), compared(lessEqual, x, scalar("c")))
		keep(x, inside, floats(1))
	}))
	unary("Exp", 2, exp)
	unary("ScaledExp", 2, func(x []vec) {
		for i := range x {
			sub(x[i], x[i], scalar("c"))
		}
		exp(x)
		for i := range x {
			mul(x[i], x[i], scalar("k"))
		}
	})
	unary("Expm1", 2, expm1)
	unary("Log", 2, log)
	unary("Log1p", 2, log1p)
	unary("Tanh", 2, tanh)
	unary("Sigmoid", 2, sigmoid)
	unary("Erf", 2, erf)
	unary("Softplus", 2, softplus)
	unary("Sin", 2, func(x []vec) { sine(x, 0) })
	unary("Cos", 2, func(x []vec) { sine(x, 1) })
	unary("Power", 1, power)
	unary("Fill", 4, each(func(x vec) { move(x, scalar("k")) }))
	unary("Shift", 4, each(func(x vec) {
		sub(x, x, scalar("k"))
		sub(x, x, scalar("c"))
	}))
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
	binary("Add", 4, pairs(func(a, b vec) { add(a, a, b) }))
	binary("Sub", 4, pairs(func(a, b vec) { sub(a, a, b) }))
	binary("Mul", 4, pairs(func(a, b vec) { mul(a, a, b) }))
	binary("Div", 4, pairs(func(a, b vec) { div(a, a, b) }))
	binary("Max", 2, pairs(func(a, b vec) { extreme(greatest, and, a, b) }))
	binary("Min", 2, pairs(func(a, b vec) { extreme(least, or, a, b) }))
	for _, c := range []struct {
		name      string
		condition uint64
	}{{"Greater", greater}, {"GreaterEqual", greaterEqual}, {"Equal", equal}} {
		binary(c.name, 4, pairs(func(a, b vec) { keep(a, compared(c.condition, a, b), floats(1)) }))
	}
	binary("Gate", 4, pairs(func(a, b vec) { keep(a, compared(greater, b, words(0)), a) }))
	binary("AddScaled", 4, pairs(func(a, b vec) {
		mul(b, b, scalar("k"))
		add(a, a, b)
	}))
	binary("Blend", 4, pairs(func(a, b vec) {
		mul(a, a, scalar("k"))
		mul(b, b, scalar("c"))
		add(a, a, b)
	}))
	binary("SoftmaxGrad", 4, pairs(func(a, b vec) {
		sub(a, a, scalar("k"))
		mul(a, a, b)
	}))
	binary("LogSoftmaxGrad", 2, func(a, b []vec) {
		exp(b)
		for i := range a {
			mul(b[i], b[i], scalar("k"))
			sub(a[i], a[i], b[i])
		}
	})
}

// extreme is the greater or the less of a and b, NaN where either is. The instruction gives its last operand if both are zeros, of
// whatever signs, so it is asked both ways.
func extreme(instruction, join func(to vec, a, b Op), a, b vec) {
	other, nan, invalid := register(), register(), compared(unordered, a, b)
	add(nan, a, b)
	instruction(other, b, a)
	instruction(a, a, b)
	join(a, a, other)
	choose(a, invalid, nan, a)
}
