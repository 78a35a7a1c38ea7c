// Command loops writes the assembly of the loops that go once over memory, for AVX2 with FMA: functions of one and of two
// operands, reductions, pooling and optimizers.
package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type vec = reg.VecVirtual

func main() {
	ConstraintExpr("amd64,!noasm,!float64")
	tail = GLOBL("loopsMasks", RODATA|NOPTR) // from place 8−n on, it masks the first n of eight lanes
	for i := range 16 {
		word := U32(0xffffffff)
		if i >= 8 {
			word = 0
		}
		DATA(4*i, word)
	}
	unaries()
	binaries()
	reductions()
	optimizers()
	windows()
	Generate()
}

var tail Mem

// words is a constant of eight equal lanes.
func words(w uint32) Mem {
	if m, ok := constants[w]; ok {
		return m
	}
	m := GLOBL(fmt.Sprintf("loops%08x", w), RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(w))
	}
	constants[w] = m
	return m
}

var constants = map[uint32]Mem{}

func floats(x float64) Mem { return words(math.Float32bits(float32(x))) }

const (
	signBit  = 1 << 31
	infinity = 0x7f800000
)

// The conditions of VCMPPS. What is false of NaN is "ordered".
const (
	equal        = 0x00
	unordered    = 0x03
	isNumber     = 0x07 // of both
	notLess      = 0x15 // or unordered
	notLessEqual = 0x16 // or unordered
	less         = 0x11
	lessEqual    = 0x12
	greaterEqual = 0x1d
	greater      = 0x1e
)

// pointer and scalar load a parameter; scalar brings it into all lanes.
func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

func scalar(name string) vec {
	v := YMM()
	VBROADCASTSS(parameter(name), v)
	return v
}

// parameter returns where a parameter lies.
func parameter(name string) Mem {
	m, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return m.Addr
}

// registers returns n of them.
func registers(n int) []vec {
	r := make([]vec, n)
	for i := range r {
		r[i] = YMM()
	}
	return r
}

// loaded returns a register with a constant in it, where the order of operands needs one.
func loaded(m Mem) vec {
	v := YMM()
	VMOVUPS(m, v)
	return v
}

func load(m Mem, mask, to vec) {
	if mask == nil {
		VMOVUPS(m, to)
	} else {
		VMASKMOVPS(m, mask, to)
	}
}

func store(from, mask vec, m Mem) {
	if mask == nil {
		VMOVUPS(from, m)
	} else {
		VMASKMOVPS(from, mask, m)
	}
}

// loop runs body over n elements: width registers at a time, then one, then what is left under a mask. It changes n.
func loop(n reg.GPVirtual, width int, body func(width int, mask vec)) {
	for _, w := range []int{width, 1} {
		at, next := fmt.Sprint("by", w), fmt.Sprint("below", w)
		Label(at)
		CMPQ(n, Imm(uint64(8*w)))
		JLT(LabelRef(next))
		body(w, nil)
		SUBQ(Imm(uint64(8*w)), n)
		JMP(LabelRef(at))
		Label(next)
		if width == 1 {
			break
		}
	}
	TESTQ(n, n)
	JZ(LabelRef("end"))
	NEGQ(n)
	at, mask := GP64(), YMM()
	LEAQ(tail, at)
	VMOVUPS(Mem{Base: at, Index: n, Scale: 4, Disp: 32}, mask)
	body(1, mask)
	Label("end")
}

func finish() {
	VZEROUPPER()
	RET()
}

// unary writes dst[i] = f(x[i]; k, c); body replaces x by f.
func unary(name string, width int, body func(x []vec)) {
	TEXT("vector"+name, NOSPLIT, "func(dst, x *float32, n int, k, c float32)")
	Pragma("noescape")
	dst, src, n := pointer("dst"), pointer("x"), pointer("n")
	loop(n, width, func(width int, mask vec) {
		x := registers(width)
		for i := range x {
			load(Mem{Base: src, Disp: 32 * i}, mask, x[i])
		}
		body(x)
		for i := range x {
			store(x[i], mask, Mem{Base: dst, Disp: 32 * i})
		}
		ADDQ(Imm(uint64(32*width)), src)
		ADDQ(Imm(uint64(32*width)), dst)
	})
	finish()
}

// binary writes dst[i] = f(a[i], b[i]; k); an operand that is nil is k everywhere. body replaces a by f.
func binary(name string, width int, body func(a, b []vec)) {
	TEXT("vector"+name, NOSPLIT, "func(dst, a, b *float32, n int, k float32)")
	Pragma("noescape")
	dst, n := pointer("dst"), pointer("n")
	lanes := AllocLocal(32)
	VMOVUPS(scalar("k"), lanes)
	operand := func(name string) (at, step reg.GPVirtual) {
		at, step = pointer(name), GP64()
		MOVQ(U32(32), step)
		TESTQ(at, at)
		JNZ(LabelRef(name))
		LEAQ(lanes, at)
		XORQ(step, step)
		Label(name)
		return at, step
	}
	p, ps := operand("a")
	q, qs := operand("b")
	loop(n, width, func(width int, mask vec) {
		a, b := registers(width), registers(width)
		for i := range a {
			load(Mem{Base: p}, mask, a[i])
			load(Mem{Base: q}, mask, b[i])
			ADDQ(ps, p)
			ADDQ(qs, q)
		}
		body(a, b)
		for i := range a {
			store(a[i], mask, Mem{Base: dst, Disp: 32 * i})
		}
		ADDQ(Imm(uint64(32*width)), dst)
	})
	finish()
}
