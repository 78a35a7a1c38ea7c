//go:build amd64 && !noasm && !float64

package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// Loops of arithmetic give the bits of their twins; of NaN, any will do. Nothing around the result is written.
func TestVectorsAgreeWithGeneric(t *testing.T) { eachLevel(t, vectorsAgreeWithGeneric) }

func vectorsAgreeWithGeneric(t *testing.T) {
	check := func(name string, n int, call func(dst []Float)) {
		t.Helper()
		got, gotAll := guardedNumbers(n)
		want, wantAll := guardedNumbers(n)
		call(got)
		withLevel(levelGeneric, func() { call(want) })
		for i, w := range wantAll {
			if g := gotAll[i]; bits(g) != bits(w) && !(g != g && w != w) {
				t.Fatalf("%s of %d: [%d] = %v, want %v", name, n, i-8, g, w)
			}
		}
	}
	for n := range 100 {
		a, b := special(n, 1), special(n, 2)
		for _, o := range binaries {
			if o.name == "Pow" { // is no arithmetic
				continue
			}
			check(o.name, n, func(dst []Float) { o.op.VV(dst, a, b) })
			for _, s := range []Float{-1.5, 0, 3, nan, inf} {
				check(o.name+".VS", n, func(dst []Float) { o.op.VS(dst, a, s) })
				check(o.name+".SV", n, func(dst []Float) { o.op.SV(dst, s, b) })
			}
		}
		check("AddProduct", n, func(dst []Float) { AddProduct(dst, a, b) })
		check("AddScaled", n, func(dst []Float) { AddScaled(dst, a, .3) })
		for _, u := range unaries {
			if !slices.Contains([]string{"Exp", "Log", "Tanh", "Sigmoid", "Erf", "Softplus", "Expm1", "Log1p", "Sin", "Cos",
				"PowScalar 1.75", "PowScalar -0.3", "PowScalar 40.5"}, u.name) {
				check(u.name, n, func(dst []Float) { u.f(dst, a, u.k, u.c) })
			}
		}
	}
}

// guardedNumbers is guarded with the same numbers at every call.
func guardedNumbers(n int) (x, all []Float) {
	all = normals(n+16, 9)
	return all[8 : 8+n : 8+n], all
}

func TestReductionsAgreeWithGeneric(t *testing.T) { eachLevel(t, reductionsAgreeWithGeneric) }

func reductionsAgreeWithGeneric(t *testing.T) {
	close := func(name string, n int, got, want float64) {
		t.Helper()
		if !(math.Abs(got-want) <= 1e-6*max(1e-30, math.Abs(want))) {
			t.Fatalf("%s of %d numbers = %v, want %v", name, n, got, want)
		}
	}
	for n := 1; n < 100; n++ {
		x, y := normals(n, 1), normals(n, 2)
		Affine(x, x, .1, -3) // all below 0
		close("greatestOf", n, float64(greatestOf(x)), float64(slices.Max(x)))
		close("sum", n, sum(x), sumGeneric(x))
		close("dot64", n, dot64(x, x), dot64Generic(x, x))
		close("innerProduct", n, innerProduct(x, x), dot64Generic(x, x))
		close("expSum", n, expSum(y, .5), expSumGeneric(y, .5))
		got, gotAll := guardedNumbers(n)
		want, wantAll := guardedNumbers(n)
		close("expStore", n, expStore(got, y, .5), expStoreGeneric(want, y, .5))
		compare(t, "expStore", gotAll, wantAll, 4*epsilon)
		copy(got, y)
		expStore(got, got, .5)
		compare(t, "expStore onto its operand", gotAll, wantAll, 4*epsilon)
		for _, bad := range []Float{nan, inf, -inf} {
			old := x[n-1]
			x[n-1] = bad
			if finite(x) {
				t.Fatalf("finite of %d numbers, the last of them %v = true", n, bad)
			}
			x[n-1] = old
		}
		if !finite(x) {
			t.Fatalf("finite of %d finite numbers = false", n)
		}
		for rows := range 5 {
			x := normals(max(1, rows*(n+3)), 3)
			got, want := make([]float64, n), make([]float64, n)
			addColumns(got, x, n+3, rows)
			addColumnsGeneric(want, x, n+3, rows)
			if !slices.Equal(got, want) {
				t.Fatalf("addColumns(%d columns, %d rows) = %v, want %v", n, rows, got, want)
			}
		}
	}
}

// Optimizers give the bits of their twins.
func TestOptimizersAgreeWithGeneric(t *testing.T) { eachLevel(t, optimizersAgreeWithGeneric) }

