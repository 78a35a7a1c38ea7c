package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var binaries = []struct {
	name  string
	op    *Binary
	naive func(a, b float64) float64
}{
	{"Add", &Add, func(a, b float64) float64 { return a + b }},
	{"Sub", &Sub, func(a, b float64) float64 { return a - b }},
	{"Mul", &Mul, func(a, b float64) float64 { return a * b }},
	{"Div", &Div, func(a, b float64) float64 { return a / b }},
	{"Max", &Max, func(a, b float64) float64 { return max(a, b) }},
	{"Min", &Min, func(a, b float64) float64 { return min(a, b) }},
	{"Pow", &Pow, math.Pow},
	{"Greater", &Greater, func(a, b float64) float64 { return oneIf(a > b) }},
	{"GreaterEqual", &GreaterEqual, func(a, b float64) float64 { return oneIf(a >= b) }},
	{"Equal", &Equal, func(a, b float64) float64 { return oneIf(a == b) }},
	{"Gate", &Gate, func(a, b float64) float64 {
		if b > 0 {
			return a
		}
		return 0
	}},
}

func TestBinary(t *testing.T) {
	for _, o := range binaries {
		for _, n := range sizes {
			a, b := special(n, 1), special(n, 2)
			vv, vs, sv := make([]Float, n), make([]Float, n), make([]Float, n)
			for _, s := range []Float{-1.5, 0, 1, 3, nan, inf} {
				for i := range n {
					vs[i] = Float(o.naive(float64(a[i]), float64(s)))
					sv[i] = Float(o.naive(float64(s), float64(b[i])))
				}
				got := make([]Float, n)
				o.op.VS(got, a, s)
				compare(t, o.name+".VS", got, vs, 4*epsilon)
				o.op.SV(got, s, b)
				compare(t, o.name+".SV", got, sv, 4*epsilon)
			}
			for i := range n {
				vv[i] = Float(o.naive(float64(a[i]), float64(b[i])))
			}
			got := make([]Float, n)
			o.op.Apply(got, a, b)
			compare(t, o.name, got, vv, 4*epsilon)
			got = slices.Clone(a)
			o.op.Apply(got, got, b)
			compare(t, o.name+" onto its left operand", got, vv, 4*epsilon)
			got = slices.Clone(b)
			o.op.Apply(got, a, got)
			compare(t, o.name+" onto its right operand", got, vv, 4*epsilon)
		}
	}
}

func TestBroadcast(t *testing.T) {
	for _, c := range []struct{ dims, as, bs []int }{
		{nil, nil, nil},
		{[]int{1}, []int{0}, []int{1}},
		{[]int{0, 3}, []int{3, 1}, []int{0, 1}},
		{[]int{7}, []int{1}, []int{0}},
		{[]int{7}, []int{0}, []int{1}},
		{[]int{7}, []int{0}, []int{0}},
		{[]int{5, 3}, []int{3, 1}, []int{0, 1}},
		{[]int{5, 3}, []int{0, 1}, []int{3, 1}},
		{[]int{5, 3}, []int{1, 0}, []int{3, 1}},
		{[]int{5, 3}, []int{3, 1}, []int{1, 0}},
		{[]int{5, 3}, []int{1, 0}, []int{0, 1}},
		{[]int{5, 3}, []int{1, 5}, []int{3, 1}},
		{[]int{5, 1, 3}, []int{3, 0, 1}, []int{0, 7, 1}},
		{[]int{100, 1, 217}, []int{217, 1, 1}, []int{0, 0, 1}},
		{[]int{2, 3, 4, 5}, []int{60, 20, 5, 1}, []int{12, 0, 1, 0}},
		{[]int{2, 3, 4, 5}, []int{60, 20, 5, 1}, []int{0, 5, 0, 1}},
		{[]int{2, 3, 4, 5}, []int{0, 20, 5, 1}, []int{15, 5, 0, 1}},
		{[]int{20000, 3}, []int{3, 1}, []int{0, 1}},
		{[]int{3, 20000}, []int{20000, 1}, []int{1, 0}},
		{[]int{2, 1, 2, 3, 2, 2, 2, 2, 2}, []int{192, 192, 96, 32, 16, 8, 4, 2, 1}, []int{1, 0, 0, 4, 0, 2, 0, 12, 0}},
	} {
		a, b := special(extent(c.dims, c.as), 1), special(extent(c.dims, c.bs), 2)
		n := 1
		for _, d := range c.dims {
			n *= d
		}
		for _, o := range binaries {
			want, got := make([]Float, n), make([]Float, n)
			for i := range n {
				p, q, k := 0, 0, i
				for axis := len(c.dims) - 1; axis >= 0; axis-- {
					p += k % c.dims[axis] * c.as[axis]
					q += k % c.dims[axis] * c.bs[axis]
					k /= c.dims[axis]
				}
				want[i] = Float(o.naive(float64(a[p]), float64(b[q])))
			}
			o.op.Broadcast(got, a, b, c.dims, c.as, c.bs)
			compare(t, fmt.Sprint(o.name, c), got, want, 4*epsilon)
		}
	}
}

