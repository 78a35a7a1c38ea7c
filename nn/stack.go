package nn

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// A Stack is recurrent layers one on the other, each of which reads what the one below says at every step: PyTorch's nn.LSTM, nn.GRU and
// nn.RNN of several layers, under its names (weight_ih_l0, weight_hh_l1_reverse). It is a Cell itself: its state is those of its layers
// one after the other, from the lowest up, and in a layer that of the direction forward before the other.
type Stack struct {
	Layers  []StackLayer `nn:".,number"`
	Dropout Dropout      // of what a layer reads from the one below
}

// A StackLayer is a layer of a Stack.
type StackLayer struct {
	Forward Cell `nn:"."`
	Reverse Cell `nn:".,suffix=_reverse"` // reads from the end to the beginning (Schuster and Paliwal 1997); nil: no such direction
}

// A StackSize says how large a Stack is.
type StackSize struct {
	In, Hidden    int // features of an input, and units of every cell
	Layers        int
	Bidirectional bool // in both directions: outputs have twice as many features, those forward first
	Dropout       tensor.Float
}

// NewStack returns layers of cells that a constructor makes, such as NewLSTM:
//
//	nn.NewStack(r, nn.StackSize{In: 64, Hidden: 128, Layers: 2}, nn.NewLSTM)
func NewStack[C Cell](r *rand.Rand, size StackSize, cell func(r *rand.Rand, in, hidden int) C) *Stack {
	if size.Layers < 1 {
		fail("NewStack", "%d layers: want one at least", size.Layers)
	}
	s := &Stack{Dropout: Dropout{size.Dropout}}
	in := size.In
	for range size.Layers {
		l := StackLayer{Forward: cell(r, in, size.Hidden)}
		if size.Bidirectional {
			l.Reverse = cell(r, in, size.Hidden)
		}
		s.Layers, in = append(s.Layers, l), l.outputs()
	}
	return s
}

func (l StackLayer) outputs() int {
	n := l.Forward.Outputs()
	if l.Reverse != nil {
		n += l.Reverse.Outputs()
	}
	return n
}

// Outputs returns the number of features of an output, of both directions if there are two.
func (s *Stack) Outputs() int { return s.Layers[len(s.Layers)-1].outputs() }

// cells returns all cells in the order of their states.
func (s *Stack) cells() []Cell {
	var cells []Cell
	for _, l := range s.Layers {
		cells = append(cells, l.Forward)
		if l.Reverse != nil {
			cells = append(cells, l.Reverse)
		}
	}
	return cells
}

// Begin returns the states in which n sequences begin.
func (s *Stack) Begin(p *tensor.Pass, n int) []*tensor.Tensor {
	var state []*tensor.Tensor
	for _, c := range s.cells() {
		state = append(state, c.Begin(p, n)...)
	}
	return state
}

// Run takes the states through the steps of x, N×T×In, and returns the outputs of the uppermost layer, N×T×Outputs, and the states
// behind the last step, of the direction in reverse those behind the first.
func (s *Stack) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	return s.RunLengths(x, nil, state)
}

// RunLengths is Run for sequences of which only the first lengths[n] of T steps are there. What follows them has no influence, the
// outputs there are zero, and the last state is that behind the last step that is there, as with PyTorch's packed sequences; a sequence
// of no step keeps its state. A nil lengths is T for all.
func (s *Stack) RunLengths(x *tensor.Tensor, lengths []int, state []*tensor.Tensor) (y *tensor.Tensor, last []*tensor.Tensor) {
	var steps *ragged
	if lengths != nil {
		steps = newRagged("Stack", x, lengths)
	}
	run := func(c Cell, x *tensor.Tensor) *tensor.Tensor {
		n := len(c.Begin(x.Pass(), 1))
		if len(state) < n {
			fail("Stack", "a state of too few tensors: it is that of another network")
		}
		y, end := steps.run(c, x, state[:n])
		state, last = state[n:], append(last, end...)
		return y
	}
	for i, l := range s.Layers {
		if i > 0 {
			x = s.Dropout.Forward(x)
		}
		y = run(l.Forward, x)
		if l.Reverse != nil {
			back := steps.reverse(run(l.Reverse, steps.reverse(x)))
			y = tensor.Concat(-1, y, back) // N×T×2H
		}
		x = y
	}
	return y, last
}

// Hidden returns what the uppermost layer says at the end by its last state, N×Outputs: in both directions, at the ends of each.
func (s *Stack) Hidden(last []*tensor.Tensor) *tensor.Tensor {
	cells := s.cells()
	each := len(last) / len(cells) // tensors of a cell's state, of which the first is what it says
	if s.Layers[len(s.Layers)-1].Reverse == nil {
		return last[len(last)-each]
	}
	return tensor.Concat(-1, last[len(last)-2*each], last[len(last)-each])
}
