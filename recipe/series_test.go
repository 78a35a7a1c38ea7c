package recipe

import (
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

func abs(x float64) float64 { return math.Abs(x) }

// Series of measurements are told apart after a few epochs, those of different lengths and several features too, and a run answers on
// what it has left.
func TestSeriesLearn(t *testing.T) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	if _, err := os.Stat(filepath.Join(os.Getenv("HADAL_DATA"), "ucr-time-series")); os.Getenv("HADAL_DATA") == "" || err != nil {
		t.Skip("HADAL_DATA names no folder with ucr-time-series")
	}
	for _, c := range []struct {
		recipe, series, epochs string
		least                  float64
	}{{"ucr-tcn", "ItalyPowerDemand", "15", .85}, {"ucr-lstm", "JapaneseVowels", "6", .6}} {
		run := newRun(t)
		j := prepared(t, c.recipe, 0, map[string]string{"series": c.series, "epochs": c.epochs, "hidden": "16"}).(*Series)
		m, err := j.Train(context.Background(), run, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m["test/accuracy"] < c.least {
			t.Errorf("%s on %s: accuracy %.3f, want %.2f", c.recipe, c.series, m["test/accuracy"], c.least)
		}
		for _, picture := range []string{"curves.png", "confusion_matrix.png", "series.png"} {
			if len(file(t, run, picture)) < 1000 {
				t.Errorf("%s is empty", picture)
			}
		}
		if s := j.Report(run, m); !strings.Contains(s.Result, c.series) || !strings.Contains(s.Result, "Published") {
			t.Errorf("the report is %q", s.Result)
		}
		r, err := ByName(c.recipe)
		if err != nil {
			t.Fatal(err)
		}
		fresh := r.New().(*Series)
		answers := 0
		text := string(file(t, run, "examples/"+j.exampleName(0)))
		err = fresh.Predict(context.Background(), run, []Input{
			{"good", func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }},
			{"bad", func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("1,2:3")), nil }},
		}, func(a Answer) error {
			if answers++; len(a.Scores) != len(j.card.Classes) || a.Scores[0].Probability < .3 {
				t.Errorf("the answer is %v", a)
			}
			return nil
		})
		if answers != 1 || err == nil || !strings.Contains(err.Error(), "bad: feature 2 has 1 values") {
			t.Errorf("there are %d answers, and the error %v", answers, err)
		}
		again, err := fresh.Evaluate(context.Background(), run, Own{Folder: filepath.Join(os.Getenv("HADAL_DATA"), "ucr-time-series", c.series, c.series+"_TEST.ts")})
		if err != nil || again["test/accuracy"] != m["test/accuracy"] {
			t.Errorf("Evaluate of the test as a file = %v, %v, want %v", again["test/accuracy"], err, m["test/accuracy"])
		}
	}
}
