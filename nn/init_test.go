package nn

import (
	"math"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

// moments returns mean, standard deviation and greatest magnitude.
func moments(w *tensor.Tensor) (mean, deviation, greatest float64) {
	n := float64(w.Len())
	for _, v := range w.Data() {
		mean += float64(v) / n
		greatest = max(greatest, math.Abs(float64(v)))
	}
	for _, v := range w.Data() {
		deviation += (float64(v) - mean) * (float64(v) - mean) / n
	}
	return mean, math.Sqrt(deviation), greatest
}

func TestFans(t *testing.T) {
	tests := []struct {
		shape   []int
		in, out int
	}{
		{[]int{7, 5}, 5, 7},
		{[]int{3, 4, 8}, 12, 24},
		{[]int{3, 2, 4, 8}, 24, 48},
	}
	for _, test := range tests {
		if in, out := Fans(tensor.Param(test.shape...)); in != test.in || out != test.out {
			t.Errorf("Fans(%v) = %d, %d, want %d, %d", test.shape, in, out, test.in, test.out)
		}
	}
}

func TestInitializationVariances(t *testing.T) {
	r := source()
	root3 := math.Sqrt(3)
	// For a kernel of 3×3 with 20 channels in and 40 out: fans of 180 and 360.
	tests := []struct {
		name      string
		init      func(w *tensor.Tensor)
		deviation float64
		bound     float64 // 0: none
	}{
		{"XavierUniform", func(w *tensor.Tensor) { XavierUniform(r, w, 3) }, math.Sqrt(18. / 540), math.Sqrt(54. / 540)},
		{"XavierNormal", func(w *tensor.Tensor) { XavierNormal(r, w, 1) }, math.Sqrt(2. / 540), 0},
		{"HeUniform", func(w *tensor.Tensor) { HeUniform(r, w, FanIn, 0) }, math.Sqrt(2. / 180), math.Sqrt(6. / 180)},
		{"HeNormal", func(w *tensor.Tensor) { HeNormal(r, w, FanOut, .5) }, math.Sqrt(2. / 1.25 / 360), 0},
		{"LeCunNormal", func(w *tensor.Tensor) { LeCunNormal(r, w) }, math.Sqrt(1. / 180), 0},
		{"LeCunUniform", func(w *tensor.Tensor) { LeCunUniform(r, w) }, math.Sqrt(1. / 180), math.Sqrt(3. / 180)},
		{"TruncatedNormal", func(w *tensor.Tensor) { TruncatedNormal(r, w, 0, .5) }, .5 * .8796256610342398, 1},
		{"Normal", func(w *tensor.Tensor) { Normal(r, w, 0, 2) }, 2, 0},
		{"Uniform", func(w *tensor.Tensor) { Uniform(r, w, -1, 1) }, 1 / root3, 1},
		{"default", func(w *tensor.Tensor) { defaultInit(r, w, nil) }, 1 / math.Sqrt(180) / root3, 1 / math.Sqrt(180)},
	}
	for _, test := range tests {
		w := tensor.Param(3, 3, 20, 40)
		test.init(w)
		mean, deviation, greatest := moments(w)
		// 7200 draws: five deviations of their mean, and of their deviation, are 6 and 4 percent.
		if math.Abs(mean) > .06*test.deviation || math.Abs(deviation/test.deviation-1) > .04 {
			t.Errorf("%s: mean %.4f and deviation %.4f, want 0 and %.4f", test.name, mean, deviation, test.deviation)
		}
		if b := test.bound; b > 0 && (greatest > b*(1+1e-6) || greatest < .98*b) {
			t.Errorf("%s: greatest magnitude %.4f, want just under %.4f", test.name, greatest, b)
		}
		if b := 3 * test.deviation; test.bound == 0 && greatest < b {
			t.Errorf("%s: greatest magnitude %.4f, a normal distribution has some beyond %.4f", test.name, greatest, b)
		}
	}
}

func TestDefaultInitOfLayers(t *testing.T) {
	r := source()
	conv := NewConv2D(r, 8, 64, 3, tensor.Conv{Groups: 2})
	up := NewConvTranspose2D(r, 64, 8, 3, tensor.Conv{Groups: 2})
	linear := NewLinear(r, 36, 500)
	for name, w := range map[string]*tensor.Tensor{
		"conv": conv.Weight, "conv bias": conv.Bias, "transposed": up.Weight, "linear": linear.Weight,
		"linear bias": linear.Bias,
	} {
		const bound = 1. / 6 // each fan is 36, that of the transposed one as PyTorch counts it
		if _, _, greatest := moments(w); greatest > bound || greatest < .9*bound {
			t.Errorf("%s: greatest magnitude %.4f, want just under %.4f", name, greatest, bound)
		}
	}
}

func TestOrthogonal(t *testing.T) {
	r := source()
	for _, shape := range [][]int{{4, 9}, {9, 4}, {5, 5}, {3, 3, 2, 6}, {1, 2, 2, 9}, {3, 2, 4}} {
		w := tensor.Param(shape...)
		Orthogonal(r, w, 2)
		// As a matrix with the outputs in front, as PyTorch has it.
		matrix := w.Clone()
		if len(shape) > 2 {
			matrix = matrix.Reshape(-1, w.Dim(-1)).T()
		}
		gram := matrix.MatMulT(matrix)
		if matrix.Dim(0) > matrix.Dim(1) {
			gram = matrix.TMatMul(matrix)
		}
		n := gram.Dim(0)
		for i, v := range gram.Data() {
			want := 0.0
			if i/n == i%n {
				want = 4 // the square of the gain
			}
			if math.Abs(float64(v)-want) > 1e-5 {
				t.Errorf("%v: product %d·%d of the vectors = %v, want %v", shape, i/n, i%n, v, want)
			}
		}
	}
}

func TestApply(t *testing.T) {
	net := testNetwork()
	Apply(net, func(w *tensor.Tensor) { Constant(w, 7) })
	for l := range Leaves(net) {
		if isSeven := l.Tensor.Data()[0] == 7; isSeven != (l.Tensor.Rank() >= 2) {
			t.Errorf("%s of shape %v was initialized: %v", l.Name, l.Tensor.Shape(), isSeven)
		}
	}
}

func TestGains(t *testing.T) {
	if got, want := GainLeakyReLU(0), GainReLU; math.Abs(got-want) > 1e-15 {
		t.Errorf("GainLeakyReLU(0) = %v, want that of ReLU, %v", got, want)
	}
	if got, want := GainLeakyReLU(math.Sqrt(5)), 1/math.Sqrt(3); math.Abs(got-want) > 1e-15 {
		t.Errorf("GainLeakyReLU(√5) = %v, want %v", got, want)
	}
}

// Through identities goes what comes in.
func TestIdentity(t *testing.T) {
	p := tensor.Inference()
	defer p.End()
	x := p.Input(tensor.Of([]tensor.Float{1, 2, 3, 4, 5, 6, 7, 8}, 1, 2, 2, 2))
	l := NewLinear(source(), 2, 3).NoBias()
	Identity(l.Weight, 2)
	c := NewConv2D(source(), 2, 3, 3, tensor.Conv{Pad: 1}).NoBias()
	Identity(c.Weight, 2)
	for name, y := range map[string]*tensor.Tensor{"a matrix": l.Forward(x), "a kernel": c.Forward(x)} {
		for i, v := range x.Data() {
			if got := y.Data()[i/2*3+i%2]; got != 2*v {
				t.Errorf("%s gives %v for %v", name, got, v)
			}
		}
	}
}

// Behind LSUV every layer gives variance 1, whatever stands between.
func TestLSUV(t *testing.T) {
	r := source()
	net := []*Linear{NewLinear(r, 20, 50), NewLinear(r, 50, 50), NewLinear(r, 50, 10)}
	x := tensor.New(200, 20)
	Normal(r, x, 1, 3)
	var variances []float64
	forward := func(p *tensor.Pass, see func(w, y *tensor.Tensor)) {
		h := p.Input(x)
		for _, l := range net {
			h = l.Forward(h)
			see(l.Weight, h)
			h = h.ReLU()
		}
	}
	LSUV(r, forward)
	p := tensor.Inference()
	defer p.End()
	forward(p, func(_, y *tensor.Tensor) {
		_, deviation, _ := moments(y.Clone())
		variances = append(variances, deviation*deviation)
	})
	for i, v := range variances {
		if math.Abs(v-1) > .03 {
			t.Errorf("layer %d gives variance %.3f", i, v)
		}
	}
}
