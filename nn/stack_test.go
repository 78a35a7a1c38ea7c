package nn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/tensor"
)

// torchStacks are the stacks of the cases in nn.safetensors.
var torchStacks = map[string]*Stack{
	"stack_lstm":      NewStack(source(), StackSize{In: 2, Hidden: 3, Layers: 2}, NewLSTM),
	"stack_lstm_both": NewStack(source(), StackSize{In: 2, Hidden: 3, Layers: 2, Bidirectional: true}, NewLSTM),
	"stack_gru_both":  NewStack(source(), StackSize{In: 2, Hidden: 2, Layers: 1, Bidirectional: true}, NewGRU),
	"stack_rnn":       NewStack(source(), StackSize{In: 2, Hidden: 3, Layers: 3}, NewRNN),
}

func TestStackAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "nn.safetensors")
	for name, s := range torchStacks {
		t.Run(name, func(t *testing.T) {
			c := torchCase{t, f, name}
			leaves := c.load(s)
			p := tensor.Training(source())
			defer p.End()
			x := p.Var(c.tensor("x"))
			var state []*tensor.Tensor
			for i := range s.cells() {
				for _, part := range []string{"h", "c"} {
					if n := fmt.Sprintf("%s.%d", part, i); f.Has(name + "/" + n) {
						v := p.Var(c.tensor(n))
						state, leaves = append(state, v), append(leaves, Leaf{Name: n, Tensor: v})
					}
				}
			}
			var lengths []int
			if f.Has(name + "/lengths") {
				lengths = c.ints("lengths")
			}
			y, last := s.RunLengths(x, lengths, state)
			all := each(append([]*tensor.Tensor{y}, last...), func(v *tensor.Tensor) *tensor.Tensor { return v.Reshape(-1) })
			y = tensor.Concat(0, all...)
			c.close("y", y)
			c.derivatives(x, y, leaves)
		})
	}
}

// Neither what follows a sequence nor how much of it changes anything.
func TestStackPadding(t *testing.T) {
	r := source()
	s := NewStack(r, StackSize{In: 3, Hidden: 4, Layers: 2, Bidirectional: true}, NewLSTM)
	lengths := []int{4, 0, 2, 4}
	short := normal(r, 4, 4, 3)
	long := tensor.New(4, 7, 3)
	for i := range long.Edit() {
		long.Edit()[i] = tensor.Float(math.NaN())
	}
	for n, length := range lengths {
		copy(long.Edit()[n*7*3:], short.Data()[n*4*3:][:length*3])
		for i := length * 3; i < 4*3; i++ {
			short.Edit()[n*4*3+i] = 1e9
		}
	}
	run := func(x *tensor.Tensor) (y, g []tensor.Float, last []*tensor.Tensor) {
		p := tensor.Recording(nil)
		defer p.End()
		in := p.Var(x)
		out, ends := s.RunLengths(in, lengths, s.Begin(p, 4))
		grad := tensor.Grad(out.Slice(1, 0, 4).Square().Sum(), in)[0]
		for _, v := range ends {
			last = append(last, v.Clone())
		}
		t := x.Dim(1)
		for n := range lengths {
			y = append(y, out.Data()[n*t*8:][:4*8]...)
			g = append(g, grad.Data()[n*t*3:][:4*3]...)
			for i, v := range grad.Data()[(n*t+lengths[n])*3 : (n+1)*t*3] {
				if v != 0 {
					return nil, nil, []*tensor.Tensor{tensor.Of([]tensor.Float{tensor.Float(i)}, 1)}
				}
			}
		}
		return y, g, last
	}
	y, g, last := run(short)
	y2, g2, last2 := run(long)
	if y == nil || y2 == nil {
		t.Fatal("what follows a sequence has a gradient")
	}
	if !slices.Equal(y, y2) || !slices.Equal(g, g2) {
		t.Error("outputs or gradients depend on what follows a sequence")
	}
	for i := range last {
		if !slices.Equal(last[i].Data(), last2[i].Data()) {
			t.Errorf("state %d depends on what follows a sequence", i)
		}
		if h := last[i].Dim(1); slices.ContainsFunc(last[i].Data()[h:2*h], func(v tensor.Float) bool { return v != 0 }) {
			t.Errorf("state %d of a sequence of no step is not the one it began with", i)
		}
	}
}

func TestStackRefuses(t *testing.T) {
	s := NewStack(source(), StackSize{In: 3, Hidden: 4, Layers: 2}, NewGRU)
	p := tensor.Inference()
	defer p.End()
	x := p.Zeros(2, 5, 3)
	for want, f := range map[string]func(){
		"nn: Stack: 1 lengths of 2 sequences":                                  func() { s.RunLengths(x, []int{1}, s.Begin(p, 2)) },
		"nn: Stack: sequence 1 has 6 of 5 steps":                               func() { s.RunLengths(x, []int{1, 6}, s.Begin(p, 2)) },
		"nn: Stack: a state of too few tensors: it is that of another network": func() { s.Run(x, s.Begin(p, 2)[:1]) },
		"nn: NewStack: 0 layers: want one at least": func() {
			NewStack(rand.New(rand.NewPCG(1, 1)), StackSize{In: 1, Hidden: 1}, NewRNN)
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("it says %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

func TestForgetBias(t *testing.T) {
	for name, c := range map[string]struct {
		l     *Recurrent
		first int // of the forget gate's rows
	}{
		"LSTM": {&NewLSTM(source(), 2, 3).ForgetBias(1).Recurrent, 3}, "GRU": {&NewGRU(source(), 2, 3).ForgetBias(1).Recurrent, 3},
		"forget gate": {&NewForgetGate(source(), 2, 3).ForgetBias(1).Recurrent, 0},
		"peepholes":   {&NewPeepholeLSTM(source(), 2, 3).ForgetBias(1).Recurrent, 3},
	} {
		for i, b := range c.l.BiasIH.Data() {
			if forget := i >= c.first && i < c.first+3; (b+c.l.BiasHH.Data()[i] == 1) != forget {
				t.Errorf("%s: bias %d is %v", name, i, b+c.l.BiasHH.Data()[i])
			}
		}
	}
}
