package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

// source returns a random source that always begins alike.
func source() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// normal returns a heap tensor of normal numbers.
func normal(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	Normal(r, x, 0, 1)
	return x
}

// double tells whether the build computes in double precision.
func double() bool {
	_, ok := any(tensor.Float(0)).(float64)
	return ok
}

// mustPanic checks that f panics with a message that contains want.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic = %q, want one with %q", got, want)
		}
	}()
	f()
}

type block struct {
	Conv1      *Conv2D
	BN1        *BatchNorm
	Downsample Chain
}

type network struct {
	Embedding *Embedding `nn:"wte"`
	Layer1    []*block
	Heads     map[string]int // no tensors: passed over
	RNN       struct{ WeightIH, BiasHH *tensor.Tensor }
	Body      Layer `nn:",buffer"`
	*Linear
	Tied   *tensor.Tensor
	hidden *tensor.Tensor
}

func testNetwork() *network {
	r := source()
	n := &network{Embedding: NewEmbedding(r, 5, 4), Linear: NewLinear(r, 4, 3), Body: NewPReLU(1)}
	n.hidden = tensor.New(1)
	n.Layer1 = []*block{
		{Conv1: NewConv2D(r, 1, 2, 3, tensor.Conv{}).NoBias(), BN1: NewBatchNorm(2)},
		{Conv1: NewConv2D(r, 2, 2, 1, tensor.Conv{}), Downsample: Chain{Func(ReLU), NewLinear(r, 2, 2).NoBias()}},
	}
	n.RNN.WeightIH, n.RNN.BiasHH = tensor.Param(2, 2), tensor.Param(2)
	n.Tied = n.Embedding.Weight
	return n
}

func TestLeaves(t *testing.T) {
	net := testNetwork()
	var got []string
	for l := range Leaves(net) {
		s := fmt.Sprint(l.Name, l.Tensor.Shape(), l.Order)
		if l.Buffer {
			s += " buffer"
		}
		got = append(got, s)
	}
	want := []string{
		"wte.weight[5 4] []",
		"layer1.0.conv1.weight[3 3 1 2] [3 2 0 1]",
		"layer1.0.bn1.weight[2] []",
		"layer1.0.bn1.bias[2] []",
		"layer1.0.bn1.running_mean[2] [] buffer",
		"layer1.0.bn1.running_var[2] [] buffer",
		"layer1.1.conv1.weight[1 1 2 2] [3 2 0 1]",
		"layer1.1.conv1.bias[2] []",
		"layer1.1.downsample.1.weight[2 2] []",
		"rnn.weight_ih[2 2] []",
		"rnn.bias_hh[2] []",
		"body.weight[1] [] buffer",
		"weight[3 4] []",
		"bias[3] []",
	}
	if !slices.Equal(got, want) {
		t.Errorf("Leaves = %q\nwant %q", got, want)
	}
	for l := range Leaves(net) { // may be left early
		if l.Name == "layer1.0.bn1.weight" {
			break
		}
	}
}

// Elements that are numbered from one, as in torchvision's DenseNet, and what is below them numbered as ever.
func TestNumberedLeaves(t *testing.T) {
	type numbered struct {
		Layers Chain `nn:".,first=layer1"`
	}
	net := struct {
		Blocks []numbered `nn:".,first=block1"`
	}{}
	for range 2 {
		net.Blocks = append(net.Blocks, numbered{Chain{Func(ReLU), Chain{Func(ReLU), NewLinear(nil, 1, 1).NoBias()}}})
	}
	var got []string
	for l := range Leaves(net) {
		got = append(got, l.Name)
	}
	if want := []string{"block1.layer2.1.weight", "block2.layer2.1.weight"}; !slices.Equal(got, want) {
		t.Errorf("Leaves = %q, want %q", got, want)
	}
}

