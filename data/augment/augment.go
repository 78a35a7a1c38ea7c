// Package augment has the transforms by which examples are varied in training. Each is a plain value with its parameters in fields;
// data.Compose joins several, and Parse makes them of text. What moves pixels moves boxes and masks with them; what changes colours
// leaves those alone. The operations do what torchvision's do (transforms.v2.functional).
package augment

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// A Colour is what fills holes: red, green and blue. A grey picture takes the grey of it.
type Colour [3]byte

// in returns the colour in a picture of c channels.
func (f Colour) in(c int) Colour {
	if c == 1 {
		f[0] = data.Grey(f[0], f[1], f[2])
	}
	return f
}

// Maybe applies Then with the probability Chance.
type Maybe struct {
	Chance float64
	Then   data.Transform
}

// Apply implements data.Transform.
func (t Maybe) Apply(r *rand.Rand, s *data.Sample) {
	if r.Float64() < t.Chance {
		t.Then.Apply(r, s)
	}
}

// uniform draws from low to high.
func uniform(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

// symmetric draws from −a to a.
func symmetric(r *rand.Rand, a float64) float64 { return a * (2*r.Float64() - 1) }
