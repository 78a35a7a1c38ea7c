package augment

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
)

// Affine turns, scales, shifts and shears by random amounts, with bilinear interpolation on black: what changes a handwritten digit but
// not its class. Each amount is uniform: the angle within ±Degrees, the scale within 1 ± Scale, the shift within ±Shift pixels and the
// angle of the shear within ±Shear degrees in each direction.
type Affine struct {
	Degrees, Scale, Shift, Shear float64
}

// Apply implements data.Transform.
func (t Affine) Apply(r *rand.Rand, s *data.Sample) {
	a := affinity{angle: symmetric(r, t.Degrees), scale: 1 + symmetric(r, t.Scale)}
	a.dy, a.dx = symmetric(r, t.Shift), symmetric(r, t.Shift)
	if t.Shear > 0 {
		a.shearX, a.shearY = symmetric(r, t.Shear), symmetric(r, t.Shear)
	}
	move(s, warp{back: a.back(s.Picture)})
}

// An affinity is an affine map in torchvision's terms: scaling and shearing by angles, then turning clockwise, about the middle of the
// picture, then a shift. Angles are in degrees.
type affinity struct {
	angle, scale, dx, dy, shearX, shearY float64
}

// back returns the map from the result to what it shows of p.
func (a affinity) back(p data.Picture) plane {
	return a.about(float64(p.W)/2, float64(p.H)/2)
}

// about is back with the fixed point (x, y).
func (a affinity) about(x, y float64) plane {
	sin, cos := math.Sincos(-a.angle * math.Pi / 180)
	tx, ty := math.Tan(a.shearX*math.Pi/180), math.Tan(a.shearY*math.Pi/180)
	// The inverse, [1 tx; 0 1] · [1 0; ty 1] · rotation by −angle, over the scale.
	p := plane{
		(cos + tx*(ty*cos+sin)) / a.scale, (-sin + tx*(cos-ty*sin)) / a.scale, 0,
		(sin + ty*cos) / a.scale, (cos - ty*sin) / a.scale, 0,
		0, 0, 1,
	}
	p[2] = x - p[0]*(x+a.dx) - p[1]*(y+a.dy)
	p[5] = y - p[3]*(x+a.dx) - p[4]*(y+a.dy)
	return p
}