// A loop must not write more than dst, though dst has room and the operand is longer.
func TestLongerOperands(t *testing.T) {
	x := special(64, 1)
	for _, n := range []int{0, 5} {
		for _, o := range binaries {
			for _, s := range []Float{0, 1, 2, -1, .5, 3} {
				to := normals(64, 2)
				o.op.VV(to[:n], x, x)
				o.op.VS(to[:n], x, s)
				o.op.SV(to[:n], s, x)
				compare(t, o.name+" behind its result", to[n:], normals(64, 2)[n:], 0)
			}
		}
		for _, u := range unaries {
			to := normals(64, 2)
			u.f(to[:n], x, u.k, u.c)
			compare(t, u.name+" behind its result", to[n:], normals(64, 2)[n:], 0)
		}
	}
}

// extent is how much memory is read with non-negative strides.
func extent(dims, strides []int) int {
	n := 1
	for axis, d := range dims {
		n += (d - 1) * strides[axis]
	}
	return max(n, 0)
}

var unaries = []struct {
	name  string
	f     Unary
	k, c  Float
	naive func(x float64) float64
}{
	{"Affine", Affine, 2.5, -1, func(x float64) float64 { return 2.5*x - 1 }},
	{"Exp", Exp, 0, 0, math.Exp},
	{"Expm1", Expm1, 0, 0, math.Expm1},
	{"Log", Log, 0, 0, math.Log},
	{"Log1p", Log1p, 0, 0, math.Log1p},
	{"Sqrt", Sqrt, 0, 0, math.Sqrt},
	{"Rsqrt", Rsqrt, 0, 0, func(x float64) float64 { return 1 / math.Sqrt(x) }},
	{"Reciprocal", Reciprocal, 0, 0, func(x float64) float64 { return 1 / x }},
	{"Square", Square, 0, 0, func(x float64) float64 { return x * x }},
	{"Abs", Abs, 0, 0, math.Abs},
	{"Sign", Sign, 0, 0, func(x float64) float64 { return oneIf(x > 0) - oneIf(x < 0) }},
	{"Sin", Sin, 0, 0, math.Sin},
	{"Cos", Cos, 0, 0, math.Cos},
	{"Tanh", Tanh, 0, 0, math.Tanh},
	{"Sigmoid", Sigmoid, 0, 0, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
	{"Erf", Erf, 0, 0, math.Erf},
	{"Softplus", Softplus, 0, 0, func(x float64) float64 {
		if x > 700 {
			return x
		}
		return math.Log1p(math.Exp(x))
	}},
	{"ReLU", ReLU, 0, 0, func(x float64) float64 { return max(x, 0) }},
	{"LeakyReLU", LeakyReLU, .125, 0, func(x float64) float64 {
		if x < 0 {
			return .125 * x
		}
		return x
	}},
	{"LeakyGate", LeakyGate, .125, 0, func(x float64) float64 {
		if x > 0 {
			return 1
		}
		return .125
	}},
	{"Clamp", Clamp, -1, .5, func(x float64) float64 { return min(max(x, -1), .5) }},
	{"Inside", Inside, -1, .5, func(x float64) float64 { return oneIf(x >= -1 && x <= .5) }},
	{"PowScalar 0", PowScalar, 0, 0, func(x float64) float64 { return 1 }},
	{"PowScalar 1", PowScalar, 1, 0, func(x float64) float64 { return x }},
	{"PowScalar 2", PowScalar, 2, 0, func(x float64) float64 { return x * x }},
	{"PowScalar 3", PowScalar, 3, 0, func(x float64) float64 { return x * x * x }},
	{"PowScalar -1", PowScalar, -1, 0, func(x float64) float64 { return 1 / x }},
	{"PowScalar -2", PowScalar, -2, 0, func(x float64) float64 { return 1 / (x * x) }},
	{"PowScalar 1/2", PowScalar, .5, 0, math.Sqrt},
	{"PowScalar -1/2", PowScalar, -.5, 0, func(x float64) float64 { return 1 / math.Sqrt(x) }},
	{"PowScalar 1.75", PowScalar, 1.75, 0, func(x float64) float64 { return math.Pow(x, 1.75) }},
	{"PowScalar -0.3", PowScalar, -.3, 0, func(x float64) float64 { return math.Pow(x, float64(Float(-.3))) }},
	{"PowScalar 40.5", PowScalar, 40.5, 0, func(x float64) float64 { return math.Pow(x, 40.5) }},
	{"Floor", Floor, 0, 0, math.Floor},
	{"Round", Round, 0, 0, math.RoundToEven},
}

func TestUnary(t *testing.T) {
	for _, u := range unaries {
		for _, n := range sizes {
			x := special(n, 3)
			Affine(x[:n/2], x[:n/2], 20, 0) // some far from 0
			want, got := make([]Float, n), make([]Float, n)
			for i := range x {
				want[i] = Float(u.naive(float64(x[i])))
			}
			u.f.Apply(got, x, u.k, u.c)
			compare(t, u.name, got, want, 4*epsilon)
			u.f.Apply(x, x, u.k, u.c)
			compare(t, u.name+" onto its operand", x, want, 4*epsilon)
		}
	}
}

// What loses all digits when computed by the first formula that comes to mind must keep them.
func TestUnarySmall(t *testing.T) {
	for _, c := range []struct {
		name    string
		f       Unary
		x, want float64
	}{
		{"Expm1", Expm1, 1e-30, 1e-30},
		{"Log1p", Log1p, 1e-30, 1e-30},
		{"Tanh", Tanh, 1e-30, 1e-30},
		{"Tanh", Tanh, 1.1e-6, math.Tanh(float64(Float(1.1e-6)))},
		{"Softplus", Softplus, -50, math.Exp(-50)},
		{"Softplus", Softplus, 1e4, 1e4},
		{"Sigmoid", Sigmoid, -80, math.Exp(-80)},
		{"Sigmoid", Sigmoid, -1e4, 0},
		{"Sigmoid", Sigmoid, 1e4, 1},
	} {
		y := []Float{Float(c.x)}
		c.f(y, y, 0, 0)
		if got := float64(y[0]); math.Abs(got-c.want) > 4*epsilon*c.want {
			t.Errorf("%s(%v) = %v, want %v", c.name, c.x, got, c.want)
		}
	}
}

func TestFillAddScaledFinite(t *testing.T) {
	for _, n := range sizes {
		x := special(n, 4)
		for _, v := range []Float{0, 1.5, Float(math.Copysign(0, -1))} {
			got := make([]Float, n)
			Fill(got, 7)
			Fill(got, v)
			for i := range got {
				if bits(got[i]) != bits(v) {
					t.Fatalf("Fill(%v): [%d] = %v", v, i, got[i])
				}
			}
		}
		y := normals(n, 5)
		want := slices.Clone(y)
		for i := range want {
			want[i] += Float(-2) * x[i]
		}
		AddScaled(y, x, -2)
		compare(t, "AddScaled", y, want, 4*epsilon)

		z := normals(n, 6)
		if !Finite(z) {
			t.Errorf("Finite of %d finite numbers = false", n)
		}
		for _, at := range []int{0, n / 2, n - 1} {
			for _, bad := range []Float{nan, inf, -inf} {
				if at < 0 || at >= n {
					continue
				}
				old := z[at]
				z[at] = bad
				if Finite(z) {
					t.Errorf("Finite of %d numbers with %v at %d = true", n, bad, at)
				}
				z[at] = old
			}
		}
	}
}
