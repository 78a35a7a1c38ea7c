package minimize_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/optim/minimize"
)

// A rule says whether a step from φ(0) = f0 and φ′(0) = s0 to φ(α) = f and φ′(α) = s is acceptable.
type rule func(alpha, f0, s0, f, s float64) bool

func armijo(c1 float64) rule {
	return func(alpha, f0, s0, f, _ float64) bool { return f < f0 && f <= f0+c1*alpha*s0 }
}

func weak(c1, c2 float64) rule {
	return func(alpha, f0, s0, f, s float64) bool { return armijo(c1)(alpha, f0, s0, f, s) && s >= c2*s0 }
}

func strong(c1, c2 float64) rule {
	return func(alpha, f0, s0, f, s float64) bool {
		return armijo(c1)(alpha, f0, s0, f, s) && math.Abs(s) <= c2*math.Abs(s0)
	}
}

func hagerZhang(alpha, f0, s0, f, s float64) bool {
	nearly := (2*0.1-1)*s0 >= s && s >= 0.9*s0 && f <= f0+1e-6*math.Abs(f0)
	return weak(0.1, 0.9)(alpha, f0, s0, f, s) || nearly
}

var searches = []struct {
	search minimize.LineSearch
	rule   rule
}{
	{minimize.Armijo{}, armijo(1e-4)},
	{minimize.Armijo{C1: 0.2, Shrink: 0.3}, armijo(0.2)},
	{minimize.WeakWolfe{}, weak(1e-4, 0.9)},
	{minimize.WeakWolfe{C1: 0.1, C2: 0.4}, weak(0.1, 0.4)},
	{minimize.StrongWolfe{}, strong(1e-4, 0.9)},
	{minimize.StrongWolfe{C1: 1e-3, C2: 0.1}, strong(1e-3, 0.1)},
	{minimize.HagerZhang{}, hagerZhang},
}

// methods returns one of each, with the line search given, or their own.
func methods(s minimize.LineSearch) []minimize.Method {
	return []minimize.Method{
		&minimize.SteepestDescent{Search: s}, &minimize.FletcherReeves{Search: s}, &minimize.PolakRibiere{Search: s},
		&minimize.CGDescent{Search: s}, &minimize.BFGS{Search: s}, &minimize.LBFGS{Search: s}, &minimize.NewtonCG{Search: s},
	}
}

func dot(x, y []float64) (sum float64) {
	for i := range x {
		sum += x[i] * y[i]
	}
	return sum
}

// Every step of every method with every line search is what the trace says it is and meets the conditions of the search; and every
// pair finds the minimum.
func TestConditionsAtEveryStep(t *testing.T) {
	file := fixture.Open(t, "minimize.safetensors")
	for _, s := range searches {
		for _, m := range methods(s.search) {
			for _, name := range problems {
				f, start := problem(t, file, name)
				at, number, g := slices.Clone(start), 0, make([]float64, len(start))
				trace := func(step minimize.Step) {
					if number++; step.Number != number || !slices.Equal(step.From.X, at) {
						t.Fatalf("step %d from %v, want step %d from %v", step.Number, step.From.X, number, at)
					}
					for i := range at {
						at[i] += step.Alpha * step.Direction[i]
					}
					if !(distance(at, step.To.X) <= 1e-13*max(1, math.Abs(step.Alpha))) {
						t.Fatalf("step %d leads to %v, want %v", number, step.To.X, at)
					}
					copy(at, step.To.X)
					if v := f.Gradient(g, at); v != step.To.F || f.Value(at) != v || !slices.Equal(g, step.To.G) {
						t.Fatalf("step %d has f %v and gradient %v, want %v and %v", number, step.To.F, step.To.G, v, g)
					}
					s0, s1 := dot(step.From.G, step.Direction), dot(g, step.Direction)
					if !(s0 < 0) || !s.rule(step.Alpha, step.From.F, s0, step.To.F, s1) {
						t.Errorf("%T, %T%+v, %s, step %d: α %v, φ(0) %v, φ′(0) %v, φ(α) %v, φ′(α) %v",
							m, s.search, s.search, name, number, step.Alpha, step.From.F, s0, step.To.F, s1)
					}
				}
				_, slow := m.(*minimize.SteepestDescent)
				settings := minimize.Settings{Tolerance: 1e-4, Steps: 20_000, Trace: trace}
				if slow {
					settings.Steps = 500
				}
				r := minimize.Minimize(f, start, m, settings)
				if r.Status != minimize.Converged && !slow {
					t.Errorf("%T, %T%+v, %s: %v after %d steps", m, s.search, s.search, name, r.Status, r.Steps)
				}
				if r.Steps != number || !slices.Equal(r.X, at) {
					t.Errorf("the result is %v after %d steps, the trace ends at %v after %d", r.X, r.Steps, at, number)
				}
			}
		}
	}
}

