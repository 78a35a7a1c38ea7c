package recipe

import (
	"context"
	"iter"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// A featured example is what the body of a network makes of a picture.
type featured struct {
	h     []tensor.Float
	label int
}

// features are the batches of a head that is trained alone: what the body makes of pictures, computed once and held in memory.
type features struct {
	set     data.Slice[featured]
	shape   []int // of one example
	size    int   // examples a batch
	shuffle bool
	seed    uint64
}

// maxFeatures is how many numbers of features are held in memory.
const maxFeatures = 1 << 27

// head is a Split network that is given features.
type head struct{ vision.Split }

// Forward returns the scores by features.
func (h head) Forward(x *tensor.Tensor) *tensor.Tensor { return h.Head(x) }

// featuresOf runs the body over the pictures of batches, which are not shuffled. It returns nil if that is more than is held in memory.
func featuresOf(ctx context.Context, net vision.Split, batches *data.Batches) (*features, error) {
	f := &features{}
	for batch, err := range batches.Epoch(0, 0) {
		if err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, train.ErrInterrupted
		}
		p := tensor.Inference()
		h := net.Body(p.Input(batch.Images))
		f.shape = h.Shape()[1:]
		n := len(batch.Labels)
		each := h.Len() / n
		if each*batches.Set.Len() > maxFeatures {
			p.End()
			return nil, nil
		}
		own := make([]tensor.Float, h.Len())
		copy(own, h.Data())
		p.End()
		for i, label := range batch.Labels {
			f.set = append(f.set, featured{own[i*each : (i+1)*each], label})
		}
	}
	return f, nil
}

func (f *features) loader() *data.Loader[featured, data.Batch] {
	return &data.Loader[featured, data.Batch]{
		Set: f.set, Size: f.size, Shuffle: f.shuffle, Seed: f.seed,
		New: func() *data.Batch { return new(data.Batch) },
		Collate: func(b *data.Batch, examples []featured, index []int, _ func(int) *rand.Rand) error {
			if b.Images == nil || b.Images.Dim(0) != len(examples) {
				b.Images = tensor.New(append([]int{len(examples)}, f.shape...)...)
			}
			x, each := b.Images.Edit(), b.Images.Len()/len(examples)
			b.Labels, b.Index = b.Labels[:0], append(b.Index[:0], index...)
			for i, e := range examples {
				copy(x[i*each:], e.h)
				b.Labels = append(b.Labels, e.label)
			}
			return nil
		},
	}
}

// Len implements data.Batcher.
func (f *features) Len() int { return f.loader().Len() }

// Epoch implements data.Batcher.
func (f *features) Epoch(epoch, skip int) iter.Seq2[*data.Batch, error] {
	return f.loader().Epoch(epoch, skip)
}
