package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// What loops are written in: the same description gives AVX2 with FMA, of eight lanes, and AVX-512 (F, BW, DQ, VL), of sixteen,
// where lanes are chosen by mask registers and a constant is read as one number that goes to all lanes.

type vec = reg.VecVirtual

// A mask says which lanes count: a register of ones and zeros, or in AVX-512 a mask register. nil is all of them.
type mask = reg.Register

// wide is set while AVX-512 is written.
var wide bool

// twice writes the body of a function for both instruction sets, between which the level of the processor decides.
func twice(body func()) {
	CMPQ(Mem{Symbol: Symbol{Name: "·level"}, Base: reg.StaticBase}, Imm(2))
	JEQ(LabelRef("wide"))
	body()
	Label("wide")
	wide = true
	JMP(LabelRef("constants"))
	Label("begin")
	body()
	Label("constants")
	for _, m := range kept {
		if sixteen[m] {
			VMOVUPS(m, keptIn[m])
		} else {
			VBROADCASTSS(m, keptIn[m])
		}
	}
	JMP(LabelRef("begin"))
	wide, kept = false, nil
	clear(keptIn)
}

// In AVX-512 the first constants of a function lie in registers, since a processor that does four operations in a cycle loads only
// two registers: maxKept of them, in the order of kept. The function goes to where they are loaded first, and then begins.
var (
	kept    []Mem
	keptIn  = map[Mem]vec{}
	sixteen = map[Mem]bool{} // the constants that are tables
)

const maxKept = 16

// constant returns the register of a constant, or nil.
func constant(x Op) vec {
	m, ok := x.(Mem)
	if !ok || !wide {
		return nil
	}
	if keptIn[m] == nil && len(kept) < maxKept {
		kept, keptIn[m] = append(kept, m), ZMM()
	}
	return keptIn[m]
}

// label names a place in the function, apart from the same place in the other instruction set.
func label(name string) string {
	if wide {
		return name + "_wide"
	}
	return name
}

// lanes returns how many numbers a register has, bytes how many bytes.
func lanes() int {
	if wide {
		return 16
	}
	return 8
}

func bytes() int { return 4 * lanes() }

// register returns one that is free, registers n of them.
func register() vec {
	if wide {
		return ZMM()
	}
	return YMM()
}

func registers(n int) []vec {
	r := make([]vec, n)
	for i := range r {
		r[i] = register()
	}
	return r
}

// words is a constant of equal lanes. AVX2 reads eight of them.
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

	notANumber = 0x7fc00000
)

// in brings an operand, a register or a constant, into a register, which is not to be changed.
func in(x Op) vec {
	if v, ok := x.(vec); ok {
		return v
	}
	if v := constant(x); v != nil {
		return v
	}
	v := register()
	move(v, x)
	return v
}

// move copies a register or a constant.
func move(to vec, x Op) {
	if v := constant(x); v != nil {
		x = v
	}
	switch _, fromRegister := x.(vec); {
	case fromRegister:
		VMOVAPS(x, to)
	case wide:
		VBROADCASTSS(x, to)
	default:
		VMOVUPS(x, to)
	}
}

// An instruction is an operation with its form for a constant in AVX-512.
type instruction struct{ plain, broadcast func(...Op) }

// do runs the instruction; the first operand may be a constant.
func (f instruction) do(ops ...Op) {
	if v := constant(ops[0]); v != nil {
		ops[0] = v
	}
	if wide && isConstant(ops[0]) {
		f.broadcast(ops...)
	} else {
		f.plain(ops...)
	}
}

// two makes to = f(a, b) of an instruction.
func two(f instruction) func(to vec, a, b Op) {
	return func(to vec, a, b Op) { f.do(b, in(a), to) }
}

