package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// MobileNetV3 is the network of Howard et al., "Searching for MobileNetV3" (2019), https://arxiv.org/abs/1905.02244, as torchvision
// has it.
//
//	x: N×H×W×3 → scores: N×classes
type MobileNetV3 struct {
	Features   nn.Chain // a convolution, blocks, a convolution of 1×1
	Classifier nn.Chain
}

// A mobileNetV3Block is a row of tables 1 and 2.
type mobileNetV3Block struct {
	kernel, expanded, out int
	squeeze               bool
	activation            nn.Func
	stride                int
}

var mobileNetV3Large = []mobileNetV3Block{
	{3, 16, 16, false, nn.ReLU, 1},
	{3, 64, 24, false, nn.ReLU, 2},
	{3, 72, 24, false, nn.ReLU, 1},
	{5, 72, 40, true, nn.ReLU, 2},
	{5, 120, 40, true, nn.ReLU, 1},
	{5, 120, 40, true, nn.ReLU, 1},
	{3, 240, 80, false, nn.HardSwish, 2},
	{3, 200, 80, false, nn.HardSwish, 1},
	{3, 184, 80, false, nn.HardSwish, 1},
	{3, 184, 80, false, nn.HardSwish, 1},
	{3, 480, 112, true, nn.HardSwish, 1},
	{3, 672, 112, true, nn.HardSwish, 1},
	{5, 672, 160, true, nn.HardSwish, 2},
	{5, 960, 160, true, nn.HardSwish, 1},
	{5, 960, 160, true, nn.HardSwish, 1},
}

var mobileNetV3Small = []mobileNetV3Block{
	{3, 16, 16, true, nn.ReLU, 2},
	{3, 72, 24, false, nn.ReLU, 2},
	{3, 88, 24, false, nn.ReLU, 1},
	{5, 96, 40, true, nn.HardSwish, 2},
	{5, 240, 40, true, nn.HardSwish, 1},
	{5, 240, 40, true, nn.HardSwish, 1},
	{5, 120, 48, true, nn.HardSwish, 1},
	{5, 144, 48, true, nn.HardSwish, 1},
	{5, 288, 96, true, nn.HardSwish, 2},
	{5, 576, 96, true, nn.HardSwish, 1},
	{5, 576, 96, true, nn.HardSwish, 1},
}

// NewMobileNetV3Large returns the network of table 1. For a thousand classes it has 5,483,032 parameters.
func NewMobileNetV3Large(r *rand.Rand, classes int) *MobileNetV3 {
	return newMobileNetV3(r, 16, mobileNetV3Large, 1280, classes)
}

// NewMobileNetV3Small returns the network of table 2. For a thousand classes it has 2,542,856 parameters.
func NewMobileNetV3Small(r *rand.Rand, classes int) *MobileNetV3 {
	return newMobileNetV3(r, 16, mobileNetV3Small, 1024, classes)
}

func newMobileNetV3(r *rand.Rand, in int, blocks []mobileNetV3Block, hidden, classes int) *MobileNetV3 {
	m := &MobileNetV3{Features: nn.Chain{convNorm(r, 3, in, 3, tensor.Conv{Stride: 2}, slowNorm, nn.HardSwish)}}
	for _, b := range blocks {
		c := inverted{
			in: in, expanded: b.expanded, out: b.out, kernel: b.kernel, stride: b.stride, activation: b.activation, norm: slowNorm,
			within: nn.ReLU, gate: nn.HardSigmoid,
		}
		if b.squeeze {
			c.squeezed = byEight(float64(b.expanded / 4))
		}
		m.Features, in = append(m.Features, c.build(r)), b.out
	}
	m.Features = append(m.Features, convNorm(r, in, 6*in, 1, tensor.Conv{}, slowNorm, nn.HardSwish))
	m.Classifier = nn.Chain{
		nn.NewLinear(r, 6*in, hidden), nn.Func(nn.HardSwish), nn.Dropout{P: .2}, nn.NewLinear(r, hidden, classes),
	}
	initialize(m,
		func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) },
		func(w *tensor.Tensor) { nn.Normal(r, w, 0, .01) })
	return m
}

// Forward returns the scores (logits) of the classes.
func (m *MobileNetV3) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Classifier.Forward(nn.GlobalAvgPool(m.Features.Forward(x)))
}
