package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// ErrFinished says that there is nothing left to train.
var ErrFinished = errors.New("all epochs are done")

// ErrInterrupted says that training stopped because it was asked to, and that everything was saved.
var ErrInterrupted = errors.New("interrupted, and saved")

// Diverged says that a number became NaN or infinite. The weights are as they were before the step.
type Diverged struct {
	What string // the loss, or the parameter whose gradient it is
	Step int
}

func (d *Diverged) Error() string {
	return fmt.Sprintf("diverged at step %d: %s is not finite; the weights of the step before are kept. Try a smaller lr, or clip=1",
		d.Step, d.What)
}

// Supervised is a training of a classifier by labelled pictures.
type Supervised struct {
	State
	Loss                 func(scores *tensor.Tensor, labels []int) *tensor.Tensor
	Soft                 func(scores, targets *tensor.Tensor) *tensor.Tensor // the loss of batches with mixed labels
	Training, Validation data.Batcher
	Stages               []Stage        // of the epochs; nil: one, in which all is trained
	Schedule             optim.Schedule // learning rate by step
	Clip                 float64        // greatest norm of the gradient; 0: any
	Noise                float64        // scale of the noise that is added to gradients; see optim.NoiseDeviation
	Accumulate           int            // batches whose gradients make one step, if there are Sums
	Epochs               int
	ByLoss               bool          // the epoch of the lowest validation loss is the best one, not that of the highest accuracy: for few examples
	SaveEvery            time.Duration // longest time between two saves; 0: five minutes
	SaveRest             time.Duration // shortest time between the saves behind two epochs, where they are short

	ticked, saved time.Time
}

// A Stage is a stretch of epochs with a way of its own: what is trained, and on what.
type Stage struct {
	Epochs               int              // the last stage has all that are left
	Model                nn.Layer         // what makes scores of the batches, a part of the network; nil: all of it
	Frozen               []*tensor.Tensor // parameters that stay as they are
	Training, Validation data.Batcher     // nil: those of the training
}

// State is everything that a supervised training carries from step to step; Run.SaveState saves it.
type State struct {
	Model     nn.Layer        `json:"-"`
	Optimizer optim.Optimizer `json:"optimizer"`
	Random    *Stream         `json:"random"` // of dropout and the like

	Epoch   int     `json:"epoch"` // epochs done
	Batch   int     `json:"batch"` // batches done of the epoch under way
	Step    int     `json:"step"`  // steps done in all
	Seen    int     `json:"seen"`  // examples of the epoch under way, with the sum of their losses and hits
	LossSum float64 `json:"loss_sum"`
	Hits    int     `json:"hits"`
	Seconds float64 `json:"seconds"`

	RecentSum float64 `json:"recent_sum"` // of the losses since the last step that was reported as an event
	Recent    int     `json:"recent"`     // examples since then

	Average *optim.Average     `json:"average,omitempty"` // of the weights, by which the network is judged; nil: by themselves
	Sums    *optim.Accumulator `json:"sums,omitempty"`    // of the gradients of several batches; nil: each makes a step

	Plateau *optim.Plateau `json:"plateau,omitempty"` // multiplies the learning rate by what the validation loss says; nil: by 1

	Best      float64 `json:"best"`      // validation accuracy of the best epoch
	BestLoss  float64 `json:"best_loss"` // and loss
	BestEpoch int     `json:"best_epoch"`
	Rows      []Row   `json:"rows"`
}

// Run trains until the epochs are done or ctx is, and leaves weights, state, events and curves in the run. Every step is one pass:
// forward, loss, gradients, update.
func (s *Supervised) Run(ctx context.Context, run *Run, console *Console) error {
	params, random := nn.Params(s.Model), s.Random.Rand()
	defer track(params, true)
	s.ticked = time.Now()
	s.saved = s.ticked
	for s.Epoch < s.Epochs {
		stage := s.stage(s.Epoch)
		track(params, true)
		track(stage.Frozen, false)
		for batch, err := range stage.Training.Epoch(s.Epoch, s.Batch) {
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				if err := s.save(run); err != nil {
					return err
				}
				return ErrInterrupted
			}
			if err := s.step(stage.Model, batch, params, random); err != nil {
				return errors.Join(err, s.save(run))
			}
			if s.Step%eventSteps == 0 {
				if err := s.report(run); err != nil {
					return err
				}
			}
			if time.Since(s.ticked) > cmp.Or(s.SaveEvery, 5*time.Minute) {
				if err := s.save(run); err != nil {
					return err
				}
			}
			console.Step(s.Epoch+1, s.Epochs, s.Batch, stage.Training.Len(), s.Seen, s.LossSum/float64(s.Seen))
		}
		if s.averagesEpochs() {
			s.Average.Update()
		}
		s.swap()
		outcome, err := Evaluate(stage.Model, stage.Validation, s.Loss)
		s.swap()
		if err != nil {
			return err
		}
		if err := s.endEpoch(run, console, outcome); err != nil {
			return err
		}
	}
	return nil
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
		stage.Model = s.Model
	}
	if stage.Training == nil {
		stage.Training = s.Training
	}
	if stage.Validation == nil {
		stage.Validation = s.Validation
	}
	return stage
}

