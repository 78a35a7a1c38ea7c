package vision

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// DenseNet is the network of Huang et al., "Densely Connected Convolutional Networks" (2016), https://arxiv.org/abs/1608.06993:
// every layer sees the channels of all layers before it in its block, and adds a few, as many as the growth rate k.
//
//	x: N×H×W×3 → scores: N×classes
type DenseNet struct {
	Features   DenseFeatures
	Classifier *nn.Linear
}

// DenseFeatures are the convolutions of a DenseNet.
type DenseFeatures struct {
	Conv0       *nn.Conv2D
	Norm0       *nn.BatchNorm // nil for small pictures
	Pool0       nn.MaxPool2D
	Blocks      []DenseBlock      `nn:".,first=denseblock1"`
	Transitions []DenseTransition `nn:".,first=transition1"` // one behind every block but the last
	Norm5       *nn.BatchNorm
}

// A DenseBlock has DenseLayers.
type DenseBlock struct {
	Layers nn.Chain `nn:".,first=denselayer1"`
}

// A DenseLayer puts k new channels behind those of x: BN, ReLU and a convolution of 3×3, or, with a bottleneck, those of 1×1 to 4·k
// channels and of 3×3.
type DenseLayer struct {
	Norm1 *nn.BatchNorm
	Conv1 *nn.Conv2D
	Norm2 *nn.BatchNorm // of a bottleneck, with Conv2; otherwise nil
	Conv2 *nn.Conv2D
}

// A DenseTransition stands between two blocks: BN, ReLU, a convolution of 1×1 and the mean of each 2×2 pixels.
type DenseTransition struct {
	Norm *nn.BatchNorm
	Conv *nn.Conv2D
}

// NewDenseNet returns the network of table 1 for pictures of about 224×224, of depth 121, 169 or 201, where k is 32, or 161, where
// it is 48. For a thousand classes that of depth 121 has 7,978,856 parameters.
func NewDenseNet(r *rand.Rand, depth, classes int) *DenseNet {
	blocks, ok := map[int][]int{121: {6, 12, 24, 16}, 161: {6, 12, 36, 24}, 169: {6, 12, 32, 32}, 201: {6, 12, 48, 32}}[depth]
	if !ok {
		panic(fmt.Sprintf("vision: NewDenseNet: there is no depth of %d; it is 121, 161, 169 or 201", depth))
	}
	k := 32
	if depth == 161 {
		k = 48
	}
	return newDenseNet(r, conv7x7(r, 2*k), k, blocks, true, classes).pooled()
}

// NewCIFARDenseNet returns the network of section 3 for pictures of 32×32: three blocks, of growth rate k, in the paper 12, 24 or 40.
// With bc it is the DenseNet-BC with bottlenecks and compression, of depth 6·n + 4 (100: 769,162 parameters for k = 12 and ten
// classes), otherwise the plain one, of depth 3·n + 4 (40: 1,019,722).
func NewCIFARDenseNet(r *rand.Rand, depth, k int, bc bool, classes int) *DenseNet {
	stem, each := 16, 3
	if bc {
		stem, each = 2*k, 6
	}
	n := (depth - 4) / each
	if n < 1 || each*n+4 != depth {
		panic(fmt.Sprintf("vision: NewCIFARDenseNet: a depth of %d is not %d·n + 4", depth, each))
	}
	return newDenseNet(r, conv3x3(r, 3, stem, 1), k, []int{n, n, n}, bc, classes)
}

// newDenseNet builds blocks behind the first convolution. With bc, layers have bottlenecks and transitions leave half of the channels.
func newDenseNet(r *rand.Rand, stem *nn.Conv2D, k int, blocks []int, bc bool, classes int) *DenseNet {
	m := &DenseNet{Features: DenseFeatures{Conv0: stem}}
	f, in := &m.Features, stem.Weight.Dim(-1)
	for i, n := range blocks {
		if i > 0 {
			out := in
			if bc {
				out /= 2
			}
			f.Transitions = append(f.Transitions, DenseTransition{nn.NewBatchNorm(in), conv1x1(r, in, out, 1)})
			in = out
		}
		var b DenseBlock
		for range n {
			b.Layers = append(b.Layers, newDenseLayer(r, in, k, bc))
			in += k
		}
		f.Blocks = append(f.Blocks, b)
	}
	f.Norm5 = nn.NewBatchNorm(in)
	nn.Apply(m, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanIn, 0) })
	m.Classifier = nn.NewLinear(r, in, classes)
	nn.Constant(m.Classifier.Bias, 0)
	return m
}

func newDenseLayer(r *rand.Rand, in, k int, bottleneck bool) *DenseLayer {
	l := &DenseLayer{Norm1: nn.NewBatchNorm(in)}
	if !bottleneck {
		l.Conv1 = conv3x3(r, in, k, 1)
		return l
	}
	l.Conv1, l.Norm2, l.Conv2 = conv1x1(r, in, 4*k, 1), nn.NewBatchNorm(4*k), conv3x3(r, 4*k, k, 1)
	return l
}

// pooled puts what large pictures need behind the first convolution.
func (m *DenseNet) pooled() *DenseNet {
	m.Features.Norm0 = nn.NewBatchNorm(m.Features.Conv0.Weight.Dim(-1))
	m.Features.Pool0.Pool = tensor.Pool{Kernel: 3, Stride: 2, Pad: 1}
	return m
}

// Forward returns the scores (logits) of the classes.
func (m *DenseNet) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Classifier.Forward(nn.GlobalAvgPool(m.Features.Forward(x)))
}

// Forward returns the channels of the last block, normalized, and not below zero.
func (f *DenseFeatures) Forward(x *tensor.Tensor) *tensor.Tensor {
	if f.Norm0 == nil {
		x = f.Conv0.Forward(x)
	} else {
		x = f.Pool0.Forward(f.Conv0.ForwardNormReLU(x, f.Norm0, nil))
	}
	for i, b := range f.Blocks {
		if i > 0 {
			x = f.Transitions[i-1].Forward(x)
		}
		x = b.Layers.Forward(x)
	}
	return f.Norm5.ForwardReLU(x, nil)
}

// Forward returns x with k more channels behind its own. A chain of such layers joins two tensors in each, not all before it, and
// where nothing is recorded x is freed behind them.
func (l *DenseLayer) Forward(x *tensor.Tensor) *tensor.Tensor {
	y := l.Norm1.ForwardReLU(x, nil)
	if l.Conv2 == nil {
		return tensor.Concat(-1, x, l.Conv1.Forward(y))
	}
	return tensor.Concat(-1, x, l.Conv2.Forward(l.Conv1.ForwardNormReLU(y, l.Norm2, nil)))
}

// Forward halves the picture: N×H×W×C → N×H/2×W/2×Out. A convolution of 1×1 and a mean over pixels may change places, and behind the
// mean it has a quarter of the work.
func (t DenseTransition) Forward(x *tensor.Tensor) *tensor.Tensor {
	return t.Conv.Forward(t.Norm.ForwardReLU(x, nil).AvgPool2D(tensor.Pool{Kernel: 2}))
}
