package nn

import (
	"math"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
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
	const tanh = 1.5925374197228312 // not the 5/3 of GainTanh
	tests := []struct {
		name string
		f    func(z float64) float64
		want float64
	}{
		{"linear", func(z float64) float64 { return z }, GainLinear},
		{"ReLU", func(z float64) float64 { return max(z, 0) }, GainReLU},
		{"leaky ReLU", func(z float64) float64 { return max(z, .2*z) }, GainLeakyReLU(.2)},
		{"tanh", math.Tanh, tanh},
		{"ELU", func(z float64) float64 {
			if z < 0 {
				return math.Expm1(z)
			}
			return z
		}, GainELU},
		{"GELU", func(z float64) float64 { return z * math.Erfc(-z/math.Sqrt2) / 2 }, GainGELU},
		{"SiLU", func(z float64) float64 { return z / (1 + math.Exp(-z)) }, GainSiLU},
		{"Mish", func(z float64) float64 { return z * math.Tanh(math.Log1p(math.Exp(z))) }, GainMish},
	}
	for _, test := range tests {
		if got := Gain(test.f); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("Gain of %s = %.16g, want %.16g", test.name, got, test.want)
		}
	}
}

// The gains keep the mean square of a signal, measured with the activations themselves.
func TestGainsKeepTheSignal(t *testing.T) {
	x := normal(source(), 256, 256)
	for name, test := range map[string]struct {
		f    Func
		gain tensor.Float
	}{"ELU": {ELU(1), GainELU}, "GELU": {GELU, GainGELU}, "SiLU": {SiLU, GainSiLU}, "Mish": {Mish, GainMish}} {
		if got := test.f(x).Scale(test.gain).Square().Mean().Item(); math.Abs(float64(got)-1) > .04 {
			t.Errorf("%s: the mean square is %v behind it, want 1", name, got)
		}
	}
}

func TestIdentityAndDirac(t *testing.T) {
	f := fixture.Open(t, "norms.safetensors")
	one, two := func(w *tensor.Tensor) { Dirac(w, 1) }, func(w *tensor.Tensor) { Dirac(w, 2) }
	for name, init := range map[string]struct {
		leaf Leaf
		f    func(w *tensor.Tensor)
	}{
		"identity_wide": {Leaf{Tensor: tensor.Param(3, 5)}, Identity},
		"identity_tall": {Leaf{Tensor: tensor.Param(4, 2)}, Identity},
		"dirac_conv1d":  {Leaf{Tensor: tensor.Param(4, 2, 3), Order: []int{2, 1, 0}}, one},
		"dirac_conv2d":  {Leaf{Tensor: tensor.Param(3, 5, 3, 2), Order: []int{3, 2, 0, 1}}, one},
		"dirac_groups":  {Leaf{Tensor: tensor.Param(3, 3, 2, 6), Order: []int{3, 2, 0, 1}}, two},
	} {
		Constant(init.leaf.Tensor, 7)
		init.f(init.leaf.Tensor)
		got, want := init.leaf.Tensor.Data(), init.leaf.fromTorch(f.Tensor(t, "init/"+name).Data())
		if !slices.Equal(got, want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

func TestSparse(t *testing.T) {
	w := tensor.Param(41, 300)
	Sparse(source(), w, .3, 2)
	for j := range 300 {
		zeros := 0
		for i := range 41 {
			if w.Data()[i*300+j] == 0 {
				zeros++
			}
		}
		if zeros != 13 { // 12.3, rounded up
			t.Fatalf("input %d has %d zero weights, want 13", j, zeros)
		}
	}
	if _, deviation, _ := moments(w); math.Abs(deviation/(2*math.Sqrt(28./41))-1) > .04 {
		t.Errorf("deviation %.4f, want %.4f", deviation, 2*math.Sqrt(28./41))
	}
}

// Every layer's output before its activation has variance 1 afterwards, whatever operation makes it. Layers that are frozen, or
// whose weight is made of others, stay.
func TestLSUV(t *testing.T) {
	r := source()
	frozen, spectral := NewLinear(r, 6, 6), NewLinear(r, 6, 6)
	Freeze(frozen)
	kept := slices.Concat(frozen.Weight.Data(), spectral.Weight.Data())
	up, along := NewConvTranspose2D(r, 6, 6, 2, tensor.Conv{Stride: 2}), NewConv1D(r, 6, 5, 3, tensor.Conv{Pad: 1})
	Constant(up.Bias, 0) // the other layers keep theirs
	Constant(along.Bias, 0)
	net := Chain{
		NewConv2D(r, 2, 8, 3, tensor.Conv{Pad: 1}), Func(ReLU),
		NewConv2D(r, 8, 6, 3, tensor.Conv{Stride: 2}), NewBatchNorm(6), Func(ReLU),
		up, Func(Tanh), frozen, NewSpectralNorm(r, spectral),
		Func(func(x *tensor.Tensor) *tensor.Tensor { return x.Reshape(x.Dim(0), -1, 6) }),
		along, Func(GELU), NewLinear(r, 5, 10), Func(ReLU), NewLinear(r, 10, 3).NoBias(),
	}
	x := normal(r, 8, 7, 7, 2)
	LSUV(r, net, func(p *tensor.Pass) { net.Forward(p.Input(x)) })
	if !slices.Equal(slices.Concat(frozen.Weight.Data(), spectral.Weight.Data()), kept) {
		t.Error("a frozen weight or one that another is made of changed")
	}
	p := tensor.Inference()
	defer p.End()
	for i, l := range net {
		if _, ok := l.(Weighted); !ok || l == Layer(frozen) {
			continue
		}
		var y []float64
		for _, v := range net[:i+1].Forward(p.Input(x)).Data() {
			y = append(y, float64(v))
		}
		if v := variance(y); math.Abs(v-1) > .011 {
			t.Errorf("layer %d gives numbers of variance %v, want 1", i, v)
		}
	}
	last := p.Input(net[len(net)-1].(*Linear).Weight)
	gram := last.MatMulT(last).Data() // 3×3, of the rows
	for i, v := range gram {
		want := gram[0]
		if i%4 != 0 {
			want = 0
		}
		if math.Abs(float64(v-want)) > 1e-5*float64(gram[0]) {
			t.Errorf("product %d of the last weight's rows is %v, want %v", i, v, want)
		}
	}
}
