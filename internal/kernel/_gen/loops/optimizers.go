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
	at := map[string]reg.GPVirtual{}
	for _, a := range arrays {
		at[a] = pointer(a)
	}
	numbers := pointer("k")
	loop(pointer("n"), 1, func(_ int, mask vec) {
		v := map[string]vec{}
		for _, a := range arrays {
			v[a] = YMM()
			load(Mem{Base: at[a]}, mask, v[a])
		}
		body(v, func(i int) vec {
			r := YMM()
			VBROADCASTSS(Mem{Base: numbers, Disp: 4 * i}, r)
			return r
		})
		for _, a := range changed {
			store(v[a], mask, Mem{Base: at[a]})
		}
		for _, a := range arrays {
			ADDQ(Imm(32), at[a])
		}
	})
	finish()
}

// mulAdd sets sum to a·x + b·y, rounded as often as Go does.
func mulAdd(a, x, b, y, sum vec) {
	VMULPS(a, x, a)
	VMULPS(b, y, b)
	VADDPS(b, a, sum)
}

func optimizers() {
	// The steps, and the order of the numbers in k, are those of sgdJob and adamJob.
	decayed := func(v map[string]vec, decay vec) {
		VMULPS(v["w"], decay, decay)
		VADDPS(decay, v["dw"], v["dw"])
	}
	over("Descent", []string{"w", "dw"}, func(v map[string]vec, k func(int) vec) {
		decayed(v, k(1))
		VMULPS(k(0), v["dw"], v["dw"])
		VSUBPS(v["dw"], v["w"], v["w"])
	}, "w")
	over("Momentum", []string{"w", "dw", "v"}, func(v map[string]vec, k func(int) vec) {
		decayed(v, k(1))
		mulAdd(k(2), v["v"], k(3), v["dw"], v["v"])
		d := YMM()
		mulAdd(k(4), v["dw"], k(5), v["v"], d)
		VMULPS(k(0), d, d)
		VSUBPS(d, v["w"], v["w"])
	}, "w", "v")
	over("Adam", []string{"w", "dw", "m", "v"}, func(v map[string]vec, k func(int) vec) {
		decayed(v, k(5))
		mulAdd(k(0), v["m"], k(1), v["dw"], v["m"])
		taken, step, root := k(3), k(7), YMM()
		VMULPS(v["dw"], taken, taken)
		VMULPS(v["dw"], taken, taken)
		VMULPS(k(2), v["v"], v["v"])
		VADDPS(taken, v["v"], v["v"])
		VSQRTPS(v["v"], root)
		VMULPS(k(8), root, root)
		VADDPS(k(4), root, root)
		VMULPS(v["m"], step, step)
		VDIVPS(root, step, step)
		VMULPS(k(6), v["w"], v["w"])
		VSUBPS(step, v["w"], v["w"])
	}, "w", "m", "v")
}
