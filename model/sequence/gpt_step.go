package sequence

import (
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// A GPTState is what a GPT has seen of N sequences that it goes on with token by token. It outlives passes.
type GPTState struct {
	seen   []*nn.KeysValues // of each layer
	recent [][]int          // of each sequence: the tokens that are seen
}

// Begin returns the state in front of the first token of n sequences.
func (m *GPT) Begin(n int) *GPTState {
	return &GPTState{seen: m.TransformerEncoder.Begin(n, m.Context), recent: make([][]int, n)}
}

// Step goes on with further tokens of the sequences, one each as a rule, or those of a prompt, and returns the scores (logits) of what
// comes behind the last of them, N×V: those of Forward, to rounding. A token costs one query: keys and values of those before it are
// kept. Where the context is full, the older half of it is forgotten, and the rest is seen again from its beginning, so that a sequence
// may go on for ever.
func (m *GPT) Step(p *tensor.Pass, s *GPTState, ids []int) *tensor.Tensor {
	n := len(s.recent)
	if n == 0 || len(ids) == 0 || len(ids)%n != 0 {
		fail("GPT", "%d tokens do not go on with %d sequences", len(ids), n)
	}
	t := len(ids) / n
	for i := range s.recent {
		s.recent[i] = append(s.recent[i], ids[i*t:(i+1)*t]...)
	}
	place := len(s.recent[0]) - t
	if place+t > m.Context {
		ids, place = s.forget(m.Context), 0
	}
	return p.Scope(func() *tensor.Tensor {
		y := m.TransformerEncoder.Step(m.embed(p, ids, n, place), s.seen) // N×T×E
		last := y.Slice(1, y.Dim(1)-1, y.Dim(1)).Squeeze(1)
		return m.scores(last)
	})
}

// forget leaves so many recent tokens as half a context has, and returns those of all sequences, which are to be seen again.
func (s *GPTState) forget(context int) (ids []int) {
	for i, r := range s.recent {
		s.recent[i] = append([]int(nil), r[len(r)-max(1, context/2):]...)
		ids = append(ids, s.recent[i]...)
	}
	for _, l := range s.seen {
		l.Forget(0)
	}
	return ids
}

// Words returns the number of tokens that there are.
func (m *GPT) Words() int { return m.Embedding.Weight.Dim(0) }

// Read begins a text, for Generate: the function takes the model past more of its tokens, at least one, and returns the scores of the
// next one, which hold until it is called again.
func (m *GPT) Read() func(ids []int) []tensor.Float {
	state, scores := m.Begin(1), make([]tensor.Float, m.Words())
	return func(ids []int) []tensor.Float {
		p := tensor.Inference()
		defer p.End()
		copy(scores, m.Step(p, state, ids).Data())
		return scores
	}
}
