package plot

import (
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/metric"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
)

// where returns the bounds of all pixels of a colour.
func where(img image.Image, c color.Color) image.Rectangle {
	r, g, b, a := c.RGBA()
	var found image.Rectangle
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			if r2, g2, b2, a2 := img.At(x, y).RGBA(); r2 == r && g2 == g && b2 == b && a2 == a {
				found = found.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return found
}

// has reports whether a column of pixels holds a colour between two rows.
func has(img image.Image, x, y0, y1 int, c color.RGBA) bool {
	for y := y0; y < y1; y++ {
		if img.At(x, y) == c {
			return true
		}
	}
	return false
}

func TestChart(t *testing.T) {
	const w, h = 300, 200
	x := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	y := []float64{0, 1, 2, nan, nan, 5, 6, 7, 8, 9, 10}
	img, err := Chart{X: "x", Y: "y", Series: []Series{{X: x, Y: y}}}.Image(w, h)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := img.Bounds(), image.Rect(0, 0, w*Density, h*Density); got != want {
		t.Fatalf("Bounds = %v, want %v", got, want)
	}
	line := where(img, palette[0])
	if line.Dx() < w || line.Dy() < h {
		t.Errorf("the curve lies in %v, want it to fill most of %d×%d", line, w*Density, h*Density)
	}
	at := func(share float64) int { return line.Min.X + int(share*float64(line.Dx()-1)) }
	for share, want := range map[float64]bool{0.1: true, 0.3: false, 0.4: false, 0.6: true, 0.9: true} {
		if got := has(img, at(share), 0, h*Density, palette[0]); got != want {
			t.Errorf("the curve is drawn at %v of its width: %v, want %v", share, got, want)
		}
	}
	// It rises: at its left end it is low, at its right end high.
	if mid := (line.Min.Y + line.Max.Y) / 2; has(img, at(0.1), 0, mid, palette[0]) ||
		has(img, at(0.9), mid, h*Density, palette[0]) {
		t.Errorf("the curve from 0 to 10 does not rise")
	}
}

func TestChartBandAndSmooth(t *testing.T) {
	s := Series{Name: "s", X: []float64{0, 1, 2}, Y: []float64{1, 1, 1}, Low: []float64{0, 0, 0}, High: []float64{2, 2, 2}}
	img, err := Chart{Series: []Series{s}}.Image(300, 200)
	if err != nil {
		t.Fatal(err)
	}
	if band := where(img, onWhite(palette[0], 0.2)); band.Dx() < 400 || band.Dy() < 200 {
		t.Errorf("the band lies in %v, want most of the chart", band)
	}
	s = Series{X: []float64{0, 1, 2, 3}, Y: []float64{0, 1, 0, 1}, Smooth: 0.9}
	if img, err = (Chart{Series: []Series{s}}).Image(300, 200); err != nil {
		t.Fatal(err)
	}
	data, mean := where(img, onWhite(palette[0], 0.35)), where(img, palette[0])
	if data.Dy() <= mean.Dy() || mean.Empty() {
		t.Errorf("data lie in %v, their mean in %v, want the mean to vary less", data, mean)
	}
}

func TestSmooth(t *testing.T) {
	got := Smooth([]float64{4, nan, 4, 8}, 0.5)
	if got[0] != 4 || !math.IsNaN(got[1]) || got[2] != 4 || math.Abs(got[3]-(0.5*3+4)/0.875) > 1e-12 {
		t.Errorf("Smooth([4 NaN 4 8], 0.5) = %v, want [4 NaN 4 6.2857]", got)
	}
}

// Whatever the numbers, a chart of the size asked for comes out.
func TestChartNasty(t *testing.T) {
	values := [][]float64{
		{}, {0}, {inf, -inf}, {1, nan, 2}, {1e200, -1e200}, {1e-310, 2e-310}, {1e-200, 1e200}, {0, 0, 0},
		{1e17, 1e17 + 16}, {0.1, 0.1000000001}, {math.MaxFloat64, math.SmallestNonzeroFloat64},
	}
	for _, x := range values {
		for _, y := range values {
			n := min(len(x), len(y))
			for _, log := range []bool{false, true} {
				c := Chart{Title: "t", X: "x", Y: "y", LogX: log, LogY: log, Series: []Series{
					{Name: "line", X: x[:n], Y: y[:n], Low: y[:n], High: y[:n]}, {Name: "dots", X: x[:n], Y: y[:n], Points: true},
				}}
				if img, err := c.Image(150, 100); err != nil || img.Bounds().Dx() != 150*Density {
					t.Errorf("Image of X %v, Y %v, log %v = %v, want an image of 300×200", x[:n], y[:n], log, err)
				}
			}
		}
	}
	many := Chart{Title: strings.Repeat("a long title ", 30)}
	for i := range 40 {
		many.Series = append(many.Series, Series{Name: fmt.Sprint("series ", i), X: []float64{1, 2}, Y: []float64{1, 2}})
	}
	if img, err := many.Image(1, 1); err != nil || img.Bounds() != image.Rect(0, 0, 120*Density, 90*Density) {
		t.Errorf("Image of 40 series = %v, want the smallest image", err)
	}
}

func TestErrors(t *testing.T) {
	three := []float64{1, 2, 3}
	for _, test := range []struct {
		err  error
		want string
	}{
		{second(Chart{Title: "c", Series: []Series{{Name: "s", X: three, Y: three[:2]}}}.Image(300, 200)),
			`plot: chart "c": series 0 (s) has 3 X, 2 Y, 0 Low, 0 High`},
		{second(Chart{Series: []Series{{X: three, Y: three, Low: three}}}.Image(300, 200)), "3 Low, 0 High"},
		{second(Chart{YRange: [2]float64{1, 0}}.Image(300, 200)), "Y cannot go from 1 to 0"},
		{second(Chart{YRange: [2]float64{0, 1}, LogY: true}.Image(300, 200)), "Y cannot go from 0 to 1"},
		{second(Bars{Title: "b", Labels: []string{"a"}, Values: three}.Image(300)), `plot: bars "b": 1 labels, 3 values`},
		{second(Confusion("c", nil, nil)), `plot: confusion matrix "c": 0 rows`},
		{second(Confusion("c", [][]int{{1, 2}, {1}}, nil)), "row 1 has 1 columns, want 2"},
		{second(Confusion("c", [][]int{{-1}}, nil)), "count -1"},
		{second(Confusion("c", [][]int{{1}}, []string{"a", "b"})), "1 rows, 2 class names"},
		{second(HeatMap{Title: "h"}.Image()), `plot: heat map "h": values 0×0`},
		{second(HeatMap{Values: [][]float64{{1, 2}, {1}}}.Image()), "row 1 has 1 columns, want 2"},
		{second(HeatMap{Values: [][]float64{{1, 2}}, Rows: []string{"a", "b"}}.Image()), "2 row and 0 column labels"},
	} {
		if test.err == nil || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("error %v, want %q", test.err, test.want)
		}
	}
}