// Arithmetic: to = a + b and so on. Of NaN, least and greatest give b. Constants may stand anywhere.
var (
	add      = two(instruction{VADDPS, VADDPS_BCST})
	sub      = two(instruction{VSUBPS, VSUBPS_BCST})
	mul      = two(instruction{VMULPS, VMULPS_BCST})
	div      = two(instruction{VDIVPS, VDIVPS_BCST})
	least    = two(instruction{VMINPS, VMINPS_BCST})
	greatest = two(instruction{VMAXPS, VMAXPS_BCST})
	and      = two(instruction{VANDPS, VANDPS_BCST})
	or       = two(instruction{VORPS, VORPS_BCST})
	xor      = two(instruction{VXORPS, VXORPS_BCST})
	addInts  = two(instruction{VPADDD, VPADDD_BCST})
	subInts  = two(instruction{VPSUBD, VPSUBD_BCST})
)

func sqrt(to, x vec) { VSQRTPS(x, to) }

// Of lanes that hold whole numbers.
func shiftRight(to, x vec, n uint64) { VPSRAD(Imm(n), x, to) }
func toFloats(to, x vec)             { VCVTDQ2PS(x, to) }

// mulAdd is to = a·b + c, mulSub to = c − a·b, both rounded once. One of the operands may be a constant.
func mulAdd(to vec, a, b, c Op) {
	fused(to, a, b, c, instruction{VFMADD132PS, VFMADD132PS_BCST}, instruction{VFMADD213PS, VFMADD213PS_BCST},
		instruction{VFMADD231PS, VFMADD231PS_BCST})
}

func mulSub(to vec, a, b, c Op) {
	fused(to, a, b, c, instruction{VFNMADD132PS, VFNMADD132PS_BCST}, instruction{VFNMADD213PS, VFNMADD213PS_BCST},
		instruction{VFNMADD231PS, VFNMADD231PS_BCST})
}

// fused takes the form of an instruction, named by the order of its operands, in which to takes the place of the one that it is.
func fused(to vec, a, b, c Op, f132, f213, f231 instruction) {
	if b == Op(to) || isConstant(a) {
		a, b = b, a
	}
	switch {
	case c == Op(to):
		f231.do(b, in(a), to)
	case a == Op(to) && isConstant(b):
		f132.do(b, in(c), to)
	case a == Op(to):
		f213.do(c, in(b), to)
	default:
		move(to, c)
		f231.do(b, in(a), to)
	}
}

func isConstant(x Op) bool { _, ok := x.(Mem); return ok }

// looked is, in AVX-512, to = t[low four bits of x] of a table.
func looked(to, x vec, t [16]float32) {
	m := table(fmt.Sprintf("loopsTable%x_%x", math.Float32bits(t[0]), math.Float32bits(t[1])), func() {
		for i, v := range t {
			DATA(4*i, U32(math.Float32bits(v)))
		}
	})
	sixteen[m] = true
	if v := constant(m); v != nil {
		VPERMPS(v, x, to)
	} else {
		VPERMPS(m, x, to)
	}
}

// round brings x to the nearest whole number, the even one of two; down to the one below.
func round(to, x vec) { rounded(8, to, x) }
func down(to, x vec)  { rounded(9, to, x) }

func rounded(how uint64, to, x vec) {
	if wide {
		VRNDSCALEPS(Imm(how), x, to)
	} else {
		VROUNDPS(Imm(how), x, to)
	}
}

// scaleByPower is to = x·2ⁿ for a whole n in −252 … 254 (in AVX-512, of any n the whole part), in which overflow and what is too small for all digits come out as they
// should. AVX2 has no such instruction and multiplies by the two halves of the power; it changes n.
func scaleByPower(to, x, n vec) {
	if wide {
		VSCALEFPS(n, x, to)
		return
	}
	half := register()
	VCVTPS2DQ(n, n)
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	for i, part := range []vec{half, n} {
		addInts(part, part, words(127))
		VPSLLD(Imm(23), part, part)
		if i == 0 {
			mul(to, x, part)
		} else {
			mul(to, to, part)
		}
	}
}

