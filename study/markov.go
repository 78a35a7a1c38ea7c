package study

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/data/textset"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// markov foretells the letters of a text by the few letters before: by counts (Kneser and Ney), by a network of so many letters (Bengio et
// al. 2003, https://www.jmlr.org/papers/v3/bengio03a.html), and by a recurrent one that reads all of them.
type markov struct {
	Steps   int     `yaml:"steps" help:"steps of 1,024 letters"`
	Units   int     `yaml:"units" help:"hidden units"`
	LR      float64 `yaml:"lr" help:"learning rate, of Adam"`
	Longest int     `yaml:"longest" help:"the longest context, in letters"`
}

func (m *markov) Settings() any { return m }

// lettersAStep is how many are told in a step.
const lettersAStep = 1024

// A neuralNGram tells a letter by the k before it.
type neuralNGram struct {
	Embedding *nn.Embedding // V×16
	Hidden    *nn.Linear
	Output    *nn.Linear

	k int
}

// forward returns the scores of what comes behind the contexts, N·k letters, N×V.
func (m *neuralNGram) forward(p *tensor.Pass, contexts []int) *tensor.Tensor {
	x := m.Embedding.Forward(p, contexts).Reshape(len(contexts)/m.k, -1) // N×k·16
	return m.Output.Forward(m.Hidden.Forward(x).Tanh())
}

func (m *markov) Run(ctx context.Context, l *Lab) (*Finding, error) {
	letters, kinds, err := opticks(ctx, l)
	if err != nil {
		return nil, err
	}
	counts, network := plot.Series{Name: "counts (Kneser and Ney)"}, plot.Series{Name: "network of so many letters"}
	recurrent := plot.Series{Name: "LSTM"}
	var rows [][]any
	numbers := train.Metrics{}
	read, err := m.recurrent(ctx, l, letters, kinds)
	if err != nil {
		return nil, err
	}
	for k := 1; k <= m.Longest; k++ {
		grams, err := text.NewKneserNey(k+1, kinds, letters[0])
		if err != nil {
			return nil, err
		}
		counted, err := grams.Perplexity(letters[1])
		if err != nil {
			return nil, err
		}
		learned, err := m.network(ctx, l, letters, kinds, k)
		if err != nil {
			return nil, err
		}
		at := float64(k)
		counts.X, counts.Y = append(counts.X, at), append(counts.Y, counted)
		network.X, network.Y = append(network.X, at), append(network.Y, learned)
		recurrent.X, recurrent.Y = append(recurrent.X, at), append(recurrent.Y, read)
		rows = append(rows, []any{k, counted, learned, read})
		numbers[fmt.Sprintf("counts/%d", k)], numbers[fmt.Sprintf("network/%d", k)] = counted, learned
		l.Say("%d letters before: perplexity %.3f by counts, %.3f by a network, %.3f by an LSTM, which reads all\n", k, counted, learned, read)
	}
	numbers["lstm"] = read
	chart := plot.Chart{
		Title: "Foretelling a letter of Opticks", X: "letters before that are known", Y: "perplexity on the test part",
		Series: []plot.Series{counts, network, recurrent},
	}
	if err := l.Chart("markov.png", chart); err != nil {
		return nil, err
	}
	if err := l.Table("markov.csv", []string{"letters before", "counts", "network", "lstm"}, rows); err != nil {
		return nil, err
	}
	last := len(network.Y) - 1
	least := math.Inf(1)
	for _, v := range network.Y {
		least = min(least, v)
	}
	return &Finding{
		Claim: "The more letters before a Markov chain knows, the better it foretells the next one, by ever less; a recurrent net, which needs no number " +
			"of letters, is better than networks of any number, with as many letters to learn from.",
		Protocol: fmt.Sprintf("Opticks, 90 %% to learn from and 5 %% for the test. Networks of %d hidden units, %d steps of %d letters by Adam; counts by "+
			"interpolated Kneser–Ney smoothing of all the text.", m.Units, m.Steps, lettersAStep),
		Outcome: fmt.Sprintf("Perplexity by counts from %.2f with one letter to %.2f with %d, by networks from %.2f to %.2f, %.2f at the least, by the "+
			"LSTM %.2f.", counts.Y[0], counts.Y[last], m.Longest, network.Y[0], network.Y[last], least, read),
		Held:    counts.Y[last] < counts.Y[0] && network.Y[last] < network.Y[0] && read < least,
		Numbers: numbers,
	}, nil
}

