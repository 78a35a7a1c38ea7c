package sequence

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// GPT is the language model of Radford et al., "Improving Language Understanding by Generative Pre-Training" (2018),
// https://cdn.openai.com/research-covers/language-unsupervised/language_understanding_paper.pdf, in the form of "Language Models are
// Unsupervised Multitask Learners" (2019), https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf:
// a Transformer whose tokens see themselves and those before them, which says which token comes next. Normalizations stand in front of
// attention and linear layers, and one more behind the last layer; the table of embeddings serves for the scores too.
//
//	N×T tokens → scores: N×T×V of the tokens behind them
//
// The names of the layers are those of PyTorch's nn.TransformerEncoder.
type GPT struct {
	Embedding *nn.Embedding        // V×E
	Positions *nn.LearnedPositions // context×E; nil where queries and keys are turned by their places
	*nn.TransformerEncoder

	Dropout nn.Dropout // of the sums of embeddings and positions
	Context int        // how many tokens it can look at, at most
}

// A GPTSize says how large a network is.
type GPTSize struct {
	Context, Width, Heads, Layers int // tokens that it looks at, features of a token, heads of attention, layers
	Dropout                       tensor.Float
	Rotary                        bool // turn queries and keys by their places (Su et al. 2021) instead of adding positions
}

// The sizes of table 2 of 2019; for its 50,257 tokens the smallest has 124,439,808 parameters.
var (
	GPT2Small  = GPTSize{Context: 1024, Width: 768, Heads: 12, Layers: 12, Dropout: .1}
	GPT2Medium = GPTSize{Context: 1024, Width: 1024, Heads: 16, Layers: 24, Dropout: .1}
	GPT2Large  = GPTSize{Context: 1024, Width: 1280, Heads: 20, Layers: 36, Dropout: .1}
	GPT2XL     = GPTSize{Context: 1024, Width: 1600, Heads: 25, Layers: 48, Dropout: .1}
)

// NewGPT returns a network for so many tokens with the initialization of GPT-2: weights from the normal distribution with deviation
// 0.02, those in front of a residual sum divided by the root of the number of sums, and biases of zero.
func NewGPT(r *rand.Rand, size GPTSize, vocabulary int) *GPT {
	if size.Context < 1 {
		fail("NewGPT", "a context of %d has no token", size.Context)
	}
	layers := nn.NewTransformerEncoder(r, nn.TransformerSize{
		Width: size.Width, Heads: size.Heads, Hidden: 4 * size.Width, Dropout: size.Dropout, Activation: nn.GELUTanh, NormFirst: true,
	}, size.Layers).Causal()
	m := &GPT{
		Embedding: nn.NewEmbedding(r, vocabulary, size.Width), TransformerEncoder: layers,
		Dropout: nn.Dropout{P: size.Dropout}, Context: size.Context,
	}
	if size.Rotary {
		for _, l := range layers.Layers {
			l.SelfAttn.Rotary = &tensor.Rotary{}
		}
	} else {
		m.Positions = nn.NewLearnedPositions(r, size.Context, size.Width)
	}
	for l := range nn.Leaves(m) {
		switch {
		case l.Tensor.Rank() == 1:
			if strings.HasSuffix(l.Name, "bias") {
				nn.Constant(l.Tensor, 0)
			}
		case strings.HasSuffix(l.Name, "out_proj.weight") || strings.HasSuffix(l.Name, "linear2.weight"):
			nn.Normal(r, l.Tensor, 0, .02/math.Sqrt(float64(2*size.Layers)))
		default:
			nn.Normal(r, l.Tensor, 0, .02)
		}
	}
	return m
}

// Forward returns the scores (logits) of what comes behind each of the tokens of n sequences, N×T×V.
func (m *GPT) Forward(p *tensor.Pass, ids []int, n int) *tensor.Tensor {
	return m.scores(m.TransformerEncoder.Forward(m.embed(p, ids, n, 0)))
}

// embed returns the vectors of tokens with positions, N×T×E. The first token has a place.
func (m *GPT) embed(p *tensor.Pass, ids []int, n, place int) *tensor.Tensor {
	x := embed("GPT", p, m.Embedding, ids, n)
	if t := x.Dim(1); place+t > m.Context {
		fail("GPT", "a sequence of %d tokens is longer than the context of %d", place+t, m.Context)
	}
	if m.Positions != nil {
		x = m.Positions.AddAt(x, place)
	}
	return m.Dropout.Forward(x)
}

func (m *GPT) scores(y *tensor.Tensor) *tensor.Tensor { return y.Linear(m.Embedding.Weight, nil) }