// Without a source nothing is drawn, and nothing that is there is changed.
func TestNoSource(t *testing.T) {
	for name, draw := range map[string]func(w *tensor.Tensor){
		"Uniform":         func(w *tensor.Tensor) { Uniform(nil, w, 0, 1) },
		"Normal":          func(w *tensor.Tensor) { Normal(nil, w, 0, 1) },
		"TruncatedNormal": func(w *tensor.Tensor) { TruncatedNormal(nil, w, 0, 1) },
		"HeNormal":        func(w *tensor.Tensor) { HeNormal(nil, w, FanIn, 0) },
		"Sparse":          func(w *tensor.Tensor) { Sparse(nil, w, .5, 1) },
		"Orthogonal":      func(w *tensor.Tensor) { Orthogonal(nil, w, 1) },
	} {
		w := tensor.Param(2, 3)
		Constant(w, 7)
		draw(w)
		for _, v := range w.Data() {
			if v != 7 {
				t.Errorf("%s without a source made a 7 a %v", name, v)
			}
		}
	}
	if l := NewLinear(nil, 2, 3); slices.Max(l.Weight.Data()) != 0 || slices.Min(l.Weight.Data()) != 0 {
		t.Errorf("a linear layer without a source has the weights %v, want zeros", l.Weight.Data())
	}
}

func TestZeroBiases(t *testing.T) {
	l := NewLinear(source(), 2, 3)
	ZeroBiases(Chain{Func(ReLU), l})
	if slices.Max(l.Bias.Data()) != 0 || slices.Min(l.Bias.Data()) != 0 || slices.Max(l.Weight.Data()) == 0 {
		t.Errorf("bias %v and weight %v, want zeros in the former only", l.Bias.Data(), l.Weight.Data())
	}
}

// Heads by name, as in PyTorch's ModuleDict: always in the same order, none forgotten.
func TestLeavesOfMaps(t *testing.T) {
	r := source()
	net := struct{ Heads map[string]*Linear }{map[string]*Linear{"mask": NewLinear(r, 2, 1), "box": NewLinear(r, 2, 4).NoBias()}}
	var got []string
	for l := range Leaves(net) {
		got = append(got, l.Name)
	}
	if want := []string{"heads.box.weight", "heads.mask.weight", "heads.mask.bias"}; !slices.Equal(got, want) {
		t.Errorf("Leaves = %q, want %q", got, want)
	}
}

// Elements count on from the name of the first one, in the field itself only.
func TestLeavesCountFromTheFirst(t *testing.T) {
	r := source()
	net := struct {
		Dense  []Chain `nn:"block,first=layer1"`
		Tokens []Chain `nn:",first=t_9"`
		Chain
	}{[]Chain{{NewLinear(r, 2, 1).NoBias()}, {NewLinear(r, 2, 1).NoBias()}}, []Chain{nil, {NewLinear(r, 2, 1).NoBias()}}, Chain{NewLinear(r, 2, 1).NoBias()}}
	var got []string
	for l := range Leaves(net) {
		got = append(got, l.Name)
	}
	if want := []string{"block.layer1.0.weight", "block.layer2.0.weight", "tokens.t_10.0.weight", "0.weight"}; !slices.Equal(got, want) {
		t.Errorf("Leaves = %q, want %q", got, want)
	}
}

func TestCountAndFreeze(t *testing.T) {
	net := testNetwork()
	check := func(when string, trained, all, params int) {
		t.Helper()
		gotTrained, gotAll := Count(net)
		if got := len(Params(net)); gotTrained != trained || gotAll != all || got != params {
			t.Errorf("%s: %d of %d numbers in %d tensors are trained, want %d of %d in %d",
				when, gotTrained, gotAll, got, trained, all, params)
		}
	}
	check("at first", 73, 73, 11)
	Freeze(net.Layer1)
	check("frozen", 41, 73, 5)
	Unfreeze(net.Layer1[1])
	check("half frozen", 51, 73, 8)
	if net.Layer1[0].BN1.RunningMean.Tracked() {
		t.Error("Unfreeze made a parameter of a buffer")
	}
}