func second(_ image.Image, err error) error { return err }

func TestBars(t *testing.T) {
	b := Bars{Title: "t", X: "x", Labels: []string{"one", "none", "two", "minus"}, Values: []float64{1, nan, 2, -1}}
	img, err := b.Image(400)
	if err != nil {
		t.Fatal(err)
	}
	// The lengths of the bars, from the top: runs of the colour in rows of pixels.
	var lengths, starts []int
	for y, within := 0, false; y < img.Bounds().Dy(); y++ {
		n, first := 0, 0
		for x := range img.Bounds().Dx() {
			if img.At(x, y) == palette[0] {
				if n == 0 {
					first = x
				}
				n++
			}
		}
		if n > 0 && !within {
			lengths, starts = append(lengths, n), append(starts, first)
		}
		within = n > 0
	}
	near := func(a, b int) bool { return a-b <= 4 && b-a <= 4 }
	if len(lengths) != 3 || !near(lengths[1], 2*lengths[0]) || !near(lengths[2], lengths[0]) {
		t.Fatalf("lengths of the bars 1, 2, −1 = %v, want n, 2n, n", lengths)
	}
	if end := starts[2] + lengths[2]; !near(end, starts[0]) {
		t.Errorf("the negative bar ends at %d, want where the positive begins, %d", end, starts[0])
	}
	if _, err := (Bars{}).Image(0); err != nil {
		t.Errorf("Image of no bars = %v, want no error", err)
	}
	b.Low, b.High = []float64{0.5, nan, 1.5, -3}, []float64{1.5, 1, 5, 0}
	if _, err := b.Image(300); err != nil {
		t.Errorf("Image with intervals = %v, want no error", err)
	}
}

