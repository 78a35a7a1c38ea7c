package vision

import (
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// SqueezeNet is the network of Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size"
// (2016), https://arxiv.org/abs/1602.07360: few channels go into the convolutions of 3×3.
//
//	x: N×H×W×3, of about 224×224 → scores: N×classes
type SqueezeNet struct {
	Features   nn.Chain
	Classifier nn.Chain
}

// A Fire is the module of figure 1: a convolution of 1×1 to few channels, and behind it those of 1×1 and of 3×3, side by side.
type Fire struct {
	Squeeze   *nn.Conv2D
	Expand1x1 *nn.Conv2D `nn:"expand1x1"`
	Expand3x3 *nn.Conv2D `nn:"expand3x3"`
}

// NewSqueezeNet10 returns the network of the paper, 1,248,424 parameters for a thousand classes.
func NewSqueezeNet10(r *rand.Rand, classes int) *SqueezeNet {
	return newSqueezeNet(r, 16, 96, 7, []int{0, 3, 7}, classes)
}

// NewSqueezeNet11 returns version 1.1 of the authors, https://github.com/forresti/SqueezeNet, which computes 2.4 times less and is as
// accurate, of 1,235,496 parameters for a thousand classes.
func NewSqueezeNet11(r *rand.Rand, classes int) *SqueezeNet {
	return newSqueezeNet(r, 16, 64, 3, []int{0, 2, 4}, classes)
}

// newSqueezeNet has a first convolution of stem channels by a kernel, and eight modules: the first is squeezed to unit channels. The
// picture is halved behind so many modules as pools says.
func newSqueezeNet(r *rand.Rand, unit, stem, kernel int, pools []int, classes int) *SqueezeNet {
	m := &SqueezeNet{Features: nn.Chain{nn.NewConv2D(r, 3, stem, kernel, tensor.Conv{Stride: 2}), nn.Func(nn.ReLU)}}
	in := stem
	for i := range 9 {
		if i > 0 {
			squeezed := (i + 1) / 2 * unit // 16, 16, 32, 32, 48, 48, 64, 64
			m.Features = append(m.Features, newFire(r, in, squeezed))
			in = 8 * squeezed
		}
		if slices.Contains(pools, i) {
			m.Features = append(m.Features, nn.MaxPool2D{Pool: tensor.Pool{Kernel: 3, Stride: 2, Ceil: true}})
		}
	}
	nn.Apply(m, func(w *tensor.Tensor) { nn.HeUniform(r, w, nn.FanIn, 0) })
	last := nn.NewConv2D(r, in, classes, 1, tensor.Conv{})
	nn.Normal(r, last.Weight, 0, .01)
	m.Classifier = nn.Chain{nn.Dropout{P: .5}, last, nn.Func(nn.ReLU), nn.Func(nn.GlobalAvgPool)}
	nn.ZeroBiases(m)
	return m
}

func newFire(r *rand.Rand, in, squeezed int) *Fire {
	return &Fire{
		Squeeze:   nn.NewConv2D(r, in, squeezed, 1, tensor.Conv{}),
		Expand1x1: nn.NewConv2D(r, squeezed, 4*squeezed, 1, tensor.Conv{}),
		Expand3x3: nn.NewConv2D(r, squeezed, 4*squeezed, 3, tensor.Conv{Pad: 1}),
	}
}

// Forward returns the scores (logits) of the classes.
func (m *SqueezeNet) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Head(m.Body(x)) // N×13×13×512, N×classes
}

// Forward returns eight times the squeezed channels.
func (f *Fire) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = f.Squeeze.ForwardReLU(x)
	return tensor.Concat(-1, f.Expand1x1.ForwardReLU(x), f.Expand3x3.ForwardReLU(x))
}