func optimizersAgreeWithGeneric(t *testing.T) {
	for n := range 40 {
		g, v := normals(n, 1), normals(n, 2)
		Abs(v, v, 0, 0)
		step := func(update func(w, m, v []Float)) (state [3][]Float) {
			for i, x := range [][]Float{normals(n, 3), normals(n, 4), v} {
				state[i] = append(slices.Clone(x), 1, 2, 3)
			}
			update(state[0][:n], state[1][:n], state[2][:n])
			return state
		}
		for name, update := range map[string]func(w, m, v []Float){
			"SGD":      func(w, _, _ []Float) { StepSGD([]SGDStep{SGD(w, g, nil, .1, 0, 0, .01, false, false)}) },
			"momentum": func(w, m, _ []Float) { StepSGD([]SGDStep{SGD(w, g, m, .1, .9, .3, .01, false, false)}) },
			"nesterov": func(w, m, _ []Float) { StepSGD([]SGDStep{SGD(w, g, m, .1, .9, 0, 0, true, false)}) },
			"first":    func(w, m, _ []Float) { StepSGD([]SGDStep{SGD(w, g, m, .1, .9, .3, .01, false, true)}) },
			"Adam":     func(w, m, v []Float) { StepAdam([]AdamStep{Adam(w, g, m, v, .01, .9, .999, 1e-8, .1, .5, .7, false)}) },
			"AdamW":    func(w, m, v []Float) { StepAdam([]AdamStep{Adam(w, g, m, v, .01, .9, .999, 1e-8, .1, .5, .7, true)}) },
		} {
			got := step(update)
			var want [3][]Float
			withLevel(levelGeneric, func() { want = step(update) })
			for i := range want {
				if !slices.Equal(got[i], want[i]) {
					t.Fatalf("%s of %d: %v, want %v", name, n, got[i], want[i])
				}
			}
		}
	}
}

func TestTransposeAgreesWithGeneric(t *testing.T) {
	for n := 1; n < 4; n++ {
		src := normals(16*n*19, 1)
		got, gotAll := guardedNumbers(16*n + 15*53)
		want, wantAll := guardedNumbers(16*n + 15*53)
		transpose(got, 53, src, 19, n)
		transposeGeneric(want, 53, src, 19, n)
		compare(t, fmt.Sprintf("transpose of %d squares", n), gotAll, wantAll, 0)
	}
}

func TestMaxWindowsAgreeWithGeneric(t *testing.T) { eachLevel(t, maxWindowsAgreeWithGeneric) }

func maxWindowsAgreeWithGeneric(t *testing.T) {
	for channels := 1; channels < 40; channels++ {
		for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 2}} {
			for pixels := 1; pixels < 4; pixels++ {
				rows, columns, right := size[0], size[1], channels
				step, down := 2*channels, 9*channels
				x := special(5+9*3*channels, uint64(channels))
				got, gotAll := guardedNumbers(pixels * channels)
				want, wantAll := guardedNumbers(pixels * channels)
				gotIndex, wantIndex := make([]int32, len(got)+8), make([]int32, len(got)+8)
				maxWindows(got, gotIndex[:len(got)], x, 5, channels, pixels, step, rows, columns, down, right)
				maxWindowsGeneric(want, wantIndex[:len(got)], x, 5, channels, pixels, step, rows, columns, down, right)
				name := fmt.Sprintf("maxWindows(channels %d, pixels %d, %v)", channels, pixels, size)
				compare(t, name, gotAll, wantAll, 0)
				compareIndex(t, name, gotIndex, wantIndex)
				maxWindows(got, nil, x, 5, channels, pixels, step, rows, columns, down, right)
				compare(t, name+" without places", gotAll, wantAll, 0)
			}
		}
	}
}

// The steps of recurrent layers are those of their twins, and write nothing besides.
func TestRecurrentStepsAgreeWithGeneric(t *testing.T) { eachLevel(t, recurrentStepsAgreeWithGeneric) }

func recurrentStepsAgreeWithGeneric(t *testing.T) {
	for n := range 70 {
		in := func(k int, seed uint64) []Float { return normals(k*n, seed) }
		var got, gotAll, want, wantAll [4][]Float
		check := func(name string, sizes [4]int, step, twin func(x [4][]Float)) {
			t.Helper()
			for i, k := range sizes {
				got[i], gotAll[i] = guardedNumbers(k * n)
				want[i], wantAll[i] = guardedNumbers(k * n)
			}
			step(got)
			withLevel(levelGeneric, func() { twin(want) })
			for i := range want {
				compare(t, fmt.Sprintf("%s of %d units, result %d", name, n, i), gotAll[i], wantAll[i], 16*epsilon)
			}
		}
		c, h, dy := in(1, 1), in(1, 2), in(1, 3)
		g := in(4, 4)
		Sigmoid(g, g, 0, 0) // about what gates are
		check("lstmStep", [4]int{4, 1, 1, 1}, func(x [4][]Float) { lstmStep(x[0], c, x[1], x[2], x[3]) },
			func(x [4][]Float) { lstmStepGeneric(x[0], c, x[1], x[2], x[3]) })
		check("lstmStep onto its cells", [4]int{4, 1, 1, 1}, func(x [4][]Float) { lstmStep(x[0], x[1], x[1], x[2], x[3]) },
			func(x [4][]Float) { lstmStepGeneric(x[0], x[1], x[1], x[2], x[3]) })
		check("lstmStepGrad", [4]int{4, 1}, func(x [4][]Float) { lstmStepGrad(x[0], g, c, h, dy, c, x[1]) },
			func(x [4][]Float) { lstmStepGradGeneric(x[0], g, c, h, dy, c, x[1]) })
		check("gruStep", [4]int{4, 1, 1}, func(x [4][]Float) { gruStep(x[0], c, x[1], x[2]) },
			func(x [4][]Float) { gruStepGeneric(x[0], c, x[1], x[2]) })
		check("gruStepGrad", [4]int{4, 1}, func(x [4][]Float) { gruStepGrad(x[0], g, h, dy, x[1]) },
			func(x [4][]Float) { gruStepGradGeneric(x[0], g, h, dy, x[1]) })
	}
}
