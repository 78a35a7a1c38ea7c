package sequence

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Classifier tells the classes of whole sequences by what recurrent layers know behind the last step (in both directions, behind the last
// and the first), as Le, Jaitly and Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units" (2015),
// https://arxiv.org/abs/1504.00941, do for pictures that are read pixel by pixel.
//
//	x: N×T×In → scores: N×classes
type Classifier struct {
	RNN    *nn.Stack `nn:"rnn"`
	Output *nn.Linear
	Mean   bool // tell them by the mean of what the layers say at all steps; not by what they know at the end
}

// NewClassifier returns a network of the cells named, lstm, gru, rnn, or irnn: an rnn with ReLU whose weights of the state are the
// identity, so that at the beginning it adds up what it reads.
func NewClassifier(r *rand.Rand, cell string, size nn.StackSize, classes int) *Classifier {
	kind := cell
	if cell == "irnn" {
		kind = "rnn"
	}
	m := &Classifier{RNN: newStack(r, kind, size)}
	m.Output = nn.NewLinear(r, m.RNN.Outputs(), classes)
	if cell == "irnn" {
		for l := range nn.Find[*nn.RNN](m.RNN) {
			l.Identity(r)
		}
	}
	return m
}

// Forward returns the scores (logits) of the classes.
func (m *Classifier) Forward(x *tensor.Tensor) *tensor.Tensor { return m.ForwardLengths(x, nil) }

// ForwardLengths is Forward for sequences of which only the first lengths[n] steps are there; what follows has no influence.
func (m *Classifier) ForwardLengths(x *tensor.Tensor, lengths []int) *tensor.Tensor {
	y, last := m.RNN.RunLengths(x, lengths, m.RNN.Begin(x.Pass(), x.Dim(0)))
	if m.Mean {
		return m.Output.Forward(meanOfSteps(y, lengths))
	}
	return m.Output.Forward(m.RNN.Hidden(last))
}

// meanOfSteps returns the mean of the steps that are there, N×F, of y, N×T×F, which is zero at others.
func meanOfSteps(y *tensor.Tensor, lengths []int) *tensor.Tensor {
	if lengths == nil {
		return y.Mean(1)
	}
	parts := make([]tensor.Float, len(lengths))
	for i, length := range lengths {
		parts[i] = 1 / tensor.Float(max(1, length))
	}
	return y.Sum(1).Mul(y.Pass().Values(parts, len(lengths), 1))
}