func TestConfusion(t *testing.T) {
	img, err := Confusion("t", [][]int{{10, 0}, {5, 5}}, []string{"Ankle boot", "Bag"})
	if err != nil {
		t.Fatal(err)
	}
	all, half, mistake, none := where(img, blues.at(1)), where(img, blues.at(0.1+0.9*0.5)),
		where(img, oranges.at(0.1+0.9*math.Sqrt(0.5))), where(img, blues.at(0))
	for name, r := range map[string]image.Rectangle{"(0,0)": all, "(0,1)": none, "(1,0)": mistake, "(1,1)": half} {
		if r.Dx() < 40 || r.Dx() != r.Dy() && r.Dx() != r.Dy()+1 && r.Dx() != r.Dy()-1 {
			t.Errorf("cell %s lies in %v, want a square", name, r)
		}
	}
	if all.Max.X > half.Min.X || all.Max.Y > half.Min.Y || mistake.Min.X != all.Min.X || none.Min.Y != all.Min.Y {
		t.Errorf("cells (0,0) %v, (0,1) %v, (1,0) %v, (1,1) %v are not laid out as a matrix", all, none, mistake, half)
	}
}

// Matrices of many sizes are drawn, and each cell is large enough for its text.
func TestConfusionSizes(t *testing.T) {
	for _, n := range []int{1, 2, 10, 30, 50, 51, 200} {
		counts, classes := make([][]int, n), make([]string, n)
		for i := range counts {
			counts[i] = make([]int, n)
			counts[i][i] = 1000
			classes[i] = fmt.Sprint("a class with quite a long name ", i)
		}
		img, err := Confusion("t", counts, classes)
		if err != nil {
			t.Fatal(err)
		}
		cells := where(img, blues.at(1))
		least := int(textWidth("1000", 8, false))
		if n > 50 { // no counts, but a line of labels
			least = 6
		}
		if edge := cells.Dx() / n / Density; edge < least {
			t.Errorf("%d classes: a cell is %d points wide, want at least %d", n, edge, least)
		}
		if b := img.Bounds(); cells.Min.X < 20 || cells.Max.X > b.Dx()-20 || cells.Max.Y > b.Dy()-20 {
			t.Errorf("%d classes: cells lie in %v of %v, want room for labels", n, cells, b)
		}
	}
}

func TestHeatMap(t *testing.T) {
	h := HeatMap{Title: "t", X: "x", Y: "y", Values: [][]float64{{0, 1}, {nan, 1}}, Rows: []string{"a", "b"},
		Columns: []string{"one", "two"}, Numbers: true}
	img, err := h.Image()
	if err != nil {
		t.Fatal(err)
	}
	low := where(img, viridis.at(0))
	if got := img.At(low.Min.X+5, low.Min.Y+low.Dx()+5); low.Dx() < 40 || got != blank {
		t.Errorf("the lowest value lies in %v and below it is %v, want %v for what is no number", low, got, blank)
	}
	for _, values := range [][][]float64{{{3}}, {{inf}}, {make([]float64, 500)}} {
		if _, err := (HeatMap{Values: values}).Image(); err != nil {
			t.Errorf("Image of %d×%d = %v, want no error", len(values), len(values[0]), err)
		}
	}
}

