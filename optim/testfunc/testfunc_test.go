package testfunc_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/optim/testfunc"
)

var functions = map[string]testfunc.Function{
	"rosenbrock2":  testfunc.Rosenbrock{},
	"rosenbrock10": testfunc.Rosenbrock{N: 10},
	"beale":        testfunc.Beale{},
	"himmelblau":   testfunc.Himmelblau{},
	"booth":        testfunc.Booth{},
	"powell4":      testfunc.Powell{},
	"powell12":     testfunc.Powell{N: 12},
	"logistic":     testfunc.NewLogistic(rand.New(rand.NewPCG(1, 2)), 50, 4, 0.1),
}

func random(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// moved returns x + t·d.
func moved(x, d []float64, t float64) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		y[i] = x[i] + t*d[i]
	}
	return y
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// Gradients and products along random directions agree with central differences at random points.
func TestDerivatives(t *testing.T) {
	const h = 1e-5
	for name, f := range functions {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			n := len(f.Start())
			g, low, high, hv := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
			for range 10 {
				x, v := random(r, n), random(r, n)
				near(t, "value beside the gradient", f.Gradient(g, x), f.Value(x), 1e-15)
				slope := 0.0
				for i := range g {
					slope += g[i] * v[i]
				}
				near(t, "slope", slope, (f.Value(moved(x, v, h))-f.Value(moved(x, v, -h)))/(2*h), 1e-6)
				f.Gradient(high, moved(x, v, h))
				f.Gradient(low, moved(x, v, -h))
				f.Product(hv, x, v)
				for i := range hv {
					near(t, "product", hv[i], (high[i]-low[i])/(2*h), 1e-6)
				}
			}
		})
	}
}

// Value, gradient and product at a point are those of automatic differentiation by PyTorch.
func TestParity(t *testing.T) {
	file := fixture.Open(t, "minimize.safetensors")
	numbers := func(name string) []float64 {
		v, err := file.Float64s(name)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, f := range functions {
		if name == "logistic" {
			f = logistic(numbers("logistic/features"), numbers("logistic/labels"))
		}
		x := numbers(name + "/start")
		g, hv := make([]float64, len(x)), make([]float64, len(x))
		near(t, name+": value", f.Gradient(g, x), numbers(name + "/value")[0], 1e-14)
		f.Product(hv, x, numbers(name+"/along"))
		for i := range g {
			near(t, name+": gradient", g[i], numbers(name + "/gradient")[i], 1e-13)
			near(t, name+": product", hv[i], numbers(name + "/product")[i], 1e-13)
		}
	}
}

// logistic has the made data of the fixture.
func logistic(features, labels []float64) *testfunc.Logistic {
	f := &testfunc.Logistic{Labels: labels, Decay: 0.01}
	m := len(features) / len(labels)
	for i := range labels {
		f.Features = append(f.Features, features[i*m:(i+1)*m])
	}
	return f
}

func TestMinima(t *testing.T) {
	for name, f := range functions {
		for _, m := range f.Minima() {
			g := make([]float64, len(m.X))
			near(t, name+" at its minimum", f.Gradient(g, m.X), m.F, 1e-27)
			for _, v := range g {
				near(t, name+": slope at its minimum", v, 0, 1e-12)
			}
		}
		if got, want := len(f.Start()), len(f.Minima()); want > 0 && got != len(f.Minima()[0].X) {
			t.Errorf("%s starts with %d variables and has minima of %d", name, got, len(f.Minima()[0].X))
		}
	}
}

// Scores so large that their exponentials overflow have a finite loss.
func TestLogisticDoesNotOverflow(t *testing.T) {
	f := &testfunc.Logistic{Features: [][]float64{{1}, {1}}, Labels: []float64{0, 1}}
	g, hv := make([]float64, 2), make([]float64, 2)
	for _, w := range []float64{2000, -2000} {
		near(t, "loss", f.Gradient(g, []float64{w, 0}), 1000, 0)
		near(t, "slope", g[0], math.Copysign(0.5, w), 1e-15)
		f.Product(hv, []float64{w, 0}, []float64{1, 0})
		near(t, "curvature", hv[0], 0, 0)
	}
}

func TestMisuse(t *testing.T) {
	for want, f := range map[string]func(){
		"testfunc: Rosenbrock: there is no chain of 1 variables":      func() { testfunc.Rosenbrock{N: 1}.Start() },
		"testfunc: Powell: 6 variables do not make groups of four":    func() { testfunc.Powell{N: 6}.Minima() },
		"testfunc: NewLogistic: 0 examples of 3 features are no data": func() { testfunc.NewLogistic(nil, 0, 3, 0) },
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
