package nn

import (
	"math"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

func ones(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	Constant(x, 1)
	return x
}

func TestDropout(t *testing.T) {
	const n, prob = 100_000, .3
	x := ones(n)
	run := func() []tensor.Float {
		p := tensor.Training(source())
		defer p.End()
		return slices.Clone(Dropout{prob}.Forward(p.Input(x)).Data())
	}
	y := run()
	zeros := 0
	for _, v := range y {
		switch {
		case v == 0:
			zeros++
		case math.Abs(float64(v)-1/(1-prob)) > 1e-6:
			t.Fatalf("1 becomes %v, want 0 or %v", v, 1/(1-prob))
		}
	}
	// Five standard deviations of the binomial distribution.
	if d := math.Abs(float64(zeros) - n*prob); d > 5*math.Sqrt(n*prob*(1-prob)) {
		t.Errorf("%d of %d numbers are dropped, want about %v", zeros, n, n*prob)
	}
	if !slices.Equal(run(), y) {
		t.Error("the same seed drops other numbers")
	}
}

func TestDropout2DDropsChannels(t *testing.T) {
	const n, pixels, c = 40, 6, 50
	p := tensor.Training(source())
	defer p.End()
	y := Dropout2D{.5}.Forward(p.Input(ones(n, 2, 3, c))).Data()
	dropped := 0
	for i := range n {
		for ch := range c {
			first := y[i*pixels*c+ch]
			for at := range pixels {
				if v := y[(i*pixels+at)*c+ch]; v != first || v != 0 && v != 2 {
					t.Fatalf("pixel %d of channel %d of image %d is %v, the first is %v", at, ch, i, v, first)
				}
			}
			if first == 0 {
				dropped++
			}
		}
	}
	if d := math.Abs(float64(dropped) - n*c/2); d > 5*math.Sqrt(n*c)/2 {
		t.Errorf("%d of %d channels are dropped, want about half", dropped, n*c)
	}
}

// Whole examples are dropped, and their gradients with them.
func TestStochasticDepthDropsExamples(t *testing.T) {
	const n, size, prob = 2000, 12, .25
	p := tensor.Training(source())
	defer p.End()
	x := p.Var(ones(n, 2, 3, size/6))
	y := StochasticDepth{prob}.Forward(x)
	g := tensor.Grad(y.Sum(), x)[0].Data()
	dropped := 0
	for i := range n {
		first := y.Data()[i*size]
		for at := range size {
			v := y.Data()[i*size+at]
			if v != first || v != g[i*size+at] || v != 0 && math.Abs(float64(v)-1/(1-prob)) > 1e-6 {
				t.Fatalf("number %d of example %d is %v with gradient %v, the first is %v", at, i, v, g[i*size+at], first)
			}
		}
		if first == 0 {
			dropped++
		}
	}
	if d := math.Abs(float64(dropped) - n*prob); d > 5*math.Sqrt(n*prob*(1-prob)) {
		t.Errorf("%d of %d examples are dropped, want about %v", dropped, n, n*prob)
	}
}

func TestDropoutElsewhere(t *testing.T) {
	x := ones(4, 3)
	passes := map[string]*tensor.Pass{"inference": tensor.Inference(), "recording": tensor.Recording(source())}
	for name, p := range passes {
		in := p.Input(x)
		if (Dropout{.5}).Forward(in) != in || (Dropout2D{.5}).Forward(in) != in || (StochasticDepth{.5}).Forward(in) != in {
			t.Errorf("dropout in %s is not the identity", name)
		}
		p.End()
	}
	p := tensor.Training(source())
	defer p.End()
	in := p.Input(x)
	if (Dropout{}).Forward(in) != in {
		t.Error("dropout of probability 0 is not the identity")
	}
	if y := (Dropout{1}).Forward(in).Data(); slices.Max(y) != 0 || slices.Min(y) != 0 {
		t.Errorf("dropout of probability 1 = %v, want zeros", y)
	}
}

func TestEmbeddingPad(t *testing.T) {
	l := NewEmbedding(source(), 4, 2).Pad(1)
	if got := l.Weight.Data()[2:4]; got[0] != 0 || got[1] != 0 {
		t.Errorf("the vector of the padding = %v, want zeros", got)
	}
	p := tensor.Recording(nil)
	defer p.End()
	g := tensor.Grad(l.Forward(p, []int{1, 3, 1, 3}).Sum(), l.Weight)[0]
	if want := []tensor.Float{0, 0, 0, 0, 0, 0, 2, 2}; !slices.Equal(g.Data(), want) {
		t.Errorf("gradient = %v, want %v", g.Data(), want)
	}
}
