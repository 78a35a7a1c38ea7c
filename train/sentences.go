package train

import (
	"context"

	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// A TextClassifier returns the scores (logits) of n texts, N×classes, of which the first lengths[n] of T tokens are there.
type TextClassifier interface {
	Forward(p *tensor.Pass, ids []int, n int, lengths []int) *tensor.Tensor
}

// Sentences is a training of a classifier of texts by labelled ones of different lengths.
type Sentences struct {
	Fitting
	Training, Validation *text.Buckets
}

// NewSentences returns the training of a network.
func NewSentences(net TextClassifier, training, validation *text.Buckets, f Fitting) *Sentences {
	f.Model = net
	return &Sentences{f, training, validation}
}

// Run trains, and leaves weights, state, events and curves in the run.
func (s *Sentences) Run(ctx context.Context, run *Run, console *Console) error {
	return fit(ctx, &s.Fitting, s.exercise, run, console)
}

func (s *Sentences) exercise(int) exercise[*text.Padded] {
	net := s.Model.(TextClassifier)
	return exercise[*text.Padded]{
		batches: s.Training,
		loss: func(p *tensor.Pass, b *text.Padded) (loss *tensor.Tensor, n, hits int) {
			scores := net.Forward(p, b.X, b.N, b.Lengths) // N×classes
			return nn.CrossEntropy(scores, b.Labels), b.N, right(scores, b.Labels)
		},
		judge: func() (loss, accuracy float64, err error) {
			o, _, err := EvaluateSentences(net, s.Validation)
			if err != nil {
				return 0, 0, err
			}
			return o.Loss, o.Accuracy(), nil
		},
	}
}

// EvaluateSentences classifies all texts, without learning. Its outcome is in the order of the batches; index says which text of the set
// each is.
func EvaluateSentences(net TextClassifier, texts *text.Buckets) (o *Outcome, index []int, err error) {
	o = &Outcome{}
	for b, err := range texts.Epoch(0, 0) {
		if err != nil {
			return nil, nil, err
		}
		p := tensor.Inference()
		o.add(net.Forward(p, b.X, b.N, b.Lengths), b.Labels, nn.CrossEntropy)
		index = append(index, b.Index...)
		p.End()
	}
	return o.whole(), index, nil
}
