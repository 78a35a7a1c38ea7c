package train

import (
	"context"
	"math"

	"github.com/hadal-go/hadal/data/polyphonic"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Music is a training of a network that foretells each frame of pieces of music by those before it, every key for itself (Boulanger-
// Lewandowski, Bengio and Vincent 2012, https://arxiv.org/abs/1206.6392). Batches are whole pieces. Losses are nats a frame, the sum over
// keys; a frame is a hit if all keys are told right.
type Music struct {
	Fitting
	Training, Validation *polyphonic.Batches
	// EachEpoch, if not nil, is called when an epoch was judged, with the weights by which it was.
	EachEpoch func(epoch int) error
}

// NewMusic returns the training of a network: N×T×88 → scores (logits) of the next frame, N×T×88.
func NewMusic(net nn.Layer, training, validation *polyphonic.Batches, f Fitting) *Music {
	f.Model, f.ByLoss = net, true
	return &Music{Fitting: f, Training: training, Validation: validation}
}

// Run trains, and leaves weights, state, events and curves in the run.
func (m *Music) Run(ctx context.Context, run *Run, console *Console) error {
	return fit(ctx, &m.Fitting, m.exercise, run, console)
}

func (m *Music) exercise(epoch int) exercise[*polyphonic.Batch] {
	net := m.Model.(nn.Layer)
	return exercise[*polyphonic.Batch]{
		batches: m.Training,
		loss: func(p *tensor.Pass, b *polyphonic.Batch) (loss *tensor.Tensor, n, hits int) {
			scores := net.Forward(p.Input(b.X))
			return MusicLoss(scores, b), b.Frames, chordsRight(scores, b)
		},
		judge: func() (loss, accuracy float64, err error) {
			if loss, accuracy, err = EvaluateMusic(net, m.Validation); err == nil && m.EachEpoch != nil {
				err = m.EachEpoch(epoch)
			}
			return loss, accuracy, err
		},
	}
}

// MusicLoss returns −log p of a frame in nats, the mean over the frames of a batch, by scores N×T×88.
func MusicLoss(scores *tensor.Tensor, b *polyphonic.Batch) *tensor.Tensor {
	each := nn.BCEWithLogitsEach(scores, b.Y)
	if b.There != nil {
		each = each.Mul(b.There)
	}
	return each.Sum().Scale(1 / tensor.Float(b.Frames))
}

// chordsRight counts the frames of which every key is told right: those that sound have scores above 0, and no others.
func chordsRight(scores *tensor.Tensor, b *polyphonic.Batch) (hits int) {
	x, y := scores.Data(), b.Y.Data()
frames:
	for at := 0; at < len(y); at += polyphonic.Keys {
		if b.There != nil && b.There.Data()[at/polyphonic.Keys] == 0 {
			continue
		}
		for i := at; i < at+polyphonic.Keys; i++ {
			if (x[i] > 0) != (y[i] > 0) {
				continue frames
			}
		}
		hits++
	}
	return hits
}

// EvaluateMusic returns the mean of −log p of every frame but the first of pieces, in nats, given those before it in its piece, and the
// share of frames that are told right in every key.
func EvaluateMusic(net nn.Layer, batches *polyphonic.Batches) (loss, accuracy float64, err error) {
	n, hits := 0, 0
	for b, err := range batches.Epoch(0, 0) {
		if err != nil {
			return 0, 0, err
		}
		p := tensor.Inference()
		scores := net.Forward(p.Input(b.X))
		loss += float64(MusicLoss(scores, b).Item()) * float64(b.Frames)
		hits += chordsRight(scores, b)
		n += b.Frames
		p.End()
	}
	if n == 0 {
		return math.NaN(), math.NaN(), nil
	}
	return loss / float64(n), float64(hits) / float64(n), nil
}
