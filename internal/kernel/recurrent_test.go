package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var cells = map[string]Cell{"LSTM": LSTM, "GRU": GRU, "ElmanTanh": ElmanTanh, "ElmanReLU": ElmanReLU}

// newSequence draws what r reads, and makes room for what it computes.
func newSequence(r Recurrent) *Sequence {
	source, gates := rand.New(rand.NewPCG(41, 42)), r.Cell.Gates()*r.H
	numbers := func(n int, size float64) []Float {
		x := random(source, n)
		for i := range x {
			x[i] *= Float(size)
		}
		return x
	}
	size := 1 / math.Sqrt(float64(r.H+1))
	return &Sequence{
		X: numbers(r.N*r.T*r.F, 1), H0: numbers(r.N*r.H, 1), C0: numbers(r.N*r.H, 1),
		IH: numbers(gates*r.F, size), HH: numbers(gates*r.H, size), BiasIH: numbers(gates, 1), BiasHH: numbers(gates, 1),
		Y: make([]Float, r.N*r.T*r.H), HN: make([]Float, r.N*r.H), CN: make([]Float, r.N*r.H),
		Kept: make([]Float, r.N*r.T*r.Cell.Kept()*r.H), C: make([]Float, r.N*r.T*r.H),
	}
}

// gradientsOf makes room for the gradients of s, with those of the results drawn.
func gradientsOf(r Recurrent, s *Sequence) *Sequence {
	source, room := rand.New(rand.NewPCG(43, 44)), func(x []Float) []Float { return make([]Float, len(x)) }
	return &Sequence{
		X: room(s.X), H0: room(s.H0), C0: room(s.C0), IH: room(s.IH), HH: room(s.HH), BiasIH: room(s.BiasIH), BiasHH: room(s.BiasHH),
		Y: random(source, len(s.Y)), HN: random(source, len(s.HN)), CN: random(source, len(s.CN)),
		Kept: make([]Float, r.N*r.T*max(1, r.Cell.Kept())*r.H),
	}
}

// recurrentOracle computes y, N×T×H, by the formulas of one unit at a time.
func recurrentOracle(r Recurrent, s *Sequence) []float64 {
	y := make([]float64, r.N*r.T*r.H)
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for n := range r.N {
		h, c := make([]float64, r.H), make([]float64, r.H)
		for i := range h {
			h[i], c[i] = float64(s.H0[n*r.H+i]), float64(s.C0[n*r.H+i])
		}
		for t := range r.T {
			next := slices.Clone(h)
			for i := range h {
				var x, p [4]float64 // what the input and what the hidden state add to every gate
				for g := range r.Cell.Gates() {
					row := g*r.H + i
					x[g], p[g] = float64(s.BiasIH[row]), float64(s.BiasHH[row])
					for j := range r.F {
						x[g] += float64(s.IH[row*r.F+j]) * float64(s.X[(n*r.T+t)*r.F+j])
					}
					for j := range h {
						p[g] += float64(s.HH[row*r.H+j]) * h[j]
					}
				}
				switch r.Cell {
				case LSTM:
					c[i] = sigmoid(x[1]+p[1])*c[i] + sigmoid(x[0]+p[0])*math.Tanh(x[2]+p[2])
					next[i] = sigmoid(x[3]+p[3]) * math.Tanh(c[i])
				case GRU:
					z := sigmoid(x[1] + p[1])
					next[i] = (1-z)*math.Tanh(x[2]+sigmoid(x[0]+p[0])*p[2]) + z*h[i]
				case ElmanTanh:
					next[i] = math.Tanh(x[0] + p[0])
				case ElmanReLU:
					next[i] = max(0, x[0]+p[0])
				}
			}
			h = next
			copy(y[(n*r.T+t)*r.H:], h)
		}
	}
	return y
}

var recurrentShapes = [][4]int{{1, 4, 3, 2}, {1, 3, 70, 90}, {2, 3, 5, 17}, {7, 2, 4, 33}, {9, 5, 20, 40}, {20, 6, 30, 50},
	{50, 2, 3, 70}, {3, 0, 4, 5}, {0, 3, 4, 5}, {3, 2, 0, 4}}

