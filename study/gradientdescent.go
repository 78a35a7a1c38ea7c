package study

import (
	"context"
	"fmt"
	"math"

	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/train"
)

// gradientDescent trains a perceptron by all examples a step, by batches, and by single ones, each with the best of some learning
// rates, and compares what they reach by the number of examples seen.
type gradientDescent struct {
	Examples int `yaml:"examples" help:"digits to learn from"`
	Passes   int `yaml:"passes" help:"times that each digit is seen"`
	Seeds    int `yaml:"seeds" help:"trainings of each kind"`
}

func (g *gradientDescent) Settings() any { return g }

func (g *gradientDescent) Run(ctx context.Context, l *Lab) (*Finding, error) {
	training, _, err := loadDigits(ctx, l, g.Examples, 1)
	if err != nil {
		return nil, err
	}
	n := len(training.labels)
	kinds := []struct {
		name  string
		batch int
		rates []float64
	}{
		{"gradient descent, all", n, []float64{.1, .3, 1}}, {"batches of 256", min(n, 256), []float64{.1, .3, 1}},
		{"batches of 32", min(n, 32), []float64{.03, .1, .3}}, {"stochastic, 1", 1, []float64{.003, .01, .03}},
	}
	chart := plot.Chart{Title: "The same digits, seen as often", X: "passes over the digits", Y: "loss on all of them, mean ± deviation", LogY: true}
	numbers := train.Metrics{}
	var rows [][]any
	for _, k := range kinds {
		per := max(1, n/k.batch)
		way := func(lr float64, seed int) ([]float64, error) { // the loss at first and behind every pass
			net := vision.NewMLP(l.stream("weights", seed), 784, 64, 10)
			t := trial{net: net, optimizer: optim.NewSGD(nn.Params(net), lr, 0), batch: k.batch, random: l.stream("order", seed)}
			losses := []float64{training.loss(net)}
			for range g.Passes {
				if _, err := t.run(ctx, training, per); err != nil {
					return nil, err
				}
				losses = append(losses, training.loss(net))
			}
			return losses, nil
		}
		rate, least := k.rates[0], math.Inf(1)
		for _, lr := range k.rates {
			losses, err := way(lr, g.Seeds)
			if err != nil {
				return nil, err
			}
			if end := losses[g.Passes]; end < least {
				least, rate = end, lr
			}
		}
		ends := make([][]float64, g.Passes+1)
		for seed := range g.Seeds {
			losses, err := way(rate, seed)
			if err != nil {
				return nil, err
			}
			for i, v := range losses {
				ends[i] = append(ends[i], v)
				rows = append(rows, []any{k.name, rate, seed, i, v})
			}
		}
		s := plot.Series{Name: fmt.Sprintf("%s, lr %g", k.name, rate)}
		for i, e := range ends {
			m, d := metric.MeanStd(e)
			s.X, s.Y, s.Low, s.High = append(s.X, float64(i)), append(s.Y, m), append(s.Low, m-d), append(s.High, m+d)
		}
		chart.Series = append(chart.Series, s)
		numbers["loss/"+k.name], numbers["steps/"+k.name] = s.Y[g.Passes], float64(per*g.Passes)
		l.Say("%-22s lr %-6g loss %.4f\n", k.name, rate, s.Y[g.Passes])
	}
	if err := l.Chart("gradient-descent.png", chart); err != nil {
		return nil, err
	}
	if err := l.Table("gradient-descent.csv", []string{"kind", "lr", "seed", "pass", "loss"}, rows); err != nil {
		return nil, err
	}
	all, some, one := numbers["loss/"+kinds[0].name], numbers["loss/"+kinds[2].name], numbers["loss/"+kinds[3].name]
	return &Finding{
		Claim: "For the same number of examples seen, batches and single examples reach a far lower loss than steps by all " +
			"examples: gradients of few examples are good enough, and many steps are better than few exact ones.",
		Protocol: fmt.Sprintf("A perceptron 784-64-10 on %d digits of MNIST, %d passes, %d seeds; the learning rate is the "+
			"best of three, chosen with another seed.",
			n, g.Passes, g.Seeds),
		Outcome: fmt.Sprintf("The loss is %.3f after %d steps by all, %.3f by batches of 32, %.3f by single "+
			"digits.", all, g.Passes, some, one),
		Held:    some < all/2 && one < all/2,
		Numbers: numbers,
	}, nil
}
