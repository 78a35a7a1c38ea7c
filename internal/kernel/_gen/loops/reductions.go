package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func reductions() {
	reduction("Sum", "x *float32, n int", 4, func() {}, func(width int, part mask, sum func(x Op)) {
		for i := range width {
			if part == nil {
				sum(Mem{Base: source, Disp: bytes() * i})
				continue
			}
			v := register()
			load(Mem{Base: source}, part, v)
			sum(v)
		}
	})
	reduction("Differences", "x *float32, n int", 4, func() {}, func(width int, part mask, sum func(x Op)) {
		all := zeros(1)[0]
		for i := range width {
			v := register()
			load(Mem{Base: source, Disp: bytes() * i}, part, v)
			sub(v, v, v)
			add(all, all, v)
		}
		sum(all)
	})
	products()
	expSum("ExpSum", false)
	expSum("ExpStore", true)
	dot()
	greatestOf("Greatest", false)
	greatestOf("Largest", true)
	columns()
}

// source and other are where the operands of a reduction are read.
var source, other reg.GPVirtual

// reduction sums in float64 what body makes of x; body calls sum with every term. begin runs before the loop.
func reduction(name, params string, width int, begin func(), body func(width int, part mask, sum func(x Op))) {
	TEXT("vector"+name, NOSPLIT, "func("+params+") float64")
	Pragma("noescape")
	twice(func() {
		sums := zeros(4)
		turn := 0
		sum := func(x Op) {
			for half := range 2 {
				wider := doubles(x, half)
				VADDPD(wider, sums[turn], sums[turn])
				turn = (turn + 1) % len(sums)
			}
		}
		source = pointer("x")
		begin()
		width := width
		if wide { // there are twice as many registers
			width *= 2
		}
		loop(pointer("n"), width, func(width int, part mask) {
			body(width, part, sum)
			advance(source, width)
		})
		returnSum(sums)
	})
}

// doubles widens the low half of x, a register or memory, or the high one.
func doubles(x Op, half int) vec {
	w := register()
	if m, ok := x.(Mem); ok {
		m.Disp += bytes() / 2 * half
		VCVTPS2PD(m, w)
		return w
	}
	v := x.(vec)
	switch {
	case wide && half == 0:
		VCVTPS2PD(v.AsY(), w)
	case wide:
		VEXTRACTF32X8(Imm(1), v, w.AsY())
		VCVTPS2PD(w.AsY(), w)
	case half == 0:
		VCVTPS2PD(v.AsX(), w)
	default:
		VEXTRACTF128(Imm(1), v, w.AsX())
		VCVTPS2PD(w.AsX(), w)
	}
	return w
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
	other := register()
	if wide {
		VEXTRACTF64X4(Imm(1), s, other.AsY())
		VADDPD(other.AsY(), s.AsY(), s.AsY())
	}
	VEXTRACTF128(Imm(1), s.AsY(), other.AsX())
	VADDPD(other.AsX(), s.AsX(), s.AsX())
	VPERMILPD(Imm(1), s.AsX(), other.AsX())
	VADDSD(other.AsX(), s.AsX(), s.AsX())
	VMOVSD(s.AsX(), result())
	finish()
}

// expSum sums e^(x−k), and writes it to dst. Neighbours are added before they are widened.
func expSum(name string, stores bool) {
	params := "x *float32, n int, k float32"
	if stores {
		params = "dst, " + params
	}
	var after reg.GPVirtual // how far dst lies behind x
	begin := func() {
		if stores {
			after = pointer("dst")
			SUBQ(source, after)
		}
	}
	reduction(name, params, 2, begin, func(width int, part mask, sum func(x Op)) {
		x := registers(width)
		for i := range x {
			load(Mem{Base: source, Disp: bytes() * i}, part, x[i])
			sub(x[i], x[i], scalar("k"))
		}
		exp(x)
		for i := range x {
			if stores {
				store(x[i], part, Mem{Base: source, Index: after, Scale: 1, Disp: bytes() * i})
			}
			if part != nil {
				keep(x[i], part, x[i])
			}
		}
		sum(added(x))
	})
}

// added adds registers up, two and two; it changes them.
func added(x []vec) vec {
	for ; len(x) > 1; x = x[:len(x)/2] {
		for i := range len(x) / 2 {
			add(x[i], x[i], x[i+len(x)/2])
		}
	}
	return x[0]
}

// products sums x·y, of which neighbours are added before they are widened.
func products() {
	reduction("Products", "x, y *float32, n int", 4, func() { other = pointer("y") }, func(width int, part mask, sum func(x Op)) {
		x := registers(width)
		for i := range x {
			y := register()
			load(Mem{Base: source, Disp: bytes() * i}, part, x[i])
			load(Mem{Base: other, Disp: bytes() * i}, part, y)
			mul(x[i], x[i], y)
		}
		advance(other, width)
		sum(added(x))
	})
}

