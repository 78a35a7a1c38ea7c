package flat_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim/flat"
	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/tensor"
)

const double = unsafe.Sizeof(tensor.Float(0)) == 8

// network returns a network of 3·8 + 8 + 8·2 + 2 = 50 parameters, and its loss on 24 examples of two kinds that no plane separates.
func network() ([]*tensor.Tensor, func(p *tensor.Pass) *tensor.Tensor) {
	r := rand.New(rand.NewPCG(1, 2))
	net := nn.Chain{nn.NewLinear(r, 3, 8), nn.Func((*tensor.Tensor).Tanh), nn.NewLinear(r, 8, 2)}
	x, labels := tensor.New(24, 3), make([]int, 24)
	for i := range labels {
		row := x.Edit()[3*i : 3*i+3]
		for j := range row {
			row[j] = tensor.Float(r.NormFloat64())
		}
		if row[0]*row[1] > 0 {
			labels[i] = 1
		}
	}
	params := nn.Params(net)
	return params, func(p *tensor.Pass) *tensor.Tensor {
		loss := nn.CrossEntropy(net.Forward(p.Input(x)), labels)
		for _, w := range params {
			loss = loss.Add(p.Use(w).Square().Sum().Scale(0.005))
		}
		return loss
	}
}

func moved(x, d []float64, t float64) []float64 {
	y := slices.Clone(x)
	for i := range y {
		y[i] += t * d[i]
	}
	return y
}

// Gradient and product agree with central differences, to 1e-6 in double precision.
func TestDerivatives(t *testing.T) {
	f := flat.New(network())
	h, tolerance := 0.02, 2e-3
	if double {
		h, tolerance = 1e-5, 1e-6
	}
	r, x := rand.New(rand.NewPCG(3, 4)), f.Start()
	n := len(x)
	g, low, high, hv := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for range 5 {
		v := make([]float64, n)
		for i := range v {
			v[i] = r.NormFloat64() / math.Sqrt(float64(n))
			x[i] += 0.1 * r.NormFloat64()
		}
		if got, want := f.Gradient(g, x), f.Value(x); got != want {
			t.Errorf("the value beside the gradient is %v, alone %v", got, want)
		}
		slope := 0.0
		for i := range g {
			slope += g[i] * v[i]
		}
		if want := (f.Value(moved(x, v, h)) - f.Value(moved(x, v, -h))) / (2 * h); math.Abs(slope-want) > tolerance {
			t.Errorf("slope %v, want %v", slope, want)
		}
		f.Gradient(high, moved(x, v, h))
		f.Gradient(low, moved(x, v, -h))
		f.Product(hv, x, v)
		for i := range hv {
			if want := (high[i] - low[i]) / (2 * h); math.Abs(hv[i]-want) > tolerance {
				t.Errorf("product[%d] = %v, want %v", i, hv[i], want)
			}
		}
	}
}

// The network is trained to a minimum of its loss by each kind of method, and is left with the parameters of the result.
func TestNetworkIsMinimized(t *testing.T) {
	for _, m := range []minimize.Method{
		&minimize.CGDescent{}, &minimize.BFGS{}, &minimize.LBFGS{}, &minimize.NewtonCG{}, &minimize.LBFGS{Search: minimize.WeakWolfe{}},
	} {
		f := flat.New(network())
		start := f.Value(f.Start())
		r := minimize.Minimize(f, f.Start(), m, minimize.Settings{Tolerance: 1e-3, Steps: 500})
		f.Set(r.X)
		t.Logf("%T: loss %.4f → %.4f, %v after %d steps, %+v", m, start, r.F, r.Status, r.Steps, r.Counts)
		if r.Status != minimize.Converged || !(r.F < 0.45) {
			t.Errorf("%T: %v with loss %v, at the start %v", m, r.Status, r.F, start)
		}
		if got := f.Value(f.Start()); got != r.F {
			t.Errorf("%T: the network is left with loss %v, want %v", m, got, r.F)
		}
	}
}

// With the digits of single precision, the search that compares slopes goes on to a small gradient, the one that compares losses
// does not.
func TestPrecision(t *testing.T) {
	for _, test := range []struct {
		search minimize.LineSearch
		want   minimize.Status
	}{{minimize.HagerZhang{}, minimize.Converged}, {minimize.StrongWolfe{}, minimize.Stalled}} {
		f := flat.New(network())
		r := minimize.Minimize(f, f.Start(), &minimize.LBFGS{Search: test.search}, minimize.Settings{Tolerance: 1e-6})
		if r.Status != test.want && !(double && r.Status == minimize.Converged) {
			t.Errorf("%T: %v after %d steps, want %v", test.search, r.Status, r.Steps, test.want)
		}
	}
}

