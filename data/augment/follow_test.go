package augment

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/box"
	"github.com/hadal-go/hadal/data"
)

// marked is a grey scene of h×w with bright boxes on black, their masks, and a map in which box i has the class i+1.
func marked(h, w, c int, boxes ...box.Box) data.Sample {
	s := data.Sample{Picture: data.NewPicture(h, w, c), Map: data.NewPicture(h, w, 1), Void: 255}
	for i, b := range boxes {
		mask := data.NewPicture(h, w, 1)
		for y := int(b.Y0); y < int(b.Y1); y++ {
			for x := int(b.X0); x < int(b.X1); x++ {
				at := y*w + x
				mask.Pixels[at], s.Map.Pixels[at] = 1, byte(i+1)
				for k := range c {
					s.Picture.Pixels[at*c+k] = 255
				}
			}
		}
		s.Boxes, s.Classes, s.Masks = append(s.Boxes, b), append(s.Classes, i), append(s.Masks, mask)
	}
	return s
}

// extent returns the smallest box about the pixels of p for which is holds.
func extent(p data.Picture, is func(v byte) bool) (b box.Box, n int) {
	var points [][2]float64
	for i := range p.H * p.W {
		if is(p.Pixels[i*p.C]) {
			y, x := float64(i/p.W), float64(i%p.W)
			points = append(points, [2]float64{x, y}, [2]float64{x + 1, y + 1})
		}
	}
	if len(points) == 0 {
		return b, 0
	}
	return box.Around(points...), len(points) / 2
}

func apart(a, b box.Box) float64 {
	return max(math.Abs(a.X0-b.X0), math.Abs(a.Y0-b.Y0), math.Abs(a.X1-b.X1), math.Abs(a.Y1-b.Y1))
}

var motions = map[string]data.Transform{
	"flip": Flip{}, "vflip": FlipVertical{}, "crop": PadCrop{Pad: 25}, "centre": CenterCrop{37, 90}, "resized crop": ResizedCrop{.1, 2, 50, 70},
	"resize": Resize{33, 111}, "resize short": ResizeShort{40}, "affine": Affine{60, .4, 15, 20}, "perspective": Perspective{.6},
	"autoaugment": AutoAugment{Policies: Policies{{{rotate, 1, 9}, {shearX, 1, 9}}, {{translateX, 1, 9}, {shearY, 1, 9}}}},
	"wide":        data.Compose{TrivialAugment{}, Flip{}},
	"several":     data.Compose{ResizedCrop{.3, 1.5, 0, 0}, Flip{}, Affine{20, .1, 4, 5}, PadCrop{Pad: 6}},
}

// Picture, box, mask and map stay together to within a pixel; what has left the picture is gone everywhere.
func TestMarksFollowThePicture(t *testing.T) {
	vanished := 0
	for name, motion := range motions {
		steps := 1.0
		if name == "several" || name == "autoaugment" || name == "wide" {
			steps = 2 // each step is true to a pixel; a box about a turned box is larger, which the test does not ask of these
		}
		for seed := range uint64(40) {
			for _, b := range []box.Box{{X0: 20, Y0: 14, X1: 45, Y1: 30}, {X0: 60, Y0: 40, X1: 79, Y1: 58}} {
				s := marked(60, 80, 1+2*int(seed%2), b)
				before := s.Map.Pixels
				unchanged := slices.Clone(before)
				motion.Apply(source(seed), &s)
				if name == "wide" && slices.Contains(s.Picture.Pixels, 254) { // colours that a threshold does not tell
					continue
				}
				if s.Map.H != s.Picture.H || s.Map.W != s.Picture.W || len(s.Boxes) != len(s.Masks) || len(s.Boxes) != len(s.Classes) {
					t.Fatalf("%s, seed %d: a picture of %d×%d, a map of %d×%d, %d boxes, %d masks, %d classes", name, seed,
						s.Picture.H, s.Picture.W, s.Map.H, s.Map.W, len(s.Boxes), len(s.Masks), len(s.Classes))
				}
				bright, n := extent(s.Picture, func(v byte) bool { return v > 127 })
				class, m := extent(s.Map, func(v byte) bool { return v == 1 })
				if len(s.Boxes) == 0 {
					vanished++
					if edge := float64(max(s.Picture.H, s.Picture.W)); float64(n) > 2*edge || float64(m) > 2*edge {
						t.Errorf("%s, seed %d: the box is gone, but %d pixels are bright and %d in the map", name, seed, n, m)
					}
					continue
				}
				mask, _ := extent(s.Masks[0], func(v byte) bool { return v > 0 })
				if d := apart(mask, class); d > 0 {
					t.Errorf("%s, seed %d: mask %v, map %v", name, seed, mask, class)
				}
				if n > 0 && name != "wide" {
					if d := apart(bright, mask); d > steps {
						t.Errorf("%s, seed %d: picture %v, mask %v: %.1f apart", name, seed, bright, mask, d)
					}
				}
				got := s.Boxes[0]
				loose := box.Box{X0: got.X0 - steps, Y0: got.Y0 - steps, X1: got.X1 + steps, Y1: got.Y1 + steps}
				if steps == 1 && name != "affine" && name != "perspective" || whole(got, s.Picture) && steps == 1 {
					if d := apart(got, mask); d > 1 {
						t.Errorf("%s, seed %d: box %v, mask %v: %.1f apart", name, seed, got, mask, d)
					}
				} else if mask.X0 < loose.X0 || mask.Y0 < loose.Y0 || mask.X1 > loose.X1 || mask.Y1 > loose.Y1 {
					t.Errorf("%s, seed %d: box %v does not hold the mask %v", name, seed, got, mask)
				}
				if got.X0 < 0 || got.Y0 < 0 || got.X1 > float64(s.Picture.W) || got.Y1 > float64(s.Picture.H) {
					t.Errorf("%s, seed %d: box %v leaves the picture", name, seed, got)
				}
				if !slices.Equal(before, unchanged) {
					t.Fatalf("%s changed the map of the set", name)
				}
			}
		}
	}
	if vanished < 15 {
		t.Errorf("only %d boxes vanished: the test does not see what becomes of those", vanished)
	}
}

// whole tells whether a box lies within a picture, nothing of it cut off.
func whole(b box.Box, p data.Picture) bool {
	return b.X0 > 0 && b.Y0 > 0 && b.X1 < float64(p.W) && b.Y1 < float64(p.H)
}

// A box that vanishes takes its class and mask with it, not those of another; what comes in is void in a map and nothing in a mask.
func TestVanishedBoxes(t *testing.T) {
	s := marked(20, 20, 3, box.Box{X0: 0, Y0: 0, X1: 4, Y1: 5}, box.Box{X0: 10, Y0: 10, X1: 15, Y1: 18})
	move(&s, window{20, 20, 8, 8, false})
	want := box.Box{X0: 2, Y0: 2, X1: 7, Y1: 10}
	if d := cmp.Diff([]box.Box{want}, s.Boxes); d != "" || !slices.Equal(s.Classes, []int{1}) || len(s.Masks) != 1 {
		t.Fatalf("%d masks, classes %v, boxes differ (-want +got):\n%s", len(s.Masks), s.Classes, d)
	}
	if mask, n := extent(s.Masks[0], func(v byte) bool { return v > 0 }); mask != want || n != 40 {
		t.Errorf("the mask is %v with %d pixels", mask, n)
	}
	if void, n := extent(s.Map, func(v byte) bool { return v == 255 }); n != 400-144 || void != (box.Box{X1: 20, Y1: 20}) {
		t.Errorf("%d pixels are void in %v, want %d", n, void, 400-144)
	}
}
