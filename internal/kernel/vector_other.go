//go:build !amd64 || noasm || float64

package kernel

import "slices"

// The assembly loops, which this build does not have.
var (
	vectorAffine, vectorSquare, vectorAbs, vectorSqrt, vectorRsqrt, vectorReLU, vectorLeakyReLU, vectorLeakyGate,
	vectorClamp, vectorInside, vectorExp, vectorLog, vectorTanh, vectorSigmoid, vectorErf, vectorSoftplus, vectorScaledExp,
	vectorShift, vectorExpm1, vectorLog1p, vectorSin, vectorCos, vectorFill, vectorPower, vectorGELU, vectorGELUTanh, vectorSiLU, vectorMish, vectorELU, vectorHardSwish absent

	vectorAdd, vectorSub, vectorMul, vectorDiv, vectorMax, vectorMin, vectorGreater, vectorGreaterEqual, vectorEqual,
	vectorGate, vectorAddScaled, vectorBlend, vectorSoftmaxGrad, vectorLogSoftmaxGrad absent

	vectorGELUGrad, vectorGELUTanhGrad, vectorSiLUGrad, vectorMishGrad, vectorELUGrad, vectorHardSwishGrad, vectorTanhGrad,
	vectorSigmoidGrad, vectorSoftplusGrad, vectorErfGrad, vectorScaledProduct, vectorAbsGrad, vectorLeakyReLUGrad,
	vectorClampGrad absent
)

type absent struct{}

type vectorUnary = absent

type vectorBinary = absent

// unary makes a function of its loop in assembly and its generic twin.
func unary(_ absent, generic Unary) Unary { return generic }

// periodic is unary for a function of an angle, which is computed in assembly where angles are not too large.
func periodic(_ absent, generic Unary) Unary { return generic }

// binary is unary for two operands.
func binary(_ absent, generic Binary) Binary { return generic }

// mixed is unary for two operands and two numbers.
func mixed(_ absent, generic Mixture) Mixture { return generic }

// sum adds x up in float64.
func sum(x []Float) float64 { return sumGeneric(x) }

// dot64 returns the inner product of x and y, in float64.
func dot64(x, y []Float) float64 { return dot64Generic(x, y) }

// innerProduct is dot64 in which products, and sums of a few of them, may be rounded to Float.
func innerProduct(x, y []Float) float64 { return dot64Generic(x, y) }

// finite reports whether no element of x is NaN or infinite.
func finite(x []Float) bool { return finiteGeneric(x) }

// addColumns adds as many rows of x, which begin stride apart, to s.
func addColumns(s []float64, x []Float, stride, rows int) { addColumnsGeneric(s, x, stride, rows) }

// transpose copies n squares of tile×tile numbers, which in src lie one below the other and in dst side by side. Rows are ss and ds
// apart.
func transpose(dst []Float, ds int, src []Float, ss, n int) { transposeGeneric(dst, ds, src, ss, n) }

// greatestOf returns the greatest of x, of which there is at least one. If there is a NaN, any of x will do.
func greatestOf(x []Float) Float { return slices.Max(x) }

// expSum returns Σ e^(x−k).
func expSum(x []Float, k Float) float64 { return expSumGeneric(x, k) }

// expStore writes e^(x−k) to dst and returns the sum. dst may be x.
func expStore(dst, x []Float, k Float) float64 { return expStoreGeneric(dst, x, k) }

// addProduct adds a·b to sum.
func addProduct(sum, a, b []Float) { addProductGeneric(sum, a, b) }

// descend and roll do the steps of an SGDStep without momentum and with it.
func (t *SGDStep) descend(w, g []Float) { t.descendGeneric(w, g) }

func (t *SGDStep) roll(w, g, v []Float) { t.rollGeneric(w, g, v) }

// adapt does the step of an AdamStep.
func (t *AdamStep) adapt(w, g, m, v []Float) { t.adaptGeneric(w, g, m, v) }
