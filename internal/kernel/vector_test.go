//go:build !float64

package kernel

import (
	"math"
	"testing"
)

// The functions are within 4 units in the last place of float64's over the whole range, denormal results among them.
func TestUnaryAccuracy(t *testing.T) { eachLevel(t, unaryAccuracy) }

func unaryAccuracy(t *testing.T) {
	const step = 1 << 11 // between the words that are tried
	x, y := make([]Float, 1<<12), make([]Float, 1<<12)
	for _, u := range unaries {
		switch u.name {
		case "Exp", "Log", "Tanh", "Sigmoid", "Erf", "Softplus", "Expm1", "Log1p", "Sin", "Cos", "PowScalar 1.75", "PowScalar -0.3", "PowScalar 40.5", "Sqrt", "Rsqrt", "Reciprocal":
		default:
			continue
		}
		var worst float64
		for from := uint64(0); from < 1<<32; from += step * uint64(len(x)) {
			for i := range x {
				x[i] = math.Float32frombits(uint32(from + uint64(i)*step + uint64(i)%step)) // not only round ones
			}
			u.f(y, x, u.k, u.c)
			for i, v := range x {
				want := u.naive(float64(v))
				got := float64(y[i])
				if r := Float(want); got == float64(r) || got != got && want != want {
					continue
				}
				if d := math.Abs(got-want) / ulp(want); !(d <= 4) {
					t.Fatalf("%s(%v) = %v, want %v: %v ulp", u.name, v, got, want, d)
				} else {
					worst = max(worst, d)
				}
			}
		}
		t.Logf("%s: %.2f ulp", u.name, worst)
	}
}

// ulp is the distance of float32 numbers about x.
func ulp(x float64) float64 {
	_, e := math.Frexp(x)
	return math.Ldexp(1, max(e-24, -149))
}
