package nn

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/tensor"
)

// torchWeights are the layers of the cases in norms.safetensors whose weights are made of others.
var torchWeights = func() map[string]Layer {
	layers := map[string]Layer{}
	up := tensor.Conv{Stride: 2, Pad: 1, OutputPad: 1}
	for name, inner := range map[string]func() Weighted{
		"linear":           func() Weighted { return NewLinear(source(), 5, 4) },
		"conv1d":           func() Weighted { return NewConv1D(source(), 3, 4, 3, tensor.Conv{Stride: 2, Pad: 1}) },
		"conv2d":           func() Weighted { return NewConv2D(source(), 2, 3, 3, tensor.Conv{Pad: 1}) },
		"conv2d_groups":    func() Weighted { return NewConv2D(source(), 4, 6, 3, tensor.Conv{Groups: 2}).NoBias() },
		"conv_transpose1d": func() Weighted { return NewConvTranspose1D(source(), 3, 4, 3, up) },
		"conv_transpose2d": func() Weighted { return NewConvTranspose2D(source(), 3, 2, 3, up) },
	} {
		layers["weight_norm_"+name] = NewWeightNorm(inner())
		layers["spectral_norm_"+name] = NewSpectralNorm(source(), inner())
		if !strings.HasPrefix(name, "conv_transpose") {
			layers["weight_standardization_"+name] = NewWeightStandardization(inner())
		}
	}
	return layers
}()

// torchNorms are normalizations in forms that nn.safetensors does not have.
var torchNorms = map[string]Layer{
	"batchnorm_sequence": NewBatchNorm(3),
	"batchnorm_volume":   withBatchNorm(NewBatchNorm(2), func(l *BatchNorm) { l.Weight, l.Bias = nil, nil }),
	"layernorm_no_bias":  &LayerNorm{Weight: tensor.Param(5), Eps: 1e-5},
	"layernorm_bare":     &LayerNorm{Eps: 1e-5},
	"groupnorm_one":      NewGroupNorm(1, 4),
	"groupnorm_bare":     &GroupNorm{Groups: 2, Eps: 1e-5},
	"rmsnorm_bare":       &RMSNorm{Eps: 0x1p-23},
}

func TestNormsAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "norms.safetensors")
	for name, layer := range torchNorms {
		t.Run(name, func(t *testing.T) { torchCase{t, f, name}.layer(layer) })
	}
	for _, name := range f.Names() {
		name, _, _ = strings.Cut(name, "/")
		if torchNorms[name] == nil && torchWeights[name] == nil && name != "init" {
			t.Errorf("no test for case %s", name)
		}
	}
}

// Three steps of training and one of evaluation, with first derivatives and with second ones by the parameters.
func TestWeightsAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "norms.safetensors")
	for name, layer := range torchWeights {
		t.Run(name, func(t *testing.T) {
			c := torchCase{t, f, name}
			leaves := c.load(layer)
			for _, step := range []string{"0", "1", "2", "eval"} {
				c.step(step, layer, leaves)
			}
		})
	}
}

// step runs a step of training, or of evaluation, and compares it.
func (c torchCase) step(step string, layer Layer, leaves []Leaf) {
	c.t.Helper()
	p := tensor.Training(source())
	if step == "eval" {
		p = tensor.Recording(nil)
	}
	defer p.End()
	x := p.Var(c.tensor("x"))
	y := layer.Forward(x)
	c.close(step+"/y", y)
	wanted := append([]*tensor.Tensor{x}, Params(layer)...)
	s := y.Mul(upstream(y)).Sum()
	gs := tensor.Grad(s, wanted...)
	graph := tensor.GradGraph(s, x)[0]
	second := tensor.Grad(graph.Square().Sum().Scale(.5), wanted...)
	c.close(step+"/grad_x", gs[0])
	c.close(step+"/grad_x", graph)
	for _, l := range leaves {
		i := slices.Index(wanted, l.Tensor)
		switch {
		case l.Buffer:
			c.leaf(step+"/after", l, l.Tensor)
			continue
		case c.f.Has(c.name + "/" + step + "/second/" + l.Name):
			c.leaf(step+"/second", l, second[i])
		case second[i] != nil:
			c.t.Errorf("the gradient by x depends on %s, for PyTorch it does not", l.Name)
		}
		c.leaf(step+"/grad", l, gs[i])
	}
	if step != "eval" {
		for i, w := range wanted[1:] {
			w.AddScaled(gs[i+1], -.01)
		}
	}
}

