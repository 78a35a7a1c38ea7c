package sequence

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/hadal-go/hadal/tensor"
)

// Word2Vec is the pair of models of Mikolov et al., "Efficient Estimation of Word Representations in Vector Space" (2013),
// https://arxiv.org/abs/1301.3781, learned by negative sampling ("Distributed Representations of Words and Phrases and their
// Compositionality", 2013, https://arxiv.org/abs/1310.4546): the vector of a word is what tells the words around it from words that are
// drawn by chance. Skip-gram tells each of them by the word's vector; CBOW tells the word by the mean of the vectors around it.
//
// A step changes a few rows of two tables, so that this is a loop over them and no pass.
type Word2Vec struct {
	In  *tensor.Tensor // V×F: the vectors
	Out *tensor.Tensor // V×F: what a word is told by, where it is the one that is looked for

	CBOW bool
}

// NewWord2Vec returns vectors of so many features for so many words, uniform in ±1/2F as in the authors' program; Out is zero.
func NewWord2Vec(r *rand.Rand, words, features int) *Word2Vec {
	m := &Word2Vec{In: tensor.Param(words, features), Out: tensor.Param(words, features)}
	for i := range m.In.Edit() {
		m.In.Data()[i] = tensor.Float((r.Float64() - .5) / float64(features))
	}
	return m
}

// A Corpus2Vec is a text that Word2Vec learns from, sentence by sentence, with what is drawn by how frequent words are.
type Corpus2Vec struct {
	sentences [][]int32
	keep      []float64 // of each word: the probability that it stays where it stands
	noise     []float64 // sums of the frequencies to the power of ¾
	Words     int       // in all
}

// NewCorpus2Vec counts the words of sentences, numbers below size. Of words that are more frequent than the part sample of all, many are
// left out (section 2.3 of the second paper, by the formula of the authors' program); 0 leaves out none.
func NewCorpus2Vec(sentences [][]int32, size int, sample float64) *Corpus2Vec {
	c := &Corpus2Vec{sentences: sentences, keep: make([]float64, size), noise: make([]float64, size)}
	counts := make([]float64, size)
	for _, s := range sentences {
		c.Words += len(s)
		for _, id := range s {
			counts[id]++
		}
	}
	sum := 0.0
	for id, n := range counts {
		c.keep[id] = 1
		if t := sample * float64(c.Words); sample > 0 && n > 0 {
			c.keep[id] = min(1, (math.Sqrt(n/t)+1)*t/n)
		}
		sum += math.Pow(n, .75)
		c.noise[id] = sum
	}
	return c
}

// draw returns a word by its frequency to the power of ¾.
func (c *Corpus2Vec) draw(r *rand.Rand) int {
	at := r.Float64() * c.noise[len(c.noise)-1]
	return sort.Search(len(c.noise), func(i int) bool { return c.noise[i] > at })
}

// Learning says how Word2Vec learns from a corpus.
type Learning struct {
	Window   int // words to each side at most; how many is drawn for every word, so that near ones count more
	Negative int // words that are drawn by chance for each that is told
}

// Epoch goes through the corpus once. rate is the learning rate by the part of the corpus that is done. It returns the mean loss of what
// was told, −log σ(right) − Σ log σ(−wrong), in nats, and how often the right word had a greater score than all those that were drawn.
func (m *Word2Vec) Epoch(c *Corpus2Vec, l Learning, r *rand.Rand, rate func(done float64) float64) (loss, accuracy float64) {
	features := m.In.Dim(1)
	step := &pairing{in: m.In.Edit(), out: m.Out.Edit(), h: make([]tensor.Float, features), g: make([]tensor.Float, features), f: features}
	seen, lr := 0, rate(0)
	kept := []int32{}
	for i, sentence := range c.sentences {
		if i%64 == 0 {
			lr = rate(float64(seen) / float64(c.Words))
		}
		seen += len(sentence)
		kept = kept[:0]
		for _, id := range sentence {
			if c.keep[id] >= 1 || r.Float64() < c.keep[id] {
				kept = append(kept, id)
			}
		}
		for at, id := range kept {
			reach := 1 + r.IntN(l.Window)
			around := kept[max(0, at-reach):min(len(kept), at+reach+1)]
			middle := at - max(0, at-reach)
			if m.CBOW {
				step.gather(around, middle)
				if step.n > 0 {
					step.tell(c, l.Negative, int(id), tensor.Float(lr), r)
					step.scatter(around, middle)
				}
				continue
			}
			for j, other := range around {
				if j != middle {
					step.take(int(id))
					step.tell(c, l.Negative, int(other), tensor.Float(lr), r)
					step.give(int(id))
				}
			}
		}
	}
	told := float64(max(1, step.told))
	return step.loss / told, float64(step.hits) / told
}

