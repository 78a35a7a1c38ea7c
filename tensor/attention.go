package tensor

import (
	"math"
	"slices"

	"github.com/hadal-go/hadal/internal/kernel"
)

// Attention says how queries look at keys. The zero value is one head that sees everything.
type Attention struct {
	Heads   int   // the features are cut in so many parts that look each for itself; 0 is 1
	Scale   Float // of the products of queries and keys; 0 is 1/√d for heads of d features
	Causal  bool  // query i of T sees the keys up to i + S − T of S: the past, where queries are the last T of them
	Lengths []int // of each sequence: how many keys there are, the others being padding; nil is all
	Filled  int   // how many keys all sequences have so far, behind which is room for more; it takes the place of S. 0 is S
	Dropout Float // the part of the weights that is dropped, as nn.Dropout does; for training passes
}

// Attention returns the mean of the values v, N×S×(H·e), for every query of x, N×T×(H·d), weighted by the softmax of its scaled
// products with the keys k, N×S×(H·d): softmax(q·kᵀ·scale)·v for each head, N×T×(H·e) (Vaswani et al. 2017, equation 1,
// https://arxiv.org/abs/1706.03762). A query that sees no key gets zeros. The weights are never in memory as a whole.
func (t *Tensor) Attention(k, v *Tensor, a Attention) *Tensor {
	const name = "Attention"
	p := owner(name, t, k, v)
	g := a.geometry(name, t, k, v)
	if a.Dropout > 0 {
		g.Keep, g.Key = 1-a.Dropout, p.key(name)
	}
	y := p.makeDims([]int32{t.dims[0], t.dims[1], v.dims[2]})
	var logs *Tensor
	if p.recording(t, k, v) {
		logs = p.makeDims([]int32{int32(g.N * g.Heads), int32(g.T)})
		g.Forward(y.data, logs.data, t.data, k.data, v.data)
	} else {
		g.Forward(y.data, nil, t.data, k.data, v.data)
	}
	if o := p.fuse(name, &fusedAttention, y, t, k, v); o != nil {
		o.attr, o.saved[0] = g, logs
	}
	return y
}

// AttentionWeights returns the weights with which Attention takes the mean, for every head, query and key: N×H×T×S. They are whole in
// memory, and nothing is dropped of them.
func (t *Tensor) AttentionWeights(k *Tensor, a Attention) *Tensor {
	const name = "AttentionWeights"
	p := owner(name, t, k)
	return attentionWeights(p.own(t), p.own(k), a.geometry(name, t, k, k))
}

func attentionWeights(q, k *Tensor, g *kernel.Attention) *Tensor {
	return inHeads(q, g.Heads).MatMulT(inHeads(k, g.Heads)).Scale(g.Scale).softmaxOf(g)
}

// inHeads cuts N×T×(H·d) in its heads: N×H×T×d.
func inHeads(x *Tensor, heads int) *Tensor {
	return x.Reshape(x.Dim(0), x.Dim(1), heads, x.Dim(2)/heads).Permute(0, 2, 1, 3)
}

// MaskedSoftmax returns the softmax along the last axis of the scores x, N×T×S or N×H×T×S, over those of the S keys that a query sees:
// see Causal and Lengths of Attention. The others get 0, and a query that sees no key gets zeros.
func (t *Tensor) MaskedSoftmax(causal bool, lengths []int) *Tensor {
	const name = "MaskedSoftmax"
	owner(name, t)
	if t.rank != 3 && t.rank != 4 {
		fail(name, "shape %v is not N×T×S or N×H×T×S", t.Shape())
	}
	g := &kernel.Attention{N: int(t.dims[0]), T: t.Dim(-2), S: t.Dim(-1), Causal: causal, Lengths: lengths}
	checkLengths(name, g)
	return t.softmaxOf(g)
}

