// Command loops writes the assembly of the loops that go once over memory, for AVX2 with FMA and for AVX-512: functions of one and
// of two operands, reductions, pooling and optimizers.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm,!float64")
	unaries()
	binaries()
	activations()
	gradients()
	reductions()
	transpose()
	optimizers()
	windows()
	norms()
	recurrent()
	layerNorms()
	winograd()
	depthwise()
	Generate()
}

// loop runs body over n elements: width registers at a time, then one, then what is left under a mask. It changes n.
func loop(n reg.GPVirtual, width int, body func(width int, part mask)) {
	for _, w := range []int{width, 1} {
		at, next := label(fmt.Sprint("by", w)), label(fmt.Sprint("below", w))
		Label(at)
		CMPQ(n, U32(uint32(w*lanes())))
		JLT(LabelRef(next))
		body(w, nil)
		SUBQ(U32(uint32(w*lanes())), n)
		JMP(LabelRef(at))
		Label(next)
		if width == 1 {
			break
		}
	}
	TESTQ(n, n)
	JZ(LabelRef(label("end")))
	body(1, first(n))
	Label(label("end"))
}

// advance moves a pointer over so many registers.
func advance(p reg.GPVirtual, width int) { ADDQ(U32(uint32(bytes()*width)), p) }

// unary writes dst[i] = f(x[i]; k, c); body replaces x by f.
func unary(name string, width int, body func(x []vec)) {
	TEXT("vector"+name, NOSPLIT, "func(dst, x *float32, n int, k, c float32)")
	Pragma("noescape")
	twice(func() {
		dst, src, n := pointer("dst"), pointer("x"), pointer("n")
		loop(n, width, func(width int, part mask) {
			x := registers(width)
			for i := range x {
				load(Mem{Base: src, Disp: bytes() * i}, part, x[i])
			}
			body(x)
			for i := range x {
				store(x[i], part, Mem{Base: dst, Disp: bytes() * i})
			}
			advance(src, width)
			advance(dst, width)
		})
		finish()
	})
}

// binary writes dst[i] = f(a[i], b[i]; k, c); an operand that is nil is k everywhere. body replaces a by f.
func binary(name string, width int, body func(a, b []vec)) {
	TEXT("vector"+name, NOSPLIT, "func(dst, a, b *float32, n int, k, c float32)")
	Pragma("noescape")
	single := AllocLocal(64)
	twice(func() {
		dst, n := pointer("dst"), pointer("n")
		VMOVUPS(in(scalar("k")), single)
		operand := func(name string) (at, step reg.GPVirtual) {
			at, step = pointer(name), GP64()
			MOVQ(U32(uint32(bytes())), step)
			TESTQ(at, at)
			JNZ(LabelRef(label(name)))
			LEAQ(single, at)
			XORQ(step, step)
			Label(label(name))
			return at, step
		}
		p, ps := operand("a")
		q, qs := operand("b")
		loop(n, width, func(width int, part mask) {
			a, b := registers(width), registers(width)
			for i := range a {
				load(Mem{Base: p}, part, a[i])
				load(Mem{Base: q}, part, b[i])
				ADDQ(ps, p)
				ADDQ(qs, q)
			}
			body(a, b)
			for i := range a {
				store(a[i], part, Mem{Base: dst, Disp: bytes() * i})
			}
			advance(dst, width)
		})
		finish()
	})
}
