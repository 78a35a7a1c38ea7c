package sequence

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// LuongAttention is the global attention of Luong, Pham and Manning, "Effective Approaches to Attention-based Neural Machine
// Translation" (2015), https://arxiv.org/abs/1508.04025, section 3.1: a decoder in the state h looks at all states h̄₁ … h̄_S of a
// source and makes an attentional state of what it sees.
//
//	score = hᵀ·h̄ⱼ (dot), hᵀ·Wₐ·h̄ⱼ (general) or vₐᵀ·tanh(Wₐ·[h; h̄ⱼ]) (concat)      equation 8
//	α = softmax(score),  c = Σ αⱼ·h̄ⱼ,  h̃ = tanh(W_c·[c; h])                         equations 7 and 5
//
//	h: N×T×H, h̄: N×S×F → h̃: N×T×H, α: N×T×S, for T states at once or one; F = H for dot
type LuongAttention struct {
	WA *nn.Linear `nn:"w_a"` // F → H of general, H + F → H of concat; nil of dot
	VA *nn.Linear `nn:"v_a"` // H → 1 of concat; else nil
	WC *nn.Linear `nn:"w_c"` // F + H → H
}

// NewLuongDot returns attention whose scores are inner products, for states of so many features on both sides.
func NewLuongDot(r *rand.Rand, features int) *LuongAttention {
	return &LuongAttention{WC: combine(r, features, features)}
}

// NewLuongGeneral returns attention with a matrix between states of so many features and those of a source.
func NewLuongGeneral(r *rand.Rand, features, source int) *LuongAttention {
	return &LuongAttention{WA: nn.NewLinear(r, source, features).NoBias(), WC: combine(r, features, source)}
}

// NewLuongConcat returns attention whose scores are those of a network of one hidden layer.
func NewLuongConcat(r *rand.Rand, features, source int) *LuongAttention {
	return &LuongAttention{
		WA: nn.NewLinear(r, features+source, features).NoBias(), VA: nn.NewLinear(r, features, 1).NoBias(), WC: combine(r, features, source),
	}
}

func combine(r *rand.Rand, features, source int) *nn.Linear {
	return nn.NewLinear(r, source+features, features).NoBias()
}

// Attend returns attentional states and weights for states, which look at a source, of which each sequence has so many states as
// lengths say, the others being padding; nil is all. The weights of a source without any are zeros.
func (m *LuongAttention) Attend(states, source *tensor.Tensor, lengths []int) (attentional, weights *tensor.Tensor) {
	checkAttention("LuongAttention", states, source)
	weights = m.scores(states, source).MaskedSoftmax(false, lengths) // N×T×S
	contexts := weights.MatMul(source)                               // N×T×F
	return m.WC.Forward(tensor.Concat(-1, contexts, states)).Tanh(), weights
}

// scores returns how well each state of a source fits, N×T×S.
func (m *LuongAttention) scores(states, source *tensor.Tensor) *tensor.Tensor {
	switch {
	case m.VA != nil:
		n, t, s := states.Dim(0), states.Dim(1), source.Dim(1)
		h, f := states.Dim(2), source.Dim(2)
		pairs := tensor.Concat(-1, states.Unsqueeze(2).BroadcastTo(n, t, s, h), source.Unsqueeze(1).BroadcastTo(n, t, s, f))
		return m.VA.Forward(m.WA.Forward(pairs).Tanh()).Squeeze(3)
	case m.WA != nil:
		return states.MatMulT(m.WA.Forward(source))
	}
	return states.MatMulT(source)
}

// checkAttention checks the states that look, N×T×Q, and those that are looked at, N×S×F.
func checkAttention(op string, states, source *tensor.Tensor) {
	if states.Rank() != 3 || source.Rank() != 3 || states.Dim(0) != source.Dim(0) || states.Dim(1) == 0 || source.Dim(1) == 0 {
		fail(op, "shapes %v and %v are not N×T×Q and N×S×F with a step at least", states.Shape(), source.Shape())
	}
}
