package vision

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// NewCIFARResNet returns the network of section 4.2 of He et al. 2015, https://arxiv.org/abs/1512.03385, for pictures of about 32×32 and
// so many channels, of depth 6·n + 2: 20, 32, 44, 56 or 110. Its shortcuts have no parameters (option A). For three channels and ten
// classes that of depth 20 has 269,722. Leaves have the names of NewResNet; weights that are shared for these networks often call the
// last layer linear, not fc.
func NewCIFARResNet(r *rand.Rand, depth, channels, classes int) *ResNet {
	n := perLayer("NewCIFARResNet", depth, 6)
	return newResNet(r, conv3x3(r, channels, 16, 1), resNetPlan{blocks: []int{n, n, n}, shortcut: subsample}, classes)
}

// perLayer returns the blocks of each of three layers by which a network has a depth, if each adds so much to it: the first
// convolution and the last layer are the other two.
func perLayer(constructor string, depth, each int) int {
	n := (depth - 2) / each
	if n < 1 || each*n+2 != depth {
		panic(fmt.Sprintf("vision: %s: a depth of %d is not %d·n + 2", constructor, depth, each))
	}
	return n
}

// subsample is option A: pixels are left out, and half of the new channels, which are zero, stand before the others.
func subsample(_ *rand.Rand, in, out, stride int) nn.Chain {
	before := (out - in) / 2
	return nn.Chain{nn.AvgPool2D{Pool: tensor.Pool{Kernel: 1, Stride: stride}}, nn.Func(func(x *tensor.Tensor) *tensor.Tensor {
		return x.Pad(-1, before, out-in-before)
	})}
}
