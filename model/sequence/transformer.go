package sequence

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Transformer is the network of Vaswani et al., "Attention Is All You Need" (2017), https://arxiv.org/abs/1706.03762, for translation: an
// encoder looks at the source, and a decoder, which looks at what that has made and at its own tokens so far, says which token comes
// next. Both sides have one vocabulary, and one table of vectors serves as embeddings of both and for the scores (section 3.4).
//
//	source: N×S tokens, target: N×T tokens → scores: N×T×V of the tokens behind those of the target
//
// The names of the layers are those of PyTorch's nn.Transformer.
type Transformer struct {
	Embedding *nn.Embedding // V×E
	*nn.Transformer

	Positions nn.Positions
	Dropout   nn.Dropout // of the sums of embeddings and positions
}

// TransformerBase and TransformerBig are the sizes of table 3, with six layers on either side.
var (
	TransformerBase = nn.TransformerSize{Width: 512, Heads: 8, Hidden: 2048, Dropout: .1}
	TransformerBig  = nn.TransformerSize{Width: 1024, Heads: 16, Hidden: 4096, Dropout: .3}
)

// NewTransformer returns a network for so many tokens, with so many layers on either side. As in PyTorch's, and unlike in the paper,
// there is a normalization behind the last layer of each.
func NewTransformer(r *rand.Rand, size nn.TransformerSize, layers, vocabulary int) *Transformer {
	m := &Transformer{
		Embedding: nn.NewEmbedding(r, vocabulary, size.Width), Transformer: nn.NewTransformer(r, size, layers, layers),
		Positions: nn.SinusoidalPositions{}, Dropout: nn.Dropout{P: size.Dropout},
	}
	nn.Normal(r, m.Embedding.Weight, 0, 1/math.Sqrt(float64(size.Width)))
	return m
}

// embed returns the vectors of n sequences of tokens, times √E (section 3.4), with positions: N×T×E. The first token has a place.
func (m *Transformer) embed(p *tensor.Pass, ids []int, n, place int) *tensor.Tensor {
	x := embed("Transformer", p, m.Embedding, ids, n)
	x = x.Scale(tensor.Float(math.Sqrt(float64(x.Dim(2)))))
	return m.Dropout.Forward(m.Positions.AddAt(x, place))
}

// scores returns those of all tokens, V, for what the decoder has made.
func (m *Transformer) scores(y *tensor.Tensor) *tensor.Tensor {
	return y.Linear(m.Embedding.Weight, nil)
}

// Forward returns the scores (logits) of what comes behind each token of the target, N×T×V. Behind its length they mean nothing.
func (m *Transformer) Forward(p *tensor.Pass, source, target Padded) *tensor.Tensor {
	const op = "Transformer"
	n := len(source.Lengths)
	source.steps(op)
	if target.steps(op); len(target.Lengths) != n {
		fail(op, "there are %d sources and %d targets", n, len(target.Lengths))
	}
	return m.scores(m.Transform(m.embed(p, source.IDs, n, 0), m.embed(p, target.IDs, n, 0), source.Lengths))
}

// Loss returns the mean cross-entropy of every token of the target but the first, given those before it, with smoothed labels; the
// paper has a smoothing of 0.1 (section 5.4).
func (m *Transformer) Loss(p *tensor.Pass, source, target Padded, smoothing tensor.Float) *tensor.Tensor {
	t := target.steps("Transformer")
	next := target.part(1, t)
	for i := range next.IDs {
		if i%(t-1) >= next.Lengths[i/(t-1)] {
			next.IDs[i] = -1 // padding
		}
	}
	return nn.CrossEntropyLoss{Smoothing: smoothing}.Loss(m.Forward(p, source, target.part(0, t-1)), next.IDs)
}

// Translate returns for each source the tokens that follow begin, the likeliest at each step, up to and without end, and at most so
// many. Every step costs that of one token: what was seen is kept.
func (m *Transformer) Translate(source Padded, begin, end, most int) [][]int {
	source.steps("Transformer")
	n := len(source.Lengths)
	p := tensor.Inference()
	defer p.End()
	var state nn.DecoderState
	p.Scope(func() *tensor.Tensor {
		memory := m.Encoder.Encode(m.embed(p, source.IDs, n, 0), source.Lengths)
		state = m.Decoder.Begin(memory, source.Lengths, most)
		return nil
	})
	said, ended, last := make([][]int, n), make([]bool, n), slices.Repeat([]int{begin}, n)
	for place := 0; place < most && slices.Contains(ended, false); place++ {
		p.Scope(func() *tensor.Tensor {
			scores := m.scores(m.Decoder.Step(m.embed(p, last, n, place), state)) // N×1×V
			last = scores.Reshape(n, -1).ArgMax()
			return nil
		})
		for i, token := range last {
			if ended[i] = ended[i] || token == end; !ended[i] {
				said[i] = append(said[i], token)
			}
		}
	}
	return said
}
