package nn

import (
	"math"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/tensor"
)

// Far from 0 the activations and their derivatives of both orders are finite, and what they tend to.
func TestActivationsFarOut(t *testing.T) {
	identity := func(low tensor.Float) [2]tensor.Float { return [2]tensor.Float{low, 1e30} }
	const seluLimit = -1.7580993408473766
	tests := []struct {
		name string
		f    Func
		want [2]tensor.Float // at −1e30 and 1e30
	}{
		{"ReLU", ReLU, identity(0)},
		{"LeakyReLU", LeakyReLU(.5), identity(-5e29)},
		{"ELU", ELU(1), identity(-1)},
		{"SELU", SELU, [2]tensor.Float{seluLimit, 1.0507009873554805e30}},
		{"GELU", GELU, identity(0)},
		{"GELUTanh", GELUTanh, identity(0)},
		{"SiLU", SiLU, identity(0)},
		{"Mish", Mish, identity(0)},
		{"Softplus", Softplus, identity(0)},
		{"Tanh", Tanh, [2]tensor.Float{-1, 1}},
		{"Sigmoid", Sigmoid, [2]tensor.Float{0, 1}},
		{"LogSigmoid", LogSigmoid, [2]tensor.Float{-1e30, 0}},
		{"HardSigmoid", HardSigmoid, [2]tensor.Float{0, 1}},
		{"HardSwish", HardSwish, identity(0)},
		{"HardTanh", HardTanh(-2, 3), [2]tensor.Float{-2, 3}},
		{"ReLU6", ReLU6, [2]tensor.Float{0, 6}},
		{"Softmax", Softmax, [2]tensor.Float{0, 1}},
		{"LogSoftmax", LogSoftmax, [2]tensor.Float{-2e30, 0}},
	}
	for _, test := range tests {
		p := tensor.Recording(nil)
		x := p.Var(tensor.Of([]tensor.Float{-1e30, 1e30}, 2))
		y := test.f(x)
		fixture.Close(t, test.name, y.Data(), test.want[:], 1e-6)
		g := tensor.GradGraph(y.Sum(), x)[0]
		if !g.Finite() {
			t.Errorf("%s: derivative = %v", test.name, g)
		}
		if s := g.Square().Sum(); s.Tracked() {
			if h := tensor.Grad(s, x)[0]; h != nil && !h.Finite() {
				t.Errorf("%s: second derivative = %v", test.name, h)
			}
		}
		p.End()
	}
}

// At their kinks the activations have the derivatives that PyTorch gives them.
func TestActivationsAtTheirKinks(t *testing.T) {
	for name, test := range map[string]struct {
		f    Layer
		want tensor.Float // at 0
	}{
		"ReLU": {Func(ReLU), 0}, "ReLU6": {Func(ReLU6), 0}, "LeakyReLU": {LeakyReLU(.5), .5}, "PReLU": {NewPReLU(1), .25},
		"ELU": {ELU(.5), .5}, "SELU": {Func(SELU), 1.7580993408473766},
	} {
		p := tensor.Recording(nil)
		x := p.Var(tensor.New(1))
		fixture.Close(t, name, tensor.Grad(test.f.Forward(x).Sum(), x)[0].Data(), []tensor.Float{test.want}, 1e-6)
		p.End()
	}
}