// opticks returns the letters to learn from and those of the test, as numbers below kinds.
func opticks(ctx context.Context, l *Lab) (letters [2]text.Held, kinds int, err error) {
	s, err := source.ByName("opticks")
	if err != nil {
		return letters, 0, err
	}
	found, err := s.Find(ctx, l.Source)
	if err != nil {
		return letters, 0, err
	}
	training, _, test, err := textset.Corpus(found)
	if err != nil {
		return letters, 0, err
	}
	tokenizer, err := text.Training{Unknown: "<unk>"}.Characters(training.Lines())
	if err != nil {
		return letters, 0, err
	}
	for i, c := range []*text.Corpus{training, test} {
		if letters[i], err = tokenizer.Tokenize(c.Lines()); err != nil {
			return letters, 0, err
		}
	}
	return letters, tokenizer.Len(), nil
}

// network trains one that knows k letters, and returns its perplexity on the test.
func (m *markov) network(ctx context.Context, l *Lab, letters [2]text.Held, kinds, k int) (float64, error) {
	r := l.stream("weights", k)
	net := &neuralNGram{nn.NewEmbedding(r, kinds, 16), nn.NewLinear(r, 16*k, m.Units), nn.NewLinear(r, m.Units, kinds), k}
	params := nn.Params(net)
	o, cosine := optim.NewAdam(params, m.LR), optim.Cosine{LR: m.LR, Steps: m.Steps}
	places := l.stream("places", k)
	for step := range m.Steps {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		contexts, next := drawn(places, letters[0], lettersAStep, k)
		p := tensor.Training(nil)
		grads := tensor.Grad(nn.CrossEntropy(net.forward(p, contexts), next), params...)
		o.SetLR(cosine.At(step))
		o.Step(grads)
		p.End()
	}
	sum, n := 0.0, 0
	for at := 0; at+k < len(letters[1]); at += lettersAStep {
		var contexts, next []int
		for i := at; i < min(at+lettersAStep, len(letters[1])-k); i++ {
			contexts, next = appended(contexts, next, letters[1], i, k)
		}
		p := tensor.Inference()
		sum += float64(nn.CrossEntropy(net.forward(p, contexts), next).Item()) * float64(len(next))
		n += len(next)
		p.End()
	}
	return math.Exp(sum / float64(n)), nil
}

// drawn returns n contexts of k letters from places that are drawn, and what comes behind each.
func drawn(r *rand.Rand, letters text.Held, n, k int) (contexts, next []int) {
	for range n {
		contexts, next = appended(contexts, next, letters, r.IntN(len(letters)-k), k)
	}
	return contexts, next
}

func appended(contexts, next []int, letters text.Held, at, k int) (c, y []int) {
	for _, id := range letters[at : at+k] {
		contexts = append(contexts, int(id))
	}
	return contexts, append(next, int(letters[at+k]))
}

// recurrent trains an LSTM on streams of as many letters a step, and returns its perplexity on the test.
func (m *markov) recurrent(ctx context.Context, l *Lab, letters [2]text.Held, kinds int) (float64, error) {
	net := sequence.NewLanguage(l.stream("weights", 0), sequence.LanguageSize{Cell: "lstm", Width: 16, Hidden: m.Units, Layers: 1}, kinds)
	params := nn.Params(net)
	o, cosine := optim.NewAdam(params, m.LR), optim.Cosine{LR: m.LR, Steps: m.Steps}
	streams := &text.Streams{IDs: letters[0], N: 32, T: lettersAStep / 32}
	state := net.Begin(streams.N)
	for step := 0; step < m.Steps; {
		for b, err := range streams.Epoch(0, 0) {
			if err != nil {
				return 0, err
			}
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			if step == m.Steps {
				break
			}
			p := tensor.Training(nil)
			scores := net.Forward(p, b.X, b.N, state).Reshape(len(b.Y), -1)
			grads := tensor.Grad(nn.CrossEntropy(scores, b.Y), params...)
			optim.ClipNorm(grads, 1)
			o.SetLR(cosine.At(step))
			o.Step(grads)
			p.End()
			step++
		}
	}
	loss, _, err := train.EvaluateLanguage(net, &text.Streams{IDs: letters[1], N: 1, T: 256})
	return math.Exp(loss), err
}
