package nn

import (
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/tensor"
)

func TestMain(m *testing.M) {
	tensor.Poison(true)
	m.Run()
}

// tolerance is that of values and derivatives against PyTorch's, relative to the greatest of them.
const tolerance = 1e-5

// torchLayers are the layers and activations of the cases in nn.safetensors. Their parameters are read from there.
var torchLayers = map[string]Layer{
	"linear":                  NewLinear(source(), 5, 4),
	"linear_sequence":         NewLinear(source(), 5, 3).NoBias(),
	"conv2d":                  NewConv2D(source(), 2, 3, 3, tensor.Conv{Pad: 1}),
	"conv2d_stride":           NewConv2D(source(), 2, 3, 3, tensor.Conv{Stride: 2}).NoBias(),
	"conv2d_uneven":           NewConv2D(source(), 2, 2, 3, tensor.Conv{Stride: 2, StrideW: 1, DilationW: 2, Pad: 2}),
	"conv2d_groups":           NewConv2D(source(), 4, 6, 3, tensor.Conv{Pad: 1, Groups: 2}),
	"conv2d_depthwise":        NewConv2D(source(), 3, 6, 3, tensor.Conv{Pad: 1, Groups: 3}),
	"conv2d_pointwise":        NewConv2D(source(), 4, 3, 1, tensor.Conv{}),
	"conv1d":                  NewConv1D(source(), 3, 4, 3, tensor.Conv{Stride: 2, Pad: 2, Dilation: 2}),
	"conv1d_groups":           NewConv1D(source(), 4, 6, 2, tensor.Conv{Groups: 2}),
	"conv_transpose2d":        NewConvTranspose2D(source(), 3, 2, 3, tensor.Conv{Stride: 2, Pad: 1, OutputPad: 1}),
	"conv_transpose2d_groups": NewConvTranspose2D(source(), 4, 6, 3, tensor.Conv{Stride: 2, Dilation: 2, Groups: 2}),

	"max_pool2d":          MaxPool2D{tensor.Pool{Kernel: 3, Stride: 2, Pad: 1}},
	"max_pool2d_ceil":     MaxPool2D{tensor.Pool{Kernel: 2, Dilation: 2, Ceil: true}},
	"avg_pool2d":          AvgPool2D{tensor.Pool{Kernel: 3, Stride: 2, Pad: 1}},
	"avg_pool2d_inside":   AvgPool2D{tensor.Pool{Kernel: 2, KernelW: 3, Stride: 2, StrideW: 1, Pad: 1, SkipPad: true}},
	"adaptive_avg_pool2d": AdaptiveAvgPool2D{2, 4},
	"global_avg_pool":     Func(GlobalAvgPool),
	"flatten":             Func(FlattenCHW),

	"conv_transpose1d":        NewConvTranspose1D(source(), 3, 4, 3, tensor.Conv{Stride: 2, Pad: 1, OutputPad: 1}),
	"conv_transpose1d_groups": NewConvTranspose1D(source(), 4, 6, 2, tensor.Conv{Dilation: 2, Groups: 2}),

	"max_pool1d":             MaxPool1D{tensor.Pool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true}},
	"avg_pool1d":             AvgPool1D{tensor.Pool{Kernel: 3, Stride: 2, Pad: 1}},
	"avg_pool2d_ceil":        AvgPool2D{tensor.Pool{Kernel: 3, Stride: 2, Pad: 1, Ceil: true}},
	"avg_pool2d_ceil_inside": AvgPool2D{tensor.Pool{Kernel: 2, Stride: 3, Ceil: true, SkipPad: true}},
	"adaptive_max_pool2d":    AdaptiveMaxPool2D{2, 4},
	"upsample":               Upsample{Scale: 3},
	"upsample_bilinear":      Upsample{Scale: 2, Bilinear: true},
	"upsample_aligned":       Upsample{Scale: 2, Bilinear: true, AlignCorners: true},
	"batchnorm_tail":         tail{NewBatchNorm(3)},

	"batchnorm":           NewBatchNorm(3),
	"batchnorm_rows":      withBatchNorm(NewBatchNorm(3), func(l *BatchNorm) { l.Momentum, l.Eps = .25, 1e-3 }),
	"batchnorm_running":   withBatchNorm(NewBatchNorm(3), func(l *BatchNorm) { l.Frozen = true }),
	"batchnorm_bare":      &BatchNorm{Eps: 1e-5},
	"layernorm":           NewLayerNorm(5),
	"layernorm_two":       NewLayerNorm(3, 4),
	"groupnorm":           NewGroupNorm(2, 6),
	"groupnorm_rows":      NewGroupNorm(2, 6),
	"instancenorm":        NewInstanceNorm(),
	"instancenorm_affine": NewInstanceNormAffine(3),
	"rmsnorm":             NewRMSNorm(5),
	"rmsnorm_two":         &RMSNorm{Weight: tensor.Param(3, 4), Eps: 1e-3},

	"prelu":       NewPReLU(3),
	"prelu_one":   NewPReLU(1),
	"relu":        Func(ReLU),
	"relu6":       Chain{Func(func(x *tensor.Tensor) *tensor.Tensor { return x.Scale(4) }), Func(ReLU6)},
	"leaky_relu":  LeakyReLU(.2),
	"elu":         ELU(1),
	"elu_alpha":   ELU(.5),
	"selu":        Func(SELU),
	"gelu":        Func(GELU),
	"gelu_tanh":   Func(GELUTanh),
	"silu":        Func(SiLU),
	"mish":        Func(Mish),
	"softplus":    Func(Softplus),
	"tanh":        Func(Tanh),
	"sigmoid":     Func(Sigmoid),
	"logsigmoid":  Func(LogSigmoid),
	"hardsigmoid": Func(HardSigmoid),
	"hardswish":   Func(HardSwish),
	"hardtanh":    HardTanh(-.5, 1.5),
	"softmax":     Func(Softmax),
	"log_softmax": Func(LogSoftmax),
	"glu":         Func(GLU),
}

