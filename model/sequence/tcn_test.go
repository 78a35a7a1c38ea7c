package sequence

import (
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

func TestTCNAgainstTorch(t *testing.T) {
	c := openCase(t, "tcn")
	m := NewTCN(source(), 2, []int{3, 3, 4}, 3, 0)
	c.load(m)
	p := tensor.Training(nil)
	defer p.End()
	x := p.Var(c.tensor("x"))
	y := m.Forward(x)
	c.close("y", y)
	c.gradients(upstream(y), m, x)
}

// Step t depends on itself and the steps before it, as far as the receptive field reaches, and on no other.
func TestTCNIsCausal(t *testing.T) {
	m := NewTCN(source(), 2, []int{6, 6, 6}, 2, 0)
	field := m.ReceptiveField()
	if field != 1+2*(1+2+4) {
		t.Fatalf("the receptive field is %d, want 15", field)
	}
	nn.Apply(m, func(w *tensor.Tensor) { nn.Normal(source(), w, .3, .2) }) // so that no ReLU cuts everything off
	const steps, at = 40, 25
	x := tensor.New(1, steps, 2)
	nn.Normal(source(), x, .5, 1)
	p := tensor.Recording(nil)
	defer p.End()
	v := p.Var(x)
	g := tensor.Grad(m.Forward(v).Slice(1, at, at+1).Sum(), v)[0].Data()
	for s := range steps {
		sees := g[2*s] != 0 || g[2*s+1] != 0
		if want := s <= at && s > at-field; sees != want {
			t.Errorf("step %d depends on step %d: %v, want %v", at, s, sees, want)
		}
	}
}

// Step by step or in parts, a sequence gives what it gives as a whole.
func TestTCNSteps(t *testing.T) {
	m := NewTCN(source(), 3, []int{4, 5}, 3, .5)
	nn.Apply(m, func(w *tensor.Tensor) { nn.Normal(source(), w, 0, 1) })
	const n, steps = 2, 17
	x := tensor.New(n, steps, 3)
	nn.Normal(source(), x, 0, 1)
	for _, size := range []int{1, 5, steps} {
		state := m.Begin(n)
		for from := 0; from < steps; from += size {
			to := min(steps, from+size)
			p := tensor.Inference()
			want := m.Forward(p.Input(x)).Slice(1, from, to)
			got := m.Step(p.Input(x).Slice(1, from, to), state)
			fixture.Close(t, "steps", got.Data(), want.Data(), 1e-5)
			p.End()
		}
	}
	p := tensor.Inference()
	defer p.End()
	panics(t, "sequence: TCN: shape [1 1 3] does not go on with 2 sequences", func() { m.Step(p.Zeros(1, 1, 3), m.Begin(2)) })
}
