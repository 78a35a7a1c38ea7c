package recipe

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/train"
)

// menu is a text in which what is eaten stands beside eating, and what is drunk beside drinking.
func menu(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	food, drinks := []string{"bread", "cheese", "soup", "fish"}, []string{"water", "milk", "wine", "tea"}
	for i := range 400 {
		b.WriteString("eat " + food[i%4] + " and " + food[(i/4)%4] + "\n" + "drink " + drinks[i%4] + " or " + drinks[(i/4)%4] + "\n")
	}
	path := filepath.Join(t.TempDir(), "menu.txt")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEmbeddings(t *testing.T) {
	for _, model := range []string{"skipgram", "cbow"} {
		settings := map[string]string{
			"data": menu(t), "model": model, "width": "8", "epochs": "12", "min_count": "1", "sample": "0", "lr": "0.05", "window": "3",
		}
		run := newRun(t)
		m, err := prepared(t, "word2vec-shakespeare", 1, settings).Train(context.Background(), run, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m["test/loss"] > 3.5 {
			t.Errorf("%s: the loss is %.3f", model, m["test/loss"])
		}
		for _, name := range []string{"curves.png", "vectors.txt", "neighbours.csv"} {
			if len(file(t, run, name)) == 0 {
				t.Errorf("%s is empty", name)
			}
		}
		r, _ := ByName("word2vec-shakespeare")
		j := r.New()
		word := func(s string) Input { return Input{s, func() (io.ReadCloser, error) { return nil, fs.ErrNotExist }} }
		var near []string
		err = j.Predict(context.Background(), run, []Input{word("Bread"), word("chese")}, func(a Answer) error {
			for _, s := range a.Scores[:3] {
				near = append(near, s.Class)
			}
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "did you mean cheese") {
			t.Errorf("of a slip the error is %v", err)
		}
		for _, n := range near {
			if strings.Contains("water milk wine tea drink or", n) {
				t.Errorf("%s: among the nearest to bread are %v", model, near)
				break
			}
		}
		again := newRun(t)
		if _, err := prepared(t, "word2vec-shakespeare", 1, settings).Train(&countdown{context.Background(), 3}, again, nil); err != train.ErrInterrupted {
			t.Fatal(err)
		}
		other := prepared(t, "word2vec-shakespeare", 1, settings)
		if err := other.Resume(again); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Train(context.Background(), again, nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file(t, run, "weights/last.safetensors"), file(t, again, "weights/last.safetensors")) {
			t.Errorf("%s: the vectors are others than those of an uninterrupted run", model)
		}
	}
}
