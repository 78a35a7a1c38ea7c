package plot

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"
)

// margin is the white space about a picture, in points.
const margin = 12

// A ramp is a sequence of colours from the lowest value to the highest.
type ramp []color.RGBA

var (
	// Pale to dark, so that they also read in grey.
	blues   = ramp{{0xf7, 0xfb, 0xff, 0xff}, {0xc6, 0xdb, 0xef, 0xff}, {0x6b, 0xae, 0xd6, 0xff}, {0x08, 0x51, 0x9c, 0xff}}
	oranges = ramp{{0xff, 0xf5, 0xeb, 0xff}, {0xfd, 0xd0, 0xa2, 0xff}, {0xfd, 0x8d, 0x3c, 0xff}, {0xa6, 0x36, 0x03, 0xff}}
	// Of even steps for the eye, after viridis of matplotlib.
	viridis = ramp{{0x44, 0x01, 0x54, 0xff}, {0x3b, 0x52, 0x8b, 0xff}, {0x21, 0x91, 0x8c, 0xff}, {0x5e, 0xc9, 0x62, 0xff},
		{0xfd, 0xe7, 0x25, 0xff}}
)

// at returns the colour at a share t of the way, 0 ≤ t ≤ 1.
func (r ramp) at(t float64) color.RGBA {
	t = min(max(t, 0), 1) * float64(len(r)-1)
	i := min(int(t), len(r)-2)
	t -= float64(i)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-t) + float64(b)*t)) }
	return color.RGBA{mix(r[i].R, r[i+1].R), mix(r[i].G, r[i+1].G), mix(r[i].B, r[i+1].B), 0xff}
}

// over returns black or white, whichever is read more easily on a ground.
func over(ground color.RGBA) color.Color {
	if 0.299*float64(ground.R)+0.587*float64(ground.G)+0.114*float64(ground.B) < 140 {
		return color.White
	}
	return ink
}

// A matrix is laid out once for confusion matrices and heat maps: labelled rows and columns of square cells.
type matrix struct {
	rows, columns []string // labels; either may be nil
	rowAxis       string   // what the rows are, at the left
	columnAxis    string   // what the columns are, below
	nRows, nCols  int
	cell          float64 // edge of a cell
	size          float64 // size of the labels
	upright       bool    // the labels of columns stand on end
	below         float64 // room between the cells and the labels of the columns

	labelWidth, labelHeight float64 // room for the labels of rows and columns
}

const maxLabel = 150 // the widest label of a row or column, in points

func (m *matrix) layout() {
	m.labelWidth = min(widest(m.rows, m.size, false), maxLabel)
	if m.labelWidth > 0 {
		m.labelWidth += 6
	}
	if m.rowAxis != "" {
		m.labelWidth += labelSize * 1.6
	}
	if w := min(widest(m.columns, m.size, false), maxLabel); w > 0 {
		m.upright = w > m.cell-4
		m.labelHeight = m.size*1.2 + 4
		if m.upright {
			m.labelHeight = w + 8
		}
	}
	if m.columnAxis != "" {
		m.labelHeight += labelSize * 1.6
	}
}

func (m *matrix) width() float64  { return m.cell * float64(m.nCols) }
func (m *matrix) height() float64 { return m.cell * float64(m.nRows) }

// draw paints the cells from (x, y) on, each with its colour and text, and the labels left of and below them.
func (m *matrix) draw(c canvas, x, y float64, cell func(row, column int) (fill color.RGBA, label string)) {
	for i := range m.nRows {
		for j := range m.nCols {
			cx, cy := x+float64(j)*m.cell, y+float64(i)*m.cell
			fill, label := cell(i, j)
			c.rect(cx, cy, m.cell, m.cell, fill)
			if label != "" {
				c.middle(label, cx+m.cell/2, cy+m.cell/2, m.size, false, atCentre, over(fill))
			}
		}
	}
	if m.cell >= 8 { // White lines part the cells.
		for i := 1; i < m.nRows; i++ {
			c.rect(x, y+float64(i)*m.cell, m.width(), 0.5, color.White)
		}
		for j := 1; j < m.nCols; j++ {
			c.rect(x+float64(j)*m.cell, y, 0.5, m.height(), color.White)
		}
	}
	for i, s := range m.rows {
		c.middle(shorten(s, maxLabel, m.size, false), x-5, y+(float64(i)+0.5)*m.cell, m.size, false, atRight, ink)
	}
	bottom := y + m.height() + m.below
	for j, s := range m.columns {
		s, at := shorten(s, maxLabel, m.size, false), x+(float64(j)+0.5)*m.cell
		if m.upright {
			c.upward(s, at, bottom+5, m.size, atRight, ink)
		} else {
			c.middle(s, at, bottom+4+m.size*0.6, m.size, false, atCentre, ink)
		}
	}
	if m.rowAxis != "" {
		c.upward(m.rowAxis, x-m.labelWidth+labelSize*0.6, y+m.height()/2, labelSize, atCentre, muted)
	}
	if m.columnAxis != "" {
		c.text(m.columnAxis, x+m.width()/2, bottom+m.labelHeight-2, labelSize, false, atCentre, muted)
	}
}