func TestRecurrent(t *testing.T) { eachLevel(t, testRecurrent) }

func testRecurrent(t *testing.T) {
	for name, cell := range cells {
		for _, shape := range recurrentShapes {
			r := Recurrent{Cell: cell, N: shape[0], T: shape[1], F: shape[2], H: shape[3]}
			name := fmt.Sprint(name, shape)
			s := newSequence(r)
			r.Forward(s)
			agree(t, name, s.Y, recurrentOracle(r, s), 100)
			for n := range r.N {
				last, lastC := s.H0[n*r.H:][:r.H], s.C0[n*r.H:][:r.H]
				if r.T > 0 {
					last, lastC = s.Y[((n+1)*r.T-1)*r.H:][:r.H], s.C[((n+1)*r.T-1)*r.H:][:r.H]
				}
				compare(t, name+" state", s.HN[n*r.H:][:r.H], last, 0)
				if cell == LSTM {
					compare(t, name+" cells", s.CN[n*r.H:][:r.H], lastC, 0)
				}
			}
			past := make([]Float, len(s.Y))
			d := gradientsOf(r, s)
			r.Grad(d, s, past)

			again := newSequence(r)
			again.C = nil
			r.Forward(again)
			if !slices.Equal(again.Y, s.Y) || !slices.Equal(again.CN, s.CN) && cell == LSTM {
				t.Errorf("%s: other bits where cells are not kept", name)
			}
			for threads := 1; threads <= 3; threads++ {
				withThreads(t, threads, func() {
					s2, d2 := newSequence(r), gradientsOf(r, s)
					r.Forward(s2)
					r.Grad(d2, s2, past)
					for i, pair := range [][2][]Float{{s2.Y, s.Y}, {s2.HN, s.HN}, {s2.CN, s.CN}, {d2.X, d.X}, {d2.H0, d.H0}, {d2.C0, d.C0},
						{d2.IH, d.IH}, {d2.HH, d.HH}, {d2.BiasIH, d.BiasIH}, {d2.BiasHH, d.BiasHH}} {
						if !slices.Equal(pair[0], pair[1]) {
							t.Errorf("%s: %d threads give other bits (result %d)", name, threads, i)
						}
					}
				})
			}
		}
	}
}

func TestRecurrentDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	for name, cell := range cells {
		r := Recurrent{Cell: cell, N: 20, T: 5, F: 30, H: 40}
		s := newSequence(r)
		d, past := gradientsOf(r, s), make([]Float, len(s.Y))
		run := func() {
			r.Forward(s)
			r.Grad(d, s, past)
		}
		run()
		if n := testing.AllocsPerRun(20, run); n >= 1 {
			t.Errorf("%s allocates %v times, want 0", name, n)
		}
	}
}

func BenchmarkRecurrent(b *testing.B) {
	for _, name := range []string{"LSTM", "GRU", "ElmanTanh"} {
		for _, size := range []int{200, 650} {
			for _, n := range []int{1, 20} {
				r := Recurrent{Cell: cells[name], N: n, T: 35, F: size, H: size}
				s := newSequence(r)
				d, past := gradientsOf(r, s), make([]Float, len(s.Y))
				multiplications := float64(r.N * r.T * (len(s.IH) + len(s.HH)))
				run := func(kind string, work float64, f func()) {
					for threads := 1; threads <= 2; threads++ {
						b.Run(fmt.Sprintf("%s/H=%d/N=%d/%s/threads=%d", name, size, n, kind, threads), func(b *testing.B) {
							withThreads(b, threads, func() {
								for b.Loop() {
									f()
								}
							})
							b.ReportMetric(2*work*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
						})
					}
				}
				run("forward", multiplications, func() { r.Forward(s) })
				run("both", 3*multiplications, func() {
					r.Forward(s)
					r.Grad(d, s, past)
				})
			}
		}
	}
}
