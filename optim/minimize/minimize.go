// Package minimize finds local minima of smooth functions of n variables by their gradients: steepest descent, conjugate
// gradients, quasi-Newton methods and truncated Newton, each with a line search of one's choice. Points, gradients and directions
// are slices of n float64; package flat makes such a function of a network and its loss.
//
//	r := minimize.Minimize(testfunc.Rosenbrock{}, []float64{-1.2, 1}, &minimize.BFGS{}, minimize.Settings{})
//	fmt.Println(r.Status, r.X, r.F, r.Counts)
//
// A [Method] says in which direction to go, a [LineSearch] how far. The function is the same at every call: it draws no new batch.
// The formulas and their names follow Nocedal and Wright 2006, Numerical Optimization, https://doi.org/10.1007/978-0-387-40065-5,
// called NW here.
package minimize

import (
	"cmp"
	"math"
	"slices"
)

// A Method chooses directions. It remembers what it learns from one step to the next, so that a Method serves one minimization at a
// time.
type Method interface {
	// Begin forgets everything, before the first of n variables and whenever the method has lost its way.
	Begin(n int)
	// Direction writes to d, which has the direction before, one in which f falls from the point at, and returns the step along it
	// to try first.
	Direction(d []float64, p *Problem, at Point) float64
	// Learn is told of every step.
	Learn(s Step)
	// Searching returns the line search that goes with the method.
	Searching() LineSearch
}

// Settings say when to stop and whom to tell.
type Settings struct {
	Tolerance float64      // stop where no element of the gradient is greater in magnitude; 0 stands for 1e-5
	Steps     int          // stop after so many; 0 stands for 200·n
	Trace     func(s Step) // is told of every step, in order; may be nil
}

// A Step is one that was taken: To.X = From.X + Alpha·Direction. Its slices are those that the method works in, valid while Trace
// runs; what is to outlive it must be cloned.
type Step struct {
	Number    int // from 1
	From, To  Point
	Direction []float64
	Alpha     float64
	Counts    Counts // evaluations so far
}

// A Result is where a minimization ended, and why.
type Result struct {
	Point
	Status Status
	Steps  int
	Counts Counts
}

// Minimize goes from x, which stays as it is, to a local minimum of f. Its result is the last point reached, whatever the status:
// every step lowers f or, close to a minimum and with [HagerZhang], leaves it the same to within rounding.
func Minimize(f Function, x []float64, m Method, s Settings) Result {
	if f == nil || m == nil {
		fail("Minimize", "there is no function or no method")
	}
	n := len(x)
	tolerance, limit := cmp.Or(s.Tolerance, 1e-5), cmp.Or(s.Steps, 200*n)
	p := &Problem{Function: f}
	line := newLine(p, n)
	copy(line.From.X, x)
	line.From.F = p.Gradient(line.From.G, line.From.X)
	m.Begin(n)
	for number := 0; ; number++ {
		status := line.From.judge(tolerance)
		if status == Running && number >= limit {
			status = StepsUsedUp
		}
		var alpha float64
		if status == Running {
			alpha, status = advance(line, m, number > 0)
		}
		if status != Running {
			return Result{Point: line.From.clone(), Status: status, Steps: number, Counts: p.Counts}
		}
		step := Step{Number: number + 1, From: line.From, To: line.To, Direction: line.D, Alpha: alpha, Counts: p.Counts}
		m.Learn(step)
		if s.Trace != nil {
			s.Trace(step)
		}
		line.From, line.To = line.To, line.From
	}
}

// advance goes from line.From to line.To. A method that has learnt something, and whose direction leads nowhere, begins once more.
func advance(line *Line, m Method, learnt bool) (alpha float64, status Status) {
	for {
		first := m.Direction(line.D, line.p, line.From)
		line.aim()
		if status = line.descends(); status == Running {
			var t Trial
			t, status = m.Searching().Search(line, first)
			switch {
			case status != Running:
			case slices.Equal(line.To.X, line.From.X): // too short a step for the digits of x
				status = Stalled
			default:
				line.To.F = t.F
				return t.Alpha, Running
			}
		}
		if status != Stalled || !learnt {
			return 0, status
		}
		m.Begin(len(line.D))
		learnt = false
	}
}

// A Point is a place with the value and the gradient of f there.
type Point struct {
	X []float64
	F float64
	G []float64
}

func (p Point) clone() Point { return Point{slices.Clone(p.X), p.F, slices.Clone(p.G)} }

// judge tells whether there is a reason to go no further than this point.
func (p Point) judge(tolerance float64) Status {
	steepest := greatest(p.G)
	switch {
	case math.IsInf(p.F, -1):
		return Unbounded
	case !finite(p.F) || !finite(steepest):
		return NotFinite
	case steepest <= tolerance:
		return Converged
	}
	return Running
}
