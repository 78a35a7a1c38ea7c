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
}

// Attention returns the mean of the values v, N×S×(H·e), for every query of x, N×T×(H·d), weighted by the softmax of its scaled
// products with the keys k, N×S×(H·d): softmax(q·kᵀ·scale)·v for each head, N×T×(H·e) (Vaswani et al. 2017, equation 1,
// https://arxiv.org/abs/1706.03762). A query that sees no key gets zeros. The weights are never in memory as a whole.
func (t *Tensor) Attention(k, v *Tensor, a Attention) *Tensor {
	p := owner("Attention", t, k, v)
	g := a.geometry(t, k, v)
	y := p.makeDims([]int32{t.dims[0], t.dims[1], v.dims[2]})
	var logs *Tensor
	if p.recording(t, k, v) {
		logs = p.makeDims([]int32{int32(g.N * g.Heads), int32(g.T)})
		g.Forward(y.data, logs.data, t.data, k.data, v.data)
	} else {
		g.Forward(y.data, nil, t.data, k.data, v.data)
	}
	if o := p.fuse("Attention", &fusedAttention, y, t, k, v); o != nil {
		o.attr, o.saved[0] = g, logs
	}
	return y
}

func (a Attention) geometry(q, k, v *Tensor) *kernel.Attention {
	heads := or(a.Heads, 1)
	if q.rank != 3 || k.rank != 3 || v.rank != 3 || q.dims[0] != k.dims[0] || k.dims[0] != v.dims[0] || k.dims[1] != v.dims[1] ||
		q.dims[2] != k.dims[2] || heads < 1 || int(q.dims[2])%heads != 0 || int(v.dims[2])%heads != 0 {
		fail("Attention", "queries %v, keys %v and values %v do not fit each other and %d heads", q.Shape(), k.Shape(), v.Shape(), heads)
	}
	g := &kernel.Attention{
		N: int(q.dims[0]), T: int(q.dims[1]), S: int(k.dims[1]), Heads: heads, D: int(q.dims[2]) / heads, E: int(v.dims[2]) / heads,
		Scale: a.Scale, Causal: a.Causal, Lengths: slices.Clone(a.Lengths), // the caller may write to its own before Grad
	}
	if g.Scale == 0 {
		g.Scale = Float(1 / math.Sqrt(float64(max(1, g.D))))
	}
	if a.Lengths != nil && len(a.Lengths) != g.N {
		fail("Attention", "there are %d lengths for %d sequences", len(a.Lengths), g.N)
	}
	for _, n := range a.Lengths {
		if n < 0 || n > g.S {
			fail("Attention", "a length of %d does not fit %d keys", n, g.S)
		}
	}
	return g
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
		heads := func(x *Tensor) *Tensor { // N×T×(H·d) → N×H×T×d
			return x.Reshape(x.Dim(0), x.Dim(1), g.Heads, x.Dim(2)/g.Heads).Permute(0, 2, 1, 3)
		}
		scores := heads(xs[0]).MatMulT(heads(xs[1])).Scale(g.Scale)
		hidden, some := b.p.Zeros(g.N, 1, g.T, g.S), b.p.Zeros(g.N, 1, g.T, 1)
		for n := range g.N {
			for t := range g.T {
				seen := g.Keys(n, t)
				for s := seen; s < g.S; s++ {
					hidden.data[(n*g.T+t)*g.S+s] = -1e30
				}
				some.data[n*g.T+t] = Float(min(1, seen))
			}
		}
		y := scores.Add(hidden).Softmax().Mul(some).MatMul(heads(xs[2])) // N×H×T×e
		return []*Tensor{y.Permute(0, 2, 1, 3).Reshape(g.N, g.T, g.Heads*g.E)}
	},
}
