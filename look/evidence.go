package look

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
)

// Evidence draws what on pictures spoke for which class.
type Evidence struct {
	Title   string
	Model   nn.Layer
	Classes []string // their names
	Layer   string   // of Grad-CAM; "" for the last one
	Guesses int      // how many of the likeliest classes are looked at, at least 1
}

// Draw draws a row, or half of one, for each picture: the picture itself, Grad-CAM for the likeliest classes, and SmoothGrad for the
// likeliest. x is N×H×W×C, pictures are how people see them. Where labels are given, the last of the likeliest gives way to the
// true class if it is not among them. A network without convolutions has no Grad-CAM, but the rest is drawn.
func (e Evidence) Draw(x *tensor.Tensor, pictures []image.Image, labels []int) (image.Image, error) {
	p := tensor.Inference()
	probabilities := e.Model.Forward(p.Input(x)).Softmax().Clone()
	p.End()
	guesses := min(max(e.Guesses, 1), len(e.Classes))
	ranked := probabilities.TopK(guesses)
	for i, label := range labels {
		if own := ranked[i*guesses : (i+1)*guesses]; !slices.Contains(own, label) && guesses > 1 {
			own[guesses-1] = label
		}
	}
	likeliest := make([]int, len(pictures))
	heat := make([]*tensor.Tensor, guesses)
	for k := range heat {
		classes := make([]int, len(pictures))
		for i := range classes {
			classes[i] = ranked[i*guesses+k]
		}
		if k == 0 {
			likeliest = classes
		}
		var err error
		if heat[k], err = GradCAM(e.Model, x, classes, e.Layer); err != nil {
			if !errors.Is(err, ErrNoMaps) {
				return nil, err
			}
			heat = nil
			break
		}
	}
	smooth := SmoothGrad{Samples: 16, Noise: .15}.Of(e.Model, x, likeliest, rand.New(rand.NewPCG(0, 0)))

	var cells []plot.Cell
	for i, picture := range pictures {
		probability := func(class int) float64 { return float64(probabilities.Data()[i*len(e.Classes)+class]) }
		caption, frame := fmt.Sprintf("%s · %.3f", e.Classes[likeliest[i]], probability(likeliest[i])), color.Color(nil)
		if labels != nil && labels[i] == likeliest[i] {
			frame = plot.Right
		} else if labels != nil {
			caption, frame = fmt.Sprintf("%s · taken for %s", e.Classes[labels[i]], caption), plot.Wrong
		}
		cells = append(cells, plot.Cell{Image: picture, Caption: caption, Colour: frame})
		for k, h := range heat {
			class := ranked[i*guesses+k]
			cells = append(cells, plot.Cell{
				Image:   plot.Overlay(picture, normalized(rows(h, i, 0), 1)),
				Caption: fmt.Sprintf("for %s · %.3f", e.Classes[class], probability(class)),
			})
		}
		cells = append(cells, plot.Cell{
			Image:   plot.Shade(normalized(strongest(smooth, i), .99), 0, 1),
			Caption: fmt.Sprintf("pixels for %s", e.Classes[likeliest[i]]),
		})
	}
	columns := 2 + len(heat)
	if len(pictures) > 1 && x.Dim(2) <= 64 {
		columns *= 2
	}
	return plot.Grid(e.Title, cells, columns, 0), nil
}

// strongest returns the greatest magnitude over the channels of picture n.
func strongest(x *tensor.Tensor, n int) [][]float64 {
	most := rows(x, n, 0)
	for k := range x.Dim(3) {
		for i, row := range rows(x, n, k) {
			for j, v := range row {
				most[i][j] = max(math.Abs(most[i][j]), math.Abs(v))
			}
		}
	}
	return most
}

// normalized divides by the quantile of the numbers, and cuts off at 1 what exceeds it.
func normalized(values [][]float64, quantile float64) [][]float64 {
	sorted := slices.Sorted(slices.Values(slices.Concat(values...)))
	most := sorted[int(quantile*float64(len(sorted)-1))]
	if most <= 0 {
		return values
	}
	for _, row := range values {
		for j := range row {
			row[j] = min(row[j]/most, 1)
		}
	}
	return values
}