// The conditions of VCMPPS. What is false of NaN is "ordered".
const (
	equal        = 0x00
	unordered    = 0x03
	isNumber     = 0x07 // of both
	notLess      = 0x15 // or unordered
	notLessEqual = 0x16 // or unordered
	less         = 0x11
	lessEqual    = 0x12
	unequal      = 0x0c // and ordered
	greaterEqual = 0x1d
	greater      = 0x1e
)

// compared is the lanes in which a stands to b as the condition says.
func compared(condition uint64, a, b Op) mask {
	if !wide {
		m := YMM()
		VCMPPS(Imm(condition), b, in(a), m)
		return m
	}
	m := K()
	VCMPPS(Imm(condition), in(b), in(a), m)
	return m
}

// negative is the lanes of x with a sign.
func negative(x vec) mask {
	if !wide {
		return x
	}
	m := K()
	VPMOVD2M(x, m)
	return m
}

// both is the lanes in a and in b.
func both(a, b mask) mask {
	if !wide {
		m := YMM()
		VANDPS(a, b, m)
		return m
	}
	m := K()
	KANDW(a, b, m)
	return m
}

// choose is to = yes in the lanes of m, no elsewhere.
func choose(to vec, m mask, yes, no Op) {
	if wide {
		VBLENDMPS(in(yes), in(no), m, to)
	} else {
		VBLENDVPS(m, yes, in(no), to)
	}
}

// keep is to = x in the lanes of m, 0 elsewhere.
func keep(to vec, m mask, x Op) {
	if wide {
		VMOVAPS_Z(in(x), m, to)
	} else {
		VANDPS(x, m, to)
	}
}

// load and store move a register from and to memory, its lanes of the mask alone; where there are none, load gives 0.
func load(m Mem, lanes mask, to vec) {
	switch {
	case lanes == nil:
		VMOVUPS(m, to)
	case wide:
		VMOVUPS_Z(m, lanes, to)
	default:
		VMASKMOVPS(m, lanes, to)
	}
}

func store(from vec, lanes mask, m Mem) {
	switch {
	case lanes == nil:
		VMOVUPS(from, m)
	case wide:
		VMOVUPS(from, lanes, m)
	default:
		VMASKMOVPS(from, lanes, m)
	}
}

// first is the mask of the first n lanes, 0 < n < lanes(). It changes n.
func first(n reg.GPVirtual) mask {
	at := GP64()
	if wide {
		LEAQ(tails(), at)
		m := K()
		KMOVW(Mem{Base: at, Index: n, Scale: 2}, m)
		return m
	}
	m := YMM()
	NEGQ(n)
	LEAQ(ones(), at)
	VMOVUPS(Mem{Base: at, Index: n, Scale: 4, Disp: 32}, m)
	return m
}

// ones is a table of eight words of ones and eight of zeros, tails one of mask registers with the first n bits set.
func ones() Mem {
	return table("loopsOnes", func() {
		for i, w := range []uint32{1<<32 - 1, 0} {
			for j := range 8 {
				DATA(32*i+4*j, U32(w))
			}
		}
	})
}

func tails() Mem {
	return table("loopsTails", func() {
		for i := range 16 {
			DATA(2*i, U16(1<<i-1))
		}
	})
}

// table returns read-only memory that fill writes.
func table(name string, fill func()) Mem {
	m, ok := tables[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		fill()
		tables[name] = m
	}
	return m
}

var tables = map[string]Mem{}

// pointer loads a parameter.
func pointer(name string) reg.GPVirtual { return Load(Param(name), GP64()).(reg.GPVirtual) }

// scalar is a number among the parameters as an operand of equal lanes.
func scalar(name string) Op {
	if wide {
		return parameter(name)
	}
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

func result() Mem {
	m, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	return m.Addr
}

func finish() {
	VZEROUPPER()
	RET()
}