// softmaxOf is MaskedSoftmax by the keys that g shows.
func (t *Tensor) softmaxOf(g *kernel.Attention) *Tensor {
	rows := t.Dim(-1) // in memory, of which g.S are keys
	hidden, some := t.pass.Zeros(g.N, 1, g.T, rows), t.pass.Zeros(g.N, 1, g.T, 1)
	all := true
	for n := range g.N {
		for i := range g.T {
			seen := g.Keys(n, i)
			for s := seen; s < rows; s++ {
				hidden.data[(n*g.T+i)*rows+s] = -1e30
			}
			some.data[n*g.T+i] = Float(min(1, seen))
			all = all && seen == rows
		}
	}
	if all {
		return t.Softmax()
	}
	if t.rank == 3 {
		hidden, some = hidden.Squeeze(1), some.Squeeze(1)
	}
	return t.Add(hidden).Softmax().Mul(some)
}

func (a Attention) geometry(name string, q, k, v *Tensor) *kernel.Attention {
	heads := or(a.Heads, 1)
	if q.rank != 3 || k.rank != 3 || v.rank != 3 || q.dims[0] != k.dims[0] || k.dims[0] != v.dims[0] || k.dims[1] != v.dims[1] ||
		q.dims[2] != k.dims[2] || heads < 1 || int(q.dims[2])%heads != 0 || int(v.dims[2])%heads != 0 {
		fail(name, "queries %v, keys %v and values %v do not fit each other and %d heads", q.Shape(), k.Shape(), v.Shape(), heads)
	}
	rows := int(k.dims[1])
	g := &kernel.Attention{
		N: int(q.dims[0]), T: int(q.dims[1]), S: or(a.Filled, rows), Rows: rows,
		Heads: heads, D: int(q.dims[2]) / heads, E: int(v.dims[2]) / heads,
		Scale: a.Scale, Causal: a.Causal, Lengths: slices.Clone(a.Lengths), // the caller may write to its own before Grad
	}
	if g.Scale == 0 {
		g.Scale = Float(1 / math.Sqrt(float64(max(1, g.D))))
	}
	if a.Filled < 0 || a.Filled > rows {
		fail(name, "there cannot be %d keys in the room for %d", a.Filled, rows)
	}
	if !(a.Dropout >= 0 && a.Dropout < 1) {
		fail(name, "a dropout of %v is not at least 0 and less than 1", a.Dropout)
	}
	checkLengths(name, g)
	return g
}

func checkLengths(name string, g *kernel.Attention) {
	if g.Lengths != nil && len(g.Lengths) != g.N {
		fail(name, "there are %d lengths for %d sequences", len(g.Lengths), g.N)
	}
	for _, n := range g.Lengths {
		if n < 0 || n > g.S {
			fail(name, "a length of %d does not fit %d keys", n, g.S)
		}
	}
}

var fusedAttention = Fusion{
	Kernel: func(b *Back) {
		g := b.op.attr.(*kernel.Attention)
		var grads [3]*Tensor
		var data [3][]Float
		for i := range grads {
			if grads[i] = b.wanted(i); grads[i] != nil {
				data[i] = grads[i].data
			}
		}
		g.Backward(data[0], data[1], data[2], b.G(0).data, b.Y(0).data, b.op.saved[0].data,
			b.in(0).t.data, b.in(1).t.data, b.in(2).t.data)
		for i, dx := range grads {
			b.Give(i, dx)
		}
	},
	Compose: func(b *Back, xs []*Tensor) []*Tensor {
		g := b.op.attr.(*kernel.Attention)
		weights := attentionWeights(xs[0], xs[1], g)
		if g.Keep > 0 {
			mask := b.p.Empty(g.N, g.Heads, g.T, g.S)
			kernel.Bernoulli(mask.data, g.Key, g.Keep, 1/g.Keep)
			weights = weights.Mul(mask.Pad(-1, 0, g.Rows-g.S))
		}
		y := weights.MatMul(inHeads(xs[2], g.Heads)) // N×H×T×e
		return []*Tensor{y.Permute(0, 2, 1, 3).Reshape(g.N, g.T, g.Heads*g.E)}
	},
}
