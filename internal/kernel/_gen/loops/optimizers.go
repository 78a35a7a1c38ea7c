package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// over writes a loop over arrays of numbers, with k pointing at further ones; body gets a register of each array, and a function
// that brings the i-th number of k into all lanes. What is changed is written back.
func over(name string, arrays []string, body func(v map[string]vec, k func(i int) vec), changed ...string) {
	params := ""
	for _, a := range arrays {
		params += a + " *float32, "
	}
	TEXT("vector"+name, NOSPLIT, "func("+params+"k *float32, n int)")
	Pragma("noescape")
	twice(func() {
		at := map[string]reg.GPVirtual{}
		for _, a := range arrays {
			at[a] = pointer(a)
		}
		numbers := pointer("k")
		loop(pointer("n"), 1, func(_ int, part mask) {
			v := map[string]vec{}
			for _, a := range arrays {
				v[a] = register()
				load(Mem{Base: at[a]}, part, v[a])
			}
			body(v, func(i int) vec {
				r := register()
				VBROADCASTSS(Mem{Base: numbers, Disp: 4 * i}, r)
				return r
			})
			for _, a := range changed {
				store(v[a], part, Mem{Base: at[a]})
			}
			for _, a := range arrays {
				advance(at[a], 1)
			}
		})
		finish()
	})
}

// weighted sets sum to a·x + b·y, rounded as often as Go does. It changes a and b.
func weighted(sum, a, x, b, y vec) {
	mul(a, a, x)
	mul(b, b, y)
	add(sum, a, b)
}

func optimizers() {
	// The steps, and the order of the numbers in k, are those of SGDStep and AdamStep.
	decayed := func(v map[string]vec, decay vec) {
		mul(decay, decay, v["w"])
		add(v["dw"], v["dw"], decay)
	}
	over("Descent", []string{"w", "dw"}, func(v map[string]vec, k func(int) vec) {
		decayed(v, k(1))
		mul(v["dw"], v["dw"], k(0))
		sub(v["w"], v["w"], v["dw"])
	}, "w")
	over("Momentum", []string{"w", "dw", "v"}, func(v map[string]vec, k func(int) vec) {
		decayed(v, k(1))
		weighted(v["v"], k(2), v["v"], k(3), v["dw"])
		d := register()
		weighted(d, k(4), v["dw"], k(5), v["v"])
		mul(d, d, k(0))
		sub(v["w"], v["w"], d)
	}, "w", "v")
	over("Adam", []string{"w", "dw", "m", "v"}, func(v map[string]vec, k func(int) vec) {
		decayed(v, k(5))
		weighted(v["m"], k(0), v["m"], k(1), v["dw"])
		taken, step, root := k(3), k(7), register()
		mul(taken, taken, v["dw"])
		mul(taken, taken, v["dw"])
		mul(v["v"], v["v"], k(2))
		add(v["v"], v["v"], taken)
		sqrt(root, v["v"])
		mul(root, root, k(8))
		add(root, root, k(4))
		mul(step, step, v["m"])
		div(step, step, root)
		mul(v["w"], v["w"], k(6))
		sub(v["w"], v["w"], step)
	}, "w", "m", "v")
}
