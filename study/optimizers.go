package study

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/train"
)

// optimizers compares methods on LeNet and MNIST. Each has the same number of learning rates to choose from, about the one that its
// row in optim.Methods gives, and is then judged on other seeds (the protocol of Schmidt et al. 2021,
// https://arxiv.org/abs/2007.01547, with their finding as the claim: once tuned alike, the good methods are alike).
type optimizers struct {
	Steps  int    `yaml:"steps" help:"steps of 64 examples"`
	Seeds  int    `yaml:"seeds" help:"trainings by which a method is judged"`
	Budget string `yaml:"budget" oneof:"small full" help:"six methods and three learning rates, or all methods and five"`
}

func (o *optimizers) Settings() any { return o }

func (o *optimizers) Run(ctx context.Context, l *Lab) (*Finding, error) {
	names, factors := []string{"sgd", "adagrad", "rmsprop", "adam", "nadam", "muon"}, []float64{.3, 1, 3}
	if o.Budget == "full" {
		names, factors = optim.MethodNames(), []float64{.1, .3, 1, 3, 10}
	}
	training, test, err := loadDigits(ctx, l, 20000, 5000)
	if err != nil {
		return nil, err
	}
	fit := func(m optim.Method, lr float64, seed int) (losses []float64, accuracy float64, err error) {
		net := vision.NewLeNet(l.stream("weights", seed), 10)
		method := m.New(nn.Params(net), optim.Settings{LR: lr, Momentum: .9})
		t := trial{net: net, optimizer: method, batch: 64, random: l.stream("order", seed)}
		if losses, err = t.run(ctx, training, o.Steps); err != nil {
			return nil, 0, err
		}
		return losses, test.accuracy(net), nil
	}
	chart := plot.Chart{
		Title: "LeNet on MNIST, learning rates tuned alike", X: "step", Y: "training loss, mean over seeds", LogY: true,
	}
	bars := plot.Bars{Title: "Errors on 5,000 test digits, least to greatest over seeds", X: "errors, %"}
	var rows [][]any
	numbers := train.Metrics{}
	best, first := math.Inf(1), ""
	for _, name := range names {
		m := optim.MethodNamed(name)
		lr, least := m.LR, math.Inf(1)
		for _, f := range factors { // by the training loss of a seed that does not judge
			losses, _, err := fit(m, m.LR*f, o.Seeds)
			if err != nil {
				return nil, err
			}
			if end := tail(losses, 50); end < least {
				least, lr = end, m.LR*f
			}
		}
		curve := make([]float64, o.Steps)
		var errors []float64
		for seed := range o.Seeds {
			losses, accuracy, err := fit(m, lr, seed)
			if err != nil {
				return nil, err
			}
			for i, v := range losses {
				curve[i] += v / float64(o.Seeds)
			}
			errors = append(errors, 100*(1-accuracy))
			rows = append(rows, []any{name, lr, seed, tail(losses, 50), accuracy})
		}
		mean, _ := metric.MeanStd(errors)
		bars.Labels = append(bars.Labels, fmt.Sprintf("%s, lr %.2g", name, lr))
		bars.Values, bars.Low, bars.High = append(bars.Values, mean), append(bars.Low, slices.Min(errors)), append(bars.High, slices.Max(errors))
		chart.Series = append(chart.Series, plot.Series{Name: name, X: upTo(o.Steps), Y: plot.Smooth(curve, .9)})
		numbers["error/"+name], numbers["lr/"+name] = mean, lr
		l.Say("%-10s lr %-8.2g %.2f %% errors\n", name, lr, mean)
		if mean < best {
			best, first = mean, name
		}
	}
	if err := l.ChartOver("optimizers.png", chart, bars); err != nil {
		return nil, err
	}
	if err := l.Table("optimizers.csv", []string{"method", "lr", "seed", "training loss", "test accuracy"}, rows); err != nil {
		return nil, err
	}
	alike := 0
	var far []string
	for _, name := range names {
		if numbers["error/"+name] <= 1.5*best {
			alike++
		} else {
			far = append(far, name)
		}
	}
	rest := "none is further off"
	if len(far) > 0 {
		rest = "further off are " + strings.Join(far, ", ")
	}
	return &Finding{
		Claim: "Once their learning rates are tuned with the same budget, most methods are about as good as the best one: " +
			"within half as many errors again.",
		Protocol: fmt.Sprintf("LeNet on 20,000 digits of MNIST, %d steps of 64; %d learning rates each, chosen by the "+
			"training loss of a seed of its own; %d other seeds.",
			o.Steps, len(factors), o.Seeds),
		Outcome: fmt.Sprintf("The best is %s with %.2f %% errors; %d of %d are within half as many again, "+
			"%s.", first, best, alike, len(names), rest),
		Held:    2*alike > len(names),
		Numbers: numbers,
	}, nil
}
