package sequence

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

// A step moves the tables against the gradient that tensor.Grad has of the loss: −log σ(h·right) − log σ(−h·wrong).
func TestWord2VecGradient(t *testing.T) {
	for _, cbow := range []bool{false, true} {
		const words, features, lr = 5, 4, 1e-3
		m := NewWord2Vec(rand.New(rand.NewPCG(1, 2)), words, features)
		m.CBOW = cbow
		for i := range m.Out.Edit() {
			m.In.Data()[i], m.Out.Data()[i] = tensor.Float(i%7-3)/4, tensor.Float(i%5-2)/3
		}
		in, out := m.In.Clone(), m.Out.Clone()
		in.Track(true)
		out.Track(true)
		// One pair: of two words, the second is at the edge. With a corpus of one word, it alone can be drawn by chance.
		c := &Corpus2Vec{sentences: [][]int32{{1, 2}}, keep: []float64{1, 1, 1, 1, 1}, noise: []float64{0, 0, 0, 0, 1}, Words: 2}
		p := tensor.Recording(nil)
		told := [][2]int{{1, 2}, {2, 1}} // by which vector, which word
		if cbow {
			told = [][2]int{{2, 1}, {1, 2}}
		}
		loss, _ := m.Epoch(c, Learning{Window: 1, Negative: 1}, rand.New(rand.NewPCG(3, 4)), func(float64) float64 { return lr })
		// The second pair is told with tables that the first has moved by lr: to that order the sum of both gradients is at the start.
		var sum *tensor.Tensor
		for _, pair := range told {
			h := p.Use(in).Slice(0, pair[0], pair[0]+1)
			for id, sign := range map[int]tensor.Float{pair[1]: -1, 4: 1} {
				l := h.Mul(p.Use(out).Slice(0, id, id+1)).Sum().Scale(sign).Softplus()
				if sum == nil {
					sum = l
				} else {
					sum = sum.Add(l)
				}
			}
		}
		if want := float64(sum.Item()) / 2; math.Abs(loss-want) > 2e-3 {
			t.Errorf("cbow %v: the loss is %v, want %v", cbow, loss, want)
		}
		grads := tensor.Grad(sum, in, out)
		for i, g := range grads[0].Data() {
			if moved := (in.Data()[i] - m.In.Data()[i]) / lr; math.Abs(float64(moved-g)) > 5e-3 {
				t.Errorf("cbow %v: number %d of the vectors moved by %v, want %v", cbow, i, moved, g)
			}
		}
		for i, g := range grads[1].Data() {
			if moved := (out.Data()[i] - m.Out.Data()[i]) / lr; math.Abs(float64(moved-g)) > 5e-3 {
				t.Errorf("cbow %v: number %d of the other table moved by %v, want %v", cbow, i, moved, g)
			}
		}
		p.End()
	}
}

// Words that stand among the same words get near vectors.
func TestWord2VecNeighbours(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var sentences [][]int32
	for range 3000 { // 0 to 3 stand beside 8 to 11, 4 to 7 beside 12 to 15
		kind := int32(r.IntN(2)) * 4
		sentences = append(sentences, []int32{kind + int32(r.IntN(4)), 8 + kind + int32(r.IntN(4)), kind + int32(r.IntN(4))})
	}
	for _, cbow := range []bool{false, true} {
		m := NewWord2Vec(r, 16, 8)
		m.CBOW = cbow
		c := NewCorpus2Vec(sentences, 16, 0)
		var first, last, right float64
		for epoch := range 5 {
			last, right = m.Epoch(c, Learning{Window: 2, Negative: 5}, r, func(done float64) float64 { return .05 * (1 - done) })
			if epoch == 0 {
				first = last
			}
		}
		if last >= first || right < .3 || right > 1 {
			t.Errorf("cbow %v: the loss goes from %.3f to %.3f, and %.2f are told right", cbow, first, last, right)
		}
		for id := range 8 {
			for _, n := range m.Near(m.Vector(id), 3, id) {
				if n.Word/4 != id/4 {
					t.Errorf("cbow %v: among the nearest to %d is %d", cbow, id, n.Word)
				}
			}
		}
	}
}

// What is drawn follows the frequencies to the power of ¾, and frequent words are left out.
func TestCorpus2Vec(t *testing.T) {
	var s []int32
	for range 10000 {
		s = append(s, 0)
	}
	s = append(s, 1)
	c := NewCorpus2Vec([][]int32{s}, 2, .01)
	if c.keep[1] != 1 || math.Abs(c.keep[0]-.11) > .001 {
		t.Errorf("they stay with probabilities %v", c.keep)
	}
	r, n := rand.New(rand.NewPCG(1, 2)), 0
	for range 100000 {
		n += c.draw(r)
	}
	if math.Abs(float64(n)/100000-1/1001.) > 4e-4 {
		t.Errorf("the rare word is drawn %d times of 100,000", n)
	}
}
