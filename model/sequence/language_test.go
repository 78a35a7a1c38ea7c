package sequence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// A text that is read in parts, or token by token, is that text.
func TestLanguageInParts(t *testing.T) {
	for _, cell := range []string{"lstm", "gru", "rnn"} {
		m := NewLanguage(rand.New(rand.NewPCG(1, 2)), LanguageSize{Cell: cell, Width: 5, Hidden: 6, Layers: 2}, 7)
		ids := []int{1, 2, 3, 4, 5, 6, 0, 1}
		p := tensor.Inference()
		whole := m.Forward(p, ids, 1, m.Begin(1)).Clone()
		state := m.Begin(1)
		first := m.Forward(p, ids[:3], 1, state)
		second := m.Forward(p, ids[3:], 1, state)
		if !slices.Equal(tensor.Concat(1, first, second).Data(), whole.Data()) {
			t.Errorf("%s: a text in two parts has other scores", cell)
		}
		p.End()
		read := m.Read()
		for i := range ids {
			scores := read(ids[i : i+1])
			if !near(scores, whole.Data()[i*7:][:7]) {
				t.Errorf("%s: token %d has other scores when the text is read token by token", cell, i)
			}
		}
	}
}

func near(a, b []tensor.Float) bool {
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-5 {
			return false
		}
	}
	return true
}

// Networks of all cells learn a text by heart, with a table that is tied too, and say it.
func TestLanguageSaysWhatItHasLearned(t *testing.T) {
	text := []int{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4}
	for _, size := range []LanguageSize{
		{Cell: "lstm", Width: 16, Hidden: 24, Layers: 1}, {Cell: "gru", Width: 16, Hidden: 16, Layers: 2, Tied: true},
		{Cell: "rnn", Width: 16, Hidden: 32, Layers: 1},
	} {
		m := NewLanguage(rand.New(rand.NewPCG(1, 2)), size, 10)
		params := nn.Params(m)
		method := optim.NewAdam(params, .02)
		for range 150 {
			p := tensor.Training(nil)
			scores := m.Forward(p, text[:19], 1, m.Begin(1))
			method.Step(tensor.Grad(nn.CrossEntropy(scores.Reshape(19, -1), text[1:]), params...))
			p.End()
		}
		said := text[:1:1]
		Generate(m, text[:1], Sampling{Temperature: 0, TopP: 1, Repetition: 1}, nil, func(d Drawn) bool {
			said = append(said, d.Token)
			return len(said) < len(text)
		})
		if !slices.Equal(said, text) {
			t.Errorf("%s says %v, want %v", size.Cell, said, text)
		}
	}
}

// Without anything left out an AWD-LSTM is two layers and a tied table; what is left out while learning is the same for all steps.
func TestAWDLSTM(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	plain := NewAWDLSTM(r, 7, 4, 5, 2, 0, AWDDropout{})
	if n, _ := nn.Count(plain); n != 7*4+7+4*5*(4+5+2)+4*4*(5+4+2) {
		t.Errorf("it has %d parameters: the table is there twice, or not at all", n)
	}
	p := tensor.Inference()
	ids := []int{1, 2, 3, 4, 5, 6}
	whole := plain.Forward(p, ids, 1, plain.Begin(1))
	state := plain.Begin(1)
	parts := tensor.Concat(1, plain.Forward(p, ids[:2], 1, state), plain.Forward(p, ids[2:], 1, state))
	if !slices.Equal(parts.Data(), whole.Data()) {
		t.Error("a text in two parts has other scores")
	}
	p.End()
	m := NewAWDLSTM(r, 7, 4, 5, 2, .5, AWDDropouts(1))
	p = tensor.Training(rand.New(rand.NewPCG(3, 4)))
	defer p.End()
	y := m.Input.Forward(p.Full(1, 2, 50, 64)).Data()
	for n := range 2 {
		for f := range 64 {
			for step := range 50 {
				if y[(n*50+step)*64+f] != y[n*50*64+f] {
					t.Fatal("a feature is left out at some steps and not at others")
				}
			}
		}
	}
	scores := m.Forward(p, ids[:5], 1, m.Begin(1))
	params := nn.Params(m)
	grads := tensor.Grad(nn.CrossEntropy(scores.Reshape(5, -1), ids[1:]), params...)
	i := slices.Index(params, m.RNNs[0].WeightHH)
	zeros := 0
	for _, g := range grads[i].Data() {
		if g == 0 {
			zeros++
		}
	}
	if n := len(grads[i].Data()); zeros < n/4 || zeros > 3*n/4 {
		t.Errorf("%d of %d weights of the state are left out, want about half", zeros, n)
	}
}

// scripted is a reader with the same scores for every token.
type scripted []tensor.Float

func (s scripted) Words() int { return len(s) }
func (s scripted) Read() func(ids []int) []tensor.Float {
	return func([]int) []tensor.Float { return s }
}

// frequencies returns how often each token is drawn, and the probabilities that are said of it.
func frequencies(m scripted, s Sampling, n int) (often, said []float64) {
	often, said = make([]float64, len(m)), make([]float64, len(m))
	r := rand.New(rand.NewPCG(5, 6))
	left := n
	Generate(m, []int{0}, s, r, func(d Drawn) bool {
		often[d.Token] += 1 / float64(n)
		said[d.Token] = d.Probability
		left--
		return left > 0
	})
	return often, said
}