func withBatchNorm(l *BatchNorm, set func(*BatchNorm)) *BatchNorm {
	set(l)
	return l
}

// torchBlocks are those in blocks.safetensors.
var torchBlocks = map[string]Layer{
	"attention":           attending{Attention: NewMultiHeadAttention(source(), 6, 2)},
	"attention_causal":    attending{Attention: causal(NewMultiHeadAttention(source(), 6, 2))},
	"attention_memory":    attending{NewMultiHeadAttention(source(), 6, 2), tensor.Param(2, 4, 6)},
	"squeeze_excite":      NewSqueezeExcite(source(), 6, 3),
	"squeeze_excite_hard": hardSqueezeExcite(NewSqueezeExcite(source(), 6, 2)),
	"layer_scale":         NewLayerScale(4, 1),
}

// attending is attention at itself or at a memory, whose second sequence is shorter than the first.
type attending struct {
	Attention *MultiHeadAttention
	Memory    *tensor.Tensor
}

func (l attending) Forward(x *tensor.Tensor) *tensor.Tensor {
	if l.Memory == nil {
		return l.Attention.Forward(x)
	}
	return l.Attention.Attend(x, x.Pass().Use(l.Memory), []int{4, 2})
}

func causal(l *MultiHeadAttention) *MultiHeadAttention {
	l.Causal = true
	return l
}

func hardSqueezeExcite(l *SqueezeExcite) *SqueezeExcite {
	l.Activation, l.Gate = SiLU, HardSigmoid
	return l
}

// A tail is the end of a block of a residual network, with x as its residual too.
type tail struct{ Norm *BatchNorm }

func (l tail) Forward(x *tensor.Tensor) *tensor.Tensor { return l.Norm.ForwardReLU(x, x) }

type torchLoss func(x *tensor.Tensor, c torchCase) *tensor.Tensor

// torchLosses are the losses of the cases, of x and what else the case has.
var torchLosses = map[string]torchLoss{
	"cross_entropy":         withLabels(CrossEntropy),
	"cross_entropy_image":   withLabels(CrossEntropy),
	"cross_entropy_ignored": withLabels(CrossEntropy),
	"cross_entropy_weights": crossEntropy(CrossEntropyLoss{Ignore: []int{2}}),
	"cross_entropy_sum":     crossEntropy(CrossEntropyLoss{Sum: true}),
	"cross_entropy_smooth":  crossEntropy(CrossEntropyLoss{Smoothing: .1}),

	"cross_entropy_smooth_weights": crossEntropy(CrossEntropyLoss{Smoothing: .1}),
	"cross_entropy_smooth_sum":     crossEntropy(CrossEntropyLoss{Smoothing: .1, Sum: true}),

	"soft_cross_entropy": withTarget(SoftCrossEntropy),
	"nll":                withLabels(NLL),
	"bce_with_logits":    withTarget(BCEWithLogits),
	"bce_with_logits_weighted": func(x *tensor.Tensor, c torchCase) *tensor.Tensor {
		return BCEWithLogitsWeighted(x, c.tensor("target"), c.tensor("positive"))
	},
	"bce":            withTarget(BCE),
	"kl":             withTarget(KL),
	"mse":            withTarget(MSE),
	"l1":             withTarget(L1),
	"smooth_l1":      withTarget(func(x, t *tensor.Tensor) *tensor.Tensor { return SmoothL1(x, t, 1) }),
	"smooth_l1_beta": withTarget(func(x, t *tensor.Tensor) *tensor.Tensor { return SmoothL1(x, t, .3) }),
	"smooth_l1_zero": withTarget(func(x, t *tensor.Tensor) *tensor.Tensor { return SmoothL1(x, t, 0) }),
	"huber":          withTarget(func(x, t *tensor.Tensor) *tensor.Tensor { return Huber(x, t, .7) }),
	"hinge":          withTarget(Hinge),
	"focal":          withTarget(func(x, t *tensor.Tensor) *tensor.Tensor { return Focal(x, t, .25, 2) }),
	"focal_plain":    withTarget(func(x, t *tensor.Tensor) *tensor.Tensor { return Focal(x, t, -1, 1.5) }),
	"dice":           withTarget(func(x, t *tensor.Tensor) *tensor.Tensor { return Dice(x, t, 1) }),
	"cosine_embedding": func(x *tensor.Tensor, c torchCase) *tensor.Tensor {
		return CosineEmbedding(x, c.tensor("other"), c.ints("labels"), -.3)
	},
	"triplet_margin": func(x *tensor.Tensor, c torchCase) *tensor.Tensor {
		return TripletMargin(x, c.tensor("positive"), c.tensor("negative"), 1)
	},
}

