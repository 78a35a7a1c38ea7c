package data

import (
	"cmp"
	"errors"
	"image"
	"math"
	"slices"

	"golang.org/x/image/draw"
)

// ErrBlank says that a picture shows no digit: it is all of one brightness, or nearly.
var ErrBlank = errors.New("the picture is blank: nothing on it differs from its background")

const (
	digitSide = 28 // of a picture of MNIST
	digitBox  = 20 // what the ink fits in
	digitMass = 14 // where MNIST has the centre of the ink's mass, in both directions
	photoSide = 256
	minRise   = 20.0 // of 255: how far ink must rise above the background
	thinPen   = 1.4  // strokes thinner than this, in pixels of the result, are made thicker
	usualPen  = 2.0
)

// Digit makes of a picture of one handwritten digit, of any size and colour, dark on light or light on dark, what MNIST would have
// made of it: 28×28 grey pixels, light ink on black, fit in 20×20 keeping the aspect, centred by mass (LeCun et al. 1998,
// Gradient-based learning applied to document recognition, section III.A). The background is what the border shows; it may be
// brighter on one side than on the other. Strokes of a thin pen are made thicker.
//
// A picture that is 28×28, grey, light on dark with a dark border is returned as it is. A blank one is ErrBlank.
func Digit(img image.Image) (Picture, error) {
	if p, ok := isDigit(img); ok {
		return p, nil
	}
	ink, err := inkOf(flatten(img))
	if err != nil {
		return Picture{}, err
	}
	box := ink.clean()
	if box.Empty() {
		return Picture{}, ErrBlank
	}
	return ink.place(box), nil
}

// isDigit returns img as it is if it looks like a picture of MNIST already.
func isDigit(img image.Image) (Picture, bool) {
	b := img.Bounds()
	if b.Dx() != digitSide || b.Dy() != digitSide {
		return Picture{}, false
	}
	p := FromImage(img, 3)
	border, sum := 0, 0
	for i := range digitSide * digitSide {
		c := p.Pixels[3*i:]
		_, _, _, alpha := img.At(b.Min.X+i%digitSide, b.Min.Y+i/digitSide).RGBA()
		if c[0] != c[1] || c[1] != c[2] || alpha != 0xffff {
			return Picture{}, false
		}
		if y, x := i/digitSide, i%digitSide; y == 0 || x == 0 || y == digitSide-1 || x == digitSide-1 {
			border++
			sum += int(c[0])
		}
	}
	grey := p.Grey()
	return grey, sum < 32*border && slices.Max(grey.Pixels) >= 192
}

// flatten returns img in grey, no larger than photoSide. Transparent parts become what the ink stands out from.
func flatten(img image.Image) Picture {
	b := img.Bounds()
	h, w := b.Dy(), b.Dx()
	if long := max(h, w); long > photoSide {
		h, w = max(1, h*photoSide/long), max(1, w*photoSide/long)
	}
	rgba := image.NewRGBA(image.Rect(0, 0, w, h)) // premultiplied: each part is what alpha lets through
	if h == b.Dy() && w == b.Dx() {
		draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Src)
	} else {
		draw.BiLinear.Scale(rgba, rgba.Rect, img, b, draw.Src, nil)
	}
	var light, opaque int
	p := NewPicture(h, w, 1)
	for i := range p.Pixels {
		c := rgba.Pix[4*i:]
		p.Pixels[i] = Grey(c[0], c[1], c[2])
		light, opaque = light+int(p.Pixels[i]), opaque+int(c[3])
	}
	if 2*light < opaque { // what can be seen is dark: it is seen on white
		for i := range p.Pixels {
			p.Pixels[i] = byte(min(255, int(p.Pixels[i])+255-int(rgba.Pix[4*i+3])))
		}
	}
	return p
}

// A field is a grey picture in numbers: 0 is background, 1 is ink.
type field struct {
	h, w int
	v    []float64
}

