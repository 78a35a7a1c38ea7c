package data

import (
	"slices"
	"testing"
)

// Transforms write to memory of the sample, never to the set's, and two pictures in a row do not share it.
func TestSampleMemory(t *testing.T) {
	shared := Picture{1, 2, 1, []byte{1, 2}}
	s := Sample{Picture: shared}
	s.Edit().Pixels[0] = 9
	if !slices.Equal(shared.Pixels, []byte{1, 2}) || !slices.Equal(s.Picture.Pixels, []byte{9, 2}) {
		t.Fatalf("after Edit, the set has %v and the sample %v", shared.Pixels, s.Picture.Pixels)
	}
	if q := s.Edit(); &q.Pixels[0] != &s.Picture.Pixels[0] {
		t.Error("a second Edit copies again")
	}
	for range 3 {
		if q := s.Fresh(1, 2, 1); &q.Pixels[0] == &s.Picture.Pixels[0] {
			t.Fatal("Fresh returns the memory of the picture")
		} else {
			q.Pixels[0], q.Pixels[1] = 5, 6
			s.Picture = q
		}
	}
	if allocated := testing.AllocsPerRun(100, func() {
		s.Picture = shared
		s.Edit()
		s.Picture = s.Fresh(1, 2, 1)
		s.Floats(10)
	}); allocated != 0 {
		t.Errorf("a sample that was used before makes %v allocations", allocated)
	}
}

// Shrinking averages over all pixels: stripes of one pixel become an even grey, not all black or all white.
func TestResizeAntialiases(t *testing.T) {
	stripes := NewPicture(64, 64, 3)
	for i := range stripes.Pixels {
		stripes.Pixels[i] = byte(i / 3 % 2 * 255)
	}
	small := stripes.Resize(8, 8)
	for i, x := range small.Pixels {
		if i/3%8 > 0 && i/3%8 < 7 && (x < 120 || x > 135) { // the edges see half a window
			t.Fatalf("pixel %d of the stripes, eight times smaller, is %d, want about 127", i, x)
		}
	}
}
