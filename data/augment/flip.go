package augment

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// Flip mirrors every second picture, left and right, at random.
type Flip struct{}

// Apply implements data.Transform.
func (Flip) Apply(r *rand.Rand, s *data.Sample) {
	if r.IntN(2) == 1 {
		move(s, mirror{s.Picture.W})
	}
}

// FlipVertical mirrors every second picture, top and bottom, at random.
type FlipVertical struct{}

// Apply implements data.Transform.
func (FlipVertical) Apply(r *rand.Rand, s *data.Sample) {
	if r.IntN(2) == 1 {
		move(s, overturn{s.Picture.H})
	}
}

// mirror exchanges left and right.
type mirror struct{ w int }

func (m mirror) picture(s *data.Sample) {
	p := s.Picture
	q := s.Fresh(p.H, p.W, p.C)
	if p.C == 1 {
		m.mask(q, p, 0)
	} else {
		for row := 0; row < len(p.Pixels); row += 3 * p.W {
			from, to := p.Pixels[row:row+3*p.W], q.Pixels[row:row+3*p.W]
			for k := len(to) - 3; k >= 0 && len(from) >= 3; k, from = k-3, from[3:] {
				to[k], to[k+1], to[k+2] = from[0], from[1], from[2]
			}
		}
	}
	s.Picture = q
}

func (m mirror) mask(to, from data.Picture, _ byte) {
	for row := 0; row < len(from.Pixels); row += from.W {
		k := row + from.W
		for _, v := range from.Pixels[row : row+from.W] {
			k--
			to.Pixels[k] = v
		}
	}
}

func (m mirror) point(x, y float64) (float64, float64) { return float64(m.w) - x, y }

// overturn exchanges top and bottom.
type overturn struct{ h int }

func (m overturn) picture(s *data.Sample) {
	q := s.Fresh(s.Picture.H, s.Picture.W, s.Picture.C)
	m.mask(q, s.Picture, 0)
	s.Picture = q
}

func (m overturn) mask(to, from data.Picture, _ byte) {
	n := from.W * from.C
	for y := range from.H {
		copy(to.Pixels[y*n:(y+1)*n], from.Pixels[(from.H-1-y)*n:])
	}
}

func (m overturn) point(x, y float64) (float64, float64) { return x, float64(m.h) - y }
