package augment

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// PadCrop pads with Pad pixels on each side and cuts the picture's size out at random: a random shift by up to Pad pixels, after He et
// al. 2015, section 4.2, https://arxiv.org/abs/1512.03385. What a shift brings in is black, or mirrored at the border.
type PadCrop struct {
	Pad     int
	Reflect bool
}

// Apply implements data.Transform.
func (t PadCrop) Apply(r *rand.Rand, s *data.Sample) {
	y, x := r.IntN(2*t.Pad+1)-t.Pad, r.IntN(2*t.Pad+1)-t.Pad
	move(s, window{s.Picture.H, s.Picture.W, y, x, t.Reflect})
}

// CenterCrop cuts H×W pixels out of the middle. A picture that is smaller gets a black border.
type CenterCrop struct{ H, W int }

// Apply implements data.Transform.
func (t CenterCrop) Apply(_ *rand.Rand, s *data.Sample) {
	if t.H < 1 || t.W < 1 {
		panic(fmt.Sprintf("augment: CenterCrop: cannot cut out %d×%d", t.H, t.W))
	}
	if p := s.Picture; p.H != t.H || p.W != t.W {
		move(s, window{t.H, t.W, (p.H - t.H) >> 1, (p.W - t.W) >> 1, false})
	}
}

// ResizedCrop cuts a random rectangle out and scales it to H×W, after Szegedy et al. 2014, section 6, https://arxiv.org/abs/1409.4842:
// its area is uniform from Area to all of the picture, and the logarithm of its aspect, width to height, from −log Aspect to
// log Aspect. torchvision has 0.08 and 4/3. Where H and W are 0, pictures keep their size.
type ResizedCrop struct {
	Area, Aspect float64
	H, W         int
}

// Apply implements data.Transform.
func (t ResizedCrop) Apply(r *rand.Rand, s *data.Sample) {
	p := s.Picture
	z := zoom{0, 0, p.H, p.W, t.H, t.W}
	if t.H == 0 {
		z.h, z.w = p.H, p.W
	}
	z.y, z.x, z.ph, z.pw = t.rectangle(r, p.H, p.W)
	move(s, z)
}

// rectangle draws what is cut out of h×w pixels. When ten draws do not fit in the picture, it is the largest rectangle in its middle
// that has an aspect within bounds.
func (t ResizedCrop) rectangle(r *rand.Rand, h, w int) (y, x, ph, pw int) {
	log := math.Log(t.Aspect)
	for range 10 {
		area := uniform(r, t.Area, 1) * float64(h*w)
		aspect := math.Exp(symmetric(r, log))
		ph, pw = int(math.Round(math.Sqrt(area/aspect))), int(math.Round(math.Sqrt(area*aspect)))
		if ph > 0 && ph <= h && pw > 0 && pw <= w {
			return r.IntN(h - ph + 1), r.IntN(w - pw + 1), ph, pw
		}
	}
	ph, pw = h, w
	switch aspect := float64(w) / float64(h); {
	case aspect < 1/t.Aspect:
		ph = min(h, int(math.Round(float64(w)*t.Aspect)))
	case aspect > t.Aspect:
		pw = min(w, int(math.Round(float64(h)*t.Aspect)))
	}
	return (h - ph) / 2, (w - pw) / 2, ph, pw
}

// window shows h×w pixels from row y and column x on.
type window struct {
	h, w, y, x int
	reflect    bool // what is outside is mirrored, not black
}

func (m window) picture(s *data.Sample) {
	q := s.Fresh(m.h, m.w, s.Picture.C)
	m.mask(q, s.Picture, 0)
	s.Picture = q
}

func (m window) mask(to, from data.Picture, outside byte) {
	c := from.C
	left, right := min(m.w, max(0, -m.x)), min(m.w, from.W-m.x) // the columns of to that show something of from
	right = max(left, right)
	for y := range m.h {
		row, inside := to.Pixels[y*m.w*c:(y+1)*m.w*c], y+m.y
		if m.reflect {
			inside = reflected(inside, from.H)
		}
		if inside < 0 || inside >= from.H {
			fill(row, outside)
			continue
		}
		line := from.Pixels[inside*from.W*c : (inside+1)*from.W*c]
		if right > left {
			copy(row[left*c:right*c], line[(left+m.x)*c:])
		}
		if !m.reflect {
			fill(row[:left*c], outside)
			fill(row[right*c:], outside)
			continue
		}
		for x := range m.w {
			if x < left || x >= right {
				copy(row[x*c:(x+1)*c], line[reflected(x+m.x, from.W)*c:])
			}
		}
	}
}

func (m window) point(x, y float64) (float64, float64) { return x - float64(m.x), y - float64(m.y) }

func fill(to []byte, v byte) {
	for i := range to {
		to[i] = v
	}
}

// reflected returns the place of i in a row of n pixels that goes on mirrored at both ends, the end pixels not repeated.
func reflected(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i = ((i % period) + period) % period
	return min(i, period-i)
}
