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
	Causal   bool // a step sees itself and those before it; see tensor.Attention
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
	var q, k, v *tensor.Tensor
	if x == memory {
		parts := x.Linear(l.InWeight, l.InBias).Chunk(-1, 3)
		q, k, v = parts[0], parts[1], parts[2]
	} else {
		n := l.InWeight.Dim(1)
		q = l.project(x, 0, n)
		parts := l.project(memory, n, 3*n).Chunk(-1, 2)
		k, v = parts[0], parts[1]
	}
	return l.OutProj.Forward(q.Attention(k, v, tensor.Attention{Heads: l.Heads, Causal: l.Causal, Lengths: lengths}))
}

// project is the linear layer of some rows of the packed weight.
func (l *MultiHeadAttention) project(x *tensor.Tensor, from, to int) *tensor.Tensor {
	p := passOf("MultiHeadAttention", x)
	w := p.Use(l.InWeight).Slice(0, from, to)
	if l.InBias == nil {
		return x.Linear(w, nil)
	}
	return x.Linear(w, p.Use(l.InBias).Slice(0, from, to))
}
