package vision

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// MLP is a multilayer perceptron with ReLU between its layers (Rumelhart, Hinton and Williams, "Learning Representations by
// Back-Propagating Errors", 1986, https://doi.org/10.1038/323533a0; ReLU: Glorot, Bordes and Bengio 2011).
//
//	x: N×H×W×C → scores: N×classes
type MLP struct {
	Layers []*nn.Linear `nn:"layers"`
}

// NewMLP returns a perceptron whose layers have the sizes given: NewMLP(r, 784, 256, 128, 10).
func NewMLP(r *rand.Rand, sizes ...int) *MLP {
	m := &MLP{}
	for i := range len(sizes) - 1 {
		m.Layers = append(m.Layers, nn.NewLinear(r, sizes[i], sizes[i+1]))
	}
	return m
}

// Forward returns the scores (logits) of the classes.
func (m *MLP) Forward(x *tensor.Tensor) *tensor.Tensor {
	x = nn.FlattenCHW(x) // N×(C·H·W)
	last := len(m.Layers) - 1
	for _, l := range m.Layers[:last] {
		x = l.ForwardReLU(x)
	}
	return m.Layers[last].Forward(x)
}
