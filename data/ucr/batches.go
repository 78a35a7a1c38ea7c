package ucr

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/tensor"
)

// A Scale takes Mean from a value and divides by Std, of which each feature has its own.
type Scale struct{ Mean, Std []tensor.Float }

// ScaleOf returns the scale that gives the values of a set mean 0 and standard deviation 1 in each feature.
func ScaleOf(s *Set) Scale {
	n := make([]float64, s.Features)
	sums, squares := make([]float64, s.Features), make([]float64, s.Features)
	for _, series := range s.Series {
		for i, v := range series.Values {
			n[i%s.Features]++
			sums[i%s.Features] += float64(v)
			squares[i%s.Features] += float64(v) * float64(v)
		}
	}
	var scale Scale
	for f := range s.Features {
		mean := sums[f] / n[f]
		std := math.Sqrt(max(squares[f]/n[f]-mean*mean, 0))
		if !(std > 1e-6) {
			std = 1 // of a feature that never changes
		}
		scale.Mean, scale.Std = append(scale.Mean, tensor.Float(mean)), append(scale.Std, tensor.Float(std))
	}
	return scale
}

// Batches cuts series in batches for a classifier, in the form of pictures: Images is N×T×(F + 1), T the length of the longest, and the
// last feature 1 at every step that a series has, all features being 0 behind its end. The same fields give the same batches.
type Batches struct {
	Set     *Set
	Size    int    // series a batch; the last one of an epoch may have fewer
	Shuffle bool   // a new order every epoch, drawn from Seed and the epoch's number
	Seed    uint64 // of the order
	Scale   Scale
}

// Len returns the number of batches in an epoch.
func (b *Batches) Len() int { return b.loader().Len() }

// Epoch returns the batches of the epoch with this number, from the batch number skip on.
func (b *Batches) Epoch(epoch, skip int) iter.Seq2[*data.Batch, error] {
	return b.loader().Epoch(epoch, skip)
}

func (b *Batches) loader() *data.Loader[Series, data.Batch] {
	return &data.Loader[Series, data.Batch]{
		Set: data.Slice[Series](b.Set.Series), Size: b.Size, Shuffle: b.Shuffle, Seed: b.Seed,
		New: func() *data.Batch { return new(data.Batch) },
		Collate: func(to *data.Batch, series []Series, index []int, _ func(int) *rand.Rand) error {
			to.Images = b.Scale.Tensor(series...)
			to.Labels, to.Index = to.Labels[:0], append(to.Index[:0], index...)
			for _, s := range series {
				to.Labels = append(to.Labels, s.Label)
			}
			return nil
		},
	}
}

// Tensor returns series as N×T×(F + 1); see Batches.
func (s Scale) Tensor(series ...Series) *tensor.Tensor {
	longest, features := 0, len(s.Mean)
	for i, one := range series {
		if len(one.Values) != one.Steps*features {
			panic(fmt.Sprintf("ucr: Tensor: series %d has %d values in %d steps of %d features", i, len(one.Values), one.Steps, features))
		}
		longest = max(longest, one.Steps)
	}
	x := tensor.New(len(series), longest, features+1)
	to := x.Edit()
	for i, one := range series {
		for t := range one.Steps {
			row := to[(i*longest+t)*(features+1):]
			for f := range features {
				row[f] = (one.Values[t*features+f] - s.Mean[f]) / s.Std[f]
			}
			row[features] = 1
		}
	}
	return x
}
