package study

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// gating trains recurrent layers to remember the sign of the first number of a sequence, behind which noise follows.
type gating struct {
	Steps int     `yaml:"steps" help:"steps of 32 sequences"`
	Seeds int     `yaml:"seeds" help:"trainings of each layer at each lag"`
	Units int     `yaml:"units" help:"units of a layer"`
	LR    float64 `yaml:"lr" help:"learning rate, of Adam"`
	Most  int     `yaml:"most" help:"the longest lag; the others are a half, a quarter and so on of it"`
}

func (g *gating) Settings() any { return g }

// gatingCells are the layers. Gates that keep the state are open at first, as Gers et al. 2000 advise.
var gatingCells = []struct {
	name string
	make func(r *rand.Rand, in, hidden int) nn.Cell
}{
	{"Elman", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewRNN(r, in, hidden) }},
	{"forget gate", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewForgetGate(r, in, hidden).ForgetBias(4) }},
	{"GRU", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewGRU(r, in, hidden).ForgetBias(4) }},
	{"LSTM", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewLSTM(r, in, hidden).ForgetBias(4) }},
}

// A remembering is the network: a recurrent layer, of whose last output a linear layer tells the class.
type remembering struct {
	Cell   nn.Cell
	Output *nn.Linear
}

func (m *remembering) forward(x *tensor.Tensor) *tensor.Tensor {
	y, _ := m.Cell.Run(x, m.Cell.Begin(x.Pass(), x.Dim(0)))
	return m.Output.Forward(y.Slice(1, y.Dim(1)-1, y.Dim(1)).Squeeze(1))
}

func (g *gating) Run(ctx context.Context, l *Lab) (*Finding, error) {
	chart := plot.Chart{
		Title: fmt.Sprintf("Remembering one bit, %d steps of training", g.Steps), X: "lag, steps",
		Y: fmt.Sprintf("share of %d trainings that succeed", g.Seeds), LogX: true, YRange: [2]float64{-.05, 1.05},
	}
	lags := []int{g.Most}
	for len(lags) < 5 && lags[0] >= 10 {
		lags = append([]int{lags[0] / 2}, lags...)
	}
	var rows [][]any
	numbers := train.Metrics{}
	for _, c := range gatingCells {
		s := plot.Series{Name: c.name}
		total := 0.0
		for _, lag := range lags {
			succeeded := 0.0
			for seed := range g.Seeds {
				a, err := g.once(ctx, l, c.make, lag, seed)
				if err != nil {
					return nil, err
				}
				if a > .95 {
					succeeded += 1 / float64(g.Seeds)
				}
				rows = append(rows, []any{c.name, lag, seed, a})
			}
			s.X, s.Y = append(s.X, float64(lag)), append(s.Y, succeeded)
			total += succeeded / float64(len(lags))
		}
		chart.Series = append(chart.Series, s)
		numbers["success/"+c.name], numbers["success at the longest lag/"+c.name] = total, s.Y[len(s.Y)-1]
		l.Say("%-12s succeeds in %.2f of the trainings at lags %v\n", c.name, s.Y, lags)
	}
	if err := l.Chart("gating.png", chart); err != nil {
		return nil, err
	}
	if err := l.Table("gating.csv", []string{"cell", "lag", "seed", "accuracy"}, rows); err != nil {
		return nil, err
	}
	all := func(name string) float64 { return 100 * numbers["success/"+name] }
	far := func(name string) float64 { return 100 * numbers["success at the longest lag/"+name] }
	return &Finding{
		Claim: "A recurrent net with a gate that lets its state pass, be it a forget gate alone, a GRU or an LSTM, learns to remember over lags at which " +
			"an Elman net fails.",
		Protocol: fmt.Sprintf("The sign of the first number of a sequence is to be told when so many numbers of noise have followed: %d units, %d steps "+
			"of 32 sequences by Adam, %d seeds, lags %v, gates open at first. A training succeeds if more than 95 %% of 512 new sequences are told right.",
			g.Units, g.Steps, g.Seeds, lags),
		Outcome: fmt.Sprintf("Over all lags %.0f %% of the trainings of the Elman net succeed, %.0f of the forget gate alone, %.0f of the GRU and %.0f of the "+
			"LSTM; at the longest %.0f, %.0f, %.0f and %.0f.", all("Elman"), all("forget gate"), all("GRU"), all("LSTM"), far("Elman"), far("forget gate"),
			far("GRU"), far("LSTM")),
		Held:    min(all("forget gate"), all("GRU"), all("LSTM")) > all("Elman"),
		Numbers: numbers,
	}, nil
}

// once trains, and returns the accuracy on 512 new sequences.
func (g *gating) once(ctx context.Context, l *Lab, cell func(r *rand.Rand, in, hidden int) nn.Cell, lag, seed int) (float64, error) {
	r := l.stream("weights", seed)
	net := &remembering{cell(r, 1, g.Units), nn.NewLinear(r, g.Units, 2)}
	params := nn.Params(net)
	o := optim.NewAdam(params, g.LR)
	random := l.stream("sequences", seed)
	for range g.Steps {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		p := tensor.Training(random)
		x, labels := signs(p, 32, lag)
		grads := tensor.Grad(nn.CrossEntropy(net.forward(x), labels), params...)
		optim.ClipNorm(grads, 1)
		o.Step(grads)
		p.End()
	}
	p := tensor.Sampling(random)
	defer p.End()
	x, labels := signs(p, 512, lag)
	hits := 0
	for i, said := range net.forward(x).ArgMax() {
		if said == labels[i] {
			hits++
		}
	}
	return float64(hits) / 512, nil
}

// signs returns n sequences of a number ±1 and lag numbers of noise, N×(lag+1)×1, and whether the first is positive.
func signs(p *tensor.Pass, n, lag int) (x *tensor.Tensor, labels []int) {
	values := append([]tensor.Float(nil), p.Normal(n, lag+1, 1).Scale(.3).Data()...)
	labels = make([]int, n)
	for i := range n {
		first := tensor.Float(-1)
		if values[i*(lag+1)] > 0 {
			first, labels[i] = 1, 1
		}
		values[i*(lag+1)] = first
	}
	return p.Values(values, n, lag+1, 1), labels
}
