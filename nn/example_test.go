package nn_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// Gate is a model: a struct of layers with a method that says how they are connected.
type Gate struct {
	Hidden, Output *nn.Linear
}

func newGate(r *rand.Rand) *Gate {
	return &Gate{Hidden: nn.NewLinear(r, 2, 8), Output: nn.NewLinear(r, 8, 2)}
}

func (m *Gate) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Output.Forward(nn.Tanh(m.Hidden.Forward(x)))
}

// A network learns exclusive or, is saved, and is loaded into another of the same kind.
func Example() {
	inputs := tensor.Of([]tensor.Float{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	labels := []int{0, 1, 1, 0}

	random := rand.New(rand.NewPCG(1, 0))
	net := newGate(random)
	parameters := nn.Params(net)
	optimizer := optim.NewAdam(parameters, .05)
	for range 200 {
		p := tensor.Training(random)
		loss := nn.CrossEntropy(net.Forward(p.Input(inputs)), labels)
		optimizer.Step(tensor.Grad(loss, parameters...))
		p.End()
	}
	for leaf := range nn.Leaves(net) {
		fmt.Println(leaf.Name, leaf.Tensor.Shape())
	}

	var file bytes.Buffer
	if err := nn.Save(&file, net); err != nil {
		fmt.Println(err)
	}
	loaded := newGate(random)
	if err := nn.Load(bytes.NewReader(file.Bytes()), int64(file.Len()), loaded); err != nil {
		fmt.Println(err)
	}
	p := tensor.Inference()
	defer p.End()
	fmt.Println(loaded.Forward(p.Input(inputs)).ArgMax())
	// Output:
	// hidden.weight [8 2]
	// hidden.bias [8]
	// output.weight [2 8]
	// output.bias [2]
	// [0 1 1 0]
}

// Load tells all at once what does not fit, and leaves the model as it was.
func ExampleLoad() {
	random := rand.New(rand.NewPCG(1, 0))
	var file bytes.Buffer
	if err := nn.Save(&file, newGate(random)); err != nil {
		fmt.Println(err)
	}
	wider := &struct{ Hidden, Output, Third *nn.Linear }{
		Hidden: nn.NewLinear(random, 2, 8).NoBias(), Output: nn.NewLinear(random, 8, 3),
	}
	fmt.Println(nn.Load(bytes.NewReader(file.Bytes()), int64(file.Len()), wider))
	// Output:
	// nn: load a model: the file does not fit it; is the file that of another model, or of another size of it?
	// 	hidden.bias: unexpected, the file has [8], the model none
	// 	output.bias: shape [2] in the file, the model has [3]
	// 	output.weight: shape [2 8] in the file, the model has [3 8]
}

// What an LSTM knows at the end of one part of a text is what it begins the next one with: heap tensors carry it from pass to pass.
func ExampleLSTM() {
	random := rand.New(rand.NewPCG(1, 0))
	layer := nn.NewLSTM(random, 3, 5) // 3 features, 5 units
	h, c := tensor.New(2, 5), tensor.New(2, 5)
	for range 2 {
		p := tensor.Sampling(random)
		x := p.Normal(2, 4, 3) // 2 sequences of 4 steps
		y, last := layer.Forward(x, nn.LSTMState{H: h, C: c})
		fmt.Println(y.Shape(), last.H.Shape(), last.C.Shape())
		h.Set(last.H)
		c.Set(last.C)
		p.End()
	}
	// Output:
	// [2 4 5] [2 5] [2 5]
	// [2 4 5] [2 5] [2 5]
}

// The layers of a stack hand on the hidden states of all steps; the last of them scores a sequence.
func ExampleGRU() {
	random := rand.New(rand.NewPCG(1, 0))
	first, second := nn.NewGRU(random, 3, 5), nn.NewGRU(random, 5, 4)
	p := tensor.Sampling(random)
	defer p.End()
	x := p.Normal(2, 7, 3) // 2 sequences of 7 steps
	y, _ := first.Forward(x, first.Zero(p, 2))
	y, last := second.Forward(y, second.Zero(p, 2))
	fmt.Println(y.Shape(), last.Shape())
	// Output:
	// [2 7 4] [2 4]
}
