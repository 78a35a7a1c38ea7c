package study

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// digits are MNIST's pictures, scaled, in memory.
type digits struct {
	images *tensor.Tensor // N×28×28×1
	labels []int
}

// loadDigits returns the first n training digits and the first m test digits.
func loadDigits(ctx context.Context, l *Lab, n, m int) (training, test digits, err error) {
	whole, held, err := recipe.Load(ctx, "mnist", l.Source)
	if err != nil {
		return digits{}, digits{}, err
	}
	scale, err := data.ScaleOf(whole)
	if err != nil {
		return digits{}, digits{}, err
	}
	take := func(of *data.Pictures, n int) (d digits, err error) {
		n = min(n, of.Len())
		pictures := make([]data.Picture, n)
		for i := range pictures {
			e, err := of.At(i)
			if err != nil {
				return d, err
			}
			pictures[i] = e.Picture
		}
		d.labels = of.Labels[:n]
		d.images, err = scale.Tensor(pictures...)
		return d, err
	}
	if training, err = take(whole, n); err != nil {
		return training, test, err
	}
	test, err = take(held, m)
	return training, test, err
}

// batch returns the digits with these numbers.
func (d digits) batch(p *tensor.Pass, index []int) (x *tensor.Tensor, labels []int) {
	x = p.Empty(len(index), 28, 28, 1)
	for i, at := range index {
		copy(x.Data()[i*784:][:784], d.images.Data()[at*784:][:784])
		labels = append(labels, d.labels[at])
	}
	return x, labels
}

// accuracy is the share of the digits that a network tells right.
func (d digits) accuracy(net nn.Layer) float64 {
	p := tensor.Inference()
	defer p.End()
	hits := 0
	for i, class := range net.Forward(p.Input(d.images)).ArgMax() {
		if class == d.labels[i] {
			hits++
		}
	}
	return float64(hits) / float64(len(d.labels))
}

// loss is the mean cross-entropy of a network on the digits.
func (d digits) loss(net nn.Layer) float64 {
	p := tensor.Inference()
	defer p.End()
	return float64(nn.CrossEntropy(net.Forward(p.Input(d.images)), d.labels).Item())
}

// A trial trains a network on digits for some steps.
type trial struct {
	net       nn.Layer
	optimizer optim.Optimizer
	schedule  optim.Schedule // nil: the optimizer's own rate
	batch     int
	random    *rand.Rand // of the order
}

// run returns the training loss of every step; a loss that is not finite ends it, and the rest are +Inf.
func (t *trial) run(ctx context.Context, d digits, steps int) ([]float64, error) {
	params := nn.Params(t.net)
	losses := make([]float64, steps)
	var order []int
	for step := range steps {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if len(order) < t.batch {
			order = append(order, t.random.Perm(len(d.labels))...)
		}
		p := tensor.Training(t.random)
		x, labels := d.batch(p, order[:t.batch])
		order = order[t.batch:]
		loss := nn.CrossEntropy(t.net.Forward(x), labels)
		grads := tensor.Grad(loss, params...)
		losses[step] = float64(loss.Item())
		if !loss.Finite() || optim.Finite(grads) != nil {
			p.End()
			for i := step; i < steps; i++ {
				losses[i] = math.Inf(1)
			}
			return losses, nil
		}
		if t.schedule != nil {
			t.optimizer.SetLR(t.schedule.At(step))
		}
		t.optimizer.Step(grads)
		p.End()
	}
	return losses, nil
}

// stream returns random numbers for a purpose, other ones for each number.
func (l *Lab) stream(purpose string, number int) *rand.Rand {
	return train.NewStream(l.Seed+uint64(number)*1_000_003, purpose).Rand()
}

// tail is the mean of the last part of numbers.
func tail(xs []float64, n int) float64 {
	mean, _ := metric.MeanStd(xs[max(0, len(xs)-n):])
	return mean
}

// upTo returns 1 … n as numbers.
func upTo(n int) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = float64(i + 1)
	}
	return xs
}

func innerProduct(a, b []float64) float64 {
	s := 0.0
	for i, v := range a {
		s += v * b[i]
	}
	return s
}
