package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func reductions() {
	reduction("Sum", "x *float32, n int", 4, func(width int, mask vec, add func(v vec)) {
		for i := range width {
			v := YMM()
			load(Mem{Base: source, Disp: 32 * i}, mask, v)
			add(v)
		}
	})
	reduction("Differences", "x *float32, n int", 4, func(width int, mask vec, add func(v vec)) {
		sum := loaded(words(0))
		for i := range width {
			v := YMM()
			load(Mem{Base: source, Disp: 32 * i}, mask, v)
			VSUBPS(v, v, v)
			VADDPS(v, sum, sum)
		}
		add(sum)
	})
	expSum("ExpSum", false)
	expSum("ExpStore", true)
	dot()
	greatest()
	columns()
}

// source is where the operand of a reduction is read.
var source reg.GPVirtual

// reduction sums in float64 what body makes of x; body calls add with every term.
func reduction(name, params string, width int, body func(width int, mask vec, add func(v vec))) {
	TEXT("vector"+name, NOSPLIT, "func("+params+") float64")
	Pragma("noescape")
	sums := zeros(4)
	turn := 0
	add := func(v vec) {
		low, high := YMM(), YMM()
		VEXTRACTF128(Imm(1), v, high.AsX())
		VCVTPS2PD(v.AsX(), low)
		VCVTPS2PD(high.AsX(), high)
		VADDPD(low, sums[turn], sums[turn])
		VADDPD(high, sums[turn+1], sums[turn+1])
		turn = (turn + 2) % len(sums)
	}
	source = pointer("x")
	loop(pointer("n"), width, func(width int, mask vec) {
		body(width, mask, add)
		ADDQ(Imm(uint64(32*width)), source)
	})
	returnSum(sums)
}

func zeros(n int) []vec {
	r := registers(n)
	for _, v := range r {
		VXORPS(v, v, v)
	}
	return r
}

// returnSum adds all lanes of all sums.
func returnSum(sums []vec) {
	s := sums[0]
	for _, v := range sums[1:] {
		VADDPD(v, s, s)
	}
	high := YMM()
	VEXTRACTF128(Imm(1), s, high.AsX())
	VADDPD(high.AsX(), s.AsX(), s.AsX())
	VPERMILPD(Imm(1), s.AsX(), high.AsX())
	VADDSD(high.AsX(), s.AsX(), s.AsX())
	VMOVSD(s.AsX(), result())
	finish()
}

func result() Mem {
	m, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	return m.Addr
}

// expSum sums e^(x−k), and writes it to dst.
func expSum(name string, stores bool) {
	params := "x *float32, n int, k float32"
	if stores {
		params = "dst, " + params
	}
	reduction(name, params, 2, func(width int, mask vec, add func(v vec)) {
		x := registers(width)
		for i := range x {
			load(Mem{Base: source, Disp: 32 * i}, mask, x[i])
			VSUBPS(scalar("k"), x[i], x[i])
		}
		exp(x)
		for i := range x {
			if stores {
				// dst follows x at a distance.
				at := pointer("dst")
				begin := pointer("x")
				SUBQ(begin, at)
				store(x[i], mask, Mem{Base: source, Index: at, Scale: 1, Disp: 32 * i})
			}
			if mask != nil {
				VANDPS(mask, x[i], x[i])
			}
			add(x[i])
		}
	})
}

// dot sums the products of x and y.
func dot() {
	TEXT("vectorDot", NOSPLIT, "func(x, y *float32, n int) float64")
	Pragma("noescape")
	x, y := pointer("x"), pointer("y")
	sums := zeros(4)
	loop(pointer("n"), 2, func(width int, mask vec) {
		for i := range width {
			a, b := YMM(), YMM()
			load(Mem{Base: x, Disp: 32 * i}, mask, a)
			load(Mem{Base: y, Disp: 32 * i}, mask, b)
			for half := range 2 {
				p, q := YMM(), YMM()
				VEXTRACTF128(Imm(uint64(half)), a, p.AsX())
				VEXTRACTF128(Imm(uint64(half)), b, q.AsX())
				VCVTPS2PD(p.AsX(), p)
				VCVTPS2PD(q.AsX(), q)
				VFMADD231PD(p, q, sums[2*i+half])
			}
		}
		ADDQ(Imm(uint64(32*width)), x)
		ADDQ(Imm(uint64(32*width)), y)
	})
	returnSum(sums)
}

// greatest finds the greatest number, taking no notice of NaN.
func greatest() {
	TEXT("vectorGreatest", NOSPLIT, "func(x *float32, n int) float32")
	Pragma("noescape")
	x := pointer("x")
	least := loaded(floats(math.Inf(-1)))
	best := registers(4)
	for _, b := range best {
		VMOVAPS(least, b)
	}
	loop(pointer("n"), len(best), func(width int, mask vec) {
		for i := range width {
			v := YMM()
			load(Mem{Base: x, Disp: 32 * i}, mask, v)
			if mask != nil {
				VBLENDVPS(mask, v, least, v)
			}
			VMAXPS(best[i], v, best[i])
		}
		ADDQ(Imm(uint64(32*width)), x)
	})
	b := best[0]
	for _, v := range best[1:] {
		VMAXPS(v, b, b)
	}
	other := YMM()
	VEXTRACTF128(Imm(1), b, other.AsX())
	VMAXPS(other.AsX(), b.AsX(), b.AsX())
	for _, order := range []uint64{0x4e, 0xb1} {
		VPERMILPS(Imm(order), b.AsX(), other.AsX())
		VMAXPS(other.AsX(), b.AsX(), b.AsX())
	}
	VMOVSS(b.AsX(), result())
	finish()
}

// columns adds as many rows of x, stride bytes apart, to the columns s, of which there are a multiple of 4.
func columns() {
	TEXT("vectorColumnSums", NOSPLIT, "func(s *float64, x *float32, width, stride, rows int)")
	Pragma("noescape")
	s, x := pointer("s"), pointer("x")
	left, stride, rows := pointer("width"), pointer("stride"), pointer("rows")
	for _, w := range []int{4, 1} {
		name := map[int]string{4: "16", 1: "4"}[w]
		Label("by" + name)
		CMPQ(left, Imm(uint64(4*w)))
		JLT(LabelRef("below" + name))
		sums, p, count := registers(w), GP64(), GP64()
		for i := range sums {
			VMOVUPD(Mem{Base: s, Disp: 32 * i}, sums[i])
		}
		MOVQ(x, p)
		MOVQ(rows, count)
		Label("rows" + name)
		for i := range sums {
			v := YMM()
			VCVTPS2PD(Mem{Base: p, Disp: 16 * i}, v)
			VADDPD(v, sums[i], sums[i])
		}
		ADDQ(stride, p)
		DECQ(count)
		JNZ(LabelRef("rows" + name))
		for i := range sums {
			VMOVUPD(sums[i], Mem{Base: s, Disp: 32 * i})
		}
		ADDQ(Imm(uint64(32*w)), s)
		ADDQ(Imm(uint64(16*w)), x)
		SUBQ(Imm(uint64(4*w)), left)
		JMP(LabelRef("by" + name))
		Label("below" + name)
	}
	finish()
}
