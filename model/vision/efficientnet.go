package vision

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// EfficientNet is the network of Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019),
// https://arxiv.org/abs/1905.11946, as torchvision has it.
//
//	x: N×H×W×3 → scores: N×classes
type EfficientNet struct {
	Features   nn.Chain // a convolution, a chain of blocks for each stage, a convolution of 1×1
	Classifier nn.Chain
}

// efficientNetStages are those of B0, table 1.
var efficientNetStages = []mobileStage{
	{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2}, {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3}, {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1},
}

// An efficientNetSize says by what the channels and the blocks of B0 are multiplied.
type efficientNetSize struct {
	width, depth float64
	dropout      tensor.Float // in front of the last layer
}

var efficientNetSizes = []efficientNetSize{
	{1, 1, .2}, {1, 1.1, .2}, {1.1, 1.2, .3}, {1.2, 1.4, .3}, {1.4, 1.8, .4}, {1.6, 2.2, .4}, {1.8, 2.6, .5}, {2, 3.1, .5},
}

// NewEfficientNet returns the network of size 0 to 7, B0 to B7, which are meant for pictures of 224, 240, 260, 300, 380, 456, 528
// and 600 pixels a side. For a thousand classes B0 has 5,288,548 parameters, B7 66,347,960.
func NewEfficientNet(r *rand.Rand, size, classes int) *EfficientNet {
	if size < 0 || size >= len(efficientNetSizes) {
		panic(fmt.Sprintf("vision: NewEfficientNet: there is no B%d; it is B0 to B7", size))
	}
	norm := nn.NewBatchNorm
	if size >= 5 {
		norm = slowNorm
	}
	return newEfficientNet(r, 32, efficientNetStages, efficientNetSizes[size], norm, classes)
}

func newEfficientNet(
	r *rand.Rand, stem int, stages []mobileStage, size efficientNetSize, norm func(channels int) *nn.BatchNorm, classes int,
) *EfficientNet {
	in := byEight(float64(stem) * size.width)
	m := &EfficientNet{Features: nn.Chain{convNorm(r, 3, in, 3, tensor.Conv{Stride: 2}, norm, nn.SiLU)}}
	blocks := 0
	for _, s := range stages {
		blocks += size.blocks(s)
	}
	done := 0
	for _, s := range stages {
		var stage nn.Chain
		c := inverted{kernel: s.kernel, stride: s.stride, activation: nn.SiLU, norm: norm, within: nn.SiLU, gate: nn.Sigmoid}
		c.out = byEight(float64(s.out) * size.width)
		for range size.blocks(s) {
			c.in, c.expanded, c.squeezed = in, byEight(float64(in*s.expand)), max(1, in/4)
			c.drop = .2 * tensor.Float(done) / tensor.Float(blocks)
			stage = append(stage, c.build(r))
			in, c.stride = c.out, 1
			done++
		}
		m.Features = append(m.Features, stage)
	}
	m.Features = append(m.Features, convNorm(r, in, 4*in, 1, tensor.Conv{}, norm, nn.SiLU))
	m.Classifier = nn.Chain{nn.Dropout{P: size.dropout}, nn.NewLinear(r, 4*in, classes)}
	bound := 1 / math.Sqrt(float64(classes))
	initialize(m,
		func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) },
		func(w *tensor.Tensor) { nn.Uniform(r, w, -bound, bound) })
	return m
}

// blocks returns how many a stage has in a network of this size.
func (s efficientNetSize) blocks(stage mobileStage) int {
	return int(math.Ceil(float64(stage.blocks) * s.depth))
}

// Forward returns the scores (logits) of the classes.
func (m *EfficientNet) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Classifier.Forward(nn.GlobalAvgPool(m.Features.Forward(x)))
}
