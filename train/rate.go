package train

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
)

// A RateSearch is a range test of the learning rate (Smith 2017, section 3.3, https://arxiv.org/abs/1506.01186): training with one that
// rises from step to step, until the loss does. A tenth of the rate where the smoothed loss was least is a good one to train with.
type RateSearch struct {
	Rates  []float64
	Losses []float64 // smoothed
	Found  float64
}

// The range of the search, and its most steps.
const (
	leastRate, greatestRate = 1e-6, 10
	searchSteps             = 120
	searchSmoothing         = 0.9 // part of the mean of the losses that a step keeps
)

// SearchRate trains with rates that rise, which leaves weights of no use: give it a training of its own.
func (s *Supervised) SearchRate(ctx context.Context) (*RateSearch, error) {
	return searchRate(ctx, &s.Fitting, s.exercise(0))
}

// searchRate does so for any training, with what is learned in the first epoch.
func searchRate[B any](ctx context.Context, s *Fitting, e exercise[B]) (*RateSearch, error) {
	r := &RateSearch{}
	params, random := nn.Params(s.Model), s.Random.Rand()
	mean, best := 0.0, math.Inf(1)
	for epoch := 0; len(r.Rates) < searchSteps; epoch++ {
		for batch, err := range e.batches.Epoch(epoch, 0) {
			if err != nil {
				return nil, err
			}
			if ctx.Err() != nil {
				return nil, ErrInterrupted
			}
			n := len(r.Rates)
			if n == searchSteps {
				break
			}
			rate := leastRate * math.Pow(greatestRate/leastRate, float64(n)/(searchSteps-1))
			s.Schedule, s.Plateau = optim.Constant{LR: rate}, nil
			before, seen := s.LossSum, s.Seen
			if err := step(s, e, batch, params, random); err != nil {
				var diverged *Diverged
				if errors.As(err, &diverged) && n > 0 {
					return r, nil
				}
				return nil, err
			}
			mean = searchSmoothing*mean + (1-searchSmoothing)*(s.LossSum-before)/float64(s.Seen-seen)
			smooth := mean / (1 - math.Pow(searchSmoothing, float64(n+1)))
			r.Rates, r.Losses = append(r.Rates, rate), append(r.Losses, smooth)
			if smooth < best {
				best, r.Found = smooth, rate/10
			}
			if n > searchSteps/4 && smooth > 3*best {
				return r, nil
			}
		}
	}
	return r, nil
}

// Report leaves the search in a run as an event and a picture.
func (r *RateSearch) Report(run *Run) error {
	if err := run.Event("lr", Fields{"step": 0, "lr": r.Found, "steps": len(r.Rates)}); err != nil {
		return err
	}
	img, err := r.chart().Image(600, 400)
	if err != nil {
		return err
	}
	return plot.WritePNG(run.Path("lr.png"), img)
}

func (r *RateSearch) chart() plot.Chart {
	low, high := slices.Min(r.Losses), slices.Max(r.Losses)
	return plot.Chart{
		Title: "Search of the learning rate", X: "learning rate", Y: "training loss, smoothed", LogX: true,
		Series: []plot.Series{
			{Name: "loss", X: r.Rates, Y: r.Losses},
			{Name: "found", X: []float64{r.Found, r.Found}, Y: []float64{low, high}},
		},
	}
}
