package minimize_test

import (
	"fmt"

	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/optim/testfunc"
)

// The path of a method through Rosenbrock's valley, and its end.
func Example() {
	f := testfunc.Rosenbrock{}
	var path [][2]float64
	settings := minimize.Settings{Trace: func(s minimize.Step) { path = append(path, [2]float64{s.To.X[0], s.To.X[1]}) }}
	r := minimize.Minimize(f, f.Start(), &minimize.LBFGS{}, settings)
	fmt.Printf("%v at (%.4f, %.4f), a point for every step: %v\n", r.Status, r.X[0], r.X[1], len(path) == r.Steps)
	// Output: converged at (1.0000, 1.0000), a point for every step: true
}

// A line search on its own, along the direction of steepest descent.
func ExampleLine() {
	f := testfunc.Booth{}
	l := minimize.NewLine(&minimize.Problem{Function: f}, []float64{0, 0}, []float64{34, 38})
	step, status := minimize.StrongWolfe{C2: 0.1}.Search(l, 1)
	fmt.Println(status == minimize.Running, step.F < l.Start.F, step.Slope > 0.1*l.Start.Slope)
	// Output: true true true
}
