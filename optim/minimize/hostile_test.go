package minimize_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/optim/testfunc"
)

// pairs calls f with each method and each line search.
func pairs(f func(m minimize.Method)) {
	for _, s := range searches {
		for _, m := range methods(s.search) {
			f(m)
		}
	}
}

// constant is a slope.
func constant(v float64) func(float64) float64 { return func(float64) float64 { return v } }

// What cannot be minimized ends soon, and the status says why.
func TestHostile(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	noise := rand.New(rand.NewPCG(1, 2))
	calls := 0
	for name, test := range map[string]struct {
		f    curve
		want []minimize.Status
	}{
		"NaN at the start":          {curve{constant(nan), constant(1)}, []minimize.Status{minimize.NotFinite}},
		"infinite at the start":     {curve{constant(inf), constant(1)}, []minimize.Status{minimize.NotFinite}},
		"NaN gradient at the start": {curve{constant(1), constant(nan)}, []minimize.Status{minimize.NotFinite}},
		"−∞ at the start":           {curve{constant(-inf), constant(1)}, []minimize.Status{minimize.Unbounded}},
		"level at the start":        {curve{constant(1), constant(0)}, []minimize.Status{minimize.Converged}},
		"overflowing slope":         {curve{constant(1), constant(1e200)}, []minimize.Status{minimize.NotFinite}},
		"wrong sign": {curve{func(x float64) float64 { return x * x }, func(x float64) float64 { return -2 * x }},
			[]minimize.Status{minimize.Stalled}},
		"a plane": {curve{func(x float64) float64 { return x }, constant(1)},
			[]minimize.Status{minimize.Unbounded, minimize.StepsUsedUp}}, // Armijo goes on and on
		"a hill": {curve{func(x float64) float64 { return -x * x }, func(x float64) float64 { return -2 * x }},
			[]minimize.Status{minimize.Unbounded, minimize.StepsUsedUp, minimize.NotFinite}}, // the gradient may overflow first
		"a cliff to −∞": {curve{func(x float64) float64 {
			if x < 0 {
				return -inf
			}
			return x
		}, constant(1)}, []minimize.Status{minimize.Unbounded}},
		"NaN but at the start": {curve{func(x float64) float64 {
			if x == 1 {
				return 0
			}
			return nan
		}, constant(1)}, []minimize.Status{minimize.Stalled}},
		"a kink": {curve{math.Abs, func(x float64) float64 { return math.Copysign(1, x) }},
			[]minimize.Status{minimize.Stalled, minimize.StepsUsedUp, minimize.NotFinite}},
		"noise": {curve{func(float64) float64 { return noise.Float64() }, func(float64) float64 { return noise.NormFloat64() }},
			[]minimize.Status{minimize.Stalled, minimize.StepsUsedUp, minimize.Unbounded, minimize.Converged}},
	} {
		f := curve{func(x float64) float64 { calls++; return test.f.value(x) }, test.f.slope}
		pairs(func(m minimize.Method) {
			calls = 0
			start := []float64{1}
			r := minimize.Minimize(f, start, m, minimize.Settings{})
			if !slices.Contains(test.want, r.Status) {
				t.Errorf("%s: %T with %T%+v: %v at %v after %d steps, want %v",
					name, m, m.Searching(), m.Searching(), r.Status, r.X, r.Steps, test.want)
			}
			if most := 200 * (r.Steps + 1); calls > most || r.Steps > 200 {
				t.Errorf("%s: %T with %T: %d calls in %d steps", name, m, m.Searching(), calls, r.Steps)
			}
			if start[0] != 1 {
				t.Errorf("%s: %T changed the start", name, m)
			}
		})
	}
}

// A function that is not defined everywhere has its minimum found, although first steps lead out of its domain.
func TestDomain(t *testing.T) {
	f := curve{func(x float64) float64 { return 50*x - math.Log(x) }, func(x float64) float64 { return 50 - 1/x }}
	pairs(func(m minimize.Method) {
		r := minimize.Minimize(f, []float64{0.2}, m, minimize.Settings{})
		if r.Status != minimize.Converged || math.Abs(r.X[0]-0.02) > 1e-7 {
			t.Errorf("%T with %T%+v: %v at %v after %d steps", m, m.Searching(), m.Searching(), r.Status, r.X, r.Steps)
		}
	})
}

