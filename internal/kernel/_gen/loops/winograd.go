package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The points of F(4×4, 3×3) are 0, ±a, ±b and infinity, as winograd.go says.
const (
	pointA = 5. / 8
	pointB = 3. / 2
	squaA  = pointA * pointA
	squaB  = pointB * pointB
	normO  = squaA * squaB
	normA  = 2 * squaA * (squaA - squaB)
	normB  = 2 * squaB * (squaB - squaA)
)

// winograd writes the transforms of Winograd's convolution along one axis, as winograd.go has them.
func winograd() {
	// both is y0, y1 = even ± point·odd.
	both := func(y0, y1 vec, point float64, even, odd vec) {
		mulSub(y1, floats(point), odd, even)
		mulAdd(y0, floats(point), odd, even)
	}
	transform("Data", 6, 6, func(x, y []vec) {
		even, odd := register(), register()
		mulSub(even, floats(squaA+squaB), x[2], x[4])
		mulAdd(y[0], floats(normO), x[0], even)
		mulSub(odd, floats(squaA+squaB), x[3], x[5])
		mulAdd(y[5], floats(normO), x[1], odd)
		mulSub(even, floats(squaB), x[2], x[4])
		mulSub(odd, floats(squaB), x[1], x[3])
		both(y[1], y[2], pointA, even, odd)
		mulSub(even, floats(squaA), x[2], x[4])
		mulSub(odd, floats(squaA), x[1], x[3])
		both(y[3], y[4], pointB, even, odd)
	})
	transform("Filter", 3, 6, func(x, y []vec) {
		even, odd := register(), register()
		mul(y[0], x[0], floats(1/normO))
		for i, p := range []struct{ point, square, norm float64 }{{pointA, squaA, normA}, {pointB, squaB, normB}} {
			mul(even, x[0], floats(1/p.norm))
			mulAdd(even, floats(p.square/p.norm), x[2], even)
			mul(odd, x[1], floats(p.point/p.norm))
			add(y[1+2*i], even, odd)
			sub(y[2+2*i], even, odd)
		}
		move(y[5], x[2])
	})
	// differ is the sums and differences of what belongs to a and −a, and to b and −b.
	differ := func(x []vec) (sumA, difA, sumB, difB vec) {
		sumA, difA, sumB, difB = register(), register(), register(), register()
		add(sumA, x[1], x[2])
		sub(difA, x[1], x[2])
		add(sumB, x[3], x[4])
		sub(difB, x[3], x[4])
		return
	}
	transform("Output", 6, 4, func(x, y []vec) {
		sumA, difA, sumB, difB := differ(x)
		add(y[0], x[0], sumA)
		add(y[0], y[0], sumB)
		mul(y[1], difA, floats(pointA))
		mulAdd(y[1], floats(pointB), difB, y[1])
		mul(y[2], sumA, floats(squaA))
		mulAdd(y[2], floats(squaB), sumB, y[2])
		mulAdd(y[3], floats(pointA*squaA), difA, x[5])
		mulAdd(y[3], floats(pointB*squaB), difB, y[3])
	})
	transform("OutputAdjoint", 4, 6, func(x, y []vec) {
		even, odd := register(), register()
		move(y[0], x[0])
		mulAdd(even, floats(squaA), x[2], x[0])
		mulAdd(odd, floats(squaA), x[3], x[1])
		both(y[1], y[2], pointA, even, odd)
		mulAdd(even, floats(squaB), x[2], x[0])
		mulAdd(odd, floats(squaB), x[3], x[1])
		both(y[3], y[4], pointB, even, odd)
		move(y[5], x[3])
	})
	transform("FilterAdjoint", 6, 3, func(x, y []vec) {
		sumA, difA, sumB, difB := differ(x)
		mul(y[0], x[0], floats(1/normO))
		mulAdd(y[0], floats(1/normA), sumA, y[0])
		mulAdd(y[0], floats(1/normB), sumB, y[0])
		mul(y[1], difA, floats(pointA/normA))
		mulAdd(y[1], floats(pointB/normB), difB, y[1])
		mulAdd(y[2], floats(squaA/normA), sumA, x[5])
		mulAdd(y[2], floats(squaB/normB), sumB, y[2])
	})
}

// transform writes a function that turns ins vectors of n numbers, ss apart, into outs of them, ds apart, and does so count times,
// dstep and sstep further on. All lengths count numbers.
func transform(name string, ins, outs int, body func(x, y []vec)) {
	TEXT("vectorWinograd"+name, NOSPLIT, "func(dst *float32, ds, dstep int, src *float32, ss, sstep, n, count int)")
	Pragma("noescape")
	twice(func() {
		dst, src := pointer("dst"), pointer("src")
		// multiples returns the first places of so many vectors at p, a stride apart.
		multiples := func(p reg.GPVirtual, stride string, many int) []Mem {
			one := pointer(stride)
			SHLQ(Imm(2), one)
			at := []Mem{{Base: p}, {Base: p, Index: one, Scale: 1}, {Base: p, Index: one, Scale: 2}}
			if many > 3 {
				three := GP64()
				LEAQ(Mem{Base: one, Index: one, Scale: 2}, three)
				at = append(at, Mem{Base: p, Index: three, Scale: 1})
			}
			if many > 4 {
				five := GP64()
				LEAQ(Mem{Base: one, Index: one, Scale: 4}, five)
				at = append(at, Mem{Base: p, Index: one, Scale: 4}, Mem{Base: p, Index: five, Scale: 1})
			}
			return at
		}
		to, from := multiples(dst, "ds", outs), multiples(src, "ss", ins)
		count := pointer("count")
		Label(label("next"))
		n := pointer("n")
		loop(n, 1, func(_ int, part mask) {
			x, y := registers(ins), registers(outs)
			for i := range x {
				load(from[i], part, x[i])
			}
			body(x, y)
			for i := range y {
				store(y[i], part, to[i])
			}
			if part == nil {
				advance(dst, 1)
				advance(src, 1)
			}
		})
		// The pointers stand behind the whole registers of n.
		for _, p := range []struct {
			at   reg.GPVirtual
			step string
		}{{dst, "dstep"}, {src, "sstep"}} {
			step := pointer(p.step)
			whole := pointer("n")
			ANDQ(I32(-int32(lanes())), whole)
			SUBQ(whole, step)
			LEAQ(Mem{Base: p.at, Index: step, Scale: 4}, p.at)
		}
		DECQ(count)
		JNZ(LabelRef(label("next")))
		finish()
	})
}
