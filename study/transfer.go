package study

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/recipe"
	"github.com/hadal-go/hadal/train"
)

// transfer trains by the recipe finetune on few pictures: a network that knows ImageNet, all of it or its head alone, and a small one
// from its beginning, for the same time.
type transfer struct {
	Data    string  `yaml:"data" help:"which pictures" oneof:"all tiny faces cells"`
	Seeds   int     `yaml:"seeds" help:"draws of the pictures"`
	Minutes float64 `yaml:"minutes" help:"what each training may take on two cores"`
	Side    int     `yaml:"side" help:"pixels a side of what the pretrained network sees"`
}

func (t *transfer) Settings() any { return t }

// transferWays are the ways to train, with the settings of the recipe.
var transferWays = []struct {
	name     string
	settings []string
}{
	{"fine-tuned", nil},
	{"frozen", []string{"freeze=30", "epochs=30"}},
	{"scratch", []string{"weights=none"}},
}

func (t *transfer) Run(ctx context.Context, l *Lab) (*Finding, error) {
	sets := []struct {
		name, title string
		load        func(context.Context, *Lab) (*examples, error)
	}{
		{"tiny", "ten classes of Tiny ImageNet", tinyExamples}, {"faces", "faces and streets", faceExamples},
		{"cells", "blood cells", cellExamples},
	}
	var charts []plot.Chart
	var rows [][]any
	numbers := train.Metrics{}
	ahead, of := 0, 0 // with 5 and 20 pictures: where fine-tuning is better than from scratch
	for _, set := range sets {
		if t.Data != "all" && t.Data != set.name {
			continue
		}
		e, err := set.load(ctx, l)
		if err != nil {
			return nil, err
		}
		chart := plot.Chart{
			Title: set.title, X: "pictures a class", Y: fmt.Sprintf("test accuracy, mean and deviation of %d", t.Seeds), LogX: true,
		}
		for _, way := range transferWays {
			s := plot.Series{Name: way.name}
			for _, n := range []int{5, 20, 100} {
				var accuracies []float64
				for seed := range t.Seeds {
					a, err := t.once(ctx, l, e, n, uint64(seed), way.settings)
					if err != nil {
						return nil, fmt.Errorf("%s, %s: %w", set.name, way.name, err)
					}
					accuracies = append(accuracies, a)
					rows = append(rows, []any{set.name, n, way.name, seed, a})
				}
				m, d := metric.MeanStd(accuracies)
				s.X, s.Y, s.Low, s.High = append(s.X, float64(n)), append(s.Y, m), append(s.Low, m-d), append(s.High, m+d)
				numbers[fmt.Sprintf("%s/%d/%s", set.name, n, way.name)] = m
				l.Say("%-6s %3d a class  %-10s  %.1f ± %.1f %%\n", set.name, n, way.name, 100*m, 100*d)
			}
			chart.Series = append(chart.Series, s)
		}
		for _, n := range []int{5, 20} {
			of++
			if numbers[fmt.Sprintf("%s/%d/fine-tuned", set.name, n)] > numbers[fmt.Sprintf("%s/%d/scratch", set.name, n)] {
				ahead++
			}
		}
		charts = append(charts, chart)
	}
	if err := l.Chart("transfer.png", charts...); err != nil {
		return nil, err
	}
	if err := l.Table("transfer.csv", []string{"data", "pictures a class", "way", "seed", "accuracy"}, rows); err != nil {
		return nil, err
	}
	return &Finding{
		Claim: "With few pictures a network that was trained on ImageNet and is fine-tuned beats one that is trained from its beginning for as long.",
		Protocol: fmt.Sprintf("Recipe finetune with minutes=%g, 5, 20 and 100 pictures a class, %d draws of them, the same test pictures for all: "+
			"ten classes of Tiny ImageNet (which are pictures of ImageNet, so that the weights have seen them), faces against streets (easy), "+
			"and blood cells (far from ImageNet). Frozen: the head alone learns.", t.Minutes, t.Seeds),
		Outcome: fmt.Sprintf("With 5 and 20 pictures fine-tuning is ahead in %d of %d cases. %s", ahead, of, t.inWords(numbers)),
		Held:    ahead == of, Numbers: numbers,
	}, nil
}

// inWords lists the accuracies with 5 and with 100 pictures a class.
func (t *transfer) inWords(numbers train.Metrics) string {
	s := ""
	for _, set := range []string{"tiny", "faces", "cells"} {
		if t.Data != "all" && t.Data != set {
			continue
		}
		at := func(n int, way string) float64 { return 100 * numbers[fmt.Sprintf("%s/%d/%s", set, n, way)] }
		s += fmt.Sprintf("%s: %.0f, %.0f and %.0f %% (fine-tuned, frozen, scratch) with 5 pictures, %.0f, %.0f and %.0f with 20, %.0f, %.0f and %.0f with 100. ", set,
			at(5, "fine-tuned"), at(5, "frozen"), at(5, "scratch"), at(20, "fine-tuned"), at(20, "frozen"), at(20, "scratch"),
			at(100, "fine-tuned"), at(100, "frozen"), at(100, "scratch"))
	}
	return s
}

// once trains on n pictures a class and returns the accuracy on the test pictures.
func (t *transfer) once(ctx context.Context, l *Lab, e *examples, n int, seed uint64, settings []string) (float64, error) {
	folder := l.Folder.Path("pictures")
	defer os.RemoveAll(folder)
	if err := e.write(folder, n, seed); err != nil {
		return 0, err
	}
	r, err := recipe.ByName("finetune")
	if err != nil {
		return 0, err
	}
	settings = append([]string{"data=" + folder, fmt.Sprintf("minutes=%g", t.Minutes), "pictures=100000"}, settings...)
	if !slices.Contains(settings, "weights=none") {
		settings = append(settings, fmt.Sprintf("side=%d", t.Side))
	}
	j, err := r.Job(settings)
	if err != nil {
		return 0, err
	}
	if err := j.Prepare(ctx, recipe.Workplace{Recipe: r.Name, Seed: seed, Source: l.Source}); err != nil {
		return 0, err
	}
	trained := l.Folder.Path("training")
	defer os.RemoveAll(trained)
	if err := os.MkdirAll(filepath.Join(trained, "examples"), 0o755); err != nil {
		return 0, err
	}
	run, err := train.Folder(trained)
	if err != nil {
		return 0, err
	}
	m, err := j.Train(ctx, run, nil)
	return m["test/accuracy"], err
}

// write makes a folder of n pictures a class to learn from, which the seed draws, and of as many to test on as make 300 in all.
func (e *examples) write(folder string, n int, seed uint64) error {
	for _, class := range slices.Sorted(maps.Keys(e.learn)) {
		learn := some(rand.New(rand.NewPCG(seed, 2)), e.learn[class], n)
		test := some(rand.New(rand.NewPCG(0, 3)), e.test[class], 300/len(e.learn))
		for part, pictures := range map[string][]data.Picture{"train": learn, "test": test} {
			if err := os.MkdirAll(filepath.Join(folder, part, class), 0o755); err != nil {
				return err
			}
			for i, p := range pictures {
				if err := plot.WritePNG(filepath.Join(folder, part, class, fmt.Sprintf("%03d.png", i)), p.Image()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
