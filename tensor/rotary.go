package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// Rotary says how positions are turned into angles. The zero value is one head, the base 10000 and a sequence from its beginning.
type Rotary struct {
	Heads  int   // the features are cut in so many parts, whose pairs are turned alike; 0 is 1
	Start  int   // the place of the first step in its sequence
	Base   Float // the angles are t·Base^(−2i/d) at place t; 0 is 10000
	Halves bool  // features i and i + d/2 make a pair, as in Llama and GPT-NeoX, and not 2i and 2i + 1, as in the paper
}

// Rotary turns pair i of the d features of each head of x, N×T×(H·d), in its plane, by an angle that grows with the place in the
// sequence (Su et al. 2021, https://arxiv.org/abs/2104.09864, equation 34). The product of a query and a key that are both turned so
// depends on what they are and on how far they are apart.
func (t *Tensor) Rotary(r Rotary) *Tensor {
	const name = "Rotary"
	heads, base := or(r.Heads, 1), r.Base
	if base == 0 {
		base = 10000
	}
	if t.rank != 3 || heads < 1 || int(t.dims[2])%(2*heads) != 0 {
		fail(name, "shape %v is not N×T×F with pairs of features in %d heads", t.Shape(), heads)
	}
	if r.Start < 0 || !(base > 0) {
		fail(name, "the start %d or the base %v is negative", r.Start, base)
	}
	g := &kernel.Rotary{
		N: int(t.dims[0]), T: int(t.dims[1]), Heads: heads, D: int(t.dims[2]) / heads, Start: r.Start, Base: base, Halves: r.Halves,
	}
	l := &linearMap{
		name: name, from: clone(t.shape()), to: clone(t.shape()),
		apply:   func(y, x []Float) { g.Turn(y, x, false) },
		adjoint: func(x, y []Float) { g.Turn(x, y, true) },
	}
	return l.forward(t)
}
