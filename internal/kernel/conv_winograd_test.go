package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// winogradShapes are convolutions that Winograd's algorithm can do, whether it pays or not.
var winogradShapes = []Conv{
	square(1, 4, 16, 16, 3, 1, 1, 1, 1),
	square(2, 7, 19, 37, 3, 1, 1, 1, 1),
	square(3, 9, 5, 1, 3, 1, 0, 1, 1),
	square(2, 14, 33, 70, 3, 1, 2, 1, 1),
	square(1, 6, 1, 20, 3, 1, 1, 1, 1),
	square(17, 8, 32, 48, 3, 1, 1, 1, 1), // several blocks
	square(1, 70, 16, 17, 3, 1, 1, 1, 1), // a row of tiles longer than half a block
	square(2, 5, 80, 65, 3, 1, 1, 1, 1),  // several parts of the channels
	square(1, 5, 150, 150, 3, 1, 1, 1, 1),
	{2, 5, 11, 8, 3, 13, 6, 3, 3, 1, 1, 0, 2, 1, 1, 1},  // not the same padding on all sides
	{1, 6, 7, 8, 2, 3, 6, 3, 3, 1, 1, -1, -1, 1, 1, 1},  // a crop
	{1, 2, 2, 3, 7, 7, 4, 3, 3, 1, 1, 4, 4, 1, 1, 1},    // tiles wholly in the padding
	{1, 3, 2, 16, 12, 11, 4, 3, 3, 1, 1, 9, 9, 1, 1, 1}, // and lines
}

// Winograd's algorithm computes what the direct one does, writes all of it, and does not depend on threads.
func TestWinograd(t *testing.T) { eachLevel(t, testWinograd) }

func testWinograd(t *testing.T) {
	defer func(was bool) { winogradOff = was }(winogradOff)
	winogradOff = true
	r := rand.New(rand.NewPCG(3, 4))
	for _, g := range winogradShapes {
		nx, nw, ny := g.lens()
		x, w, y := random(r, nx), random(r, nw), random(r, ny)
		for _, e := range []Epilogue{{}, {Bias: random(r, g.OC)}, {ReLU: true}, {Bias: random(r, g.OC), ReLU: true}} {
			compareWinograd(t, g, "forward", ny, 9*g.C, func(dst []Float) { g.ForwardEpilogue(dst, x, w, e) },
				func(dst []Float) {
					c := g.newWinograd(dst, x, w, e)
					c.compute()
				})
		}
		compareWinograd(t, g, "input", nx, 9*g.OC, func(dst []Float) { g.Input(dst, y, w) },
			func(dst []Float) { g.winogradInput(dst, y, w) })
		compareWinograd(t, g, "weight", nw, g.N*g.OH*g.OW, func(dst []Float) { g.Weight(dst, x, y) },
			func(dst []Float) { g.winogradWeight(dst, x, y) })
	}
}

func compareWinograd(t *testing.T, g Conv, pass string, n, terms int, direct, fast func(dst []Float)) {
	t.Helper()
	want, first := make([]Float, n), make([]Float, n)
	direct(want)
	for threads := 1; threads <= 3; threads++ {
		got := make([]Float, n)
		for i := range got {
			got[i] = Float(math.NaN())
		}
		withThreads(t, threads, func() { fast(got) })
		if threads == 1 {
			copy(first, got)
		}
		for i, v := range got {
			if d := math.Abs(float64(v - want[i])); !(d <= 64*epsilon*(2+math.Sqrt(float64(terms)))) {
				t.Fatalf("%+v, %s: element %d = %v, the direct algorithm gives %v", g, pass, i, v, want[i])
			}
			if bits(v) != bits(first[i]) {
				t.Fatalf("%+v, %s: element %d = %v with %d threads, %v with one", g, pass, i, v, threads, first[i])
			}
		}
	}
}

// A sum by F(4×4, 3×3) is two to four times as far from the true one as by the direct algorithm, in the mean.
func TestWinogradLosesLittle(t *testing.T) {
	defer func(was bool) { winogradOff = was }(winogradOff)
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range []int{16, 64, 256} {
		g := square(4, 16, c, 32, 3, 1, 1, 1, 1)
		if winogradOff = false; !g.winogradWins() {
			t.Fatalf("%+v is not done by Winograd's algorithm", g)
		}
		nx, nw, ny := g.lens()
		x, w, y := random(r, nx), random(r, nw), random(r, ny)
		for _, pass := range []struct {
			name string
			n    int
			run  func(dst []Float)
		}{
			{"forward", ny, func(dst []Float) { g.Forward(dst, x, w) }},
			{"input", nx, func(dst []Float) { g.Input(dst, y, w) }},
			{"weight", nw, func(dst []Float) { g.Weight(dst, x, y) }},
		} {
			want := make([]float64, pass.n)
			g.each(func(iy, ix, iw int) {
				switch pass.name {
				case "forward":
					want[iy] += float64(x[ix]) * float64(w[iw])
				case "input":
					want[ix] += float64(y[iy]) * float64(w[iw])
				case "weight":
					want[iw] += float64(x[ix]) * float64(y[iy])
				}
			})
			distance := func(off bool) float64 {
				winogradOff = off
				got := make([]Float, pass.n)
				pass.run(got)
				sum := 0.0
				for i, v := range got {
					d := float64(v) - want[i]
					sum += d * d
				}
				return math.Sqrt(sum / float64(pass.n))
			}
			size := 0.0
			for _, v := range want {
				size += v * v
			}
			size = math.Sqrt(size / float64(len(want)))
			direct, fast := max(distance(true), 2*epsilon*size), distance(false)
			t.Logf("%d channels, %s: direct %.2e, Winograd %.2e", c, pass.name, direct, fast)
			if fast > 6*direct {
				t.Errorf("%d channels, %s: Winograd is %.2e from the true sums, the direct algorithm %.2e", c, pass.name, fast, direct)
			}
		}
	}
}
