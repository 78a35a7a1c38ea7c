package nn

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// ForgetBias makes the forget gates begin with a bias of b, the sum of both vectors, so that with a large one they are open at first and
// cells keep what they know (Gers, Schmidhuber and Cummins 2000, https://doi.org/10.1162/089976600300015015; Jozefowicz et al. 2015
// recommend 1). It returns l.
func (l *LSTM) ForgetBias(b tensor.Float) *LSTM {
	l.gateBias(1, b)
	return l
}

// ForgetBias makes the gate z begin with a bias of b: with a large one it keeps the state at first. It returns l.
func (l *GRU) ForgetBias(b tensor.Float) *GRU {
	l.gateBias(1, b)
	return l
}

// gateBias makes the sum of both biases of a gate b, for all units.
func (l *Recurrent) gateBias(gate int, b tensor.Float) {
	if l.BiasIH == nil {
		fail("ForgetBias", "the layer has no bias")
	}
	h := l.Hidden()
	for i := gate * h; i < (gate+1)*h; i++ {
		l.BiasIH.Edit()[i] = b
		if l.BiasHH != nil {
			l.BiasHH.Edit()[i] = 0
		}
	}
}

// zeroLSTM returns hidden state and cells in which n sequences begin.
func (l *Recurrent) zeroLSTM(p *tensor.Pass, n int) []*tensor.Tensor {
	return []*tensor.Tensor{l.zeros(p, n), l.zeros(p, n)}
}

// A PeepholeLSTM is an LSTM whose gates see the cells (Gers, Schraudolph and Schmidhuber 2002, https://www.jmlr.org/papers/v3/gers02a.html,
// equations 2 to 6), by which it can count and measure time: the input and the forget gate see the cells of the step before, the output
// gate those of this step.
//
//	i, f = σ(W·x + U·h + b + p·c), g = tanh(W·x + U·h + b), c ← f·c + i·g, o = σ(W·x + U·h + b + p·c), h ← o·tanh c
type PeepholeLSTM struct {
	Recurrent
	PeepholeI, PeepholeF, PeepholeO *tensor.Tensor // H each: a gate sees its own cell
}

// NewPeepholeLSTM returns a layer of hidden units with PyTorch's initialization of an LSTM, uniform in ±1/√hidden, of the peepholes too.
func NewPeepholeLSTM(r *rand.Rand, in, hidden int) *PeepholeLSTM {
	l := &PeepholeLSTM{newRecurrent(r, 4, in, hidden), tensor.Param(hidden), tensor.Param(hidden), tensor.Param(hidden)}
	bound := 1 / math.Sqrt(float64(hidden))
	for _, w := range []*tensor.Tensor{l.PeepholeI, l.PeepholeF, l.PeepholeO} {
		Uniform(r, w, -bound, bound)
	}
	return l
}

// ForgetBias is that of an LSTM.
func (l *PeepholeLSTM) ForgetBias(b tensor.Float) *PeepholeLSTM {
	l.gateBias(1, b)
	return l
}

// Begin returns the hidden state and the cells in which n sequences begin: zeros.
func (l *PeepholeLSTM) Begin(p *tensor.Pass, n int) []*tensor.Tensor { return l.zeroLSTM(p, n) }

// Run implements Cell.
func (l *PeepholeLSTM) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	return Unroll(l.inputs(x), state, func(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
		h, c := state[0], state[1]
		gates := x.Add(l.recall(h)).Chunk(-1, 4)
		i := gates[0].Add(c.Mul(l.PeepholeI)).Sigmoid()
		f := gates[1].Add(c.Mul(l.PeepholeF)).Sigmoid()
		c = f.Mul(c).Add(i.Mul(gates[2].Tanh()))
		o := gates[3].Add(c.Mul(l.PeepholeO)).Sigmoid()
		h = o.Mul(c.Tanh())
		return h, []*tensor.Tensor{h, c}
	})
}

// A CoupledLSTM is an LSTM that takes in as much as it forgets, i = 1 − f (Greff et al. 2017, https://arxiv.org/abs/1503.04069, section
// 3, CIFG): a gate less. The rows of its weights are f, g, o.
type CoupledLSTM struct{ Recurrent }

// NewCoupledLSTM returns a layer of hidden units with PyTorch's initialization of an LSTM, uniform in ±1/√hidden.
func NewCoupledLSTM(r *rand.Rand, in, hidden int) *CoupledLSTM {
	return &CoupledLSTM{newRecurrent(r, 3, in, hidden)}
}

// Begin returns the hidden state and the cells in which n sequences begin: zeros.
func (l *CoupledLSTM) Begin(p *tensor.Pass, n int) []*tensor.Tensor { return l.zeroLSTM(p, n) }

// Run implements Cell.
func (l *CoupledLSTM) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	return Unroll(l.inputs(x), state, func(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
		h, c := state[0], state[1]
		gates := x.Add(l.recall(h)).Chunk(-1, 3)
		f, g := gates[0].Sigmoid(), gates[1].Tanh()
		c = g.Add(f.Mul(c.Sub(g)))
		h = gates[2].Sigmoid().Mul(c.Tanh())
		return h, []*tensor.Tensor{h, c}
	})
}