// A curve is a function of one variable with its slope.
type curve struct {
	value, slope func(x float64) float64
}

func (c curve) Value(x []float64) float64 { return c.value(x[0]) }

func (c curve) Gradient(g, x []float64) float64 {
	g[0] = c.slope(x[0])
	return c.value(x[0])
}

// The functions 5.1, 5.2 and 5.4 with three pairs of parameters, of Moré and Thuente 1994, with minima at √2, 1.6 and in flat
// basins, are searched from first steps over six decades.
func TestMoreThuente(t *testing.T) {
	curves := map[string]curve{
		"5.1": {
			func(a float64) float64 { return -a / (a*a + 2) },
			func(a float64) float64 { return (a*a - 2) / ((a*a + 2) * (a*a + 2)) },
		},
		"5.2": {
			func(a float64) float64 { return math.Pow(a+0.004, 5) - 2*math.Pow(a+0.004, 4) },
			func(a float64) float64 { return 5*math.Pow(a+0.004, 4) - 8*math.Pow(a+0.004, 3) },
		},
	}
	for _, beta := range [][2]float64{{0.001, 0.001}, {0.01, 0.001}, {0.001, 0.01}} {
		gamma := func(b float64) float64 { return math.Sqrt(1+b*b) - b }
		g1, g2, b1, b2 := gamma(beta[0]), gamma(beta[1]), beta[0], beta[1]
		curves[fmt.Sprint("5.4 ", beta)] = curve{
			func(a float64) float64 { return g1*math.Hypot(1-a, b2) + g2*math.Hypot(a, b1) },
			func(a float64) float64 { return g1*(a-1)/math.Hypot(1-a, b2) + g2*a/math.Hypot(a, b1) },
		}
	}
	for name, f := range curves {
		for _, s := range searches {
			for _, first := range []float64{1e-3, 1e-1, 1e1, 1e3} {
				p := &minimize.Problem{Function: f}
				l := minimize.NewLine(p, []float64{0}, []float64{1})
				r, status := s.search.Search(l, first)
				if status != minimize.Running || !s.rule(r.Alpha, f.value(0), f.slope(0), f.value(r.Alpha), f.slope(r.Alpha)) {
					t.Errorf("%s, %T%+v from %v: %v, α %v, φ′ %v", name, s.search, s.search, first, status, r.Alpha, r.Slope)
				}
				if l.To.X[0] != r.Alpha || l.To.G[0] != r.Slope || r.F != f.value(r.Alpha) {
					t.Errorf("%s, %T: the line is at %v, the step leads to %v", name, s.search, l.To, r)
				}
				if n := p.Values + p.Gradients; n > 25 {
					t.Errorf("%s, %T from %v: %d evaluations", name, s.search, first, n)
				}
			}
		}
	}
}

// Where values have lost half of their digits, slopes have not: the approximate conditions go on to the minimum, Wolfe's give up.
func TestApproximateWolfe(t *testing.T) {
	f, start := problem(t, fixture.Open(t, "minimize.safetensors"), "logistic")
	for _, test := range []struct {
		search minimize.LineSearch
		want   minimize.Status
	}{{minimize.HagerZhang{}, minimize.Converged}, {minimize.StrongWolfe{C2: 0.1}, minimize.Stalled}} {
		r := minimize.Minimize(f, start, &minimize.CGDescent{Search: test.search}, minimize.Settings{Tolerance: 1e-13})
		t.Logf("%T: %v after %d steps, %+v, gradient %v", test.search, r.Status, r.Steps, r.Counts, r.G)
		if r.Status != test.want {
			t.Errorf("%T: %v with gradient %v, want %v", test.search, r.Status, r.G, test.want)
		}
	}
}
