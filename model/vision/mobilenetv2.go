package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// MobileNetV2 is the network of Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018),
// https://arxiv.org/abs/1801.04381, as torchvision has it.
//
//	x: N×H×W×3 → scores: N×classes
type MobileNetV2 struct {
	Features   nn.Chain // a convolution, blocks, a convolution of 1×1
	Classifier nn.Chain
}

// A MobileNetV2Block widens its input, filters each channel by itself and projects back to few channels, and is added to its input
// where it has the same shape (figure 3b).
type MobileNetV2Block struct {
	Conv     nn.Chain
	Shortcut bool
}

// A mobileStage is a row of table 2: blocks of which the first one has the stride.
type mobileStage struct{ expand, kernel, stride, out, blocks int }

var mobileNetV2 = []mobileStage{
	{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2}, {6, 3, 2, 32, 3}, {6, 3, 2, 64, 4}, {6, 3, 1, 96, 3}, {6, 3, 2, 160, 3}, {6, 3, 1, 320, 1},
}

// NewMobileNetV2 returns the network for pictures of about 224×224 with its channels times width, the width multiplier. For width 1
// and a thousand classes it has 3,504,872 parameters.
func NewMobileNetV2(r *rand.Rand, width float64, classes int) *MobileNetV2 {
	return newMobileNetV2(r, 2, mobileNetV2, width, classes)
}

// NewMobileNetV2TF is NewMobileNetV2 with the padding and the ε of TensorFlow, for the weights of its authors.
func NewMobileNetV2TF(r *rand.Rand, width float64, classes int) *MobileNetV2 {
	m := NewMobileNetV2(r, width, classes)
	likeTensorFlow(m.Features)
	return m
}

// NewSmallMobileNetV2 is NewMobileNetV2 for pictures of about 32×32: the first two steps that halve them are left out, so that 4×4
// pixels remain at the end.
func NewSmallMobileNetV2(r *rand.Rand, width float64, classes int) *MobileNetV2 {
	stages := append([]mobileStage(nil), mobileNetV2...)
	stages[1].stride = 1
	return newMobileNetV2(r, 1, stages, width, classes)
}

func newMobileNetV2(r *rand.Rand, stride int, stages []mobileStage, width float64, classes int) *MobileNetV2 {
	in, last := byEight(32*width), byEight(1280*max(1, width))
	m := &MobileNetV2{Features: nn.Chain{convNorm(r, 3, in, 3, tensor.Conv{Stride: stride}, nn.NewBatchNorm, nn.ReLU6)}}
	for _, s := range stages {
		out := byEight(float64(s.out) * width)
		for i := range s.blocks {
			stride := 1
			if i == 0 {
				stride = s.stride
			}
			m.Features = append(m.Features, newMobileNetV2Block(r, in, s.expand*in, out, stride))
			in = out
		}
	}
	m.Features = append(m.Features, convNorm(r, in, last, 1, tensor.Conv{}, nn.NewBatchNorm, nn.ReLU6))
	m.Classifier = nn.Chain{nn.Dropout{P: .2}, nn.NewLinear(r, last, classes)}
	initialize(m,
		func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) },
		func(w *tensor.Tensor) { nn.Normal(r, w, 0, .01) })
	return m
}

func newMobileNetV2Block(r *rand.Rand, in, expanded, out, stride int) *MobileNetV2Block {
	b := &MobileNetV2Block{Shortcut: stride == 1 && in == out}
	if expanded != in {
		b.Conv = append(b.Conv, convNorm(r, in, expanded, 1, tensor.Conv{}, nn.NewBatchNorm, nn.ReLU6))
	}
	deep := tensor.Conv{Stride: stride, Groups: expanded}
	b.Conv = append(b.Conv, convNorm(r, expanded, expanded, 3, deep, nn.NewBatchNorm, nn.ReLU6))
	b.Conv = append(b.Conv, convNorm(r, expanded, out, 1, tensor.Conv{}, nn.NewBatchNorm, nil)...)
	return b
}

// Forward returns the scores (logits) of the classes.
func (m *MobileNetV2) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Head(m.Body(x)) // N×1280, N×classes
}

// Forward returns what the block makes of x, N×H×W×C, plus x if it has a shortcut.
func (b *MobileNetV2Block) Forward(x *tensor.Tensor) *tensor.Tensor {
	if !b.Shortcut {
		return b.Conv.Forward(x)
	}
	return b.Conv.Forward(x).Add(x)
}
