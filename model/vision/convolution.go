package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// The convolutions of networks with normalizations have no bias, and keep all pixels but for their stride.

// conv1x1 mixes the channels of each pixel.
func conv1x1(r *rand.Rand, in, out, stride int) *nn.Conv2D {
	return nn.NewConv2D(r, in, out, 1, tensor.Conv{Stride: stride}).NoBias()
}

// conv3x3 looks at each pixel and its neighbours.
func conv3x3(r *rand.Rand, in, out, stride int) *nn.Conv2D {
	return nn.NewConv2D(r, in, out, 3, tensor.Conv{Stride: stride, Pad: 1}).NoBias()
}

// conv7x7 is the first convolution for large colour pictures: it leaves a quarter of the pixels.
func conv7x7(r *rand.Rand, out int) *nn.Conv2D {
	return nn.NewConv2D(r, 3, out, 7, tensor.Conv{Stride: 2, Pad: 3}).NoBias()
}

// likeTensorFlow makes the convolutions in layers pad at the end first, and sets the ε of the normalizations to 0.001.
func likeTensorFlow(layers ...nn.Layer) {
	for _, l := range layers {
		switch l := l.(type) {
		case nn.Chain:
			likeTensorFlow(l...)
		case *nn.Conv2D:
			if l.Pad > 0 {
				l.Pad, l.Same = 0, true
			}
		case *nn.BatchNorm:
			l.Eps = 1e-3
		case *MobileNetV2Block:
			likeTensorFlow(l.Conv)
		case interface{ layers() nn.Chain }:
			likeTensorFlow(l.layers())
		}
	}
}
