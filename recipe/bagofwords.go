package recipe

import (
	"math"
	"slices"

	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/optim/minimize"
)

// A bagOfWords tells two classes of texts by which words are in them, in whatever order: logistic regression, whose weights have a penalty
// of ½·λ·‖w‖². It is what a network that reads in order must beat.
type bagOfWords struct{ weights []float64 } // of each word, and last the bias

// bag is the words that are in a text, each once.
func bag(ids []int) []int {
	words := slices.Clone(ids)
	slices.Sort(words)
	return slices.Compact(words)
}

// fitBag fits to texts of a vocabulary, λ chosen by others.
func fitBag(vocabulary int, training, validation text.Sequences) *bagOfWords {
	var best *bagOfWords
	most := -1.0
	for _, lambda := range []float64{.3, 1, 3, 10} {
		f := &logistic{lambda: lambda}
		for _, s := range training {
			f.bags, f.labels = append(f.bags, bag(s.IDs)), append(f.labels, float64(s.Label))
		}
		m := &bagOfWords{minimize.Minimize(f, make([]float64, vocabulary+1), &minimize.LBFGS{}, minimize.Settings{Tolerance: 1e-3, Steps: 200}).X}
		if a := m.accuracy(validation); a > most {
			most, best = a, m
		}
	}
	return best
}

// accuracy is the share of texts that are told right.
func (m *bagOfWords) accuracy(texts text.Sequences) float64 {
	hits := 0
	for _, s := range texts {
		if (score(m.weights, bag(s.IDs)) > 0) == (s.Label == 1) {
			hits++
		}
	}
	return float64(hits) / float64(len(texts))
}

// score is the logit of class 1.
func score(w []float64, bag []int) float64 {
	z := w[len(w)-1]
	for _, word := range bag {
		z += w[word]
	}
	return z
}

// logistic is the sum of −log p of texts, with the penalty, as a function of the weights.
type logistic struct {
	bags   [][]int
	labels []float64
	lambda float64
}

// Value implements minimize.Function.
func (f *logistic) Value(w []float64) float64 { return f.Gradient(make([]float64, len(w)), w) }

// Gradient implements minimize.Function.
func (f *logistic) Gradient(g, w []float64) float64 {
	loss, last := 0.0, len(w)-1
	for i, v := range w[:last] {
		g[i] = f.lambda * v
		loss += f.lambda * v * v / 2
	}
	g[last] = 0
	for i, b := range f.bags {
		z := score(w, b)
		loss += math.Max(z, 0) - z*f.labels[i] + math.Log1p(math.Exp(-math.Abs(z)))
		d := 1/(1+math.Exp(-z)) - f.labels[i]
		for _, word := range b {
			g[word] += d
		}
		g[last] += d
	}
	return loss
}