// A loss that draws is the same function at every evaluation; another seed makes another.
func TestSeed(t *testing.T) {
	w := tensor.Param(4)
	f := flat.New([]*tensor.Tensor{w}, func(p *tensor.Pass) *tensor.Tensor { return p.Normal(4).Sub(w).Square().Sum() })
	x, g := []float64{1, 2, 3, 4}, make([]float64, 4)
	first := f.Value(x)
	if f.Value(x) != first || f.Gradient(g, x) != first {
		t.Error("two evaluations at one point differ")
	}
	if f.Seed = 1; f.Value(x) == first {
		t.Error("another seed does not make another function")
	}
}

// Parameters that the loss does not reach have gradient 0, and a linear loss the product 0.
func TestUnreached(t *testing.T) {
	w, unused := tensor.Param(2), tensor.Param(3)
	f := flat.New([]*tensor.Tensor{unused, w}, func(p *tensor.Pass) *tensor.Tensor { return p.Use(w).Sum() })
	x := []float64{9, 9, 9, 1, 2}
	g, hv := moved(x, x, 1), moved(x, x, 1)
	if y := f.Gradient(g, x); y != 3 || !slices.Equal(g, []float64{0, 0, 0, 1, 1}) {
		t.Errorf("value %v, gradient %v", y, g)
	}
	if f.Product(hv, x, x); !slices.Equal(hv, make([]float64, 5)) {
		t.Errorf("product %v, want zeros", hv)
	}
	square := flat.New([]*tensor.Tensor{unused, w}, func(p *tensor.Pass) *tensor.Tensor { return p.Use(w).Square().Sum() })
	if square.Product(hv, x, x); !slices.Equal(hv, []float64{0, 0, 0, 2, 4}) {
		t.Errorf("product %v, want twice the part of w", hv)
	}
}

// The memory of a pass is filled with NaN before its use and after its end; none of it may reach a result.
func TestPoisonedMemory(t *testing.T) {
	f := flat.New(network())
	x := f.Start()
	results := func() (g, hv []float64) {
		g, hv = make([]float64, len(x)), make([]float64, len(x))
		f.Gradient(g, x)
		f.Product(hv, x, x)
		return g, hv
	}
	g, hv := results()
	tensor.Poison(true)
	defer tensor.Poison(false)
	if pg, phv := results(); !slices.Equal(g, pg) || !slices.Equal(hv, phv) {
		t.Error("results differ where memory is poisoned")
	}
}

func TestPack(t *testing.T) {
	a, b := tensor.Of([]tensor.Float{1, 2, 3, 4}, 2, 2), tensor.Of([]tensor.Float{5}, 1)
	x := flat.Pack([]*tensor.Tensor{a, b})
	if !slices.Equal(x, []float64{1, 2, 3, 4, 5}) {
		t.Errorf("packed: %v", x)
	}
	flat.Unpack([]*tensor.Tensor{b, a}, x)
	if !slices.Equal(a.Data(), []tensor.Float{2, 3, 4, 5}) || b.Data()[0] != 1 {
		t.Errorf("unpacked the other way round: %v, %v", b, a)
	}
}

func TestMisuse(t *testing.T) {
	w := tensor.Param(2)
	f := flat.New([]*tensor.Tensor{w}, func(p *tensor.Pass) *tensor.Tensor { return p.Use(w).Sum() })
	x := []float64{1, 2}
	for want, f := range map[string]func(){
		"flat: New: parameter 0 is nil":           func() { flat.New([]*tensor.Tensor{nil}, nil) },
		"flat: New: parameter 0 is frozen":        func() { flat.New([]*tensor.Tensor{tensor.New(2)}, nil) },
		"flat: New: parameter 1 was given before": func() { flat.New([]*tensor.Tensor{w, w}, nil) },
		"flat: New: parameter 0 belongs to a pass; parameters live on the heap": func() {
			p := tensor.Inference()
			defer p.End()
			flat.New([]*tensor.Tensor{p.Zeros(1)}, nil)
		},
		"flat: Unpack: got 1 numbers for tensors of 2":                       func() { f.Value(x[:1]) },
		"flat: Gradient: there is room for 1 numbers, the parameters have 2": func() { f.Gradient(x[:1], x) },
		"flat: Product: the vector has 3 numbers, the parameters have 2":     func() { f.Product(x, x, []float64{1, 2, 3}) },
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