// A search that meets −∞ between two steps that are too short and too long says so, and one that has narrowed the place of a jump
// to two neighbouring numbers gives up.
func TestLinesWithoutSteps(t *testing.T) {
	slope := func(x float64) float64 { return math.Copysign(1, x-math.Pi/4) }
	shaft := curve{func(x float64) float64 {
		if 0.2 < x && x < 0.8 {
			return math.Inf(-1)
		}
		return slope(x) * x
	}, slope}
	jump := curve{func(x float64) float64 { return slope(x)*x + 2*max(slope(x), 0) }, slope}
	for _, s := range []minimize.LineSearch{minimize.WeakWolfe{}, minimize.StrongWolfe{}, minimize.HagerZhang{}} {
		line := func(f minimize.Function) *minimize.Line {
			return minimize.NewLine(&minimize.Problem{Function: f}, []float64{0}, []float64{1})
		}
		if _, status := s.Search(line(shaft), 1); status != minimize.Unbounded {
			t.Errorf("%T: %v over a shaft, want unbounded", s, status)
		}
		if _, status := s.Search(line(jump), 1); status != minimize.Stalled {
			t.Errorf("%T: %v at a jump, want stalled", s, status)
		}
	}
}

// An uphill method goes up.
type uphill struct{ minimize.SteepestDescent }

func (m *uphill) Direction(d []float64, _ *minimize.Problem, at minimize.Point) float64 {
	copy(d, at.G)
	return 1
}

// A method that goes up is not followed.
func TestUphill(t *testing.T) {
	r := minimize.Minimize(testfunc.Booth{}, []float64{0, 0}, &uphill{}, minimize.Settings{})
	if r.Status != minimize.Stalled || r.Steps != 0 || r.Counts.Gradients != 1 {
		t.Errorf("%v after %d steps, %+v", r.Status, r.Steps, r.Counts)
	}
}

// Neither x nor f is a measure of the distance where both are 0.
func TestStartAtZero(t *testing.T) {
	f := curve{func(x float64) float64 { return x*x - 2*x }, func(x float64) float64 { return 2*x - 2 }}
	for _, m := range methods(nil) {
		r := minimize.Minimize(f, []float64{0}, m, minimize.Settings{})
		if r.Status != minimize.Converged || !(math.Abs(r.X[0]-1) <= 1e-5) {
			t.Errorf("%T: %v at %v", m, r.Status, r.X)
		}
	}
}

func TestStepsUsedUp(t *testing.T) {
	f := testfunc.Rosenbrock{}
	pairs(func(m minimize.Method) {
		r := minimize.Minimize(f, f.Start(), m, minimize.Settings{Steps: 3})
		if r.Status != minimize.StepsUsedUp || r.Steps != 3 || !(r.F < f.Value(f.Start())) || r.F != f.Value(r.X) {
			t.Errorf("%T with %T: %v after %d steps at f %v", m, m.Searching(), r.Status, r.Steps, r.F)
		}
	})
}

func TestNoVariables(t *testing.T) {
	r := minimize.Minimize(testfunc.Rosenbrock{}, nil, &minimize.BFGS{}, minimize.Settings{})
	if r.Status != minimize.Converged || len(r.X) != 0 {
		t.Errorf("%v at %v, want converged", r.Status, r.X)
	}
}

func TestStatusString(t *testing.T) {
	if got := minimize.StepsUsedUp.String() + ", " + minimize.Status(99).String(); got != "steps used up, Status(99)" {
		t.Error(got)
	}
}

func TestMisuse(t *testing.T) {
	run := func(m minimize.Method) {
		minimize.Minimize(testfunc.Booth{}, []float64{0, 0}, m, minimize.Settings{})
	}
	for want, f := range map[string]func(){
		"minimize: Minimize: there is no function or no method": func() { run(nil) },
		"minimize: LBFGS: a memory of -1 steps is none":         func() { run(&minimize.LBFGS{Memory: -1}) },
		"minimize: NewLine: the point has 2 variables, the direction 1": func() {
			minimize.NewLine(&minimize.Problem{Function: testfunc.Booth{}}, []float64{0, 0}, []float64{1})
		},
		"minimize: StrongWolfe: the constants are 0.5 and 0.1; they must ascend between 0 and 1": func() {
			run(&minimize.BFGS{Search: minimize.StrongWolfe{C1: 0.5, C2: 0.1}})
		},
		"minimize: WeakWolfe: the constants are 0.0001 and 1; they must ascend between 0 and 1": func() {
			run(&minimize.BFGS{Search: minimize.WeakWolfe{C2: 1}})
		},
		"minimize: HagerZhang: the rise allowed is -1; it cannot be negative": func() {
			run(&minimize.BFGS{Search: minimize.HagerZhang{Epsilon: -1}})
		},
		"minimize: Armijo: the constant is 0.0001 and the factor 2; they must be between 0 and 1": func() {
			run(&minimize.BFGS{Search: minimize.Armijo{Shrink: 2}})
		},
	} {
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("panic %v, want %v", got, want)
				}
			}()
			f()
		}()
	}
}