// Confusion draws a confusion matrix: rows are the true classes, columns what they were taken for, with the counts in
// the cells, the share of each class that was found (recall) at the right and the share of each prediction that was
// right (precision) below. Right answers are blue and mistakes orange, the darker the greater their share of the row;
// mistakes are drawn darker than they are, by the square root, so that the few of a good classifier are still seen. Of
// more than 50 classes the cells are small and have no counts. A nil classes numbers them. The error says which sizes do not fit.
func Confusion(title string, counts [][]int, classes []string) (image.Image, error) {
	n := len(counts)
	if n == 0 || classes != nil && len(classes) != n {
		return nil, fmt.Errorf("plot: confusion matrix %q: %d rows, %d class names", title, n, len(classes))
	}
	if classes == nil {
		for i := range n {
			classes = append(classes, strconv.Itoa(i))
		}
	}
	rows, columns := make([]int, n), make([]int, n)
	total, right, most := 0, 0, 0
	for i, row := range counts {
		if len(row) != n {
			return nil, fmt.Errorf("plot: confusion matrix %q: row %d has %d columns, want %d", title, i, len(row), n)
		}
		for j, count := range row {
			if count < 0 {
				return nil, fmt.Errorf("plot: confusion matrix %q: row %d, column %d: count %d", title, i, j, count)
			}
			rows[i] += count
			columns[j] += count
			total += count
			most = max(most, count)
		}
		right += row[i]
	}

	m := &matrix{rows: classes, columns: classes, nRows: n, nCols: n, rowAxis: "true class", columnAxis: "predicted class"}
	switch {
	case n <= 12:
		m.size = 11
	case n <= 30:
		m.size = 9.5
	case n <= 50:
		m.size = 8
	default:
		m.size = 6.5
	}
	many := n > 50 // cells without counts, and without precisions
	precisions := make([]string, n)
	for j := range n {
		precisions[j] = percent(counts[j][j], columns[j])
	}
	wide := widest(precisions, m.size, false)
	m.cell = math.Ceil(max(textWidth(strconv.Itoa(most), m.size, false)+6, m.size*2.2, min(200/float64(n), 60)))
	if many {
		m.cell = m.size + 1
	}
	if n <= 30 {
		m.cell = max(m.cell, math.Ceil(wide+5))
	}
	m.layout()

	side := textWidth("100.0 %", m.size, false) + 10
	recall, precision := "recall %", "precision %"
	side = max(side, textWidth(recall, m.size, false)+10)
	// The precisions are written upward where they do not fit the width of a cell.
	upright := wide+4 > m.cell
	m.below = m.size * 1.8
	if many {
		m.below = 4
	} else if upright {
		m.below = wide + 10
	}
	m.labelWidth = max(m.labelWidth, textWidth(precision, m.size, false)+8)
	x := margin + m.labelWidth
	width := x + m.width() + side + margin
	under := fmt.Sprintf("%s examples, %s right (%s %%)", thousands(total), thousands(right), percent(right, total))
	h := newHeading(title, under, width-2*margin)
	y := h.height + m.size*1.6
	c := newCanvas(width, y+m.height()+m.below+m.labelHeight+margin)
	h.draw(c, margin)

	share := func(i, j int) float64 { return float64(counts[i][j]) / float64(max(1, rows[i])) }
	m.draw(c, x, y, func(i, j int) (color.RGBA, string) {
		fill, label := blues.at(0), ""
		if counts[i][j] > 0 {
			if !many {
				label = strconv.Itoa(counts[i][j])
			}
			fill = blues.at(0.1 + 0.9*share(i, j))
			if i != j {
				fill = oranges.at(0.1 + 0.9*math.Sqrt(share(i, j)))
			}
		}
		return fill, label
	})
	c.middle(recall, x+m.width()+6, y-m.size*0.9, m.size, false, atLeft, muted)
	if !many {
		c.middle(precision, x-5, y+m.height()+m.below/2, m.size, false, atRight, muted)
	}
	for i := range n {
		at := (float64(i) + 0.5) * m.cell
		c.middle(percent(counts[i][i], rows[i]), x+m.width()+6, y+at, m.size, false, atLeft, ink)
		if s := precisions[i]; many {
			continue
		} else if upright {
			c.upward(s, x+at, y+m.height()+4, m.size, atRight, ink)
		} else {
			c.middle(s, x+at, y+m.height()+m.below/2, m.size, false, atCentre, ink)
		}
	}
	return c.Image(), nil
}