// track freezes parameters, or undoes it.
func track(params []*tensor.Tensor, on bool) {
	for _, w := range params {
		w.Track(on)
	}
}

// eventSteps is the distance of the steps that are reported as events.
const eventSteps = 50

// report leaves the mean loss since the last report as an event.
func (s *Supervised) report(run *Run) error {
	loss := s.RecentSum / float64(s.Recent)
	s.RecentSum, s.Recent = 0, 0
	return run.Event("step", Fields{"step": s.Step, "epoch": s.Epoch + 1, "train/loss": loss, "lr": s.rate(s.Step - 1)})
}

// step learns from one batch.
func (s *Supervised) step(model nn.Layer, batch *data.Batch, params []*tensor.Tensor, random *rand.Rand) error {
	p := tensor.Training(random)
	defer p.End()
	scores := model.Forward(p.Input(batch.Images)) // N×classes
	loss := s.LossOf(scores, batch)
	grads := gradients(loss, params)
	if err := s.finite(loss, grads); err != nil {
		return err
	}
	if s.Noise > 0 {
		optim.AddNoise(p, grads, optim.NoiseDeviation(s.Noise, s.Step))
	}
	if s.Sums == nil {
		s.update(grads)
	} else if s.Sums.Add(grads); s.Sums.Count >= s.Accumulate {
		s.Sums.Mean(s.update)
	}

	n := len(batch.Labels)
	sum := float64(loss.Item()) * float64(n)
	s.LossSum, s.RecentSum, s.Recent = s.LossSum+sum, s.RecentSum+sum, s.Recent+n
	for i, predicted := range scores.ArgMax() {
		if predicted == batch.Labels[i] {
			s.Hits++
		}
	}
	s.Seen, s.Batch, s.Step = s.Seen+n, s.Batch+1, s.Step+1
	return nil
}

// gradients returns those of a loss by parameters, nil for those that are frozen.
func gradients(loss *tensor.Tensor, params []*tensor.Tensor) []*tensor.Tensor {
	if !slices.ContainsFunc(params, func(w *tensor.Tensor) bool { return !w.Tracked() }) {
		return tensor.Grad(loss, params...)
	}
	var learn []*tensor.Tensor
	var at []int
	for i, w := range params {
		if w.Tracked() {
			learn, at = append(learn, w), append(at, i)
		}
	}
	grads := make([]*tensor.Tensor, len(params))
	for i, g := range tensor.Grad(loss, learn...) {
		grads[at[i]] = g
	}
	return grads
}

// LossOf returns the loss of a training batch, N×classes.
func (s *Supervised) LossOf(scores *tensor.Tensor, batch *data.Batch) *tensor.Tensor {
	if len(batch.Share) > 0 {
		return s.Soft(scores, batch.Targets(scores.Dim(-1)))
	}
	return s.Loss(scores, batch.Labels)
}

// update moves the parameters by gradients.
func (s *Supervised) update(grads []*tensor.Tensor) {
	if s.Clip > 0 {
		optim.ClipNorm(grads, s.Clip)
	}
	s.Optimizer.SetLR(s.rate(s.Step))
	s.Optimizer.Step(grads)
	if s.Average != nil && s.Average.Decay > 0 {
		s.Average.Update()
	}
}

// averagesEpochs tells whether the weights behind this epoch go into the average: of an SWA, those of the last quarter of the training.
func (s *Supervised) averagesEpochs() bool {
	return s.Average != nil && s.Average.Decay == 0 && 4*(s.Epoch+1) > 3*s.Epochs
}

// swap exchanges the weights and their average, if there is one.
func (s *Supervised) swap() {
	if s.Average != nil {
		s.Average.Swap()
	}
}

// rate returns the learning rate of a step of the epoch under way.
func (s *Supervised) rate(step int) float64 {
	lr := s.Schedule.At(step)
	if s.Plateau != nil {
		lr *= s.Plateau.LR
	}
	return lr
}

