package kernel

import (
	"math"
	"testing"
)

// activations are the functions of activation.go with their derivatives, which are of the result where fromY is set.
var activations = []struct {
	name   string
	f      Unary
	grad   Mixture
	k, c   Float
	fromY  bool
	naive  func(x float64) float64
	slope  func(x float64) float64
	within float64 // absolute, in units of 2⁻²⁴, beside 4 of the last place
}{
	{"GELU", GELU, GELUGrad, 0, 0, false,
		func(x float64) float64 { return x * phi(x) },
		func(x float64) float64 { return phi(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi) }, 4},
	{"GELUTanh", GELUTanh, GELUTanhGrad, 0, 0, false,
		func(x float64) float64 { return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+.044715*x*x*x))) },
		func(x float64) float64 {
			z, dz := math.Sqrt(2/math.Pi)*(x+.044715*x*x*x), math.Sqrt(2/math.Pi)*(1+3*.044715*x*x)
			return .5*(1+math.Tanh(z)) + x/2*dz/math.Pow(math.Cosh(min(z, 300)), 2)
		}, 16},
	{"SiLU", SiLU, SiLUGrad, 0, 0, false,
		func(x float64) float64 { return x * sigmoid(x) },
		func(x float64) float64 { return sigmoid(x) * (1 + x*(1-sigmoid(x))) }, 2},
	{"Mish", Mish, MishGrad, 0, 0, false,
		func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(x))) },
		func(x float64) float64 {
			t := math.Tanh(math.Log1p(math.Exp(x)))
			return t + x*(1-t*t)*sigmoid(x)
		}, 4},
	{"ELU", ELU, ELUGrad, 1.5, .75, false,
		func(x float64) float64 { return .75*max(x, 0) + 1.5*math.Expm1(min(x, 0)) },
		func(x float64) float64 {
			if x > 0 {
				return .75
			}
			return 1.5 * math.Exp(x)
		}, 0},
	{"HardSwish", HardSwish, HardSwishGrad, 0, 0, false,
		func(x float64) float64 { return x * min(max(x/6+.5, 0), 1) },
		func(x float64) float64 {
			if x < -3 || x > 3 {
				return oneIf(x > 0)
			}
			return x/3 + .5
		}, 4},
	{"Tanh", Tanh, TanhGrad, 0, 0, true, math.Tanh, func(y float64) float64 { return 1 - y*y }, 2},
	{"Sigmoid", Sigmoid, SigmoidGrad, 0, 0, true, sigmoid, func(y float64) float64 { return y * (1 - y) }, 0},
	{"Softplus", Softplus, SoftplusGrad, 0, 0, false,
		func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }, sigmoid, 0},
	{"Erf", Erf, ErfGrad, 0, 0, false, math.Erf, func(x float64) float64 { return 2 / math.SqrtPi * math.Exp(-x*x) }, 4},
	{"Square", Square, ScaledProduct, 2, 0, false,
		func(x float64) float64 { return x * x }, func(x float64) float64 { return 2 * x }, 0},
	{"Abs", Abs, AbsGrad, 0, 0, false, math.Abs, func(x float64) float64 { return oneIf(x > 0) - oneIf(x < 0) }, 0},
	{"LeakyReLU", LeakyReLU, LeakyReLUGrad, .125, 0, false,
		func(x float64) float64 { return max(x, 0) + .125*min(x, 0) },
		func(x float64) float64 { return .125 + .875*oneIf(x > 0) }, 0},
	{"Clamp", Clamp, ClampGrad, -1, .5, false,
		func(x float64) float64 { return min(max(x, -1), .5) },
		func(x float64) float64 { return oneIf(x >= -1 && x <= .5) }, 0},
}

// Activations and derivatives are what their formulas say, for numbers of every size.
func TestActivations(t *testing.T) { eachLevel(t, testActivations) }

func testActivations(t *testing.T) {
	var x []Float
	for v := Float(1e-30); v < 100; v *= 1.0078125 {
		x = append(x, v, -v)
	}
	x = append(x, 0, 3, -3, 90, -90, 103.5, -103.5, 1e4, -1e4)
	for _, a := range activations {
		got, slopes := make([]Float, len(x)), make([]Float, len(x))
		a.f.Apply(got, x, a.k, a.c)
		gradients, at := normals(len(x), 2), x
		if a.fromY {
			at = got
		}
		a.grad.Apply(slopes, gradients, at, a.k, a.c)
		check := func(name string, i int, got Float, want, scale float64) {
			t.Helper()
			r := float64(Float(want))
			if d := math.Abs(float64(got) - want); float64(got) != r && !(d <= 8*math.Abs(r)*epsilon+a.within*scale*epsilon/2+1e-44) {
				t.Fatalf("%s(%v) = %v, want %v", name, x[i], got, want)
			}
		}
		for i, v := range x {
			check(a.name, i, got[i], a.naive(float64(v)), max(1e-3, math.Abs(float64(v))))
			g := float64(gradients[i])
			check(a.name+"Grad", i, slopes[i], g*a.slope(float64(at[i])), 4*math.Abs(g))
		}
	}
}

// A derivative is of the number at every place, whatever the length, and may be written onto an operand.
func TestActivationLengths(t *testing.T) { eachLevel(t, testActivationLengths) }

func testActivationLengths(t *testing.T) {
	for _, a := range activations {
		for _, n := range append([]int{31, 33, 47, 63}, sizes...) {
			x, g := normals(n, 1), normals(n, 2)
			want, value := make([]Float, n), make([]Float, n)
			for i := range x { // one at a time
				a.grad(want[i:i+1], g[i:], x[i:], a.k, a.c)
				a.f(value[i:i+1], x[i:], a.k, a.c)
			}
			got := make([]Float, n+3)
			a.f(got[:n], x, a.k, a.c)
			compare(t, a.name, got[:n], value, 0)
			a.grad(got[:n], g, x, a.k, a.c)
			compare(t, a.name+"Grad", got, append(want, 0, 0, 0)[:n+3], 0)
			onto := append([]Float(nil), g...)
			a.grad.Apply(onto, onto, x, a.k, a.c)
			compare(t, a.name+"Grad onto the gradient", onto, want[:n], 0)
			onto = append(onto[:0], x...)
			a.grad.Apply(onto, g, onto, a.k, a.c)
			compare(t, a.name+"Grad onto x", onto, want[:n], 0)
		}
	}
}

// NaN goes in and comes out, and what is infinite has no derivative that is not a number.
func TestActivationsOfSpecials(t *testing.T) { eachLevel(t, activationsOfSpecials) }

func activationsOfSpecials(t *testing.T) {
	x, one := []Float{nan, inf, -inf}, []Float{1, 1, 1}
	for _, a := range activations {
		if a.fromY {
			continue
		}
		y, d := make([]Float, 3), make([]Float, 3)
		a.f(y, x, a.k, a.c)
		a.grad(d, one, x, a.k, a.c)
		if y[0] == y[0] {
			t.Errorf("%s(NaN) = %v", a.name, y[0])
		}
		if d[1] != d[1] || d[2] != d[2] {
			t.Errorf("%sGrad(±∞) = %v", a.name, d[1:])
		}
	}
}
