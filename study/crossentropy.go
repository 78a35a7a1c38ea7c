package study

import (
	"context"
	"fmt"
	"math"

	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// crossEntropy checks H(p, q) = H(p) + KL(p‖q) on random distributions, looks at the slopes of the logistic and the square loss of a
// sigmoid, and compares what both make of a network on digits (Golik, Doetsch and Ney 2013,
// https://www.isca-archive.org/interspeech_2013/golik13_interspeech.html).
type crossEntropy struct {
	Distributions int `yaml:"distributions" help:"pairs of random distributions"`
	Steps         int `yaml:"steps" help:"steps of 64 digits"`
}

func (c *crossEntropy) Settings() any { return c }

func (c *crossEntropy) Run(ctx context.Context, l *Lab) (*Finding, error) {
	off := c.identity(l)
	margins := make([]float64, 161)
	logistic, square := make([]float64, len(margins)), make([]float64, len(margins))
	p := tensor.Recording(nil)
	x := p.Zeros(len(margins), 1).Clone()
	for i := range margins {
		margins[i] = float64(i-80) / 10
		x.Edit()[i] = tensor.Float(margins[i])
	}
	v, ones := p.Var(x), p.Full(1, len(margins), 1)
	slopes := tensor.Grad(nn.BCEWithLogitsEach(v, ones).Sum(), v)[0]
	squares := tensor.Grad(v.Sigmoid().Sub(ones).Square().Sum(), v)[0]
	for i := range margins {
		logistic[i], square[i] = -float64(slopes.Data()[i]), -float64(squares.Data()[i])
	}
	p.End()

	training, test, err := loadDigits(ctx, l, 20000, 5000)
	if err != nil {
		return nil, err
	}
	losses := []struct {
		name string
		of   func(scores *tensor.Tensor, labels []int) *tensor.Tensor
	}{
		{"cross-entropy", nn.CrossEntropy},
		{"square of softmax", func(scores *tensor.Tensor, labels []int) *tensor.Tensor {
			return scores.Softmax().Sub(oneHot(scores.Pass(), labels, scores.Dim(-1))).Square().Sum().Scale(1 / tensor.Float(len(labels)))
		}},
	}
	chart := plot.Chart{Title: "A bad start: errors while learning", X: "step", Y: "errors on 5,000 digits, %"}
	numbers := train.Metrics{"identity/greatest error": off}
	var rows [][]any
	for _, loss := range losses {
		net := vision.NewMLP(l.stream("weights", 0), 784, 64, 10)
		nn.Normal(l.stream("bad start", 0), net.Layers[1].Weight, 0, 3) // sure of what is wrong
		params := nn.Params(net)
		o, random := optim.NewSGD(params, .05, .9), l.stream("order", 0)
		var steps, errors []float64
		for step := range c.Steps {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if step%max(1, c.Steps/30) == 0 {
				steps, errors = append(steps, float64(step)), append(errors, 100*(1-test.accuracy(net)))
				rows = append(rows, []any{loss.name, step, errors[len(errors)-1]})
			}
			p := tensor.Training(random)
			index := make([]int, 64)
			for i := range index {
				index[i] = random.IntN(len(training.labels))
			}
			x, labels := training.batch(p, index)
			o.Step(tensor.Grad(loss.of(net.Forward(x), labels), params...))
			p.End()
		}
		end := 100 * (1 - test.accuracy(net))
		numbers["error/"+loss.name], numbers["ece/"+loss.name] = end, calibration(net, test)
		chart.Series = append(chart.Series, plot.Series{Name: loss.name, X: append(steps, float64(c.Steps)), Y: append(errors, end)})
	}
	sigmoid := plot.Chart{
		Title: "Slope of the loss of a sigmoid, target 1", X: "score", Y: "−d loss/d score",
		Series: []plot.Series{{Name: "logistic loss", X: margins, Y: logistic}, {Name: "square loss", X: margins, Y: square}},
	}
	if err := l.Chart("cross-entropy.png", sigmoid, chart); err != nil {
		return nil, err
	}
	if err := l.Table("cross-entropy.csv", []string{"loss", "step", "errors, %"}, rows); err != nil {
		return nil, err
	}
	a, b := numbers["error/cross-entropy"], numbers["error/square of softmax"]
	numbers["slope at -8/logistic"], numbers["slope at -8/square"] = logistic[0], square[0]
	return &Finding{
		Claim: "Cross-entropy is entropy plus divergence. Its slope is the error itself, so that a confident mistake is " +
			"mended first; that of a square loss vanishes there.",
		Protocol: fmt.Sprintf("%d random pairs of distributions over 10 classes; slopes at scores from −8 to 8; a perceptron "+
			"on MNIST from a confidently wrong start, %d steps of SGD.",
			c.Distributions, c.Steps),
		Outcome: fmt.Sprintf("H(p, q) is H(p) + KL(p‖q) to %.1g. At a score of −8 the slopes are %.4f and %.4f. From the bad "+
			"start %.1f %% errors are left by cross-entropy and %.1f %% by the square loss; "+
			"expected calibration errors are %.3f and %.3f.", off, logistic[0], square[0], a, b, numbers["ece/cross-entropy"], numbers["ece/square of softmax"]),
		Held:    off < 1e-5 && logistic[0] > .99 && square[0] < .01 && a < b,
		Numbers: numbers,
	}, nil
}

// identity returns the greatest difference of H(p, q) and H(p) + KL(p‖q).
func (c *crossEntropy) identity(l *Lab) float64 {
	pass := tensor.Inference()
	defer pass.End()
	r := l.stream("distributions", 0)
	worst := 0.0
	for range c.Distributions {
		a, b := pass.Zeros(1, 10).Clone(), pass.Zeros(1, 10).Clone()
		nn.Normal(r, a, 0, 2)
		nn.Normal(r, b, 0, 2)
		p := pass.Input(a).Softmax()
		logq := pass.Input(b).LogSoftmax()
		entropy := 0.0
		for _, v := range p.Data() {
			entropy -= float64(v) * math.Log(float64(v))
		}
		cross := float64(nn.SoftCrossEntropy(pass.Input(b), p).Item())
		divergence := 0.0
		for i, v := range p.Data() {
			divergence += float64(v) * (math.Log(float64(v)) - float64(logq.Data()[i]))
		}
		worst = max(worst, math.Abs(cross-entropy-divergence))
	}
	return worst
}

// oneHot returns N×classes with a 1 for each label.
func oneHot(p *tensor.Pass, labels []int, classes int) *tensor.Tensor {
	y := p.Zeros(len(labels), classes)
	for i, c := range labels {
		y.Data()[i*classes+c] = 1
	}
	return y
}

// calibration returns the expected calibration error of a network in ten bins.
func calibration(net nn.Layer, d digits) float64 {
	p := tensor.Inference()
	defer p.End()
	probabilities := net.Forward(p.Input(d.images)).Softmax()
	ece, _ := metric.Calibration(d.labels, probabilities.Data(), 10, 10)
	return ece
}
