package recipe

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/data/textset"
	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// praise is a job on made sentences: those with "good" praise, unless it is "not good".
func praise(t *testing.T) *Sentiment {
	t.Helper()
	r, err := ByName("sentiment-sst2")
	if err != nil {
		t.Fatal(err)
	}
	s := r.New().(*Sentiment)
	s.Width, s.Hidden, s.Layers, s.Epochs, s.Dropout, s.LR, s.Batch, s.MinCount = 12, 12, 1, 6, 0, .02, 8, 1
	for i := range 240 {
		words := []string{"the", "film", "is", "long", "a", "plot", "of", "it"}
		sentence := strings.Join(words[:1+i%7], " ")
		e := textset.Sentence{Line: i + 1}
		switch i % 3 {
		case 0:
			e.Text, e.Label = sentence+" good", 1
		case 1:
			e.Text = "not good " + sentence
		case 2:
			e.Text = sentence + " bad"
		}
		part := max(0, i%5-2)
		s.sentences[part] = append(s.sentences[part], e)
	}
	if err := s.prepare(Workplace{Recipe: r.Name, Seed: 3}, source.Source{Name: "made", Classes: []string{"negative", "positive"}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSentimentOnMadeSentences(t *testing.T) {
	run := newRun(t)
	m, err := praise(t).Train(context.Background(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m["test/accuracy"] < .95 {
		t.Errorf("%.0f %% of the sentences are told right", 100*m["test/accuracy"])
	}
	if a := m["test/bag-of-words/accuracy"]; a < .6 {
		t.Errorf("a bag of words tells %.0f %% right", 100*a)
	}
	for _, name := range []string{"curves.png", "confusion_matrix.png", "mistakes.csv", "tokenizer.json"} {
		if len(file(t, run, name)) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	r, _ := ByName("sentiment-sst2")
	j := r.New()
	input := func(s string) Input {
		return Input{"text", func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }}
	}
	var said []string
	err = j.Predict(context.Background(), run, []Input{input("The film is good\n\nnot good the film\n"), input("\n")}, func(a Answer) error {
		said = append(said, a.Input+": "+a.Scores[0].Class)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "there is no sentence in it") {
		t.Errorf("of an input without a sentence the error is %v", err)
	}
	if want := "the film is good: positive; not good the film: negative"; strings.Join(said, "; ") != want {
		t.Errorf("it says %q, want %q", strings.Join(said, "; "), want)
	}
	own := filepath.Join(t.TempDir(), "own.tsv")
	if err := os.WriteFile(own, []byte("the film is bad\t0\nit good\t1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if m, err := j.Evaluate(context.Background(), run, Own{Folder: own}); err != nil || m["test/accuracy"] != 1 {
		t.Errorf("on sentences of one's own it has %v (%v)", m["test/accuracy"], err)
	}
	if err := os.WriteFile(own, []byte("the film is bad\tno\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Evaluate(context.Background(), run, Own{Folder: own}); err == nil || !strings.Contains(err.Error(), "own.tsv") {
		t.Errorf("of a broken file the error is %v", err)
	}
}

// The first 200 losses are those of PyTorch, whose sentences are packed; see internal/fixture/_gen/language.py.
func TestFirstLossesOfSentimentAreThoseOfPyTorch(t *testing.T) {
	want := fixture.Open(t, "language.safetensors").Tensor(t, "sentence").Data()
	const kinds, n, steps = 13, 8, 6
	s := &Sentiment{SentimentSettings: SentimentSettings{
		Cell: "lstm", Width: 12, Hidden: 10, Layers: 2, Batch: n, Epochs: len(want), LR: .004, WeightDecay: .01, Clip: 1,
	}, parts: [3]text.Sequences{make(text.Sequences, n)}}
	s.card = sentimentCard{Classes: []string{"a", "b"}, Tokens: kinds, Network: s.SentimentSettings}
	s.net = s.build(train.NewStream(0, "weights"))
	fill(s.net)
	loop, params, worst := s.fitting(), nn.Params(s.net), 0.0
	for step := range want {
		ids, lengths, labels := make([]int, n*steps), make([]int, n), make([]int, n)
		for i := range ids {
			ids[i] = int((mixed(step*n*steps+i) + 1) / 2 * kinds)
		}
		for i := range n {
			lengths[i], labels[i] = 1+(step+5*i)%steps, (step+i)%2
		}
		p := tensor.Training(nil)
		loss := nn.CrossEntropy(s.net.Forward(p, ids, n, lengths), labels)
		got := float64(loss.Item())
		grads := tensor.Grad(loss, params...)
		optim.ClipNorm(grads, s.Clip)
		loop.Optimizer.SetLR(loop.Schedule.At(step))
		loop.Optimizer.Step(grads)
		p.End()
		worst = max(worst, offBy(t, step, got, float64(want[step]), 60, .1))
	}
	t.Logf("%d losses, off by %.2g at most", len(want), worst)
}

func TestSentimentResumes(t *testing.T) {
	whole := newRun(t)
	if _, err := praise(t).Train(context.Background(), whole, nil); err != nil {
		t.Fatal(err)
	}
	run := newRun(t)
	if _, err := praise(t).Train(&countdown{context.Background(), 50}, run, nil); err != train.ErrInterrupted {
		t.Fatal(err)
	}
	s := praise(t)
	if err := s.Resume(run); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Train(context.Background(), run, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file(t, run, "weights/last.safetensors"), file(t, whole, "weights/last.safetensors")) {
		t.Error("the last weights are others than those of an uninterrupted run")
	}
}

// The gradient of the logistic regression is that of finite differences, and a word that is only in one class decides.
func TestBagOfWords(t *testing.T) {
	f := &logistic{bags: [][]int{{0, 1}, {1, 2}, {2}}, labels: []float64{1, 0, 0}, lambda: .3}
	w, g := []float64{.1, -.2, .4, .3}, make([]float64, 4)
	f.Gradient(g, w)
	for i := range w {
		const h = 1e-6
		up, down := append([]float64(nil), w...), append([]float64(nil), w...)
		up[i], down[i] = w[i]+h, w[i]-h
		if want := (f.Value(up) - f.Value(down)) / (2 * h); math.Abs(g[i]-want) > 1e-6 {
			t.Errorf("derivative %d is %v, want %v", i, g[i], want)
		}
	}
	texts := text.Sequences{{IDs: []int{0, 1, 1}, Label: 1}, {IDs: []int{2, 1}}, {IDs: []int{0}, Label: 1}, {IDs: []int{2}}}
	if a := fitBag(3, texts, texts).accuracy(texts); a != 1 {
		t.Errorf("%.0f %% are told right", 100*a)
	}
}

func TestSentimentLearns(t *testing.T) {
	if os.Getenv("HADAL_SLOW") == "" || os.Getenv("HADAL_DATA") == "" {
		t.Skip("HADAL_SLOW or HADAL_DATA is not set")
	}
	run := newRun(t)
	settings := map[string]string{"epochs": "4"}
	m, err := prepared(t, "sentiment-sst2", 0, settings).Train(context.Background(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m["test/accuracy"] < .72 || m["test/bag-of-words/accuracy"] < .75 {
		t.Errorf("accuracy %.3f, of a bag of words %.3f", m["test/accuracy"], m["test/bag-of-words/accuracy"])
	}
}
