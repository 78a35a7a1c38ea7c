package augment

import (
	"math"

	"github.com/hadal-go/hadal/data"
)

// A plane is a projective map of the plane, a matrix of 3×3 by rows: (x, y, 1) times it is (X·d, Y·d, d).
type plane [9]float64

func (m plane) at(x, y float64) (float64, float64) {
	d := m[6]*x + m[7]*y + m[8]
	return (m[0]*x + m[1]*y + m[2]) / d, (m[3]*x + m[4]*y + m[5]) / d
}

// inverse returns the map that undoes m, which is its adjugate since a factor does not matter.
func (m plane) inverse() plane {
	return plane{
		m[4]*m[8] - m[5]*m[7], m[2]*m[7] - m[1]*m[8], m[1]*m[5] - m[2]*m[4],
		m[5]*m[6] - m[3]*m[8], m[0]*m[8] - m[2]*m[6], m[2]*m[3] - m[0]*m[5],
		m[3]*m[7] - m[4]*m[6], m[1]*m[6] - m[0]*m[7], m[0]*m[4] - m[1]*m[3],
	}
}

// affine tells whether parallels stay parallel.
func (m plane) affine() bool { return m[6] == 0 && m[7] == 0 && m[8] == 1 }

// warp fetches every pixel of the result from where it was. Points are in pixels from the top left corner, so that the middle of the
// first pixel is (½, ½).
type warp struct {
	back  plane // takes a point of the result to the one of the source that it shows
	sharp bool  // take the nearest pixel, instead of interpolating
	fill  Colour
}

func (m warp) picture(s *data.Sample) {
	q := s.Fresh(s.Picture.H, s.Picture.W, s.Picture.C)
	switch fill := m.fill.in(q.C); {
	case !m.sharp:
		m.bilinear(q, s.Picture, fill)
	case m.back.affine() && max(q.H, q.W) < 1<<15:
		m.steps(q, s.Picture, fill)
	default:
		m.nearest(q, s.Picture, fill)
	}
	s.Picture = q
}

func (m warp) mask(to, from data.Picture, outside byte) { m.nearest(to, from, Colour{outside}) }

func (m warp) point(x, y float64) (float64, float64) { return m.back.inverse().at(x, y) }

// nearest takes every pixel from under its middle.
func (m warp) nearest(to, from data.Picture, fill Colour) {
	i := 0
	for y := range to.H {
		for x := range to.W {
			sx, sy := m.back.at(float64(x)+.5, float64(y)+.5)
			put(to.Pixels[i:i+to.C], from, int(math.Floor(sx)), int(math.Floor(sy)), fill)
			i += to.C
		}
	}
}

// steps is nearest for an affine map. As in Pillow, it goes from pixel to pixel by steps that are whole multiples of 1/65536.
func (m warp) steps(to, from data.Picture, fill Colour) {
	fixed := func(v float64) int { return int(math.Floor(v*65536 + .5)) }
	b := m.back
	rowX, rowY := fixed(b[2]+b[0]/2+b[1]/2), fixed(b[5]+b[3]/2+b[4]/2)
	dx, dy, rowDX, rowDY := fixed(b[0]), fixed(b[3]), fixed(b[1]), fixed(b[4])
	i := 0
	for range to.H {
		sx, sy := rowX, rowY
		for range to.W {
			put(to.Pixels[i:i+to.C], from, sx>>16, sy>>16, fill)
			i, sx, sy = i+to.C, sx+dx, sy+dy
		}
		rowX, rowY = rowX+rowDX, rowY+rowDY
	}
}

// put writes pixel (x, y) to to.
func put(to []byte, from data.Picture, x, y int, fill Colour) {
	switch inside := uint(x) < uint(from.W) && uint(y) < uint(from.H); {
	case inside && len(to) == 1:
		to[0] = from.Pixels[y*from.W+x]
	case inside:
		v := from.Pixels[(y*from.W+x)*3:]
		to[0], to[1], to[2] = v[0], v[1], v[2]
	default:
		copy(to, fill[:])
	}
}

// bilinear interpolates between the middles of four pixels; those outside of the picture have the colour fill.
func (m warp) bilinear(to, from data.Picture, fill Colour) {
	c, b := to.C, m.back
	flat := b.affine()
	i := 0
	for y := range to.H {
		for x := range to.W {
			px, py := float64(x)+.5, float64(y)+.5
			sx, sy := b[0]*px+b[1]*py+b[2], b[3]*px+b[4]*py+b[5]
			if !flat {
				d := b[6]*px + b[7]*py + b[8]
				sx, sy = sx/d, sy/d
			}
			sx, sy = sx-.5, sy-.5
			if !(sx > -1 && sy > -1 && sx < float64(from.W) && sy < float64(from.H)) {
				copy(to.Pixels[i:i+c], fill[:])
				i += c
				continue
			}
			x0, y0 := int(sx+1)-1, int(sy+1)-1 // rounded down
			fx, fy := sx-float64(x0), sy-float64(y0)
			weights := [4]float64{(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx}
			if x0 < 0 || y0 < 0 || x0+1 >= from.W || y0+1 >= from.H {
				edge(to.Pixels[i:i+c], from, x0, y0, &weights, fill)
				i += c
				continue
			}
			at, below := (y0*from.W+x0)*c, ((y0+1)*from.W+x0)*c
			above, under := from.Pixels[at:at+2*c], from.Pixels[below:below+2*c]
			for k := range c {
				to.Pixels[i+k] = byte(weights[0]*float64(above[k]) + weights[1]*float64(above[c+k]) +
					weights[2]*float64(under[k]) + weights[3]*float64(under[c+k]) + .5)
			}
			i += c
		}
	}
}

// edge interpolates where some of the four pixels are outside.
func edge(to []byte, from data.Picture, x0, y0 int, weights *[4]float64, fill Colour) {
	for k := range to {
		var sum float64
		for j, weight := range weights {
			v := fill[k]
			if x, y := x0+j&1, y0+j>>1; uint(x) < uint(from.W) && uint(y) < uint(from.H) {
				v = from.Pixels[(y*from.W+x)*len(to)+k]
			}
			sum += weight * float64(v)
		}
		to[k] = byte(sum + .5)
	}
}
