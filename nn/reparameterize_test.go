package nn

import (
	"math"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// channelsLast brings a kernel from PyTorch's layout to ours, and a vector of In·K… from its order to ours.
func channelsLast(w *tensor.Tensor) *tensor.Tensor {
	if w.Rank() != 4 {
		return w
	}
	p := tensor.Inference()
	defer p.End()
	return p.Input(w).Permute(2, 3, 1, 0).Clone()
}

func TestReparameterizations(t *testing.T) {
	f := fixture.Open(t, "reparameterize.safetensors")
	for _, layer := range []string{"linear", "conv"} {
		build := func(kind string) (l Weighted, weight, bias *tensor.Tensor) {
			c := kind + "_" + layer + "/"
			weight, bias = channelsLast(f.Tensor(t, c+"weight")), f.Tensor(t, c+"bias")
			weight.Track(true)
			bias.Track(true)
			if layer == "linear" {
				return &Linear{weight, bias}, weight, bias
			}
			return &Conv2D{weight, bias, tensor.Conv{Pad: 1}}, weight, bias
		}
		check := func(kind string, net Layer, wanted map[string]*tensor.Tensor) {
			t.Helper()
			c := kind + "_" + layer + "/"
			p := tensor.Training(source())
			defer p.End()
			x := p.Var(f.Tensor(t, c+"x"))
			y := net.Forward(x)
			fixture.Close(t, c+"y", y.Data(), f.Tensor(t, c+"y").Data(), tolerance)
			up := p.Empty(y.Shape()...)
			for i := range up.Data() {
				up.Data()[i] = tensor.Float((7*i)%11-5) / 4
			}
			loss := y.Mul(up).Sum()
			fixture.Close(t, c+"grad_x", tensor.Grad(loss, x)[0].Data(), f.Tensor(t, c+"grad_x").Data(), tolerance)
			for name, w := range wanted {
				got := tensor.Grad(loss, w)[0].Data()
				fixture.Close(t, c+"grad_"+name, got, channelsLast(f.Tensor(t, c+"grad_"+name)).Data(), tolerance)
			}
		}

		l, weight, bias := build("weight")
		wn := NewWeightNorm(l)
		p := tensor.Inference()
		x := p.Input(f.Tensor(t, "weight_"+layer+"/x"))
		fixture.Close(t, "unchanged at first", wn.Forward(x).Data(), l.Forward(x).Data(), tolerance)
		p.End()
		wn.G.Set(f.Tensor(t, "weight_"+layer+"/g"))
		check("weight", wn, map[string]*tensor.Tensor{"weight": weight, "bias": bias, "g": wn.G})

		l, weight, bias = build("standard")
		check("standard", NewWeightStandardization(l), map[string]*tensor.Tensor{"weight": weight, "bias": bias})

		l, weight, bias = build("spectral")
		sn := NewSpectralNorm(source(), l)
		v := f.Tensor(t, "spectral_"+layer+"/v")
		if layer == "conv" { // in PyTorch's order In·K·K
			v = channelsLast(tensor.Of(v.Data(), 1, 2, 3, 3))
		}
		sn.V.Set(tensor.Of(v.Data(), v.Len()))
		p = tensor.Training(source())
		x = p.Input(f.Tensor(t, "spectral_"+layer+"/x"))
		sn.Forward(x)
		sn.Forward(x)
		p.End()
		check("spectral", sn, map[string]*tensor.Tensor{"weight": weight, "bias": bias})
		fixture.Close(t, "u", sn.U.Data(), f.Tensor(t, "spectral_"+layer+"/after_u").Data(), tolerance)
		p = tensor.Inference()
		y := sn.Forward(p.Input(f.Tensor(t, "spectral_"+layer+"/x")))
		fixture.Close(t, "eval", y.Data(), f.Tensor(t, "spectral_"+layer+"/eval_y").Data(), tolerance)
		p.End()
	}
}

// The norm of the gradient of a layer under spectral normalization can be differentiated: by finite differences.
func TestSpectralNormSecondDerivative(t *testing.T) {
	r := source()
	net := NewSpectralNorm(r, NewLinear(r, 4, 3))
	w := net.Layer.Kernel()
	x := tensor.New(5, 4)
	Normal(r, x, 0, 1)
	penalty := func(p *tensor.Pass) *tensor.Tensor {
		v := p.Var(x)
		y := net.Forward(v).Tanh().Sum()
		return tensor.GradGraph(y, v)[0].Square().Sum()
	}
	p := tensor.Recording(nil) // no power iteration: the vectors are constants
	grad := tensor.Grad(penalty(p), w)[0].Clone()
	p.End()
	step, limit := 1e-2, 2e-2
	if kernel.FloatBytes == 8 {
		step, limit = 1e-5, 1e-7
	}
	value := func() float64 {
		p := tensor.Recording(nil)
		defer p.End()
		return float64(penalty(p).Item())
	}
	for i := range w.Edit() {
		before := w.Data()[i]
		w.Edit()[i] = before + tensor.Float(step)
		up := value()
		w.Edit()[i] = before - tensor.Float(step)
		down := value()
		w.Edit()[i] = before
		if got, want := float64(grad.Data()[i]), (up-down)/(2*step); math.Abs(got-want) > limit*(1+math.Abs(want)) {
			t.Errorf("element %d: %v, finite differences say %v", i, got, want)
		}
	}
}
