package sequence

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// BahdanauAttention is the additive attention of Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to Align
// and Translate" (2014), https://arxiv.org/abs/1409.0473, section 3.1 and appendix A.1.2: of the annotations h₁ … h_S of a source, a
// decoder in the state s takes the mean, weighted by how well each of them fits.
//
//	eⱼ = vᵀ·tanh(W·s + U·hⱼ),  α = softmax(e),  c = Σ αⱼ·hⱼ
//
//	s: N×T×Q, h: N×S×F → c: N×T×F, α: N×T×S, for T states at once or one
type BahdanauAttention struct {
	W *nn.Linear // Q → A, without bias
	U *nn.Linear // F → A, without bias
	V *nn.Linear // A → 1, without bias
}

// NewBahdanauAttention returns attention of states of so many features at annotations of so many, with the authors' initialization:
// normal with deviation 0.001 for W and U, and zero for v, so that in the beginning every annotation counts as much.
func NewBahdanauAttention(r *rand.Rand, states, annotations, hidden int) *BahdanauAttention {
	m := &BahdanauAttention{
		W: nn.NewLinear(r, states, hidden).NoBias(), U: nn.NewLinear(r, annotations, hidden).NoBias(),
		V: nn.NewLinear(r, hidden, 1).NoBias(),
	}
	nn.Normal(r, m.W.Weight, 0, .001)
	nn.Normal(r, m.U.Weight, 0, .001)
	nn.Constant(m.V.Weight, 0)
	return m
}

// Keys returns U·h, N×S×A, which a decoder needs only once for a source.
func (m *BahdanauAttention) Keys(annotations *tensor.Tensor) *tensor.Tensor {
	return m.U.Forward(annotations)
}

// Attend returns contexts and weights for states and annotations, whose keys are given; each source has so many annotations as
// lengths say, the others being padding, and nil is all. The weights of a source without any are zeros.
func (m *BahdanauAttention) Attend(states, annotations, keys *tensor.Tensor, lengths []int) (contexts, weights *tensor.Tensor) {
	checkAttention("BahdanauAttention", states, annotations)
	sum := m.W.Forward(states).Unsqueeze(2).Add(keys.Unsqueeze(1)) // N×T×S×A
	scores := m.V.Forward(sum.Tanh()).Squeeze(3)                   // N×T×S
	weights = scores.MaskedSoftmax(false, lengths)
	return weights.MatMul(annotations), weights
}
