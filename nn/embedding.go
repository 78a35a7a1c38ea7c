package nn

import (
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// An Embedding is a table of vectors, one for each of the ids 0 to V−1.
type Embedding struct {
	Weight  *tensor.Tensor // V×F
	padding int            // the id that Pad made the padding, plus 1; 0: none
}

// NewEmbedding returns a table of count vectors from the standard normal distribution, as PyTorch's.
func NewEmbedding(r *rand.Rand, count, features int) *Embedding {
	l := &Embedding{Weight: tensor.Param(count, features)}
	Normal(r, l.Weight, 0, 1)
	return l
}

// Pad makes id the one that fills up sequences: its vector becomes zero and has no gradient. It returns l.
func (l *Embedding) Pad(id int) *Embedding {
	if id < 0 || id >= l.Weight.Dim(0) {
		fail("Embedding", "there is no id %d among %d", id, l.Weight.Dim(0))
	}
	l.padding = id + 1
	f := l.Weight.Dim(1)
	clear(l.Weight.Edit()[id*f : (id+1)*f])
	return l
}

// Forward returns the vectors of ids: len(ids)×F. Of N sequences of T ids one after the other, Reshape(n, t, f) makes N×T×F.
func (l *Embedding) Forward(p *tensor.Pass, ids []int) *tensor.Tensor {
	y := p.Lookup(l.Weight, ids)
	if l.padding == 0 || !y.Tracked() || !slices.Contains(ids, l.padding-1) {
		return y
	}
	keep := make([]tensor.Float, len(ids))
	for i, id := range ids {
		if id != l.padding-1 {
			keep[i] = 1
		}
	}
	return p.Values(keep, len(ids), 1).Where(y, y.Detach())
}
