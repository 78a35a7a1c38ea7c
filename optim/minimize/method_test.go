package minimize_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/optim/testfunc"
)

// A taken step is what a test keeps of one.
type taken struct{ s, y, g, next, d []float64 }

// steps returns the steps that a method takes on a function.
func steps(f testfunc.Function, m minimize.Method) (all []taken) {
	minimize.Minimize(f, f.Start(), m, minimize.Settings{Steps: 40, Trace: func(s minimize.Step) {
		all = append(all, taken{
			s: minus(s.To.X, s.From.X), y: minus(s.To.G, s.From.G),
			g: slices.Clone(s.From.G), next: slices.Clone(s.To.G), d: slices.Clone(s.Direction),
		})
	}})
	return all
}

func minus(x, y []float64) []float64 {
	d := slices.Clone(x)
	for i := range d {
		d[i] -= y[i]
	}
	return d
}

// times returns the product of two square matrices.
func times(a, b [][]float64) [][]float64 {
	c := square(len(a), 0)
	for i := range a {
		for j := range a {
			for k := range a {
				c[i][j] += a[i][k] * b[k][j]
			}
		}
	}
	return c
}

// square returns a multiple of the identity.
func square(n int, v float64) [][]float64 {
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n)
		a[i][i] = v
	}
	return a
}

// improved returns (I − ρ·s·yᵀ)·H·(I − ρ·y·sᵀ) + ρ·s·sᵀ as it is written.
func improved(h [][]float64, s, y []float64) [][]float64 {
	rho, left, right := 1/dot(s, y), square(len(s), 1), square(len(s), 1)
	for i := range s {
		for j := range s {
			left[i][j] -= rho * s[i] * y[j]
			right[i][j] -= rho * y[i] * s[j]
		}
	}
	h = times(times(left, h), right)
	for i := range s {
		for j := range s {
			h[i][j] += rho * s[i] * s[j]
		}
	}
	return h
}

// along returns −H·g.
func along(h [][]float64, g []float64) []float64 {
	d := make([]float64, len(g))
	for i := range d {
		d[i] = -dot(h[i], g)
	}
	return d
}

func same(t *testing.T, what string, i int, got, want []float64) {
	t.Helper()
	if !(distance(got, want) <= 1e-6*math.Sqrt(dot(want, want))) {
		t.Errorf("%s %d: direction %v, want %v", what, i, got, want)
	}
}

// The directions of the quasi-Newton methods are those of their update written out with matrices.
func TestQuasiNewtonDirections(t *testing.T) {
	f := testfunc.Rosenbrock{N: 6}
	all := steps(f, &minimize.BFGS{})
	h := square(6, dot(all[0].s, all[0].y)/dot(all[0].y, all[0].y))
	for i, step := range all[1:] {
		h = improved(h, all[i].s, all[i].y)
		same(t, "BFGS", i+1, step.d, along(h, step.g))
	}
	const memory = 3
	all = steps(f, &minimize.LBFGS{Memory: memory})
	for i, step := range all[1:] {
		h := square(6, dot(all[i].s, all[i].y)/dot(all[i].y, all[i].y))
		for _, before := range all[max(0, i+1-memory) : i+1] {
			h = improved(h, before.s, before.y)
		}
		same(t, "L-BFGS", i+1, step.d, along(h, step.g))
	}
}

// The directions of conjugate gradients are −g + β·d, or −g, with the β of the papers.
func TestConjugateDirections(t *testing.T) {
	betas := map[string]func(s taken) float64{
		"FletcherReeves": func(s taken) float64 {
			if math.Abs(dot(s.next, s.g)) >= 0.1*dot(s.next, s.next) {
				return 0
			}
			return dot(s.next, s.next) / dot(s.g, s.g)
		},
		"PolakRibiere": func(s taken) float64 { return max(0, dot(s.next, s.y)/dot(s.g, s.g)) },
		"CGDescent": func(s taken) float64 {
			dy, z := dot(s.d, s.y), slices.Clone(s.y)
			for i := range z {
				z[i] -= 2 * s.d[i] * dot(s.y, s.y) / dy
			}
			eta := -1 / (math.Sqrt(dot(s.d, s.d)) * min(0.01, math.Sqrt(dot(s.g, s.g))))
			return max(dot(z, s.next)/dy, eta)
		},
	}
	for name, m := range map[string]minimize.Method{
		"FletcherReeves": &minimize.FletcherReeves{}, "PolakRibiere": &minimize.PolakRibiere{}, "CGDescent": &minimize.CGDescent{},
	} {
		for _, f := range []testfunc.Function{testfunc.Rosenbrock{N: 6}, testfunc.Powell{}, testfunc.Beale{}} {
			all, turned := steps(f, m), 0
			for i, step := range all[1:] {
				want, beta := make([]float64, len(step.g)), betas[name](all[i])
				for j := range want {
					want[j] = -step.g[j] + beta*all[i].d[j]
				}
				if dot(want, step.g) > -0.01*dot(step.g, step.g) {
					if name == "CGDescent" {
						t.Errorf("CGDescent %d: the slope %v is not the descent that is guaranteed", i+1, dot(want, step.g))
					}
					want = minus(make([]float64, len(step.g)), step.g)
				} else if beta != 0 {
					turned++
				}
				same(t, name, i+1, step.d, want)
			}
			if turned == 0 {
				t.Errorf("%s never conjugates on %T", name, f)
			}
		}
	}
}