// inkOf tells ink from background and stretches its contrast to 0…1.
func inkOf(p Picture) (field, error) {
	f := field{p.H, p.W, make([]float64, p.H*p.W)}
	ground := background(p)
	for i, x := range p.Pixels {
		f.v[i] = float64(x) - ground(i/p.W, i%p.W)
	}
	// The few strongest pixels in each direction: those of the ink rise further, those of the background are noise.
	sorted := slices.Sorted(slices.Values(f.v))
	n := min(len(sorted), max(1, len(sorted)/2000))
	mean := func(v []float64) float64 {
		var s float64
		for _, x := range v {
			s += x
		}
		return s / float64(len(v))
	}
	dark, light := -mean(sorted[:n]), mean(sorted[len(sorted)-n:])
	rise, sign := light, 1.0
	if dark > light {
		rise, sign = dark, -1
	}
	if rise < minRise {
		return field{}, ErrBlank
	}
	for i, x := range f.v {
		f.v[i] = min(max(sign*x/rise, 0), 1)
	}
	return f, nil
}

// background fits a plane, brightness over (row, column), to the border of p, leaving out what does not lie near it: a digit that
// touches the border, a frame's corner.
func background(p Picture) func(y, x int) float64 {
	type point struct{ y, x, v float64 }
	var ring []point
	thick := max(1, min(p.H, p.W)/24)
	for i, v := range p.Pixels {
		if y, x := i/p.W, i%p.W; min(y, x, p.H-1-y, p.W-1-x) < thick {
			ring = append(ring, point{float64(y) / float64(p.H), float64(x) / float64(p.W), float64(v)})
		}
	}
	byValue := slices.SortedFunc(slices.Values(ring), func(a, b point) int { return cmp.Compare(a.v, b.v) })
	a, by, bx := byValue[len(ring)/2].v, 0.0, 0.0
	at := func(q point) float64 { return a + by*q.y + bx*q.x }
	for range 4 {
		// The inliers are the nearer half of the ring and what is not much further off.
		var off []float64
		for _, q := range ring {
			off = append(off, math.Abs(q.v-at(q)))
		}
		limit := 2*slices.Sorted(slices.Values(off))[len(off)/2] + 4
		var n, y, x, yy, xx, xy, v, vy, vx float64
		for i, q := range ring {
			if off[i] <= limit {
				n, y, x, v = n+1, y+q.y, x+q.x, v+q.v
				yy, xx, xy, vy, vx = yy+q.y*q.y, xx+q.x*q.x, xy+q.x*q.y, vy+q.v*q.y, vx+q.v*q.x
			}
		}
		// Least squares, centred; a ring too thin in one direction says nothing of the slope there.
		yy, xx, xy, vy, vx = yy-y*y/n, xx-x*x/n, xy-x*y/n, vy-v*y/n, vx-v*x/n
		if det := yy*xx - xy*xy; det > 1e-6*n*n {
			by, bx = (vy*xx-vx*xy)/det, (vx*yy-vy*xy)/det
		}
		a = (v - by*y - bx*x) / n
	}
	return func(y, x int) float64 { return at(point{y: float64(y) / float64(p.H), x: float64(x) / float64(p.W)}) }
}

// clean wipes out specks and noise and returns the box around what is left. Ink is what lies above the threshold of Otsu (1979)
// and in a connected part that is not small beside the largest, and the soft edge around it.
func (f field) clean() image.Rectangle {
	threshold := min(max(f.otsu(), 0.2), 0.6)
	part := make([]int, len(f.v)) // 0: background
	var sizes []int
	var stack []int
	for start, x := range f.v {
		if x <= threshold || part[start] != 0 {
			continue
		}
		sizes = append(sizes, 0)
		part[start] = len(sizes)
		stack = append(stack[:0], start)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			sizes[len(sizes)-1]++
			f.around(i, 1, func(k int) {
				if f.v[k] > threshold && part[k] == 0 {
					part[k] = len(sizes)
					stack = append(stack, k)
				}
			})
		}
	}
	if len(sizes) == 0 {
		return image.Rectangle{}
	}
	small := slices.Max(sizes) / 20
	near := make([]bool, len(f.v))
	for i, n := range part {
		if n > 0 && sizes[n-1] > small {
			f.around(i, 2, func(k int) { near[k] = true })
		}
	}
	box := image.Rectangle{}
	for i := range f.v {
		if !near[i] {
			f.v[i] = 0
		} else if f.v[i] > 0.05 {
			box = box.Union(image.Rect(i%f.w, i/f.w, i%f.w+1, i/f.w+1))
		}
	}
	return box
}

