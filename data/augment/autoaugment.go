package augment

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// AutoAugment applies one of the 25 policies of a table, drawn at random: two operations, each with a probability and a magnitude from
// 0 to 9 that were found by reinforcement learning (Cubuk et al. 2018, https://arxiv.org/abs/1805.09501).
type AutoAugment struct {
	Policies Policies
	Fill     Colour // of what comes in from outside
}

// Apply implements data.Transform.
func (t AutoAugment) Apply(r *rand.Rand, s *data.Sample) {
	for _, step := range t.Policies[r.IntN(len(t.Policies))] {
		if r.Float64() < step.chance {
			narrow.apply(r, s, step.operation, float64(step.level)/9, t.Fill)
		}
	}
}

// Policies is a table of the paper's appendix. Operations without a magnitude have 0.
type Policies [25][2]step

type step struct {
	operation operation
	chance    float64
	level     int
}

// CIFAR10 is table 7, found on CIFAR-10.
var CIFAR10 = Policies{
	{{inverting, .1, 0}, {contrasting, .2, 6}},
	{{rotate, .7, 2}, {translateX, .3, 9}},
	{{sharpness, .8, 1}, {sharpness, .9, 3}},
	{{shearY, .5, 8}, {translateY, .7, 9}},
	{{autoContrasting, .5, 0}, {equalizing, .9, 0}},
	{{shearY, .2, 7}, {posterizing, .3, 7}},
	{{colour, .4, 3}, {brightness, .6, 7}},
	{{sharpness, .3, 9}, {brightness, .7, 9}},
	{{equalizing, .6, 0}, {equalizing, .5, 0}},
	{{contrasting, .6, 7}, {sharpness, .6, 5}},
	{{colour, .7, 7}, {translateX, .5, 8}},
	{{equalizing, .3, 0}, {autoContrasting, .4, 0}},
	{{translateY, .4, 3}, {sharpness, .2, 6}},
	{{brightness, .9, 6}, {colour, .2, 8}},
	{{solarizing, .5, 2}, {inverting, 0, 0}},
	{{equalizing, .2, 0}, {autoContrasting, .6, 0}},
	{{equalizing, .2, 0}, {equalizing, .6, 0}},
	{{colour, .9, 9}, {equalizing, .6, 0}},
	{{autoContrasting, .8, 0}, {solarizing, .2, 8}},
	{{brightness, .1, 3}, {colour, .7, 0}},
	{{solarizing, .4, 5}, {autoContrasting, .9, 0}},
	{{translateY, .9, 9}, {translateY, .7, 9}},
	{{autoContrasting, .9, 0}, {solarizing, .8, 3}},
	{{equalizing, .8, 0}, {inverting, .1, 0}},
	{{translateY, .7, 9}, {autoContrasting, .9, 0}},
}

// SVHN is table 8, found on SVHN.
var SVHN = Policies{
	{{shearX, .9, 4}, {inverting, .2, 0}},
	{{shearY, .9, 8}, {inverting, .7, 0}},
	{{equalizing, .6, 0}, {solarizing, .6, 6}},
	{{inverting, .9, 0}, {equalizing, .6, 0}},
	{{equalizing, .6, 0}, {rotate, .9, 3}},
	{{shearX, .9, 4}, {autoContrasting, .8, 0}},
	{{shearY, .9, 8}, {inverting, .4, 0}},
	{{shearY, .9, 5}, {solarizing, .2, 6}},
	{{inverting, .9, 0}, {autoContrasting, .8, 0}},
	{{equalizing, .6, 0}, {rotate, .9, 3}},
	{{shearX, .9, 4}, {solarizing, .3, 3}},
	{{shearY, .8, 8}, {inverting, .7, 0}},
	{{equalizing, .9, 0}, {translateY, .6, 6}},
	{{inverting, .9, 0}, {equalizing, .6, 0}},
	{{contrasting, .3, 3}, {rotate, .8, 4}},
	{{inverting, .8, 0}, {translateY, 0, 2}},
	{{shearY, .7, 6}, {solarizing, .4, 8}},
	{{inverting, .6, 0}, {rotate, .8, 4}},
	{{shearY, .3, 7}, {translateX, .9, 3}},
	{{shearX, .1, 6}, {inverting, .6, 0}},
	{{solarizing, .7, 2}, {translateY, .6, 7}},
	{{shearY, .8, 4}, {inverting, .8, 0}},
	{{shearX, .7, 9}, {translateY, .8, 3}},
	{{shearY, .8, 5}, {autoContrasting, .7, 0}},
	{{shearX, .7, 2}, {inverting, .1, 0}},
}

// ImageNet is table 9, found on ImageNet.
var ImageNet = Policies{
	{{posterizing, .4, 8}, {rotate, .6, 9}},
	{{solarizing, .6, 5}, {autoContrasting, .6, 0}},
	{{equalizing, .8, 0}, {equalizing, .6, 0}},
	{{posterizing, .6, 7}, {posterizing, .6, 6}},
	{{equalizing, .4, 0}, {solarizing, .2, 4}},
	{{equalizing, .4, 0}, {rotate, .8, 8}},
	{{solarizing, .6, 3}, {equalizing, .6, 0}},
	{{posterizing, .8, 5}, {equalizing, 1, 0}},
	{{rotate, .2, 3}, {solarizing, .6, 8}},
	{{equalizing, .6, 0}, {posterizing, .4, 6}},
	{{rotate, .8, 8}, {colour, .4, 0}},
	{{rotate, .4, 9}, {equalizing, .6, 0}},
	{{equalizing, 0, 0}, {equalizing, .8, 0}},
	{{inverting, .6, 0}, {equalizing, 1, 0}},
	{{colour, .6, 4}, {contrasting, 1, 8}},
	{{rotate, .8, 8}, {colour, 1, 2}},
	{{colour, .8, 8}, {solarizing, .8, 7}},
	{{sharpness, .4, 7}, {inverting, .6, 0}},
	{{shearX, .6, 5}, {equalizing, 1, 0}},
	{{colour, .4, 0}, {equalizing, .6, 0}},
	{{equalizing, .4, 0}, {solarizing, .2, 4}},
	{{solarizing, .6, 5}, {autoContrasting, .6, 0}},
	{{inverting, .6, 0}, {equalizing, 1, 0}},
	{{colour, .6, 4}, {contrasting, 1, 8}},
	{{equalizing, .8, 0}, {equalizing, .6, 0}},
}
