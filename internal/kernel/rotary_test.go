package kernel

import (
	"fmt"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// A pair is a complex number that is multiplied by e^(i·angle), in any number of threads, and turning back is the inverse.
func TestRotary(t *testing.T) {
	for _, r := range []Rotary{
		{N: 1, T: 1, Heads: 1, D: 2, Base: 10000},
		{N: 2, T: 5, Heads: 3, D: 6, Base: 10, Start: 7},
		{N: 2, T: 50, Heads: 2, D: 64, Base: 10000, Halves: true},
	} {
		t.Run(fmt.Sprintf("%+v", r), func(t *testing.T) {
			width := r.Heads * r.D
			x := random(rand.New(rand.NewPCG(1, 2)), r.N*r.T*width)
			want := make([]float64, len(x))
			for row := range r.N * r.T {
				for h := range r.Heads {
					for i := range r.D / 2 {
						a, b := 2*i, 2*i+1
						if r.Halves {
							a, b = i, i+r.D/2
						}
						a, b = row*width+h*r.D+a, row*width+h*r.D+b
						angle := float64(r.Start+row%r.T) / math.Pow(float64(r.Base), 2*float64(i)/float64(r.D))
						z := complex(float64(x[a]), float64(x[b])) * cmplx.Exp(complex(0, angle))
						want[a], want[b] = real(z), imag(z)
					}
				}
			}
			for threads := 1; threads <= 3; threads++ {
				y, back := nans(len(x)), nans(len(x))
				withThreads(t, threads, func() {
					r.Turn(y, x, false)
					r.Turn(back, y, true)
				})
				agree(t, "turned", y, want, 4)
				for i, v := range back {
					if math.Abs(float64(v-x[i])) > 1e-5 {
						t.Fatalf("turned back, element %d is %v, was %v", i, v, x[i])
					}
				}
			}
		})
	}
}
