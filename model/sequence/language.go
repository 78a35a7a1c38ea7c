package sequence

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Language is the recurrent language model of Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization" (2014),
// https://arxiv.org/abs/1409.2329: the vector of a token, through recurrent layers, to the scores of what comes next. Dropout stands
// between layers, in front of the first and behind the last, and never on the way from step to step.
//
//	N×T tokens, state → scores: N×T×V of the tokens behind them, state
//
// The names of the layers are those of PyTorch's example word_language_model.
type Language struct {
	Encoder *nn.Embedding // V×E
	RNN     *nn.Stack     `nn:"rnn"`
	Decoder *nn.Linear    // H → V; with the table of the Encoder as its weight, if that is tied
	Dropout nn.Dropout
}

// A LanguageSize says how large a network is.
type LanguageSize struct {
	Cell          string // lstm, gru or rnn
	Width, Hidden int    // features of a token, and units of a layer
	Layers        int
	Dropout       tensor.Float
	Tied          bool // the table of tokens serves for the scores too (Press and Wolf 2017, https://arxiv.org/abs/1608.05859)
}

// The networks of Zaremba et al., section 4.1: for the 10,000 words of the Penn Treebank, 4.6 and 19.8 million parameters.
var (
	ZarembaSmall  = LanguageSize{Cell: "lstm", Width: 200, Hidden: 200, Layers: 2}
	ZarembaMedium = LanguageSize{Cell: "lstm", Width: 650, Hidden: 650, Layers: 2, Dropout: .5}
)

// NewLanguage returns a network for so many tokens with PyTorch's initialization, but for the table and the decoder, whose weights are
// uniform in ±0.1 as in PyTorch's example.
func NewLanguage(r *rand.Rand, size LanguageSize, vocabulary int) *Language {
	m := &Language{
		Encoder: nn.NewEmbedding(r, vocabulary, size.Width),
		RNN: newStack(r, size.Cell, nn.StackSize{
			In: size.Width, Hidden: size.Hidden, Layers: size.Layers, Dropout: size.Dropout,
		}),
		Decoder: nn.NewLinear(r, size.Hidden, vocabulary), Dropout: nn.Dropout{P: size.Dropout},
	}
	nn.Uniform(r, m.Encoder.Weight, -.1, .1)
	nn.Uniform(r, m.Decoder.Weight, -.1, .1)
	nn.Constant(m.Decoder.Bias, 0)
	if size.Tied {
		if size.Width != size.Hidden {
			fail("NewLanguage", "tied tables need tokens of as many features as there are units, not %d and %d", size.Width, size.Hidden)
		}
		m.Decoder.Weight = m.Encoder.Weight
	}
	return m
}

// newStack returns layers of the kind named.
func newStack(r *rand.Rand, cell string, size nn.StackSize) *nn.Stack {
	switch cell {
	case "lstm":
		return nn.NewStack(r, size, nn.NewLSTM)
	case "gru":
		return nn.NewStack(r, size, nn.NewGRU)
	case "rnn":
		return nn.NewStack(r, size, nn.NewRNN)
	}
	fail("newStack", "there is no cell %q; it is lstm, gru or rnn", cell)
	return nil
}

// Begin returns the state in front of n texts, on the heap: zeros.
func (m *Language) Begin(n int) []*tensor.Tensor {
	p := tensor.Inference()
	defer p.End()
	var state []*tensor.Tensor
	for _, v := range m.RNN.Begin(p, n) {
		state = append(state, v.Clone())
	}
	return state
}

// Forward returns the scores (logits) of what comes behind each of the tokens of n texts, N×T×V, and puts the state behind the last of
// them into state, so that the next tokens go on there. Gradients do not reach beyond these tokens (truncated back-propagation).
func (m *Language) Forward(p *tensor.Pass, ids []int, n int, state []*tensor.Tensor) *tensor.Tensor {
	x := m.Dropout.Forward(embed("Language", p, m.Encoder, ids, n))
	before := make([]*tensor.Tensor, len(state))
	for i, v := range state {
		before[i] = copied(p, v)
	}
	y, last := m.RNN.Run(x, before) // N×T×H
	for i, v := range last {
		state[i].Set(v)
	}
	return m.Decoder.Forward(m.Dropout.Forward(y))
}

// Words returns the number of tokens that there are.
func (m *Language) Words() int { return m.Encoder.Weight.Dim(0) }

// Read begins a text, for Generate: the function takes the model past more of its tokens, at least one, and returns the scores of the
// next one, which hold until it is called again.
func (m *Language) Read() func(ids []int) []tensor.Float { return reading(m) }

// A recurrent model carries a state of a few tensors on the heap.
type recurrent interface {
	Words() int
	Begin(n int) []*tensor.Tensor
	Forward(p *tensor.Pass, ids []int, n int, state []*tensor.Tensor) *tensor.Tensor
}

// reading is Read of any of them.
func reading(m recurrent) func(ids []int) []tensor.Float {
	state, scores := m.Begin(1), make([]tensor.Float, m.Words())
	return func(ids []int) []tensor.Float {
		p := tensor.Inference()
		defer p.End()
		y := m.Forward(p, ids, 1, state)
		copy(scores, y.Data()[y.Len()-len(scores):])
		return scores
	}
}

// copied brings a carried tensor into a pass as it is now.
func copied(p *tensor.Pass, v *tensor.Tensor) *tensor.Tensor { return p.Values(v.Data(), v.Shape()...) }
