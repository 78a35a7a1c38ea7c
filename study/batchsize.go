package study

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/optim/flat"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// batchSize measures, of a perceptron that has learnt a little, how far the gradient of a batch is from that of all examples, what a
// step costs, and the curvature of the loss along the gradient and along random directions, uᵀ·H·u for ‖u‖ = 1, by Hessian-vector
// products (Pearlmutter 1994, https://doi.org/10.1162/neco.1994.6.1.147): the derivative of gradient · u.
type batchSize struct {
	Examples int `yaml:"examples" help:"digits that the whole gradient is of"`
	Draws    int `yaml:"draws" help:"batches of each size, and random directions"`
}

func (b *batchSize) Settings() any { return b }

func (b *batchSize) Run(ctx context.Context, l *Lab) (*Finding, error) {
	digits, _, err := loadDigits(ctx, l, b.Examples, 1)
	if err != nil {
		return nil, err
	}
	n := len(digits.labels)
	net := vision.NewMLP(l.stream("weights", 0), 784, 64, 10)
	params := nn.Params(net)
	t := trial{net: net, optimizer: optim.NewSGD(params, .1, 0), batch: 32, random: l.stream("order", 0)}
	if _, err := t.run(ctx, digits, 60); err != nil {
		return nil, err
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	gradient := func(index []int) []*tensor.Tensor {
		p := tensor.Recording(nil)
		defer p.End()
		x, labels := digits.batch(p, index)
		var gs []*tensor.Tensor
		for _, g := range tensor.Grad(nn.CrossEntropy(net.Forward(x), labels), params...) {
			gs = append(gs, g.Clone())
		}
		return gs
	}
	whole := gradient(all)
	r := l.stream("batches", 0)
	var sizes, noise, cost []float64
	var rows [][]any
	for size := 1; size <= min(n, 1024); size *= 2 {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		square := 0.0
		took := make([]time.Duration, b.Draws)
		for i := range b.Draws {
			index := make([]int, size)
			for j := range index {
				index[j] = r.IntN(n)
			}
			began := time.Now()
			gs := gradient(index)
			took[i] = time.Since(began)
			for j, g := range gs {
				for k, v := range g.Data() {
					d := float64(v - whole[j].Data()[k])
					square += d * d / float64(b.Draws)
				}
			}
		}
		slices.Sort(took)
		sizes, noise = append(sizes, float64(size)), append(noise, math.Sqrt(square)/optim.Norm(whole))
		cost = append(cost, took[len(took)/2].Seconds()*1000)
		rows = append(rows, []any{size, noise[len(noise)-1], cost[len(cost)-1]})
	}
	loss := flat.New(params, func(p *tensor.Pass) *tensor.Tensor {
		return nn.CrossEntropy(net.Forward(p.Input(digits.images)), digits.labels)
	})
	steepest := flat.Pack(whole)
	along := curvature(loss, steepest)
	random := make([]float64, b.Draws)
	for i := range random {
		direction := make([]float64, len(steepest))
		for j := range direction {
			direction[j] = r.NormFloat64()
		}
		random[i] = curvature(loss, direction)
	}
	across, deviation := metric.MeanStd(random)

	ideal := make([]float64, len(sizes))
	for i, s := range sizes {
		ideal[i] = noise[0] / math.Sqrt(s)
	}
	if err := l.Chart("batch-size.png",
		plot.Chart{Title: "Noise of the gradient", X: "examples in the batch", Y: "|g − g of all| / |g of all|", LogX: true, LogY: true,
			Series: []plot.Series{{Name: "measured", X: sizes, Y: noise}, {Name: "1/√size", X: sizes, Y: ideal}}},
		plot.Chart{Title: "Cost of a gradient", X: "examples in the batch", Y: "milliseconds, median", LogX: true, LogY: true,
			Series: []plot.Series{{Name: "forward and backward", X: sizes, Y: cost}}}); err != nil {
		return nil, err
	}
	if err := l.Table("batch-size.csv", []string{"examples", "relative noise", "milliseconds"}, rows); err != nil {
		return nil, err
	}
	exponent := slope(sizes, noise)
	last := len(sizes) - 1
	per := cost[0] / (cost[last] / sizes[last])
	return &Finding{
		Claim: "The noise of a gradient falls as 1/√size, while its cost does not grow in proportion for small batches; and " +
			"the loss is far from isotropic: its curvature along the gradient is many times that along a random direction.",
		Protocol: fmt.Sprintf("A perceptron 784-64-10 after 60 steps on %d digits; %d random batches of each size; curvatures "+
			"of the loss on all, along the gradient and along %d random directions.",
			n, b.Draws, b.Draws),
		Outcome: fmt.Sprintf("Noise goes as size to the power %.2f. An example costs %.0f times as much alone as in a batch "+
			"of %.0f. The curvature is %.3g along the gradient and %.3g ± %.2g along random directions.",
			exponent, per, sizes[last], along, across, deviation),
		Held: math.Abs(exponent+.5) < .1 && per > 2 && along > 10*math.Abs(across),
		Numbers: train.Metrics{
			"noise exponent": exponent, "cost alone/cost in a batch": per, "curvature/gradient": along, "curvature/random": across,
			"curvature/random deviation": deviation,
		},
	}, nil
}

// curvature returns uᵀ·H·u/uᵀ·u of a loss where its parameters are.
func curvature(loss *flat.Loss, u []float64) float64 {
	h := make([]float64, len(u))
	loss.Product(h, loss.Start(), u)
	return innerProduct(h, u) / innerProduct(u, u)
}