// around calls do for the pixels at most r rows and columns from pixel i, itself included.
func (f field) around(i, r int, do func(k int)) {
	y, x := i/f.w, i%f.w
	for ky := max(0, y-r); ky <= min(f.h-1, y+r); ky++ {
		for kx := max(0, x-r); kx <= min(f.w-1, x+r); kx++ {
			do(ky*f.w + kx)
		}
	}
}

// otsu returns the threshold that parts the values into the two most distinct groups.
func (f field) otsu() float64 {
	const bins = 256
	var count [bins]float64
	var sum float64
	for _, x := range f.v {
		k := int(x * (bins - 1))
		count[k]++
		sum += float64(k)
	}
	var n, below, best float64
	var threshold int
	for k, c := range count[:bins-1] {
		n, below = n+c, below+float64(k)*c
		if rest := float64(len(f.v)) - n; n > 0 && rest > 0 {
			gap := below/n - (sum-below)/rest
			if between := n * rest * gap * gap; between > best {
				best, threshold = between, k
			}
		}
	}
	return (float64(threshold) + 0.5) / (bins - 1)
}

// place fits the ink in the box into 20×20 and puts its centre of mass where MNIST has it.
func (f field) place(box image.Rectangle) Picture {
	scale := float64(digitBox) / float64(max(box.Dx(), box.Dy()))
	if pen := f.pen() * scale; pen < thinPen {
		r := int(math.Round((usualPen - pen) / 2 / scale))
		f = f.thicken(r)
		box = box.Inset(-r).Intersect(image.Rect(0, 0, f.w, f.h))
		scale = float64(digitBox) / float64(max(box.Dx(), box.Dy()))
	}
	from := image.NewRGBA(image.Rect(0, 0, f.w, f.h))
	for i, x := range f.v {
		v := byte(x*255 + 0.5)
		copy(from.Pix[4*i:], []byte{v, v, v, 255})
	}
	h := max(1, int(math.Round(float64(box.Dy())*scale)))
	w := max(1, int(math.Round(float64(box.Dx())*scale)))
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(small, small.Rect, from, box, draw.Src, nil)

	var mass, massY, massX float64
	top := 1.0
	for i := range h * w {
		v := float64(small.Pix[4*i])
		mass, massY, massX = mass+v, massY+v*float64(i/w), massX+v*float64(i%w)
		top = max(top, v)
	}
	if mass == 0 {
		mass = 1
	}
	dy := min(max(int(math.Round(digitMass-massY/mass)), 0), digitSide-h)
	dx := min(max(int(math.Round(digitMass-massX/mass)), 0), digitSide-w)
	p := NewPicture(digitSide, digitSide, 1)
	for i := range h * w {
		p.Pixels[(i/w+dy)*digitSide+i%w+dx] = byte(float64(small.Pix[4*i])*255/top + 0.5)
	}
	return p
}

// pen estimates the width of the strokes: twice the area over the length of the edge. Steps along the pixels are on average 4/π as
// long as the edge itself.
func (f field) pen() float64 {
	area, edge := 0, 0
	for i, x := range f.v {
		if x < 0.5 {
			continue
		}
		area++
		y, x := i/f.w, i%f.w
		for _, k := range [4][2]int{{y - 1, x}, {y + 1, x}, {y, x - 1}, {y, x + 1}} {
			if k[0] < 0 || k[0] >= f.h || k[1] < 0 || k[1] >= f.w || f.v[k[0]*f.w+k[1]] < 0.5 {
				edge++
			}
		}
	}
	return 2 * float64(area) / max(1, float64(edge)) * 4 / math.Pi
}

// thicken widens strokes by r pixels on each side.
func (f field) thicken(r int) field {
	out := field{f.h, f.w, make([]float64, len(f.v))}
	for i, x := range f.v {
		if x == 0 {
			continue
		}
		y0, x0 := i/f.w, i%f.w
		f.around(i, r, func(k int) {
			if dy, dx := k/f.w-y0, k%f.w-x0; dy*dy+dx*dx <= r*r {
				out.v[k] = max(out.v[k], x)
			}
		})
	}
	return out
}
