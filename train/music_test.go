package train

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hadal-go/hadal/data/polyphonic"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
)

// scales returns a training on pieces in which each frame is the key above the one before, from any key on.
func scales(epochs int) *Music {
	pieces := func(n int) (rolls []polyphonic.Roll) {
		for i := range n {
			roll := make(polyphonic.Roll, (8+i%5)*polyphonic.Keys)
			for t := range roll.Len() {
				roll.Frame(t)[(7*i+t)%12] = 1
			}
			rolls = append(rolls, roll)
		}
		return rolls
	}
	net := sequence.NewTCNMusic(NewStream(3, "weights").Rand(), polyphonic.Keys, []int{16}, 2, .1)
	return NewMusic(net, &polyphonic.Batches{Set: pieces(48), Size: 3, Shuffle: true}, &polyphonic.Batches{Set: pieces(12), Size: 1}, Fitting{
		State:    State{Optimizer: optim.NewAdam(nn.Params(net), .02), Random: NewStream(3, "dropout")},
		Schedule: optim.Constant{LR: .02}, Epochs: epochs, Clip: 1, SaveRest: time.Hour, // pictures take longer than these epochs
	})
}

// What follows from the frame before is learned to the last key, of pieces of different lengths in a batch.
func TestMusicLearns(t *testing.T) {
	m := scales(20)
	judged := 0
	m.EachEpoch = func(int) error { judged++; return nil }
	if err := m.Run(context.Background(), newRun(t), nil); err != nil {
		t.Fatal(err)
	}
	if last := m.Rows[len(m.Rows)-1]; m.BestLoss > .5 || last.Accuracy < .9 {
		t.Errorf("the loss is %.3f, and %.2f of the frames are told right", m.BestLoss, last.Accuracy)
	}
	if judged != 20 {
		t.Errorf("EachEpoch was called %d times", judged)
	}
}

// A run that is stopped again and again leaves the same weights as one that is not.
func TestMusicResumed(t *testing.T) {
	whole := newRun(t)
	if err := scales(2).Run(context.Background(), whole, nil); err != nil {
		t.Fatal(err)
	}
	run := newRun(t)
	err := scales(2).Run(&ticking{context.Background(), 5}, run, nil)
	stops := 0
	for ; errors.Is(err, ErrInterrupted); stops++ {
		m := scales(2)
		if err := m.Resume(run); err != nil {
			t.Fatal(err)
		}
		err = m.Run(&ticking{context.Background(), 5}, run, nil)
	}
	if err != nil || stops < 4 {
		t.Fatalf("it was stopped %d times, then: %v", stops, err)
	}
	if !bytes.Equal(read(t, run, "weights/last.safetensors"), read(t, whole, "weights/last.safetensors")) {
		t.Error("the last weights are others than those of an uninterrupted run")
	}
}
