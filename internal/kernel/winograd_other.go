//go:build !amd64 || noasm || float64

package kernel

// The assembly loops, which this build does not have.
var vectorWinogradData, vectorWinogradFilter, vectorWinogradOutput, vectorWinogradOutputAdjoint, vectorWinogradFilterAdjoint absent

// along makes a transform of ins vectors to outs of its loop in assembly and its generic twin.
func along(_ absent, ins, outs int, generic transform) transform { return generic }