// Nothing is recorded of a frozen part in front, gradients go through one behind, and its parameters cannot be asked for.
func TestFrozenPartIsNotRecorded(t *testing.T) {
	r := source()
	front, back := NewLinear(r, 3, 4), NewLinear(r, 4, 2)
	net := Chain{front, Func(ReLU), back}
	x := normal(r, 5, 3)

	Freeze(front)
	p := tensor.Training(r)
	hidden := Chain(net[:2]).Forward(p.Input(x))
	if hidden.Tracked() {
		t.Error("what a frozen part returns is tracked")
	}
	gs := tensor.Grad(back.Forward(hidden).Sum(), Params(net)...)
	if len(gs) != 2 || gs[0] == nil || gs[1] == nil {
		t.Errorf("gradients = %v, want those of weight and bias of the layer behind", gs)
	}
	p.End()

	Unfreeze(front)
	Freeze(back)
	p = tensor.Training(r)
	defer p.End()
	y := net.Forward(p.Input(x)).Sum()
	for i, g := range tensor.Grad(y, Params(net)...) {
		if g == nil || !g.Finite() {
			t.Errorf("gradient %d through a frozen layer is %v", i, g)
		}
	}
	mustPanic(t, "argument 1 is a constant", func() { tensor.Grad(y, back.Weight) })

	unused := NewLinear(r, 3, 4)
	if g := tensor.Grad(y, unused.Weight)[0]; g != nil {
		t.Errorf("gradient of a parameter that is not used = %v, want nil", g)
	}
}

// In inference a chain needs memory for two results, however long it is.
func TestChainFreesWhatItPassed(t *testing.T) {
	x := normal(source(), 1000)
	used := func(layers int) int {
		c := slices.Repeat(Chain{Func(Tanh)}, layers)
		p := tensor.Inference()
		defer p.End()
		c.Forward(p.Input(x))
		return p.Bytes()
	}
	if few, many := used(3), used(50); many != few {
		t.Errorf("50 layers take %d bytes, want %d as 3 do", many, few)
	}
}

func TestChainAndResidual(t *testing.T) {
	p := tensor.Inference()
	defer p.End()
	x := p.Input(tensor.Of([]tensor.Float{1, -2}, 1, 2))
	if y := (Chain)(nil).Forward(x); y != x {
		t.Errorf("a nil Chain returned %v, want its argument", y)
	}
	y := (&Residual{Body: Func(ReLU)}).Forward(x)
	if want := []tensor.Float{2, -2}; !slices.Equal(y.Data(), want) {
		t.Errorf("x + ReLU(x) = %v, want %v", y, want)
	}
	y = (&Residual{Body: Func(ReLU), Shortcut: Chain{Func((*tensor.Tensor).Neg)}}).Forward(x)
	if want := []tensor.Float{0, 2}; !slices.Equal(y.Data(), want) {
		t.Errorf("−x + ReLU(x) = %v, want %v", y, want)
	}
}

