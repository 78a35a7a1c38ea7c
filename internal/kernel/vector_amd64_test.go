//go:build amd64 && !noasm && !float64

package kernel

import (
	"slices"
	"testing"
)

// Loops of arithmetic give the bits of their twins; of NaN, any will do. Nothing around the result is written.
func TestVectorsAgreeWithGeneric(t *testing.T) {
	if level == levelGeneric {
		t.Skip("this processor cannot run them")
	}
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
			check(o.name, n, func(dst []Float) { o.op.VV(dst, a, b) })
			for _, s := range []Float{-1.5, 0, 3, nan, inf} {
				check(o.name+".VS", n, func(dst []Float) { o.op.VS(dst, a, s) })
				check(o.name+".SV", n, func(dst []Float) { o.op.SV(dst, s, b) })
			}
		}
		check("AddScaled", n, func(dst []Float) { AddScaled(dst, a, .3) })
		for _, u := range unaries {
			if !slices.Contains([]string{"Exp", "Log", "Tanh", "Sigmoid", "Erf", "Softplus"}, u.name) {
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