// A pairing is a step: a vector h, and its gradient g, by which a word is told from others.
type pairing struct {
	in, out, h, g []tensor.Float
	f, n          int // features; vectors that h is the mean of
	loss          float64
	told, hits    int
}

func (s *pairing) row(table []tensor.Float, id int) []tensor.Float { return table[id*s.f : (id+1)*s.f] }

// take makes h the vector of a word.
func (s *pairing) take(id int) {
	copy(s.h, s.row(s.in, id))
	clear(s.g)
}

// give adds what was learned to the vector of a word.
func (s *pairing) give(id int) {
	row := s.row(s.in, id)
	for i, g := range s.g {
		row[i] += g
	}
}

// gather makes h the mean of the vectors of words but for that in the middle.
func (s *pairing) gather(words []int32, middle int) {
	clear(s.h)
	clear(s.g)
	s.n = len(words) - 1
	for j, id := range words {
		if j != middle {
			for i, v := range s.row(s.in, int(id)) {
				s.h[i] += v / tensor.Float(s.n)
			}
		}
	}
}

// scatter adds to each of the vectors its share of what was learned: that is the gradient of the mean. The authors' program, and gensim, add
// the whole to each (İrsoy, Benton and Stratos 2021, https://arxiv.org/abs/2012.15332).
func (s *pairing) scatter(words []int32, middle int) {
	for i := range s.g {
		s.g[i] /= tensor.Float(s.n)
	}
	for j, id := range words {
		if j != middle {
			s.give(int(id))
		}
	}
}

// tell moves Out so that h tells a word from others that are drawn, and adds to g what h should be changed by.
func (s *pairing) tell(c *Corpus2Vec, negative, word int, lr tensor.Float, r *rand.Rand) {
	s.told++
	right, first := tensor.Float(0), true
	for k := range negative + 1 {
		id, label := word, tensor.Float(1)
		if k > 0 {
			if id, label = c.draw(r), 0; id == word {
				continue
			}
		}
		row := s.row(s.out, id)
		z := tensor.Float(0)
		for i, v := range row {
			z += v * s.h[i]
		}
		if k == 0 {
			right = z
		}
		first = first && (k == 0 || z < right)
		sigmoid := 1 / (1 + math.Exp(-float64(z)))
		if label == 1 {
			s.loss -= math.Log(max(sigmoid, 1e-30))
		} else {
			s.loss -= math.Log(max(1-sigmoid, 1e-30))
		}
		d := lr * (label - tensor.Float(sigmoid))
		for i, v := range row {
			s.g[i] += d * v
			row[i] = v + d*s.h[i]
		}
	}
	if first {
		s.hits++
	}
}

// A Neighbour is a word that is near another.
type Neighbour struct {
	Word   int
	Cosine float64
}

// Near returns the n words whose vectors are nearest to v, the nearest first, by the cosine of the angle between them, without those that
// are to be left out.
func (m *Word2Vec) Near(v []float64, n int, without ...int) []Neighbour {
	var all []Neighbour
	length := math.Sqrt(dot(v, v))
	for id := range m.In.Dim(0) {
		w := m.Vector(id)
		if c := dot(v, w) / max(1e-30, length*math.Sqrt(dot(w, w))); !slices.Contains(without, id) {
			all = append(all, Neighbour{id, c})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Cosine > all[j].Cosine })
	return all[:min(n, len(all))]
}

// Vector returns the vector of a word.
func (m *Word2Vec) Vector(id int) []float64 {
	f := m.In.Dim(1)
	v := make([]float64, f)
	for i, x := range m.In.Data()[id*f : (id+1)*f] {
		v[i] = float64(x)
	}
	return v
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
