package nn

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/tensor"
)

// The running statistics move in training passes only, and not when frozen.
func TestBatchNormUpdates(t *testing.T) {
	x := normal(source(), 8, 2, 2, 3)
	tests := []struct {
		name   string
		pass   func() *tensor.Pass
		frozen bool
		moves  bool
	}{
		{"training", func() *tensor.Pass { return tensor.Training(source()) }, false, true},
		{"training, frozen", func() *tensor.Pass { return tensor.Training(source()) }, true, false},
		{"recording", func() *tensor.Pass { return tensor.Recording(nil) }, false, false},
		{"inference", tensor.Inference, false, false},
	}
	for _, test := range tests {
		l := NewBatchNorm(3)
		l.Frozen = test.frozen
		p := test.pass()
		y := l.Forward(p.Input(x))
		if moved := l.RunningMean.Data()[0] != 0; moved != test.moves {
			t.Errorf("%s: the running mean moved = %v, want %v", test.name, moved, test.moves)
		}
		if moved := l.RunningVar.Data()[0] != 1; moved != test.moves {
			t.Errorf("%s: the running variance moved = %v, want %v", test.name, moved, test.moves)
		}
		if !test.moves { // mean 0 and variance 1: nearly the identity
			want := slices.Clone(x.Data())
			for i := range want {
				want[i] /= tensor.Float(math.Sqrt(1 + 1e-5))
			}
			fixture.Close(t, test.name, y.Data(), want, 1e-6)
		}
		p.End()
	}
}

// Grad refuses tensors that were written after their use. A layer that is used several times in a pass, with its statistics moving
// between, must not run into that.
func TestBatchNormTwiceInAPass(t *testing.T) {
	r := source()
	l := NewBatchNorm(3)
	p := tensor.Training(r)
	defer p.End()
	l.Frozen = true
	x := p.Var(normal(r, 4, 3))
	a := l.Forward(x)
	l.Frozen = false
	b := l.Forward(p.Var(normal(r, 4, 3)))
	c := l.Forward(b)
	for i, g := range tensor.Grad(a.Add(b).Add(c).Square().Sum(), append(Params(l), x)...) {
		if !g.Finite() {
			t.Errorf("gradient %d is %v", i, g)
		}
	}
}

// A chain takes the ReLU behind some layers into theirs, with the same result, in fewer operations.
func TestChainTakesReLU(t *testing.T) {
	r := source()
	rows, images := normal(r, 6, 4), normal(r, 2, 5, 5, 4)
	relu := func(x *tensor.Tensor) *tensor.Tensor { return x.ReLU() } // not the function that a chain knows
	for name, l := range map[string]Layer{
		"linear": NewLinear(r, 4, 3), "batchnorm": NewBatchNorm(4), "conv2d": NewConv2D(r, 4, 3, 3, tensor.Conv{}),
	} {
		x := rows
		if name == "conv2d" {
			x = images
		}
		operations := func(c Chain) (y []tensor.Float, n int) {
			p := tensor.Training(r)
			defer p.End()
			out := c.Forward(p.Var(x))
			return slices.Clone(out.Data()), len(p.Operations())
		}
		want, many := operations(Chain{l, Func(relu), Func(Tanh)})
		got, few := operations(Chain{l, Func(ReLU), Func(Tanh)})
		fixture.Close(t, name, got, want, 1e-6)
		if few >= many {
			t.Errorf("%s: %d operations with a ReLU taken in, %d without", name, few, many)
		}
		p := tensor.Inference()
		fixture.Close(t, name+" without recording", Chain{l, Func(ReLU), Func(Tanh)}.Forward(p.Input(x)).Data(),
			Chain{l, Func(relu), Func(Tanh)}.Forward(p.Input(x)).Data(), 1e-6)
		p.End()
	}
}

// A chain takes a normalization, and a ReLU behind it, into a convolution, with the same result in every kind of pass.
func TestChainTakesNorm(t *testing.T) {
	r := source()
	x := normal(r, 2, 5, 5, 4)
	for name, bias := range map[string]bool{"with bias": true, "without": false} {
		conv, norm := NewConv2D(r, 4, 3, 3, tensor.Conv{Pad: 1}), NewBatchNorm(3)
		if !bias {
			conv.NoBias()
		}
		for _, w := range []*tensor.Tensor{norm.Weight, norm.Bias, norm.RunningMean, norm.RunningVar} {
			Uniform(r, w, .5, 1.5)
		}
		for relu, c := range map[string]Chain{"": {conv, norm}, " and ReLU": {conv, norm, Func(ReLU)}} {
			for kind, begin := range map[string]func() *tensor.Pass{
				"training":  func() *tensor.Pass { return tensor.Training(r) },
				"recording": func() *tensor.Pass { return tensor.Recording(r) },
				"inference": tensor.Inference,
			} {
				p := begin()
				want := norm.Forward(conv.Forward(p.Input(x)))
				if len(c) == 3 {
					want = want.ReLU()
				}
				got := append(c, Func(Tanh)).Forward(p.Input(x))
				fixture.Close(t, fmt.Sprint(kind, " ", name, relu), got.Data(), want.Tanh().Data(), 1e-6)
				p.End()
			}
		}
	}
}

// The variance is taken about the mean: a large mean does not drown it.
func TestNormsOfLargeMean(t *testing.T) {
	r := source()
	x := tensor.New(2, 4, 4, 4)
	Uniform(r, x, 0, 1)
	for i := range x.Edit() {
		x.Data()[i] = tensor.Float(math.Round(float64(x.Data()[i]) * 8)) // whole numbers, which a shift leaves exact
	}
	shifted := x.Clone()
	for i := range shifted.Edit() {
		shifted.Data()[i] += 1 << 16
	}
	for name, l := range map[string]Layer{
		"batchnorm": NewBatchNorm(4), "layernorm": NewLayerNorm(4), "groupnorm": NewGroupNorm(2, 4),
		"instancenorm": NewInstanceNorm(),
	} {
		p := tensor.Training(r)
		fixture.Close(t, name, l.Forward(p.Input(shifted)).Data(), l.Forward(p.Input(x)).Data(), 2e-2)
		p.End()
	}
}

// Any number of inference passes share one model, which they only read.
func TestInferenceAtOnce(t *testing.T) {
	r := source()
	net := Chain{
		NewConv2D(r, 3, 4, 3, tensor.Conv{Pad: 1}), NewBatchNorm(4), NewPReLU(4), NewGroupNorm(2, 4), NewInstanceNormAffine(4),
		Dropout{.5}, NewLayerNorm(4), NewRMSNorm(4), Func(GELU), Func(GlobalAvgPool), NewLinear(r, 4, 2),
	}
	x := normal(r, 2, 5, 5, 3)
	ys := make([][]tensor.Float, 4)
	var all sync.WaitGroup
	for i := range ys {
		all.Go(func() {
			p := tensor.Inference()
			defer p.End()
			ys[i] = slices.Clone(net.Forward(p.Input(x)).Data())
		})
	}
	all.Wait()
	for _, y := range ys {
		if !slices.Equal(y, ys[0]) {
			t.Errorf("passes at once give %v and %v", ys[0], y)
		}
	}
}