// Right after it is made, a layer with weight normalization does what it did before, and its file loads into another.
func TestWeightNormBeginsAsTheLayer(t *testing.T) {
	r := source()
	plain := NewConv2D(r, 3, 4, 3, tensor.Conv{Pad: 1})
	x := normal(r, 2, 5, 5, 3)
	p := tensor.Inference()
	defer p.End()
	want := plain.Forward(p.Input(x))
	l := NewWeightNorm(plain)
	fixture.Close(t, "y", l.Forward(p.Input(x)).Data(), want.Data(), 1e-5)

	var file bytes.Buffer
	if err := Save(&file, l); err != nil {
		t.Fatal(err)
	}
	other := NewWeightNorm(NewConv2D(r, 3, 4, 3, tensor.Conv{Pad: 1}))
	if err := Load(bytes.NewReader(file.Bytes()), int64(file.Len()), other); err != nil {
		t.Fatal(err)
	}
	fixture.Close(t, "y", other.Forward(p.Input(x)).Data(), want.Data(), 1e-5)
}

// Initializations of a whole model pass over the lengths of WeightNorm.
func TestApplyPassesOverLengths(t *testing.T) {
	l := NewWeightNorm(NewLinear(source(), 3, 2))
	before := slices.Clone(l.G.Data())
	Apply(l, func(w *tensor.Tensor) { Constant(w, 7) })
	if v, _ := l.Weighted.weight(); v.Data()[0] != 7 || !slices.Equal(l.G.Data(), before) {
		t.Errorf("Apply made the directions %v and the lengths %v of %v", v, l.G, before)
	}
}

// The power method of the training passes finds the greatest singular value, here 3 of a diagonal matrix; passes that do not train
// leave the vectors alone.
func TestSpectralNormFindsTheNorm(t *testing.T) {
	r := source()
	inner := NewLinear(r, 4, 3).NoBias()
	l := NewSpectralNorm(r, inner)
	copy(inner.Weight.Edit(), []tensor.Float{0, 0, 2, 0, 1, 0, 0, 0, 0, -3, 0, 0})
	norm := func(begin func() *tensor.Pass) float64 {
		p := begin()
		defer p.End()
		y := l.Forward(p.Input(tensor.Of([]tensor.Float{0, 1, 0, 0}, 1, 4)))
		return math.Abs(float64(y.Data()[2]))
	}
	for range 60 {
		norm(func() *tensor.Pass { return tensor.Training(r) })
	}
	u, v := slices.Clone(l.U.Data()), slices.Clone(l.V.Data())
	for kind, begin := range map[string]func() *tensor.Pass{
		"inference": tensor.Inference, "recording": func() *tensor.Pass { return tensor.Recording(r) },
	} {
		if got := norm(begin); math.Abs(got-1) > 1e-5 {
			t.Errorf("%s: the greatest singular value is %v, want 1", kind, got)
		}
		if !slices.Equal(l.U.Data(), u) || !slices.Equal(l.V.Data(), v) {
			t.Errorf("%s moved the singular vectors", kind)
		}
	}
}

// A discriminator sees real and generated data in one pass: the singular vectors move between, and the gradients are had all the
// same.
func TestSpectralNormTwiceInAPass(t *testing.T) {
	r := source()
	net := Chain{
		NewSpectralNorm(r, NewConv2D(r, 2, 4, 3, tensor.Conv{})), LeakyReLU(.2), Func(GlobalAvgPool),
		NewSpectralNorm(r, NewLinear(r, 4, 1)),
	}
	p := tensor.Training(r)
	defer p.End()
	a, b := net.Forward(p.Input(normal(r, 2, 5, 5, 2))), net.Forward(p.Input(normal(r, 2, 5, 5, 2)))
	for i, g := range tensor.Grad(a.Sub(b).Square().Sum(), Params(net)...) {
		if g == nil || !g.Finite() {
			t.Errorf("gradient %d is %v", i, g)
		}
	}
}
