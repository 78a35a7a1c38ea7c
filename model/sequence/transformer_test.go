package sequence

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

func TestTransformerAgainstTorch(t *testing.T) {
	c := openCase(t, "translation")
	m := NewTransformer(source(), nn.TransformerSize{Width: 6, Heads: 2, Hidden: 8}, 2, 9)
	c.load(m)
	from := Padded{c.ints("ids"), c.ints("lengths")}
	to := Padded{c.ints("target"), c.ints("target_lengths")}
	p := tensor.Training(nil)
	defer p.End()
	c.close("y", m.Forward(p, from, to.part(0, 4)))
	loss := m.Loss(p, from, to, .1)
	c.close("loss", loss)
	c.gradients(loss, m, nil)
}

func TestGPTAgainstTorch(t *testing.T) {
	c := openCase(t, "gpt")
	m := NewGPT(source(), GPTSize{Context: 6, Width: 8, Heads: 2, Layers: 2}, 7)
	c.load(m)
	ids := c.ints("ids")
	p := tensor.Training(nil)
	defer p.End()
	y := m.Forward(p, ids, 2)
	c.close("y", y)
	loss := nn.CrossEntropy(y.Slice(1, 0, 5), slices.Concat(ids[1:6], ids[7:12]))
	c.close("loss", loss)
	c.gradients(loss, m, nil)
}

func TestGPTParameters(t *testing.T) {
	size := GPT2Small
	size.Layers = 1
	const layer = 7087872
	if _, n := nn.Count(NewGPT(nil, size, 50257)); n+11*layer != 124439808 {
		t.Errorf("GPT-2 has %d parameters, want 124439808", n+11*layer)
	}
}

// Token by token, a GPT gives the scores that it gives for the whole sequence, and goes on beyond its context.
func TestGPTSteps(t *testing.T) {
	for _, rotary := range []bool{false, true} {
		t.Run(fmt.Sprint("rotary ", rotary), func(t *testing.T) {
			const n, context, vocabulary = 2, 8, 11
			r := source()
			m := NewGPT(r, GPTSize{Context: context, Width: 16, Heads: 4, Layers: 2, Dropout: .3, Rotary: rotary}, vocabulary)
			nn.Apply(m, func(w *tensor.Tensor) { nn.Normal(r, w, 0, .3) })
			var seen [n][]int
			state := m.Begin(n)
			for step := range 20 {
				size := 1 // tokens at once
				if step == 0 {
					size = 3
				}
				var ids []int
				for i := range seen {
					for range size {
						ids = append(ids, r.IntN(vocabulary))
					}
					seen[i] = append(seen[i], ids[i*size:]...)
				}
				p := tensor.Inference()
				got := m.Step(p, state, ids)
				var whole []int // what is seen: of a full context the newer half
				if length := len(seen[0]); length > context {
					for i := range seen {
						seen[i] = seen[i][length-context/2:]
					}
				}
				for i := range seen {
					whole = append(whole, seen[i]...)
				}
				y := m.Forward(p, whole, n)
				want := y.Slice(1, y.Dim(1)-1, y.Dim(1)).Squeeze(1)
				fixture.Close(t, fmt.Sprint("scores of step ", step), got.Data(), want.Data(), 1e-5)
				p.End()
			}
			p := tensor.Inference()
			defer p.End()
			long := m.Step(p, m.Begin(1), make([]int, 3*context)) // a prompt longer than the context
			fixture.Close(t, "a long prompt", long.Data(), m.Forward(p, make([]int, context/2), 1).Slice(1, context/2-1, context/2).Data(), 1e-5)
		})
	}
}

// Going on token by token takes no more memory the longer the sequence is.
func TestGPTStepsTakeNoMemory(t *testing.T) {
	m := NewGPT(source(), GPTSize{Context: 32, Width: 16, Heads: 4, Layers: 2}, 5)
	state := m.Begin(1)
	p := tensor.Inference()
	defer p.End()
	first := 0
	for step := range 100 {
		p.Scope(func() *tensor.Tensor {
			m.Step(p, state, []int{step % 5})
			return nil
		})
		if step == 40 { // the context has been full once
			first = p.Bytes()
		}
	}
	if last := p.Bytes(); last > first {
		t.Errorf("the pass has %d bytes, and had %d", last, first)
	}
}

