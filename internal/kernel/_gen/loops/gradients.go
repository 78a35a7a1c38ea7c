package main

// gradients are the derivatives of elementary functions at b, of which it may be the result, times the gradient a.
func gradients() {
	const twoOverRootPi = 1.1283791670955126
	binary("TanhGrad", 4, pairs(func(a, b vec) {
		mulSub(b, b, b, floats(1))
		mul(a, a, b)
	}))
	binary("SigmoidGrad", 4, pairs(func(a, b vec) {
		left := register()
		sub(left, floats(1), b)
		mul(a, a, b)
		mul(a, a, left)
	}))
	binary("SoftplusGrad", 2, func(a, b []vec) {
		sigmoid(b)
		times(a, b)
	})
	binary("ErfGrad", 2, func(a, b []vec) {
		for i := range b {
			mul(b[i], b[i], b[i])
			xor(b[i], b[i], words(signBit))
		}
		exp(b)
		for i := range a {
			mul(b[i], b[i], floats(twoOverRootPi))
			mul(a[i], a[i], b[i])
		}
	})
	binary("ScaledProduct", 4, pairs(func(a, b vec) {
		mul(a, a, b)
		mul(a, a, scalar("k"))
	}))
	binary("AbsGrad", 4, pairs(func(a, b vec) {
		sign := register()
		and(sign, b, words(signBit))
		xor(a, a, sign)
		keep(a, compared(unequal, b, words(0)), a)
	}))
	binary("LeakyReLUGrad", 4, pairs(func(a, b vec) {
		scaled := register()
		mul(scaled, a, scalar("k"))
		choose(a, compared(greater, b, words(0)), a, scaled)
	}))
	binary("ClampGrad", 4, pairs(func(a, b vec) {
		keep(a, both(compared(greaterEqual, b, scalar("k")), compared(lessEqual, b, scalar("c"))), a)
	}))
	over("AddProduct", []string{"sum", "a", "b"}, func(v map[string]vec, _ func(int) vec) {
		mul(v["a"], v["a"], v["b"])
		add(v["sum"], v["sum"], v["a"])
	}, "sum")
}