// Losses of scores that are surely right or wrong do not overflow, nor do their derivatives.
func TestLossesFarOut(t *testing.T) {
	x := []tensor.Float{-1e4, 1e4, -1e4, 1e4}
	target := tensor.Of([]tensor.Float{0, 1, 1, 0}, 4)
	probability := []tensor.Float{0, 1, 0, 1}
	tests := []struct {
		name string
		x    []tensor.Float
		f    func(x, t *tensor.Tensor) *tensor.Tensor
		want float64
	}{
		{"BCEWithLogits", x, BCEWithLogits, 5000},
		{"Focal", x, func(x, t *tensor.Tensor) *tensor.Tensor { return Focal(x, t, -1, 2) }, 5000},
		{"BCE", probability, BCE, 50}, // logarithms are no less than −100
		{"SmoothL1", x, func(x, t *tensor.Tensor) *tensor.Tensor { return SmoothL1(x, t, 1) }, 1e4 - .5},
	}
	for _, test := range tests {
		p := tensor.Recording(nil)
		in := p.Var(tensor.Of(test.x, 4))
		y := test.f(in, target)
		fixture.Close(t, test.name, y.Data(), []tensor.Float{tensor.Float(test.want)}, 1e-6)
		if g := tensor.Grad(y, in)[0]; !g.Finite() {
			t.Errorf("%s: derivative = %v", test.name, g)
		}
		p.End()
	}
}

// The losses that the parity tests do not see: those of each element, of labels that are all left out, and of equal rows.
func TestLossEdges(t *testing.T) {
	r := source()
	p := tensor.Recording(nil)
	defer p.End()
	x, target := p.Var(normal(r, 3, 4)), p.Input(tensor.New(3, 4))
	for name, each := range map[string][2]*tensor.Tensor{
		"BCEWithLogits": {BCEWithLogitsEach(x, target), BCEWithLogits(x, target)},
		"Focal":         {FocalEach(x, target, .25, 2), Focal(x, target, .25, 2)},
		"SmoothL1":      {SmoothL1Each(x, target, 1), SmoothL1(x, target, 1)},
	} {
		fixture.Close(t, name, each[0].Mean().Data(), each[1].Data(), 1e-6)
	}

	none := []int{-1, -1, -1}
	for name, y := range map[string]*tensor.Tensor{
		"CrossEntropy": CrossEntropy(x, none), "NLL": NLL(x.LogSoftmax(), none),
		"CrossEntropyLoss": CrossEntropyLoss{Smoothing: .1}.Loss(x, none),
	} {
		if v := float64(y.Item()); !math.IsNaN(v) {
			t.Errorf("%s of no rows = %v, want NaN as PyTorch", name, v)
		}
	}
	if v := (CrossEntropyLoss{Sum: true}).Loss(x, none).Item(); v != 0 {
		t.Errorf("the sum over no rows = %v, want 0", v)
	}

	// A probability of 0 for another class, or in a row that is left out, does no harm.
	sure := p.Input(tensor.Of([]tensor.Float{0, 1, 1, 0}, 2, 2)).Log()
	if v := NLL(sure, []int{1, -1}).Item(); v != 0 {
		t.Errorf("NLL of what is sure = %v, want 0", v)
	}

	some := CrossEntropyLoss{Smoothing: .1}.Loss(x, []int{-1, 2, -1})
	for _, ignore := range []int{0, 255} {
		y := CrossEntropyLoss{Smoothing: .1, Ignore: []int{ignore}}.Loss(x, []int{ignore, 2, ignore})
		fixture.Close(t, "cross-entropy with labels ignored", y.Data(), some.Data(), 1e-6)
	}

	same := TripletMargin(x, x, x, 1)
	if g := tensor.Grad(same, x)[0]; same.Item() != 1 || !g.Finite() {
		t.Errorf("TripletMargin of equal rows = %v with gradient %v, want 1 and a finite one", same.Item(), g)
	}
	zero := p.Var(tensor.New(1, 3))
	if g := tensor.Grad(CosineEmbedding(zero, zero, []int{1}, 0), zero)[0]; !g.Finite() {
		t.Errorf("CosineEmbedding of zeros has gradient %v", g)
	}
}

// A target that takes part in the derivative, as in distillation and adversarial training, gets one.
func TestTargetsAreDifferentiated(t *testing.T) {
	r := source()
	p := tensor.Recording(nil)
	defer p.End()
	x, target := p.Var(normal(r, 3, 4)), p.Var(normal(r, 3, 4))
	gs := tensor.Grad(MSE(x, target), x, target)
	fixture.Close(t, "gradient by the target", gs[1].Neg().Data(), gs[0].Data(), 1e-6)
}
