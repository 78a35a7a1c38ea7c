package look

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
)

// DrawActivations draws what the layers of a network make of a picture: x is 1×H×W×C, picture is how people see it, and caption says
// what it is. Of each layer up to 16 maps are drawn, those that differ most from place to place, from dark for the lowest number of
// the layer to bright for its highest. No names means the first layer and the last one of each size of maps.
func DrawActivations(caption string, model nn.Layer, x *tensor.Tensor, picture image.Image, layers ...string) (image.Image, error) {
	_, v := record(model, x)
	defer v.Pass().End()
	all := Layers(model, v)
	if len(all) == 0 {
		return nil, ErrNoMaps
	}
	chosen := ofEachSize(all)
	if len(layers) > 0 {
		chosen = nil
		for _, name := range layers {
			l, err := choose(all, name)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, l)
		}
	}
	var rows []image.Image
	for _, l := range chosen {
		rows = append(rows, drawMaps(l))
	}
	return plot.Stack(2, plot.Grid("", []plot.Cell{{Image: picture, Caption: caption}}, 1, 0), plot.Stack(1, rows...)), nil
}

// ofEachSize returns the first layer, with the normalization behind it, and the last one of each size of maps, in order.
func ofEachSize(all []Layer) (chosen []Layer) {
	first := 0
	if len(all) > 1 && strings.Contains(all[1].Operation, "Norm") {
		first = 1
	}
	for i, l := range all {
		last := !slices.ContainsFunc(all[i+1:], func(m Layer) bool {
			return m.Maps.Dim(1) == l.Maps.Dim(1) && m.Maps.Dim(2) == l.Maps.Dim(2)
		})
		if i == first || last {
			chosen = append(chosen, l)
		}
	}
	return chosen
}

// drawMaps draws maps of one layer in a row.
func drawMaps(l Layer) image.Image {
	h, w, c := l.Maps.Dim(1), l.Maps.Dim(2), l.Maps.Dim(3)
	const most = 16
	order := make([]int, c)
	spread := make([]float64, c)
	for k := range c {
		order[k], spread[k] = k, variance(rows(l.Maps, 0, k))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(spread[b], spread[a]) })
	shown := order[:min(c, most)]
	slices.Sort(shown)
	low, high := math.Inf(1), math.Inf(-1)
	for _, k := range shown {
		for _, row := range rows(l.Maps, 0, k) {
			low, high = min(low, slices.Min(row)), max(high, slices.Max(row))
		}
	}
	if !(high > low) {
		high = low + 1
	}
	cells := make([]plot.Cell, len(shown))
	for i, k := range shown {
		cells[i] = plot.Cell{Image: plot.Shade(rows(l.Maps, 0, k), low, high), Caption: fmt.Sprint(k)}
	}
	title := fmt.Sprintf("%s: %s of %d×%d", l.Name, some(len(shown), c, "maps"), h, w)
	columns := most
	if max(h, w) > 112 {
		columns = most / 2
	}
	return plot.Grid(title, cells, columns, max(1, 112/max(h, w)))
}

func variance(rows [][]float64) float64 {
	var n, sum, squares float64
	for _, row := range rows {
		for _, v := range row {
			n, sum, squares = n+1, sum+v, squares+v*v
		}
	}
	return squares/n - sum/n*sum/n
}
