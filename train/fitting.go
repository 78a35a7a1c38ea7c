package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

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

// Fitting is what all trainings by a loss have in common: how the weights are moved, how long, and what is kept.
type Fitting struct {
	State
	Schedule   optim.Schedule // learning rate by step
	Clip       float64        // greatest norm of the gradient; 0: any
	Noise      float64        // scale of the noise that is added to gradients; see optim.NoiseDeviation
	Accumulate int            // batches whose gradients make one step, if there are Sums
	Epochs     int
	ByLoss     bool          // the epoch of the lowest validation loss is the best one, not that of the highest accuracy
	SaveEvery  time.Duration // longest time between two saves; 0: five minutes
	SaveRest   time.Duration // shortest time between the saves behind two epochs, where they are short

	ticked, saved time.Time
}

// State is everything that a training carries from step to step; Run.SaveState saves it.
type State struct {
	Model     any             `json:"-"` // whose leaves are trained
	Optimizer optim.Optimizer `json:"optimizer"`
	Random    *Stream         `json:"random"` // of dropout and the like

	Epoch   int     `json:"epoch"` // epochs done
	Batch   int     `json:"batch"` // batches done of the epoch under way
	Step    int     `json:"step"`  // steps done in all
	Seen    int     `json:"seen"`  // examples of the epoch under way, or tokens, with the sum of their losses and hits
	LossSum float64 `json:"loss_sum"`
	Hits    int     `json:"hits"`
	Seconds float64 `json:"seconds"`

	RecentSum float64 `json:"recent_sum"` // of the losses since the last step that was reported as an event
	Recent    int     `json:"recent"`     // examples since then

	Carried []*tensor.Tensor `json:"-"` // what recurrent layers know of the streams that they read; they go on in the next batch

	Average *optim.Average     `json:"average,omitempty"` // of the weights, by which the network is judged; nil: by themselves
	Sums    *optim.Accumulator `json:"sums,omitempty"`    // of the gradients of several batches; nil: each makes a step

	Plateau *optim.Plateau `json:"plateau,omitempty"` // multiplies the learning rate by what the validation loss says; nil: by 1

	Best      float64 `json:"best"`      // validation accuracy of the best epoch
	BestLoss  float64 `json:"best_loss"` // and loss
	BestEpoch int     `json:"best_epoch"`
	Rows      []Row   `json:"rows"`
}

// A Batcher makes the batches of a training, epoch by epoch.
type Batcher[B any] interface {
	Len() int                                  // batches in an epoch
	Epoch(epoch, skip int) iter.Seq2[B, error] // those of one, from number skip on
}

// An exercise is what is learned in an epoch.
type exercise[B any] struct {
	batches Batcher[B]
	frozen  []*tensor.Tensor                                                 // parameters that stay as they are
	loss    func(p *tensor.Pass, batch B) (loss *tensor.Tensor, n, hits int) // the mean over n examples, of which so many were told right
	judge   func() (loss, accuracy float64, err error)                       // on the validation set
}

// fit trains until the epochs are done or ctx is, and leaves weights, state, events and curves in the run. Every step is one pass:
// forward, loss, gradients, update.
func fit[B any](ctx context.Context, s *Fitting, epoch func(n int) exercise[B], run *Run, console *Console) error {
	params, random := nn.Params(s.Model), s.Random.Rand()
	defer track(params, true)
	s.ticked = time.Now()
	s.saved = s.ticked
	for s.Epoch < s.Epochs {
		e := epoch(s.Epoch)
		track(params, true)
		track(e.frozen, false)
		for batch, err := range e.batches.Epoch(s.Epoch, s.Batch) {
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				if err := s.save(run); err != nil {
					return err
				}
				return ErrInterrupted
			}
			if err := step(s, e, batch, params, random); err != nil {
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
			console.Step(s.Epoch+1, s.Epochs, s.Batch, e.batches.Len(), s.Seen, s.LossSum/float64(s.Seen))
		}
		if s.averagesEpochs() {
			s.Average.Update()
		}
		s.swap()
		loss, accuracy, err := e.judge()
		s.swap()
		if err != nil {
			return err
		}
		if err := s.endEpoch(run, console, loss, accuracy); err != nil {
			return err
		}
	}
	return nil
}

// step learns from one batch.
func step[B any](s *Fitting, e exercise[B], batch B, params []*tensor.Tensor, random *rand.Rand) error {
	p := tensor.Training(random)
	defer p.End()
	loss, n, hits := e.loss(p, batch)
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
	sum := float64(loss.Item()) * float64(n)
	s.LossSum, s.RecentSum, s.Recent = s.LossSum+sum, s.RecentSum+sum, s.Recent+n
	s.Seen, s.Hits, s.Batch, s.Step = s.Seen+n, s.Hits+hits, s.Batch+1, s.Step+1
	return nil
}

// eventSteps is the distance of the steps that are reported as events.
const eventSteps = 50

// report leaves the mean loss since the last report as an event.
func (s *Fitting) report(run *Run) error {
	loss := s.RecentSum / float64(s.Recent)
	s.RecentSum, s.Recent = 0, 0
	return run.Event("step", Fields{"step": s.Step, "epoch": s.Epoch + 1, "train/loss": loss, "lr": s.rate(s.Step - 1)})
}

// track freezes parameters, or undoes it.
func track(params []*tensor.Tensor, on bool) {
	for _, w := range params {
		w.Track(on)
	}
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

// update moves the parameters by gradients.
func (s *Fitting) update(grads []*tensor.Tensor) {
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
func (s *Fitting) averagesEpochs() bool {
	return s.Average != nil && s.Average.Decay == 0 && 4*(s.Epoch+1) > 3*s.Epochs
}

// swap exchanges the weights and their average, if there is one.
func (s *Fitting) swap() {
	if s.Average != nil {
		s.Average.Swap()
	}
}

// rate returns the learning rate of a step of the epoch under way.
func (s *Fitting) rate(step int) float64 {
	lr := s.Schedule.At(step)
	if s.Plateau != nil {
		lr *= s.Plateau.LR
	}
	return lr
}

// finite guards the update.
func (s *Fitting) finite(loss *tensor.Tensor, grads []*tensor.Tensor) error {
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
func (s *Fitting) endEpoch(run *Run, console *Console, valLoss, accuracy float64) error {
	s.tick()
	row := Row{
		Epoch: s.Epoch + 1, Step: s.Step, LR: s.rate(max(0, s.Step-1)), Seconds: s.Seconds,
		TrainLoss: s.LossSum / float64(s.Seen), TrainAccuracy: float64(s.Hits) / float64(s.Seen),
		Loss: valLoss, Accuracy: accuracy,
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
func (s *Fitting) save(run *Run) error {
	s.tick()
	s.saved = s.ticked
	if err := run.SaveState(&s.State); err != nil {
		return err
	}
	return run.SaveWeights("last", s.Model)
}

// tick adds the time since the last tick to Seconds.
func (s *Fitting) tick() {
	now := time.Now()
	s.Seconds += now.Sub(s.ticked).Seconds()
	s.ticked = now
}

// Resume takes up the last state of a run, the beginning if none was saved yet, and cuts back to it what a crash has left behind.
func (s *Fitting) Resume(run *Run) error {
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
