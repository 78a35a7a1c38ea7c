package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
)

// parrot returns a training on a text in which every fourth token says what the next three are.
func parrot(epochs int) *Language {
	words := []text.Held{{0, 4, 5, 6}, {1, 5, 4, 4}, {2, 6, 6, 5}, {3, 4, 6, 4}}
	r := rand.New(rand.NewPCG(1, 2))
	ids := func(n int) text.Held {
		var out text.Held
		for range n {
			out = append(out, words[r.IntN(len(words))]...)
		}
		return out
	}
	m := sequence.NewLanguage(NewStream(3, "weights").Rand(), sequence.LanguageSize{Cell: "lstm", Width: 8, Hidden: 12, Layers: 1, Dropout: .1}, 7)
	return NewLanguage(m, &text.Streams{IDs: ids(160), N: 4, T: 6}, &text.Streams{IDs: ids(60), N: 2, T: 9}, Fitting{
		State:    State{Optimizer: optim.NewAdam(nn.Params(m), .02), Random: NewStream(3, "dropout")},
		Schedule: optim.Constant{LR: .02}, Epochs: epochs, Clip: 1,
	})
}

// Three of four tokens follow from what came before them; of the fourth ln 4 nats are left.
func TestLanguageLearns(t *testing.T) {
	l := parrot(8)
	judged := 0
	l.EachEpoch = func(int) error { judged++; return nil }
	if err := l.Run(context.Background(), newRun(t), nil); err != nil {
		t.Fatal(err)
	}
	if least := math.Log(4) / 4; l.BestLoss < least || l.BestLoss > 1.5*least {
		t.Errorf("the loss is %.3f, want a little more than %.3f", l.BestLoss, least)
	}
	if judged != 8 {
		t.Errorf("EachEpoch was called %d times", judged)
	}
}

// What is carried from batch to batch is saved: a run that is stopped in the middle of a text goes on there.
func TestLanguageResumed(t *testing.T) {
	whole := newRun(t)
	if err := parrot(2).Run(context.Background(), whole, nil); err != nil {
		t.Fatal(err)
	}
	want := read(t, whole, "weights/last.safetensors")
	run := newRun(t)
	err := parrot(2).Run(&ticking{context.Background(), 5}, run, nil)
	stops := 0
	for ; errors.Is(err, ErrInterrupted); stops++ {
		l := parrot(2)
		if err := l.Resume(run); err != nil {
			t.Fatal(err)
		}
		err = l.Run(&ticking{context.Background(), 5}, run, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if stops < 5 {
		t.Errorf("it was stopped %d times", stops)
	}
	if !bytes.Equal(read(t, run, "weights/last.safetensors"), want) {
		t.Error("the last weights are others than those of an uninterrupted run")
	}
}
