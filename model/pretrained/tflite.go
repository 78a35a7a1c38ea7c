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
		n := l.Tensor.Len()
		switch kind := l.Name[strings.LastIndex(l.Name, ".")+1:]; {
		case l.Tensor.Rank() > 1:
			next++
			arrays = append(arrays, layers[next-1].kernel(l))
		case kind == "bias":
			arrays = append(arrays, constant(l.Name, layers[next-1].biases))
		case kind == "weight":
			arrays = append(arrays, array(l.Name, slices.Repeat([]tensor.Float{1}, n), n))
		case kind == "running_mean":
			arrays = append(arrays, array(l.Name, make([]tensor.Float, n), n))
		case kind == "running_var": // 1 with the ε of TensorFlow
			arrays = append(arrays, array(l.Name, slices.Repeat([]tensor.Float{1 - 1e-3}, n), n))
		}
	}
	return nn.LoadArrays(arrays, net)
}

// A tfliteLayer is a convolution: its weights O×H×W×I, or 1×H×W×O if it is depthwise, and its biases, O.
type tfliteLayer struct {
	weights, biases *tflite.Tensor
	depthwise       bool
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
		l := tfliteLayer{&g.Tensors[o.Inputs[1]], &g.Tensors[o.Inputs[2]], o.Code == tflite.OpDepthwiseConv2D}
		if len(l.weights.Shape) != 4 {
			return nil, fmt.Errorf("tflite: the weights %q have shape %v, want four axes", l.weights.Name, l.weights.Shape)
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// kernel is the weights for a leaf, in PyTorch's order of the axes: O×I×H×W, O×1×H×W if the layer is depthwise, O×I for a linear layer.
func (l tfliteLayer) kernel(leaf nn.Leaf) nn.Array {
	order := []int{0, 3, 1, 2}
	if l.depthwise {
		order = []int{3, 0, 1, 2}
	}
	a := constant(leaf.Name, l.weights)
	own, read := a.Shape, a.Read
	a.Shape = []int{own[order[0]], own[order[1]], own[order[2]], own[order[3]]}
	if leaf.Tensor.Rank() == 2 && a.Shape[2] == 1 && a.Shape[3] == 1 {
		a.Shape = a.Shape[:2]
	}
	a.Read = func() ([]tensor.Float, error) {
		numbers, err := read()
		if err != nil {
			return nil, err
		}
		return tensor.Of(numbers, own...).Permute(order...).Data(), nil
	}
	return a
}

// constant is a constant of a graph, dequantized when it is read.
func constant(name string, t *tflite.Tensor) nn.Array {
	return nn.Array{Name: name, DType: "F32", Shape: t.Shape, Read: func() ([]tensor.Float, error) {
		numbers, err := t.Float32()
		return floats(numbers), err
	}}
}
