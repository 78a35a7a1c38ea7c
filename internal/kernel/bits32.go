//go:build !float64

package kernel

import "math"

// A word holds the bits of a Float.
type word = uint32

const (
	mantissa = 24 // bits of precision of a Float
	wordBits = 32
	signBit  = 1 << 31   // of a word
	oneBits  = 127 << 23 // the word of 1
)

func bits(x Float) word     { return math.Float32bits(x) }
func fromBits(w word) Float { return math.Float32frombits(w) }
