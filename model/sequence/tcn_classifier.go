package sequence

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// TCNClassifier tells the classes of whole sequences by what a TCN says at the last step, which sees those before it as far as its
// receptive field reaches: section 5.2 of Bai, Kolter and Koltun 2018. Names are those of the authors' code.
//
//	x: N×T×In → scores: N×classes
type TCNClassifier struct {
	TCN    *TCN `nn:"tcn"`
	Linear *nn.Linear
}

// NewTCNClassifier returns a network of a TCN and a linear layer, with the arguments of NewTCN.
func NewTCNClassifier(r *rand.Rand, in int, channels []int, kernel int, dropout tensor.Float, classes int) *TCNClassifier {
	return &TCNClassifier{
		TCN: NewTCN(r, in, channels, kernel, dropout), Linear: nn.NewLinear(r, channels[len(channels)-1], classes),
	}
}

// Forward returns the scores (logits) of the classes.
func (m *TCNClassifier) Forward(x *tensor.Tensor) *tensor.Tensor {
	h, t := m.TCN.Forward(x), x.Dim(1)
	return m.Linear.Forward(h.Slice(1, t-1, t).Reshape(x.Dim(0), -1))
}

// ForwardLengths is Forward for sequences of which only the first lengths[n] ≥ 1 steps are there; what follows has no influence.
func (m *TCNClassifier) ForwardLengths(x *tensor.Tensor, lengths []int) *tensor.Tensor {
	n, t := x.Dim(0), x.Dim(1)
	if len(lengths) != n {
		fail("TCNClassifier", "%d lengths of %d sequences", len(lengths), n)
	}
	last := make([]int, n)
	for i, length := range lengths {
		if length < 1 || length > t {
			fail("TCNClassifier", "sequence %d has %d of %d steps", i, length, t)
		}
		last[i] = i*t + length - 1
	}
	return m.Linear.Forward(m.TCN.Forward(x).Reshape(n*t, -1).Gather(0, last))
}
