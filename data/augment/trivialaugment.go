package augment

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// TrivialAugment applies one operation, drawn at random with one of 31 magnitudes, of the space that the paper calls wide (Müller and
// Hutter 2021, https://arxiv.org/abs/2103.10158). It has nothing to be tuned.
type TrivialAugment struct {
	Fill Colour // of what comes in from outside
}

// Apply implements data.Transform.
func (t TrivialAugment) Apply(r *rand.Rand, s *data.Sample) {
	o := operation(r.IntN(int(inverting)))
	wide.apply(r, s, o, float64(r.IntN(31))/30, t.Fill)
}

var wide = reach{shear: .99, rotate: 135, factor: .99, bits: 6, shift: func(int) float64 { return 32 }}
