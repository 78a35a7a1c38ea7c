package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// A DataType is the type of a tensor's elements, numbered as in the format.
type DataType int32

// The types of elements. Those of 8 bits and less that are neither integers nor bool are known by name and size only.
const (
	Undefined DataType = iota
	Float
	Uint8
	Int8
	Uint16
	Int16
	Int32
	Int64
	String
	Bool
	Float16
	Double
	Uint32
	Uint64
	Complex64
	Complex128
	BFloat16
	Float8E4M3FN
	Float8E4M3FNUZ
	Float8E5M2
	Float8E5M2FNUZ
	Uint4
	Int4
	Float4E2M1
	Float8E8M0
	Uint2
	Int2
)

// types has the name and the bits of one element of every type; a string has no size.
var types = [...]struct {
	name string
	bits int
}{
	Undefined: {"undefined", 0}, Float: {"float", 32}, Uint8: {"uint8", 8}, Int8: {"int8", 8}, Uint16: {"uint16", 16},
	Int16: {"int16", 16}, Int32: {"int32", 32}, Int64: {"int64", 64}, String: {"string", 0}, Bool: {"bool", 8},
	Float16: {"float16", 16}, Double: {"double", 64}, Uint32: {"uint32", 32}, Uint64: {"uint64", 64}, Complex64: {"complex64", 64},
	Complex128: {"complex128", 128}, BFloat16: {"bfloat16", 16}, Float8E4M3FN: {"float8e4m3fn", 8},
	Float8E4M3FNUZ: {"float8e4m3fnuz", 8}, Float8E5M2: {"float8e5m2", 8}, Float8E5M2FNUZ: {"float8e5m2fnuz", 8}, Uint4: {"uint4", 4},
	Int4: {"int4", 4}, Float4E2M1: {"float4e2m1", 4}, Float8E8M0: {"float8e8m0", 8}, Uint2: {"uint2", 2}, Int2: {"int2", 2},
}

func (d DataType) String() string {
	if d < 0 || int(d) >= len(types) {
		return fmt.Sprintf("type %d", int32(d))
	}
	return types[d].name
}

// IsFloat tells whether elements are floating-point numbers that Float64s reads.
func (d DataType) IsFloat() bool {
	return d == Float || d == Double || d == Float16 || d == BFloat16
}

// IsInteger tells whether elements are integers or truth values that Integers reads.
func (d DataType) IsInteger() bool {
	switch d {
	case Uint8, Int8, Uint16, Int16, Int32, Int64, Bool, Uint32, Uint64:
		return true
	}
	return false
}

// A Tensor is an array of numbers or strings, row-major. The numbers lie in Raw, little-endian, or in the one field that the format has
// for their type.
type Tensor struct {
	Name    string
	Doc     string
	Type    DataType
	Dims    []int64
	Raw     []byte
	Floats  []float32 // Float; Complex64 as pairs
	Int32s  []int32   // integers of up to 32 bits, bool, and the bits of 16-bit floats
	Int64s  []int64   // Int64
	Doubles []float64 // Double; Complex128 as pairs
	Uint64s []uint64  // Uint64 and Uint32
	Strings []string  // String
}

// Len returns the number of elements. Decode has checked that it is no lie.
func (t *Tensor) Len() int {
	n, _ := product(t.Dims)
	return n
}

// product returns the number of elements of a shape, and whether there is such a number.
func product(dims []int64) (int, bool) {
	n, empty := uint64(1), false
	for _, d := range dims {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			empty = true // but a negative axis may follow
			continue
		}
		high, low := bits.Mul64(n, uint64(d))
		if high != 0 || low > math.MaxInt64 {
			return 0, empty
		}
		n = low
	}
	if empty {
		return 0, true
	}
	return int(n), true
}

// check verifies that there are as many numbers as the shape asks for, in one place.
func (t *Tensor) check() error {
	n, ok := product(t.Dims)
	if !ok {
		return fmt.Errorf("there is no shape %v: an axis is negative or the product of all is too large", t.Dims)
	}
	if t.Type <= Undefined || int(t.Type) >= len(types) {
		return fmt.Errorf("elements have %v, which this version of the format does not have", t.Type)
	}
	if len(t.Raw) > 0 {
		if t.Type == String {
			return fmt.Errorf("strings lie in raw_data, which only numbers may")
		}
		high, low := bits.Mul64(uint64(n), uint64(types[t.Type].bits))
		want := low/8 + min(1, low%8)
		if high != 0 || want != uint64(len(t.Raw)) {
			return fmt.Errorf("shape %v of %v does not take %d bytes, which it has", t.Dims, t.Type, len(t.Raw))
		}
		return nil
	}
	has, per := 0, 1
	switch t.Type {
	case Float:
		has = len(t.Floats)
	case Complex64:
		has, per = len(t.Floats), 2
	case Double:
		has = len(t.Doubles)
	case Complex128:
		has, per = len(t.Doubles), 2
	case Int64:
		has = len(t.Int64s)
	case Uint32, Uint64:
		has = len(t.Uint64s)
	case String:
		has = len(t.Strings)
	default:
		has = len(t.Int32s)
		if w := types[t.Type].bits; w < 8 { // several in each
			if per := 8 / w; has == (n-1)/per+1 && n > 0 {
				has = n
			}
		}
	}
	if has%per != 0 || has/per != n {
		return fmt.Errorf("shape %v asks for %d elements of %v, there are %d", t.Dims, n, t.Type, has/per)
	}
	return nil
}

