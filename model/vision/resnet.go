package vision

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// ResNet is the residual network of He et al., "Deep Residual Learning for Image Recognition" (2015),
// https://arxiv.org/abs/1512.03385, as torchvision has it: with the stride of a bottleneck in its convolution of 3×3.
//
//	x: N×H×W×3 → scores: N×classes
type ResNet struct {
	Conv1                          *nn.Conv2D
	BN1                            *nn.BatchNorm
	MaxPool                        nn.Chain // nil for small pictures
	Layer1, Layer2, Layer3, Layer4 nn.Chain // of blocks; Layer4 is nil in the networks of section 4.2
	FC                             *nn.Linear
}

// A ResNetBlock adds to x what two convolutions of 3×3 make of it, or the bottleneck of figure 5: 1×1, 3×3 and 1×1.
type ResNetBlock struct {
	Conv1      *nn.Conv2D
	BN1        *nn.BatchNorm
	Conv2      *nn.Conv2D
	BN2        *nn.BatchNorm
	Conv3      *nn.Conv2D // of a bottleneck, with BN3; otherwise nil
	BN3        *nn.BatchNorm
	Downsample nn.Chain // brings x to the shape of the sum; nil where it has it
}

// A resNetPlan says in what residual networks differ.
type resNetPlan struct {
	blocks     []int // of each layer
	bottleneck bool
	groups     int // of the convolution of 3×3 in a bottleneck
	groupWidth int // channels of such a group where the layer has 64; 64 if there is one group
	shortcut   shortcut
}

// tableOne is the network of table 1 of a depth.
func tableOne(depth int) resNetPlan {
	blocks, ok := map[int][]int{18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}, 152: {3, 8, 36, 3}}[depth]
	if !ok {
		panic(fmt.Sprintf("vision: NewResNet: there is no depth of %d; it is 18, 34, 50, 101 or 152", depth))
	}
	return resNetPlan{blocks, depth >= 50, 1, 64, project}
}

// NewResNet returns the network of table 1 for pictures of about 224×224, of depth 18, 34, 50, 101 or 152. For a thousand classes
// that of depth 18 has 11,689,512 parameters, that of depth 50 25,557,032.
func NewResNet(r *rand.Rand, depth, classes int) *ResNet {
	return newResNet(r, conv7x7(r, 64), tableOne(depth), classes).pooled()
}

// NewSmallResNet is NewResNet for pictures of about 32×32: the first convolution is of 3×3, and the first layer sees all pixels.
func NewSmallResNet(r *rand.Rand, depth, classes int) *ResNet {
	return newResNet(r, conv3x3(r, 3, 64, 1), tableOne(depth), classes)
}

// newResNet builds blocks behind the first convolution, with twice the channels in every further layer. Convolutions are drawn for
// the variance of the gradient, as in torchvision.
func newResNet(r *rand.Rand, stem *nn.Conv2D, plan resNetPlan, classes int) *ResNet {
	width := stem.Weight.Dim(-1)
	m := &ResNet{Conv1: stem, BN1: nn.NewBatchNorm(width)}
	in, layers := width, []*nn.Chain{&m.Layer1, &m.Layer2, &m.Layer3, &m.Layer4}
	for i, n := range plan.blocks {
		for j := range n {
			var b *ResNetBlock
			b, in = plan.block(r, in, width<<i, firstStride(i, j))
			*layers[i] = append(*layers[i], b)
		}
	}
	nn.Apply(m, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) })
	m.FC = nn.NewLinear(r, in, classes)
	return m
}

// firstStride is that of block j of layer i: the first block of every layer but the first leaves out every other pixel.
func firstStride(i, j int) int {
	if i > 0 && j == 0 {
		return 2
	}
	return 1
}

// block returns a block of a layer of width channels, and how many channels it gives.
func (plan resNetPlan) block(r *rand.Rand, in, width, stride int) (b *ResNetBlock, out int) {
	b, out = &ResNetBlock{}, width
	if plan.bottleneck {
		inner := width * plan.groupWidth / 64 * plan.groups
		out = 4 * width
		b.Conv1, b.BN1 = conv1x1(r, in, inner, 1), nn.NewBatchNorm(inner)
		b.Conv2 = nn.NewConv2D(r, inner, inner, 3, tensor.Conv{Stride: stride, Pad: 1, Groups: plan.groups}).NoBias()
		b.BN2 = nn.NewBatchNorm(inner)
		b.Conv3, b.BN3 = conv1x1(r, inner, out, 1), nn.NewBatchNorm(out)
	} else {
		b.Conv1, b.BN1 = conv3x3(r, in, width, stride), nn.NewBatchNorm(width)
		b.Conv2, b.BN2 = conv3x3(r, width, width, 1), nn.NewBatchNorm(width)
	}
	if stride > 1 || in != out {
		b.Downsample = plan.shortcut(r, in, out, stride)
	}
	return b, out
}

// A shortcut brings what goes past a block to out channels and the pixels that are left by a stride.
type shortcut func(r *rand.Rand, in, out, stride int) nn.Chain

// project is option B: a convolution of 1×1.
func project(r *rand.Rand, in, out, stride int) nn.Chain {
	return nn.Chain{conv1x1(r, in, out, stride), nn.NewBatchNorm(out)}
}

// pooled puts the pooling of large pictures behind the first convolution.
func (m *ResNet) pooled() *ResNet {
	m.MaxPool = nn.Chain{nn.MaxPool2D{Pool: tensor.Pool{Kernel: 3, Stride: 2, Pad: 1}}}
	return m
}

// Forward returns the scores (logits) of the classes.
func (m *ResNet) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Head(m.Body(x))
}

// Forward returns the ReLU of the sum.
func (b *ResNetBlock) Forward(x *tensor.Tensor) *tensor.Tensor {
	y := b.Conv1.ForwardNormReLU(x, b.BN1, nil)
	if b.Conv3 == nil {
		return b.Conv2.ForwardNormReLU(y, b.BN2, b.Downsample.Forward(x))
	}
	y = b.Conv2.ForwardNormReLU(y, b.BN2, nil)
	return b.Conv3.ForwardNormReLU(y, b.BN3, b.Downsample.Forward(x))
}
