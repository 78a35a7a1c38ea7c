package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// AlexNet is the network of Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks" (2012),
// https://papers.nips.cc/paper/4824, in the form of torchvision: without its groups and local response normalization, and with the
// numbers of channels of Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014),
// https://arxiv.org/abs/1404.5997.
//
//	x: N×H×W×3, of about 224×224 → scores: N×classes
type AlexNet struct {
	Features   nn.Chain
	Classifier nn.Chain
}

// NewAlexNet returns an AlexNet with PyTorch's initialization of its layers, 61,100,840 parameters for a thousand classes.
func NewAlexNet(r *rand.Rand, classes int) *AlexNet {
	return newAlexNet(r, [5]int{64, 192, 384, 256, 256}, 4096, classes)
}

// newAlexNet takes the channels of the convolutions, and the size of the hidden layers behind them.
func newAlexNet(r *rand.Rand, c [5]int, hidden, classes int) *AlexNet {
	relu, pool, drop := nn.Func(nn.ReLU), nn.MaxPool2D{Pool: tensor.Pool{Kernel: 3, Stride: 2}}, nn.Dropout{P: .5}
	return &AlexNet{
		Features: nn.Chain{
			nn.NewConv2D(r, 3, c[0], 11, tensor.Conv{Stride: 4, Pad: 2}), relu, pool, // N×27×27×64
			nn.NewConv2D(r, c[0], c[1], 5, tensor.Conv{Pad: 2}), relu, pool, // N×13×13×192
			nn.NewConv2D(r, c[1], c[2], 3, tensor.Conv{Pad: 1}), relu,
			nn.NewConv2D(r, c[2], c[3], 3, tensor.Conv{Pad: 1}), relu,
			nn.NewConv2D(r, c[3], c[4], 3, tensor.Conv{Pad: 1}), relu, pool, // N×6×6×256
		},
		Classifier: nn.Chain{
			drop, nn.NewLinear(r, 6*6*c[4], hidden), relu,
			drop, nn.NewLinear(r, hidden, hidden), relu,
			nn.NewLinear(r, hidden, classes),
		},
	}
}

// Forward returns the scores (logits) of the classes.
func (m *AlexNet) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = m.Features.Forward(x).AdaptiveAvgPool2D(6, 6)
	return m.Classifier.Forward(nn.FlattenCHW(x))
}