func TestSampling(t *testing.T) {
	log := func(v float64) tensor.Float { return tensor.Float(math.Log(v)) }
	m := scripted{log(.1), log(.4), log(.2), log(.3)}
	plain := Sampling{Temperature: 1, TopP: 1, Repetition: 1}
	for name, c := range map[string]struct {
		s    Sampling
		want []float64
	}{
		"plain":            {plain, []float64{.1, .4, .2, .3}},
		"greedy":           {Sampling{TopP: 1, Repetition: 1}, []float64{0, 1, 0, 0}},
		"cold":             {Sampling{Temperature: .5, TopP: 1, Repetition: 1}, []float64{.01 / .3, .16 / .3, .04 / .3, .09 / .3}},
		"top 2":            {Sampling{Temperature: 1, TopK: 2, TopP: 1, Repetition: 1}, []float64{0, .4 / .7, 0, .3 / .7}},
		"top 9":            {Sampling{Temperature: 1, TopK: 9, TopP: 1, Repetition: 1}, []float64{.1, .4, .2, .3}},
		"nucleus":          {Sampling{Temperature: 1, TopP: .5, Repetition: 1}, []float64{0, .4 / .7, 0, .3 / .7}},
		"a small nucleus":  {Sampling{Temperature: 1, TopP: 1e-9, Repetition: 1}, []float64{0, 1, 0, 0}},
		"top 3, nucleus":   {Sampling{Temperature: 1, TopK: 3, TopP: .6, Repetition: 1}, []float64{0, .4 / .7, 0, .3 / .7}},
		"hot, and too hot": {Sampling{Temperature: 1e9, TopP: 1, Repetition: 1}, []float64{.25, .25, .25, .25}},
	} {
		often, said := frequencies(m, c.s, 20000)
		for i := range c.want {
			if math.Abs(often[i]-c.want[i]) > .015 || c.want[i] > 0 && math.Abs(said[i]-c.want[i]) > 1e-6 {
				t.Errorf("%s: drawn %.3f, said to be %.3f, want %.3f", name, often, said, c.want)
				break
			}
		}
	}
}

// Tokens of the prompt and those that were drawn are less likely, whatever the sign of their scores.
func TestRepetition(t *testing.T) {
	m := scripted{2, -1, 2, -1}
	var first Drawn
	Generate(m, []int{0, 1}, Sampling{Temperature: 1, TopP: 1, Repetition: 2}, rand.New(rand.NewPCG(1, 1)), func(d Drawn) bool {
		first = d
		return false
	})
	e := []float64{math.Exp(1), math.Exp(-2), math.Exp(2), math.Exp(-1)}
	if want := e[first.Token] / (e[0] + e[1] + e[2] + e[3]); math.Abs(first.Probability-want) > 1e-6 {
		t.Errorf("token %d has probability %v, want %v", first.Token, first.Probability, want)
	}
}

func TestSamplingRefuses(t *testing.T) {
	for _, s := range []Sampling{
		{Temperature: -1, TopP: 1, Repetition: 1}, {Temperature: math.NaN(), TopP: 1, Repetition: 1}, {Temperature: math.Inf(1), TopP: 1, Repetition: 1},
		{TopK: -1, TopP: 1, Repetition: 1}, {TopP: 0, Repetition: 1}, {TopP: 1.1, Repetition: 1}, {TopP: math.NaN(), Repetition: 1},
		{TopP: 1}, {TopP: 1, Repetition: -2},
	} {
		if s.Check() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	if err := (Sampling{TopP: 1, Repetition: 1}).Check(); err != nil {
		t.Error(err)
	}
}

// An irnn adds up what it reads; a classifier of both directions sees both ends, and nothing behind a sequence's end.
func TestClassifier(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := NewClassifier(r, "irnn", nn.StackSize{In: 1, Hidden: 4, Layers: 1}, 3)
	for l := range nn.Find[*nn.RNN](m) {
		nn.Constant(l.WeightIH, 1)
		p := tensor.Inference()
		_, last := l.Run(p.Values([]tensor.Float{1, 2, 3, 4}, 1, 4, 1), l.Begin(p, 1))
		if got := last[0].Data()[0]; got != 10 {
			t.Errorf("it adds 1, 2, 3 and 4 to %v", got)
		}
		p.End()
	}
	both := NewClassifier(r, "lstm", nn.StackSize{In: 2, Hidden: 3, Layers: 2, Bidirectional: true}, 3)
	x := tensor.New(2, 5, 2)
	nn.Normal(r, x, 0, 1)
	p := tensor.Recording(nil)
	defer p.End()
	in := p.Var(x)
	y := both.ForwardLengths(in, []int{5, 3})
	g := tensor.Grad(y.Sum(), in)[0].Data()
	for n, length := range []int{5, 3} {
		for step := range 5 {
			sees := g[(n*5+step)*2] != 0 && g[(n*5+step)*2+1] != 0
			if sees != (step < length) {
				t.Errorf("sequence %d, step %d of %d: it is seen: %v", n, step, length, sees)
			}
		}
	}
}

func TestLanguageRefuses(t *testing.T) {
	m := NewLanguage(rand.New(rand.NewPCG(1, 2)), LanguageSize{Cell: "lstm", Width: 5, Hidden: 6, Layers: 1}, 7)
	p := tensor.Inference()
	defer p.End()
	for want, f := range map[string]func(){
		"sequence: Language: 0 words are not 1 sequences of one length of a word or more": func() { m.Forward(p, nil, 1, m.Begin(1)) },
		"sequence: Language: 3 words are not 2 sequences of one length of a word or more": func() { m.Forward(p, []int{1, 2, 3}, 2, m.Begin(2)) },
		"sequence: Generate: there is no token to go on from":                             func() { Generate(m, nil, Sampling{}, nil, nil) },
		`sequence: newStack: there is no cell "elman"; it is lstm, gru or rnn`: func() {
			NewLanguage(rand.New(rand.NewPCG(1, 2)), LanguageSize{Cell: "elman", Width: 1, Hidden: 1, Layers: 1}, 2)
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
