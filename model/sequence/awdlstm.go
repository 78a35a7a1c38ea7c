package sequence

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// AWDLSTM is the language model of Merity, Keskar and Socher, "Regularizing and Optimizing LSTM Language Models" (2017),
// https://arxiv.org/abs/1708.02182: LSTM layers of which something is left out everywhere while learning, in every batch the same for all
// steps: words, features, and weights of the state. One table serves for what is read and for what is said. The paper's optimizer,
// averaged SGD, and its penalties on activations are not part of the network.
//
//	N×T tokens, state → scores: N×T×V of the tokens behind them, state
type AWDLSTM struct {
	Encoder *nn.Embedding        // V×E
	RNNs    []*nn.WeightDropLSTM `nn:"rnns"` // E → H → … → E
	Decoder *nn.Linear           // E → V; its weight is the table of the Encoder
	AWDDropout
}

// AWDDropout says how much is left out, section 4.
type AWDDropout struct {
	Tokens  nn.Dropout       // whole tokens, wherever they stand
	Input   nn.LockedDropout // features of what the first layer reads
	Between nn.LockedDropout // features between layers
	Output  nn.LockedDropout // features of what the last layer says
}

// AWDDropouts are those of the paper for the Penn Treebank, scaled: 1 is what it has for a network of 24 million parameters.
func AWDDropouts(scale tensor.Float) AWDDropout {
	return AWDDropout{
		nn.Dropout{P: .1 * scale}, nn.LockedDropout{P: .4 * scale}, nn.LockedDropout{P: .3 * scale}, nn.LockedDropout{P: .4 * scale},
	}
}

// NewAWDLSTM returns a network for so many tokens, of layers of hidden units but for the last, which has width; weights of the state are
// left out with probability weights. Its initialization is PyTorch's, the table uniform in ±0.1.
func NewAWDLSTM(r *rand.Rand, vocabulary, width, hidden, layers int, weights tensor.Float, d AWDDropout) *AWDLSTM {
	if layers < 1 {
		fail("NewAWDLSTM", "%d layers: want one at least", layers)
	}
	m := &AWDLSTM{Encoder: nn.NewEmbedding(r, vocabulary, width), AWDDropout: d}
	nn.Uniform(r, m.Encoder.Weight, -.1, .1)
	in := width
	for i := range layers {
		out := hidden
		if i == layers-1 {
			out = width
		}
		m.RNNs, in = append(m.RNNs, nn.NewWeightDropLSTM(r, in, out, weights)), out
	}
	m.Decoder = &nn.Linear{Weight: m.Encoder.Weight, Bias: tensor.Param(vocabulary)}
	return m
}

// Begin returns the state in front of n texts, on the heap: zeros.
func (m *AWDLSTM) Begin(n int) []*tensor.Tensor {
	var state []*tensor.Tensor
	for _, l := range m.RNNs {
		state = append(state, tensor.New(n, l.Hidden()), tensor.New(n, l.Hidden()))
	}
	return state
}

// Forward returns the scores (logits) of what comes behind each of the tokens of n texts, N×T×V, and puts the state behind the last of
// them into state. Gradients do not reach beyond these tokens.
func (m *AWDLSTM) Forward(p *tensor.Pass, ids []int, n int, state []*tensor.Tensor) *tensor.Tensor {
	table := m.Encoder
	if p.Train() && m.Tokens.P > 0 {
		keep := m.Tokens.Forward(p.Full(1, m.Words(), 1))
		table = &nn.Embedding{Weight: p.Use(table.Weight).Mul(keep)}
	}
	x := m.Input.Forward(embed("AWDLSTM", p, table, ids, n)) // N×T×E
	for i, l := range m.RNNs {
		if i > 0 {
			x = m.Between.Forward(x)
		}
		var last []*tensor.Tensor
		x, last = l.Run(x, []*tensor.Tensor{copied(p, state[2*i]), copied(p, state[2*i+1])})
		state[2*i].Set(last[0])
		state[2*i+1].Set(last[1])
	}
	return m.Decoder.Forward(m.Output.Forward(x))
}

// Words returns the number of tokens that there are.
func (m *AWDLSTM) Words() int { return m.Encoder.Weight.Dim(0) }

// Read begins a text, as that of Language.
func (m *AWDLSTM) Read() func(ids []int) []tensor.Float { return reading(m) }
