package train

import (
	"fmt"
	"image"
	"sort"

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

// DrawOutcome draws what a classifier made of a set: confusion matrix, calibration, and the mistakes it was surest of.
func DrawOutcome(run *Run, o *Outcome, set data.Set[data.Labelled], classes []string) error {
	counts := o.Confusion().Counts
	confusion, err := plot.Confusion("What was taken for what on the test set", counts, classes)
	if err != nil {
		return err
	}
	if err := plot.WritePNG(run.Path("confusion_matrix.png"), confusion); err != nil {
		return err
	}
	ece, bins := metric.Calibration(o.Labels, o.Probabilities, o.Classes, calibrationBins)
	reliability := plot.Reliability("Is it right as often as it claims?", ece, bins)
	if err := plot.WritePNG(run.Path("calibration.png"), reliability); err != nil {
		return err
	}
	return drawMistakes(run, o, set, classes)
}

// drawMistakes draws the wrong predictions with the highest probability.
func drawMistakes(run *Run, o *Outcome, set data.Set[data.Labelled], classes []string) error {
	sure := func(i int) float64 { return float64(o.Probabilities[i*o.Classes+o.Predicted[i]]) }
	var wrong []int
	for i, l := range o.Labels {
		if o.Predicted[i] != l {
			wrong = append(wrong, i)
		}
	}
	sort.SliceStable(wrong, func(a, b int) bool { return sure(wrong[a]) > sure(wrong[b]) })
	var cells []plot.Cell
	for _, i := range wrong[:min(len(wrong), 36)] {
		e, err := set.At(i)
		if err != nil {
			return err
		}
		cells = append(cells, plot.Cell{
			Image:   e.Picture.Image(),
			Caption: fmt.Sprintf("%s · taken for %s · %.2f", classes[o.Labels[i]], classes[o.Predicted[i]], sure(i)),
		})
	}
	return plot.WritePNG(run.Path("mistakes.png"), plot.Grid("The mistakes it was surest of", cells, 6, 4))
}
