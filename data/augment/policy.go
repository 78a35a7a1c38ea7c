package augment

import (
	"math"

	"github.com/hadal-go/hadal/data"
)

// An operation is one of those that policies draw from. They are those of Cubuk et al. 2018, https://arxiv.org/abs/1805.09501, table 6,
// as torchvision has them; pixels are moved without interpolation.
type operation int

const (
	identity operation = iota
	shearX
	shearY
	translateX
	translateY
	rotate
	brightness
	colour
	contrasting
	sharpness
	posterizing
	solarizing
	autoContrasting
	equalizing
	inverting // the last: RandAugment and TrivialAugment go without
)

// apply applies o with a magnitude: the slope of a shear, pixels of a translation, degrees of a rotation against the clock, what is
// added to 1 in the factor of brightness, colour, contrast and sharpness, bits that posterizing keeps, and the threshold of solarizing.
func (o operation) apply(s *data.Sample, magnitude float64, fill Colour) {
	p := s.Picture
	warped := func(back plane) { move(s, warp{back: back, sharp: true, fill: fill}) }
	switch o {
	case shearX:
		warped(plane{1, magnitude, 0, 0, 1, 0, 0, 0, 1})
	case shearY:
		warped(plane{1, 0, 0, magnitude, 1, 0, 0, 0, 1})
	case translateX:
		warped(plane{1, 0, -math.Trunc(magnitude), 0, 1, 0, 0, 0, 1})
	case translateY:
		warped(plane{1, 0, 0, 0, 1, -math.Trunc(magnitude), 0, 0, 1})
	case rotate:
		warped(affinity{angle: -magnitude, scale: 1}.back(p))
	case brightness:
		brighten(s, 1+magnitude)
	case colour:
		saturate(s, 1+magnitude)
	case contrasting:
		contrast(s, 1+magnitude)
	case sharpness:
		sharpen(s, 1+magnitude)
	case posterizing:
		posterize(s, int(magnitude))
	case solarizing:
		solarize(s, magnitude)
	case autoContrasting:
		autoContrast(s)
	case equalizing:
		equalize(s)
	case inverting:
		invert(s)
	}
}

// A reach says how far the magnitudes of a policy go.
type reach struct {
	shear, rotate, factor float64
	shift                 func(side int) float64
	bits                  float64 // that posterizing drops
}

// magnitude returns the magnitude of o on a scale from 0 to 1 for a picture of h×w, and whether it may as well be negative.
func (r reach) magnitude(o operation, level float64, h, w int) (magnitude float64, signed bool) {
	switch o {
	case shearX, shearY:
		return r.shear * level, true
	case translateX:
		return r.shift(w) * level, true
	case translateY:
		return r.shift(h) * level, true
	case rotate:
		return r.rotate * level, true
	case brightness, colour, contrasting, sharpness:
		return r.factor * level, true
	case posterizing:
		return 8 - math.Round(r.bits*level), false
	case solarizing:
		return 255 * (1 - level), false
	}
	return 0, false
}

// narrow is the reach of AutoAugment and RandAugment, whose shifts go to 150 pixels in pictures of 331.
var narrow = reach{
	shear: .3, rotate: 30, factor: .9, bits: 4, shift: func(side int) float64 { return 150.0 / 331 * float64(side) },
}
