package sequence

import (
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// A TCNState is what a TCN remembers of N sequences that come step by step: of every convolution the steps before that it still sees.
type TCNState struct {
	blocks [][2]streamed
	n      int
}

// A streamed convolution has the weights of the beginning, folded, and no zeros in front.
type streamed struct {
	conv *nn.Conv1D
	past *tensor.Tensor // N×(k − 1)·dilation×In, on the heap
}

// Begin returns the state in front of the first step of n sequences: zeros, as the convolutions see in front of a sequence.
func (m *TCN) Begin(n int) *TCNState {
	s := &TCNState{n: n}
	for _, b := range m.Network {
		s.blocks = append(s.blocks, [2]streamed{b.stream(b.Conv1, n), b.stream(b.Conv2, n)})
	}
	return s
}

func (b *TCNBlock) stream(l *nn.WeightNorm, n int) streamed {
	conv := l.Fold().(*nn.Conv1D)
	conv.Sides = [4]int{}
	return streamed{conv, tensor.New(n, b.past(), conv.Weight.Dim(1))}
}

// Step returns what Forward makes of further steps of sequences, N×T×In, behind those that were seen before, to rounding. It takes as
// long for a step however long the sequence is. It is not for training: the weights are those that were there at Begin.
func (m *TCN) Step(x *tensor.Tensor, s *TCNState) *tensor.Tensor {
	m.check(x)
	if x.Dim(0) != s.n {
		fail("TCN", "shape %v does not go on with %d sequences", x.Shape(), s.n)
	}
	return x.Pass().Sequence(x, len(m.Network), func(i int, x *tensor.Tensor) *tensor.Tensor {
		return m.Network[i].sum(x, s.blocks[i][0].step, s.blocks[i][1].step)
	})
}

// step convolves the past and x, and moves the past on.
func (l streamed) step(x *tensor.Tensor) *tensor.Tensor {
	n, t := l.past.Dim(1), x.Dim(1)
	all := tensor.Concat(1, l.past, x) // N×(past + T)×In
	y := l.conv.Forward(all)
	l.past.Set(all.Slice(1, t, t+n))
	return y
}