func crossEntropy(l CrossEntropyLoss) torchLoss {
	return func(x *tensor.Tensor, c torchCase) *tensor.Tensor {
		if c.f.Has(c.name + "/weights") {
			l.Weights = c.tensor("weights").Data()
		}
		return l.Loss(x, c.ints("labels"))
	}
}

func withLabels(f func(x *tensor.Tensor, labels []int) *tensor.Tensor) torchLoss {
	return func(x *tensor.Tensor, c torchCase) *tensor.Tensor { return f(x, c.ints("labels")) }
}

func withTarget(f func(x, target *tensor.Tensor) *tensor.Tensor) torchLoss {
	return func(x *tensor.Tensor, c torchCase) *tensor.Tensor { return f(x, c.tensor("target")) }
}

// A torchCase is what PyTorch computed of one layer or loss.
type torchCase struct {
	t    *testing.T
	f    *fixture.File
	name string
}

func (c torchCase) tensor(name string) *tensor.Tensor { return c.f.Tensor(c.t, c.name+"/"+name) }
func (c torchCase) ints(name string) []int            { return c.f.Ints(c.t, c.name+"/"+name) }

// close holds got against the numbers that PyTorch has under a name.
func (c torchCase) close(name string, got *tensor.Tensor) {
	c.t.Helper()
	if got == nil {
		c.t.Errorf("%s is nil", name)
		return
	}
	if want := c.tensor(name); !slices.Equal(got.Shape(), want.Shape()) {
		c.t.Errorf("%s has shape %v, want %v", name, got.Shape(), want.Shape())
	} else {
		fixture.Close(c.t, name, got.Data(), want.Data(), tolerance)
	}
}

// leaf is close for a tensor that PyTorch has in another order of its axes.
func (c torchCase) leaf(folder string, l Leaf, got *tensor.Tensor) {
	c.t.Helper()
	want := c.tensor(folder + "/" + l.Name)
	if !slices.Equal(want.Shape(), l.torchShape()) {
		c.t.Errorf("%s/%s has shape %v in PyTorch, here %v", folder, l.Name, want.Shape(), l.torchShape())
		return
	}
	if got == nil {
		c.t.Errorf("%s/%s is nil", folder, l.Name)
		return
	}
	fixture.Close(c.t, folder+"/"+l.Name, got.Data(), l.fromTorch(want.Data()), tolerance)
}

// load writes the parameters and buffers of the case into a layer, which must have the same.
func (c torchCase) load(layer any) []Leaf {
	c.t.Helper()
	names := c.f.Under(c.name + "/state/")
	leaves := slices.Collect(Leaves(layer))
	for _, l := range leaves {
		copy(l.Tensor.Edit(), l.fromTorch(c.tensor("state/"+l.Name).Data()))
	}
	if len(leaves) != len(names) {
		c.t.Errorf("the layer has %d tensors, PyTorch's has %v", len(leaves), names)
	}
	return leaves
}

// upstream returns the gradient of y that the fixtures begin with.
func upstream(y *tensor.Tensor) *tensor.Tensor {
	g := tensor.New(y.Shape()...)
	for i := range g.Edit() {
		g.Edit()[i] = tensor.Float((7*i)%11-5) / 4
	}
	return g
}

