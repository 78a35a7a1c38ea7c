package nn

import "github.com/hadal-go/hadal/tensor"

// A Cell is a recurrent layer by what all of them have in common: it takes a state, a few tensors with a row for each of N sequences,
// through the steps of sequences. The state can be carried from one pass to the next: Set heap tensors to it.
type Cell interface {
	// Begin returns the state in which n sequences begin.
	Begin(p *tensor.Pass, n int) []*tensor.Tensor
	// Run takes the state through the steps of x, N×T×In. It returns the outputs of all steps, N×T×Outputs, and the state behind the
	// last one.
	Run(x *tensor.Tensor, state []*tensor.Tensor) (y *tensor.Tensor, last []*tensor.Tensor)
	// Outputs returns the number of features of an output.
	Outputs() int
}

// Outputs returns the number of units.
func (l *Recurrent) Outputs() int { return l.Hidden() }

// Begin returns the hidden state and the cells in which n sequences begin: zeros.
func (l *LSTM) Begin(p *tensor.Pass, n int) []*tensor.Tensor {
	s := l.Zero(p, n)
	return []*tensor.Tensor{s.H, s.C}
}

// Run is Forward with a state of two tensors.
func (l *LSTM) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	y, last := l.Forward(x, LSTMState{state[0], state[1]})
	return y, []*tensor.Tensor{last.H, last.C}
}

// Begin returns the hidden state in which n sequences begin: zeros.
func (l *GRU) Begin(p *tensor.Pass, n int) []*tensor.Tensor { return []*tensor.Tensor{l.Zero(p, n)} }

// Run is Forward with a state of one tensor.
func (l *GRU) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	y, last := l.Forward(x, state[0])
	return y, []*tensor.Tensor{last}
}

// Begin returns the hidden state in which n sequences begin: zeros.
func (l *RNN) Begin(p *tensor.Pass, n int) []*tensor.Tensor { return []*tensor.Tensor{l.Zero(p, n)} }

// Run is Forward with a state of one tensor.
func (l *RNN) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	y, last := l.Forward(x, state[0])
	return y, []*tensor.Tensor{last}
}
