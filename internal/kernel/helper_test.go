package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sizes are lengths below, at and above those at which loops unroll and work is cut.
var sizes = []int{0, 1, 7, 8, 64, 65, 1000, grain, 3*grain + 5}

var nan, inf = Float(math.NaN()), Float(math.Inf(1))

func normals(n int, seed uint64) []Float {
	x := make([]Float, n)
	Normal(x, seed)
	return x
}

// special is normals with what is awkward among them.
func special(n int, seed uint64) []Float {
	x := normals(n, seed)
	awkward := []Float{0, Float(math.Copysign(0, -1)), nan, inf, -inf, 1, -1, .5, 2.5}
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range x {
		if k := r.IntN(4 * len(awkward)); k < len(awkward) {
			x[i] = awkward[k]
		}
	}
	return x
}

func indices(n, below int, seed uint64) []int32 {
	r := rand.New(rand.NewPCG(seed, 2))
	index := make([]int32, n)
	for i := range index {
		index[i] = int32(r.IntN(below))
	}
	return index
}

// alike reports whether two numbers agree within a tolerance that is relative to 1 or to the greater; NaN is like NaN.
func alike(got, want Float, tolerance float64) bool {
	g, w := float64(got), float64(want)
	if g != g || w != w {
		return g != g && w != w
	}
	return g == w || math.Abs(g-w) <= tolerance*max(1, math.Abs(w))
}

func compare(t *testing.T, name string, got, want []Float, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", name, len(got), len(want))
	}
	for i := range got {
		if !alike(got[i], want[i], tolerance) {
			t.Fatalf("%s: [%d] = %v, want %v", name, i, got[i], want[i])
		}
	}
}

func compareIndex(t *testing.T, name string, got, want []int32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d positions, want %d", name, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: [%d] = %d, want %d", name, i, got[i], want[i])
		}
	}
}

// inner is the inner product of x and y in float64.
func inner(x, y []Float) (s float64) {
	for i := range x {
		s += float64(x[i]) * float64(y[i])
	}
	return s
}

// adjoint checks that <f(x), y> = <x, g(y)>.
func adjoint(t *testing.T, name string, x, fx, y, gy []Float) {
	t.Helper()
	a, b := inner(fx, y), inner(x, gy)
	if math.Abs(a-b) > 50*epsilon*math.Sqrt(float64(len(x)+len(y)+1))*max(1, math.Abs(a)) {
		t.Errorf("%s: <f(x), y> = %v, <x, f*(y)> = %v", name, a, b)
	}
}
