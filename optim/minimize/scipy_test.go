package minimize_test

import (
	"math"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/optim/testfunc"
)

var problems = []string{"rosenbrock2", "rosenbrock10", "beale", "himmelblau", "booth", "powell4", "powell12", "logistic"}

// problem returns a test function with the start that SciPy had.
func problem(t *testing.T, file *fixture.File, name string) (testfunc.Function, []float64) {
	numbers := func(name string) []float64 { return floats(t, file, name) }
	start := numbers(name + "/start")
	switch name {
	case "beale":
		return testfunc.Beale{}, start
	case "himmelblau":
		return testfunc.Himmelblau{}, start
	case "booth":
		return testfunc.Booth{}, start
	case "powell4", "powell12":
		return testfunc.Powell{N: len(start)}, start
	case "logistic":
		f := &testfunc.Logistic{Labels: numbers("logistic/labels"), Decay: 0.01}
		features, m := numbers("logistic/features"), len(start)-1
		for i := range f.Labels {
			f.Features = append(f.Features, features[i*m:(i+1)*m])
		}
		return f, start
	}
	return testfunc.Rosenbrock{N: len(start)}, start
}

func floats(t *testing.T, file *fixture.File, name string) []float64 {
	t.Helper()
	v, err := file.Float64s(name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// distance returns the greatest difference of two elements, and NaN if there is one.
func distance(x, y []float64) (most float64) {
	for i := range x {
		most = max(most, math.Abs(x[i]-y[i]))
	}
	return most
}

// Every method, on every function, ends at the minimum at which SciPy's ends. Those that SciPy has as well do so with at most half
// as many evaluations more for each; all but steepest descent do so with at most a quarter
// more for all together.
func TestSciPy(t *testing.T) {
	file := fixture.Open(t, "minimize.safetensors")
	for _, m := range []struct {
		name   string
		method minimize.Method
		peer   string
		same   bool // SciPy has the method; else the peer is its nearest kin
	}{
		{"steepest descent", &minimize.SteepestDescent{}, "CG", false},
		{"Fletcher-Reeves", &minimize.FletcherReeves{}, "CG", false},
		{"Polak-Ribière+", &minimize.PolakRibiere{}, "CG", true},
		{"CG_DESCENT", &minimize.CGDescent{}, "CG", false},
		{"BFGS", &minimize.BFGS{}, "BFGS", true},
		{"L-BFGS", &minimize.LBFGS{}, "L-BFGS-B", true},
		{"Newton-CG", &minimize.NewtonCG{}, "Newton-CG", true},
	} {
		t.Run(m.name, func(t *testing.T) {
			ours, theirs := 0, 0
			for _, name := range problems {
				f, start := problem(t, file, name)
				settings, low, near := minimize.Settings{Steps: 10_000}, 1e-7, 1e-3
				if strings.HasPrefix(name, "powell") {
					near = 0.1 // it is flat at its minimum
					if m.name == "steepest descent" {
						settings.Tolerance, low = 1e-3, 1e-4 // and steepest descent comes nearer by less and less
					}
				}
				r := minimize.Minimize(f, start, m.method, settings)
				peer := name + "/" + m.peer
				want, least := floats(t, file, peer+"/x"), floats(t, file, peer+"/f")[0]
				counts, err := file.Int64s(peer + "/counts")
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%-12s f %9.2e  steps %5d  %v; SciPy's f %9.2e  %v", name, r.F, r.Steps, r.Counts, least, counts)
				if r.Status != minimize.Converged {
					t.Errorf("%s: %v, want converged", name, r.Status)
				}
				if !(math.Abs(r.F-least) <= low) || !(distance(r.X, want) <= near) {
					t.Errorf("%s: f%v = %v, want f%v = %v", name, r.X, r.F, want, least)
				}
				values := r.Counts.Values + r.Counts.Gradients
				ours, theirs = ours+values, theirs+int(counts[0])
				if m.same && 2*values > 3*int(counts[0]) {
					t.Errorf("%s: %d values, SciPy has %d", name, values, counts[0])
				}
				if m.same && (2*r.Counts.Gradients > 3*int(counts[1]) || 2*r.Counts.Products > 3*int(counts[2])) {
					t.Errorf("%s: %+v, SciPy has %v", name, r.Counts, counts)
				}
			}
			t.Logf("%d values for all, SciPy has %d", ours, theirs)
			if 4*ours > 5*theirs && m.name != "steepest descent" {
				t.Errorf("%d values for all, SciPy has %d", ours, theirs)
			}
		})
	}
}
