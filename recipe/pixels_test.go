package recipe

import (
	"context"
	"io"
	"os"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

// A temporal convolutional network learns digits of 7×7 pixel by pixel in seconds, and predicts on digits as they come.
func TestPixelsLearn(t *testing.T) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	settings := map[string]string{
		"side": "7", "levels": "3", "hidden": "16", "kernel": "5", "epochs": "2", "fraction": "0.08", "validation": "500", "lr": "0.01",
	}
	run := newRun(t)
	j := prepared(t, "seqmnist-tcn", 0, settings)
	m, err := j.Train(context.Background(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m["test/accuracy"] < .5 {
		t.Errorf("accuracy %.3f, want .5", m["test/accuracy"])
	}
	if model, input := j.Model(); input[1] != 7 || input[2] != 7 || model == nil {
		t.Errorf("the input is %v", input)
	}
	r, err := ByName("seqmnist-tcn")
	if err != nil {
		t.Fatal(err)
	}
	fresh := r.New()
	for key, value := range settings {
		if err := Set(fresh.Settings(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	examples, err := os.ReadDir(run.Path("examples"))
	if err != nil || len(examples) < 10 {
		t.Fatalf("there are %d examples (%v)", len(examples), err)
	}
	var inputs []Input
	for _, e := range examples {
		path := run.Path("examples", e.Name())
		inputs = append(inputs, Input{e.Name(), func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	right := 0
	err = fresh.Predict(context.Background(), run, inputs, func(a Answer) error {
		if a.Scores[0].Class == a.Input[:1] {
			right++
		}
		return nil
	})
	if err != nil || right < len(inputs)/3 {
		t.Errorf("%d of %d examples are told right (%v)", right, len(inputs), err)
	}
	for _, bad := range [][2]string{{"side", "10"}, {"hidden", "0"}, {"levels", "0"}, {"kernel", "1"}, {"epochs", "0"}} {
		j := pixelReader("tcn")
		if err := Set(j.Settings(), bad[0], bad[1]); err != nil {
			t.Fatal(err)
		}
		if err := j.check(); err == nil {
			t.Errorf("check of %s=%s succeeded", bad[0], bad[1])
		}
	}
}
