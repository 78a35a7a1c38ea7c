package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// epsilon is the distance from 1 to the next number.
var epsilon = func() float64 {
	e := Float(1)
	for 1+e/2 > 1 {
		e /= 2
	}
	return float64(e)
}()

func random(r *rand.Rand, n int) []Float {
	x := make([]Float, n)
	for i := range x {
		x[i] = Float(r.Float64()*2 - 1)
	}
	return x
}

// agree checks got against want for sums of terms products of numbers in [-1, 1].
func agree(t *testing.T, what string, got []Float, want []float64, terms int) {
	t.Helper()
	tolerance := epsilon * (2 + math.Sqrt(float64(terms))) * 16
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tolerance*(1+math.Abs(w))) {
			t.Errorf("%s: element %d = %v, want %v", what, i, got[i], w)
			return
		}
	}
}

// gemmOracle is Gemm by its definition.
func gemmOracle(
	m, n, k int, a []Float, lda int, ta bool, b []Float, ldb int, tb bool, c []Float, ldc int, add bool,
) []float64 {
	want := make([]float64, len(c))
	for i, v := range c {
		want[i] = float64(v)
	}
	for i := range m {
		for j := range n {
			s := 0.0
			if add {
				s = float64(c[i*ldc+j])
			}
			for p := range k {
				x, y := i*lda+p, p*ldb+j
				if ta {
					x = p*lda + i
				}
				if tb {
					y = j*ldb + p
				}
				s += float64(a[x]) * float64(b[y])
			}
			want[i*ldc+j] = s
		}
	}
	return want
}

var gemmShapes = [][3]int{
	{1, 1, 1}, {1, 16, 8}, {1, 300, 700}, {1, 64, 5}, {1, 1, 131}, {90, 1, 77}, {2, 3, 4},
	{5, 33, 1030}, {6, 16, 4}, {7, 17, 5}, {12, 31, 100}, {13, 16, 3}, {20, 80, 200},
	{25, 6, 500}, {64, 10, 84}, {64, 130, 300}, {70, 1, 90}, {73, 515, 65}, {131, 140, 515},
	{300, 48, 64}, {9, 530, 600}, {3, 4, 0},
	{0, 4, 3}, {3, 0, 4}, {96, 96, 96}, {150, 16, 1100}, {600, 35, 40},
}

func TestGemm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range gemmShapes {
		m, n, k := s[0], s[1], s[2]
		for _, ta := range []bool{false, true} {
			for _, tb := range []bool{false, true} {
				for _, add := range []bool{false, true} {
					what := fmt.Sprintf("Gemm %v ta=%v tb=%v add=%v", s, ta, tb, add)
					lda, ldb, ldc := k+3, n+5, n+2 // rows with something behind them
					ra, rb := m, k
					if ta {
						lda, ra = m+3, k
					}
					if tb {
						ldb, rb = k+5, n
					}
					a, b, c := random(r, ra*lda), random(r, rb*ldb), random(r, m*ldc+7)
					want := gemmOracle(m, n, k, a, lda, ta, b, ldb, tb, c, ldc, add)
					got := slices.Clone(c)
					Gemm(m, n, k, a, lda, ta, b, ldb, tb, got, ldc, add)
					agree(t, what, got, want, k) // with what lies between the rows of c and behind it
					again := slices.Clone(c)
					withThreads(t, 3, func() { Gemm(m, n, k, a, lda, ta, b, ldb, tb, again, ldc, add) })
					if !slices.Equal(got, again) {
						t.Errorf("%s: 3 threads give other bits than %d", what, Threads())
					}
				}
			}
		}
	}
}

func TestGemmEpilogue(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	for _, s := range gemmShapes {
		m, n, k := s[0], s[1], s[2]
		for i, e := range epilogues(r, m, n) {
			for _, add := range []bool{false, true} {
				a, b, c := random(r, m*k), random(r, k*n), random(r, m*n)
				want := slices.Clone(c)
				Gemm(m, n, k, a, k, false, b, k, true, want, n, add)
				e.apply(want, n, 0, m, 0, n)
				GemmEpilogue(m, n, k, a, k, false, b, k, true, c, n, add, e)
				if !slices.Equal(c, want) {
					t.Errorf("GemmEpilogue %v, epilogue %d: not what Gemm and the epilogue give", s, i)
				}
			}
		}
	}
}

// The operands end where the matrices end: the kernels must not need a byte behind them.
func TestGemmTightOperands(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, s := range gemmShapes {
		m, n, k := s[0], s[1], s[2]
		a, b, c := random(r, m*k), random(r, k*n), make([]Float, m*n)
		want := gemmOracle(m, n, k, a, k, false, b, n, false, c, n, false)
		Gemm(m, n, k, a[:m*k:m*k], k, false, b[:k*n:k*n], n, false, c[:m*n:m*n], n, false)
		agree(t, fmt.Sprint("Gemm ", s), c, want, k)
	}
}

