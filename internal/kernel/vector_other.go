//go:build !amd64 || noasm || float64

package kernel

// The assembly loops, which this build does not have.
var (
	vectorAffine, vectorSquare, vectorAbs, vectorSqrt, vectorRsqrt, vectorReLU, vectorLeakyReLU, vectorLeakyGate,
	vectorClamp, vectorInside, vectorExp, vectorLog, vectorTanh, vectorSigmoid, vectorErf, vectorSoftplus absent

	vectorAdd, vectorSub, vectorMul, vectorDiv, vectorMax, vectorMin, vectorGreater, vectorGreaterEqual, vectorEqual,
	vectorGate, vectorAddScaled absent
)

type absent struct{}

// unary makes a function of its loop in assembly and its generic twin.
func unary(_ absent, generic Unary) Unary { return generic }

// binary is unary for two operands.
func binary(_ absent, generic Binary) Binary { return generic }

// mixed is unary for two operands and a number.
func mixed(_ absent, generic mixture) mixture { return generic }
