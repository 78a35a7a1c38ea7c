package study

import (
	"context"
	"fmt"
	"math"

	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// normalization trains deep perceptrons by plain gradient descent with learning rates over four decades.
type normalization struct {
	Depth int `yaml:"depth" help:"hidden layers of 64 units"`
	Steps int `yaml:"steps" help:"steps of 64 digits"`
	Seeds int `yaml:"seeds" help:"trainings at each learning rate"`
}

func (n *normalization) Settings() any { return n }

func (n *normalization) Run(ctx context.Context, l *Lab) (*Finding, error) {
	training, _, err := loadDigits(ctx, l, 10000, 1)
	if err != nil {
		return nil, err
	}
	norms := []struct {
		name string
		make func() nn.Layer
	}{
		{"none", nil},
		{"batch", func() nn.Layer { return nn.NewBatchNorm(64) }},
		{"layer", func() nn.Layer { return nn.NewLayerNorm(64) }},
		{"group, 8", func() nn.Layer { return nn.NewGroupNorm(8, 64) }},
		{"RMS", func() nn.Layer { return nn.NewRMSNorm(64) }},
	}
	rates := []float64{.001, .003, .01, .03, .1, .3, 1, 3, 10}
	chart := plot.Chart{
		Title: fmt.Sprintf("%d layers, %d steps of gradient descent", n.Depth, n.Steps), X: "learning rate",
		Y: "training loss at the end; 3 where it diverged", LogX: true,
	}
	const gone = 3
	var rows [][]any
	numbers := train.Metrics{}
	for _, norm := range norms {
		var mean, low, high []float64
		widest, least := 0, math.Inf(1)
		for _, lr := range rates {
			var ends []float64
			for seed := range n.Seeds {
				r := l.stream("weights", seed)
				net := nn.Chain{nn.Func(nn.FlattenCHW)}
				in := 784
				for range n.Depth {
					net = append(net, nn.NewLinear(r, in, 64))
					if norm.make != nil {
						net = append(net, norm.make())
					}
					net, in = append(net, nn.Func(nn.ReLU)), 64
				}
				net = append(net, nn.NewLinear(r, in, 10))
				nn.Apply(net, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanIn, 0) })
				t := trial{net: net, optimizer: optim.NewSGD(nn.Params(net), lr, 0), batch: 64, random: l.stream("order", seed)}
				losses, err := t.run(ctx, training, n.Steps)
				if err != nil {
					return nil, err
				}
				ends = append(ends, min(gone, tail(losses, 20)))
				rows = append(rows, []any{norm.name, lr, seed, ends[seed]})
			}
			m, d := metric.MeanStd(ends)
			mean, low, high = append(mean, m), append(low, m-d), append(high, m+d)
			least = min(least, m)
			if m < 1 {
				widest++
			}
		}
		chart.Series = append(chart.Series, plot.Series{Name: norm.name, X: rates, Y: mean, Low: low, High: high})
		numbers["rates below 1/"+norm.name], numbers["least loss/"+norm.name] = float64(widest), least
		l.Say("%-9s least loss %.3f, below 1 at %d of %d rates\n", norm.name, least, widest, len(rates))
	}
	if err := l.Chart("normalization.png", chart); err != nil {
		return nil, err
	}
	if err := l.Table("normalization.csv", []string{"normalization", "lr", "seed", "loss"}, rows); err != nil {
		return nil, err
	}
	plain, batch := numbers["rates below 1/none"], numbers["rates below 1/batch"]
	return &Finding{
		Claim: "With batch normalization a deep network learns at more, and larger, learning rates than without, and " +
			"further in as many steps.",
		Protocol: fmt.Sprintf("Perceptrons of %d hidden layers with He's weights on MNIST, %d steps of 64 by gradient "+
			"descent, %d seeds, %d learning rates.", n.Depth, n.Steps, n.Seeds, len(rates)),
		Outcome: fmt.Sprintf("The loss falls below 1 at %.0f learning rates without and at %.0f with batch normalization "+
			"(layer %.0f, group %.0f, RMS %.0f); the least losses are %.3f and %.3f.",
			plain, batch, numbers["rates below 1/layer"], numbers["rates below 1/group, 8"], numbers["rates below 1/RMS"],
			numbers["least loss/none"], numbers["least loss/batch"]),
		Held:    batch > plain && numbers["least loss/batch"] < numbers["least loss/none"],
		Numbers: numbers,
	}, nil
}
