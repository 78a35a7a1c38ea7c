package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose writes n squares of 16×16, which in src lie one below the other and in dst side by side. Rows are ss and ds bytes apart.
func transpose() {
	TEXT("vectorTranspose", NOSPLIT, "func(dst *float32, ds int, src *float32, ss, n int)")
	Pragma("noescape")
	dst, ds, src, ss, n := pointer("dst"), pointer("ds"), pointer("src"), pointer("ss"), pointer("n")
	Label("square")
	to := GP64()
	MOVQ(dst, to)
	for column := 0; column < 16; column += 4 {
		from := GP64()
		LEAQ(Mem{Base: src, Disp: 4 * column}, from)
		for half := range 2 { // of the rows of src
			quads := make([]vec, 4)
			for i := range quads {
				quads[i] = YMM()
				VBROADCASTF128(Mem{Base: from}, quads[i])
				ADDQ(ss, from)
			}
			for i := range quads {
				VINSERTF128(Imm(1), Mem{Base: from}, quads[i], quads[i])
				ADDQ(ss, from)
			}
			at := GP64()
			MOVQ(to, at)
			for _, v := range transposed(quads) {
				VMOVUPS(v, Mem{Base: at, Disp: 32 * half})
				ADDQ(ds, at)
			}
			if half == 1 {
				MOVQ(at, to)
			}
		}
	}
	below := GP64()
	MOVQ(ss, below)
	SHLQ(Imm(4), below)
	ADDQ(below, src)
	ADDQ(Imm(64), dst)
	DECQ(n)
	JNZ(LabelRef("square"))
	finish()
}

// transposed returns the columns of the two squares of 4×4 in the halves of four registers.
func transposed(x []vec) (y [4]reg.VecVirtual) {
	var pairs [4]vec
	for i := range pairs {
		pairs[i], y[i] = YMM(), YMM()
	}
	for i, unpack := range []func(...Op){VUNPCKLPS, VUNPCKHPS} {
		unpack(x[1], x[0], pairs[i])
		unpack(x[3], x[2], pairs[2+i])
	}
	for i := range 2 {
		VSHUFPS(Imm(0x44), pairs[2+i], pairs[i], y[2*i])
		VSHUFPS(Imm(0xee), pairs[2+i], pairs[i], y[2*i+1])
	}
	return y
}
