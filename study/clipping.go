package study

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// clipping trains an Elman network to tell whether the sum of 30 random numbers is positive, from recurrent weights that make its
// gradients explode now and then (Pascanu et al. 2013, https://arxiv.org/abs/1211.5063).
type clipping struct {
	Steps int     `yaml:"steps" help:"steps of 32 sequences"`
	Seeds int     `yaml:"seeds" help:"trainings with clipping, and without"`
	LR    float64 `yaml:"lr" help:"learning rate, of gradient descent"`
	Limit float64 `yaml:"clip" help:"greatest norm of the gradient"`
	Gain  float64 `yaml:"gain" help:"deviation of the recurrent weights, times √units"`
}

func (c *clipping) Settings() any { return c }

// An elman is the network: a recurrent layer, of whose last state a linear layer tells the class.
type elman struct {
	RNN *nn.RNN
	FC  *nn.Linear
}

func (c *clipping) train(ctx context.Context, l *Lab, seed int, limit float64) (losses, norms []float64, err error) {
	const length, units = 30, 32
	r := l.stream("weights", seed)
	net := &elman{RNN: nn.NewRNN(r, 1, units), FC: nn.NewLinear(r, units, 2)}
	nn.Normal(r, net.RNN.WeightHH, 0, c.Gain/math.Sqrt(units))
	params := nn.Params(net)
	o := optim.NewSGD(params, c.LR, .9)
	random := l.stream("sequences", seed)
	for range c.Steps {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		p := tensor.Training(random)
		x := p.Normal(32, length, 1)
		labels := make([]int, 32)
		for i := range labels {
			sum := tensor.Float(0)
			for _, v := range x.Data()[i*length:][:length] {
				sum += v
			}
			if sum > 0 {
				labels[i] = 1
			}
		}
		_, last := net.RNN.Forward(x, net.RNN.Zero(p, 32))
		loss := nn.CrossEntropy(net.FC.Forward(last), labels)
		grads := tensor.Grad(loss, params...)
		norm := optim.Norm(grads)
		losses, norms = append(losses, float64(loss.Item())), append(norms, norm)
		if limit > 0 {
			optim.ClipNorm(grads, limit)
		}
		if math.IsNaN(norm) || math.IsInf(norm, 0) {
			p.End()
			break
		}
		o.Step(grads)
		p.End()
	}
	return losses, norms, nil
}

func (c *clipping) Run(ctx context.Context, l *Lab) (*Finding, error) {
	chart := plot.Chart{Title: "Loss, first seed", X: "step", Y: "cross-entropy, smoothed", LogY: true}
	height := plot.Chart{Title: "Norm of the gradient before clipping, first seed", X: "step", Y: "norm", LogY: true}
	numbers := train.Metrics{}
	var rows [][]any
	var ends [2][]float64
	ratio := 0.0
	for kind, limit := range []float64{0, c.Limit} {
		name := [2]string{"not clipped", fmt.Sprintf("clipped at %g", c.Limit)}[kind]
		for seed := range c.Seeds {
			losses, norms, err := c.train(ctx, l, seed, limit)
			if err != nil {
				return nil, err
			}
			end := tail(losses, 100)
			ends[kind] = append(ends[kind], end)
			sorted := slices.Sorted(slices.Values(norms))
			ratio = max(ratio, sorted[len(sorted)-1]/sorted[len(sorted)/2])
			rows = append(rows, []any{name, seed, end, sorted[len(sorted)/2], sorted[len(sorted)-1]})
			if seed == 0 {
				chart.Series = append(chart.Series, plot.Series{Name: name, X: upTo(len(losses)), Y: losses, Smooth: .9})
				height.Series = append(height.Series, plot.Series{Name: name, X: upTo(len(norms)), Y: norms})
			}
		}
		m, _ := metric.MeanStd(ends[kind])
		numbers["last loss/"+[2]string{"not clipped", "clipped"}[kind]] = m
	}
	numbers["greatest norm/median norm"] = ratio
	if err := l.Chart("clipping.png", chart, height); err != nil {
		return nil, err
	}
	if err := l.Table("clipping.csv", []string{"clipping", "seed", "last loss", "median norm", "greatest norm"}, rows); err != nil {
		return nil, err
	}
	better := 0
	for i := range ends[0] {
		if ends[1][i] < ends[0][i] {
			better++
		}
	}
	return &Finding{
		Claim: "Gradients of a recurrent network can be many times as large as usual in a single step, which then ruins " +
			"what was learnt; with the norm clipped the network ends with a lower loss.",
		Protocol: fmt.Sprintf("An Elman network of 32 units and recurrent weights of deviation %g/√32 tells whether 30 "+
			"numbers sum up to more than 0; gradient descent with momentum, %d steps, %d seeds; the loss is the mean of the "+
			"last 100 steps.", c.Gain, c.Steps, c.Seeds),
		Outcome: fmt.Sprintf("The greatest norm is %.0f times the median one. The loss is %.3f without and %.3f with "+
			"clipping, which is lower in %d of %d seeds.",
			ratio, numbers["last loss/not clipped"], numbers["last loss/clipped"], better, c.Seeds),
		Held:    ratio > 10 && 5*better >= 4*c.Seeds,
		Numbers: numbers,
	}, nil
}
