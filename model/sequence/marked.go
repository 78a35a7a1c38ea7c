package sequence

import (
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Marked is a classifier of sequences of different lengths as a layer: of x, N×T×(In + 1), the last feature is 1 at the steps that a
// sequence has and 0 behind its end. What follows the end has no influence. A sequence none of whose steps is marked has all of them.
type Marked struct {
	Net LengthsLayer `nn:"."`
}

// A LengthsLayer is a layer for N sequences in x, N×T×In, of which only the first lengths[n] steps are there.
type LengthsLayer interface {
	nn.Layer
	ForwardLengths(x *tensor.Tensor, lengths []int) *tensor.Tensor
}

// Forward returns what the network says of the sequences.
func (m Marked) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() != 3 || x.Dim(2) < 2 {
		fail("Marked", "shape %v is not N×T×(In + 1)", x.Shape())
	}
	n, t, in := x.Dim(0), x.Dim(1), x.Dim(2)-1
	lengths, all := make([]int, n), x.Data()
	for i := range lengths {
		for lengths[i] < t && all[(i*t+lengths[i])*(in+1)+in] != 0 {
			lengths[i]++
		}
		if lengths[i] == 0 {
			lengths[i] = t
		}
	}
	return m.Net.ForwardLengths(x.Slice(2, 0, in), lengths)
}