// A HeatMap shows a matrix of numbers as colours: attention, filters, results over two settings.
type HeatMap struct {
	Title         string
	X, Y          string      // what the columns and the rows are
	Values        [][]float64 // rows of equal length; what is not finite is grey
	Rows, Columns []string    // their labels; nil for none
	Numbers       bool        // write each value into its cell
}

// Image draws the matrix beside a scale of its colours. The error says which sizes do not fit.
func (h HeatMap) Image() (image.Image, error) {
	m := &matrix{rows: h.Rows, columns: h.Columns, nRows: len(h.Values), rowAxis: h.Y, columnAxis: h.X, size: tickSize}
	if m.nRows > 0 {
		m.nCols = len(h.Values[0])
	}
	if m.nCols == 0 || h.Rows != nil && len(h.Rows) != m.nRows || h.Columns != nil && len(h.Columns) != m.nCols {
		return nil, fmt.Errorf("plot: heat map %q: values %d×%d, %d row and %d column labels",
			h.Title, m.nRows, m.nCols, len(h.Rows), len(h.Columns))
	}
	s := newSpan(false)
	widestNumber := 0.0
	for i, row := range h.Values {
		if len(row) != m.nCols {
			return nil, fmt.Errorf("plot: heat map %q: row %d has %d columns, want %d", h.Title, i, len(row), m.nCols)
		}
		s.include(row...)
		for _, v := range row {
			widestNumber = max(widestNumber, textWidth(number(v), m.size, false))
		}
	}
	s.finish(0)
	m.cell = math.Round(min(max(420/float64(max(m.nRows, m.nCols)), 2), 40))
	if h.Rows != nil || h.Columns != nil {
		m.cell = max(m.cell, m.size*1.2)
	}
	if h.Numbers {
		m.cell = max(m.cell, math.Ceil(widestNumber)+8)
	}
	m.layout()

	const bar, gap = 14, 14
	ticks := s.ticks(max(2, int(m.height()/45)))
	tickWidth := 0.0
	for _, t := range ticks {
		tickWidth = max(tickWidth, textWidth(t.Label, tickSize, false))
	}
	x := margin + m.labelWidth
	barX := x + m.width() + gap
	width := barX + bar + 6 + tickWidth + margin
	title := newHeading(h.Title, "", width-2*margin)
	y := max(margin, title.height)
	c := newCanvas(width, y+m.height()+m.labelHeight+margin)
	title.draw(c, margin)
	m.draw(c, x, y, func(i, j int) (color.RGBA, string) {
		v := h.Values[i][j]
		fill, label := blank, ""
		if drawable(v, false) {
			fill = viridis.at((v - s.low) / (s.high - s.low))
		}
		if h.Numbers {
			label = number(v)
		}
		return fill, label
	})
	for i := range int(m.height() * Density) {
		t := (float64(i) + 0.5) / (m.height() * Density)
		c.rect(barX, y+float64(i)/Density, bar, 1.0/Density, viridis.at(1-t))
	}
	for _, t := range ticks {
		at := y + m.height()*(s.high-t.Value)/(s.high-s.low)
		c.rect(barX+bar, at-0.25, 3, 0.5, muted)
		c.middle(t.Label, barX+bar+6, at, tickSize, false, atLeft, muted)
	}
	return c.Image(), nil
}
