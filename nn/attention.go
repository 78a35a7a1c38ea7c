package nn

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// MultiHeadAttention looks from every step of a sequence at all steps of the same or of another one, with several heads (Vaswani et
// al. 2017, section 3.2.2, https://arxiv.org/abs/1706.03762): queries, keys and values are linear in what they are made of, and what
// the heads have seen is mixed by one more linear layer. Names are those of PyTorch, which packs the three in one weight.
type MultiHeadAttention struct {
	InWeight *tensor.Tensor `nn:"in_proj_weight"` // 3·E×E: the rows of the queries, of the keys and of the values
	InBias   *tensor.Tensor `nn:"in_proj_bias"`   // 3·E; may be nil
	OutProj  *Linear
	Heads    int
	Causal   bool           // a step sees itself and those before it; see tensor.Attention
	Dropout  tensor.Float   // the part of the weights that is dropped in training passes
	Rotary   *tensor.Rotary // how queries and keys are turned by their places, heads and start apart; nil: they are not
}

// NewMultiHeadAttention returns attention over sequences of features, in so many heads, with PyTorch's initialization: Xavier's of
// what goes in, and biases of zero.
func NewMultiHeadAttention(r *rand.Rand, features, heads int) *MultiHeadAttention {
	if heads < 1 || features%heads != 0 {
		fail("MultiHeadAttention", "%d heads do not divide %d features", heads, features)
	}
	l := &MultiHeadAttention{
		InWeight: tensor.Param(3*features, features), InBias: tensor.Param(3 * features),
		OutProj: NewLinear(r, features, features), Heads: heads,
	}
	XavierUniform(r, l.InWeight, 1)
	Constant(l.OutProj.Bias, 0)
	return l
}

// Forward looks from x, N×T×E, at itself.
func (l *MultiHeadAttention) Forward(x *tensor.Tensor) *tensor.Tensor { return l.Attend(x, x, nil) }

// Attend looks from x, N×T×E, at memory, N×S×E, of which each sequence has so many steps as lengths say, the others being padding;
// nil is all. It returns N×T×E.
func (l *MultiHeadAttention) Attend(x, memory *tensor.Tensor, lengths []int) *tensor.Tensor {
	q, k, v := l.project(x, memory)
	return l.look(q, k, v, tensor.Attention{Causal: l.Causal, Lengths: lengths})
}

// Weights returns how much each head looks from each step of x at each step of memory, N×H×T×S, for the same arguments as Attend. The
// weights of a query sum to 1.
func (l *MultiHeadAttention) Weights(x, memory *tensor.Tensor, lengths []int) *tensor.Tensor {
	q, k, _ := l.project(x, memory)
	return q.AttentionWeights(k, tensor.Attention{Heads: l.Heads, Causal: l.Causal, Lengths: lengths})
}

// look takes the mean of values and mixes what the heads have seen.
func (l *MultiHeadAttention) look(q, k, v *tensor.Tensor, a tensor.Attention) *tensor.Tensor {
	a.Heads = l.Heads
	if q.Pass().Train() {
		a.Dropout = l.Dropout
	}
	return l.OutProj.Forward(q.Attention(k, v, a))
}

// project returns the queries of x and the keys and values of memory.
func (l *MultiHeadAttention) project(x, memory *tensor.Tensor) (q, k, v *tensor.Tensor) {
	l.check(x)
	l.check(memory)
	n := l.InWeight.Dim(1)
	if x == memory {
		return l.queriesKeysValues(x, 0)
	}
	parts := l.linear(memory, n, 3*n).Chunk(-1, 2)
	return l.turn(l.linear(x, 0, n), 0), l.turn(parts[0], 0), parts[1]
}

// queriesKeysValues returns those of x, whose first step has a place in its sequence.
func (l *MultiHeadAttention) queriesKeysValues(x *tensor.Tensor, place int) (q, k, v *tensor.Tensor) {
	parts := x.Linear(l.InWeight, l.InBias).Chunk(-1, 3)
	return l.turn(parts[0], place), l.turn(parts[1], place), parts[2]
}

// turn turns queries or keys by their places.
func (l *MultiHeadAttention) turn(x *tensor.Tensor, place int) *tensor.Tensor {
	if l.Rotary == nil {
		return x
	}
	r := *l.Rotary
	r.Heads, r.Start = l.Heads, place
	return x.Rotary(r)
}

// linear is the linear layer of some rows of the packed weight.
func (l *MultiHeadAttention) linear(x *tensor.Tensor, from, to int) *tensor.Tensor {
	p := passOf("MultiHeadAttention", x)
	w := p.Use(l.InWeight).Slice(0, from, to)
	if l.InBias == nil {
		return x.Linear(w, nil)
	}
	return x.Linear(w, p.Use(l.InBias).Slice(0, from, to))
}

func (l *MultiHeadAttention) check(x *tensor.Tensor) {
	if x.Rank() != 3 || x.Dim(1) == 0 || x.Dim(2) != l.InWeight.Dim(1) {
		fail("MultiHeadAttention", "shape %v is not N×T×E with at least one step of %d features", x.Shape(), l.InWeight.Dim(1))
	}
}
