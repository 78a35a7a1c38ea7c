package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// An InvertedResidual is the block of MobileNetV3 and EfficientNet: a convolution of 1×1 that makes more channels, a depthwise one,
// squeeze-and-excitation and a convolution of 1×1 back to few channels, without an activation. MobileNetV2, which has no
// squeeze-and-excitation, is where it is from (https://arxiv.org/abs/1801.04381, section 3.3).
type InvertedResidual struct {
	Block    nn.Chain
	Drop     nn.StochasticDepth // of the block, where its input is added
	Shortcut bool               // whether its input, N×H×W×C, is added
}

// Forward returns what the block makes of x, plus x if it has a shortcut.
func (b *InvertedResidual) Forward(x *tensor.Tensor) *tensor.Tensor {
	y := b.Block.Forward(x)
	if !b.Shortcut {
		return y
	}
	return b.Drop.Forward(y).Add(x)
}

// inverted says how an InvertedResidual is built.
type inverted struct {
	in, expanded, out int
	kernel, stride    int
	activation        nn.Func
	squeezed          int     // channels between the layers of squeeze-and-excitation; 0: there is none
	within, gate      nn.Func // the activation and the gate of squeeze-and-excitation
	drop              tensor.Float
	norm              func(channels int) *nn.BatchNorm
}

// build draws the convolutions. There is no first one where it would make no more channels.
func (c inverted) build(r *rand.Rand) *InvertedResidual {
	b := &InvertedResidual{Shortcut: c.stride == 1 && c.in == c.out, Drop: nn.StochasticDepth{P: c.drop}}
	if c.expanded != c.in {
		b.Block = append(b.Block, convNorm(r, c.in, c.expanded, 1, tensor.Conv{}, c.norm, c.activation))
	}
	deep := tensor.Conv{Stride: c.stride, Groups: c.expanded}
	b.Block = append(b.Block, convNorm(r, c.expanded, c.expanded, c.kernel, deep, c.norm, c.activation))
	if c.squeezed > 0 {
		se := nn.NewSqueezeExcite(r, c.expanded, c.squeezed)
		se.Activation, se.Gate = c.within, c.gate
		b.Block = append(b.Block, se)
	}
	b.Block = append(b.Block, convNorm(r, c.expanded, c.out, 1, tensor.Conv{}, c.norm, nil))
	return b
}

// convNorm returns a convolution that pads for its stride, its normalization and, unless it is nil, its activation.
func convNorm(r *rand.Rand, in, out, kernel int, c tensor.Conv, norm func(channels int) *nn.BatchNorm, activation nn.Func) nn.Chain {
	c.Pad = kernel / 2
	chain := nn.Chain{nn.NewConv2D(r, in, out, kernel, c).NoBias(), norm(out)}
	if activation != nil {
		chain = append(chain, activation)
	}
	return chain
}

// slowNorm is a batch normalization with TensorFlow's ε of 0.001, whose running statistics go a hundredth of the way at each step.
func slowNorm(channels int) *nn.BatchNorm {
	l := nn.NewBatchNorm(channels)
	l.Eps, l.Momentum = 1e-3, .01
	return l
}

// byEight rounds a number of channels to the next multiple of 8 that is not below nine tenths of it.
func byEight(channels float64) int {
	n := max(8, int(channels+4)/8*8)
	if float64(n) < .9*channels {
		n += 8
	}
	return n
}

// initialize draws the weights of convolutions and those of linear layers, and sets the biases of both to zero.
func initialize(m any, convolution, linear func(w *tensor.Tensor)) {
	nn.Apply(m, func(w *tensor.Tensor) {
		if w.Rank() == 2 {
			linear(w)
		} else {
			convolution(w)
		}
	})
	nn.ZeroBiases(m)
}
