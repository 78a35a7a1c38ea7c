package data

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"

	"golang.org/x/image/draw"
)

// A Transform makes a picture of a picture. What it draws comes from r, so that the same source gives the same picture; p itself
// is left as it is. Apply is called by several goroutines at once.
type Transform interface {
	Apply(r *rand.Rand, p Picture) Picture
}

// Compose applies transforms one after the other.
type Compose []Transform

func (c Compose) Apply(r *rand.Rand, p Picture) Picture {
	for _, t := range c {
		p = t.Apply(r, p)
	}
	return p
}

// Resize scales to H×W pixels, whatever the aspect, with bilinear interpolation; where the picture shrinks, every pixel is an
// average over all that it covers (antialiasing).
type Resize struct{ H, W int }

func (t Resize) Apply(_ *rand.Rand, p Picture) Picture {
	if t.H < 1 || t.W < 1 {
		panic(fmt.Sprintf("data: Resize: cannot scale to %d×%d", t.H, t.W))
	}
	if p.H == t.H && p.W == t.W {
		return p
	}
	to := image.NewRGBA(image.Rect(0, 0, t.W, t.H))
	from := p.Image()
	draw.BiLinear.Scale(to, to.Rect, from, from.Bounds(), draw.Src, nil)
	return FromImage(to, p.C)
}

// ResizeShort scales so that the shorter side has Size pixels and the aspect stays, as Resize does.
type ResizeShort struct{ Size int }

func (t ResizeShort) Apply(r *rand.Rand, p Picture) Picture {
	h, w := shortTo(t.Size, p.H, p.W)
	return Resize{h, w}.Apply(r, p)
}

// CenterCrop cuts H×W pixels out of the middle. A picture that is smaller gets a black border.
type CenterCrop struct{ H, W int }

func (t CenterCrop) Apply(_ *rand.Rand, p Picture) Picture {
	if t.H < 1 || t.W < 1 {
		panic(fmt.Sprintf("data: CenterCrop: cannot cut out %d×%d", t.H, t.W))
	}
	if p.H == t.H && p.W == t.W {
		return p
	}
	return p.window(t.H, t.W, floorHalf(p.H-t.H), floorHalf(p.W-t.W))
}

func floorHalf(n int) int { return n >> 1 }

// PadCrop pads with Pad black pixels on each side and cuts the picture's size out at random: a random shift by up to Pad pixels.
type PadCrop struct{ Pad int }

func (t PadCrop) Apply(r *rand.Rand, p Picture) Picture {
	y, x := r.IntN(2*t.Pad+1)-t.Pad, r.IntN(2*t.Pad+1)-t.Pad
	return p.window(p.H, p.W, y, x)
}

// window cuts out h×w pixels from row y and column x on; what lies outside the picture is black.
func (p Picture) window(h, w, y, x int) Picture {
	q := NewPicture(h, w, p.C)
	left, right := max(0, -x), min(w, p.W-x) // the columns of q that show something of p
	if left >= right {
		return q
	}
	for row := max(0, -y); row < min(h, p.H-y); row++ {
		from := p.Pixels[((row+y)*p.W+left+x)*p.C:]
		copy(q.Pixels[(row*w+left)*p.C:(row*w+right)*p.C], from)
	}
	return q
}

// Flip mirrors every second picture, left and right, at random.
type Flip struct{}

func (Flip) Apply(r *rand.Rand, p Picture) Picture {
	if r.IntN(2) == 0 {
		return p
	}
	q := NewPicture(p.H, p.W, p.C)
	for i := range p.H * p.W {
		mirror := i - i%p.W + p.W - 1 - i%p.W
		copy(q.Pixels[mirror*p.C:(mirror+1)*p.C], p.Pixels[i*p.C:])
	}
	return q
}

// Affine turns, scales and shifts by small random amounts, with bilinear interpolation on black: what changes a handwritten
// digit but not its class. Each amount is uniform: the angle within ±Degrees, the scale within 1 ± Scale, the shift within ±Shift
// pixels in each direction.
type Affine struct {
	Degrees, Scale, Shift float64
}

func (t Affine) Apply(r *rand.Rand, p Picture) Picture {
	symmetric := func(a float64) float64 { return a * (2*r.Float64() - 1) }
	angle, scale := symmetric(t.Degrees)*math.Pi/180, 1+symmetric(t.Scale)
	dy, dx := symmetric(t.Shift), symmetric(t.Shift)

	// Every pixel of the result is fetched from where it came from: the inverse of the map, about the middle of the picture.
	sin, cos := math.Sincos(-angle)
	sin, cos = sin/scale, cos/scale
	my, mx := float64(p.H-1)/2, float64(p.W-1)/2
	q := NewPicture(p.H, p.W, p.C)
	for i := range p.H * p.W {
		y, x := float64(i/p.W)-my-dy, float64(i%p.W)-mx-dx
		p.sample(q.Pixels[i*p.C:(i+1)*p.C], sin*x+cos*y+my, cos*x-sin*y+mx)
	}
	return q
}

// sample writes the pixel at (y, x), interpolated between its four neighbours, to out.
func (p Picture) sample(out []byte, y, x float64) {
	y0, x0 := math.Floor(y), math.Floor(x)
	fy, fx := y-y0, x-x0
	for c := range out {
		var sum float64
		for k, weight := range [4]float64{(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx} {
			iy, ix := int(y0)+k>>1, int(x0)+k&1
			if iy >= 0 && iy < p.H && ix >= 0 && ix < p.W {
				sum += weight * float64(p.Pixels[(iy*p.W+ix)*p.C+c])
			}
		}
		out[c] = byte(sum + 0.5)
	}
}
