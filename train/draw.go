package train

import (
	"cmp"
	"fmt"
	"image"
	"slices"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/plot"
)

// calibrationBins is the number of bins of the expected calibration error, as Guo et al. 2017 have it.
const calibrationBins = 15

// Metrics returns the figures of a classification, with names that begin with prefix.
func (o *Outcome) Metrics(prefix string) Metrics {
	c := o.Confusion()
	low, high := metric.Wilson(c.Correct(), c.Total())
	macro := c.Macro()
	ece, _ := metric.Calibration(o.Labels, o.Probabilities, o.Classes, calibrationBins)
	m := Metrics{
		prefix + "accuracy": c.Accuracy(), prefix + "accuracy/low": low, prefix + "accuracy/high": high, prefix + "loss": o.Loss,
		prefix + "precision": macro.Precision, prefix + "recall": macro.Recall, prefix + "f1": macro.F1, prefix + "ece": ece,
		prefix + "examples": float64(c.Total()),
	}
	if o.Classes > 5 {
		m[prefix+"top5"] = metric.TopK(o.Labels, o.Probabilities, o.Classes, 5)
	}
	return m
}

// Confusion counts labels against predictions.
func (o *Outcome) Confusion() *metric.Confusion {
	c := metric.NewConfusion(o.Classes)
	for i, l := range o.Labels {
		c.Add(l, o.Predicted[i])
	}
	return c
}

// drawCurves draws loss, accuracy and learning rate by epoch to curves.png.
func (r *Run) drawCurves(rows []Row) error {
	column := func(f func(Row) float64) (values []float64) {
		for _, row := range rows {
			values = append(values, f(row))
		}
		return values
	}
	epochs := column(func(r Row) float64 { return float64(r.Epoch) })
	var charts []image.Image
	for _, c := range []plot.Chart{
		{Title: "Loss", X: "epoch", Y: "cross-entropy (nats)", Series: []plot.Series{
			{Name: "training", X: epochs, Y: column(func(r Row) float64 { return r.TrainLoss })},
			{Name: "validation", X: epochs, Y: column(func(r Row) float64 { return r.Loss })},
		}},
		{Title: "Accuracy", X: "epoch", Y: "share classified right", Series: []plot.Series{
			{Name: "training", X: epochs, Y: column(func(r Row) float64 { return r.TrainAccuracy })},
			{Name: "validation", X: epochs, Y: column(func(r Row) float64 { return r.Accuracy })},
		}},
	} {
		img, err := c.Image(520, 360)
		if err != nil {
			return err
		}
		charts = append(charts, img)
	}
	return plot.WritePNG(r.Path("curves.png"), plot.Stack(2, charts...))
}

// DrawBatch draws the first batch of the first epoch as the network sees it, with its labels.
func DrawBatch(path string, batches *data.Batches, classes []string) error {
	for batch, err := range batches.Epoch(0, 0) {
		if err != nil {
			return err
		}
		pictures := batches.Scale.Pictures(batch.Images)
		var cells []plot.Cell
		for i, p := range pictures[:min(len(pictures), 64)] {
			cells = append(cells, plot.Cell{Image: p.Image(), Caption: batch.Caption(i, classes)})
		}
		return plot.WritePNG(path, plot.Grid("A batch of the training set", cells, 8, 2))
	}
	return nil
}

// mostClasses is the number up to which a matrix of all classes can be read.
const mostClasses = 200

// DrawOutcome draws what a classifier made of a set: the confusion matrix if it can be read, calibration, the classes that were most
// often taken for each other, which are also left as confused.json, and the examples with the highest loss.
func DrawOutcome(run *Run, o *Outcome, set data.Set[data.Labelled], classes []string) error {
	counts := o.Confusion()
	if len(classes) <= mostClasses {
		confusion, err := plot.Confusion("What was taken for what on the test set", counts.Counts, classes)
		if err != nil {
			return err
		}
		if err := plot.WritePNG(run.Path("confusion_matrix.png"), confusion); err != nil {
			return err
		}
	}
	ece, bins := metric.Calibration(o.Labels, o.Probabilities, o.Classes, calibrationBins)
	reliability := plot.Reliability("Is it right as often as it claims?", ece, bins)
	if err := plot.WritePNG(run.Path("calibration.png"), reliability); err != nil {
		return err
	}
	pairs := counts.MostConfused(10)
	if err := run.WriteJSON("confused.json", confusions(pairs, classes)); err != nil {
		return err
	}
	if err := o.drawConfused(run.Path("confused.png"), pairs[:min(6, len(pairs))], set, classes); err != nil {
		return err
	}
	return o.drawTopLosses(run.Path("top-losses.png"), set, classes)
}

