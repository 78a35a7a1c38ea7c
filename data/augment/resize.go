package augment

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// Resize scales to H×W pixels, whatever the aspect, as Picture.Resize does.
type Resize struct{ H, W int }

// Apply implements data.Transform.
func (t Resize) Apply(_ *rand.Rand, s *data.Sample) {
	if t.H < 1 || t.W < 1 {
		panic(fmt.Sprintf("augment: Resize: cannot scale to %d×%d", t.H, t.W))
	}
	if p := s.Picture; p.H != t.H || p.W != t.W {
		move(s, zoom{0, 0, p.H, p.W, t.H, t.W})
	}
}

// ResizeShort scales so that the shorter side has Size pixels and the aspect stays.
type ResizeShort struct{ Size int }

// Apply implements data.Transform.
func (t ResizeShort) Apply(r *rand.Rand, s *data.Sample) {
	h, w := data.ShortSide(t.Size, s.Picture.H, s.Picture.W)
	Resize{h, w}.Apply(r, s)
}

// zoom scales the ph×pw pixels from row y and column x on to h×w.
type zoom struct{ y, x, ph, pw, h, w int }

func (m zoom) picture(s *data.Sample) { s.Scale(m.y, m.x, m.ph, m.pw, m.h, m.w) }

func (m zoom) mask(to, from data.Picture, _ byte) {
	for y := range m.h {
		line := from.Pixels[(m.y+nearest(y, m.ph, m.h))*from.W+m.x:]
		for x := range m.w {
			to.Pixels[y*m.w+x] = line[nearest(x, m.pw, m.w)]
		}
	}
}

// nearest returns the pixel of n that lies under the middle of pixel i of m.
func nearest(i, n, m int) int { return (2*i + 1) * n / (2 * m) }

func (m zoom) point(x, y float64) (float64, float64) {
	return (x - float64(m.x)) * float64(m.w) / float64(m.pw), (y - float64(m.y)) * float64(m.h) / float64(m.ph)
}
