package study

import (
	"context"
	"fmt"

	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/train"
)

// schedules compares courses of the learning rate that share their greatest value, their method and their number of steps.
type schedules struct {
	Steps int     `yaml:"steps" help:"steps of 64 examples"`
	Seeds int     `yaml:"seeds" help:"trainings of each schedule"`
	LR    float64 `yaml:"lr" help:"greatest learning rate, of Adam"`
}

func (s *schedules) Settings() any { return s }

func (s *schedules) Run(ctx context.Context, l *Lab) (*Finding, error) {
	training, test, err := loadDigits(ctx, l, 25600, 10000)
	if err != nil {
		return nil, err
	}
	n := s.Steps
	all := []struct {
		name string
		s    optim.Schedule
	}{
		{"constant", optim.Constant{LR: s.LR}},
		{"step", optim.Stairs{LR: s.LR, Every: (n + 2) / 3, Factor: .1}},
		{"linear", optim.Polynomial{LR: s.LR, Steps: n}},
		{"cosine", optim.Cosine{LR: s.LR, Steps: n}},
		{"one-cycle", optim.OneCycle{Max: s.LR, Steps: n}},
		{"restarts", optim.Restarts{LR: s.LR, First: (n + 6) / 7, Factor: 2}},
		{"inverse root", optim.WarmUp{Steps: n / 10, Then: optim.InverseSqrt{LR: s.LR, Steps: n / 10}}},
	}
	rates := plot.Chart{Title: "Schedules", X: "step", Y: "learning rate"}
	bars := plot.Bars{Title: "Errors on 10,000 test digits, ± deviation over seeds", X: "errors, %"}
	var rows [][]any
	numbers := train.Metrics{}
	for _, c := range all {
		y := make([]float64, n)
		for i := range y {
			y[i] = c.s.At(i)
		}
		rates.Series = append(rates.Series, plot.Series{Name: c.name, X: upTo(n), Y: y})
		var errors []float64
		for seed := range s.Seeds {
			net := vision.NewLeNet(l.stream("weights", seed), 10)
			t := trial{net: net, optimizer: optim.NewAdam(nn.Params(net), s.LR), schedule: c.s, batch: 64, random: l.stream("order", seed)}
			losses, err := t.run(ctx, training, n)
			if err != nil {
				return nil, err
			}
			wrong := 100 * (1 - test.accuracy(net))
			errors = append(errors, wrong)
			rows = append(rows, []any{c.name, seed, tail(losses, 50), wrong})
		}
		mean, deviation := metric.MeanStd(errors)
		bars.Labels, bars.Values = append(bars.Labels, c.name), append(bars.Values, mean)
		bars.Low, bars.High = append(bars.Low, mean-deviation), append(bars.High, mean+deviation)
		numbers["error/"+c.name], numbers["deviation/"+c.name] = mean, deviation
		l.Say("%-13s %.2f ± %.2f %% errors\n", c.name, mean, deviation)
	}
	if err := l.ChartOver("schedules.png", rates, bars); err != nil {
		return nil, err
	}
	if err := l.Table("schedules.csv", []string{"schedule", "seed", "training loss", "errors, %"}, rows); err != nil {
		return nil, err
	}
	constant, cosine, cycle := numbers["error/constant"], numbers["error/cosine"], numbers["error/one-cycle"]
	return &Finding{
		Claim: "A learning rate that ends near zero leaves fewer errors than one that stays, with the same method and " +
			"number of steps.",
		Protocol: fmt.Sprintf("LeNet on MNIST, Adam with %g at most, %d steps of 64 (one pass over 25,600 digits), %d "+
			"seeds.", s.LR, n, s.Seeds),
		Outcome: fmt.Sprintf("Errors are %.2f %% constant, %.2f %% with a cosine and %.2f %% with one "+
			"cycle.", constant, cosine, cycle),
		Held:    cosine < constant && cycle < constant,
		Numbers: numbers,
	}, nil
}