// A small network learns to turn sequences round, and says so token by token: the whole of the method.
func TestTransformerLearns(t *testing.T) {
	const begin, end, letters, longest = 1, 2, 4, 4
	r := rand.New(rand.NewPCG(3, 4))
	m := NewTransformer(r, nn.TransformerSize{Width: 24, Heads: 4, Hidden: 48}, 1, 3+letters)
	draw := func(n int) (from, to [][]int) {
		for range n {
			s := make([]int, 1+r.IntN(longest))
			for i := range s {
				s[i] = 3 + r.IntN(letters)
			}
			reversed := slices.Clone(s)
			slices.Reverse(reversed)
			from, to = append(from, s), append(to, slices.Concat([]int{begin}, reversed, []int{end}))
		}
		return from, to
	}
	params := nn.Params(m)
	method := optim.NewAdam(params, .003)
	for range 500 {
		from, to := draw(32)
		p := tensor.Training(r)
		method.Step(tensor.Grad(m.Loss(p, Pad(from, 0), Pad(to, 0), 0), params...))
		p.End()
	}
	from, to := draw(50)
	right := 0
	for i, said := range m.Translate(Pad(from, 0), begin, end, longest+1) {
		if slices.Equal(said, to[i][1:len(to[i])-1]) {
			right++
		}
	}
	if right < 45 {
		t.Errorf("%d of 50 sequences are turned round, want 45", right)
	}
}

func TestPad(t *testing.T) {
	p := Pad([][]int{{5, 6, 7}, {8}, nil}, 9)
	if !slices.Equal(p.IDs, []int{5, 6, 7, 8, 9, 9, 9, 9, 9}) || !slices.Equal(p.Lengths, []int{3, 1, 0}) {
		t.Errorf("Pad = %v", p)
	}
	if q := p.part(1, 3); !slices.Equal(q.IDs, []int{6, 7, 9, 9, 9, 9}) || !slices.Equal(q.Lengths, []int{2, 0, 0}) {
		t.Errorf("part = %v", q)
	}
}

// A batch with more padding has the same loss and the same gradients, to rounding, and so has a sentence that is alone.
func TestTransformerPadding(t *testing.T) {
	m := NewTransformer(source(), nn.TransformerSize{Width: 12, Heads: 3, Hidden: 16}, 2, 9)
	params := nn.Params(m)
	run := func(from, to Padded) (loss float64, grads [][]tensor.Float) {
		p := tensor.Training(nil)
		defer p.End()
		l := m.Loss(p, from, to, .1)
		for _, g := range tensor.Grad(l, params...) {
			grads = append(grads, slices.Clone(g.Data()))
		}
		return float64(l.Item()), grads
	}
	from, to := [][]int{{3, 4, 5, 6}, {7, 8}}, [][]int{{1, 8, 7, 6, 2}, {1, 3, 2}}
	longer := func(sequences [][]int) Padded { // by two, with another id as padding
		p := Pad(append(sequences, make([]int, 7)), 4)
		return Padded{p.IDs[:2*7], p.Lengths[:2]}
	}
	loss, grads := run(Pad(from, 0), Pad(to, 0))
	more, moreGrads := run(longer(from), longer(to))
	if d := more - loss; d > 1e-6 || d < -1e-6 {
		t.Errorf("the loss is %v, and %v with more padding", loss, more)
	}
	for i, g := range moreGrads {
		fixture.Close(t, fmt.Sprint("gradient ", i), g, grads[i], 2e-5)
	}
	first, _ := run(Pad(from[:1], 0), Pad(to[:1], 0))
	second, _ := run(Pad(from[1:], 0), Pad(to[1:], 0))
	if alone := (4*first + 2*second) / 6; alone-loss > 1e-6 || loss-alone > 1e-6 {
		t.Errorf("the loss is %v, and that of sentences alone %v", loss, alone)
	}
}

// Whole sequences come out of Translate token by token as Forward has them.
func TestTranslateIsGreedy(t *testing.T) {
	r := source()
	m := NewTransformer(r, nn.TransformerSize{Width: 12, Heads: 3, Hidden: 16, Dropout: .4}, 2, 9)
	nn.Apply(m, func(w *tensor.Tensor) { nn.Normal(r, w, 0, .6) })
	from := Pad([][]int{{3, 4, 5, 6}, {7, 8}, {5}}, 0)
	said := m.Translate(from, 1, 2, 6)
	for i, s := range said {
		got := slices.Concat([]int{1}, s)
		if len(s) < 6 {
			got = append(got, 2)
		}
		alone := from.IDs[i*4 : i*4+from.Lengths[i]]
		p := tensor.Inference()
		y := m.Forward(p, Pad([][]int{alone}, 0), Pad([][]int{got[:len(got)-1]}, 0))
		if want := y.Reshape(len(got)-1, -1).ArgMax(); !slices.Equal(got[1:], want) {
			t.Errorf("sentence %d: %v, the likeliest are %v", i, got[1:], want)
		}
		p.End()
	}
}

// What Read gives for a text is what Forward gives behind its last token.
func TestGPTReads(t *testing.T) {
	m := NewGPT(source(), GPTSize{Context: 9, Width: 8, Heads: 2, Layers: 2}, 6)
	nn.Apply(m, func(w *tensor.Tensor) { nn.Normal(source(), w, 0, .5) })
	text, read := []int{3, 1, 4, 1, 5}, m.Read()
	read(text[:2])
	read(text[2:4])
	got := read(text[4:])
	p := tensor.Inference()
	defer p.End()
	y := m.Forward(p, text, 1).Data()
	fixture.Close(t, "scores", got, y[len(y)-m.Words():], 1e-5)
}