func TestReliability(t *testing.T) {
	ece, bins := metric.Calibration([]int{0, 0, 1, 1}, []float64{0.95, 0.05, 0.95, 0.05, 0.95, 0.05, 0.3, 0.7}, 2, 10)
	img := Reliability("t", ece, bins)
	right := where(img, palette[0])
	if right.Empty() || right.Min.X < img.Bounds().Dx()/2 {
		t.Errorf("the bars lie in %v of %v, want them in the right half", right, img.Bounds())
	}
	if _, bins := metric.Calibration(nil, []float64{}, 2, 15); Reliability("", 0, bins).Bounds().Empty() {
		t.Error("Reliability of nothing is empty, want axes")
	}
}

func TestGrid(t *testing.T) {
	picture := image.NewRGBA(image.Rect(5, 5, 9, 8)) // 4×3, all red but one blue pixel at its top left
	for i := range picture.Pix {
		picture.Pix[i] = []uint8{255, 0, 0, 255}[i%4]
	}
	blue := color.RGBA{0, 0, 255, 255}
	picture.Set(5, 5, blue)
	cells := []Cell{{picture, "true 7 · predicted 1 · 0.98", Wrong}, {picture, "", nil}, {nil, "nothing", nil}}
	img := Grid("title", cells[:1], 3, 10)
	at := where(img, blue)
	if at.Dx() != 10 || at.Dy() != 10 {
		t.Errorf("a pixel at scale 10 lies in %v, want 10×10", at)
	}
	red := where(img, color.RGBA{255, 0, 0, 255})
	if red.Dx() != 40 || red.Dy() != 30 || red.Min.X != at.Min.X || red.Min.Y != at.Min.Y {
		t.Errorf("the picture lies in %v, its first pixel in %v, want 40×30 from there", red, at)
	}
	if frame := where(img, Wrong); !red.In(frame) || frame.Dx() < 44 {
		t.Errorf("the frame lies in %v, want it about the picture, %v", frame, red)
	}
	two, four := Grid("t", slices.Repeat(cells, 2), 2, 0), Grid("t", slices.Repeat(cells, 2), 4, 0)
	if two.Bounds().Dx() >= four.Bounds().Dx() || two.Bounds().Dy() <= four.Bounds().Dy() {
		t.Errorf("2 columns give %v, 4 columns %v, want 4 to be wider and lower", two.Bounds(), four.Bounds())
	}
	large := Grid("", []Cell{{Image: image.NewGray(image.Rect(0, 0, 4000, 1000))}}, 1, 0)
	if w := large.Bounds().Dx(); w > (largePicture+2*margin+10)*Density {
		t.Errorf("a picture 4000 wide gives a grid %d wide, want it reduced", w)
	}
	if Grid("", nil, 1, 0).Bounds().Empty() {
		t.Error("Grid of nothing is empty, want a white image")
	}
}

func TestStack(t *testing.T) {
	img := func(w, h int) image.Image {
		m := image.NewRGBA(image.Rect(3, 3, 3+w, 3+h))
		for i := range m.Pix {
			m.Pix[i] = []uint8{255, 0, 0, 255}[i%4]
		}
		return m
	}
	all := Stack(2, img(10, 20), img(30, 5), img(7, 7))
	if got, want := all.Bounds(), image.Rect(0, 0, 40, 27); got != want {
		t.Errorf("Bounds = %v, want %v", got, want)
	}
	red, white := color.RGBA{255, 0, 0, 255}, color.RGBA{255, 255, 255, 255}
	for at, want := range map[image.Point]color.RGBA{{0, 0}: red, {9, 19}: red, {39, 4}: red, {39, 5}: white,
		{6, 26}: red, {7, 26}: white, {39, 26}: white} {
		if got := all.At(at.X, at.Y); got != want {
			t.Errorf("At(%v) = %v, want %v", at, got, want)
		}
	}
	if got := Stack(1).Bounds(); !got.Empty() {
		t.Errorf("Stack of nothing has bounds %v, want none", got)
	}
}

