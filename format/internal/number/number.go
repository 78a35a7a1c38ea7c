// Package number converts the elements of arrays in files to Go's numbers. Types have the names of the safetensors format: F32, BF16,
// I64, U8, BOOL and so on, and C128, which that format lacks.
package number

import (
	"encoding/binary"
	"math"
)

// widths holds the bytes of one element.
var widths = map[string]int{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1, "F8_E8M0": 1,
	"I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8, "C64": 8, "C128": 16,
}

// Width returns the bytes of one element of a type, or 0 if there is no such type.
func Width(dtype string) int { return widths[dtype] }

// Float32 returns the conversion of one element of type F64, F32, F16 or BF16 to the nearest float32, or nil for other types.
func Float32(dtype string, order binary.ByteOrder) func([]byte) float32 {
	switch dtype {
	case "F64":
		return func(b []byte) float32 { return float32(math.Float64frombits(order.Uint64(b))) }
	case "F32":
		return func(b []byte) float32 { return math.Float32frombits(order.Uint32(b)) }
	case "F16":
		return func(b []byte) float32 { return Half(order.Uint16(b)) }
	case "BF16":
		return func(b []byte) float32 { return math.Float32frombits(uint32(order.Uint16(b)) << 16) }
	}
	return nil
}

// Float64 is Float32 in double precision, to which all four types convert exactly.
func Float64(dtype string, order binary.ByteOrder) func([]byte) float64 {
	if dtype == "F64" {
		return func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }
	}
	if single := Float32(dtype, order); single != nil {
		return func(b []byte) float64 { return float64(single(b)) }
	}
	return nil
}

// Int64 returns the conversion of one element of type I64, I32, I16, I8, U32, U16, U8 or BOOL, or nil for other types.
func Int64(dtype string, order binary.ByteOrder) func([]byte) int64 {
	switch dtype {
	case "I64":
		return func(b []byte) int64 { return int64(order.Uint64(b)) }
	case "I32":
		return func(b []byte) int64 { return int64(int32(order.Uint32(b))) }
	case "I16":
		return func(b []byte) int64 { return int64(int16(order.Uint16(b))) }
	case "I8":
		return func(b []byte) int64 { return int64(int8(b[0])) }
	case "U32":
		return func(b []byte) int64 { return int64(order.Uint32(b)) }
	case "U16":
		return func(b []byte) int64 { return int64(order.Uint16(b)) }
	case "U8", "BOOL":
		return func(b []byte) int64 { return int64(b[0]) }
	}
	return nil
}

// Half converts the bits of an IEEE 754 binary16: 1 of sign, 5 of exponent with bias 15, 10 of fraction.
func Half(bits uint16) float32 {
	h := uint32(bits)
	sign, exponent, fraction := h>>15<<31, h>>10&31, h&1023
	switch exponent {
	case 0: // Zero, or a subnormal: fraction · 2⁻²⁴, which float32 holds exactly.
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)*0x1p-24))
	case 31: // Infinity, or not a number with its payload.
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// Swap reverses the bytes of every element of a type in data; each half of a complex number is reversed for itself.
func Swap(dtype string, data []byte) {
	width := Width(dtype)
	if dtype == "C64" || dtype == "C128" {
		width /= 2
	}
	for ; width > 1 && len(data) >= width; data = data[width:] {
		for i := range width / 2 {
			data[i], data[width-1-i] = data[width-1-i], data[i]
		}
	}
}

// Elements returns the product of the sizes of the axes and whether it, times width bytes, is at most limit; sizes below 0 are not.
// It multiplies only what fits, so no order of axes overflows.
func Elements(shape []int, width int, limit int64) (n int64, ok bool) {
	n = 1
	for _, d := range shape {
		if d < 0 {
			return 0, false
		}
		if d == 0 {
			n = 0
		}
	}
	for _, d := range shape {
		if n > 0 && int64(d) > limit/int64(width)/n {
			return 0, false
		}
		n *= int64(d)
	}
	return n, n*int64(width) <= limit
}
