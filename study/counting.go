package study

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// counting trains an LSTM and a GRU to foretell the letters of aⁿbⁿ and aⁿbⁿcⁿ, and tries them on longer ones (Gers and Schmidhuber 2001,
// https://doi.org/10.1109/72.963769; Weiss, Goldberg and Yahav 2018, https://aclanthology.org/P18-2117).
type counting struct {
	Steps int     `yaml:"steps" help:"words that are learned from, one a step"`
	Seeds int     `yaml:"seeds" help:"trainings of each layer on each language"`
	Units int     `yaml:"units" help:"units of a layer"`
	LR    float64 `yaml:"lr" help:"learning rate, of Adam"`
	Most  int     `yaml:"most" help:"the greatest n in training"`
	Tried int     `yaml:"tried" help:"the greatest n that is tried"`
}

func (c *counting) Settings() any { return c }

// A letter of a word; end stands before its first letter and behind its last one.
const end = 0

// word is aⁿbⁿ of two kinds of letters, aⁿbⁿcⁿ of three, with the end before and behind it.
func word(n, kinds int) []int {
	ids := []int{end}
	for kind := 1; kind <= kinds; kind++ {
		for range n {
			ids = append(ids, kind)
		}
	}
	return append(ids, end)
}

// A foreteller says of every letter which one comes next.
type foreteller struct {
	Cell   nn.Cell
	Output *nn.Linear
}

// scores are those of the letters behind each of ids, T×kinds+1.
func (m *foreteller) scores(p *tensor.Pass, ids []int, kinds int) *tensor.Tensor {
	oneHot := make([]tensor.Float, len(ids)*(kinds+1))
	for t, id := range ids {
		oneHot[t*(kinds+1)+id] = 1
	}
	y, _ := m.Cell.Run(p.Values(oneHot, 1, len(ids), kinds+1), m.Cell.Begin(p, 1))
	return m.Output.Forward(y.Squeeze(0))
}

// counts tells whether everything is foretold right that can be: how many b follow is known once the first one is there.
func (m *foreteller) counts(n, kinds int) bool {
	p := tensor.Inference()
	defer p.End()
	ids := word(n, kinds)
	said := m.scores(p, ids[:len(ids)-1], kinds).ArgMax()
	for t := n + 1; t < len(said); t++ { // behind the first b
		if said[t] != ids[t+1] {
			return false
		}
	}
	return true
}

