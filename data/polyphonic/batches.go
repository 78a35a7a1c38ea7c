package polyphonic

import (
	"iter"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/tensor"
)

// Batches cuts whole pieces in batches, in which each frame is to be foretold by those before it. The same fields give the same batches.
type Batches struct {
	Set     []Roll
	Size    int    // pieces a batch; the last one of an epoch may have fewer
	Shuffle bool   // a new order every epoch, drawn from Seed and the epoch's number
	Seed    uint64 // of the order
}

// A Batch has N pieces of T frames, the longest piece less one. It is valid until the next one is asked for.
type Batch struct {
	X, Y   *tensor.Tensor // N×T×88, on the heap: all frames but the last, all but the first; zeros behind the end of a shorter piece
	There  *tensor.Tensor // N×T×1: 1 where Y has a frame of a piece, 0 behind its end; nil: all are there
	Frames int            // of Y, of all pieces together
}

// Len returns the number of batches in an epoch.
func (b *Batches) Len() int { return b.loader().Len() }

// Epoch returns the batches of the epoch with this number, from the batch number skip on.
func (b *Batches) Epoch(epoch, skip int) iter.Seq2[*Batch, error] {
	return b.loader().Epoch(epoch, skip)
}

func (b *Batches) loader() *data.Loader[Roll, Batch] {
	return &data.Loader[Roll, Batch]{
		Set: data.Slice[Roll](b.Set), Size: b.Size, Shuffle: b.Shuffle, Seed: b.Seed,
		New: func() *Batch { return new(Batch) },
		Collate: func(to *Batch, rolls []Roll, _ []int, _ func(int) *rand.Rand) error {
			*to = NewBatch(rolls)
			return nil
		},
	}
}

// NewBatch joins pieces of two frames or more.
func NewBatch(rolls []Roll) Batch {
	n, longest, frames := len(rolls), 0, 0
	for _, r := range rolls {
		longest, frames = max(longest, r.Len()-1), frames+r.Len()-1
	}
	b := Batch{X: tensor.New(n, longest, Keys), Y: tensor.New(n, longest, Keys), Frames: frames}
	x, y := b.X.Edit(), b.Y.Edit()
	if n*longest > frames {
		b.There = tensor.New(n, longest, 1)
	}
	for i, r := range rolls {
		at := i * longest * Keys
		for j, v := range r[:len(r)-Keys] {
			x[at+j] = tensor.Float(v)
		}
		for j, v := range r[Keys:] {
			y[at+j] = tensor.Float(v)
		}
		for t := 0; b.There != nil && t < r.Len()-1; t++ {
			b.There.Edit()[i*longest+t] = 1
		}
	}
	return b
}
