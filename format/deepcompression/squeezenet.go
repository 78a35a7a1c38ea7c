package deepcompression

import "fmt"

// SqueezeNet returns the 26 layers of the published file, by the names of its Caffe definition: in each fire module conv1x1_1 squeezes,
// conv1x1_2 and conv3x3_2 expand. Pictures are 3×227×227 in the order blue, green, red, less the means 104, 117 and 123.
func SqueezeNet() []Layer {
	layers := []Layer{{"conv1", []int{96, 3, 7, 7}, 8}}
	in := 96
	for i, squeeze := range []int{16, 16, 32, 32, 48, 48, 64, 64} {
		fire, expand := fmt.Sprintf("fire%d/", i+2), 4*squeeze
		layers = append(layers,
			Layer{fire + "conv1x1_1", []int{squeeze, in, 1, 1}, 8},
			Layer{fire + "conv1x1_2", []int{expand, squeeze, 1, 1}, 8},
			Layer{fire + "conv3x3_2", []int{expand, squeeze, 3, 3}, 8})
		in = 2 * expand
	}
	return append(layers, Layer{"conv_final", []int{1000, in, 1, 1}, 8})
}