func TestMisuse(t *testing.T) {
	r := source()
	p := tensor.Training(r)
	defer p.End()
	x, image := p.Input(normal(r, 4, 3)), p.Input(normal(r, 2, 3, 3, 4))
	tests := []struct {
		want string
		f    func()
	}{
		{"nn: FlattenCHW: shape [4 3] is not N×H×W×C", func() { FlattenCHW(x) }},
		{"nn: BatchNorm: the layer has 2 features, shape [4 3] has 3", func() { NewBatchNorm(2).Forward(x) }},
		{"nn: BatchNorm: a batch of shape [1 3] has one value", func() { NewBatchNorm(3).Forward(x.Slice(0, 0, 1)) }},
		{"nn: BatchNorm: shape [4] is not N×…×C", func() { NewBatchNorm(3).Forward(x.Max(1)) }},
		{"tensor: LayerNorm: shape [4 3] does not end in [4]", func() { NewLayerNorm(4).Forward(x) }},
		{"tensor: RMSNorm: shape [4 3] does not end in [2 4 3]", func() { NewRMSNorm(2, 4, 3).Forward(x) }},
		{"nn: GroupNorm: 2 groups do not divide 3 channels", func() { NewGroupNorm(2, 3) }},
		{"nn: GroupNorm: the layer has 4 features, shape [4 3] has 3", func() { NewGroupNorm(2, 4).Forward(x) }},
		{"nn: InstanceNorm: shape [4 3] is not", func() { NewInstanceNorm().Forward(x) }},
		{"nn: InstanceNorm: the layer has 3 features", func() { NewInstanceNormAffine(3).Forward(image) }},
		{"nn: MultiHeadAttention: 4 heads do not divide 6 features", func() { NewMultiHeadAttention(r, 6, 4) }},
		{"nn: LayerScale: the layer has 2 features, shape", func() { NewLayerScale(2, 1).Forward(x) }},
		{"nn: PReLU: the layer has 2 features", func() { NewPReLU(2).Forward(x) }},
		{"nn: Conv: 2 groups do not divide 3 and 4", func() { NewConv2D(r, 3, 4, 3, tensor.Conv{Groups: 2}) }},
		{"nn: Dropout: 1.5 is not a probability", func() { Dropout{1.5}.Forward(x) }},
		{"nn: Embedding: there is no id 5 among 5", func() { NewEmbedding(r, 5, 2).Pad(5) }},
		{"nn: MSE: shapes [4 3] and [4] differ", func() { MSE(x, x.Max(1)) }},
		{"nn: CrossEntropy: shape [4] is not …×C", func() { CrossEntropy(x.Max(1), []int{0}) }},
		{"nn: CrossEntropyLoss: 2 labels do not fit 4 rows", func() { CrossEntropyLoss{}.Loss(x, []int{0, 1}) }},
		{"nn: CrossEntropyLoss: 2 weights do not fit 3 classes", func() {
			CrossEntropyLoss{Weights: []tensor.Float{1, 2}}.Loss(x, []int{0, 1, 2, 0})
		}},
		{"nn: NLL: label 3 of row 2 is not one of 3 classes", func() { NLL(x, []int{0, 1, 3, 0}) }},
		{"nn: Huber: the width 0 ", func() { Huber(x, x, 0) }},
		{"nn: Dice: shape [4 3] is not", func() { Dice(x, x, 1) }},
		{"nn: CosineEmbedding: label 0 of row 1 is neither", func() { CosineEmbedding(x, x, []int{1, 0, 1, 1}, 0) }},
		{"nn: Fans: shape [3] has fewer than two axes", func() { XavierNormal(r, tensor.Param(3), 1) }},
		{"nn: Orthogonal: shape [3] has fewer than two axes", func() { Orthogonal(r, tensor.Param(3), 1) }},
		{"nn: Identity: shape [3 2 2] is not", func() { Identity(tensor.Param(3, 2, 2)) }},
		{"nn: Dirac: shape [3 2] is not", func() { Dirac(tensor.Param(3, 2), 1) }},
		{"nn: Dirac: shape [3 2 3] is not that of a kernel", func() { Dirac(tensor.Param(3, 2, 3), 2) }},
		{"nn: Sparse: shape [3 2] is not Out×In, or 1.5 not", func() { Sparse(r, tensor.Param(3, 2), 1.5, 1) }},
		{"nn: SpectralNorm: the input of shape [4 3] is on the heap", func() {
			NewSpectralNorm(r, NewLinear(r, 3, 2)).Forward(x.Clone())
		}},
		{"nn: LSUV: the layer of weight gives numbers of variance 0", func() {
			l := NewLinear(r, 3, 2).NoBias()
			LSUV(r, l, func(p *tensor.Pass) { l.Forward(p.Zeros(4, 3)) })
		}},
	}
	for _, test := range tests {
		mustPanic(t, test.want, test.f)
	}
}