func (c *counting) Run(ctx context.Context, l *Lab) (*Finding, error) {
	cells := []struct {
		name string
		make func(r *rand.Rand, in, hidden int) nn.Cell
	}{
		{"LSTM", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewLSTM(r, in, hidden).ForgetBias(1) }},
		{"GRU", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewGRU(r, in, hidden) }},
	}
	numbers := train.Metrics{}
	var rows [][]any
	bars := plot.Bars{Title: fmt.Sprintf("Learned up to n = %d", c.Most), X: fmt.Sprintf("greatest n up to which all are right, median of %d", c.Seeds)}
	var states plot.Chart
	for _, kinds := range []int{2, 3} {
		language := map[int]string{2: "aⁿbⁿ", 3: "aⁿbⁿcⁿ"}[kinds]
		for _, cell := range cells {
			var reached []float64
			var best *foreteller
			for seed := range c.Seeds {
				net, err := c.train(ctx, l, cell.make, kinds, seed)
				if err != nil {
					return nil, err
				}
				n := 0
				for n < c.Tried && net.counts(n+1, kinds) {
					n++
				}
				if len(reached) == 0 || float64(n) > slices.Max(reached) {
					best = net
				}
				reached = append(reached, float64(n))
				rows = append(rows, []any{language, cell.name, seed, n})
			}
			slices.Sort(reached)
			m := reached[len(reached)/2]
			numbers[language+"/"+cell.name], numbers[language+"/"+cell.name+"/best"] = m, reached[len(reached)-1]
			bars.Labels, bars.Values = append(bars.Labels, language+" "+cell.name), append(bars.Values, m)
			l.Say("%-8s %-5s right up to n = %.0f, the best of %d up to %.0f\n", language, cell.name, m, c.Seeds, reached[len(reached)-1])
			if kinds == 2 && cell.name == "LSTM" {
				states = best.states(c.Most, kinds)
			}
		}
	}
	if err := l.ChartOver("counting.png", states, bars); err != nil {
		return nil, err
	}
	if err := l.Table("counting.csv", []string{"language", "cell", "seed", "right up to"}, rows); err != nil {
		return nil, err
	}
	return &Finding{
		Claim: "An LSTM counts with its cells, which are not bounded, and so beyond the lengths that it has learned; a GRU, whose state is bounded, does " +
			"so less far.",
		Protocol: fmt.Sprintf("Layers of %d units learn to foretell the letters of aⁿbⁿ, and of aⁿbⁿcⁿ, by %d words with n from 1 to %d, %d seeds. "+
			"A word is right if all letters behind the first b are, and its end.", c.Units, c.Steps, c.Most, c.Seeds),
		Outcome: fmt.Sprintf("The median LSTM is right up to n = %.0f on aⁿbⁿ and %.0f on aⁿbⁿcⁿ, the median GRU up to %.0f and %.0f; the best of each "+
			"%.0f and %.0f, %.0f and %.0f.", numbers["aⁿbⁿ/LSTM"], numbers["aⁿbⁿcⁿ/LSTM"], numbers["aⁿbⁿ/GRU"], numbers["aⁿbⁿcⁿ/GRU"],
			numbers["aⁿbⁿ/LSTM/best"], numbers["aⁿbⁿcⁿ/LSTM/best"], numbers["aⁿbⁿ/GRU/best"], numbers["aⁿbⁿcⁿ/GRU/best"]),
		Held: numbers["aⁿbⁿ/LSTM"] > float64(c.Most) && numbers["aⁿbⁿ/LSTM"] > numbers["aⁿbⁿ/GRU"] &&
			numbers["aⁿbⁿcⁿ/LSTM"] > numbers["aⁿbⁿcⁿ/GRU"],
		Numbers: numbers,
	}, nil
}

// train learns from words of lengths that are drawn.
func (c *counting) train(ctx context.Context, l *Lab, cell func(r *rand.Rand, in, hidden int) nn.Cell, kinds, seed int) (*foreteller, error) {
	r := l.stream("weights", seed)
	net := &foreteller{cell(r, kinds+1, c.Units), nn.NewLinear(r, c.Units, kinds+1)}
	params := nn.Params(net)
	o := optim.NewAdam(params, c.LR)
	cosine := optim.Cosine{LR: c.LR, Steps: c.Steps}
	lengths := l.stream("lengths", seed)
	for step := range c.Steps {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		ids := word(1+lengths.IntN(c.Most), kinds)
		p := tensor.Training(nil)
		grads := tensor.Grad(nn.CrossEntropy(net.scores(p, ids[:len(ids)-1], kinds), ids[1:]), params...)
		optim.ClipNorm(grads, 1)
		o.SetLR(cosine.At(step))
		o.Step(grads)
		p.End()
	}
	return net, nil
}

// states draws the cells of an LSTM over a word.
func (m *foreteller) states(n, kinds int) plot.Chart {
	chart := plot.Chart{Title: fmt.Sprintf("Cells of an LSTM over aⁿbⁿ, n = %d", n), X: "letter", Y: "cell"}
	p := tensor.Inference()
	defer p.End()
	state := m.Cell.Begin(p, 1)
	ids := word(n, kinds)
	var cells [][]float64
	var letters []float64
	for t, id := range ids {
		x := make([]tensor.Float, kinds+1)
		x[id] = 1
		_, state = m.Cell.Run(p.Values(x, 1, 1, kinds+1), state)
		row := make([]float64, state[1].Len())
		for i, v := range state[1].Data() {
			row[i] = float64(v)
		}
		cells, letters = append(cells, row), append(letters, float64(t))
	}
	for i := range cells[0] {
		s := plot.Series{X: letters}
		for _, row := range cells {
			s.Y = append(s.Y, row[i])
		}
		chart.Series = append(chart.Series, s)
	}
	return chart
}
