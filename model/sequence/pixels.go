package sequence

import (
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Pixels has a network read pictures pixel by pixel, row by row from the top left, with nothing else to say where a pixel stands: the task
// of Le, Jaitly and Hinton 2015, section 4.2, https://arxiv.org/abs/1504.00941.
//
//	x: N×H×W×C → what the network makes of N×(H·W)×C
type Pixels struct {
	Net nn.Layer `nn:"."`
}

// Forward reads the pixels of x and returns what the network says of them.
func (m Pixels) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() != 4 {
		fail("Pixels", "shape %v is not N×H×W×C", x.Shape())
	}
	return m.Net.Forward(x.Reshape(x.Dim(0), x.Dim(1)*x.Dim(2), x.Dim(3)))
}
