package train

import (
	"context"
	"math"

	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// A LanguageModel says of every token of texts what comes behind it.
type LanguageModel interface {
	// Begin returns what the model knows in front of n texts, tensors on the heap; nothing if it looks at the tokens it is given only.
	Begin(n int) []*tensor.Tensor
	// Forward returns the scores (logits) of what comes behind each token of n texts, N×T×V. It goes on from state and moves it on.
	Forward(p *tensor.Pass, ids []int, n int, state []*tensor.Tensor) *tensor.Tensor
}

// Language is a training of a language model on streams of tokens: the state at the end of a batch is where the next one begins, and
// gradients stay within a batch (truncated back-propagation through time, Williams and Peng 1990). Losses are nats per token.
type Language struct {
	Fitting
	Training, Validation *text.Streams
	// EachEpoch, if not nil, is called when an epoch was judged, with the weights by which it was.
	EachEpoch func(epoch int) error
}

// NewLanguage returns the training of a model, whose state is carried from batch to batch and saved.
func NewLanguage(m LanguageModel, training, validation *text.Streams, f Fitting) *Language {
	f.Model, f.Carried, f.ByLoss = m, m.Begin(training.N), true
	return &Language{Fitting: f, Training: training, Validation: validation}
}

// Run trains, and leaves weights, state, events and curves in the run.
func (l *Language) Run(ctx context.Context, run *Run, console *Console) error {
	return fit(ctx, &l.Fitting, l.exercise, run, console)
}

func (l *Language) exercise(epoch int) exercise[*text.Batch] {
	m := l.Model.(LanguageModel)
	return exercise[*text.Batch]{
		batches: l.Training,
		loss: func(p *tensor.Pass, b *text.Batch) (loss *tensor.Tensor, n, hits int) {
			if b.Fresh {
				for _, s := range l.Carried {
					nn.Constant(s, 0)
				}
			}
			scores := m.Forward(p, b.X, b.N, l.Carried)
			scores = scores.Reshape(len(b.Y), -1) // N·T×V
			return nn.CrossEntropy(scores, b.Y), len(b.Y), right(scores, b.Y)
		},
		judge: func() (loss, accuracy float64, err error) {
			if loss, accuracy, err = EvaluateLanguage(m, l.Validation); err == nil && l.EachEpoch != nil {
				err = l.EachEpoch(epoch)
			}
			return loss, accuracy, err
		},
	}
}

// EvaluateLanguage returns the mean of −log p of every token of streams in nats, given those before it in its stream, and the share of
// tokens that were thought the likeliest.
func EvaluateLanguage(m LanguageModel, streams *text.Streams) (loss, accuracy float64, err error) {
	state := m.Begin(streams.N)
	n, hits := 0, 0
	for b, err := range streams.Epoch(0, 0) {
		if err != nil {
			return 0, 0, err
		}
		p := tensor.Inference()
		scores := m.Forward(p, b.X, b.N, state).Reshape(len(b.Y), -1)
		loss += float64(nn.CrossEntropy(scores, b.Y).Item()) * float64(len(b.Y))
		hits += right(scores, b.Y)
		n += len(b.Y)
		p.End()
	}
	if n == 0 {
		return math.NaN(), math.NaN(), nil
	}
	return loss / float64(n), float64(hits) / float64(n), nil
}
