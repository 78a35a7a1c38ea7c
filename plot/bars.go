package plot

import (
	"fmt"
	"image"
	"image/color"

	gonum "gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"

	"github.com/hadal-go/hadal/metric"
)

// Bars shows one number for each of several names, as level bars under each other, so that long names and many of them
// can be read.
type Bars struct {
	Title     string
	X         string // what the numbers are, with the unit
	Labels    []string
	Values    []float64 // one for each label; what is not finite has no bar
	Low, High []float64 // optional: an interval drawn over each bar, such as one of confidence
}

// Image draws the bars as an image w points wide, at least 200, and as high as they need. The error says which
// columns are of different lengths.
func (b Bars) Image(w int) (image.Image, error) {
	n := len(b.Labels)
	if len(b.Values) != n || len(b.Low) != len(b.High) || len(b.Low) != 0 && len(b.Low) != n {
		return nil, fmt.Errorf("plot: bars %q: %d labels, %d values, %d low, %d high",
			b.Title, n, len(b.Values), len(b.Low), len(b.High))
	}
	const row, thick = 20, 14
	width := float64(max(w, 200))
	s := newSpan(false)
	s.include(0)
	s.include(b.Values...)
	s.include(b.Low...)
	s.include(b.High...)
	if s.low == s.high {
		s.high = 1
	}
	labels := make([]string, n)
	numbers := make([]string, n)
	for i := range n {
		labels[i] = shorten(b.Labels[i], width/3, labelSize, false)
		numbers[i] = number(b.Values[i])
	}

	x0 := margin + widest(labels, labelSize, false) + 6
	x1 := max(width-margin-widest(numbers, tickSize, false)-8, x0+20)
	at := func(v float64) float64 { return x0 + (x1-x0)*(v-s.low)/(s.high-s.low) }
	title := newHeading(b.Title, "", width-2*margin)
	y := max(margin, title.height)
	bottom := y + float64(n)*row + 4
	height := bottom + tickSize*1.2 + margin
	if b.X != "" {
		height += labelSize * 1.4
	}
	c := newCanvas(width, height)
	title.draw(c, margin)
	for _, t := range s.ticks(max(2, int((x1-x0)/80))) {
		c.rect(at(t.Value)-0.25, y, 0.75, bottom-y, gridGrey)
		c.middle(t.Label, at(t.Value), bottom+8, tickSize, false, atCentre, muted)
	}
	for i, v := range b.Values {
		mid := y + (float64(i)+0.5)*row
		c.middle(labels[i], x0-6, mid, labelSize, false, atRight, ink)
		end := x0
		if drawable(v, false) {
			from, to := min(at(0), at(v)), max(at(0), at(v))
			c.rect(from, mid-thick/2, to-from, thick, palette[0])
			end = to
		}
		if len(b.Low) > 0 && drawable(b.Low[i], false) && drawable(b.High[i], false) {
			from, to := at(b.Low[i]), at(b.High[i])
			c.rect(from, mid-0.75, to-from, 1.5, ink)
			c.rect(from-0.5, mid-3, 1.25, 6, ink)
			c.rect(to-0.5, mid-3, 1.25, 6, ink)
			end = max(end, to)
		}
		c.middle(numbers[i], end+5, mid, tickSize, false, atLeft, ink)
	}
	c.rect(at(0)-0.5, y, 1, bottom-y, axisGrey)
	if b.X != "" {
		c.text(b.X, (x0+x1)/2, c.h-margin+3, labelSize, false, atCentre, muted)
	}
	return c.Image(), nil
}

// Reliability draws a reliability diagram of what metric.Calibration returns: in each bin of confidence the share
// that is right, and in orange what is missing to, or exceeds, the confidence that was claimed; below, how the
// predictions are spread over the bins. A well calibrated classifier follows the diagonal.
func Reliability(title string, ece float64, bins []metric.Bin) image.Image {
	const w, h, low = 420, 500, 120
	total := 0
	for _, b := range bins {
		total += b.Count
	}
	var right, gap, spread boxes
	right.fill, gap.fill, spread.fill = palette[0], pale(palette[1], 0.55), palette[6]
	most := newSpan(false)
	most.include(0)
	for _, b := range bins {
		if b.Count == 0 {
			continue
		}
		share := float64(b.Count) / float64(total)
		most.include(share)
		right.boxes = append(right.boxes, bin{b.Low, b.High, 0, b.Accuracy})
		gap.boxes = append(gap.boxes, bin{b.Low, b.High, min(b.Accuracy, b.Confidence), max(b.Accuracy, b.Confidence)})
		spread.boxes = append(spread.boxes, bin{b.Low, b.High, 0, share})
	}
	most.finish(0)
	most.high *= 1.08

	c := newCanvas(w, h)
	under := fmt.Sprintf("expected calibration error %.2f %% over %s examples", 100*ece, thousands(total))
	head := newHeading(title, under, w-2*margin)
	head.draw(c, margin)
	upper, lower := newPlot(), newPlot()
	unit := span{0, 1, false}
	setAxis(&upper.X, unit, 5)
	setAxis(&upper.Y, unit, 5)
	upper.Add(newGrid(), right, gap, diagonal{})
	setAxis(&lower.X, unit, 5)
	setAxis(&lower.Y, most, 3)
	lower.Add(newGrid(), spread)
	// The axes of both stand on one line: whichever has the narrower ticks is moved to the right.
	area := c.area(margin, 0, w-margin, h)
	shift := float64(upper.DataCanvas(area).Min.X - lower.DataCanvas(area).Min.X)
	c.plot(upper, "", "share that is right", margin+max(0, -shift), head.height, w-margin, h-low-margin-8)
	c.plot(lower, "confidence", "share of all", margin+max(0, shift), h-low-margin, w-margin, h-margin)
	return c.Image()
}

type bin struct{ x0, x1, y0, y1 float64 }

// boxes is a plotter of filled rectangles, parted by white lines.
type boxes struct {
	boxes []bin
	fill  color.Color
}

// Plot implements plotter.Plotter.
func (b boxes) Plot(c vgdraw.Canvas, p *gonum.Plot) {
	toX, toY := p.Transforms(&c)
	for _, r := range b.boxes {
		x0, x1, y0, y1 := toX(r.x0)+0.5, toX(r.x1)-0.5, toY(r.y0), toY(r.y1)
		c.FillPolygon(b.fill, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
	}
}

// A diagonal is the line of perfect calibration.
type diagonal struct{}

// Plot implements plotter.Plotter.
func (diagonal) Plot(c vgdraw.Canvas, p *gonum.Plot) {
	toX, toY := p.Transforms(&c)
	c.StrokeLine2(vgdraw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{4, 3}}, toX(0), toY(0), toX(1), toY(1))
}