// finite guards the update.
func (s *Supervised) finite(loss *tensor.Tensor, grads []*tensor.Tensor) error {
	if !loss.Finite() {
		return &Diverged{"the loss", s.Step + 1}
	}
	var bad optim.NotFinite
	if errors.As(optim.Finite(grads), &bad) {
		return &Diverged{"the gradient of " + parameterName(s.Model, bad.Param), s.Step + 1}
	}
	return nil
}

// parameterName returns the name of the parameter that stands at i in nn.Params.
func parameterName(model any, i int) string {
	params := nn.Params(model)
	for l := range nn.Leaves(model) {
		if l.Tensor == params[i] {
			return l.Name
		}
	}
	return ""
}

// endEpoch judges the epoch, and saves. The state comes last: what an epoch that was not saved has left is cut back or written again
// when the run is resumed.
func (s *Supervised) endEpoch(run *Run, console *Console, valid *Outcome) error {
	s.tick()
	row := Row{
		Epoch: s.Epoch + 1, Step: s.Step, LR: s.rate(max(0, s.Step-1)), Seconds: s.Seconds,
		TrainLoss: s.LossSum / float64(s.Seen), TrainAccuracy: float64(s.Hits) / float64(s.Seen),
		Loss: valid.Loss, Accuracy: valid.Accuracy(),
	}
	if math.IsNaN(row.Loss) || math.IsInf(row.Loss, 0) {
		return &Diverged{"the validation loss", s.Step}
	}
	if s.Plateau != nil {
		s.Plateau.Next(row.Loss)
	}
	s.Rows = append(s.Rows, row)
	s.Epoch, s.Batch, s.Seen, s.LossSum, s.Hits = s.Epoch+1, 0, 0, 0, 0
	best := s.BestEpoch == 0 || row.Accuracy > s.Best
	if s.ByLoss {
		best = s.BestEpoch == 0 || row.Loss < s.BestLoss
	}
	if best {
		s.Best, s.BestLoss, s.BestEpoch = row.Accuracy, row.Loss, s.Epoch
		s.swap()
		err := run.SaveWeights("best", s.Model)
		s.swap()
		if err != nil {
			return err
		}
	}
	if err := run.WriteResults(s.Rows); err != nil {
		return err
	}
	rest := s.Epoch < s.Epochs && time.Since(s.saved) < s.SaveRest
	if !rest {
		if err := run.drawCurves(s.Rows); err != nil {
			return err
		}
	}
	if err := run.Event("epoch", Fields{
		"step": s.Step, "epoch": row.Epoch, "train/loss": row.TrainLoss, "train/accuracy": row.TrainAccuracy,
		"val/loss": row.Loss, "val/accuracy": row.Accuracy, "lr": row.LR, "seconds": row.Seconds,
	}); err != nil {
		return err
	}
	console.Epoch(row, s.Epochs, best)
	if rest {
		return nil
	}
	return s.save(run)
}

// save writes last.state and last.safetensors. The state has the weights too, so that a crash between the two does no harm.
func (s *Supervised) save(run *Run) error {
	s.tick()
	s.saved = s.ticked
	if err := run.SaveState(&s.State); err != nil {
		return err
	}
	return run.SaveWeights("last", s.Model)
}

// tick adds the time since the last tick to Seconds.
func (s *Supervised) tick() {
	now := time.Now()
	s.Seconds += now.Sub(s.ticked).Seconds()
	s.ticked = now
}

// Resume takes up the last state of a run, the beginning if none was saved yet, and cuts back to it what a crash has left behind.
func (s *Supervised) Resume(run *Run) error {
	if run.Saved() {
		if err := run.LoadState(&s.State); err != nil {
			return err
		}
	}
	if err := run.sweep(); err != nil {
		return err
	}
	if err := run.cutEvents(s.Step); err != nil {
		return err
	}
	return run.WriteResults(s.Rows)
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
		scores := model.Forward(p.Input(batch.Images))
		o.Classes = scores.Dim(-1)
		o.Labels = append(o.Labels, batch.Labels...)
		o.Predicted = append(o.Predicted, scores.ArgMax()...)
		o.Probabilities = append(o.Probabilities, scores.Softmax().Data()...)
		logs := scores.LogSoftmax().Data()
		for i, label := range batch.Labels {
			o.Losses = append(o.Losses, -float64(logs[i*o.Classes+label]))
		}
		o.Loss += float64(loss(scores, batch.Labels).Item()) * float64(len(batch.Labels))
		p.End()
	}
	o.Loss /= float64(max(1, len(o.Labels)))
	return o, nil
}