func (t *Tensor) problem(format string, args ...any) error {
	return FormatError{fmt.Sprintf("tensor %q", t.Name), fmt.Sprintf(format, args...)}
}

// Float64s returns the elements of a tensor of Float, Double, Float16 or BFloat16. All convert exactly.
func (t *Tensor) Float64s() ([]float64, error) {
	if !t.Type.IsFloat() {
		return nil, t.problem("has elements of %v, which are no floats of 16 bits or more", t.Type)
	}
	if err := t.check(); err != nil {
		return nil, t.problem("%v", err)
	}
	y := make([]float64, t.Len())
	for i := range y {
		switch {
		case t.Type == Float && t.Raw != nil:
			y[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(t.Raw[4*i:])))
		case t.Type == Float:
			y[i] = float64(t.Floats[i])
		case t.Type == Double && t.Raw != nil:
			y[i] = math.Float64frombits(binary.LittleEndian.Uint64(t.Raw[8*i:]))
		case t.Type == Double:
			y[i] = t.Doubles[i]
		default:
			h := uint16(0)
			if t.Raw != nil {
				h = binary.LittleEndian.Uint16(t.Raw[2*i:])
			} else {
				h = uint16(t.Int32s[i])
			}
			if t.Type == BFloat16 {
				y[i] = float64(math.Float32frombits(uint32(h) << 16))
			} else {
				y[i] = half(h)
			}
		}
	}
	return y, nil
}

// half converts IEEE 754 binary16: 1 bit of sign, 5 of exponent with bias 15, 10 of fraction.
func half(h uint16) float64 {
	exponent, fraction := int(h>>10&31), float64(h&1023)
	y := 0.
	switch exponent {
	case 0: // zero or a subnormal
		y = math.Ldexp(fraction, -24)
	case 31:
		y = math.Inf(1)
		if fraction > 0 {
			y = math.NaN()
		}
	default:
		y = math.Ldexp(1024+fraction, exponent-25)
	}
	if h>>15 == 1 {
		return -y
	}
	return y
}

// Integers returns the elements of a tensor of integers or of Bool, where true is 1. A Uint64 above the greatest int64 keeps its
// bits and becomes negative.
func (t *Tensor) Integers() ([]int64, error) {
	if !t.Type.IsInteger() {
		return nil, t.problem("has elements of %v, which are no integers of 8 bits or more", t.Type)
	}
	if err := t.check(); err != nil {
		return nil, t.problem("%v", err)
	}
	y := make([]int64, t.Len())
	for i := range y {
		y[i] = t.Type.Wrap(t.bits(i))
	}
	return y, nil
}

// bits returns element i of a tensor of integers, of which as many low bits count as its type has.
func (t *Tensor) bits(i int) int64 {
	switch {
	case t.Raw == nil && t.Type == Int64:
		return t.Int64s[i]
	case t.Raw == nil && (t.Type == Uint64 || t.Type == Uint32):
		return int64(t.Uint64s[i])
	case t.Raw == nil:
		return int64(t.Int32s[i])
	}
	switch types[t.Type].bits {
	case 8:
		return int64(t.Raw[i])
	case 16:
		return int64(binary.LittleEndian.Uint16(t.Raw[2*i:]))
	case 32:
		return int64(binary.LittleEndian.Uint32(t.Raw[4*i:]))
	}
	return int64(binary.LittleEndian.Uint64(t.Raw[8*i:]))
}

// Wrap brings an integer into the range of a type, as arithmetic in that type would: the low bits stay. Of Bool it is 1 for
// everything but 0.
func (d DataType) Wrap(v int64) int64 {
	switch d {
	case Bool:
		if v != 0 {
			return 1
		}
		return 0
	case Int8:
		return int64(int8(v))
	case Int16:
		return int64(int16(v))
	case Int32:
		return int64(int32(v))
	case Uint8:
		return int64(uint8(v))
	case Uint16:
		return int64(uint16(v))
	case Uint32:
		return int64(uint32(v))
	}
	return v
}

// Range returns the least and the greatest integer of a type; that of Uint64 ends where int64 does.
func (d DataType) Range() (low, high int64) {
	switch d {
	case Bool:
		return 0, 1
	case Uint64:
		return 0, math.MaxInt64
	case Uint8, Uint16, Uint32:
		return 0, 1<<types[d].bits - 1
	case Int8, Int16, Int32:
		return -1 << (types[d].bits - 1), 1<<(types[d].bits-1) - 1
	}
	return math.MinInt64, math.MaxInt64
}

// Round returns the nearest number that a type of floats has, halves to the even one; Double keeps everything.
func (d DataType) Round(v float64) float64 {
	switch d {
	case Float:
		return float64(float32(v))
	case BFloat16:
		return roundTo(v, 8, -126, 0x1.fep127)
	case Float16:
		return roundTo(v, 11, -14, 65504)
	}
	return v
}

// roundTo rounds to a significand of so many bits, subnormal below 2^least, infinite beyond what rounds to the greatest number.
func roundTo(v float64, digits, least int, greatest float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	_, e := math.Frexp(v) // v = f·2^e with ½ ≤ |f| < 1
	unit := max(e, least+1) - digits
	y := math.Ldexp(math.RoundToEven(math.Ldexp(v, -unit)), unit)
	if math.Abs(y) > greatest {
		return math.Copysign(math.Inf(1), v)
	}
	return y
}
