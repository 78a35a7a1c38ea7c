package augment

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// Erase fills a random rectangle, after Zhong et al. 2017, https://arxiv.org/abs/1708.04896: its area is uniform from Low to High of
// the picture's, its aspect from 1/Aspect to Aspect, on a logarithmic scale. The paper has 0.02, 0.4 and 3.33, and noise; torchvision
// 0.02, 0.33 and 3.3. A rectangle that does not fit is drawn anew, ten times at most. Boxes and masks stay.
type Erase struct {
	Low, High, Aspect float64
	Noise             bool // fill every value at random, not with Fill
	Fill              Colour
}

// Apply implements data.Transform.
func (t Erase) Apply(r *rand.Rand, s *data.Sample) {
	p := s.Picture
	for range 10 {
		area := uniform(r, t.Low, t.High) * float64(p.H*p.W)
		aspect := math.Exp(symmetric(r, math.Log(t.Aspect)))
		h, w := int(math.Round(math.Sqrt(area*aspect))), int(math.Round(math.Sqrt(area/aspect)))
		if h >= p.H || w >= p.W {
			continue
		}
		y, x := r.IntN(p.H-h+1), r.IntN(p.W-w+1)
		paint(s, y, x, y+h, x+w, t.Fill)
		if t.Noise {
			speckle(r, s.Picture, y, x, y+h, x+w)
		}
		return
	}
}

// Cutout fills a square of Size pixels a side, whose middle is anywhere in the picture so that part of it may lie outside, after
// DeVries and Taylor 2017, https://arxiv.org/abs/1708.04552. The paper has 16 for CIFAR-10, 8 for CIFAR-100 and 20 for SVHN, and fills
// with the mean of the data. A Size of 0 is half of the picture's shorter side. Boxes and masks stay.
type Cutout struct {
	Size int
	Fill Colour
}

// Apply implements data.Transform.
func (t Cutout) Apply(r *rand.Rand, s *data.Sample) {
	p, n := s.Picture, t.Size
	if n == 0 {
		n = min(p.H, p.W) / 2
	}
	y, x := r.IntN(p.H)-n/2, r.IntN(p.W)-n/2
	paint(s, max(0, y), max(0, x), min(p.H, y+n), min(p.W, x+n), t.Fill)
}

// paint fills rows y0 to y1 of columns x0 to x1.
func paint(s *data.Sample, y0, x0, y1, x1 int, colour Colour) {
	p := s.Edit()
	colour = colour.in(p.C)
	for y := y0; y < y1; y++ {
		for i := (y*p.W + x0) * p.C; i < (y*p.W+x1)*p.C; i += p.C {
			copy(p.Pixels[i:i+p.C], colour[:])
		}
	}
}

// speckle fills them with random values.
func speckle(r *rand.Rand, p data.Picture, y0, x0, y1, x1 int) {
	for y := y0; y < y1; y++ {
		for i := (y*p.W + x0) * p.C; i < (y*p.W+x1)*p.C; i++ {
			p.Pixels[i] = byte(r.Uint32())
		}
	}
}
