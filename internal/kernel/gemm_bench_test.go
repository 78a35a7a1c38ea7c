package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// A product is m×n×k with its operands stored as rows (n) or transposed (t), as in the names of the BLAS.
type product struct {
	m, n, k int
	mode    string
}

func (s product) String() string { return fmt.Sprintf("%dx%dx%d-%s", s.m, s.n, s.k, s.mode) }

// products are cubes, skinny products, and the three products of a linear layer of batch×in → out: x·wᵀ, dy·w and dyᵀ·x.
var products = func() (all []product) {
	for _, n := range []int{256, 512, 1024} {
		for _, mode := range []string{"nn", "nt", "tn"} {
			all = append(all, product{n, n, n, mode})
		}
	}
	all = append(all, product{2048, 2048, 2048, "nn"})
	for _, s := range [][3]int{{20, 200, 800}, {20, 800, 200}, {20, 650, 2600}, {20, 2600, 650}, {64, 1024, 1024},
		{128, 768, 3072}, {128, 3072, 768}} {
		all = append(all, product{s[0], s[1], s[2], "nn"})
	}
	for _, s := range [][3]int{{64, 784, 256}, {64, 256, 128}, {64, 128, 10}, {128, 784, 400}, {128, 768, 3072},
		{16, 4, 32}, {16, 32, 32}} {
		batch, in, out := s[0], s[1], s[2]
		all = append(all, product{batch, out, in, "nt"}, product{batch, in, out, "nn"}, product{out, in, batch, "tn"})
	}
	return append(all, product{1, 1024, 1024, "nn"}, product{1, 1024, 1024, "nt"})
}()

// withBothThreads runs a benchmark with one thread and with two.
func withBothThreads(b *testing.B, name string, f func(b *testing.B)) {
	for threads := 1; threads <= 2; threads++ {
		b.Run(fmt.Sprintf("%s/%d", name, threads), func(b *testing.B) { withThreads(b, threads, func() { f(b) }) })
	}
}

func reportRate(b *testing.B, multiplications int) {
	b.ReportMetric(2*float64(multiplications)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func (s product) operands() (a []Float, lda int, b []Float, ldb int, c []Float) {
	r := rand.New(rand.NewPCG(7, 8))
	lda, ldb = s.k, s.n
	if s.mode[0] == 't' {
		lda = s.m
	}
	if s.mode[1] == 't' {
		ldb = s.k
	}
	return random(r, s.m*s.k), lda, random(r, s.k*s.n), ldb, make([]Float, s.m*s.n)
}

func BenchmarkGemm(b *testing.B) {
	for _, s := range products {
		x, lda, y, ldb, z := s.operands()
		withBothThreads(b, s.String(), func(b *testing.B) {
			for b.Loop() {
				Gemm(s.m, s.n, s.k, x, lda, s.mode[0] == 't', y, ldb, s.mode[1] == 't', z, s.n, false)
			}
			reportRate(b, s.m*s.n*s.k)
		})
	}
}

func BenchmarkPacked(b *testing.B) {
	for _, s := range products {
		if s.mode == "tn" || s.m > 128 {
			continue
		}
		x, lda, y, ldb, z := s.operands()
		withBothThreads(b, s.String(), func(b *testing.B) {
			var p Packed
			p.Pack(s.k, s.n, y, ldb, s.mode[1] == 't')
			for b.Loop() {
				p.Multiply(s.m, x, lda, z, s.n, false)
			}
			reportRate(b, s.m*s.n*s.k)
		})
	}
}

func BenchmarkGemmBatch(b *testing.B) {
	const batch = 64
	for _, s := range []product{{128, 128, 64, "nt"}, {128, 64, 128, "nn"}, {128, 64, 128, "tn"}} {
		r := rand.New(rand.NewPCG(9, 10))
		x, y, z := random(r, batch*s.m*s.k), random(r, batch*s.k*s.n), make([]Float, batch*s.m*s.n)
		withBothThreads(b, fmt.Sprintf("%d of %v", batch, s), func(b *testing.B) {
			for b.Loop() {
				GemmBatch(batch, s.m, s.n, s.k, x, s.m*s.k, s.mode[0] == 't', y, s.k*s.n, s.mode[1] == 't', z, s.m*s.n)
			}
			reportRate(b, batch*s.m*s.n*s.k)
		})
	}
}
