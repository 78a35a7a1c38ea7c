package nn

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// Unroll takes a state through the steps of x, N×T×F, by a function of one step, N×F, and returns the outputs of all steps, N×T×H, and
// the state behind the last one. The cells that have no kernel of their own are written with it.
func Unroll(
	x *tensor.Tensor, state []*tensor.Tensor, step func(x *tensor.Tensor, state []*tensor.Tensor) (y *tensor.Tensor, next []*tensor.Tensor),
) (y *tensor.Tensor, last []*tensor.Tensor) {
	ys := make([]*tensor.Tensor, x.Dim(1))
	for t, x := range x.Unstack(1) {
		ys[t], state = step(x, state)
	}
	return tensor.Stack(1, ys...), state
}

// inputs returns what the steps of x bring to all gates, N×T×gates·H, by one product.
func (l *Recurrent) inputs(x *tensor.Tensor) *tensor.Tensor { return x.Linear(l.WeightIH, l.BiasIH) }

// recall returns what a hidden state brings to all gates, N×gates·H.
func (l *Recurrent) recall(h *tensor.Tensor) *tensor.Tensor { return h.Linear(l.WeightHH, l.BiasHH) }

// A ForgetGate is a layer of the least units that can keep what they know: a forget gate decides, unit by unit, between the state before
// and a new one (the minimal gated unit of these lectures; Zhou et al. 2016, https://arxiv.org/abs/1603.09420, have one gate too):
//
//	z = σ(W·x + U·h + b), ĥ = ReLU(W·x + U·h + b), h ← z·h + (1 − z)·ĥ
//
// The rows of its weights are z, ĥ.
type ForgetGate struct{ Recurrent }

// NewForgetGate returns a layer of hidden units with PyTorch's initialization of recurrent layers, uniform in ±1/√hidden.
func NewForgetGate(r *rand.Rand, in, hidden int) *ForgetGate {
	return &ForgetGate{newRecurrent(r, 2, in, hidden)}
}

// ForgetBias makes the gate begin with a bias of b: with a large one it keeps the state at first. It returns l.
func (l *ForgetGate) ForgetBias(b tensor.Float) *ForgetGate {
	l.gateBias(0, b)
	return l
}

// Begin returns the hidden state in which n sequences begin: zeros.
func (l *ForgetGate) Begin(p *tensor.Pass, n int) []*tensor.Tensor {
	return []*tensor.Tensor{l.zeros(p, n)}
}

// Run implements Cell.
func (l *ForgetGate) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	return Unroll(l.inputs(x), state, func(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
		h := state[0]
		gates := x.Add(l.recall(h)).Chunk(-1, 2)
		z, full := gates[0].Sigmoid(), gates[1].ReLU()
		h = full.Add(z.Mul(h.Sub(full)))
		return h, []*tensor.Tensor{h}
	})
}

// A ResetGRU is a GRU as in its paper (Cho et al. 2014, https://arxiv.org/abs/1406.1078, equations 5 to 8): the reset gate stands in front
// of the hidden state, and not, as in GRU and in PyTorch, in front of the product with it.
//
//	r, z = σ(W·x + U·h + b), n = tanh(W·x + U·(r·h) + b), h ← (1 − z)·n + z·h
//
// The rows of its weights are r, z, n.
type ResetGRU struct{ Recurrent }

// NewResetGRU returns a layer of hidden units with PyTorch's initialization, uniform in ±1/√hidden.
func NewResetGRU(r *rand.Rand, in, hidden int) *ResetGRU {
	return &ResetGRU{newRecurrent(r, 3, in, hidden)}
}

// Begin returns the hidden state in which n sequences begin: zeros.
func (l *ResetGRU) Begin(p *tensor.Pass, n int) []*tensor.Tensor {
	return []*tensor.Tensor{l.zeros(p, n)}
}

// Run implements Cell.
func (l *ResetGRU) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	hidden, p := l.Hidden(), x.Pass()
	w := p.Use(l.WeightHH)
	gating, updating := w.Slice(0, 0, 2*hidden), w.Slice(0, 2*hidden, 3*hidden)
	var biasGates, biasNew *tensor.Tensor
	if l.BiasHH != nil {
		b := p.Use(l.BiasHH)
		biasGates, biasNew = b.Slice(0, 0, 2*hidden), b.Slice(0, 2*hidden, 3*hidden)
	}
	return Unroll(l.inputs(x), state, func(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
		h := state[0]
		in := x.Chunk(-1, 3)
		gates := h.Linear(gating, biasGates).Chunk(-1, 2)
		r, z := in[0].Add(gates[0]).Sigmoid(), in[1].Add(gates[1]).Sigmoid()
		n := in[2].Add(r.Mul(h).Linear(updating, biasNew)).Tanh()
		h = n.Add(z.Mul(h.Sub(n)))
		return h, []*tensor.Tensor{h}
	})
}
