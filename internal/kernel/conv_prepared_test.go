package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What is computed from prepared weights has the bits of what is computed from the weights themselves, with any number of threads.
func TestPreparedConv(t *testing.T) { eachLevel(t, testPreparedConv) }

func testPreparedConv(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	prepared := 0
	for _, g := range slices.Concat(convShapes, winogradShapes) {
		if !g.Preparable() {
			continue
		}
		prepared++
		nx, nw, ny := g.lens()
		x, w := random(r, nx), random(r, nw)
		p := g.Prepare(w)
		for i, e := range epilogues(r, g.N*g.OH*g.OW, g.OC) {
			want := make([]Float, ny)
			g.ForwardEpilogue(want, x, w, e)
			for _, threads := range []int{1, 3} {
				got := random(r, ny)
				withThreads(t, threads, func() { g.ForwardPrepared(got, x, p, e) })
				if !slices.Equal(got, want) {
					t.Errorf("%+v, epilogue %d, %d threads: other bits than without preparing", g, i, threads)
				}
			}
		}
	}
	if prepared < 5 {
		t.Errorf("only %d geometries were prepared", prepared)
	}
}
