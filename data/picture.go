package data

import (
	"errors"
	"fmt"
	"image"
	"image/color"
)

// A Picture is an image as bytes, H×W×C: rows from the top, channels last. C is 1 (grey) or 3 (red, green, blue).
type Picture struct {
	H, W, C int
	Pixels  []byte
}

// NewPicture returns a black picture.
func NewPicture(h, w, c int) Picture {
	return Picture{h, w, c, make([]byte, h*w*c)}
}

// A Labelled is a picture and the number of its class.
type Labelled struct {
	Picture Picture
	Label   int
}

// A Classified is a set of labelled pictures that knows the names of its classes: label l stands for Classes()[l].
type Classified interface {
	Set[Labelled]
	Classes() []string
}

// check tells whether p is whole, so that what works on it need not doubt its size.
func (p Picture) check() error {
	if p.H < 1 || p.W < 1 || p.C != 1 && p.C != 3 {
		return fmt.Errorf("a picture of %d×%d pixels with %d channels, want at least 1×1 with 1 or 3", p.H, p.W, p.C)
	}
	if len(p.Pixels) != p.H*p.W*p.C {
		return fmt.Errorf("a picture of %d×%d×%d has %d bytes, want %d", p.H, p.W, p.C, len(p.Pixels), p.H*p.W*p.C)
	}
	return nil
}

// FromImage returns img with 1 or 3 channels. What is transparent is shown on white. Grey is the usual weighting of what the eye
// sees, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
func FromImage(img image.Image, channels int) Picture {
	if channels != 1 && channels != 3 {
		panic(fmt.Sprintf("data: FromImage: cannot make a picture with %d channels, only with 1 or 3", channels))
	}
	return shrink(img, channels, 1, 1)
}

// Grey returns what the eye sees of a colour: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
func Grey(r, g, b byte) byte {
	return byte((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

// Image returns a copy of p as an image.Image: Gray for one channel, RGBA for three.
func (p Picture) Image() image.Image {
	if p.C == 1 {
		img := image.NewGray(image.Rect(0, 0, p.W, p.H))
		copy(img.Pix, p.Pixels)
		return img
	}
	img := image.NewRGBA(image.Rect(0, 0, p.W, p.H))
	for i := range p.H * p.W {
		c := p.Pixels[3*i:]
		img.SetRGBA(i%p.W, i/p.W, color.RGBA{c[0], c[1], c[2], 255})
	}
	return img
}

// Grey returns p with one channel, weighted as FromImage does.
func (p Picture) Grey() Picture {
	if p.C == 1 {
		return p
	}
	q := NewPicture(p.H, p.W, 1)
	for i := range q.Pixels {
		c := p.Pixels[3*i:]
		q.Pixels[i] = Grey(c[0], c[1], c[2])
	}
	return q
}

// Pictures is a set of labelled pictures of one shape, held in memory. At shares the memory.
type Pictures struct {
	H, W, C int
	Pixels  []byte // N×H×W×C
	Labels  []int  // N, each an index into Names
	Names   []string
}

func (s *Pictures) Len() int          { return len(s.Labels) }
func (s *Pictures) Classes() []string { return s.Names }

// At returns the picture number i and its label.
func (s *Pictures) At(i int) (Labelled, error) {
	n := s.H * s.W * s.C
	return Labelled{Picture{s.H, s.W, s.C, s.Pixels[i*n : (i+1)*n : (i+1)*n]}, s.Labels[i]}, nil
}

// Averaged returns the set with every k×k pixels made one, their average; k must divide H and W.
func (s *Pictures) Averaged(k int) *Pictures {
	if k < 1 || s.H%k != 0 || s.W%k != 0 {
		panic(fmt.Sprintf("data: Averaged: pictures of %d×%d cannot be made of squares of %d pixels", s.H, s.W, k))
	}
	small := *s
	small.H, small.W = s.H/k, s.W/k
	small.Pixels = make([]byte, 0, len(s.Pixels)/(k*k))
	for i := range s.Labels {
		e, _ := s.At(i)
		small.Pixels = append(small.Pixels, e.Picture.Averaged(k).Pixels...)
	}
	return &small
}

// Averaged returns the picture with every k×k pixels made one, their average; k must divide H and W.
func (p Picture) Averaged(k int) Picture {
	small := NewPicture(p.H/k, p.W/k, p.C)
	for y := range small.H {
		for x := range small.W {
			for c := range p.C {
				sum := k * k / 2 // to round
				for i := range k * k {
					sum += int(p.Pixels[((y*k+i/k)*p.W+x*k+i%k)*p.C+c])
				}
				small.Pixels[(y*small.W+x)*p.C+c] = byte(sum / (k * k))
			}
		}
	}
	return small
}

// Check tells whether pixels, labels and names fit each other.
func (s *Pictures) Check() error {
	if n := len(s.Labels) * s.H * s.W * s.C; len(s.Pixels) != n {
		return fmt.Errorf("%d labels for pictures of %d×%d×%d ask for %d bytes of pixels, there are %d",
			len(s.Labels), s.H, s.W, s.C, n, len(s.Pixels))
	}
	for i, label := range s.Labels {
		if label < 0 || label >= len(s.Names) {
			return fmt.Errorf("example %d has the label %d, want 0 to %d (%d classes)", i, label, len(s.Names)-1, len(s.Names))
		}
	}
	if len(s.Labels) == 0 {
		return errors.New("no pictures")
	}
	return nil
}
