package data

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// A Transform changes a sample: its picture, and with it the boxes and masks. What it draws comes from r, so that the same source
// gives the same sample. Package augment has transforms. Apply is called by several goroutines at once, each with its own sample.
type Transform interface {
	Apply(r *rand.Rand, s *Sample)
}

// Compose applies transforms one after the other.
type Compose []Transform

func (c Compose) Apply(r *rand.Rand, s *Sample) {
	for _, t := range c {
		t.Apply(r, s)
	}
}

// A Mixer makes one picture of two, which leaves it with two labels. Both pictures are H×W×C as a network sees them. Package augment
// has mixers.
type Mixer interface {
	// Mix writes the mixture of a and b to a, and returns the part of it that is a.
	Mix(r *rand.Rand, h, w, c int, a, b []tensor.Float) float64
}
