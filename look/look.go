// Package look shows what a trained network does: of pictures its filters, the maps that its layers make of them, and what on them spoke
// for a class; of sequences how much the steps look at each other.
//
// It asks nothing of a model. The tape of a pass that records has the output of every layer, and derivatives by any of them can be
// taken (docs/decisions/0015), so that every layer can be looked at under the name that its tensors have in nn.Leaves.
package look

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/internal/near"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// ErrNoMaps says that a network has no layer that Grad-CAM could look at.
var ErrNoMaps = errors.New("the network has no convolution, so there are no maps to look at")

// A Layer is what one layer of a network made of pictures.
type Layer struct {
	Name      string         // of the layer whose tensors were read
	Operation string         // that read them
	Maps      *tensor.Tensor // N×H×W×C, behind the activation function if one follows

	made *tensor.Tensor // what the tape has: the maps, or tokens
}

// place brings tokens, N×T×C, to the places of the picture that they stand for, N×H×W×C, without those in front that stand for none.
// Maps are in place.
func (l Layer) place(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() == 4 {
		return x
	}
	return tokensAt(x, l.Maps.Dim(1), l.Maps.Dim(2))
}

// tokensAt returns the last h·w tokens of N×T×C as N×h×w×C.
func tokensAt(x *tensor.Tensor, h, w int) *tensor.Tensor {
	return x.Slice(1, x.Dim(1)-h*w, x.Dim(1)).Reshape(x.Dim(0), h, w, x.Dim(2))
}

// Layers returns what the pass of x, a variable, recorded of the layers of a model that made maps of more than one pixel out of x, in
// the order in which they ran. What follows a layer and keeps the shape, such as an activation function or the sum with a residual,
// counts for it. The tokens of a transformer are maps too, if there is one for every place of the maps that they were made of, and of
// the same width.
func Layers(model any, x *tensor.Tensor) []Layer {
	var layers []Layer
	last := map[*tensor.Tensor]int{} // the layer that led to a tensor
	h, w, c := 0, 0, 0               // of the last maps
	for _, s := range stepsFrom(model, x) {
		y := s.Outputs[0]
		switch {
		case s.Name == "Permute":
			continue
		case y.Rank() == 4 && y.Dim(1)*y.Dim(2) > 1:
			if s.Layer != "" {
				h, w, c = y.Dim(1), y.Dim(2), y.Dim(3)
			}
		case y.Rank() == 3 && y.Dim(2) == c && (y.Dim(1) == h*w || y.Dim(1) == h*w+1): // with a token for the class in front
		default:
			continue
		}
		if s.Layer != "" {
			last[y] = len(layers)
			maps := y
			if y.Rank() == 3 {
				maps = tokensAt(y, h, w)
			}
			layers = append(layers, Layer{s.Layer, s.Name, maps, y})
			continue
		}
		at := -1
		for _, x := range s.Inputs {
			if i, ok := last[x]; ok && slices.Equal(x.Shape(), y.Shape()) {
				at = max(at, i)
			}
		}
		if at >= 0 {
			layers[at].Maps, layers[at].made, last[y] = layers[at].place(y), y, at
		}
	}
	return layers
}

// LayerNames returns the names of the layers of a model that can be looked at, for pictures of H×W×C.
func LayerNames(model nn.Layer, h, w, c int) []string {
	_, v := record(model, tensor.New(1, h, w, c))
	defer v.Pass().End()
	return names(Layers(model, v))
}

// stepsFrom returns the steps of a pass that lead on from x; how a weight is made of others is not among them.
func stepsFrom(model any, x *tensor.Tensor) (steps []nn.Step) {
	reached := map[*tensor.Tensor]bool{x: true}
	for _, s := range nn.Trace(model, x.Pass()) {
		if slices.ContainsFunc(s.Inputs, func(in *tensor.Tensor) bool { return reached[in] }) {
			for _, y := range s.Outputs {
				reached[y] = true
			}
			steps = append(steps, s)
		}
	}
	return steps
}

func names(layers []Layer) []string {
	list := make([]string, len(layers))
	for i, l := range layers {
		list[i] = l.Name
	}
	return list
}

// choose returns a layer by its name, the last one for "".
func choose(layers []Layer, name string) (Layer, error) {
	if len(layers) == 0 {
		return Layer{}, ErrNoMaps
	}
	if name == "" {
		return layers[len(layers)-1], nil
	}
	for _, l := range slices.Backward(layers) {
		if l.Name == name {
			return l, nil
		}
	}
	return Layer{}, near.Unknown("layer", "layers with maps", name, names(layers))
}

// record runs the network on pictures in a pass that records, in which they are the variable v. The caller ends it.
func record(model nn.Layer, x *tensor.Tensor) (scores, v *tensor.Tensor) {
	v = tensor.Recording(rand.New(rand.NewPCG(0, 0))).Var(x)
	return model.Forward(v), v
}

// scoresOf returns the sum over pictures of the score, before any softmax, that each gives to its class. As no picture has an
// influence on another's score, the derivatives by all pictures come from one Grad.
func scoresOf(scores *tensor.Tensor, classes []int) *tensor.Tensor {
	n, all := scores.Dim(0), scores.Dim(1)
	if len(classes) != n {
		panic(fmt.Sprintf("look: %d classes for %d pictures", len(classes), n))
	}
	pick := make([]tensor.Float, n*all)
	for i, c := range classes {
		if c < 0 || c >= all {
			panic(fmt.Sprintf("look: class %d of %d", c, all))
		}
		pick[i*all+c] = 1
	}
	return scores.Mul(scores.Pass().Values(pick, n, all)).Sum()
}

// rows returns channel k of picture n of a tensor of N×H×W×C.
func rows(x *tensor.Tensor, n, k int) [][]float64 {
	h, w, c := x.Dim(1), x.Dim(2), x.Dim(3)
	out := make([][]float64, h)
	for i := range out {
		out[i] = make([]float64, w)
		for j := range out[i] {
			out[i][j] = float64(x.Data()[((n*h+i)*w+j)*c+k])
		}
	}
	return out
}
