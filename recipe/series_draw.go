package recipe

import (
	"fmt"
	"image"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/hadal-go/hadal/data/ucr"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/train"
)

// seriesRest is the shortest time between two saves of a training of short epochs.
const seriesRest = 5 * time.Second

// published are accuracies on the test series of the nearest neighbour by dynamic time warping without a bound, of several features all
// together: the tables of the archives (Dau et al. 2019; Bagnall et al. 2018), which were computed again and are the same.
var published = map[string]float64{
	"ArrowHead": .703, "BasicMotions": .975, "GunPoint": .907, "ItalyPowerDemand": .950, "JapaneseVowels": .949, "OSULeaf": .591,
}

// exampleName is the name of an example in the run: the number of the test series, with its class.
func (j *Series) exampleName(i int) string {
	if j.test == nil || i >= len(j.test.Series) {
		return ""
	}
	return fmt.Sprintf("%s-%04d.txt", fileName(j.card.Classes[j.test.Series[i].Label]), i)
}

// writeExamples leaves the first test series of each class.
func (j *Series) writeExamples(run *train.Run) error {
	written := map[int]bool{}
	for i, s := range j.test.Series {
		if written[s.Label] && i > 0 {
			continue
		}
		written[s.Label] = true
		if err := run.Write("examples/"+j.exampleName(i), func(w io.Writer) error {
			_, err := io.WriteString(w, seriesText(s, len(j.card.Mean))+"\n")
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// seriesText is a series as ucr.Parse reads it.
func seriesText(s ucr.Series, features int) string {
	var b strings.Builder
	for f := range features {
		for t := range s.Steps {
			switch {
			case t > 0:
				b.WriteByte(',')
			case f > 0:
				b.WriteByte(':')
			}
			b.WriteString(strconv.FormatFloat(float64(s.Values[t*features+f]), 'g', -1, 32))
		}
	}
	return b.String()
}

// draw leaves what was taken for what, and series of every class.
func (j *Series) draw(run *train.Run, o *train.Outcome) error {
	confusion, err := plot.Confusion("What was taken for what on the test set", o.Confusion().Counts, j.card.Classes)
	if err != nil {
		return err
	}
	if err := plot.WritePNG(run.Path("confusion_matrix.png"), confusion); err != nil {
		return err
	}
	const each = 4
	var charts []image.Image
	for class, name := range j.card.Classes {
		c := plot.Chart{Title: name, X: "step", Y: "first feature"}
		for i, s := range j.test.Series {
			if s.Label != class || len(c.Series) == each {
				continue
			}
			x, y := make([]float64, s.Steps), make([]float64, s.Steps)
			for t := range x {
				x[t], y[t] = float64(t), float64(s.Values[t*len(j.card.Mean)])
			}
			said := "taken for " + j.card.Classes[o.Predicted[i]]
			if o.Predicted[i] == class {
				said = "found"
			}
			c.Series = append(c.Series, plot.Series{Name: fmt.Sprintf("test %d, %s", i, said), X: x, Y: y})
		}
		if len(c.Series) == 0 {
			continue
		}
		img, err := c.Image(440, 300)
		if err != nil {
			return err
		}
		charts = append(charts, img)
	}
	return plot.WritePNG(run.Path("series.png"), plot.Stack(2, charts...))
}
