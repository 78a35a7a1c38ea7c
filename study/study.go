// Package study has experiments that show what the lectures claim, as numbers and pictures: one file a study. A study states a claim,
// how it is tested and what came out, and whether the claim held; that is computed, never written beforehand.
package study

import (
	"context"
	"encoding/csv"
	"fmt"
	"image"
	"io"
	"math"
	"strconv"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/internal/near"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

// A Study is a row of the table.
type Study struct {
	Name  string
	About string // what is shown, in one line
	Paper string // where the claim is from
	New   func() Experiment
}

// An Experiment is a study at work: it has settings, which can be changed before Run.
type Experiment interface {
	// Settings returns a pointer to the struct of settings; see recipe.Settings.
	Settings() any
	// Run does the experiment and leaves tables and pictures in the lab.
	Run(ctx context.Context, l *Lab) (*Finding, error)
}

// A Finding is what a study says.
type Finding struct {
	Claim    string
	Protocol string
	Outcome  string
	Held     bool
	Numbers  train.Metrics
}

// Paragraph is the finding in words.
func (f *Finding) Paragraph() string {
	verdict := "The claim held."
	if !f.Held {
		verdict = "The claim did not hold."
	}
	return fmt.Sprintf("Claim: %s\nProtocol: %s\nOutcome: %s %s", f.Claim, f.Protocol, f.Outcome, verdict)
}

// A Lab is what an experiment finds around it.
type Lab struct {
	Folder *train.Run // where tables and pictures go
	Seed   uint64
	Source source.Options
	Say    func(format string, args ...any) // tells a person how far it has come
}

// Chart draws curves into a file.
func (l *Lab) Chart(name string, charts ...plot.Chart) error {
	var images []image.Image
	for _, c := range charts {
		img, err := c.Image(600, 400)
		if err != nil {
			return err
		}
		images = append(images, img)
	}
	return plot.WritePNG(l.Folder.Path(name), plot.Stack(min(len(images), 2), images...))
}

// ChartOver draws curves above bars into a file.
func (l *Lab) ChartOver(name string, c plot.Chart, b plot.Bars) error {
	above, err := c.Image(600, 400)
	if err != nil {
		return err
	}
	below, err := b.Image(600)
	if err != nil {
		return err
	}
	return plot.WritePNG(l.Folder.Path(name), plot.Stack(1, above, below))
}

// Table writes rows of cells, which are strings or numbers, as CSV.
func (l *Lab) Table(name string, header []string, rows [][]any) error {
	return l.Folder.Write(name, func(w io.Writer) error {
		c := csv.NewWriter(w)
		if err := c.Write(header); err != nil {
			return err
		}
		for _, row := range rows {
			cells := make([]string, len(row))
			for i, v := range row {
				if x, ok := v.(float64); ok {
					cells[i] = strconv.FormatFloat(x, 'g', 6, 64)
				} else {
					cells[i] = fmt.Sprint(v)
				}
			}
			if err := c.Write(cells); err != nil {
				return err
			}
		}
		c.Flush()
		return c.Error()
	})
}

// All is the table of studies, sorted by name.
var All = []Study{
	{
		Name: "batch-size", About: "noise of the gradient and cost of a step by the size of the batch",
		Paper: "Bottou, Curtis and Nocedal 2018",
		New:   func() Experiment { return &batchSize{Examples: 4096, Draws: 24} },
	},
	{
		Name: "clipping", About: "a recurrent network beside a cliff of its loss, with and without clipped gradients",
		Paper: "Pascanu et al. 2013",
		New:   func() Experiment { return &clipping{Steps: 600, Seeds: 10, LR: 0.02, Limit: 1, Gain: 1.4} },
	},
	{
		Name: "counting", About: "aⁿbⁿ and aⁿbⁿcⁿ beyond the lengths that were learned: LSTM against GRU",
		Paper: "Gers and Schmidhuber 2001; Weiss et al. 2018",
		New:   func() Experiment { return &counting{Steps: 4000, Seeds: 5, Units: 8, LR: 0.02, Most: 20, Tried: 200} },
	},
	{
		Name:  "cross-entropy",
		About: "cross-entropy is entropy plus divergence; a sigmoid under a square loss does not learn from its worst mistakes",
		Paper: "Golik, Doetsch and Ney 2013",
		New:   func() Experiment { return &crossEntropy{Distributions: 1000, Steps: 300} },
	},
	{
		Name: "gating", About: "how long recurrent nets learn to remember one bit: Elman, a forget gate alone, GRU, LSTM",
		Paper: "Hochreiter and Schmidhuber 1997; Gers et al. 2000; Cho et al. 2014",
		New:   func() Experiment { return &gating{Steps: 400, Seeds: 5, Units: 16, LR: 0.005, Most: 160} },
	},
	{
		Name: "gradient-descent", About: "all examples a step, some, or one, by the same number of examples seen",
		Paper: "Robbins and Monro 1951",
		New:   func() Experiment { return &gradientDescent{Examples: 2048, Passes: 4, Seeds: 3} },
	},
	{
		Name: "gradients-through-time", About: "what is left of a gradient many steps back, by how a recurrent net begins, and what clipping mends",
		Paper: "Pascanu et al. 2013; Le, Jaitly and Hinton 2015",
		New:   func() Experiment { return &gradientsThroughTime{Units: 64, Steps: 100, Seeds: 10, Limit: 1} },
	},
	{
		Name: "initialization", About: "what becomes of a signal and its gradient through many layers, by the way the weights " +
			"are drawn",
		Paper: "Glorot and Bengio 2010; He et al. 2015",
		New:   func() Experiment { return &initialization{Width: 128, Seeds: 3} },
	},
	{
		Name: "line-search", About: "searches along lines on standard problems, and for a network, with its deep and " +
			"overfitted minimum",
		Paper: "Nocedal and Wright 2006; Bottou, Curtis and Nocedal 2018",
		New:   func() Experiment { return &lineSearch{Examples: 1000, Passes: 150, Starts: 100} },
	},
	{
		Name: "lstm-memory", About: "adding, repeating and timing: an Elman net, an LSTM, and one with peepholes; its gates over time",
		Paper: "Hochreiter and Schmidhuber 1997; Gers et al. 2002",
		New: func() Experiment {
			return &lstmMemory{Steps: 2500, Seeds: 3, Units: 24, LR: 0.01, Length: 40, Pause: 30, Beat: 12}
		},
	},
	{
		Name: "markov", About: "foretelling a letter by the letters before: counts, a network of so many letters, an LSTM that reads all",
		Paper: "Shannon 1951; Bengio et al. 2003; Mikolov et al. 2010",
		New:   func() Experiment { return &markov{Steps: 2000, Units: 256, LR: 0.005, Longest: 8} },
	},
	{
		Name: "momentum", About: "steps to the minimum of a valley, by how narrow it is",
		Paper: "Polyak 1964; Nesterov 1983",
		New:   func() Experiment { return &momentum{Dimensions: 20, Greatest: 10000, Tolerance: 1e-6} },
	},
	{
		Name: "normalization", About: "how large a learning rate a deep network bears, by its normalization",
		Paper: "Ioffe and Szegedy 2015",
		New:   func() Experiment { return &normalization{Depth: 10, Steps: 150, Seeds: 3} },
	},
	{
		Name: "optimizers", About: "six methods on digits, with equally tuned learning rates",
		Paper: "Schmidt, Schneider and Hennig 2021",
		New:   func() Experiment { return &optimizers{Steps: 250, Seeds: 3, Budget: "small"} },
	},
	{
		Name: "schedules", About: "courses of the learning rate, with the same method and number of steps",
		Paper: "Loshchilov and Hutter 2017; Smith and Topin 2018",
		New:   func() Experiment { return &schedules{Steps: 400, Seeds: 5, LR: 0.004} },
	},
	{
		Name: "transfer", About: "few pictures: a network that knows ImageNet, all of it or its head, against one from its beginning",
		Paper: "Yosinski et al. 2014",
		New:   func() Experiment { return &transfer{Data: "all", Seeds: 3, Minutes: 0.3, Side: 96} },
	},
}

// ByName returns a study.
func ByName(name string) (Study, error) {
	names := make([]string, len(All))
	for i, s := range All {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	return Study{}, near.Unknown("study", "studies", name, names)
}

// Check refuses settings that no experiment can have: all whole numbers are counts, all others are positive.
func Check(settings any) error {
	for _, s := range recipe.Settings(settings) {
		switch v := s.Value.(type) {
		case int:
			if v < 1 {
				return &recipe.BadSetting{Key: s.Key, Value: fmt.Sprint(v), Problem: "there must be one at least"}
			}
		case float64:
			if !(v > 0) || math.IsInf(v, 0) {
				return &recipe.BadSetting{Key: s.Key, Value: fmt.Sprint(v), Problem: "it must be positive"}
			}
		}
	}
	return nil
}
