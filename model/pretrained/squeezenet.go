package pretrained

import (
	"bytes"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/format/deepcompression"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
)

// squeezeNet has, as the authors' network does and torchvision's does not, zeros around what the last convolution sees: a ring of pixels
// where the scores are the biases.
func squeezeNet(r *rand.Rand, classes int) nn.Layer {
	net := vision.NewSqueezeNet10(r, classes)
	for _, l := range net.Classifier {
		if last, ok := l.(*nn.Conv2D); ok {
			last.Pad = 1
		}
	}
	return net
}

// readSqueezeNet reads the file of Deep Compression, which has a weight and a bias for each layer, in the order of the network's.
func readSqueezeNet(file []byte, net nn.Layer) error {
	f, err := deepcompression.Open(bytes.NewReader(file), int64(len(file)), deepcompression.SqueezeNet())
	if err != nil {
		return err
	}
	leaves := slices.Collect(nn.Leaves(net))
	var arrays []nn.Array
	for i, name := range f.Names() {
		weights, biases, err := f.Floats(name)
		if err != nil {
			return err
		}
		layer, _ := f.Entry(name)
		if i == 0 {
			weights = reversed(weights, layer.Shape)
		}
		arrays = append(arrays, array(leaves[2*i].Name, floats(weights), layer.Shape...), array(leaves[2*i+1].Name, floats(biases), len(biases)))
	}
	return nn.LoadArrays(arrays, net)
}

// reversed returns weights O×I×H×W with their inputs in the opposite order.
func reversed(weights []float32, shape []int) []float32 {
	in, area := shape[1], shape[2]*shape[3]
	out := make([]float32, 0, len(weights))
	for o := range shape[0] {
		for i := range in {
			at := (o*in + in - 1 - i) * area
			out = append(out, weights[at:at+area]...)
		}
	}
	return out
}
