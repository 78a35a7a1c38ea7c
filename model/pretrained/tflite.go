package pretrained

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/format/tflite"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

func mobileNetV1(r *rand.Rand, classes int) nn.Layer { return vision.NewMobileNetV1TF(r, .25, classes) }

func mobileNetV2TF(r *rand.Rand, classes int) nn.Layer { return vision.NewMobileNetV2TF(r, 1, classes) }

// readTFLite reads a file of TensorFlow Lite whose layers are in the order of the network's. Numbers of 8 bits become what they stand
// for; what a runtime rounds to 8 bits between the layers is not rounded in the network. Normalizations have been multiplied into the
// weights: each one of the network is made to add a bias and nothing else.
func readTFLite(file []byte, net nn.Layer) error {
	m, err := tflite.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	layers, err := tfliteLayers(&m.Graphs[0])
	if err != nil {
		return err
	}
	want := 0
	for l := range nn.Leaves(net) {
		if l.Tensor.Rank() > 1 {
			want++
		}
	}
	if len(layers) != want {
		return fmt.Errorf("tflite: the graph has %d layers with weights, want %d: it is that of another network", len(layers), want)
	}
	var arrays []nn.Array
	next := 0
	for l := range nn.Leaves(net) {
		if l.Tensor.Rank() > 1 {
			next++
			arrays = append(arrays, layers[next-1].weights(l))
			continue
		}
		biases := layers[next-1].biases
		n := len(biases)
		switch l.Name[strings.LastIndex(l.Name, ".")+1:] {
		case "bias":
			arrays = append(arrays, array(l.Name, biases, n))
		case "weight":
			arrays = append(arrays, array(l.Name, slices.Repeat([]tensor.Float{1}, n), n))
		case "running_mean":
			arrays = append(arrays, array(l.Name, make([]tensor.Float, n), n))
		case "running_var": // 1 with the ε of TensorFlow
			arrays = append(arrays, array(l.Name, slices.Repeat([]tensor.Float{1 - 1e-3}, n), n))
		}
	}
	return nn.LoadArrays(arrays, net)
}

// A tfliteLayer is a convolution: its weights O×H×W×I, or 1×H×W×O if it is depthwise.
type tfliteLayer struct {
	kernel    *tensor.Tensor
	depthwise bool
	biases    []tensor.Float // O
}

// tfliteLayers returns the convolutions of a graph in the order in which they run.
func tfliteLayers(g *tflite.Graph) ([]tfliteLayer, error) {
	var layers []tfliteLayer
	for k, o := range g.Operators {
		if o.Code != tflite.OpConv2D && o.Code != tflite.OpDepthwiseConv2D {
			continue
		}
		if len(o.Inputs) != 3 || o.Inputs[1] < 0 || o.Inputs[2] < 0 {
			return nil, fmt.Errorf("tflite: operator %d (%s) has no weights or no biases", k, o.Code)
		}
		w, b := &g.Tensors[o.Inputs[1]], &g.Tensors[o.Inputs[2]]
		weights, err := w.Float32()
		if err != nil {
			return nil, err
		}
		biases, err := b.Float32()
		if err != nil {
			return nil, err
		}
		if len(w.Shape) != 4 {
			return nil, fmt.Errorf("tflite: the weights %q have shape %v, want four axes", w.Name, w.Shape)
		}
		layers = append(layers, tfliteLayer{tensor.Of(floats(weights), w.Shape...), o.Code == tflite.OpDepthwiseConv2D, floats(biases)})
	}
	return layers, nil
}

// weights are those for a leaf, in PyTorch's order of the axes: O×I×H×W, O×1×H×W if the layer is depthwise, O×I for a linear layer.
func (l tfliteLayer) weights(leaf nn.Leaf) nn.Array {
	if l.depthwise {
		w := l.kernel.Permute(3, 0, 1, 2)
		return array(leaf.Name, w.Data(), w.Shape()...)
	}
	w := l.kernel.Permute(0, 3, 1, 2)
	shape := w.Shape()
	if leaf.Tensor.Rank() == 2 && shape[2] == 1 && shape[3] == 1 {
		shape = shape[:2]
	}
	return array(leaf.Name, w.Data(), shape...)
}
