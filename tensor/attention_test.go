package tensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveAttention is the formula, query by query.
func naiveAttention(heads int, causal bool, lengths []int) func(x []array) array {
	return func(x []array) array {
		q, k, v := x[0], x[1], x[2]
		t, s := q.shape[1], k.shape[1]
		d, e := q.shape[2]/heads, v.shape[2]/heads
		return build([]int{q.shape[0], t, v.shape[2]}, func(i []int) float64 {
			n, query, head := i[0], i[1], i[2]/e
			keys := s
			if lengths != nil {
				keys = lengths[n]
			}
			if causal {
				keys = min(keys, query+1+s-t)
			}
			sum, weights := 0.0, 0.0
			for key := range max(0, keys) {
				score := 0.0
				for c := head * d; c < (head+1)*d; c++ {
					score += q.at(n, query, c) * k.at(n, key, c)
				}
				w := math.Exp(score / math.Sqrt(float64(d)))
				sum, weights = sum+w*v.at(n, key, i[2]), weights+w
			}
			if weights == 0 {
				return 0
			}
			return sum / weights
		})
	}
}

// naiveWeights is the softmax over the keys that are seen, of scores or of products of queries and keys.
func naiveWeights(t, s int, causal bool, lengths []int, score func(i []int) float64) func(i []int) float64 {
	return func(i []int) float64 {
		keys := s
		if lengths != nil {
			keys = lengths[i[0]]
		}
		if causal {
			keys = min(keys, i[len(i)-2]+1+s-t)
		}
		if i[len(i)-1] >= keys {
			return 0
		}
		sum := 0.0
		for key := range keys {
			sum += math.Exp(score(with(i, len(i)-1, key)))
		}
		return math.Exp(score(i)) / sum
	}
}

// naiveRotary multiplies pairs, apart from each other and step from the next one, by e^(i·angle).
func naiveRotary(heads, start int, base float64, halves bool) func(x []array) array {
	return func(x []array) array {
		d := x[0].shape[2] / heads
		return build(x[0].shape, func(i []int) float64 {
			pair, second, apart := i[2]%d/2, i[2]%2 == 1, 1
			if halves {
				pair, second, apart = i[2]%(d/2), i[2]%d >= d/2, d/2
			}
			sin, cos := math.Sincos(float64(start+i[1]) / math.Pow(base, 2*float64(pair)/float64(d)))
			if second {
				return x[0].at(i[0], i[1], i[2]-apart)*sin + x[0].at(i...)*cos
			}
			return x[0].at(i...)*cos - x[0].at(i[0], i[1], i[2]+apart)*sin
		})
	}
}

