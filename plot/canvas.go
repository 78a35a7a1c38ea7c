package plot

import (
	"image"
	"image/color"
	"math"
	"strings"
	"sync"

	"golang.org/x/image/draw"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Sizes of text, in points.
const (
	titleSize = 13
	labelSize = 11
	tickSize  = 10
)

// lineHeight is the distance of two baselines as a multiple of the text's size.
const lineHeight = 1.25

// fonts parses the Go fonts at first use, so that a command which draws nothing does not pay for them.
var fonts = sync.OnceValue(func() *font.Cache {
	parse := func(ttf []byte) *opentype.Font {
		f, err := opentype.Parse(ttf)
		if err != nil {
			panic("plot: the Go fonts do not parse: " + err.Error())
		}
		return f
	}
	return font.NewCache(font.Collection{
		{Font: typeface(0, false), Face: parse(goregular.TTF)},
		{Font: typeface(0, true), Face: parse(gobold.TTF)},
	})
})

func typeface(size float64, bold bool) font.Font {
	f := font.Font{Typeface: "Go", Size: vg.Length(size)}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return f
}

func face(size float64, bold bool) font.Face {
	return fonts().Lookup(typeface(size, bold), vg.Length(size))
}

// textWidth returns the width of one line of text in points.
func textWidth(s string, size float64, bold bool) float64 {
	f := face(size, bold)
	return float64(f.Width(s))
}

// widest returns the width of the widest of some lines.
func widest(lines []string, size float64, bold bool) float64 {
	w := 0.0
	for _, s := range lines {
		w = max(w, textWidth(s, size, bold))
	}
	return w
}

// wrap breaks s into lines of at most width points: where it has a new line, then at a dot between two parts ("a ·
// b"), which is left out there, and at spaces only within a part that is too wide. A word that is wider than a line
// is cut and ends in an ellipsis.
func wrap(s string, width, size float64, bold bool) []string {
	fits := func(line string) bool { return textWidth(line, size, bold) <= width }
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line := ""
		for i, part := range strings.Split(paragraph, dot) {
			if joined := line + dot + part; i > 0 && fits(joined) {
				line = joined
				continue
			}
			if i > 0 {
				lines = append(lines, line)
			}
			line = ""
			for j, word := range strings.Fields(part) {
				word = shorten(word, width, size, bold)
				if joined := line + " " + word; j > 0 && fits(joined) {
					line = joined
					continue
				}
				if j > 0 {
					lines = append(lines, line)
				}
				line = word
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// dot parts what stands beside each other in a caption.
const dot = " · "

// shorten cuts s to width points.
func shorten(s string, width, size float64, bold bool) string {
	if textWidth(s, size, bold) <= width {
		return s
	}
	runes := []rune(s)
	for len(runes) > 1 && textWidth(string(runes)+"…", size, bold) > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// textStyle is how gonum/plot is told about our font.
func textStyle(size float64, c color.Color) text.Style {
	return text.Style{Color: c, Font: typeface(size, false), Handler: text.Plain{Fonts: fonts()}}
}

// A canvas is a white image on which one draws in points from its top left corner.
type canvas struct {
	*vgimg.Canvas
	w, h float64
}

// newCanvas rounds its size up to whole points.
func newCanvas(w, h float64) canvas {
	w, h = math.Ceil(w), math.Ceil(h)
	return canvas{vgimg.NewWith(vgimg.UseWH(vg.Length(w), vg.Length(h)), vgimg.UseDPI(72*Density),
		vgimg.UseBackgroundColor(color.White)), w, h}
}

func (c canvas) point(x, y float64) vg.Point { return vg.Point{X: vg.Length(x), Y: vg.Length(c.h - y)} }

// area returns the part of the canvas that has its corners at (x0, y0) and (x1, y1), for gonum/plot to draw into.
func (c canvas) area(x0, y0, x1, y1 float64) vgdraw.Canvas {
	a := vgdraw.New(c)
	a.Rectangle = vg.Rectangle{Min: c.point(x0, y1), Max: c.point(x1, y0)}
	return a
}

// pixels returns the pixels nearest to a rectangle.
func (c canvas) pixels(x, y, w, h float64) image.Rectangle {
	at := func(v float64) int { return int(math.Round(v * Density)) }
	return image.Rect(at(x), at(y), at(x+w), at(y+h))
}

// rect fills a rectangle to whole pixels, with sharp edges.
func (c canvas) rect(x, y, w, h float64, fill color.Color) {
	draw.Draw(c.Image(), c.pixels(x, y, w, h), image.NewUniform(fill), image.Point{}, draw.Over)
}

// An align says which part of a text is at its position.
type align float64

const (
	atLeft   align = 0
	atCentre align = 0.5
	atRight  align = 1
)

// text writes one line with its baseline at y.
func (c canvas) text(s string, x, y, size float64, bold bool, a align, fill color.Color) {
	f := face(size, bold)
	c.SetColor(fill)
	c.FillString(f, c.point(x-float64(a)*float64(f.Width(s)), y), s)
}

// middle writes one line with digits and capitals centred about y.
func (c canvas) middle(s string, x, y, size float64, bold bool, a align, fill color.Color) {
	c.text(s, x, y+0.36*size, size, bold, a, fill) // The capitals of the Go fonts are 0.72 high.
}

// upward writes one line that reads from the bottom to the top, about the vertical at x. It draws the line level and
// turns the pixels, which keeps them sharp.
func (c canvas) upward(s string, x, y, size float64, a align, fill color.Color) {
	level := newCanvas(textWidth(s, size, false)+2, size*1.5)
	level.middle(s, 1, level.h/2, size, false, atLeft, fill)
	from := level.Image()
	b := from.Bounds()
	at := c.pixels(x-level.h/2, y-(1-float64(a))*(level.w-2)-1, 0, 0).Min
	to := c.Image()
	for i := range b.Dx() {
		for j := range b.Dy() {
			if r, g, bl, _ := from.At(i, j).RGBA(); r&g&bl != 0xffff { // White is the ground: nothing is written there.
				to.Set(at.X+j, at.Y+b.Dx()-1-i, from.At(i, j))
			}
		}
	}
}

// picture draws img into a rectangle of pixels: enlarged with sharp pixels, reduced smoothly.
func (c canvas) picture(img image.Image, r image.Rectangle) {
	var scaler draw.Scaler = draw.NearestNeighbor
	if r.Dx() < img.Bounds().Dx() || r.Dy() < img.Bounds().Dy() {
		scaler = draw.CatmullRom
	}
	scaler.Scale(c.Image(), r, img, img.Bounds(), draw.Over, nil)
}

// A heading is a title and lines of smaller text under it.
type heading struct {
	title, under []string
	height       float64 // with the space below it
}

// newHeading breaks the title and the text, either of which may be empty, into lines of at most width points.
func newHeading(title, under string, width float64) heading {
	var h heading
	if title != "" {
		h.title = wrap(title, width, titleSize, true)
	}
	if under != "" {
		h.under = wrap(under, width, tickSize, false)
	}
	if lines := float64(len(h.title))*titleSize + float64(len(h.under))*tickSize; lines > 0 {
		h.height = lines*lineHeight + 14
	}
	return h
}

// draw writes the heading at the top of the canvas, from x on.
func (h heading) draw(c canvas, x float64) {
	y := 4.0
	for _, s := range h.title {
		y += titleSize * lineHeight
		c.text(s, x, y, titleSize, true, atLeft, ink)
	}
	for _, s := range h.under {
		y += tickSize * lineHeight
		c.text(s, x, y, tickSize, false, atLeft, muted)
	}
}