func TestWritePNG(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "p.png")
	for _, edge := range []int{4, 8} { // The second replaces the first.
		if err := WritePNG(path, image.NewGray(image.Rect(0, 0, edge, edge))); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil || img.Bounds().Dx() != edge {
			t.Errorf("Decode = %v, %v, want %d pixels", img, err, edge)
		}
	}
	// An image that PNG cannot hold leaves the old file and nothing beside it.
	if err := WritePNG(path, image.NewGray(image.Rectangle{})); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("WritePNG of an empty image = %v, want an error that names the file", err)
	}
	if err := WritePNG(filepath.Join(dir, "none", "p.png"), image.NewGray(image.Rect(0, 0, 1, 1))); err == nil {
		t.Error("WritePNG into a folder that is not there = nil, want an error")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "p.png" {
		t.Errorf("the folder holds %v, %v, want p.png alone", entries, err)
	}
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		span span
		n    int
		want string // labels; minor ticks are empty
	}{
		{span{0, 1, false}, 5, "0 0.2 0.4 0.6 0.8 1.0"},
		{span{0.958, 0.9985, false}, 4, "0.96 0.97 0.98 0.99"},
		{span{0, 9000, false}, 4, "0 2,000 4,000 6,000 8,000"},
		{span{-1000, 12000, false}, 5, "0 5,000 10,000"},
		{span{-2, 2, false}, 5, "−2 −1 0 1 2"},
		{span{0, 3e8, false}, 3, "0 1e8 2e8 3e8"},
		{span{-2e-5, 4e-5, false}, 3, "−2e−5 0 2e−5 4e−5"},
		{span{1, 1000, true}, 5, "1         10         100         1,000"},
		{span{0.9, 25, true}, 5, " 1 2   5     10 20"},
		{span{1e-9, 1, true}, 5, "1e−8 1e−6 0.0001 0.01 1"},
		{span{2, 10, true}, 4, "2 4 6 8 10"},
	} {
		var labels []string
		for _, tick := range test.span.ticks(test.n) {
			if tick.Value < test.span.low-1e-9 || tick.Value > test.span.high*(1+1e-9) {
				t.Errorf("ticks of %v: %v is outside", test.span, tick.Value)
			}
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != test.want {
			t.Errorf("ticks of %v, about %d = %q, want %q", test.span, test.n, got, test.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 12345: "12,345", -1234567: "−1,234,567", 0.98: "0.9800",
		12.345: "12.35", -0.5: "−0.5000", 1e-7: "1e−7", 1.23456e12: "1.235e12", inf: "–", 999.96: "1000.0"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
	for _, test := range []struct {
		part, whole int
		want        string
	}{{0, 0, "–"}, {0, 5, "0.0"}, {5, 5, "100"}, {99999, 100000, "99.9"}, {1, 3, "33.3"}} {
		if got := percent(test.part, test.whole); got != test.want {
			t.Errorf("percent(%d, %d) = %q, want %q", test.part, test.whole, got, test.want)
		}
	}
}

func TestWrap(t *testing.T) {
	width := textWidth("predicted T-shirt/top", 10, false)
	for _, test := range []struct {
		s    string
		want []string
	}{
		{"", []string{""}},
		{"Bag", []string{"Bag"}},
		{"true 7 · predicted 1", []string{"true 7 · predicted 1"}},
		{"true Ankle boot · predicted T-shirt/top · 0.9", []string{"true Ankle boot", "predicted T-shirt/top", "0.9"}},
		{"one\ntwo", []string{"one", "two"}},
		{"several words that need two lines", []string{"several words that", "need two lines"}},
	} {
		if got := wrap(test.s, width, 10, false); !cmp.Equal(got, test.want) {
			t.Errorf("wrap(%q) = %q, want %q", test.s, got, test.want)
		}
	}
	got := wrap("Donaudampfschifffahrtsgesellschaft", width, 10, false)
	if len(got) != 1 || !strings.HasSuffix(got[0], "…") || textWidth(got[0], 10, false) > width {
		t.Errorf("wrap of a long word = %q, want it cut to %v points", got, width)
	}
}

func TestWriteGIF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.gif")
	var frames []image.Image
	for i := range 3 {
		img, err := Chart{X: "x", Y: "y", Series: []Series{{X: []float64{0, 1}, Y: []float64{0, float64(i)}}}}.Image(150, 100)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, img)
	}
	if err := WriteGIF(path, frames, 10); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := gif.DecodeAll(f)
	if err != nil || len(g.Image) != 3 || g.Delay[0] != 10 || g.Delay[2] != 210 || g.Image[0].Rect.Dx() != 300 {
		t.Errorf("read back: %v, %d frames", err, len(g.Image))
	}
}

func TestShade(t *testing.T) {
	img := Shade([][]float64{{0, 2}, {1, nan}, {-5, 9}}, 0, 2)
	for at, want := range map[image.Point]color.RGBA{
		{0, 0}: viridis.at(0), {1, 0}: viridis.at(1), {0, 1}: viridis.at(.5), {1, 1}: blank, {0, 2}: viridis.at(0), {1, 2}: viridis.at(1),
	} {
		if got := img.At(at.X, at.Y); got != want {
			t.Errorf("Shade at %v is %v, want %v", at, got, want)
		}
	}
	img = ShadeSigned([][]float64{{0, 4, -4, inf}}, 4)
	for x, want := range []color.RGBA{signed[2], signed[4], signed[0], blank} {
		if got := img.At(x, 0); got != want {
			t.Errorf("ShadeSigned at %d is %v, want %v", x, got, want)
		}
	}
	if !Shade(nil, 0, 1).Bounds().Empty() {
		t.Error("Shade of nothing is an image")
	}
}

// Heat of four numbers lies in its quarters of the picture, which is grey where there is none.
func TestOverlay(t *testing.T) {
	picture := image.NewRGBA(image.Rect(3, 3, 31, 31))
	for i := range picture.Pix {
		picture.Pix[i] = 100
	}
	img := Overlay(picture, [][]float64{{1, 0}, {0, nan}})
	if got, want := img.Bounds(), image.Rect(0, 0, 6*28, 6*28); got != want {
		t.Fatalf("a picture of 28×28 is laid out in %v, want %v", got, want)
	}
	hot, cold := img.At(3, 3).(color.RGBA), img.At(160, 160).(color.RGBA)
	if hot.R < 200 || hot.B > 100 || cold != (color.RGBA{100, 100, 100, 255}) {
		t.Errorf("the hot corner is %v, want yellow; the one without heat %v, want the grey 100 of the picture", hot, cold)
	}
	last := 1 << 9
	for x := 42; x < 126; x += 6 { // from the centre of one number to that of the next
		c := img.At(x, 3).(color.RGBA)
		if d := int(c.R) - int(c.B); d > last {
			t.Errorf("the heat grows to the right at %d", x)
		} else {
			last = d
		}
	}
	large := image.NewGray(image.Rect(0, 0, 300, 200))
	for _, heat := range [][][]float64{nil, {{}}, {{1}}, {{inf, -1, 7}}} {
		if got := Overlay(large, heat).Bounds(); got != large.Rect {
			t.Errorf("Overlay of %v has bounds %v, want those of the picture", heat, got)
		}
	}
}
