package vision

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// VGG is the network of Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2014),
// https://arxiv.org/abs/1409.1556: convolutions of 3×3 only, and five times half the picture.
//
//	x: N×H×W×3 → scores: N×classes
type VGG struct {
	Features   nn.Chain
	AvgPool    nn.AdaptiveAvgPool2D
	Classifier nn.Chain
}

// NewVGG returns the network of table 1 for pictures of about 224×224, of depth 11, 13, 16 or 19 (columns A, B, D and E). With norm,
// a batch normalization (Ioffe and Szegedy 2015), which is younger, stands behind every convolution. For a thousand classes that
// of depth 16 has 138,357,544 parameters without norm.
func NewVGG(r *rand.Rand, depth int, norm bool, classes int) *VGG {
	return newVGG(r, depth, norm, 1, 4096, classes)
}

// newVGG takes a factor of the channels, and the size of the hidden layers behind the convolutions.
func newVGG(r *rand.Rand, depth int, norm bool, width float64, hidden, classes int) *VGG {
	m := &VGG{AvgPool: nn.AdaptiveAvgPool2D{H: 7, W: 7}}
	features, out := vggFeatures("NewVGG", r, depth, norm, width)
	relu, drop := nn.Func(nn.ReLU), nn.Dropout{P: .5}
	m.Features = features
	m.Classifier = nn.Chain{
		nn.NewLinear(r, 7*7*out, hidden), relu, drop,
		nn.NewLinear(r, hidden, hidden), relu, drop,
		nn.NewLinear(r, hidden, classes),
	}
	nn.Apply(m.Classifier, func(w *tensor.Tensor) { nn.Normal(r, w, 0, .01) })
	nn.ZeroBiases(m)
	return m
}

// NewCIFARVGG returns a VGG for pictures of 32×32, with batch normalization: of the convolutions is left one pixel, and a single
// linear layer stands behind them. width is a factor of all numbers of channels: at 0.25, with ten classes, that of depth 16 has
// 924,186 parameters.
func NewCIFARVGG(r *rand.Rand, depth int, width float64, classes int) *VGG {
	features, out := vggFeatures("NewCIFARVGG", r, depth, true, width)
	m := &VGG{Features: features, AvgPool: nn.AdaptiveAvgPool2D{H: 1, W: 1}, Classifier: nn.Chain{nn.NewLinear(r, out, classes)}}
	nn.ZeroBiases(m)
	return m
}

// vggFeatures returns the convolutions of a column of table 1, drawn for the variance of the gradient, and the channels they give.
func vggFeatures(constructor string, r *rand.Rand, depth int, norm bool, width float64) (c nn.Chain, out int) {
	stages, ok := map[int][5]int{11: {1, 1, 2, 2, 2}, 13: {2, 2, 2, 2, 2}, 16: {2, 2, 3, 3, 3}, 19: {2, 2, 4, 4, 4}}[depth]
	if !ok {
		panic(fmt.Sprintf("vision: %s: there is no depth of %d; it is 11, 13, 16 or 19", constructor, depth))
	}
	in := 3
	for i, n := range stages {
		out = max(1, int(math.Round(width*float64(min(64<<i, 512)))))
		for range n {
			c = append(c, nn.NewConv2D(r, in, out, 3, tensor.Conv{Pad: 1}))
			if norm {
				c = append(c, nn.NewBatchNorm(out))
			}
			c = append(c, nn.Func(nn.ReLU))
			in = out
		}
		c = append(c, nn.MaxPool2D{Pool: tensor.Pool{Kernel: 2}})
	}
	nn.Apply(c, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) })
	return c, out
}

// Forward returns the scores (logits) of the classes.
func (m *VGG) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = m.AvgPool.Forward(m.Features.Forward(x)) // N×7×7×512
	return m.Classifier.Forward(nn.FlattenCHW(x))
}
