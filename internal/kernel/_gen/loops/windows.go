package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// windows finds the greatest number of each window, and its position, as maxWindows says. All lengths count numbers, not bytes.
func windows() {
	counted := GLOBL("loopsLanes", RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(uint32(i)))
	}
	TEXT("vectorMaxWindows", NOSPLIT,
		"func(y *float32, index *int32, x *float32, first, channels, pixels, step, rows, columns, down, right int)")
	Pragma("noescape")
	y, index, x := pointer("y"), pointer("index"), pointer("x")
	down, right := pointer("down"), pointer("right")
	SHLQ(Imm(2), down)
	SHLQ(Imm(2), right)
	place, toRight, toDown := integers("first"), integers("right"), integers("down")
	VPADDD(counted, place, place)
	toStep := integers("step")

	Label("pixel")
	n, p := pointer("channels"), GP64()
	at := YMM()
	MOVQ(x, p)
	VMOVDQA(place, at)
	loop(n, 1, func(_ int, lanes mask) {
		part := map[bool]string{true: "Part", false: ""}[lanes != nil]
		best, where, here, row := YMM(), YMM(), YMM(), YMM()
		load(Mem{Base: p}, lanes, best)
		VMOVDQA(at, where)
		VMOVDQA(at, row)
		rows, q := pointer("rows"), GP64()
		MOVQ(p, q)
		Label("row" + part)
		columns, r := pointer("columns"), GP64()
		MOVQ(q, r)
		VMOVDQA(row, here)
		Label("column" + part)
		v, better, ordered := YMM(), YMM(), YMM()
		load(Mem{Base: r}, lanes, v)
		VCMPPS(Imm(notLessEqual), best, v, better)
		VCMPPS(Imm(isNumber), best, best, ordered)
		VANDPS(ordered, better, better)
		VBLENDVPS(better, v, best, best)
		VBLENDVPS(better, here, where, where)
		VPADDD(toRight, here, here)
		ADDQ(right, r)
		DECQ(columns)
		JNZ(LabelRef("column" + part))
		VPADDD(toDown, row, row)
		ADDQ(down, q)
		DECQ(rows)
		JNZ(LabelRef("row" + part))

		VPADDD(words(8), at, at)
		ADDQ(Imm(32), p)
		// Behind the last channel of a pixel comes the first of the next.
		size := GP64()
		if lanes == nil {
			MOVQ(U32(32), size)
		} else {
			MOVQ(n, size) // minus what is left, as loop makes it
			NEGQ(size)
			SHLQ(Imm(2), size)
		}
		store(best, lanes, Mem{Base: y})
		ADDQ(size, y)
		TESTQ(index, index)
		JZ(LabelRef("stored" + part))
		store(where, lanes, Mem{Base: index})
		ADDQ(size, index)
		Label("stored" + part)
	})
	step := pointer("step")
	LEAQ(Mem{Base: x, Index: step, Scale: 4}, x)
	VPADDD(toStep, place, place)
	DECQ(parameter("pixels"))
	JNZ(LabelRef("pixel"))
	finish()
}

// integers brings the low half of a parameter into all lanes.
func integers(name string) vec {
	v := YMM()
	VPBROADCASTD(parameter(name), v)
	return v
}
