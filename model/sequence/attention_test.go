package sequence

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

func openCase(t *testing.T, name string) torchCase {
	return torchCase{t, fixture.Open(t, "transformers.safetensors"), name}
}

// gradients compares those of s by the parameters of a network, and by x if there is one.
func (c torchCase) gradients(s *tensor.Tensor, net any, x *tensor.Tensor) {
	c.t.Helper()
	if x != nil {
		c.close("grad_x", tensor.Grad(s, x)[0])
	}
	grads := tensor.Grad(s, nn.Params(net)...)
	for l := range nn.Leaves(net) {
		g := grads[0]
		if l.Order != nil {
			g = g.Permute(l.Order...)
		}
		c.close("grad/"+l.Name, g)
		grads = grads[1:]
	}
}

// upstream is the sum that the fixtures differentiate.
func upstream(y *tensor.Tensor) *tensor.Tensor {
	g := tensor.New(y.Shape()...)
	for i := range g.Edit() {
		g.Edit()[i] = tensor.Float((7*i)%11-5) / 4
	}
	return y.Mul(g).Sum()
}

// attending is attention at a memory that is a parameter, whose second sequence is shorter than the first.
type attending struct {
	Attention any
	Memory    *tensor.Tensor
}

func TestSeq2SeqAttentionAgainstTorch(t *testing.T) {
	type attend func(x, memory *tensor.Tensor, lengths []int) (y, weights *tensor.Tensor)
	additive := NewBahdanauAttention(source(), 5, 4, 3)
	luong := func(m *LuongAttention) (any, attend) { return m, m.Attend }
	for name, begin := range map[string]func() (any, attend){
		"bahdanau": func() (any, attend) {
			return additive, func(x, memory *tensor.Tensor, lengths []int) (y, weights *tensor.Tensor) {
				return additive.Attend(x, memory, additive.Keys(memory), lengths)
			}
		},
		"luong_dot":     func() (any, attend) { return luong(NewLuongDot(source(), 4)) },
		"luong_general": func() (any, attend) { return luong(NewLuongGeneral(source(), 5, 4)) },
		"luong_concat":  func() (any, attend) { return luong(NewLuongConcat(source(), 5, 4)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := openCase(t, name)
			attention, attend := begin()
			m := attending{attention, tensor.Param(2, 4, 4)}
			c.load(m)
			run := func(memory *tensor.Tensor) *tensor.Tensor {
				p := tensor.Training(nil)
				defer p.End()
				x := p.Var(c.tensor("x"))
				y, weights := attend(x, p.Use(memory), []int{4, 2})
				c.close("y", y)
				c.close("weights", weights)
				c.gradients(upstream(y), attending{attention, memory}, x)
				return y.Clone()
			}
			want := run(m.Memory)
			for i := range 2 * 4 {
				m.Memory.Edit()[(4+2)*4+i] = 100 // padding
			}
			if got := run(m.Memory); !slices.Equal(got.Data(), want.Data()) {
				t.Error("padding changes the result")
			}
		})
	}
}

// A call that panics, and how.
func panics(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		if got := fmt.Sprint(recover()); !strings.HasPrefix(got, want) {
			t.Errorf("it panics with %q, want %q", got, want)
		}
	}()
	f()
}

func TestSequencesMustFit(t *testing.T) {
	p := tensor.Inference()
	defer p.End()
	m := NewLuongDot(source(), 2)
	panics(t, "sequence: LuongAttention: shapes [1 2 2] and [1 0 2] are not N×T×Q and N×S×F with a step at least", func() {
		m.Attend(p.Zeros(1, 2, 2), p.Zeros(1, 0, 2), nil)
	})
	gpt := NewGPT(source(), GPTSize{Context: 4, Width: 4, Heads: 1, Layers: 1}, 3)
	panics(t, "sequence: GPT: 0 words are not 1 sequences of one length of a word or more", func() { gpt.Forward(p, nil, 1) })
	panics(t, "sequence: GPT: a sequence of 5 tokens is longer than the context of 4", func() { gpt.Forward(p, make([]int, 5), 1) })
	panics(t, "sequence: GPT: 0 tokens do not go on with 2 sequences", func() { gpt.Step(p, gpt.Begin(2), nil) })
	transformer := NewTransformer(source(), nn.TransformerSize{Width: 4, Heads: 1, Hidden: 4}, 1, 3)
	panics(t, "sequence: Transformer: 0 words are not 1 sequences", func() { transformer.Forward(p, Pad([][]int{nil}, 0), Pad([][]int{{1}}, 0)) })
	panics(t, "sequence: TCN: shape [2 0 1] is not N×T×In with at least one step of 1 features", func() {
		NewTCN(source(), 1, []int{2}, 2, 0).Forward(p.Zeros(2, 0, 1))
	})
	panics(t, "sequence: NewTCN: there are 1 blocks with kernels of 1", func() { NewTCN(source(), 1, []int{2}, 1, 0) })
}
