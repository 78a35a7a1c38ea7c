package plot

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
)

// A Series is one curve of a Chart.
type Series struct {
	Name      string    // in the legend; empty for none
	X, Y      []float64 // equally long, X in any order; a NaN or an infinity interrupts the curve
	Low, High []float64 // optional: a shaded band about the curve, such as mean ± deviation over seeds; as long as X
	Points    bool      // dots instead of a line
	Smooth    float64   // 0 < Smooth < 1 draws the data pale and above them Smooth(Y, Smooth)
}

// A Chart shows curves over one axis.
type Chart struct {
	Title  string
	X, Y   string // what the axes show, with the unit
	Series []Series
	LogX   bool // logarithmic axes, on which numbers that are not positive are gaps
	LogY   bool
	YRange [2]float64 // lowest and highest Y; zeros for the range of the data
}

// Image draws the chart as an image of w×h points, at least 120×90. The error says which series has columns of
// different lengths, or that YRange is none.
func (c Chart) Image(w, h int) (image.Image, error) {
	w, h = max(w, 120), max(h, 90)
	for i, s := range c.Series {
		if n := len(s.X); len(s.Y) != n || len(s.Low) != len(s.High) || len(s.Low) != 0 && len(s.Low) != n {
			return nil, fmt.Errorf("plot: chart %q: series %d (%s) has %d X, %d Y, %d Low, %d High",
				c.Title, i, s.Name, len(s.X), len(s.Y), len(s.Low), len(s.High))
		}
	}
	if r := c.YRange; r != [2]float64{} && !(r[0] < r[1] && drawable(r[0], c.LogY) && drawable(r[1], c.LogY)) {
		return nil, fmt.Errorf("plot: chart %q: Y cannot go from %v to %v", c.Title, r[0], r[1])
	}
	width, height := float64(w), float64(h)
	out := newCanvas(width, height)
	title := newHeading(c.Title, "", width-2*margin)
	title.draw(out, margin)
	top := max(margin, title.height)
	top += c.legend(out, margin, top, width-2*margin)
	top = min(top, height-70) // Whatever is written above, the curves keep a little room.

	p := newPlot()
	xs, ys := c.spans()
	setAxis(&p.X, xs, max(3, int(width/75)))
	setAxis(&p.Y, ys, max(3, int((height-top)/40)))
	p.Add(newGrid())
	for i, s := range c.Series {
		p.Add(curve{s, palette[i%len(palette)], dashes(i), c.LogX, c.LogY})
	}
	out.plot(p, c.X, c.Y, margin, top, width-margin, height-margin)
	return out.Image(), nil
}

// spans returns the ranges of both axes.
func (c Chart) spans() (xs, ys span) {
	xs, ys = newSpan(c.LogX), newSpan(c.LogY)
	for _, s := range c.Series {
		for i := range s.X {
			if drawable(s.X[i], c.LogX) && drawable(s.Y[i], c.LogY) {
				xs.include(s.X[i])
				ys.include(s.Y[i])
				if len(s.Low) > 0 {
					ys.include(s.Low[i], s.High[i])
				}
			}
		}
	}
	if c.YRange != [2]float64{} {
		ys.low, ys.high = c.YRange[0], c.YRange[1]
		xs.finish(0.01)
		return xs, ys
	}
	xs.finish(0.01)
	ys.finish(0.05)
	return xs, ys
}

// legend writes the names of the series beside samples of their colours, in as many rows as they need, and returns the
// height that they take.
func (c Chart) legend(out canvas, x, y, width float64) float64 {
	const sample, gap, row = 16, 18, labelSize * 1.5
	at, rows := x, 0.0
	for i, s := range c.Series {
		if s.Name == "" {
			continue
		}
		name := shorten(s.Name, width-sample-6, labelSize, false)
		w := sample + 6 + textWidth(name, labelSize, false)
		if rows == 0 {
			rows = 1
		} else if at+w > x+width {
			at = x
			rows++
		}
		mid := y + (rows-0.5)*row
		if s.Points {
			out.dot(at+sample/2, mid, 3.2, palette[i%len(palette)])
		} else {
			style := vgdraw.LineStyle{Color: palette[i%len(palette)], Width: 2.5, Dashes: dashes(i)}
			area := vgdraw.New(out)
			area.StrokeLines(style, []vg.Point{out.point(at, mid), out.point(at+sample, mid)})
		}
		out.middle(name, at+sample+6, mid, labelSize, false, atLeft, ink)
		at += w + gap
	}
	if rows == 0 {
		return 0
	}
	return rows*row + 6
}

