package main

import (
	"image"
	"os"
	"testing"

	"github.com/hadal-go/hadal/box"
	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/augment"
	"github.com/hadal-go/hadal/plot"
)

// Boxes, masks and maps of a sample are drawn over its picture, and over what augmentation makes of it. HADAL_LOOK names a file to look
// at it.
func TestPreviewDrawsMarks(t *testing.T) {
	samples := make([]data.Sample, 2)
	for k := range samples {
		s := data.Sample{Picture: data.NewPicture(60, 80, 3), Boxes: []box.Box{{X0: 10, Y0: 15, X1: 40, Y1: 45}}, Classes: []int{1}}
		mask := data.NewPicture(60, 80, 1)
		for i := range mask.Pixels {
			y, x := i/80-30, i%80-25
			s.Picture.Pixels[3*i], s.Picture.Pixels[3*i+1], s.Picture.Pixels[3*i+2] = byte(3*(i%80)), byte(4*(i/80)), 90
			if x*x+y*y < 15*15 {
				mask.Pixels[i] = 2
				copy(s.Picture.Pixels[3*i:], []byte{250, 240, 220})
			}
		}
		if k == 0 {
			s.Masks = []data.Picture{mask}
		} else {
			s.Map = mask
		}
		samples[k] = s
	}
	plan, err := augment.Parse("resized-crop(0.3)+affine(30,0.2,5)+perspective(0.3)+flip+jitter", augment.Colour{})
	if err != nil {
		t.Fatal(err)
	}
	cells, err := augmentedCells(plan, samples, []int{0, 1}, []string{"street", "moon"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(cells) != 2*(1+variants) || cells[0].Caption != "street" || cells[len(cells)-1].Caption != "moon" {
		t.Fatalf("%d cells, from %q to %q", len(cells), cells[0].Caption, cells[len(cells)-1].Caption)
	}
	img := cells[0].Image
	if img.Bounds() != image.Rect(0, 0, 160, 120) {
		t.Fatalf("a marked picture of 60×80 is drawn in %v", img.Bounds())
	}
	for at, name := range map[image.Point]string{{X: 20, Y: 60}: "left side of the box", {X: 50, Y: 60}: "middle of the mask"} {
		r, g, b, _ := img.At(at.X, at.Y).RGBA()
		if b <= r || b <= g {
			t.Errorf("the %s is drawn in %v", name, img.At(at.X, at.Y))
		}
	}
	if look := os.Getenv("HADAL_LOOK"); look != "" {
		if err := plot.WritePNG(look, plot.Grid("marks", cells, 1+variants, 1)); err != nil {
			t.Fatal(err)
		}
	}
}