// dot sums the products of x and y.
func dot() {
	TEXT("vectorDot", NOSPLIT, "func(x, y *float32, n int) float64")
	Pragma("noescape")
	twice(func() {
		x, y := pointer("x"), pointer("y")
		sums := zeros(4)
		loop(pointer("n"), 2, func(width int, part mask) {
			for i := range width {
				var a, b Op = Mem{Base: x, Disp: bytes() * i}, Mem{Base: y, Disp: bytes() * i}
				if part != nil {
					v, w := register(), register()
					load(Mem{Base: x}, part, v)
					load(Mem{Base: y}, part, w)
					a, b = v, w
				}
				for half := range 2 {
					VFMADD231PD(doubles(a, half), doubles(b, half), sums[2*i+half])
				}
			}
			advance(x, width)
			advance(y, width)
		})
		returnSum(sums)
	})
}

// greatestOf finds the greatest number, or the greatest size of one, taking no notice of NaN.
func greatestOf(name string, ofSize bool) {
	TEXT("vector"+name, NOSPLIT, "func(x *float32, n int) float32")
	Pragma("noescape")
	twice(func() {
		x := pointer("x")
		lowest := in(floats(math.Inf(-1)))
		best := registers(4)
		for _, b := range best {
			move(b, lowest)
		}
		loop(pointer("n"), len(best), func(width int, part mask) {
			for i := range width {
				v := register()
				load(Mem{Base: x, Disp: bytes() * i}, part, v)
				if ofSize {
					and(v, v, words(signBit-1))
				}
				if part != nil {
					choose(v, part, v, lowest)
				}
				greatest(best[i], v, best[i])
			}
			advance(x, width)
		})
		b := best[0]
		for _, v := range best[1:] {
			greatest(b, b, v)
		}
		other := register()
		if wide {
			VEXTRACTF32X8(Imm(1), b, other.AsY())
			VMAXPS(other.AsY(), b.AsY(), b.AsY())
		}
		VEXTRACTF128(Imm(1), b.AsY(), other.AsX())
		VMAXPS(other.AsX(), b.AsX(), b.AsX())
		for _, order := range []uint64{0x4e, 0xb1} {
			VPERMILPS(Imm(order), b.AsX(), other.AsX())
			VMAXPS(other.AsX(), b.AsX(), b.AsX())
		}
		VMOVSS(b.AsX(), result())
		finish()
	})
}

// columns adds as many rows of x, stride bytes apart, to the columns s, of which there are a multiple of 4.
func columns() {
	TEXT("vectorColumnSums", NOSPLIT, "func(s *float64, x *float32, width, stride, rows int)")
	Pragma("noescape")
	twice(func() {
		s, x := pointer("s"), pointer("x")
		left, stride, rows := pointer("width"), pointer("stride"), pointer("rows")
		// strip is the loop over as many columns as registers hold numbers of float64.
		strip := func(sums []vec, of func(v vec) reg.Register) {
			n := int(of(sums[0]).Size()) / 8 // of a register
			width := n * len(sums)
			name := fmt.Sprint(width)
			Label(label("by" + name))
			CMPQ(left, Imm(uint64(width)))
			JLT(LabelRef(label("below" + name)))
			p, count := GP64(), GP64()
			for i := range sums {
				VMOVUPD(Mem{Base: s, Disp: 8 * n * i}, of(sums[i]))
			}
			MOVQ(x, p)
			MOVQ(rows, count)
			Label(label("rows" + name))
			for i := range sums {
				v := register()
				VCVTPS2PD(Mem{Base: p, Disp: 4 * n * i}, of(v))
				VADDPD(of(v), of(sums[i]), of(sums[i]))
			}
			ADDQ(stride, p)
			DECQ(count)
			JNZ(LabelRef(label("rows" + name)))
			for i := range sums {
				VMOVUPD(of(sums[i]), Mem{Base: s, Disp: 8 * n * i})
			}
			ADDQ(U32(uint32(8*width)), s)
			ADDQ(U32(uint32(4*width)), x)
			SUBQ(Imm(uint64(width)), left)
			JMP(LabelRef(label("by" + name)))
			Label(label("below" + name))
		}
		whole := func(v vec) reg.Register { return v }
		strip(registers(8), whole)
		strip(registers(2), whole)
		strip(registers(1), func(v vec) reg.Register { return v.AsY() })
		finish()
	})
}
