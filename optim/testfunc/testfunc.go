// Package testfunc has functions on which methods of minimization are tried, each with its gradient, its Hessian-vector product,
// the point from which it is customarily begun, and its minima. They are taken from Moré, Garbow and Hillstrom 1981, Testing
// Unconstrained Optimization Software, https://doi.org/10.1145/355934.355936, unless they say otherwise.
//
//	r := minimize.Minimize(testfunc.Beale{}, testfunc.Beale{}.Start(), &minimize.BFGS{}, minimize.Settings{})
package testfunc

import "fmt"

// A Function is a smooth function of n variables. Points, gradients and directions are slices of n numbers.
type Function interface {
	// Value returns f(x).
	Value(x []float64) float64
	// Gradient writes ∇f(x) to g and returns f(x).
	Gradient(g, x []float64) float64
	// Product writes ∇²f(x)·v to hv.
	Product(hv, x, v []float64)
	// Start returns the customary point to begin at.
	Start() []float64
	// Minima returns the local minima that are known in closed form or to 15 digits, the global ones first.
	Minima() []Minimum
}

// A Minimum is a point at which a function is least, and the value there.
type Minimum struct {
	X []float64
	F float64
}

// repeat returns n numbers, those of pattern over and over.
func repeat(n int, pattern ...float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = pattern[i%len(pattern)]
	}
	return x
}

// fail panics in the one form in which the package reports mistakes of the program.
func fail(op, format string, args ...any) {
	panic("testfunc: " + op + ": " + fmt.Sprintf(format, args...))
}
