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

// resNets are the networks of table 1, by depth: blocks of each layer, and whether they are bottlenecks.
var resNets = map[int]struct {
	blocks     []int
	bottleneck bool
}{
	18:  {[]int{2, 2, 2, 2}, false},
	34:  {[]int{3, 4, 6, 3}, false},
	50:  {[]int{3, 4, 6, 3}, true},
	101: {[]int{3, 4, 23, 3}, true},
	152: {[]int{3, 8, 36, 3}, true},
}

// NewResNet returns the network of table 1 for pictures of about 224×224, of depth 18, 34, 50, 101 or 152. For a thousand classes
// that of depth 18 has 11,689,512 parameters, that of depth 50 25,557,032.
func NewResNet(r *rand.Rand, depth, classes int) *ResNet {
	m := newImageNetResNet(r, depth, classes, nn.NewConv2D(r, 3, 64, 7, tensor.Conv{Stride: 2, Pad: 3}))
	m.MaxPool = nn.Chain{nn.MaxPool2D{Pool: tensor.Pool{Kernel: 3, Stride: 2, Pad: 1}}}
	return m
}

// NewSmallResNet is NewResNet for pictures of about 32×32: the first convolution is of 3×3, and the first layer sees all pixels.
func NewSmallResNet(r *rand.Rand, depth, classes int) *ResNet {
	return newImageNetResNet(r, depth, classes, conv3x3(r, 3, 64, 1))
}

func newImageNetResNet(r *rand.Rand, depth, classes int, stem *nn.Conv2D) *ResNet {
	s, ok := resNets[depth]
	if !ok {
		panic(fmt.Sprintf("vision: NewResNet: there is no depth of %d; it is 18, 34, 50, 101 or 152", depth))
	}
	return newResNet(r, stem, s.blocks, s.bottleneck, project, classes)
}

// NewCIFARResNet returns the network of section 4.2 for pictures of 32×32, of depth 6·n + 2: 20, 32, 44, 56 or 110. Its shortcuts
// have no parameters (option A). For ten classes that of depth 20 has 269,722.
func NewCIFARResNet(r *rand.Rand, depth, classes int) *ResNet {
	n := (depth - 2) / 6
	if n < 1 || 6*n+2 != depth {
		panic(fmt.Sprintf("vision: NewCIFARResNet: a depth of %d is not 6·n + 2", depth))
	}
	return newResNet(r, conv3x3(r, 3, 16, 1), []int{n, n, n}, false, subsample, classes)
}

// newResNet builds blocks behind the first convolution, with twice the channels in every further layer. Convolutions are drawn for
// the variance of the gradient, as in torchvision.
func newResNet(r *rand.Rand, stem *nn.Conv2D, blocks []int, bottleneck bool, shortcut shortcut, classes int) *ResNet {
	width := stem.Weight.Dim(-1)
	m := &ResNet{Conv1: stem.NoBias(), BN1: nn.NewBatchNorm(width)}
	in, layers := width, []*nn.Chain{&m.Layer1, &m.Layer2, &m.Layer3, &m.Layer4}
	for i, n := range blocks {
		for j := range n {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			var b *ResNetBlock
			b, in = newResNetBlock(r, in, width<<i, stride, bottleneck, shortcut)
			*layers[i] = append(*layers[i], b)
		}
	}
	nn.Apply(m, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) })
	m.FC = nn.NewLinear(r, in, classes)
	return m
}

// newResNetBlock returns a block and how many channels it gives.
func newResNetBlock(r *rand.Rand, in, width, stride int, bottleneck bool, shortcut shortcut) (b *ResNetBlock, out int) {
	b, out = &ResNetBlock{BN1: nn.NewBatchNorm(width), BN2: nn.NewBatchNorm(width)}, width
	if bottleneck {
		out = 4 * width
		b.Conv1, b.Conv2, b.Conv3 = conv1x1(r, in, width, 1), conv3x3(r, width, width, stride), conv1x1(r, width, out, 1)
		b.BN3 = nn.NewBatchNorm(out)
	} else {
		b.Conv1, b.Conv2 = conv3x3(r, in, width, stride), conv3x3(r, width, width, 1)
	}
	if stride > 1 || in != out {
		b.Downsample = shortcut(r, in, out, stride)
	}
	return b, out
}

// A shortcut brings what goes past a block to out channels and the pixels that are left by a stride.
type shortcut func(r *rand.Rand, in, out, stride int) nn.Chain

// project is option B: a convolution of 1×1.
func project(r *rand.Rand, in, out, stride int) nn.Chain {
	return nn.Chain{conv1x1(r, in, out, stride), nn.NewBatchNorm(out)}
}

// subsample is option A: pixels are left out, and half of the new channels, which are zero, stand before the others.
func subsample(_ *rand.Rand, in, out, stride int) nn.Chain {
	before := (out - in) / 2
	return nn.Chain{nn.AvgPool2D{Pool: tensor.Pool{Kernel: 1, Stride: stride}}, nn.Func(func(x *tensor.Tensor) *tensor.Tensor {
		return x.Pad(-1, before, out-in-before)
	})}
}

func conv1x1(r *rand.Rand, in, out, stride int) *nn.Conv2D {
	return nn.NewConv2D(r, in, out, 1, tensor.Conv{Stride: stride}).NoBias()
}

func conv3x3(r *rand.Rand, in, out, stride int) *nn.Conv2D {
	return nn.NewConv2D(r, in, out, 3, tensor.Conv{Stride: stride, Pad: 1}).NoBias()
}

// Forward returns the scores (logits) of the classes.
func (m *ResNet) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = m.Conv1.ForwardNormReLU(x, m.BN1, nil)
	x = m.MaxPool.Forward(x)
	for _, layer := range []nn.Chain{m.Layer1, m.Layer2, m.Layer3, m.Layer4} {
		x = layer.Forward(x)
	}
	return m.FC.Forward(nn.GlobalAvgPool(x))
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
