package augment

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// RandAugment applies Count operations drawn at random, all with the same magnitude from 0 to 30 (Cubuk et al. 2019,
// https://arxiv.org/abs/1909.13719). torchvision has 2 and 9; the paper, for ResNet-50 on ImageNet, as well.
type RandAugment struct {
	Count, Magnitude int
	Fill             Colour // of what comes in from outside
}

// Apply implements data.Transform.
func (t RandAugment) Apply(r *rand.Rand, s *data.Sample) {
	for range t.Count {
		narrow.apply(r, s, operation(r.IntN(int(inverting))), float64(t.Magnitude)/30, t.Fill)
	}
}

// apply applies o at a level from 0 to 1, in a direction drawn at random.
func (r reach) apply(random *rand.Rand, s *data.Sample, o operation, level float64, fill Colour) {
	m, signed := r.magnitude(o, level, s.Picture.H, s.Picture.W)
	if signed && random.IntN(2) == 1 {
		m = -m
	}
	o.apply(s, m, fill)
}
