// Package plot draws what a run has to show: curves, bars, confusion matrices, heat maps, reliability diagrams and
// grids of pictures, all in one style. Inputs are plain numbers, strings and pictures; outputs are image.Image.
//
// Lengths are in points. An image has Density pixels to a point, so that text is crisp on a fine screen: a chart of
// 600×400 is an image of 1200×800. Data that cannot be drawn (NaN, infinities, nothing at all) leaves a gap and is no
// error. Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color), which colour-blind people can tell
// apart.
package plot

import (
	"bufio"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"io"

	"github.com/hadal-go/hadal/internal/atomicfile"
)

// Density is the number of pixels to a point.
const Density = 2

// The colours of the house. Right and Wrong mark correct predictions and mistakes.
var (
	ink      = color.RGBA{0x22, 0x22, 0x22, 0xff} // titles and values
	muted    = color.RGBA{0x55, 0x55, 0x55, 0xff} // ticks and labels of axes
	axisGrey = color.RGBA{0x99, 0x99, 0x99, 0xff}
	gridGrey = color.RGBA{0xe6, 0xe6, 0xe6, 0xff}
	blank    = color.RGBA{0xd8, 0xd8, 0xd8, 0xff} // cells without a number

	palette = []color.RGBA{
		{0x00, 0x72, 0xb2, 0xff}, // blue
		{0xd5, 0x5e, 0x00, 0xff}, // vermilion
		{0x00, 0x9e, 0x73, 0xff}, // green
		{0xcc, 0x79, 0xa7, 0xff}, // purple
		{0xe6, 0x9f, 0x00, 0xff}, // orange
		{0x56, 0xb4, 0xe9, 0xff}, // sky
		{0x66, 0x66, 0x66, 0xff}, // grey
	}

	Right color.Color = palette[2]
	Wrong color.Color = palette[1]
)

// Stack puts images into rows of the given number of columns, such as several charts into one picture: 1 puts them
// under each other, len(images) beside each other. Each column is as wide as its widest image, each row as high as
// its highest.
func Stack(columns int, images ...image.Image) image.Image {
	if columns < 1 {
		panic(fmt.Sprintf("plot: Stack: %d columns, want at least 1", columns))
	}
	xs := make([]int, columns+1)
	ys := make([]int, (len(images)+columns-1)/columns+1)
	for i, img := range images {
		xs[i%columns+1] = max(xs[i%columns+1], img.Bounds().Dx())
		ys[i/columns+1] = max(ys[i/columns+1], img.Bounds().Dy())
	}
	for i := range xs[1:] {
		xs[i+1] += xs[i]
	}
	for i := range ys[1:] {
		ys[i+1] += ys[i]
	}
	all := image.NewRGBA(image.Rect(0, 0, xs[len(xs)-1], ys[len(ys)-1]))
	draw.Draw(all, all.Bounds(), image.White, image.Point{}, draw.Src)
	for i, img := range images {
		at := image.Pt(xs[i%columns], ys[i/columns])
		draw.Draw(all, img.Bounds().Sub(img.Bounds().Min).Add(at), img, img.Bounds().Min, draw.Over)
	}
	return all
}

// WriteGIF writes frames, of equal size, as an animation without end, each for so many hundredths of a second and the last for two
// seconds more. Its colours are those of the house, mixed with white and with ink.
func WriteGIF(path string, frames []image.Image, hundredths int) error {
	colours := color.Palette{color.White, color.Black, ink, muted, axisGrey, gridGrey}
	for _, c := range palette {
		for _, part := range []float64{1, .8, .6, .4, .2} {
			colours = append(colours, onWhite(c, part))
		}
	}
	g := &gif.GIF{}
	for i, f := range frames {
		p := image.NewPaletted(f.Bounds(), colours)
		draw.Draw(p, p.Rect, f, f.Bounds().Min, draw.Src)
		delay := hundredths
		if i == len(frames)-1 {
			delay += 200
		}
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, delay)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return gif.EncodeAll(w, g) })
}

// WritePNG writes img to a file, which at any moment is the old picture or the new one, whole.
func WritePNG(path string, img image.Image) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 64<<10)
		if err := png.Encode(b, img); err != nil {
			return err
		}
		return b.Flush()
	})
}