func attentionRows() []row {
	attend := func(a Attention) func(x []*Tensor) *Tensor {
		return func(x []*Tensor) *Tensor { return x[0].Attention(x[1], x[2], a) }
	}
	return []row{
		{
			name: "MaskedSoftmax", shapes: [][]int{{3, 2, 4}},
			op: func(x []*Tensor) *Tensor { return x[0].MaskedSoftmax(false, []int{4, 0, 2}) },
			naive: func(x []array) array {
				return build(x[0].shape, naiveWeights(2, 4, false, []int{4, 0, 2}, func(i []int) float64 { return x[0].at(i...) }))
			},
			panics: panics{
				"MaskedSoftmax: shape [2 3] is not N×T×S or N×H×T×S": func() { New(2, 3).MaskedSoftmax(true, nil) },
				"MaskedSoftmax: there are 1 lengths for 2 sequences": func() { New(2, 3, 4).MaskedSoftmax(true, []int{1}) },
				"MaskedSoftmax: a length of -1 does not fit 4 keys":  func() { New(1, 3, 4).MaskedSoftmax(true, []int{-1}) },
			},
		},
		{
			name: "MaskedSoftmax/heads, causal", shapes: [][]int{{2, 2, 3, 4}},
			op: func(x []*Tensor) *Tensor { return x[0].MaskedSoftmax(true, nil) },
			naive: func(x []array) array {
				return build(x[0].shape, naiveWeights(3, 4, true, nil, func(i []int) float64 { return x[0].at(i...) }))
			},
		},
		{
			name: "AttentionWeights", shapes: [][]int{{2, 3, 4}, {2, 5, 4}},
			op: func(x []*Tensor) *Tensor {
				return x[0].AttentionWeights(x[1], Attention{Heads: 2, Causal: true, Lengths: []int{5, 3}, Scale: .4})
			},
			naive: func(x []array) array {
				return build([]int{2, 2, 3, 5}, naiveWeights(3, 5, true, []int{5, 3}, func(i []int) float64 {
					score := 0.0
					for c := 2 * i[1]; c < 2*i[1]+2; c++ {
						score += x[0].at(i[0], i[2], c) * x[1].at(i[0], i[3], c)
					}
					return .4 * score
				}))
			},
			panics: panics{"AttentionWeights: queries [1 2 3], keys [1 4 5]": func() { New(1, 2, 3).AttentionWeights(New(1, 4, 5), Attention{}) }},
		},
		{
			name: "Rotary", shapes: [][]int{{2, 3, 8}}, op: func(x []*Tensor) *Tensor { return x[0].Rotary(Rotary{Heads: 2, Base: 20, Start: 5}) },
			naive: naiveRotary(2, 5, 20, false), large: [][]int{{3, 40, 128}},
			panics: panics{
				"Rotary: shape [1 2 6] is not N×T×F with pairs of features in 2 heads": func() { New(1, 2, 6).Rotary(Rotary{Heads: 2}) },
				"Rotary: the start -1 or the base 10000 is negative":                   func() { New(1, 2, 6).Rotary(Rotary{Start: -1}) },
			},
		},
		{
			name: "Rotary/halves", shapes: [][]int{{1, 4, 6}}, op: func(x []*Tensor) *Tensor { return x[0].Rotary(Rotary{Halves: true}) },
			naive: naiveRotary(1, 0, 10000, true),
		},
		{
			name: "Attention/filled", shapes: [][]int{{2, 2, 4}, {2, 6, 4}, {2, 6, 4}},
			op: attend(Attention{Heads: 2, Causal: true, Filled: 4, Lengths: []int{4, 3}}),
			naive: func(x []array) array {
				first := func(a array) array {
					return build([]int{2, 4, 4}, func(i []int) float64 { return a.at(i...) })
				}
				return naiveAttention(2, true, []int{4, 3})([]array{x[0], first(x[1]), first(x[2])})
			},
			panics: panics{
				"Attention: there cannot be 5 keys in the room for 4": func() {
					New(1, 2, 4).Attention(New(1, 4, 4), New(1, 4, 4), Attention{Filled: 5})
				},
				"Attention: a dropout of 1 is not at least 0 and less than 1": func() {
					New(1, 2, 4).Attention(New(1, 4, 4), New(1, 4, 4), Attention{Dropout: 1})
				},
			},
		},
		{
			name: "Attention", shapes: [][]int{{2, 3, 4}, {2, 5, 4}, {2, 5, 6}}, op: attend(Attention{}), naive: naiveAttention(1, false, nil),
			panics: panics{
				"Attention: queries [1 2 3], keys [1 4 5] and values [1 4 5] do not fit": func() {
					New(1, 2, 3).Attention(New(1, 4, 5), New(1, 4, 5), Attention{})
				},
				"Attention: queries [1 2 4], keys [1 4 4] and values [1 4 4] do not fit each other and 3 heads": func() {
					New(1, 2, 4).Attention(New(1, 4, 4), New(1, 4, 4), Attention{Heads: 3})
				},
				"Attention: there are 2 lengths for 1 sequences": func() {
					New(1, 2, 4).Attention(New(1, 4, 4), New(1, 4, 4), Attention{Lengths: []int{1, 2}})
				},
				"Attention: a length of 5 does not fit 4 keys": func() {
					New(1, 2, 4).Attention(New(1, 4, 4), New(1, 4, 4), Attention{Lengths: []int{5}})
				},
			},
			large: [][]int{{3, 70, 33}, {3, 150, 33}, {3, 150, 40}},
		},
		{
			name: "Attention/heads, causal", shapes: [][]int{{2, 4, 6}, {2, 4, 6}, {2, 4, 4}}, op: attend(Attention{Heads: 2, Causal: true}),
			naive: naiveAttention(2, true, nil), large: [][]int{{2, 90, 32}, {2, 90, 32}, {2, 90, 64}},
		},
		{
			name: "Attention/padding", shapes: [][]int{{3, 2, 2}, {3, 4, 2}, {3, 4, 2}}, op: attend(Attention{Lengths: []int{2, 0, 4}}),
			naive: naiveAttention(1, false, []int{2, 0, 4}),
		},
		{
			name: "Attention/more queries than keys, causal", shapes: [][]int{{1, 5, 2}, {1, 3, 2}, {1, 3, 2}},
			op: attend(Attention{Causal: true}), naive: naiveAttention(1, true, nil),
		},
	}
}

