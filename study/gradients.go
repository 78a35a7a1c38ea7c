package study

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// gradientsThroughTime measures what is left of a gradient at an input that many steps lie behind, in recurrent layers before they learn.
type gradientsThroughTime struct {
	Units int     `yaml:"units" help:"units of a layer"`
	Steps int     `yaml:"steps" help:"steps of a sequence"`
	Seeds int     `yaml:"seeds" help:"draws of weights and sequences"`
	Limit float64 `yaml:"limit" help:"greatest norm of a clipped gradient"`
}

func (g *gradientsThroughTime) Settings() any { return g }

// starts are the ways in which the layers begin. Those of an Elman net differ in the weights of the state.
func (g *gradientsThroughTime) starts() []struct {
	name string
	make func(r *rand.Rand) nn.Cell
} {
	elman := func(begin func(r *rand.Rand, w *tensor.Tensor)) func(r *rand.Rand) nn.Cell {
		return func(r *rand.Rand) nn.Cell {
			l := nn.NewRNN(r, g.Units, g.Units).NoBias()
			begin(r, l.WeightHH)
			return l
		}
	}
	normal := func(deviation float64) func(r *rand.Rand, w *tensor.Tensor) {
		return func(r *rand.Rand, w *tensor.Tensor) { nn.Normal(r, w, 0, deviation/math.Sqrt(float64(g.Units))) }
	}
	return []struct {
		name string
		make func(r *rand.Rand) nn.Cell
	}{
		{"Gaussian, 0.5", elman(normal(.5))},
		{"Gaussian, 2, ReLU", func(r *rand.Rand) nn.Cell {
			l := elman(normal(2))(r).(*nn.RNN)
			l.ReLU = true
			return l
		}},
		{"orthogonal", elman(func(r *rand.Rand, w *tensor.Tensor) { nn.Orthogonal(r, w, 1) })},
		{"identity, ReLU", func(r *rand.Rand) nn.Cell { return nn.NewRNN(r, g.Units, g.Units).Identity(r) }},
		{"LSTM, forget bias 3", func(r *rand.Rand) nn.Cell { return nn.NewLSTM(r, g.Units, g.Units).ForgetBias(3) }},
	}
}

func (g *gradientsThroughTime) Run(ctx context.Context, l *Lab) (*Finding, error) {
	chart := plot.Chart{
		Title: "Gradient of the last state by the input so many steps before", X: "steps before", Y: "norm, by that of the last input; median", LogY: true,
	}
	var rows [][]any
	numbers := train.Metrics{}
	for _, s := range g.starts() {
		series := plot.Series{Name: s.name}
		of := make([][]float64, g.Steps) // the norms of all draws
		clipped := 0.0
		for seed := range g.Seeds {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			norms, far := g.norms(s.make(l.stream("weights", seed)), l.stream("sequence", seed))
			clipped += far / float64(g.Seeds)
			for lag, n := range norms {
				of[lag] = append(of[lag], n/norms[0])
			}
		}
		for lag, all := range of {
			slices.Sort(all)
			series.X, series.Y = append(series.X, float64(lag)), append(series.Y, all[len(all)/2])
			rows = append(rows, []any{s.name, lag, all[len(all)/2]})
		}
		chart.Series = append(chart.Series, series)
		last := series.Y[g.Steps-1]
		numbers["at the first step/"+s.name], numbers["part of the clipped gradient/"+s.name] = last, clipped
		l.Say("%-20s at the first step %.2g of what it is at the last; of the clipped gradient the first half has %.2g\n", s.name, last, clipped)
	}
	if err := l.Chart("gradients-through-time.png", chart); err != nil {
		return nil, err
	}
	if err := l.Table("gradients-through-time.csv", []string{"start", "steps before", "norm"}, rows); err != nil {
		return nil, err
	}
	first := func(name string) float64 { return numbers["at the first step/"+name] }
	part := func(name string) float64 { return numbers["part of the clipped gradient/"+name] }
	return &Finding{
		Claim: "Through many steps the gradient of an Elman net vanishes or explodes by the size of its weights; orthogonal weights, the identity with " +
			"ReLU, and the cells of an LSTM keep it; clipping mends what explodes, and not what vanishes.",
		Protocol: fmt.Sprintf("Layers of %d units before they learn, random sequences of %d steps, %d draws: the median norm of the gradient of a random "+
			"projection of the last state by each input. Clipped to a norm of %g, what part of the gradient by the inputs is that of the first half.",
			g.Units, g.Steps, g.Seeds, g.Limit),
		Outcome: fmt.Sprintf("At the first of %d steps the norm is, by that at the last, %.2g with small Gaussian weights, %.2g with large ones and ReLU, "+
			"%.2g with orthogonal ones, %.2g with the identity, %.2g in an LSTM. Of the clipped gradients the first half of the sequence has %.2g with "+
			"small weights, and %.2g with large ones, whose norm is then %g.", g.Steps, first("Gaussian, 0.5"), first("Gaussian, 2, ReLU"),
			first("orthogonal"), first("identity, ReLU"), first("LSTM, forget bias 3"), part("Gaussian, 0.5"), part("Gaussian, 2, ReLU"), g.Limit),
		Held: first("Gaussian, 0.5") < 1e-6 && first("Gaussian, 2, ReLU") > 1e3 && first("orthogonal") > 1e3*first("Gaussian, 0.5") &&
			first("identity, ReLU") > .1 && first("LSTM, forget bias 3") > 1e3*first("Gaussian, 0.5") &&
			part("Gaussian, 0.5") < 1e-3 && part("Gaussian, 2, ReLU") > .5,
		Numbers: numbers,
	}, nil
}

// norms returns those of the gradient of a random projection of the last state by the inputs, the last one first, and what part of the
// norm of the gradient by all inputs, clipped, the first half of them has.
func (g *gradientsThroughTime) norms(cell nn.Cell, r *rand.Rand) (norms []float64, far float64) {
	x, direction := tensor.New(1, g.Steps, g.Units), tensor.New(1, g.Units)
	nn.Normal(r, x, 0, .1)
	nn.Normal(r, direction, 0, 1)
	p := tensor.Recording(nil)
	defer p.End()
	in := p.Var(x)
	_, last := cell.Run(in, cell.Begin(p, 1))
	grads := tensor.Grad(last[0].Mul(direction).Sum(), in)
	optim.ClipNorm(grads, g.Limit)
	data := grads[0].Data()
	norms = make([]float64, g.Steps)
	all, half := 0.0, 0.0
	for t := range g.Steps {
		square := 0.0
		for _, v := range data[t*g.Units : (t+1)*g.Units] {
			square += float64(v) * float64(v)
		}
		norms[g.Steps-1-t] = math.Sqrt(square)
		all += square
		if t < g.Steps/2 {
			half += square
		}
	}
	return norms, math.Sqrt(half / max(all, 1e-300))
}
