package recipe

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/tensor"
)

// A languageModel is a network that can be trained as one, and that goes through texts token by token.
type languageModel interface {
	sequence.Reader
	Begin(n int) []*tensor.Tensor
	Forward(p *tensor.Pass, ids []int, n int, state []*tensor.Tensor) *tensor.Tensor
}

// windowed is a GPT as a language model: it looks at the tokens that it is given, and carries nothing.
type windowed struct{ *sequence.GPT }

func (windowed) Begin(int) []*tensor.Tensor { return nil }

func (m windowed) Forward(p *tensor.Pass, ids []int, n int, _ []*tensor.Tensor) *tensor.Tensor {
	return m.GPT.Forward(p, ids, n)
}

// summarized is a language model as a layer, of the numbers of tokens N×T, for its summary.
type summarized struct {
	Net languageModel `nn:"."`
}

func (m summarized) Forward(x *tensor.Tensor) *tensor.Tensor {
	ids := make([]int, x.Len())
	for i, v := range x.Data() {
		ids[i] = int(v)
	}
	return m.Net.Forward(x.Pass(), ids, x.Dim(0), m.Net.Begin(x.Dim(0)))
}

// build makes the network that a card describes.
func (l *Language) build(k languageCard, r *rand.Rand) languageModel {
	s := k.Network
	switch s.Network {
	case "awd-lstm": // dropout of 0.4 is what the paper has for the Penn Treebank
		scale := tensor.Float(s.Dropout / .4)
		return sequence.NewAWDLSTM(r, k.Tokens, s.Width, s.Hidden, s.Layers, min(.5*scale, .9), sequence.AWDDropouts(scale))
	case "gpt":
		return windowed{sequence.NewGPT(r, sequence.GPTSize{
			Context: s.Steps, Width: s.Width, Heads: s.Heads, Layers: s.Layers, Dropout: tensor.Float(s.Dropout),
		}, k.Tokens)}
	}
	return sequence.NewLanguage(r, sequence.LanguageSize{
		Cell: s.Network, Width: s.Width, Hidden: s.Hidden, Layers: s.Layers, Dropout: tensor.Float(s.Dropout), Tied: s.Tied,
	}, k.Tokens)
}
