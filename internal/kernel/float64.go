//go:build float64

package kernel

// Float is the one number type of the library: float32, or float64 in a build with the tag float64, in which derivatives are
// proved.
type Float = float64

// FloatBytes is the size of a Float in memory.
const FloatBytes = 8
