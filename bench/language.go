package bench

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// A reader is a language model with the tokens and the method of its training step.
type reader struct {
	model  any
	scores func(p *tensor.Pass, ids []int) *tensor.Tensor // N×T×V
	words  int
	n, t   int
	method func(params []*tensor.Tensor) optim.Optimizer
}

// newReader makes a network by its name, or returns nil: those of Zaremba et al. 2014 for the 10,000 words of the Penn Treebank without
// dropout, as it is the choice of each framework, and a Transformer of four layers for letters.
func newReader(net string, r *rand.Rand, n int) *reader {
	descent := func(params []*tensor.Tensor) optim.Optimizer { return optim.NewSGD(params, .1, 0) }
	switch net {
	case "ptb-small", "ptb-medium":
		size := sequence.ZarembaSmall
		if net == "ptb-medium" {
			size = sequence.ZarembaMedium
			size.Dropout = 0
		}
		m := sequence.NewLanguage(r, size, 10000)
		state := m.Begin(n)
		return &reader{m, func(p *tensor.Pass, ids []int) *tensor.Tensor { return m.Forward(p, ids, n, state) }, 10000, n, 35, descent}
	case "transformer":
		m := sequence.NewGPT(r, sequence.GPTSize{Context: 128, Width: 256, Heads: 4, Layers: 4}, 256)
		adam := func(params []*tensor.Tensor) optim.Optimizer { return optim.NewAdam(params, 1e-4) }
		return &reader{m, func(p *tensor.Pass, ids []int) *tensor.Tensor { return m.Forward(p, ids, n) }, 256, n, 128, adam}
	}
	return nil
}

// tokens are those at places of a text that everybody makes.
func tokens(n, words int) []int {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = i * 7919 % words
	}
	return ids
}

// trainer reads the same tokens in every step; the state is carried on.
func (m *reader) trainer() trainer {
	params := nn.Params(m.model)
	method := m.method(params)
	text := tokens(m.n*m.t+1, m.words)
	return trainer{m.model, func() float64 {
		p := tensor.Training(nil)
		loss := nn.CrossEntropy(m.scores(p, text[:m.n*m.t]).Reshape(m.n*m.t, -1), text[1:])
		method.Step(tensor.Grad(loss, params...))
		value := loss.Item()
		p.End()
		return float64(value)
	}}
}

// speaking is one token of a text that a recurrent network of medium size makes up, without the drawing.
func speaking() task {
	m := sequence.NewLanguage(rand.New(rand.NewPCG(1, 1)), sequence.ZarembaMedium, 10000)
	fill(m)
	read, text := m.Read(), tokens(20, 10000)
	scores := read(text)
	t := task{check: sums(tensor.Of(scores, len(scores)))}
	at := 0
	t.call = func() {
		read(text[at : at+1])
		at = (at + 1) % len(text)
	}
	return t
}
