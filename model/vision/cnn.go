package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// CNN is a plain convolutional network for small pictures: convolutions of 3×3 in pairs, between which the picture gets smaller and
// the channels more, as in Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition" (2014),
// https://arxiv.org/abs/1409.1556, with a batch normalization behind each, and the mean over all pixels in place of large linear
// layers (Lin et al. 2013, https://arxiv.org/abs/1312.4400).
//
//	x: N×H×W×C → scores: N×classes
type CNN struct {
	Features nn.Chain
	FC       *nn.Linear
}

// NewCNN returns a network of six convolutions, of 32, 64 and 128 channels, for pictures of so many channels. For one channel and
// ten classes it has 288,170 parameters.
func NewCNN(r *rand.Rand, channels, classes int) *CNN {
	m := &CNN{}
	in := channels
	for i, width := range []int{32, 64, 128} {
		if i > 0 {
			m.Features = append(m.Features, nn.MaxPool2D{Pool: tensor.Pool{Kernel: 2}})
		}
		for range 2 {
			m.Features = append(m.Features, conv3x3(r, in, width, 1), nn.NewBatchNorm(width), nn.Func(nn.ReLU))
			in = width
		}
	}
	nn.Apply(m, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) })
	m.FC = nn.NewLinear(r, in, classes)
	return m
}

// Forward returns the scores (logits) of the classes.
func (m *CNN) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Head(m.Body(x)) // N×128, N×classes
}
