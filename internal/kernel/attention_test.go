package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// attentionShapes have whole and partial blocks of queries and panels of keys, and queries that see nothing.
var attentionShapes = []Attention{
	{N: 1, T: 1, S: 1, Heads: 1, D: 1, E: 1, Scale: 1},
	{N: 2, T: 5, S: 40, Heads: 3, D: 7, E: 5, Scale: .4},
	{N: 1, T: 130, S: 130, Heads: 1, D: 33, E: 17, Scale: .2, Causal: true},
	{N: 3, T: 4, S: 20, Heads: 2, D: 16, E: 48, Scale: .25, Lengths: []int{20, 0, 3}},
	{N: 2, T: 9, S: 6, Heads: 1, D: 8, E: 8, Scale: .3, Causal: true, Lengths: []int{6, 2}},
	{N: 1, T: 1, S: 300, Heads: 4, D: 16, E: 16, Scale: .25, Causal: true},
	{N: 3, T: 1, S: 300, Rows: 310, Heads: 2, D: 40, E: 128, Scale: .25, Causal: true, Lengths: []int{300, 0, 9}}, // one query each
	{N: 1, T: 30, S: 6000, Heads: 1, D: 4, E: 4, Scale: .5},                                                       // twelve or more rows of scores are a block
	{N: 1, T: 3, S: 4, Heads: 1, D: 0, E: 2, Scale: 1},
	{N: 2, T: 3, S: 7, Rows: 9, Heads: 2, D: 40, E: 33, Scale: .2, Causal: true, Lengths: []int{7, 4}},
	{N: 2, T: 14, S: 20, Rows: 21, Heads: 2, D: 5, E: 6, Scale: .2, Causal: true},
}

// The value and the three gradients are those of the formula at every level, all of them are written, and threads do not matter.
func TestAttention(t *testing.T) { eachLevel(t, testAttention) }

func testAttention(t *testing.T) {
	for _, a := range attentionShapes {
		t.Run(fmt.Sprintf("%+v", a), func(t *testing.T) {
			r := rand.New(rand.NewPCG(5, 6))
			rows := max(a.Rows, a.S)
			q, k := random(r, a.N*a.T*a.Heads*a.D), random(r, a.N*rows*a.Heads*a.D)
			v, dy := random(r, a.N*rows*a.Heads*a.E), random(r, a.N*a.T*a.Heads*a.E)
			y, dq, dk, dv := a.naive(q, k, v, dy)
			var first [][]Float
			for threads := 1; threads <= 3; threads++ {
				got := [][]Float{nans(len(y)), nans(len(dq)), nans(len(dk)), nans(len(dv))}
				logs := nans(a.N * a.Heads * a.T)
				withThreads(t, threads, func() {
					a.Forward(got[0], logs, q, k, v)
					a.Backward(got[1], got[2], got[3], dy, got[0], logs, q, k, v)
				})
				if first == nil {
					first = got
				}
				for i, want := range [][]float64{y, dq, dk, dv} {
					agree(t, []string{"y", "dq", "dk", "dv"}[i], got[i], want, a.T+a.S)
					for j, x := range got[i] {
						if bits(x) != bits(first[i][j]) {
							t.Fatalf("%d threads: element %d = %v, with one %v", threads, j, x, first[i][j])
						}
					}
				}
			}
		})
	}
}

func nans(n int) []Float {
	x := make([]Float, n)
	for i := range x {
		x[i] = Float(math.NaN())
	}
	return x
}

// naive is Forward and Backward by the formulas.
func (a *Attention) naive(q, k, v, dy []Float) (y, dq, dk, dv []float64) {
	y, dq, dk, dv = make([]float64, len(dy)), make([]float64, len(q)), make([]float64, len(k)), make([]float64, len(v))
	rows := max(a.Rows, a.S)
	for n := range a.N {
		for h := range a.Heads {
			for t := range a.T {
				atQ, atY := (n*a.T+t)*a.Heads*a.D+h*a.D, (n*a.T+t)*a.Heads*a.E+h*a.E
				keys := a.Keys(n, t)
				p, sum := make([]float64, keys), 0.0
				for s := range p {
					for c := range a.D {
						p[s] += float64(q[atQ+c]) * float64(k[(n*rows+s)*a.Heads*a.D+h*a.D+c])
					}
					p[s] = math.Exp(p[s] * float64(a.Scale))
					sum += p[s]
				}
				slopes, mean := make([]float64, keys), 0.0
				for s := range p {
					p[s] /= sum
					for c := range a.E {
						atV := (n*rows+s)*a.Heads*a.E + h*a.E + c
						y[atY+c] += p[s] * float64(v[atV])
						dv[atV] += p[s] * float64(dy[atY+c])
						slopes[s] += float64(dy[atY+c]) * float64(v[atV])
					}
					mean += p[s] * slopes[s]
				}
				for s := range p {
					slope := p[s] * (slopes[s] - mean) * float64(a.Scale)
					for c := range a.D {
						atK := (n*rows+s)*a.Heads*a.D + h*a.D + c
						dq[atQ+c] += slope * float64(k[atK])
						dk[atK] += slope * float64(q[atQ+c])
					}
				}
			}
		}
	}
	return y, dq, dk, dv
}

func BenchmarkAttention(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, t := range []int{128, 1024} {
		for _, queries := range []int{t, 1} {
			benchmarkAttention(b, r, Attention{N: 8, T: queries, S: t, Heads: 8, D: 64, E: 64, Scale: .125})
		}
	}
}

func benchmarkAttention(b *testing.B, r *rand.Rand, a Attention) {
	queries, keys := a.N*a.T*a.Heads*a.D, a.N*a.S*a.Heads*a.D
	q, k, v, y, dy := random(r, queries), random(r, keys), random(r, keys), make([]Float, queries), random(r, queries)
	dq, dk, dv, logs := make([]Float, queries), make([]Float, keys), make([]Float, keys), make([]Float, a.N*a.Heads*a.T)
	for _, way := range []struct {
		name     string
		products int
		f        func()
	}{
		{"forward", 2, func() { a.Forward(y, logs, q, k, v) }},
		{"backward", 5, func() { a.Backward(dq, dk, dv, dy, y, logs, q, k, v) }},
	} {
		b.Run(fmt.Sprintf("%d×%d/%s", a.T, a.S, way.name), func(b *testing.B) {
			for b.Loop() {
				way.f()
			}
			flop := float64(2*way.products) * float64(queries*a.S)
			b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

func TestAttentionDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	a := Attention{N: 2, T: 40, S: 50, Heads: 2, D: 16, E: 16, Scale: .25}
	x, y, logs := make([]Float, 2*50*32), make([]Float, 2*50*32), make([]Float, 2*2*40)
	run := func() {
		a.Forward(y, logs, x, x, x)
		a.Backward(y, y, y, x, x, logs, x, x, x)
	}
	run()
	if n := testing.AllocsPerRun(20, run); n >= 1 {
		t.Errorf("attention allocates %v times", n)
	}
}