// Smooth returns the exponential moving average of y: each value is weight times the average so far plus 1−weight times
// the number, divided by the weight that has come together, so that the first values are not drawn to 0 (Kingma and Ba
// 2015, arXiv:1412.6980, section 3). Numbers that are not finite stay as they are and count for nothing.
func Smooth(y []float64, weight float64) []float64 {
	smooth := make([]float64, len(y))
	sum, total := 0.0, 0.0
	for i, v := range y {
		if !drawable(v, false) {
			smooth[i] = v
			continue
		}
		sum = weight*sum + (1-weight)*v
		total = weight*total + (1 - weight)
		smooth[i] = sum / total
	}
	return smooth
}

// dashes returns the pattern of the i-th line: from the second use of the palette on, lines are dashed.
func dashes(i int) []vg.Length {
	switch i / len(palette) {
	case 0:
		return nil
	case 1:
		return []vg.Length{5, 2.5}
	default:
		return []vg.Length{1.5, 2}
	}
}

// plot draws p and the names of its axes into the area with corners (x0, y0) and (x1, y1). The names are not left to
// gonum/plot, which misjudges the room for them where an axis is logarithmic.
func (c canvas) plot(p *gonum.Plot, x, y string, x0, y0, x1, y1 float64) {
	if x != "" {
		y1 -= labelSize * 1.5
	}
	if y != "" {
		x0 += labelSize * 1.6
	}
	area := c.area(x0, y0, x1, y1)
	p.Draw(area)
	data := p.DataCanvas(area)
	if x != "" {
		c.text(x, float64(data.Min.X+data.Max.X)/2, y1+labelSize*1.35, labelSize, false, atCentre, muted)
	}
	if y != "" {
		c.upward(y, x0-labelSize, c.h-float64(data.Min.Y+data.Max.Y)/2, labelSize, atCentre, muted)
	}
}

// newPlot returns a gonum plot in the style of the house.
func newPlot() *gonum.Plot {
	p := gonum.New()
	p.BackgroundColor = nil
	p.TextHandler = textStyle(labelSize, ink).Handler
	for _, a := range []*gonum.Axis{&p.X, &p.Y} {
		a.LineStyle = vgdraw.LineStyle{Color: axisGrey, Width: 0.75}
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Length = 4
		a.Padding = 0
		label := textStyle(tickSize, muted)
		label.XAlign, label.YAlign = a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = label
	}
	return p
}

// newGrid returns pale lines at the labelled ticks.
func newGrid() *plotter.Grid {
	style := vgdraw.LineStyle{Color: gridGrey, Width: 0.75}
	return &plotter.Grid{Vertical: style, Horizontal: style}
}

// setAxis gives an axis its range and about n ticks.
func setAxis(a *gonum.Axis, s span, n int) {
	a.Min, a.Max = s.low, s.high
	a.Tick.Marker = gonum.ConstantTicks(s.ticks(n))
	if s.log {
		a.Scale = gonum.LogScale{}
	}
}

// A curve draws one series.
type curve struct {
	Series
	colour     color.RGBA
	dashes     []vg.Length
	logX, logY bool
}

// Plot implements plotter.Plotter.
func (s curve) Plot(c vgdraw.Canvas, p *gonum.Plot) {
	toX, toY := p.Transforms(&c)
	at := func(x, y float64) vg.Point { return vg.Point{X: toX(x), Y: toY(y)} }

	if len(s.Low) > 0 {
		for _, r := range s.runs(s.Low, s.High) {
			var band []vg.Point
			for i := r[0]; i < r[1]; i++ {
				band = append(band, at(s.X[i], s.High[i]))
			}
			for i := r[1] - 1; i >= r[0]; i-- {
				band = append(band, at(s.X[i], s.Low[i]))
			}
			c.FillPolygon(pale(s.colour, 0.2), c.ClipPolygonXY(band))
		}
	}
	if s.Points {
		s.dots(c, s.Y, at, s.colour)
		return
	}
	if s.Smooth > 0 && s.Smooth < 1 {
		s.lines(c, s.Y, at, 0.75, onWhite(s.colour, 0.35))
		s.lines(c, Smooth(s.Y, s.Smooth), at, 1.75, s.colour)
		return
	}
	s.lines(c, s.Y, at, 1.75, s.colour)
}

