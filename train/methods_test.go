package train

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
)

// Whatever a method remembers is in the state: a run that is stopped and resumed ends as one that was not, byte for byte, with every
// method and with a schedule that remembers.
func TestResumedWithEveryMethod(t *testing.T) {
	for _, m := range optim.Methods {
		t.Run(m.Name, func(t *testing.T) {
			made := func() *Supervised {
				s := small(3)
				s.Optimizer = m.New(nn.Params(s.Model), optim.Settings{LR: m.LR, Momentum: .9, Decay: .01})
				s.Schedule, s.Plateau = optim.Constant{LR: m.LR}, &optim.Plateau{LR: 1, Factor: .5}
				return s
			}
			whole := newRun(t)
			if err := made().Run(context.Background(), whole, nil); err != nil {
				t.Fatal(err)
			}
			want := read(t, whole, "weights/last.safetensors")
			run := newRun(t)
			err := made().Run(&ticking{context.Background(), 7}, run, nil)
			if !errors.Is(err, ErrInterrupted) {
				t.Fatalf("it was not interrupted: %v", err)
			}
			for errors.Is(err, ErrInterrupted) {
				s := made()
				if err := s.Resume(run); err != nil {
					t.Fatal(err)
				}
				err = s.Run(&ticking{context.Background(), 21}, run, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(read(t, run, "weights/last.safetensors"), want) {
				t.Error("the last weights are others than those of an uninterrupted run")
			}
		})
	}
}
