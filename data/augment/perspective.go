package augment

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// Perspective looks at the picture from aside: each corner moves towards the middle by up to Distortion/2 of a side, in both
// directions, with bilinear interpolation on black. torchvision has 0.5.
type Perspective struct{ Distortion float64 }

// Apply implements data.Transform.
func (t Perspective) Apply(r *rand.Rand, s *data.Sample) {
	w, h := float64(s.Picture.W-1), float64(s.Picture.H-1)
	draw := func(side float64) float64 { return float64(r.IntN(int(t.Distortion*math.Floor((side+1)/2)) + 1)) }
	from := [4][2]float64{{0, 0}, {w, 0}, {w, h}, {0, h}}
	to := [4][2]float64{
		{draw(w), draw(h)}, {w - draw(w), draw(h)}, {w - draw(w), h - draw(h)}, {draw(w), h - draw(h)},
	}
	if back, ok := quadrilateral(to, from); ok {
		move(s, warp{back: back})
	}
}

// quadrilateral returns the projective map that takes four points to four others, and whether there is one.
func quadrilateral(from, to [4][2]float64) (plane, bool) {
	// u = (m0·x + m1·y + m2)/(m6·x + m7·y + 1), and v likewise: two linear equations a point, in the eight unknowns.
	var e [8][9]float64
	for k := range from {
		x, y, u, v := from[k][0], from[k][1], to[k][0], to[k][1]
		e[2*k] = [9]float64{x, y, 1, 0, 0, 0, -u * x, -u * y, u}
		e[2*k+1] = [9]float64{0, 0, 0, x, y, 1, -v * x, -v * y, v}
	}
	for i := range e { // Gauss and Jordan
		pivot := i
		for k := i + 1; k < len(e); k++ {
			if math.Abs(e[k][i]) > math.Abs(e[pivot][i]) {
				pivot = k
			}
		}
		if math.Abs(e[pivot][i]) < 1e-9 {
			return plane{}, false
		}
		e[i], e[pivot] = e[pivot], e[i]
		for k := range e {
			if k == i {
				continue
			}
			f := e[k][i] / e[i][i]
			for j := i; j < 9; j++ {
				e[k][j] -= f * e[i][j]
			}
		}
	}
	p := plane{8: 1}
	for i := range e {
		p[i] = e[i][8] / e[i][i]
	}
	return p, true
}
