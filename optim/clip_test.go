package optim_test

import (
	"errors"
	"math"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// gradients returns the first gradients of the fixture times scale, on the heap or in a pass.
func gradients(t *testing.T, f *fixture.File, p *tensor.Pass, scale tensor.Float) []*tensor.Tensor {
	t.Helper()
	var grads []*tensor.Tensor
	for _, n := range names {
		x := f.Tensor(t, "grads/"+n)
		width := x.Len() / 20
		g := tensor.Of(x.Data()[:width], x.Shape()[1:]...)
		for i := range g.Edit() {
			g.Edit()[i] *= scale
		}
		if p != nil {
			g = p.Input(g)
		}
		grads = append(grads, g)
	}
	return append(grads, nil)
}

func TestClip(t *testing.T) {
	f := fixture.Open(t, "optim.safetensors")
	p := tensor.Inference()
	defer p.End()
	for _, c := range []struct {
		name  string
		scale tensor.Float
		clip  func([]*tensor.Tensor) float64
	}{
		{"clip_large", 1, func(gs []*tensor.Tensor) float64 { return optim.ClipNorm(gs, 1.5) }},
		{"clip_small", 1e-4, func(gs []*tensor.Tensor) float64 { return optim.ClipNorm(gs, 1.5) }},
		{"clip_value", 1, func(gs []*tensor.Tensor) float64 { optim.ClipValue(gs, 0.5); return 0 }},
	} {
		for _, in := range []*tensor.Pass{nil, p} {
			grads := gradients(t, f, in, c.scale)
			norm := c.clip(grads)
			if f.Has(c.name + "/norm") {
				fixture.Close(t, c.name, []tensor.Float{tensor.Float(norm)}, f.Tensor(t, c.name+"/norm").Data(), 1e-6)
			}
			for i, n := range names {
				fixture.Close(t, c.name+"/"+n, grads[i].Data(), f.Tensor(t, c.name+"/"+n).Data(), 1e-6)
			}
			if grads[3] != nil {
				t.Errorf("%s made %v of a nil gradient", c.name, grads[3])
			}
		}
	}
}

// Clipping leaves alone what it cannot mend, and what needs no mending.
func TestClipNormKeeps(t *testing.T) {
	nan, inf := tensor.Float(math.NaN()), tensor.Float(math.Inf(1))
	for _, c := range []struct {
		g    []tensor.Float
		want float64
	}{
		{[]tensor.Float{0, 0}, 0},
		{[]tensor.Float{3, 4}, 5},
		{[]tensor.Float{1, inf}, math.Inf(1)},
		{[]tensor.Float{1, nan}, math.NaN()},
	} {
		p := tensor.Inference()
		g := p.Values(c.g, 2)
		grads := []*tensor.Tensor{g}
		if got := optim.ClipNorm(grads, 6); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("ClipNorm(%v) = %v, want %v", c.g, got, c.want)
		}
		if grads[0] != g {
			t.Errorf("ClipNorm(%v) replaced the gradient by %v", c.g, grads[0])
		}
		p.End()
	}
}

// Squares that float32 cannot hold are summed all the same.
func TestNormOfLargeNumbers(t *testing.T) {
	if got, want := optim.Norm([]*tensor.Tensor{tensor.Of([]tensor.Float{3e30, 4e30}, 2)}), 5e30; math.Abs(got/want-1) > 1e-6 {
		t.Errorf("Norm(3e30, 4e30) = %v, want %v", got, want)
	}
}

func TestFinite(t *testing.T) {
	ok := tensor.Of([]tensor.Float{1, 2, 3}, 3)
	if err := optim.Finite([]*tensor.Tensor{nil, ok}); err != nil {
		t.Errorf("Finite of finite gradients is %v", err)
	}
	bad := tensor.Of([]tensor.Float{1, tensor.Float(math.Inf(-1)), tensor.Float(math.NaN())}, 3)
	err := optim.Finite([]*tensor.Tensor{nil, ok, bad})
	var at optim.NotFinite
	if !errors.As(err, &at) || at.Param != 2 || at.Element != 1 {
		t.Errorf("Finite = %#v, want parameter 2, element 1", err)
	}
	if want := "gradient 2 is not finite: element 1 is -Inf"; err == nil || err.Error() != want {
		t.Errorf("Finite says %q, want %q", err, want)
	}
}
