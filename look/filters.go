package look

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
)

const (
	mostFilters = 64  // drawn of the first layer
	mostKernels = 128 // of the second one, which is left out if it has more
)

// DrawFilters draws the first filters of a network for pictures of H×W×C: those of the first convolution, in colours where the
// pictures have them, and under them those of the second one, channel by channel, if they are few. Of a network without convolutions it draws the
// weights of the first linear layer as pictures. Weights of one layer are on one scale, on which the greatest hundredth is cut off.
func DrawFilters(model nn.Layer, h, w, c int) (image.Image, error) {
	_, v := record(model, tensor.New(1, h, w, c))
	defer v.Pass().End()
	var convs []nn.Step
	for _, s := range stepsFrom(model, v) {
		if strings.HasPrefix(s.Name, "Conv2D") {
			convs = append(convs, s)
		}
	}
	if len(convs) == 0 {
		return drawRows(model, v, h, w, c)
	}
	first := drawFirst(convs[0])
	if len(convs) == 1 {
		return first, nil
	}
	if second := convs[1].Inputs[1]; second.Dim(0) == 1 || second.Dim(2)*second.Dim(3) > mostKernels {
		return first, nil // there is nothing to see in a kernel of 1×1
	}
	return plot.Stack(1, first, drawSecond(convs[1])), nil
}

// drawFirst draws the kernels of a convolution over pictures.
func drawFirst(s nn.Step) image.Image {
	kernels := s.Inputs[1] // KH×KW×C×Out
	kh, kw, c, out := kernels.Dim(0), kernels.Dim(1), kernels.Dim(2), kernels.Dim(3)
	most := strength(kernels.Data())
	at := func(y, x, k, filter int) float64 { return float64(kernels.Data()[((y*kw+x)*c+k)*out+filter]) }
	cells := make([]plot.Cell, min(out, mostFilters))
	for i := range cells {
		if c == 3 {
			cells[i].Image = colours(kh, kw, func(y, x, k int) float64 { return at(y, x, k, i) / most })
		} else {
			cells[i].Image = plot.ShadeSigned(grid(kh, kw, func(y, x int) float64 { return at(y, x, 0, i) }), most)
		}
	}
	meaning := "red adds, blue subtracts, white is 0"
	if c == 3 {
		meaning = "grey is 0"
	}
	if s.Layer != "" { // weights that are made of others have no name
		meaning = s.Layer + "; " + meaning
	}
	title := fmt.Sprintf("What the first layer looks for: %s of %d×%d (%s)", some(len(cells), out, "filters"), kh, kw, meaning)
	return plot.Grid(title, cells, columnsOf(len(cells), 16), max(1, 80/max(kh, kw)))
}

// drawSecond draws the kernels of a convolution over maps, a column for each filter and a row for each map.
func drawSecond(s nn.Step) image.Image {
	kernels := s.Inputs[1]
	kh, kw, c, out := kernels.Dim(0), kernels.Dim(1), kernels.Dim(2), kernels.Dim(3)
	most := strength(kernels.Data())
	var cells []plot.Cell
	for k := range c {
		for i := range out {
			cells = append(cells, plot.Cell{Image: plot.ShadeSigned(grid(kh, kw, func(y, x int) float64 {
				return float64(kernels.Data()[((y*kw+x)*c+k)*out+i])
			}), most)})
		}
	}
	title := fmt.Sprintf("What the second looks for: %d filters as columns, the %d maps that they read as rows (%s)", out, c, s.Layer)
	return plot.Grid(title, cells, out, max(1, 56/max(kh, kw)))
}

// drawRows draws the weights of a first linear layer, Out×(C·H·W), as pictures.
func drawRows(model nn.Layer, v *tensor.Tensor, h, w, c int) (image.Image, error) {
	steps := stepsFrom(model, v)
	i := slices.IndexFunc(steps, func(s nn.Step) bool {
		return strings.HasPrefix(s.Name, "Linear") && s.Inputs[1].Dim(1) == h*w*c
	})
	if i < 0 {
		return nil, errors.New("the network has neither a convolution nor a linear layer that sees all pixels, so there are no filters to look at")
	}
	weight := steps[i].Inputs[1]
	most := strength(weight.Data())
	cells := make([]plot.Cell, min(weight.Dim(0), mostFilters))
	for i := range cells {
		at := func(y, x, k int) float64 { return float64(weight.Data()[((i*c+k)*h+y)*w+x]) }
		if c == 3 {
			cells[i].Image = colours(h, w, func(y, x, k int) float64 { return at(y, x, k) / most })
		} else {
			cells[i].Image = plot.ShadeSigned(grid(h, w, func(y, x int) float64 { return at(y, x, 0) }), most)
		}
	}
	title := fmt.Sprintf("What the first layer looks for: the weights of %s (%s; red adds, blue subtracts)",
		some(len(cells), weight.Dim(0), "neurons"), steps[i].Layer)
	return plot.Grid(title, cells, columnsOf(len(cells), 16), 2), nil
}

// strength is the magnitude that 99 in 100 numbers do not exceed, and 1 where that is 0.
func strength[F float32 | float64](weights []F) float64 {
	sizes := make([]float64, len(weights))
	for i, w := range weights {
		sizes[i] = math.Abs(float64(w))
	}
	slices.Sort(sizes)
	if s := sizes[(len(sizes)-1)*99/100]; s > 0 {
		return s
	}
	return 1
}

// colours makes red, green and blue of numbers from −1 to 1.
func colours(h, w int, at func(y, x, k int) float64) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			level := func(k int) uint8 { return uint8(math.Round(127.5 * (1 + min(max(at(y, x, k), -1), 1)))) }
			img.SetRGBA(x, y, color.RGBA{level(0), level(1), level(2), 0xff})
		}
	}
	return img
}

func grid(h, w int, at func(y, x int) float64) [][]float64 {
	values := make([][]float64, h)
	for y := range values {
		values[y] = make([]float64, w)
		for x := range w {
			values[y][x] = at(y, x)
		}
	}
	return values
}

// some writes "6 filters", or "64 of 256 filters".
func some(drawn, all int, what string) string {
	if drawn == all {
		return fmt.Sprintf("%d %s", all, what)
	}
	return fmt.Sprintf("%d of %d %s", drawn, all, what)
}

// columnsOf returns how many columns, at most most, n cells fill best.
func columnsOf(n, most int) int {
	rows := (n + most - 1) / most
	return (n + rows - 1) / max(1, rows)
}
