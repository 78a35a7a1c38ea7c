// Package minimize finds minima of smooth functions of many numbers, in double precision and along lines: each step goes in a direction
// of a Method, as far as a LineSearch says (Nocedal and Wright, "Numerical Optimization", second edition, 2006, chapters 3 to 7; NW in
// what follows). For the training of networks by batches see package optim.
//
//	result := minimize.Minimize(minimize.Rosenbrock(2), []float64{-1.2, 1}, &minimize.BFGS{}, minimize.Options{})
package minimize

import (
	"fmt"
	"math"
)

// A Problem is a function to be made small.
type Problem struct {
	Name     string
	Value    func(x []float64) float64
	Gradient func(g, x []float64)     // writes the gradient at x to g
	Product  func(hv, x, v []float64) // writes the Hessian at x times v to hv; only NewtonCG needs it
	Start    []float64                // where one begins as a rule
	Minimum  float64                  // the least value, where it is known; else NaN
}

// A Method says where a step goes.
type Method interface {
	// Direction writes to d the direction of the step from s, and returns the length to try first.
	Direction(s *State, d []float64) float64
}

// A State is how far a minimization has come.
type State struct {
	X, G  []float64 // the point and the gradient there
	F     float64
	Steps int

	LastX, LastG, LastD []float64 // of the step before; only behind the first
	LastF               float64

	problem *counted
}

// Options are the limits of a minimization. Zeros stand for what is said.
type Options struct {
	Tolerance float64    // greatest element of the gradient at a minimum, 1e-5
	Steps     int        // the most steps, 200 for each variable
	Search    LineSearch // how far a step goes: StrongWolfe with the curvature constant that suits the method
	Trace     func(Step) // is told of every step
}

// A Step is one along a line: φ(α) = f(x + α·d), from φ(0) = F0 with the slope Slope0 to φ(Alpha) = F1 with Slope1.
type Step struct {
	X                      []float64 // where it ended
	Alpha                  float64
	F0, Slope0, F1, Slope1 float64
}

// A Result is where a minimization ended.
type Result struct {
	X         []float64
	F         float64
	Gradient  float64 // its greatest element
	Steps     int
	Values    int // evaluations of the function, of the gradient, and products with the Hessian
	Gradients int
	Products  int
	Status    Status
}

// A Status says why a minimization ended.
type Status int

const (
	Converged  Status = iota // the gradient is small enough
	StepsDone                // all steps are done
	NoProgress               // no point along the line is better
	NotFinite                // the function or its gradient is not finite where it began
	Unbounded                // the function falls without end along a line
)

func (s Status) String() string {
	return [...]string{"converged", "all steps are done", "no progress along the line", "not finite at the start", "unbounded below"}[s]
}

// Minimize goes down from start, which stays as it is.
func Minimize(p Problem, start []float64, m Method, o Options) Result {
	n := len(start)
	if o.Tolerance == 0 {
		o.Tolerance = 1e-5
	}
	if o.Steps == 0 {
		o.Steps = 200 * n
	}
	if o.Search == nil {
		o.Search = StrongWolfe{Curvature: curvatureFor(m)}
	}
	c := &counted{Problem: p}
	s := &State{X: append([]float64{}, start...), G: make([]float64, n), LastX: make([]float64, n), LastG: make([]float64, n),
		LastD: make([]float64, n), problem: c}
	s.F = c.value(s.X)
	c.gradient(s.G, s.X)
	result := func(status Status) Result {
		return Result{s.X, s.F, greatest(s.G), s.Steps, c.values, c.gradients, c.products, status}
	}
	if !finite(s.F) || !finite(greatest(s.G)) {
		return result(NotFinite)
	}
	d := make([]float64, n)
	for {
		switch {
		case greatest(s.G) <= o.Tolerance:
			return result(Converged)
		case s.Steps >= o.Steps:
			return result(StepsDone)
		}
		first := m.Direction(s, d)
		if slope := dot(s.G, d); !(slope < 0) { // no way down: begin anew
			for i, g := range s.G {
				d[i] = -g
			}
			first = 1 / norm(s.G)
		}
		l := newLine(c, s, d)
		at, ok := o.Search.Search(l, first)
		switch {
		case ok && math.IsInf(at.f, -1):
			return result(Unbounded)
		case !ok:
			return result(NoProgress)
		}
		copy(s.LastX, s.X)
		copy(s.LastG, s.G)
		copy(s.LastD, d)
		s.LastF = s.F
		for i := range s.X {
			s.X[i] += at.alpha * d[i]
		}
		s.F = at.f
		l.gradientAt(s.G, at.alpha)
		s.Steps++
		if o.Trace != nil {
			o.Trace(Step{append([]float64{}, s.X...), at.alpha, l.f0, l.slope0, s.F, dot(s.G, d)})
		}
		if s.F < -1e300 {
			return result(Unbounded)
		}
	}
}

// curvatureFor is the constant c₂ of the curvature condition: loose where the direction is good, tight for conjugate gradients, whose
// next direction relies on it (NW section 3.1).
func curvatureFor(m Method) float64 {
	switch m.(type) {
	case *ConjugateGradient, ConjugateGradient:
		return 0.4
	case SteepestDescent:
		return 0.1
	}
	return 0.9
}

// counted is a problem that counts what it is asked.
type counted struct {
	Problem
	values, gradients, products int
}

func (c *counted) value(x []float64) float64 {
	c.values++
	return c.Value(x)
}

func (c *counted) gradient(g, x []float64) {
	c.gradients++
	c.Gradient(g, x)
}

func (c *counted) product(hv, x, v []float64) {
	if c.Product == nil {
		panic(fmt.Sprintf("minimize: NewtonCG: problem %q has no Product with the Hessian", c.Name))
	}
	c.products++
	c.Product(hv, x, v)
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i, v := range a {
		s += v * b[i]
	}
	return s
}

func norm(a []float64) float64 { return math.Sqrt(dot(a, a)) }

// greatest returns the greatest absolute value, NaN if one is NaN.
func greatest(a []float64) float64 {
	m := 0.0
	for _, v := range a {
		m = max(m, math.Abs(v))
	}
	return m
}

func finite(v float64) bool { return v-v == 0 }
