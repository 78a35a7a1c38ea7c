package plot

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
)

var (
	// From minus over nothing to plus: blue, white, red.
	signed = ramp{{0x05, 0x30, 0x61, 0xff}, {0x43, 0x93, 0xc3, 0xff}, {0xf7, 0xf7, 0xf7, 0xff}, {0xd6, 0x60, 0x4d, 0xff},
		{0x67, 0x00, 0x1f, 0xff}}
	// From dark red to yellow, which stand out from grey.
	warm = ramp{{0x8b, 0x00, 0x2b, 0xff}, {0xe3, 0x1a, 0x1c, 0xff}, {0xfd, 0x8d, 0x3c, 0xff}, {0xff, 0xee, 0x58, 0xff}}
)

// Shade draws numbers as an image, a pixel for each, from dark for low to bright for high. What is not finite is grey.
func Shade(values [][]float64, low, high float64) image.Image {
	return shade(values, func(v float64) color.RGBA { return viridis.at((v - low) / (high - low)) })
}

// ShadeSigned draws numbers as an image, a pixel for each: 0 is white, most is red, minus most is blue. What is not finite is grey.
func ShadeSigned(values [][]float64, most float64) image.Image {
	return shade(values, func(v float64) color.RGBA { return signed.at((v/most + 1) / 2) })
}

func shade(values [][]float64, colour func(v float64) color.RGBA) image.Image {
	w := 0
	if len(values) > 0 {
		w = len(values[0])
	}
	img := image.NewRGBA(image.Rect(0, 0, w, len(values)))
	for y, row := range values {
		for x, v := range row {
			fill := blank
			if drawable(v, false) {
				fill = colour(v)
			}
			img.SetRGBA(x, y, fill)
		}
	}
	return img
}

// Overlay lays heat of 0 to 1 over a picture: the picture is grey, and the hotter a place, the more it is covered by warm colours. Heat
// is stretched over the whole picture; what lies between its numbers is interpolated. A small picture is enlarged by a whole factor.
func Overlay(picture image.Image, heat [][]float64) image.Image {
	b := picture.Bounds()
	k := max(1, smallPicture*Density/max(b.Dx(), b.Dy(), 1))
	img := image.NewRGBA(image.Rect(0, 0, k*b.Dx(), k*b.Dy()))
	grey := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(grey, grey.Rect, picture, b.Min, draw.Src)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			t := between(heat, (float64(x)+.5)/float64(img.Rect.Dx()), (float64(y)+.5)/float64(img.Rect.Dy()))
			opacity, top, g := .75*math.Sqrt(t), warm.at(t), float64(grey.GrayAt(x/k, y/k).Y)
			mix := func(c uint8) uint8 { return uint8(math.Round(g*(1-opacity) + float64(c)*opacity)) }
			img.SetRGBA(x, y, color.RGBA{mix(top.R), mix(top.G), mix(top.B), 0xff})
		}
	}
	return img
}

// between interpolates heat at a share of its width and height, and keeps it in 0 to 1; what is not finite is 0.
func between(heat [][]float64, x, y float64) float64 {
	if len(heat) == 0 || len(heat[0]) == 0 {
		return 0
	}
	h, w := len(heat), len(heat[0])
	x, y = x*float64(w)-.5, y*float64(h)-.5
	x0, y0 := math.Floor(x), math.Floor(y)
	at := func(x, y float64) float64 {
		v := heat[min(max(int(y), 0), h-1)][min(max(int(x), 0), w-1)]
		if !drawable(v, false) {
			return 0
		}
		return v
	}
	fx, fy := x-x0, y-y0
	v := (at(x0, y0)*(1-fx)+at(x0+1, y0)*fx)*(1-fy) + (at(x0, y0+1)*(1-fx)+at(x0+1, y0+1)*fx)*fy
	return min(max(v, 0), 1)
}
