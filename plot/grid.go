package plot

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
)

// A Cell is one picture of a grid.
type Cell struct {
	Image   image.Image // nil leaves the place empty
	Caption string      // under the picture, in as many lines as it needs
	Colour  color.Color // of a frame about the picture and of the caption, such as Right or Wrong; nil for none
}

const (
	smallPicture = 96  // points to which Grid enlarges pictures when it chooses
	largePicture = 160 // points to which it reduces them
	captionWidth = 112 // points to which a caption may widen a column
)

// Grid draws pictures with their captions in rows of the given number of columns. Each pixel of a picture takes
// scale×scale pixels; scale 0 enlarges small pictures by a whole factor and reduces large ones to fit.
func Grid(title string, cells []Cell, columns, scale int) image.Image {
	if columns < 1 || scale < 0 {
		panic(fmt.Sprintf("plot: Grid: %d columns, scale %d", columns, scale))
	}
	columns = max(1, min(columns, len(cells)))
	const gap, frame, size = 10, 2, tickSize

	// Sizes of the pictures, in points, and the width of all columns.
	type extent struct{ w, h float64 }
	sizes := make([]extent, len(cells))
	column := 16.0
	for i, cell := range cells {
		if cell.Image != nil {
			b := cell.Image.Bounds()
			f := zoom(b, scale)
			sizes[i] = extent{math.Ceil(float64(b.Dx()) * f), math.Ceil(float64(b.Dy()) * f)}
		}
		column = max(column, sizes[i].w)
		for _, part := range strings.FieldsFunc(cell.Caption, func(r rune) bool { return r == '·' || r == '\n' }) {
			column = max(column, min(textWidth(strings.TrimSpace(part), size, false)+4, captionWidth))
		}
	}
	column += 2 * frame
	width := 2*margin + float64(columns)*(column+gap) - gap
	head := newHeading(title, "", max(width, 240)-2*margin)
	width = max(width, widest(head.title, titleSize, true)+2*margin)

	lines := make([][]string, len(cells))
	rows := (len(cells) + columns - 1) / columns
	pictures, heights := make([]float64, rows), make([]float64, rows) // of the rows: without and with captions
	height := max(margin, head.height)
	for r := range rows {
		for i := r * columns; i < min((r+1)*columns, len(cells)); i++ {
			pictures[r] = max(pictures[r], sizes[i].h+2*frame)
			if cells[i].Caption != "" {
				lines[i] = wrap(cells[i].Caption, column, size, false)
			}
		}
		for i := r * columns; i < min((r+1)*columns, len(cells)); i++ {
			heights[r] = max(heights[r], pictures[r]+float64(len(lines[i]))*size*lineHeight)
		}
		heights[r] += gap
		height += heights[r]
	}

	c := newCanvas(width, height+margin-gap/2)
	head.draw(c, margin)
	y := max(margin, head.height)
	for i, cell := range cells {
		r := i / columns
		if i > 0 && i%columns == 0 {
			y += heights[r-1]
		}
		x := margin + float64(i%columns)*(column+gap)
		px, py := math.Round(x+(column-sizes[i].w)/2), math.Round(y+pictures[r]-frame-sizes[i].h)
		fill := color.Color(ink)
		if cell.Colour != nil {
			fill = darker(cell.Colour)
			c.rect(px-frame, py-frame, sizes[i].w+2*frame, sizes[i].h+2*frame, cell.Colour)
		}
		if cell.Image != nil {
			b := cell.Image.Bounds()
			f := zoom(b, scale) * Density
			at := c.pixels(px, py, 0, 0).Min
			c.picture(cell.Image, image.Rectangle{at, at.Add(image.Pt(int(float64(b.Dx())*f), int(float64(b.Dy())*f)))})
		}
		for k, s := range lines[i] {
			c.text(s, x+column/2, y+pictures[r]+(float64(k)+0.95)*size*lineHeight, size, false, atCentre, fill)
		}
	}
	return c.Image()
}

// darker returns a colour in which text on white is read more easily.
func darker(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	return color.RGBA{uint8(r * 3 / 4 >> 8), uint8(g * 3 / 4 >> 8), uint8(b * 3 / 4 >> 8), 0xff}
}

// zoom returns the points to a pixel of a picture.
func zoom(b image.Rectangle, scale int) float64 {
	edge := float64(max(b.Dx(), b.Dy(), 1))
	switch {
	case scale > 0:
		return float64(scale) / Density
	case edge > largePicture*Density:
		return largePicture / edge
	default:
		return max(1, math.Floor(smallPicture*Density/edge)) / Density
	}
}