// runs returns the ranges of indices within which X and all columns can be drawn.
func (s curve) runs(columns ...[]float64) [][2]int {
	var runs [][2]int
	begin := -1
	for i := range s.X {
		ok := drawable(s.X[i], s.logX)
		for _, column := range columns {
			ok = ok && drawable(column[i], s.logY)
		}
		if ok && begin < 0 {
			begin = i
		}
		if !ok && begin >= 0 {
			runs = append(runs, [2]int{begin, i})
			begin = -1
		}
	}
	if begin >= 0 {
		runs = append(runs, [2]int{begin, len(s.X)})
	}
	return runs
}

// lines draws y over X, and a dot where a value stands alone.
func (s curve) lines(c vgdraw.Canvas, y []float64, at func(x, y float64) vg.Point, width vg.Length, fill color.Color) {
	for _, r := range s.runs(y) {
		line := make([]vg.Point, 0, r[1]-r[0])
		for i := r[0]; i < r[1]; i++ {
			line = append(line, at(s.X[i], y[i]))
		}
		if len(line) == 1 {
			disc(c, line[0], 2.5, fill)
			continue
		}
		// A few points at a time: the time to draw a path grows with the square of what crosses a row of pixels.
		const few = 48
		style := vgdraw.LineStyle{Color: fill, Width: width, Dashes: s.dashes}
		line = thin(line)
		for i := 0; i < len(line)-1; i += few {
			part := line[i:min(i+few+1, len(line))]
			c.StrokeLines(style, c.ClipLinesXY(part)...)
			for j := range part[1:] { // The next part takes up the dashes where this one leaves them.
				style.DashOffs += vg.Length(math.Hypot(float64(part[j+1].X-part[j].X), float64(part[j+1].Y-part[j].Y)))
			}
		}
	}
}

func (s curve) dots(c vgdraw.Canvas, y []float64, at func(x, y float64) vg.Point, fill color.Color) {
	for _, r := range s.runs(y) {
		for i := r[0]; i < r[1]; i++ {
			if pt := at(s.X[i], y[i]); c.Contains(pt) {
				disc(c, pt, 2.2, fill)
			}
		}
	}
}

// thin leaves out points that no one can see: of more than four in a column of pixels, only the first, lowest, highest
// and last are kept, in their order.
func thin(line []vg.Point) []vg.Point {
	column := func(p vg.Point) int { return int(math.Floor(float64(p.X) * Density)) }
	var kept []vg.Point
	for i := 0; i < len(line); {
		j, low, high := i, i, i
		for ; j < len(line) && column(line[j]) == column(line[i]); j++ {
			if line[j].Y < line[low].Y {
				low = j
			}
			if line[j].Y > line[high].Y {
				high = j
			}
		}
		if j-i <= 4 {
			kept = append(kept, line[i:j]...)
		} else {
			few := []int{i, low, high, j - 1}
			slices.Sort(few)
			for _, k := range slices.Compact(few) {
				kept = append(kept, line[k])
			}
		}
		i = j
	}
	return kept
}

func disc(c vgdraw.Canvas, at vg.Point, radius vg.Length, fill color.Color) {
	c.DrawGlyph(vgdraw.GlyphStyle{Color: fill, Radius: radius, Shape: vgdraw.CircleGlyph{}}, at)
}

// dot fills a circle about (x, y).
func (c canvas) dot(x, y, radius float64, fill color.Color) {
	disc(vgdraw.New(c), c.point(x, y), vg.Length(radius), fill)
}

// onWhite returns the opaque colour that pale has on white.
func onWhite(c color.RGBA, opacity float64) color.RGBA {
	return ramp{{0xff, 0xff, 0xff, 0xff}, c}.at(opacity)
}

// pale returns a colour at a part of its opacity.
func pale(c color.RGBA, opacity float64) color.NRGBA {
	return color.NRGBA{c.R, c.G, c.B, uint8(math.Round(255 * opacity))}
}
