package data

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func TestTransforms(t *testing.T) {
	p := Picture{2, 3, 1, []byte{1, 2, 3, 4, 5, 6}}
	tests := []struct {
		name string
		t    Transform
		want Picture
	}{
		{"Resize to the same size", Resize{2, 3}, p},
		{"CenterCrop", CenterCrop{2, 1}, Picture{2, 1, 1, []byte{2, 5}}},
		{"CenterCrop of a smaller picture", CenterCrop{4, 1}, Picture{4, 1, 1, []byte{0, 2, 5, 0}}},
		{"PadCrop by nothing", PadCrop{0}, p},
		{"Affine by nothing", Affine{}, p},
		{"Compose", Compose{CenterCrop{2, 1}, CenterCrop{1, 1}}, Picture{1, 1, 1, []byte{2}}},
	}
	for _, tt := range tests {
		if d := cmp.Diff(tt.want, tt.t.Apply(source(0), p)); d != "" {
			t.Errorf("%s differs (-want +got):\n%s", tt.name, d)
		}
	}
	if !slices.Equal(p.Pixels, []byte{1, 2, 3, 4, 5, 6}) {
		t.Errorf("the transforms changed their picture: %v", p.Pixels)
	}
}

// Shrinking averages over all pixels: stripes of one pixel become an even grey, not all black or all white.
func TestResizeAntialiases(t *testing.T) {
	stripes := NewPicture(64, 64, 3)
	for i := range stripes.Pixels {
		stripes.Pixels[i] = byte(i / 3 % 2 * 255)
	}
	small := Resize{8, 8}.Apply(nil, stripes)
	for i, x := range small.Pixels {
		if i/3%8 > 0 && i/3%8 < 7 && (x < 120 || x > 135) { // the edges see half a window
			t.Fatalf("pixel %d of the stripes, eight times smaller, is %d, want about 127", i, x)
		}
	}
	if got := (ResizeShort{16}).Apply(nil, NewPicture(64, 128, 1)); got.H != 16 || got.W != 32 {
		t.Errorf("ResizeShort(16) of 64×128 is %d×%d, want 16×32", got.H, got.W)
	}
}

func TestFlip(t *testing.T) {
	p := Picture{2, 2, 3, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	mirrored := Picture{2, 2, 3, []byte{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9}}
	r, flipped := source(1), 0
	for range 1000 {
		switch q := (Flip{}).Apply(r, p); {
		case cmp.Equal(q, mirrored):
			flipped++
		case !cmp.Equal(q, p):
			t.Fatalf("Flip = %v, want %v or %v", q, p, mirrored)
		}
	}
	if flipped < 430 || flipped > 570 { // 4.4 standard deviations
		t.Errorf("Flip mirrors %d of 1000 pictures, want about half", flipped)
	}
}

// Every shift within ±Pad comes up, and what a shift brings in is black.
func TestPadCrop(t *testing.T) {
	p := NewPicture(5, 5, 1)
	p.Pixels[12] = 9
	r, seen := source(1), map[int]bool{}
	for range 1000 {
		q := PadCrop{2}.Apply(r, p)
		at := slices.Index(q.Pixels, 9)
		if at < 0 {
			t.Fatalf("PadCrop lost the middle: %v", q.Pixels)
		}
		seen[at] = true
	}
	if len(seen) != 25 {
		t.Errorf("PadCrop(2) makes %d different shifts, want 25", len(seen))
	}
	if q := (Picture{1, 1, 1, []byte{7}}).window(2, 2, 3, 3); slices.Max(q.Pixels) != 0 {
		t.Errorf("a window beside the picture = %v, want black", q.Pixels)
	}
}

// Turned by 90 degrees about its middle, a picture has its rows as columns.
func TestAffineTurns(t *testing.T) {
	p := Picture{3, 3, 1, []byte{10, 20, 30, 0, 50, 0, 0, 0, 0}}
	turned := map[string]bool{}
	r := source(2)
	for range 4000 {
		q := Affine{Degrees: 90}.Apply(r, p)
		if q.Pixels[4] != 50 {
			t.Fatalf("the middle moved: %v", q.Pixels)
		}
		// Within a few degrees of the ends of the range the top row has become the left or the right column.
		switch {
		case q.Pixels[3] >= 19 && q.Pixels[1] <= 1:
			turned["left"] = true
		case q.Pixels[5] >= 19 && q.Pixels[1] <= 1:
			turned["right"] = true
		}
	}
	if len(turned) != 2 {
		t.Errorf("turns by up to ±90 degrees reach %v, want left and right", turned)
	}
}