// derivatives checks those of y by x and by the parameters among the leaves.
func (c torchCase) derivatives(x, y *tensor.Tensor, leaves []Leaf) {
	c.t.Helper()
	s := y
	if y.Rank() > 0 {
		s = y.Mul(upstream(y)).Sum()
	}
	var wanted []*tensor.Tensor
	var params []Leaf
	for _, l := range leaves {
		if !l.Buffer {
			wanted, params = append(wanted, l.Tensor), append(params, l)
		}
	}
	gs := tensor.Grad(s, append([]*tensor.Tensor{x}, wanted...)...)
	c.close("grad_x", gs[0])
	for i, l := range params {
		c.leaf("grad", l, gs[i+1])
	}
	graph := tensor.GradGraph(s, x)[0]
	c.close("grad_x", graph)
	if c.f.Has(c.name + "/second_x") {
		second := tensor.New(x.Shape()...) // PyTorch has zeros where nothing depends on x
		if graph.Tracked() {
			if g := tensor.Grad(graph.Square().Sum().Scale(.5), x)[0]; g != nil {
				second = g
			}
		}
		c.close("second_x", second)
	}
}

func TestLayersAgainstTorch(t *testing.T) {
	for file, layers := range map[string]map[string]Layer{"nn.safetensors": torchLayers, "blocks.safetensors": torchBlocks} {
		f := fixture.Open(t, file)
		for name, layer := range layers {
			t.Run(name, func(t *testing.T) { torchCase{t, f, name}.layer(layer) })
		}
	}
}

// layer runs a layer in a training pass and compares everything.
func (c torchCase) layer(layer Layer) {
	c.t.Helper()
	leaves := c.load(layer)
	p := tensor.Training(source())
	defer p.End()
	x := p.Var(c.tensor("x"))
	y := layer.Forward(x)
	c.close("y", y)
	c.derivatives(x, y, leaves)
	for _, l := range leaves {
		if l.Buffer {
			c.leaf("after", l, l.Tensor)
		}
	}
}

func TestLossesAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "nn.safetensors")
	for name, loss := range torchLosses {
		t.Run(name, func(t *testing.T) {
			c := torchCase{t, f, name}
			p := tensor.Recording(nil)
			defer p.End()
			x := p.Var(c.tensor("x"))
			y := loss(x, c)
			c.close("y", y)
			c.derivatives(x, y, nil)
		})
	}
}

func TestEmbeddingAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "nn.safetensors")
	for _, name := range []string{"embedding", "embedding_padding"} {
		t.Run(name, func(t *testing.T) {
			c := torchCase{t, f, name}
			layer := NewEmbedding(source(), 6, 3)
			if name == "embedding_padding" {
				layer.Pad(2)
			}
			leaves := c.load(layer)
			p := tensor.Recording(nil)
			defer p.End()
			y := layer.Forward(p, c.ints("ids"))
			c.close("y", y)
			c.leaf("grad", leaves[0], tensor.Grad(y.Mul(upstream(y)).Sum(), layer.Weight)[0])
		})
	}
}

// Every case of the file is tested, and every test has its case.
func TestTorchCases(t *testing.T) {
	f := fixture.Open(t, "nn.safetensors")
	for _, name := range f.Names() {
		name, _, _ = strings.Cut(name, "/")
		known := torchLayers[name] != nil || torchLosses[name] != nil || torchRecurrent[name] != nil || torchStacks[name] != nil
		if !known && !strings.HasPrefix(name, "embedding") {
			t.Errorf("no test for case %s", name)
		}
	}
	for _, name := range fixture.Open(t, "blocks.safetensors").Names() {
		if name, _, _ = strings.Cut(name, "/"); torchBlocks[name] == nil {
			t.Errorf("no test for case %s", name)
		}
	}
}

// Cross-entropy with distributions as targets, as mixed labels are; see internal/fixture/_gen/augment.py.
func TestSoftCrossEntropyIsThatOfPyTorch(t *testing.T) {
	f := fixture.Open(t, "augment.safetensors")
	target, weights := f.Tensor(t, "soft/target"), f.Tensor(t, "soft/weights").Data()
	for name, l := range map[string]CrossEntropyLoss{
		"plain": {}, "smooth": {Smoothing: .1}, "weights": {Smoothing: .1, Weights: weights},
		"sum": {Smoothing: .1, Weights: weights, Sum: true},
	} {
		p := tensor.Training(nil)
		x := p.Var(f.Tensor(t, "soft/x"))
		y := l.Soft(x, target)
		fixture.Close(t, name, y.Reshape(1).Data(), f.Tensor(t, "soft/"+name+"/y").Data(), 1e-6)
		fixture.Close(t, name+", gradient", tensor.Grad(y, x)[0].Data(), f.Tensor(t, "soft/"+name+"/grad").Data(), 1e-6)
		p.End()
	}
}
