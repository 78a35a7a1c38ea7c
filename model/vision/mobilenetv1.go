package vision

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// MobileNetV1 is the network of Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications"
// (2017), https://arxiv.org/abs/1704.04861: every convolution but the first is one of each channel by itself and one of 1×1 that mixes
// them. Names and numbers are those of the library timm; with ReLU6 in place of the paper's ReLU, as its authors have it in TensorFlow.
//
//	x: N×H×W×3 → scores: N×classes
type MobileNetV1 struct {
	ConvStem   *nn.Conv2D
	BN1        *nn.BatchNorm
	Blocks     []nn.Chain // of *MobileNetV1Block; a stage for each number of channels
	Classifier *nn.Linear
}

// A MobileNetV1Block filters each channel by itself and then mixes them (figure 3, right).
type MobileNetV1Block struct {
	ConvDW *nn.Conv2D
	BN1    *nn.BatchNorm
	ConvPW *nn.Conv2D
	BN2    *nn.BatchNorm
}

// mobileNetV1 is table 1: the first block of a stage has the stride.
var mobileNetV1 = []mobileStage{{1, 3, 1, 64, 1}, {1, 3, 2, 128, 2}, {1, 3, 2, 256, 2}, {1, 3, 2, 512, 6}, {1, 3, 2, 1024, 2}}

// NewMobileNetV1 returns the network for pictures of about 224×224 with its channels times width, the width multiplier. For width 1
// and a thousand classes it has 4,231,976 parameters.
func NewMobileNetV1(r *rand.Rand, width float64, classes int) *MobileNetV1 {
	return newMobileNetV1(r, mobileNetV1, width, classes)
}

// NewMobileNetV1TF is NewMobileNetV1 with the padding and the ε of TensorFlow, for the weights of its authors.
func NewMobileNetV1TF(r *rand.Rand, width float64, classes int) *MobileNetV1 {
	m := NewMobileNetV1(r, width, classes)
	likeTensorFlow(m.layers()...)
	return m
}

func newMobileNetV1(r *rand.Rand, stages []mobileStage, width float64, classes int) *MobileNetV1 {
	in := byEight(32 * width)
	m := &MobileNetV1{ConvStem: conv3x3(r, 3, in, 2), BN1: nn.NewBatchNorm(in)}
	for _, s := range stages {
		out, stride := byEight(float64(s.out)*width), s.stride
		var stage nn.Chain
		for range s.blocks {
			stage = append(stage, &MobileNetV1Block{
				ConvDW: depthwise(r, in, s.kernel, stride), BN1: nn.NewBatchNorm(in),
				ConvPW: conv1x1(r, in, out, 1), BN2: nn.NewBatchNorm(out),
			})
			in, stride = out, 1
		}
		m.Blocks = append(m.Blocks, stage)
	}
	m.Classifier = nn.NewLinear(r, in, classes)
	bound := 1 / math.Sqrt(float64(classes))
	initialize(m,
		func(w *tensor.Tensor) { nn.Normal(r, w, 0, math.Sqrt(2/liteFan(w))) },
		func(w *tensor.Tensor) { nn.Uniform(r, w, -bound, bound) })
	return m
}

// layers are those in front of the last one.
func (m *MobileNetV1) layers() nn.Chain {
	layers := nn.Chain{m.ConvStem, m.BN1, relu6}
	for _, stage := range m.Blocks {
		layers = append(layers, stage...)
	}
	return layers
}

// Forward returns the scores (logits) of the classes.
func (m *MobileNetV1) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Head(m.Body(x)) // N×1024, N×classes
}

// Forward returns what the block makes of x, N×H×W×C.
func (b *MobileNetV1Block) Forward(x *tensor.Tensor) *tensor.Tensor { return b.layers().Forward(x) }

func (b *MobileNetV1Block) layers() nn.Chain {
	return nn.Chain{b.ConvDW, b.BN1, relu6, b.ConvPW, b.BN2, relu6}
}
