package tensor

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A profiled pass knows how long operations take, forward and backward, and only what came after Profile.
func TestProfile(t *testing.T) {
	p := Recording(rand.New(rand.NewPCG(1, 2)))
	defer p.End()
	x := p.Var(New(3))
	slow := func(x *Tensor) *Tensor {
		time.Sleep(2 * time.Millisecond)
		y := p.Values(x.Data(), 3)
		p.Op("slow", func(b *Back) {
			time.Sleep(3 * time.Millisecond)
			b.Give(0, b.G(0))
		}, []*Tensor{y}, []*Tensor{x})
		return y
	}
	y := slow(x)
	p.Profile()
	y = slow(y).Sum()
	Grad(y, x)
	all := p.Operations()
	if all[0].Forward != 0 {
		t.Errorf("an operation before Profile took %v", all[0].Forward)
	}
	for i, least := range []time.Duration{2 * time.Millisecond, 0} {
		if got := all[i+1].Forward; got < least || got == 0 {
			t.Errorf("%s took %v, at least %v were slept", all[i+1].Name, got, least)
		}
	}
	if got := all[1].Backward; got < 3*time.Millisecond {
		t.Errorf("the derivative took %v, 3 ms were slept", got)
	}
}