// still keeps the singular vectors where they are, since derivatives take them for constants.
func still(l *SpectralNorm) *SpectralNorm {
	l.Iterations = 0
	return l
}

// penalty returns Σ (∂/∂x Σ y²)², whose own derivatives need the second ones of all that y is made of.
func penalty(layer Layer, x *tensor.Tensor) *tensor.Tensor {
	return tensor.GradGraph(layer.Forward(x).Square().Sum(), x)[0].Square().Sum()
}

// The second derivatives by the input and by the parameters are those of finite differences of the first.
func TestSecondDerivatives(t *testing.T) {
	if !double() {
		t.Skip("only double precision proves derivatives: go test -tags float64")
	}
	r := source()
	layers := map[string]Layer{
		"batchnorm": NewBatchNorm(4), "layernorm": NewLayerNorm(3, 4), "groupnorm": NewGroupNorm(2, 4),
		"instancenorm": NewInstanceNormAffine(4), "rmsnorm": NewRMSNorm(4), "prelu": NewPReLU(4), "elu": ELU(1),
		"gelu": Func(GELU), "gelu_tanh": Func(GELUTanh), "silu": Func(SiLU), "mish": Func(Mish),
		"softplus": Func(Softplus), "selu": Func(SELU), "glu": Func(GLU), "hardswish": Func(HardSwish), "softmax": Func(Softmax),
		"conv2d": NewConv2D(r, 4, 3, 2, tensor.Conv{Pad: 1}), "linear": NewLinear(r, 4, 3),
		"conv_transpose2d": NewConvTranspose2D(r, 4, 2, 2, tensor.Conv{Stride: 2}),

		"weight norm":            NewWeightNorm(NewConv2D(r, 4, 3, 2, tensor.Conv{Pad: 1})),
		"weight norm, linear":    NewWeightNorm(NewLinear(r, 4, 3)),
		"spectral norm":          still(NewSpectralNorm(r, NewConv2D(r, 4, 3, 2, tensor.Conv{Pad: 1}))),
		"spectral norm, linear":  still(NewSpectralNorm(r, NewLinear(r, 4, 3))),
		"weight standardization": NewWeightStandardization(NewConv2D(r, 4, 3, 2, tensor.Conv{Pad: 1})),
	}
	for name, layer := range layers {
		r := source() // the same numbers in every order, none of them by a kink
		x := normal(r, 2, 2, 3, 4)
		for _, w := range Params(layer) {
			Normal(r, w, .5, .5)
		}
		// Derivatives by the parameters and the input, and in one random direction of all of them by differences.
		p := tensor.Training(r)
		in := p.Var(x)
		wanted := append([]*tensor.Tensor{in}, Params(layer)...)
		gs := tensor.Grad(penalty(layer, in), wanted...)
		moved := append([]*tensor.Tensor{x}, Params(layer)...)
		var analytic float64
		directions := make([]*tensor.Tensor, len(moved))
		for i, g := range gs {
			directions[i] = normal(r, g.Shape()...)
			for j, d := range directions[i].Data() {
				analytic += float64(d * g.Data()[j])
			}
		}
		p.End()
		at := func(step tensor.Float) float64 {
			for i, w := range moved {
				w.AddScaled(directions[i], step)
			}
			p := tensor.Training(r)
			defer p.End()
			y := float64(penalty(layer, p.Var(x)).Item())
			for i, w := range moved {
				w.AddScaled(directions[i], -step)
			}
			return y
		}
		const h = 1e-3
		difference := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
		if math.Abs(analytic-difference) > 1e-6*max(1, math.Abs(difference)) {
			t.Errorf("%s: second derivative = %v, want %v", name, analytic, difference)
		}
	}
}
