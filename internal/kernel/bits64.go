//go:build float64

package kernel

import "math"

// A word holds the bits of a Float.
type word = uint64

const (
	mantissa = 53 // bits of precision of a Float
	wordBits = 64
	signBit  = 1 << 63    // of a word
	oneBits  = 1023 << 52 // the word of 1
)

func bits(x Float) word     { return math.Float64bits(x) }
func fromBits(w word) Float { return math.Float64frombits(w) }
