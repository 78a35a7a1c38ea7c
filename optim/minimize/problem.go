package minimize

import (
	"fmt"
	"math"
)

// A Function is what is minimized. It may be NaN or infinite where it is not defined, as long as it is finite at the start: steps
// that lead there are too long.
type Function interface {
	// Value returns f(x).
	Value(x []float64) float64
	// Gradient writes ∇f(x) to g and returns f(x).
	Gradient(g, x []float64) float64
}

// A Curved function knows its second derivative along a direction.
type Curved interface {
	Function
	// Product writes ∇²f(x)·v to hv.
	Product(hv, x, v []float64)
}

// Counts say how often a function was evaluated.
type Counts struct {
	Values    int // without the gradient
	Gradients int // with the value
	Products  int // of Hessian and vector
}

// A Problem is a function whose evaluations are counted.
type Problem struct {
	Function
	Counts

	x, g []float64 // for differences of gradients
}

// Value returns f(x).
func (p *Problem) Value(x []float64) float64 {
	p.Values++
	return p.Function.Value(x)
}

// Gradient writes ∇f(x) to g and returns f(x).
func (p *Problem) Gradient(g, x []float64) float64 {
	p.Gradients++
	return p.Function.Gradient(g, x)
}

// Product writes ∇²f·v at a point to hv. If the function is not [Curved], it is a difference of gradients, (∇f(x + h·v) − ∇f(x))/h
// (NW 7.10), and counts as a gradient; it has half of their digits.
func (p *Problem) Product(hv []float64, at Point, v []float64) {
	if f, ok := p.Function.(Curved); ok {
		p.Products++
		f.Product(hv, at.X, v)
		return
	}
	if p.x == nil {
		p.x, p.g = make([]float64, len(v)), make([]float64, len(v))
	}
	h := math.Sqrt(0x1p-52) * (1 + norm(at.X)) / norm(v)
	ray(p.x, at.X, h, v)
	p.Gradient(p.g, p.x)
	for i := range hv {
		hv[i] = (p.g[i] - at.G[i]) / h
	}
}

// ray writes x + t·d to y.
func ray(y, x []float64, t float64, d []float64) {
	for i := range y {
		y[i] = x[i] + t*d[i]
	}
}

// downhill writes −g to d.
func downhill(d, g []float64) {
	for i := range d {
		d[i] = -g[i]
	}
}

// add adds t·x to y.
func add(y []float64, t float64, x []float64) {
	for i := range y {
		y[i] += t * x[i]
	}
}

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// greatest returns the greatest magnitude in x, and NaN if there is one.
func greatest(x []float64) (most float64) {
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	return most
}

func norm(x []float64) float64 { return math.Sqrt(dot(x, x)) }

func finite(v float64) bool { return v-v == 0 }

// fail panics in the one form in which the package reports mistakes of the program.
func fail(op, format string, args ...any) {
	panic("minimize: " + op + ": " + fmt.Sprintf(format, args...))
}
