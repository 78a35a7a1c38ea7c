// Package vision has networks that look at images, one file per paper. Images are N×H×W×C.
package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// LeNet is the network of LeCun et al., "Gradient-Based Learning Applied to Document Recognition" (1998),
// http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf, in today's form: ReLU for tanh, max-pooling for trained averages, all
// channels connected, and a softmax for the radial basis functions.
//
//	x: N×28×28×1 → scores: N×classes
type LeNet struct {
	Conv1, Conv2  *nn.Conv2D
	FC1, FC2, FC3 *nn.Linear
}

// NewLeNet returns a LeNet-5 for 28×28 pictures of one channel, 61,706 parameters for ten classes.
func NewLeNet(r *rand.Rand, classes int) *LeNet {
	return &LeNet{
		Conv1: nn.NewConv2D(r, 1, 6, 5, tensor.Conv{Pad: 2}),
		Conv2: nn.NewConv2D(r, 6, 16, 5, tensor.Conv{}),
		FC1:   nn.NewLinear(r, 16*5*5, 120),
		FC2:   nn.NewLinear(r, 120, 84),
		FC3:   nn.NewLinear(r, 84, classes),
	}
}

// Forward returns the scores (logits) of the classes.
func (m *LeNet) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = m.Conv1.ForwardReLU(x).MaxPool2D(tensor.Pool{Kernel: 2}) // N×14×14×6
	x = m.Conv2.ForwardReLU(x).MaxPool2D(tensor.Pool{Kernel: 2}) // N×5×5×16
	x = nn.FlattenCHW(x)                                         // N×400
	x = m.FC1.ForwardReLU(x)                                     // N×120
	x = m.FC2.ForwardReLU(x)                                     // N×84
	return m.FC3.Forward(x)
}
