package plot

import (
	"image"
	"image/color"
	"image/draw"

	"github.com/hadal-go/hadal/box"
)

// Marks are what is marked on a picture: boxes with their captions, and masks.
type Marks struct {
	Boxes    []box.Box
	Captions []string      // of each box, or none
	Masks    []*image.Gray // not 0 where something is, in the colour of the box of the same number
	Map      *image.Gray   // the class of each pixel; class 0 is left as it is, nil is no map
}

// On draws the marks on a picture that is enlarged by a whole factor.
func (m Marks) On(img image.Image, scale int) image.Image {
	b := img.Bounds()
	tinted := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(tinted, tinted.Rect, img, b.Min, draw.Src)
	if m.Map != nil {
		tint(tinted, m.Map, func(class byte) color.RGBA { return palette[int(class)%len(palette)] })
	}
	for i, mask := range m.Masks {
		tint(tinted, mask, func(byte) color.RGBA { return palette[i%len(palette)] })
	}
	zoom := float64(scale) / Density // points a pixel
	c := newCanvas(float64(b.Dx())*zoom, float64(b.Dy())*zoom)
	c.picture(tinted, image.Rect(0, 0, b.Dx()*scale, b.Dy()*scale))
	const line, size = 1, 8
	for i, r := range m.Boxes {
		x, y, w, h := r.X0*zoom, r.Y0*zoom, r.W()*zoom, r.H()*zoom
		colour := palette[i%len(palette)]
		c.rect(x, y, w, line, colour)
		c.rect(x, y+h-line, w, line, colour)
		c.rect(x, y, line, h, colour)
		c.rect(x+w-line, y, line, h, colour)
		if i < len(m.Captions) && m.Captions[i] != "" {
			c.rect(x, y, textWidth(m.Captions[i], size, false)+4, size*lineHeight, colour)
			c.middle(m.Captions[i], x+2, y+size*lineHeight/2, size, false, atLeft, color.White)
		}
	}
	return c.Image()
}

// tint colours a picture by half where a mask is not 0.
func tint(to *image.RGBA, mask *image.Gray, colour func(byte) color.RGBA) {
	at := mask.Bounds().Min
	for y := range min(to.Rect.Dy(), mask.Rect.Dy()) {
		for x := range min(to.Rect.Dx(), mask.Rect.Dx()) {
			v := mask.GrayAt(at.X+x, at.Y+y).Y
			if v == 0 {
				continue
			}
			p, c := to.Pix[to.PixOffset(x, y):], colour(v)
			p[0], p[1], p[2] = p[0]/2+c.R/2, p[1]/2+c.G/2, p[2]/2+c.B/2
		}
	}
}
