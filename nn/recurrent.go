package nn

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// Recurrent has the parameters of a recurrent layer of H units with In features, in the order and under the names of PyTorch. The
// rows of the weights are those of its gates, one gate after the other: i, f, g, o of an LSTM, r, z, n of a GRU, one of an RNN.
type Recurrent struct {
	WeightIH *tensor.Tensor `nn:"weight_ih_l0"` // gates·H×In, of the input
	WeightHH *tensor.Tensor `nn:"weight_hh_l0"` // gates·H×H, of the hidden state
	BiasIH   *tensor.Tensor `nn:"bias_ih_l0"`   // gates·H; may be nil
	BiasHH   *tensor.Tensor `nn:"bias_hh_l0"`   // gates·H; may be nil
}

// newRecurrent draws the parameters as PyTorch does: all of them uniformly in ±1/√hidden.
func newRecurrent(r *rand.Rand, gates, in, hidden int) Recurrent {
	w := Recurrent{
		WeightIH: tensor.Param(gates*hidden, in), WeightHH: tensor.Param(gates*hidden, hidden),
		BiasIH: tensor.Param(gates * hidden), BiasHH: tensor.Param(gates * hidden),
	}
	bound := 1 / math.Sqrt(float64(hidden))
	for _, t := range []*tensor.Tensor{w.WeightIH, w.WeightHH, w.BiasIH, w.BiasHH} {
		Uniform(r, t, -bound, bound)
	}
	return w
}

// removeBias leaves out both biases.
func (l *Recurrent) removeBias() { l.BiasIH, l.BiasHH = nil, nil }

// Hidden returns the number of units.
func (l *Recurrent) Hidden() int { return l.WeightHH.Dim(1) }

func (l *Recurrent) zeros(p *tensor.Pass, n int) *tensor.Tensor { return p.Zeros(n, l.Hidden()) }

// An LSTM is a layer of long short-term memory (Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735): the
// gates decide what a unit takes in, forgets and shows of its cell.
type LSTM struct{ Recurrent }

// An LSTMState is what an LSTM knows between two steps of N sequences: its hidden state and its cells, N×H each. To carry it from
// one pass to the next, Set heap tensors to both.
type LSTMState struct{ H, C *tensor.Tensor }

// NewLSTM returns a layer of hidden units with PyTorch's initialization, uniform in ±1/√hidden.
func NewLSTM(r *rand.Rand, in, hidden int) *LSTM { return &LSTM{newRecurrent(r, 4, in, hidden)} }

// NoBias removes the biases and returns l.
func (l *LSTM) NoBias() *LSTM {
	l.removeBias()
	return l
}

// Zero returns the state in which n sequences begin.
func (l *LSTM) Zero(p *tensor.Pass, n int) LSTMState { return LSTMState{l.zeros(p, n), l.zeros(p, n)} }

// Forward takes the state through the steps of x, N×T×In. It returns the hidden states of all steps, N×T×H, and the state behind the
// last one.
func (l *LSTM) Forward(x *tensor.Tensor, state LSTMState) (y *tensor.Tensor, last LSTMState) {
	y, last.H, last.C = x.LSTM(state.H, state.C, tensor.Recurrent(l.Recurrent))
	return y, last
}

// A GRU is a layer of gated recurrent units (Cho et al. 2014, https://arxiv.org/abs/1406.1078). As in PyTorch, the reset gate stands
// in front of the product of hidden state and weight, its bias included, and not in front of the hidden state.
type GRU struct{ Recurrent }

// NewGRU returns a layer of hidden units with PyTorch's initialization, uniform in ±1/√hidden.
func NewGRU(r *rand.Rand, in, hidden int) *GRU { return &GRU{newRecurrent(r, 3, in, hidden)} }

// NoBias removes the biases and returns l.
func (l *GRU) NoBias() *GRU {
	l.removeBias()
	return l
}

// Zero returns the hidden state in which n sequences begin.
func (l *GRU) Zero(p *tensor.Pass, n int) *tensor.Tensor { return l.zeros(p, n) }

// Forward takes the hidden state h, N×H, through the steps of x, N×T×In. It returns the hidden states of all steps, N×T×H, and the
// last one.
func (l *GRU) Forward(x, h *tensor.Tensor) (y, last *tensor.Tensor) {
	return x.GRU(h, tensor.Recurrent(l.Recurrent))
}

// An RNN is a layer of simple recurrent units, h ← tanh(W·x + U·h + b) (Elman 1990, https://doi.org/10.1207/s15516709cog1402_1).
type RNN struct {
	Recurrent
	ReLU bool // instead of tanh
}

// NewRNN returns a layer of hidden units with tanh and PyTorch's initialization, uniform in ±1/√hidden.
func NewRNN(r *rand.Rand, in, hidden int) *RNN {
	return &RNN{Recurrent: newRecurrent(r, 1, in, hidden)}
}

// Identity makes l an IRNN (Le, Jaitly and Hinton 2015, https://arxiv.org/abs/1504.00941, section 4): ReLU, weights of the state that
// are the identity, those of the input normal with deviation 0.001, and no bias at the beginning. It returns l.
func (l *RNN) Identity(r *rand.Rand) *RNN {
	l.ReLU = true
	Normal(r, l.WeightIH, 0, .001)
	Identity(l.WeightHH)
	for _, b := range []*tensor.Tensor{l.BiasIH, l.BiasHH} {
		if b != nil {
			Constant(b, 0)
		}
	}
	return l
}

// NoBias removes the biases and returns l.
func (l *RNN) NoBias() *RNN {
	l.removeBias()
	return l
}

// Zero returns the hidden state in which n sequences begin.
func (l *RNN) Zero(p *tensor.Pass, n int) *tensor.Tensor { return l.zeros(p, n) }

// Forward takes the hidden state h, N×H, through the steps of x, N×T×In. It returns the hidden states of all steps, N×T×H, and the
// last one.
func (l *RNN) Forward(x, h *tensor.Tensor) (y, last *tensor.Tensor) {
	return x.RNN(h, tensor.Recurrent(l.Recurrent), l.ReLU)
}
