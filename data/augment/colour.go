package augment

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// Jitter changes the colours, after Howard 2013, section 2.2, https://arxiv.org/abs/1312.5402: brightness, contrast and saturation by
// factors within 1 ± the field, hue by a part of the circle within ± the field (½ is the opposite colour), in random order. Grey
// pictures have neither saturation nor hue.
type Jitter struct {
	Brightness, Contrast, Saturation, Hue float64
}

// Apply implements data.Transform.
func (t Jitter) Apply(r *rand.Rand, s *data.Sample) {
	factor := func(a float64) float64 { return uniform(r, max(0, 1-a), 1+a) }
	order := [4]int{0, 1, 2, 3}
	for i := range order {
		k := i + r.IntN(4-i)
		order[i], order[k] = order[k], order[i]
	}
	for _, k := range order {
		switch {
		case k == 0 && t.Brightness > 0:
			brighten(s, factor(t.Brightness))
		case k == 1 && t.Contrast > 0:
			contrast(s, factor(t.Contrast))
		case k == 2 && t.Saturation > 0:
			saturate(s, factor(t.Saturation))
		case k == 3 && t.Hue > 0:
			turnHue(s, symmetric(r, t.Hue))
		}
	}
}

// Greyscale takes the colours out of a picture, which keeps its channels.
type Greyscale struct{}

// Apply implements data.Transform.
func (Greyscale) Apply(_ *rand.Rand, s *data.Sample) { saturate(s, 0) }

// blend returns the colour that lies f of the way from a to b, and beyond b where f is greater than 1.
func blend(a, b byte, f float32) byte {
	v := float32(a) + f*(float32(b)-float32(a))
	switch {
	case v <= 0:
		return 0
	case v >= 255:
		return 255
	}
	return byte(v)
}

// brighten blends with black: 0 is black, 1 changes nothing.
func brighten(s *data.Sample, f float64) { level(s, 0, f) }

// contrast blends with the picture's mean grey.
func contrast(s *data.Sample, f float64) {
	p, sum := s.Picture, 0
	if p.C == 1 {
		for _, v := range p.Pixels {
			sum += int(v)
		}
	} else {
		for v := p.Pixels; len(v) >= 3; v = v[3:] {
			sum += int(data.Grey(v[0], v[1], v[2]))
		}
	}
	n := p.H * p.W
	level(s, byte((2*sum+n)/(2*n)), f)
}

// level blends every value with a.
func level(s *data.Sample, a byte, f float64) {
	var table [256]byte
	for v := range table {
		table[v] = blend(a, byte(v), float32(f))
	}
	replace(s, &table)
}

// replace puts table[v] in the place of every value v.
func replace(s *data.Sample, table *[256]byte) {
	p := s.Picture
	q := s.Fresh(p.H, p.W, p.C)
	for i, v := range p.Pixels {
		q.Pixels[i] = table[v]
	}
	s.Picture = q
}

// saturate blends every pixel with its grey.
func saturate(s *data.Sample, f float64) {
	p := s.Picture
	if p.C == 1 {
		return
	}
	q := s.Fresh(p.H, p.W, p.C)
	for from, to := p.Pixels, q.Pixels; len(from) >= 3; from, to = from[3:], to[3:] {
		grey := data.Grey(from[0], from[1], from[2])
		to[0], to[1], to[2] = blend(grey, from[0], float32(f)), blend(grey, from[1], float32(f)), blend(grey, from[2], float32(f))
	}
	s.Picture = q
}

// turnHue turns the hue by a part of the circle. The greatest and the least of the three values stay; what lies between says where on
// the circle a colour is.
func turnHue(s *data.Sample, by float64) {
	p := s.Picture
	if p.C == 1 {
		return
	}
	q := s.Fresh(p.H, p.W, p.C)
	for from, to := p.Pixels, q.Pixels; len(from) >= 3; from, to = from[3:], to[3:] {
		red, green, blue := float32(from[0]), float32(from[1]), float32(from[2])
		high, low := max(red, green, blue), min(red, green, blue)
		width := high - low
		if width == 0 {
			copy(to[:3], from)
			continue
		}
		var hue float32 // in sixths of the circle, from red
		switch high {
		case red:
			hue = (green - blue) / width
		case green:
			hue = 2 + (blue-red)/width
		default:
			hue = 4 + (red-green)/width
		}
		hue += 6*float32(by) + 12
		sector := int(hue)
		part := hue - float32(sector)
		up, down := low+part*width, high-part*width
		switch sector % 6 {
		case 0:
			red, green, blue = high, up, low
		case 1:
			red, green, blue = down, high, low
		case 2:
			red, green, blue = low, high, up
		case 3:
			red, green, blue = low, down, high
		case 4:
			red, green, blue = up, low, high
		default:
			red, green, blue = high, low, down
		}
		const spread = 255.999 / 255 // 0 to 255 in 256 equal parts, as in torchvision
		to[0], to[1], to[2] = byte(red*spread), byte(green*spread), byte(blue*spread)
	}
	s.Picture = q
}