// A Confusion is two classes that were taken for each other, as confused.json has it.
type Confusion struct {
	A     string `json:"a"`
	B     string `json:"b"`
	AForB int    `json:"a_for_b"` // how often a was taken for b
	BForA int    `json:"b_for_a"`
}

func confusions(pairs []metric.Pair, classes []string) []Confusion {
	list := make([]Confusion, len(pairs))
	for i, p := range pairs {
		list[i] = Confusion{classes[p.A], classes[p.B], p.AForB, p.BForA}
	}
	return list
}

// drawConfused draws, for each pair, examples of one class that were taken for the other, beside examples of the other way round, with
// the probability of the wrong class. The surest mistakes come first.
func (o *Outcome) drawConfused(path string, pairs []metric.Pair, set data.Set[data.Labelled], classes []string) error {
	const each = 4
	if len(pairs) == 0 {
		return plot.WritePNG(path, plot.Grid("No class was taken for another one", nil, 1, 0))
	}
	support := make([]int, o.Classes)
	for _, label := range o.Labels {
		support[label]++
	}
	var sides []image.Image
	for _, p := range pairs {
		for _, side := range []struct{ label, predicted, n int }{{p.A, p.B, p.AForB}, {p.B, p.A, p.BForA}} {
			found := o.ordered(o.confidence, func(i int) bool { return o.Labels[i] == side.label && o.Predicted[i] == side.predicted })
			cells := make([]plot.Cell, each) // those that stay empty keep the width
			for k, i := range found[:min(each, len(found))] {
				var err error
				if cells[k], err = o.cell(i, set, "%.2f", o.confidence(i)); err != nil {
					return err
				}
			}
			title := fmt.Sprintf("%s taken for %s: %d of %d", classes[side.label], classes[side.predicted], side.n, support[side.label])
			sides = append(sides, plot.Grid(title, cells, each, 0))
		}
	}
	return plot.WritePNG(path, plot.Stack(2, sides...))
}

// drawTopLosses draws the examples with the highest loss: what the network found hardest, or what is labelled wrong.
func (o *Outcome) drawTopLosses(path string, set data.Set[data.Labelled], classes []string) error {
	const most, columns = 32, 8
	var cells []plot.Cell
	worst := o.ordered(o.loss, func(int) bool { return true })
	for _, i := range worst[:min(len(worst), most)] {
		said, colour := "taken for "+classes[o.Predicted[i]], plot.Wrong
		if o.Predicted[i] == o.Labels[i] {
			said, colour = "found", plot.Right
		}
		cell, err := o.cell(i, set, "%s · %s %.2f · loss %.1f", classes[o.Labels[i]], said, o.confidence(i), o.Losses[i])
		if err != nil {
			return err
		}
		cell.Colour = colour
		cells = append(cells, cell)
	}
	return plot.WritePNG(path, plot.Grid("The highest losses on the test set", cells, columns, 0))
}

// TopLosses returns the numbers of n examples that are classified right or wrong, as asked, by falling loss.
func (o *Outcome) TopLosses(n int, right bool) []int {
	found := o.ordered(o.loss, func(i int) bool { return (o.Predicted[i] == o.Labels[i]) == right })
	return found[:min(n, len(found))]
}

// confidence is the probability of what was predicted.
func (o *Outcome) confidence(i int) float64 {
	return float64(o.Probabilities[i*o.Classes+o.Predicted[i]])
}

func (o *Outcome) loss(i int) float64 { return o.Losses[i] }

// ordered returns the examples that are wanted, the greatest by a measure first.
func (o *Outcome) ordered(by func(i int) float64, want func(i int) bool) []int {
	var found []int
	for i := range o.Labels {
		if want(i) {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b int) int { return cmp.Compare(by(b), by(a)) })
	return found
}

// cell is example i of a set with a caption.
func (o *Outcome) cell(i int, set data.Set[data.Labelled], caption string, of ...any) (plot.Cell, error) {
	e, err := set.At(i)
	if err != nil {
		return plot.Cell{}, err
	}
	return plot.Cell{Image: e.Picture.Image(), Caption: fmt.Sprintf(caption, of...)}, nil
}