// NewtonCG solves ∇²f·d = −∇f as closely as its paper asks where the Hessian is positive definite.
func TestNewtonDirections(t *testing.T) {
	f := testfunc.NewLogistic(rand.New(rand.NewPCG(1, 2)), 80, 10, 0.01)
	hd := make([]float64, 11)
	minimize.Minimize(f, f.Start(), &minimize.NewtonCG{}, minimize.Settings{Trace: func(s minimize.Step) {
		f.Product(hd, s.From.X, s.Direction)
		norm := math.Sqrt(dot(s.From.G, s.From.G))
		for i := range hd {
			hd[i] += s.From.G[i]
		}
		if got := math.Sqrt(dot(hd, hd)); !(got <= min(0.5, math.Sqrt(norm))*norm*(1+1e-9)) {
			t.Errorf("step %d: the residual is %v, the gradient %v", s.Number, got, norm)
		}
	}})
}

// From a point close to the maximum of Himmelblau's function and to a saddle, where the curvature is negative, NewtonCG goes down.
func TestNegativeCurvature(t *testing.T) {
	f := testfunc.Himmelblau{}
	for _, start := range [][]float64{{-0.27, -0.92}, {0.0867, 2.884}, {-3.07, -0.0814}} {
		r := minimize.Minimize(f, start, &minimize.NewtonCG{}, minimize.Settings{})
		found := slices.ContainsFunc(f.Minima(), func(m testfunc.Minimum) bool { return distance(m.X, r.X) < 1e-5 })
		if r.Status != minimize.Converged || !found {
			t.Errorf("from %v: %v at %v", start, r.Status, r.X)
		}
	}
}

// Without Product, NewtonCG takes differences of gradients and goes the same way.
func TestDifferencesOfGradients(t *testing.T) {
	f := testfunc.Rosenbrock{}
	type plain struct{ minimize.Function }
	exact := minimize.Minimize(f, f.Start(), &minimize.NewtonCG{}, minimize.Settings{})
	r := minimize.Minimize(plain{f}, f.Start(), &minimize.NewtonCG{}, minimize.Settings{})
	if r.Status != minimize.Converged || !(distance(r.X, exact.X) <= 1e-5) {
		t.Errorf("%v at %v, want %v", r.Status, r.X, exact.X)
	}
	if r.Counts.Products != 0 || r.Counts.Gradients < exact.Counts.Gradients+exact.Counts.Products/2 {
		t.Errorf("counts %+v, with products %+v", r.Counts, exact.Counts)
	}
}

// A Method can be used again, for another number of variables as well, and a step makes no garbage.
func TestMethodsAreReused(t *testing.T) {
	small, large := testfunc.Rosenbrock{}, testfunc.Rosenbrock{N: 12}
	for _, m := range methods(nil) {
		run := func(f testfunc.Rosenbrock, steps int) minimize.Result {
			return minimize.Minimize(f, f.Start(), m, minimize.Settings{Steps: steps})
		}
		first := run(large, 40)
		run(small, 40)
		if again := run(large, 40); !slices.Equal(again.X, first.X) || again.Counts != first.Counts {
			t.Errorf("%T used again ends at %v, %+v; the first time at %v, %+v", m, again.X, again.Counts, first.X, first.Counts)
		}
		few := testing.AllocsPerRun(5, func() { run(large, 14) })
		many := testing.AllocsPerRun(5, func() { run(large, 24) })
		if many > few {
			t.Errorf("%T: %v allocations in 14 steps, %v in 24", m, few, many)
		}
	}
}
