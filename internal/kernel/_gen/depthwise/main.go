// Command depthwise writes the assembly of the depthwise convolution, for AVX2 with FMA.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

var table Mem

func main() {
	ConstraintExpr("amd64,!noasm,!float64")
	table = GLOBL("depthwiseMasks", RODATA|NOPTR) // from place 8−n on, it masks the first n of eight lanes
	for i := range 16 {
		word := U32(0xffffffff)
		if i >= 8 {
			word = 0
		}
		DATA(4*i, word)
	}
	mulAdd()
	dot()
	Generate()
}

// columns calls body for n columns, 32 at a time, then 8, then what is left of 8 under a mask, with the number of
// registers that hold them. step moves the pointers to the columns; body may not change n.
func columns(n reg.GPVirtual, advance []reg.Register, body func(width int, mask reg.VecVirtual, label string)) {
	do := func(width int, mask reg.VecVirtual, label string) {
		body(width, mask, label)
		for _, p := range advance {
			ADDQ(U32(32*uint32(width)), p)
		}
	}
	Label("four")
	CMPQ(n, Imm(32))
	JLT(LabelRef("one"))
	do(4, nil, "pixel4")
	SUBQ(Imm(32), n)
	JMP(LabelRef("four"))
	Label("one")
	CMPQ(n, Imm(8))
	JLT(LabelRef("part"))
	do(1, nil, "pixel1")
	SUBQ(Imm(8), n)
	JMP(LabelRef("one"))
	Label("part")
	TESTQ(n, n)
	JZ(LabelRef("end"))
	NEGQ(n)
	at, mask := GP64(), YMM()
	LEAQ(table, at)
	VMOVUPS(Mem{Base: at, Index: n, Scale: 4, Disp: 32}, mask)
	do(1, mask, "pixel0")
	Label("end")
	VZEROUPPER()
	RET()
}

func load(m Mem, mask, to reg.VecVirtual) {
	if mask == nil {
		VMOVUPS(m, to)
	} else {
		VMASKMOVPS(m, mask, to)
	}
}

func store(from, mask reg.VecVirtual, m Mem) {
	if mask == nil {
		VMOVUPS(from, m)
	} else {
		VMASKMOVPS(from, mask, m)
	}
}

// registers returns n of them.
func registers(n int) []reg.VecVirtual {
	r := make([]reg.VecVirtual, n)
	for i := range r {
		r[i] = YMM()
	}
	return r
}

// mulAdd adds x·w to y for n columns of as many pixels, which are xs and ys bytes apart.
func mulAdd() {
	TEXT("mulAddColumns", NOSPLIT, "func(y *float32, ys int, x *float32, xs int, w *float32, n, pixels int)")
	Pragma("noescape")
	y := Load(Param("y"), GP64())
	ys := Load(Param("ys"), GP64())
	x := Load(Param("x"), GP64())
	xs := Load(Param("xs"), GP64())
	w := Load(Param("w"), GP64())
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	pixels := Load(Param("pixels"), GP64())
	columns(n, []reg.Register{y, x, w}, func(width int, mask reg.VecVirtual, label string) {
		weight, sum, value := registers(width), registers(width), registers(width)
		for i := range width {
			load(Mem{Base: w, Disp: 32 * i}, mask, weight[i])
		}
		p, q, left := GP64(), GP64(), GP64()
		MOVQ(x, p)
		MOVQ(y, q)
		MOVQ(pixels, left)
		Label(label)
		for i := range width {
			load(Mem{Base: p, Disp: 32 * i}, mask, value[i])
			load(Mem{Base: q, Disp: 32 * i}, mask, sum[i])
			VFMADD231PS(weight[i], value[i], sum[i])
			store(sum[i], mask, Mem{Base: q, Disp: 32 * i})
		}
		ADDQ(xs, p)
		ADDQ(ys, q)
		DECQ(left)
		JNZ(LabelRef(label))
	})
}

// dot adds Σ over pixels of x·y to w, for n columns.
func dot() {
	TEXT("dotColumns", NOSPLIT, "func(w *float32, x *float32, xs int, y *float32, ys int, n, pixels int)")
	Pragma("noescape")
	w := Load(Param("w"), GP64())
	x := Load(Param("x"), GP64())
	xs := Load(Param("xs"), GP64())
	y := Load(Param("y"), GP64())
	ys := Load(Param("ys"), GP64())
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	pixels := Load(Param("pixels"), GP64())
	columns(n, []reg.Register{y, x, w}, func(width int, mask reg.VecVirtual, label string) {
		sum, value, other := registers(width), registers(width), registers(width)
		for i := range width {
			VXORPS(sum[i], sum[i], sum[i])
		}
		p, q, left := GP64(), GP64(), GP64()
		MOVQ(x, p)
		MOVQ(y, q)
		MOVQ(pixels, left)
		Label(label)
		for i := range width {
			load(Mem{Base: p, Disp: 32 * i}, mask, value[i])
			load(Mem{Base: q, Disp: 32 * i}, mask, other[i])
			VFMADD231PS(value[i], other[i], sum[i])
		}
		ADDQ(xs, p)
		ADDQ(ys, q)
		DECQ(left)
		JNZ(LabelRef(label))
		for i := range width {
			load(Mem{Base: w, Disp: 32 * i}, mask, value[i])
			VADDPS(sum[i], value[i], value[i])
			store(value[i], mask, Mem{Base: w, Disp: 32 * i})
		}
	})
}
