package train

import (
	"context"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Supervised is a training of a classifier by labelled pictures.
type Supervised struct {
	Fitting
	Loss                 func(scores *tensor.Tensor, labels []int) *tensor.Tensor
	Soft                 func(scores, targets *tensor.Tensor) *tensor.Tensor // the loss of batches with mixed labels
	Training, Validation data.Batcher
	Stages               []Stage // of the epochs; nil: one, in which all is trained
}

// A Stage is a stretch of epochs with a way of its own: what is trained, and on what.
type Stage struct {
	Epochs               int              // the last stage has all that are left
	Model                nn.Layer         // what makes scores of the batches, a part of the network; nil: all of it
	Frozen               []*tensor.Tensor // parameters that stay as they are
	Training, Validation data.Batcher     // nil: those of the training
}

// Run trains, and leaves weights, state, events and curves in the run.
func (s *Supervised) Run(ctx context.Context, run *Run, console *Console) error {
	return fit(ctx, &s.Fitting, s.exercise, run, console)
}

// exercise is what is learned in an epoch.
func (s *Supervised) exercise(epoch int) exercise[*data.Batch] {
	stage := s.stage(epoch)
	return exercise[*data.Batch]{
		batches: stage.Training, frozen: stage.Frozen,
		loss: func(p *tensor.Pass, batch *data.Batch) (loss *tensor.Tensor, n, hits int) {
			scores := stage.Model.Forward(p.Input(batch.Images)) // N×classes
			return s.LossOf(scores, batch), len(batch.Labels), right(scores, batch.Labels)
		},
		judge: func() (loss, accuracy float64, err error) {
			o, err := Evaluate(stage.Model, stage.Validation, s.Loss)
			if err != nil {
				return 0, 0, err
			}
			return o.Loss, o.Accuracy(), nil
		},
	}
}

// right counts the rows of scores whose greatest is that of their label.
func right(scores *tensor.Tensor, labels []int) (hits int) {
	for i, predicted := range scores.ArgMax() {
		if predicted == labels[i] {
			hits++
		}
	}
	return hits
}

// stage returns the stage of an epoch.
func (s *Supervised) stage(epoch int) Stage {
	var stage Stage
	for i := range s.Stages {
		if stage = s.Stages[i]; epoch < stage.Epochs {
			break
		}
		epoch -= stage.Epochs
	}
	if stage.Model == nil {
		stage.Model = s.Model.(nn.Layer)
	}
	if stage.Training == nil {
		stage.Training = s.Training
	}
	if stage.Validation == nil {
		stage.Validation = s.Validation
	}
	return stage
}

// LossOf returns the loss of a training batch, N×classes.
func (s *Supervised) LossOf(scores *tensor.Tensor, batch *data.Batch) *tensor.Tensor {
	if len(batch.Share) > 0 {
		return s.Soft(scores, batch.Targets(scores.Dim(-1)))
	}
	return s.Loss(scores, batch.Labels)
}

// An Outcome is what a classifier says of a set.
type Outcome struct {
	Labels        []int
	Predicted     []int
	Probabilities []tensor.Float // of every class, for one example after the other
	Losses        []float64      // cross-entropies, in nats
	Classes       int
	Loss          float64 // mean
}

// Accuracy is the share of examples that were classified right.
func (o *Outcome) Accuracy() float64 {
	hits := 0
	for i, l := range o.Labels {
		if o.Predicted[i] == l {
			hits++
		}
	}
	return float64(hits) / float64(max(1, len(o.Labels)))
}

// Evaluate classifies all batches of a set, without learning.
func Evaluate(model nn.Layer, batches data.Batcher, loss func(scores *tensor.Tensor, labels []int) *tensor.Tensor) (*Outcome, error) {
	o := &Outcome{}
	for batch, err := range batches.Epoch(0, 0) {
		if err != nil {
			return nil, err
		}
		p := tensor.Inference()
		o.add(model.Forward(p.Input(batch.Images)), batch.Labels, loss)
		p.End()
	}
	return o.whole(), nil
}

// add takes the scores of a batch in.
func (o *Outcome) add(scores *tensor.Tensor, labels []int, loss func(scores *tensor.Tensor, labels []int) *tensor.Tensor) {
	o.Classes = scores.Dim(-1)
	o.Labels = append(o.Labels, labels...)
	o.Predicted = append(o.Predicted, scores.ArgMax()...)
	o.Probabilities = append(o.Probabilities, scores.Softmax().Data()...)
	logs := scores.LogSoftmax().Data()
	for i, label := range labels {
		o.Losses = append(o.Losses, -float64(logs[i*o.Classes+label]))
	}
	o.Loss += float64(loss(scores, labels).Item()) * float64(len(labels))
}

// whole is the outcome when all batches are in.
func (o *Outcome) whole() *Outcome {
	o.Loss /= float64(max(1, len(o.Labels)))
	return o
}
