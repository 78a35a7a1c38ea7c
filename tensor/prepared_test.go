package tensor

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// convolved is what inference makes of x.
func convolved(x, w *Tensor) []Float {
	p := Inference()
	defer p.End()
	return slices.Clone(p.Input(x).Conv2D(w, Conv{Pad: 1}).Data())
}

// Weights stay prepared until they are written to, whichever way, and what is computed by them does not change by that.
func TestPreparedWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	draw := func(dims ...int) *Tensor {
		x := New(dims...)
		normal(r, [][]Float{x.Edit()})
		return x
	}
	for _, side := range []int{14, 5} { // by Winograd's algorithm, and by a product
		x, w, other := draw(1, side, side, 32), Param(3, 3, 32, 40), draw(3, 3, 32, 40)
		normal(r, [][]Float{w.Edit()})
		for i, write := range []func(){
			func() {},
			func() { w.Edit()[77] = 3 },
			func() { w.Set(other) },
			func() { w.AddScaled(other, -.5) },
			func() { p := Inference(); p.Use(w).Reshape(9, 32, 40); p.End(); w.Edit()[3]++ },
		} {
			write()
			want := convolved(x, Of(w.Data(), w.Shape()...))
			for time := range 4 {
				if !slices.Equal(convolved(x, w), want) {
					t.Errorf("%d pixels, write %d: the result of time %d is another", side, i, time)
				}
			}
			if w.prepared.Load() == nil || w.prepared.Load().weights == nil {
				t.Errorf("%d pixels, write %d: the weights were not prepared", side, i)
			}
		}
		// Another geometry in between, and a training pass, do not disturb.
		small := draw(1, 7, 7, 32)
		want, wantSmall := convolved(x, w), convolved(small, w)
		p := Training(nil)
		p.Var(x).Conv2D(w, Conv{Pad: 1})
		p.End()
		var wait sync.WaitGroup
		for i := range 8 {
			wait.Go(func() {
				got, wanted := convolved(x, w), want
				if i%3 == 0 {
					got, wanted = convolved(small, w), wantSmall
				}
				if !slices.Equal(got, wanted) {
					t.Errorf("%d pixels: several passes at once give another result", side)
				}
			})
		}
		wait.Wait()
	}
}
