package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// PreActResNet is the residual network of He et al., "Identity Mappings in Deep Residual Networks" (2016),
// https://arxiv.org/abs/1603.05027, for pictures of 32×32: normalization and ReLU stand before the convolutions, so that nothing
// but sums lies on the way from the first block to the last, and a thousand layers can be trained.
//
//	x: N×32×32×3 → scores: N×classes
type PreActResNet struct {
	Conv1                  *nn.Conv2D
	Layer1, Layer2, Layer3 nn.Chain // of blocks
	BN                     *nn.BatchNorm
	FC                     *nn.Linear
}

// A PreActBlock adds to x what two convolutions of 3×3 make of it, or a bottleneck of 1×1, 3×3 and 1×1.
type PreActBlock struct {
	BN1        *nn.BatchNorm
	Conv1      *nn.Conv2D
	BN2        *nn.BatchNorm
	Conv2      *nn.Conv2D
	BN3        *nn.BatchNorm // of a bottleneck, with Conv3; otherwise nil
	Conv3      *nn.Conv2D
	Downsample nn.Chain // a convolution of 1×1, for what BN1 and ReLU leave of x; nil where x has the shape of the sum
	First      bool     // of all: what BN1 and ReLU leave of x is added too (the paper's appendix)
}

// NewPreActResNet returns a network as in table 4: up to depth 110 of blocks of two convolutions, the depth being 6·n + 2, above,
// 164 or 1001, of bottlenecks, it being 9·n + 2. For ten classes that of depth 164 has 1,703,258 parameters.
func NewPreActResNet(r *rand.Rand, depth, classes int) *PreActResNet {
	if depth > 110 {
		n := perLayer("NewPreActResNet", depth, 9)
		return newPreActResNet(r, 16, n, true, classes)
	}
	n := perLayer("NewPreActResNet", depth, 6)
	return newPreActResNet(r, 16, n, false, classes)
}

// newPreActResNet builds n blocks a layer, the first layer of width channels.
func newPreActResNet(r *rand.Rand, width, n int, bottleneck bool, classes int) *PreActResNet {
	m := &PreActResNet{Conv1: conv3x3(r, 3, width, 1)}
	in := width
	for i, layer := range []*nn.Chain{&m.Layer1, &m.Layer2, &m.Layer3} {
		for j := range n {
			var b *PreActBlock
			b, in = newPreActBlock(r, in, width<<i, firstStride(i, j), bottleneck)
			b.First = i == 0 && j == 0
			*layer = append(*layer, b)
		}
	}
	m.BN = nn.NewBatchNorm(in)
	nn.Apply(m, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) })
	m.FC = nn.NewLinear(r, in, classes)
	nn.Constant(m.FC.Bias, 0)
	return m
}

// newPreActBlock returns a block and how many channels it gives.
func newPreActBlock(r *rand.Rand, in, width, stride int, bottleneck bool) (b *PreActBlock, out int) {
	b, out = &PreActBlock{BN1: nn.NewBatchNorm(in), BN2: nn.NewBatchNorm(width)}, width
	if bottleneck {
		out = 4 * width
		b.Conv1, b.Conv2, b.Conv3 = conv1x1(r, in, width, 1), conv3x3(r, width, width, stride), conv1x1(r, width, out, 1)
		b.BN3 = nn.NewBatchNorm(width)
	} else {
		b.Conv1, b.Conv2 = conv3x3(r, in, width, stride), conv3x3(r, width, width, 1)
	}
	if stride > 1 || in != out {
		b.Downsample = nn.Chain{conv1x1(r, in, out, stride)}
	}
	return b, out
}

// Forward returns the scores (logits) of the classes.
func (m *PreActResNet) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = m.Conv1.Forward(x)  // N×32×32×16
	x = m.Layer1.Forward(x) // N×32×32×16, or 64 with bottlenecks
	x = m.Layer2.Forward(x) // N×16×16×32, or 128
	x = m.Layer3.Forward(x) // N×8×8×64, or 256
	x = m.BN.ForwardReLU(x, nil)
	return m.FC.Forward(nn.GlobalAvgPool(x))
}

// Forward returns the sum.
func (b *PreActBlock) Forward(x *tensor.Tensor) *tensor.Tensor {
	y := b.BN1.ForwardReLU(x, nil)
	switch {
	case b.Downsample != nil:
		x = b.Downsample.Forward(y)
	case b.First:
		x = y
	}
	y = b.Conv1.ForwardNormReLU(y, b.BN2, nil)
	if b.Conv3 == nil {
		return b.Conv2.Forward(y).Add(x)
	}
	y = b.Conv2.ForwardNormReLU(y, b.BN3, nil)
	return b.Conv3.Forward(y).Add(x)
}
