package sequence

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// TCN is the temporal convolutional network of Bai, Kolter and Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent
// Networks for Sequence Modeling" (2018), https://arxiv.org/abs/1803.01271: a stack of residual blocks of causal convolutions, whose
// dilation doubles from block to block. Step t sees itself and those before it, as many as ReceptiveField says, and none behind it.
//
//	x: N×T×In → h: N×T×channels, for T ≥ 1
//
// Names are those of the authors' code, with PyTorch's present names for weight normalization.
type TCN struct {
	Network []*TCNBlock
}

// A TCNBlock is the residual block of figure 1b: ReLU(x + F(x)), F being two causal convolutions with weight normalization, each with
// a ReLU and dropout of whole channels behind it.
type TCNBlock struct {
	Conv1, Conv2 *nn.WeightNorm // around an nn.Conv1D
	Downsample   *nn.Conv1D     // 1×1, of x, where it has other channels than F(x); else nil
	Dropout      nn.Dropout2D

	kernel, dilation int
}

// NewTCN returns a network of one block for each of the numbers of channels, by kernels of so many taps, k ≥ 2, with the initialization of
// the authors' code: normal with deviation 0.01 for the 1×1 convolutions. What it draws for the others has no effect there, since weight
// normalization makes the weights anew, so that they are PyTorch's.
func NewTCN(r *rand.Rand, in int, channels []int, kernel int, dropout tensor.Float) *TCN {
	if len(channels) == 0 || kernel < 2 {
		fail("NewTCN", "there are %d blocks with kernels of %d, and there must be one at least, with two taps", len(channels), kernel)
	}
	m := &TCN{}
	for i, out := range channels {
		m.Network = append(m.Network, newTCNBlock(r, in, out, kernel, 1<<i, dropout))
		in = out
	}
	return m
}

func newTCNBlock(r *rand.Rand, in, out, kernel, dilation int, dropout tensor.Float) *TCNBlock {
	causal := func(in int) *nn.WeightNorm {
		l := nn.NewConv1D(r, in, out, kernel, tensor.Conv{Dilation: dilation, Sides: [4]int{(kernel - 1) * dilation}})
		return nn.NewWeightNorm(l)
	}
	b := &TCNBlock{Conv1: causal(in), Conv2: causal(out), Dropout: nn.Dropout2D{P: dropout}, kernel: kernel, dilation: dilation}
	if in != out {
		b.Downsample = nn.NewConv1D(r, in, out, 1, tensor.Conv{})
		nn.Normal(r, b.Downsample.Weight, 0, .01)
	}
	return b
}

// ReceptiveField returns how many steps of x, itself the last of them, a step of the result depends on: 1 + 2·(k − 1)·Σ dilations,
// which is 1 + 2·(k − 1)·(2ᴸ − 1) for L blocks.
func (m *TCN) ReceptiveField() int {
	n := 1
	for _, b := range m.Network {
		n += 2 * b.past()
	}
	return n
}

// Forward returns the features of every step.
func (m *TCN) Forward(x *tensor.Tensor) *tensor.Tensor {
	m.check(x)
	return x.Pass().Sequence(x, len(m.Network), func(i int, x *tensor.Tensor) *tensor.Tensor { return m.Network[i].Forward(x) })
}

// Forward makes of x, N×T×In, as many steps of N×T×Out.
func (b *TCNBlock) Forward(x *tensor.Tensor) *tensor.Tensor {
	return b.sum(x, b.Conv1.Forward, b.Conv2.Forward)
}

func (b *TCNBlock) sum(x *tensor.Tensor, conv1, conv2 func(x *tensor.Tensor) *tensor.Tensor) *tensor.Tensor {
	h := b.Dropout.Forward(conv1(x).ReLU())
	h = b.Dropout.Forward(conv2(h).ReLU())
	if b.Downsample != nil {
		x = b.Downsample.Forward(x)
	}
	return x.Add(h).ReLU()
}

func (m *TCN) check(x *tensor.Tensor) {
	if in := m.Network[0].channels(); x.Rank() != 3 || x.Dim(1) == 0 || x.Dim(2) != in {
		fail("TCN", "shape %v is not N×T×In with at least one step of %d features", x.Shape(), in)
	}
}

// channels is how many features a step has that comes in.
func (b *TCNBlock) channels() int { return b.Conv1.Weighted.(*nn.Conv1D).Weight.Dim(1) }

// past is how many earlier steps a convolution of the block sees.
func (b *TCNBlock) past() int { return (b.kernel - 1) * b.dilation }
