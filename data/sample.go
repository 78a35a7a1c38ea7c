package data

import (
	"fmt"

	"github.com/hadal-go/hadal/box"
)

// A Sample is a picture, with what is marked on it, on its way through transforms. They leave the memory of the set as it is: what
// they write, they write to memory of the sample, which is used again when its picture is replaced by the next one.
type Sample struct {
	Picture Picture
	Boxes   []box.Box
	Classes []int     // of each box
	Masks   []Picture // for each box, or none at all: H×W×1, and not 0 where the thing in the box is
	Map     Picture   // H×W×1: the class of each pixel; without pixels there is none
	Void    byte      // the class that Map has where a transform shows what is outside of the picture

	memory  [2][]byte
	floats  []float32
	scaling resampler
}

// Marked tells whether anything is marked on the picture.
func (s *Sample) Marked() bool { return len(s.Boxes) > 0 || len(s.Masks) > 0 || len(s.Map.Pixels) > 0 }

// Fresh returns a picture of any content in memory of the sample that is not Picture's, to be filled and to become Picture.
func (s *Sample) Fresh(h, w, c int) Picture {
	k, n := 0, h*w*c
	if s.holds(0) {
		k = 1
	}
	if cap(s.memory[k]) < n {
		s.memory[k] = make([]byte, n)
	}
	s.memory[k] = s.memory[k][:n]
	return Picture{h, w, c, s.memory[k]}
}

// Edit makes Picture one that may be written, and returns it.
func (s *Sample) Edit() Picture {
	if !s.holds(0) && !s.holds(1) {
		p := s.Fresh(s.Picture.H, s.Picture.W, s.Picture.C)
		copy(p.Pixels, s.Picture.Pixels)
		s.Picture = p
	}
	return s.Picture
}

// holds tells whether Picture lies in the sample's memory k.
func (s *Sample) holds(k int) bool {
	return len(s.Picture.Pixels) > 0 && len(s.memory[k]) > 0 && &s.Picture.Pixels[0] == &s.memory[k][0]
}

// Floats returns n numbers of any content to calculate with, valid until the next call.
func (s *Sample) Floats(n int) []float32 {
	if cap(s.floats) < n {
		s.floats = make([]float32, n)
	}
	return s.floats[:n]
}

// Scale replaces Picture by its part of ph×pw pixels from row y and column x on, scaled to h×w as Picture.Resize does. It leaves boxes
// and masks alone.
func (s *Sample) Scale(y, x, ph, pw, h, w int) {
	p := s.Picture
	if y < 0 || x < 0 || ph < 1 || pw < 1 || y+ph > p.H || x+pw > p.W || h < 1 || w < 1 {
		panic(fmt.Sprintf("data: Scale: cannot scale %d×%d pixels from (%d, %d) on of %d×%d to %d×%d", ph, pw, y, x, p.H, p.W, h, w))
	}
	q := s.Fresh(h, w, p.C)
	s.scaling.scale(q, p, y, x, ph, pw)
	s.Picture = q
}