// Value and gradients are those of the composition, for blocks of every kind and any number of threads.
func TestAttentionIsItsComposition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	normal := func(shape ...int) *Tensor {
		x := New(shape...)
		for i := range x.data {
			x.data[i] = Float(r.NormFloat64())
		}
		return x
	}
	for _, c := range []struct {
		n, t, s, d, e int
		a             Attention
	}{
		{2, 65, 130, 32, 32, Attention{Heads: 2}},
		{1, 200, 200, 64, 64, Attention{Heads: 1, Causal: true}},
		{3, 7, 19, 24, 8, Attention{Heads: 4, Lengths: []int{19, 1, 0}, Scale: .3}},
		{9, 1, 40, 16, 16, Attention{Heads: 2, Causal: true}},
		{2, 3, 50, 40, 80, Attention{Heads: 1, Causal: true, Filled: 37, Lengths: []int{37, 20}}},
		{2, 1, 50, 12, 128, Attention{Heads: 2, Filled: 20, Dropout: .5}},
		{2, 40, 70, 16, 24, Attention{Heads: 2, Causal: true, Lengths: []int{70, 33}, Dropout: .3}},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			q, k, v, g := normal(c.n, c.t, c.d), normal(c.n, c.s, c.d), normal(c.n, c.s, c.e), normal(c.n, c.t, c.e)
			results := func(fused bool) [][]Float {
				p := Training(rand.New(rand.NewPCG(3, 4))) // whatever is dropped is the same
				defer p.End()
				xs := []*Tensor{p.Var(q), p.Var(k), p.Var(v)}
				y := xs[0].Attention(xs[1], xs[2], c.a)
				loss := y.Mul(p.Input(g)).Sum()
				var all [][]Float
				if grads := Grad(loss, xs...); fused {
					for _, x := range append(grads, y) {
						all = append(all, slices.Clone(x.data))
					}
				} else {
					for _, x := range append(GradGraph(loss, xs...), y) {
						all = append(all, slices.Clone(x.data))
					}
				}
				return all
			}
			want := results(false)
			var first [][]Float
			for threads := 1; threads <= 3; threads++ {
				before := Threads()
				SetThreads(threads)
				got := results(true)
				SetThreads(before)
				if threads == 1 {
					first = got
					// It is linear in the values, which tells that what comes out is what is differentiated.
					y, linear := 0.0, 0.0
					for i, x := range got[3] {
						y += float64(x * g.data[i])
					}
					for i, dv := range got[2] {
						linear += float64(dv * v.data[i])
					}
					if math.Abs(y-linear) > 1e-3 {
						t.Errorf("Σ y·g is %v, and Σ v·dv %v", y, linear)
					}
				}
				for i := range got {
					for j, x := range got[i] {
						if d := math.Abs(float64(x - want[i][j])); !(d < 2e-5) {
							t.Fatalf("result %d: element %d = %v, the composition gives %v", i, j, x, want[i][j])
						}
						if x != first[i][j] {
							t.Fatalf("result %d: element %d = %v with %d threads, %v with one", i, j, x, threads, first[i][j])
						}
					}
				}
			}
		})
	}
}

// The lengths are those of the call, whatever the caller writes to them before Grad.
func TestAttentionKeepsItsLengths(t *testing.T) {
	gradient := func(after int) []Float {
		p := Recording(rand.New(rand.NewPCG(1, 2)))
		defer p.End()
		x := p.Var(Of([]Float{1, 2, 3, -1, .5, 2}, 1, 3, 2))
		lengths := []int{2}
		y := x.Attention(x, x, Attention{Lengths: lengths}).Square().Sum()
		lengths[0] = after
		return slices.Clone(Grad(y, x)[0].data)
	}
	if got, want := gradient(3), gradient(2); !slices.Equal(got, want) {
		t.Errorf("the gradient is %v after a write to the lengths, %v without", got, want)
	}
}