func TestGemmPropagatesNaNAndInf(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		for _, s := range [][3]int{{3, 5, 7}, {20, 33, 40}, {90, 40, 120}} {
			m, n, k := s[0], s[1], s[2]
			for _, inA := range []bool{false, true} {
				a, b, c := slices.Repeat([]Float{1}, m*k), slices.Repeat([]Float{1}, k*n), make([]Float, m*n)
				if inA {
					a[(m-1)*k+k-1] = Float(bad)
				} else {
					b[(k-1)*n+n-1] = Float(bad)
				}
				Gemm(m, n, k, a, k, false, b, n, false, c, n, false)
				for i := range m {
					for j := range n {
						want := Float(k)
						if inA && i == m-1 || !inA && j == n-1 {
							want = Float(bad)
						}
						if got := c[i*n+j]; got != want && !(got != got && want != want) {
							t.Fatalf("%v with %v in a %v: c[%d, %d] = %v, want %v", s, bad, inA, i, j, got, want)
						}
					}
				}
			}
		}
	}
}

func TestGemmBatch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, s := range [][4]int{{1, 3, 4, 5}, {7, 5, 6, 9}, {3, 90, 70, 110}, {64, 16, 20, 8}, {0, 2, 2, 2}, {2, 0, 3, 1},
		{2, 3, 1, 0}} {
		batch, m, n, k := s[0], s[1], s[2], s[3]
		for mode := range 16 {
			ta, tb, as, bs := mode&1 > 0, mode&2 > 0, m*k, k*n
			if mode&4 > 0 {
				as = 0
			}
			if mode&8 > 0 {
				bs = 0
			}
			a, b, got := random(r, max(1, batch)*m*k), random(r, max(1, batch)*k*n), random(r, batch*m*n)
			lda, ldb := k, n
			if ta {
				lda = m
			}
			if tb {
				ldb = k
			}
			var want []float64
			for i := range batch {
				c := make([]Float, m*n)
				want = append(want, gemmOracle(m, n, k, a[i*as:], lda, ta, b[i*bs:], ldb, tb, c, n, false)...)
			}
			GemmBatch(batch, m, n, k, a, as, ta, b, bs, tb, got, m*n)
			agree(t, fmt.Sprint("GemmBatch ", s, mode), got, want, k)
		}
	}
}

func TestGemmDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	a, b, c := make([]Float, 200*300), make([]Float, 300*200), make([]Float, 200*200)
	run := func() {
		Gemm(200, 200, 300, a, 300, false, b, 200, false, c, 200, false)
		Gemm(1, 200, 300, a, 300, false, b, 200, false, c, 200, false)
		GemmBatch(50, 20, 20, 20, a, 400, false, b, 400, true, c, 400)
	}
	run()
	if n := testing.AllocsPerRun(50, run); n >= 1 {
		t.Errorf("Gemm and GemmBatch allocate %v times, want 0", n)
	}
}

// Several goroutines run inference at the same time: one is served by the workers, the others by themselves.
func TestManyCallers(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	const m, n, k = 100, 90, 110
	a, b, want := random(r, m*k), random(r, k*n), make([]Float, m*n)
	g := square(2, 14, 6, 16, 5, 1, 0, 1, 1)
	nx, nw, ny := g.lens()
	x, w, wantY := random(r, nx), random(r, nw), make([]Float, ny)
	Gemm(m, n, k, a, k, false, b, n, false, want, n, false)
	g.Forward(wantY, x, w)
	withThreads(t, 3, func() {
		var callers sync.WaitGroup
		for range 6 {
			callers.Go(func() {
				c, y := make([]Float, m*n), make([]Float, ny)
				for range 20 {
					Gemm(m, n, k, a, k, false, b, n, false, c, n, false)
					g.Forward(y, x, w)
					if !slices.Equal(c, want) || !slices.Equal(y, wantY) {
						t.Error("one of several callers got other bits")
						return
					}
				}
			})
		}
		callers.Wait()
	})
}

func BenchmarkPanel(b *testing.B) {
	for _, m := range []int{1, 6, 8, 12, 24} {
		for _, k := range []int{64, 256} {
			for _, mode := range []string{"rows", "tiles"} {
				b.Run(fmt.Sprintf("%d/%d/%s", m, k, mode), func(b *testing.B) {
					x, y, z := make([]Float, m*(k+8)), make([]Float, k*16), make([]Float, m*16)
					rs, ks := k+8, 1
					if mode == "tiles" {
						rs, ks = 1, m
					}
					for b.Loop() {
						panel(m, 16, k, x, rs, ks, y, 16, z, 16, false, Epilogue{})
					}
					b.ReportMetric(2*float64(m*16*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
		}
	}
}