// A ProjectedLSTM is an LSTM whose hidden state is a projection of what its cells show (Sak, Senior and Beaufays 2014,
// https://arxiv.org/abs/1402.1128): many cells, and small weights of the state. It is PyTorch's with proj_size.
type ProjectedLSTM struct {
	Recurrent
	WeightHR *tensor.Tensor `nn:"weight_hr_l0"` // projection·H
}

// NewProjectedLSTM returns a layer of hidden cells whose hidden state has so many features, with PyTorch's initialization.
func NewProjectedLSTM(r *rand.Rand, in, hidden, projection int) *ProjectedLSTM {
	l := &ProjectedLSTM{newRecurrent(r, 4, in, hidden), tensor.Param(projection, hidden)}
	bound := 1 / math.Sqrt(float64(hidden))
	l.WeightHH = tensor.Param(4*hidden, projection)
	Uniform(r, l.WeightHH, -bound, bound)
	Uniform(r, l.WeightHR, -bound, bound)
	return l
}

// Outputs returns the number of features of the hidden state.
func (l *ProjectedLSTM) Outputs() int { return l.WeightHR.Dim(0) }

// Begin returns the hidden state, N×projection, and the cells, N×H, in which n sequences begin: zeros.
func (l *ProjectedLSTM) Begin(p *tensor.Pass, n int) []*tensor.Tensor {
	return []*tensor.Tensor{p.Zeros(n, l.Outputs()), p.Zeros(n, l.WeightHR.Dim(1))}
}

// Run implements Cell.
func (l *ProjectedLSTM) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	return Unroll(l.inputs(x), state, func(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
		h, c := state[0], state[1]
		gates := x.Add(l.recall(h)).Chunk(-1, 4)
		c = gates[1].Sigmoid().Mul(c).Add(gates[0].Sigmoid().Mul(gates[2].Tanh()))
		h = gates[3].Sigmoid().Mul(c.Tanh()).Linear(l.WeightHR, nil)
		return h, []*tensor.Tensor{h, c}
	})
}

// A NormLSTM is an LSTM with layer normalization (Ba, Kiros and Hinton 2016, https://arxiv.org/abs/1607.06450, equations 20 to 22): of
// what the input and what the hidden state bring to all gates, each by itself, and of the cells that are shown.
type NormLSTM struct {
	Recurrent             // with one bias, BiasIH, behind the normalizations
	NormIH, NormHH, NormC *LayerNorm
}

// NewNormLSTM returns a layer of hidden units with PyTorch's initialization of an LSTM and normalizations as they begin.
func NewNormLSTM(r *rand.Rand, in, hidden int) *NormLSTM {
	l := &NormLSTM{newRecurrent(r, 4, in, hidden), NewLayerNorm(4 * hidden), NewLayerNorm(4 * hidden), NewLayerNorm(hidden)}
	l.BiasHH = nil
	return l
}

// Begin returns the hidden state and the cells in which n sequences begin: zeros.
func (l *NormLSTM) Begin(p *tensor.Pass, n int) []*tensor.Tensor { return l.zeroLSTM(p, n) }

// Run implements Cell.
func (l *NormLSTM) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	in := l.NormIH.Forward(x.Linear(l.WeightIH, nil)).Add(l.BiasIH)
	return Unroll(in, state, func(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
		h, c := state[0], state[1]
		gates := x.Add(l.NormHH.Forward(h.Linear(l.WeightHH, nil))).Chunk(-1, 4)
		c = gates[1].Sigmoid().Mul(c).Add(gates[0].Sigmoid().Mul(gates[2].Tanh()))
		h = gates[3].Sigmoid().Mul(l.NormC.Forward(c).Tanh())
		return h, []*tensor.Tensor{h, c}
	})
}

// A WeightDropLSTM is an LSTM of whose weights of the state some are left out in a training pass, the same ones at every step of it
// (DropConnect, as Merity, Keskar and Socher 2017 use it, https://arxiv.org/abs/1708.02182, section 3).
type WeightDropLSTM struct {
	LSTM
	WeightDrop Dropout
}

// NewWeightDropLSTM returns an LSTM that leaves out weights with a probability.
func NewWeightDropLSTM(r *rand.Rand, in, hidden int, probability tensor.Float) *WeightDropLSTM {
	return &WeightDropLSTM{*NewLSTM(r, in, hidden), Dropout{probability}}
}

// Run implements Cell.
func (l *WeightDropLSTM) Run(x *tensor.Tensor, state []*tensor.Tensor) (*tensor.Tensor, []*tensor.Tensor) {
	w := tensor.Recurrent(l.Recurrent)
	w.WeightHH = l.WeightDrop.Forward(x.Pass().Use(w.WeightHH))
	y, h, c := x.LSTM(state[0], state[1], w)
	return y, []*tensor.Tensor{h, c}
}
