package vision

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// EfficientNetLite is EfficientNet for processors with whole numbers only (Liu, "Higher accuracy on vision models with
// EfficientNet-Lite", 2020, https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html): without
// squeeze-and-excitation, with ReLU6, and with a first and a last part that are the same in all sizes. Names and numbers are those of
// the library timm.
//
//	x: N×H×W×3 → scores: N×classes
type EfficientNetLite struct {
	ConvStem   *nn.Conv2D
	BN1        *nn.BatchNorm
	Blocks     []nn.Chain // of a *LiteSeparable, and then of *LiteBlock
	ConvHead   *nn.Conv2D
	BN2        *nn.BatchNorm
	Classifier *nn.Linear
}

// A LiteSeparable filters each channel by itself and then mixes them, without an activation at the end.
type LiteSeparable struct {
	ConvDW   *nn.Conv2D
	BN1      *nn.BatchNorm
	ConvPW   *nn.Conv2D
	BN2      *nn.BatchNorm
	Shortcut bool // whether its input is added
}

// A LiteBlock is an inverted residual: it makes more channels, filters each by itself and mixes them to few.
type LiteBlock struct {
	ConvPW   *nn.Conv2D
	BN1      *nn.BatchNorm
	ConvDW   *nn.Conv2D
	BN2      *nn.BatchNorm
	ConvPWL  *nn.Conv2D
	BN3      *nn.BatchNorm
	Shortcut bool // whether its input is added
}

// NewEfficientNetLite returns the network of size 0 to 4, which are meant for pictures of 224, 240, 260, 280 and 300 pixels a side:
// timm's efficientnet_lite0 to 4. For a thousand classes that of size 0 has 4,652,008 parameters.
func NewEfficientNetLite(r *rand.Rand, size, classes int) *EfficientNetLite {
	return newEfficientNetLite(r, liteSize(size), efficientNetStages, 1280, classes)
}

// NewEfficientNetLiteTF is NewEfficientNetLite with the padding and the ε of TensorFlow, for the weights of its authors: timm's
// tf_efficientnet_lite0 to 4.
func NewEfficientNetLiteTF(r *rand.Rand, size, classes int) *EfficientNetLite {
	m := NewEfficientNetLite(r, size, classes)
	likeTensorFlow(m.layers())
	return m
}

func liteSize(size int) efficientNetSize {
	if size < 0 || size > 4 {
		panic(fmt.Sprintf("vision: NewEfficientNetLite: there is no size %d; it is 0 to 4", size))
	}
	return efficientNetSizes[size]
}

func newEfficientNetLite(r *rand.Rand, size efficientNetSize, stages []mobileStage, head, classes int) *EfficientNetLite {
	in := 32
	m := &EfficientNetLite{ConvStem: conv3x3(r, 3, in, 2), BN1: nn.NewBatchNorm(in)}
	for i, s := range stages {
		n, out, stride := size.blocks(s), byEight(float64(s.out)*size.width), s.stride
		if i == 0 || i == len(stages)-1 {
			n = s.blocks
		}
		var stage nn.Chain
		for range n {
			if s.expand == 1 {
				stage = append(stage, newLiteSeparable(r, in, out, s.kernel, stride))
			} else {
				stage = append(stage, newLiteBlock(r, in, byEight(float64(in*s.expand)), out, s.kernel, stride))
			}
			in, stride = out, 1
		}
		m.Blocks = append(m.Blocks, stage)
	}
	m.ConvHead, m.BN2 = conv1x1(r, in, head, 1), nn.NewBatchNorm(head)
	m.Classifier = nn.NewLinear(r, head, classes)
	bound := 1 / math.Sqrt(float64(classes))
	initialize(m,
		func(w *tensor.Tensor) { nn.Normal(r, w, 0, math.Sqrt(2/liteFan(w))) },
		func(w *tensor.Tensor) { nn.Uniform(r, w, -bound, bound) })
	return m
}

// liteFan returns how many outputs an input acts on; in a depthwise convolution, whose weight is K×K×1×C, those of its own channel.
func liteFan(w *tensor.Tensor) float64 {
	_, out := nn.Fans(w)
	if w.Dim(2) == 1 {
		out /= w.Dim(3)
	}
	return float64(out)
}

func newLiteSeparable(r *rand.Rand, in, out, kernel, stride int) *LiteSeparable {
	return &LiteSeparable{
		ConvDW: depthwise(r, in, kernel, stride), BN1: nn.NewBatchNorm(in),
		ConvPW: conv1x1(r, in, out, 1), BN2: nn.NewBatchNorm(out), Shortcut: stride == 1 && in == out,
	}
}

func newLiteBlock(r *rand.Rand, in, expanded, out, kernel, stride int) *LiteBlock {
	return &LiteBlock{
		ConvPW: conv1x1(r, in, expanded, 1), BN1: nn.NewBatchNorm(expanded),
		ConvDW: depthwise(r, expanded, kernel, stride), BN2: nn.NewBatchNorm(expanded),
		ConvPWL: conv1x1(r, expanded, out, 1), BN3: nn.NewBatchNorm(out), Shortcut: stride == 1 && in == out,
	}
}

func depthwise(r *rand.Rand, channels, kernel, stride int) *nn.Conv2D {
	c := tensor.Conv{Stride: stride, Pad: kernel / 2, Groups: channels}
	return nn.NewConv2D(r, channels, channels, kernel, c).NoBias()
}

// Forward returns the scores (logits) of the classes.
func (m *EfficientNetLite) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Head(m.Body(x)) // N×1280, N×classes
}

func (m *EfficientNetLite) layers() nn.Chain {
	layers := nn.Chain{m.ConvStem, m.BN1, relu6}
	for _, stage := range m.Blocks {
		layers = append(layers, stage...)
	}
	return append(layers, m.ConvHead, m.BN2, relu6, nn.Func(nn.GlobalAvgPool), m.Classifier)
}

// Forward returns what the block makes of x, N×H×W×C, plus x if it has a shortcut.
func (b *LiteSeparable) Forward(x *tensor.Tensor) *tensor.Tensor {
	y := b.layers().Forward(x)
	if !b.Shortcut {
		return y
	}
	return y.Add(x)
}

// Forward returns what the block makes of x, N×H×W×C, plus x if it has a shortcut.
func (b *LiteBlock) Forward(x *tensor.Tensor) *tensor.Tensor {
	y := b.layers().Forward(x)
	if !b.Shortcut {
		return y
	}
	return y.Add(x)
}

func (b *LiteSeparable) layers() nn.Chain { return nn.Chain{b.ConvDW, b.BN1, relu6, b.ConvPW, b.BN2} }

func (b *LiteBlock) layers() nn.Chain {
	return nn.Chain{b.ConvPW, b.BN1, relu6, b.ConvDW, b.BN2, relu6, b.ConvPWL, b.BN3}
}

var relu6 = nn.Func(nn.ReLU6)
