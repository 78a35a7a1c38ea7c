package look

import (
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
)

// Evidence draws what on pictures spoke for which class.
type Evidence struct {
	Model   nn.Layer
	Classes []string // their names
	Layer   string   // of Grad-CAM; "" for the last one with maps
	Guesses int      // how many of the likeliest classes are looked at, at least 1
}

// Draw draws a row, or half of one, for each picture: the picture itself, in a frame that says whether the network is right, Grad-CAM for the likeliest classes, and SmoothGrad for the
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

	var all []image.Image
	for i, picture := range pictures {
		probability := func(class int) float64 { return float64(probabilities.Data()[i*len(e.Classes)+class]) }
		said := e.Classes[likeliest[i]]
		first, title := plot.Cell{Image: picture, Caption: "picture"}, said
		switch {
		case labels == nil:
		case labels[i] == likeliest[i]:
			first.Colour, title = plot.Right, said+", found"
		default:
			first.Colour, title = plot.Wrong, fmt.Sprintf("%s, taken for %s", e.Classes[labels[i]], said)
		}
		title = fmt.Sprintf("%s with %.3f", title, probability(likeliest[i]))
		cells := []plot.Cell{first}
		for k, h := range heat {
			class := ranked[i*guesses+k]
			cells = append(cells, plot.Cell{
				Image:   plot.Overlay(picture, normalized(rows(h, i, 0))),
				Caption: fmt.Sprintf("Grad-CAM\n%s · %.3f", e.Classes[class], probability(class)),
			})
		}
		cells = append(cells, plot.Cell{
			Image: shadePixels(smooth, i), Caption: "SmoothGrad\n" + said,
		})
		all = append(all, plot.Grid(title, cells, len(cells), 0))
	}
	columns := 1
	if len(pictures) > 1 && x.Dim(2) <= 64 {
		columns = 2
	}
	return plot.Stack(columns, all...), nil
}

// shadePixels draws derivatives by the pixels of picture n: by grey ones with their sign, red where brighter would be better, and by
// coloured ones the greatest magnitude of the three, as in the papers. The strongest hundredth is cut off.
func shadePixels(g *tensor.Tensor, n int) image.Image {
	values := rows(g, n, 0)
	if c := g.Dim(3); c > 1 {
		for k := range c {
			for i, row := range rows(g, n, k) {
				for j, v := range row {
					values[i][j] = max(math.Abs(values[i][j]), math.Abs(v))
				}
			}
		}
		return plot.Shade(values, 0, strength(slices.Concat(values...)))
	}
	return plot.ShadeSigned(values, strength(slices.Concat(values...)))
}

// normalized divides by the greatest number, if that is positive.
func normalized(values [][]float64) [][]float64 {
	if most := slices.Max(slices.Concat(values...)); most > 0 {
		for _, row := range values {
			for j := range row {
				row[j] /= most
			}
		}
	}
	return values
}
