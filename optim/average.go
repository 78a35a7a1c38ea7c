package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// An Average follows parameters while they are trained; a network often judges better by it than by any of the weights that it is the
// mean of. It is a running mean (EMA: Polyak and Juditsky 1992, https://doi.org/10.1137/0330046), or the mean of all that it has seen
// (SWA: Izmailov et al. 2018, https://arxiv.org/abs/1803.05407).
//
//	average.Update() // behind each Step, or of SWA behind each epoch
//	…
//	average.Swap() // the average stands in the network
//	accuracy := evaluate(net)
//	average.Swap() // and the weights again
//
// Give it the running statistics of batch normalizations too: weights that are averaged beside statistics that are not make a network
// that tells nothing. What averages have is about what a pass over the training set would find.
type Average struct {
	Decay  float64 `json:"-"` // of an EMA; 0: the mean of all
	WarmUp bool    `json:"-"` // at update n keep (1 + n)/(10 + n) at most, so that an EMA soon forgets where it began, as TensorFlow's does

	Count int              `json:"count"`
	Mean  []*tensor.Tensor `json:"-"`

	params []*tensor.Tensor
}

// NewEMA returns a running mean, of which what was there before has the part decay: 0.999, say.
func NewEMA(params []*tensor.Tensor, decay float64) *Average {
	if !(decay > 0 && decay < 1) {
		fail("NewEMA", "the decay is %v; it lies between 0 and 1", decay)
	}
	a := NewSWA(params)
	a.Decay = decay
	return a
}

// NewSWA returns the mean of all parameters that it is shown.
func NewSWA(params []*tensor.Tensor) *Average {
	core := newCore("NewSWA", params, 0)
	return &Average{Mean: core.zeros(), params: params}
}

// Update takes in the parameters as they are. The first ones are the average.
func (a *Average) Update() {
	a.Count++
	take := 1 / float64(a.Count)
	if a.Decay > 0 && a.Count > 1 {
		take = 1 - a.Decay
		if n := float64(a.Count); a.WarmUp {
			take = max(take, 9/(10+n))
		}
	}
	for i, w := range a.params {
		mean := a.Mean[i].Edit()
		kernel.Unary(kernel.Affine).Apply(mean, mean, tensor.Float(1-take), 0)
		kernel.AddScaled(mean, w.Data(), tensor.Float(take))
	}
}

// Swap exchanges the parameters and their average. Before the first Update it does nothing.
func (a *Average) Swap() {
	if a.Count == 0 {
		return
	}
	for i, w := range a.params {
		x, mean := w.Edit(), a.Mean[i].Edit()
		for j := range x {
			x[j], mean[j] = mean[j], x[j]
		}
	}
}
