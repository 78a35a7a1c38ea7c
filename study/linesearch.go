package study

import (
	"context"
	"fmt"
	"math"

	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// lineSearch compares methods that search along lines on the standard problems, and then L-BFGS on all examples with Adam on batches
// for a small network: what a step costs, how deep it comes, and whether a deep minimum is a good one.
type lineSearch struct {
	Examples int `yaml:"examples" help:"digits to learn from"`
	Passes   int `yaml:"passes" help:"gradients by all digits that L-BFGS may take, and passes of Adam"`
}

func (s *lineSearch) Settings() any { return s }

func (s *lineSearch) Run(ctx context.Context, l *Lab) (*Finding, error) {
	numbers := train.Metrics{}
	var rows [][]any
	methods := []struct {
		name string
		make func() minimize.Method
		with minimize.LineSearch
	}{
		{"steepest descent", func() minimize.Method { return minimize.SteepestDescent{} }, minimize.Backtracking{}},
		{"conjugate gradient", func() minimize.Method { return minimize.ConjugateGradient{} }, nil},
		{"BFGS", func() minimize.Method { return &minimize.BFGS{} }, nil},
		{"L-BFGS", func() minimize.Method { return &minimize.LBFGS{} }, nil},
		{"Newton-CG", func() minimize.Method { return minimize.NewtonCG{} }, nil},
	}
	valley := plot.Chart{Title: "Rosenbrock's valley", X: "step", Y: "f", LogX: true, LogY: true}
	for _, m := range methods {
		for _, p := range minimize.Problems() {
			r := minimize.Minimize(p, p.Start, m.make(), minimize.Options{Search: m.with, Steps: 100000})
			work := float64(r.Values + r.Gradients + r.Products)
			key := fmt.Sprintf("%s/%s %d", m.name, p.Name, len(p.Start))
			numbers["evaluations/"+key] = work
			rows = append(rows, []any{m.name, fmt.Sprintf("%s %d", p.Name, len(p.Start)), r.Steps, r.Values, r.Gradients, r.Products, r.F, r.Status})
		}
		p := minimize.Rosenbrock(2)
		curve := plot.Series{Name: m.name}
		minimize.Minimize(p, p.Start, m.make(), minimize.Options{Search: m.with, Steps: 100000, Trace: func(at minimize.Step) {
			curve.X, curve.Y = append(curve.X, float64(len(curve.X)+1)), append(curve.Y, math.Max(at.F1, 1e-16))
		}})
		valley.Series = append(valley.Series, curve)
	}

	training, test, err := loadDigits(ctx, l, s.Examples, 5000)
	if err != nil {
		return nil, err
	}
	networks := plot.Chart{Title: "A perceptron 784-32-10: training below, test above", X: "passes over the digits", Y: "cross-entropy", LogY: true}
	record := func(name string) (note func(pass float64, net nn.Layer), done func()) {
		fit, held := plot.Series{Name: name + ", training"}, plot.Series{Name: name + ", test"}
		note = func(pass float64, net nn.Layer) {
			fit.X, held.X = append(fit.X, pass), append(held.X, pass)
			fit.Y, held.Y = append(fit.Y, max(training.loss(net), 1e-7)), append(held.Y, test.loss(net))
		}
		return note, func() {
			networks.Series = append(networks.Series, fit, held)
			last := len(fit.Y) - 1
			numbers["training loss/"+name], numbers["test loss/"+name] = fit.Y[last], held.Y[last]
			least := math.Inf(1)
			for _, v := range held.Y {
				least = min(least, v)
			}
			numbers["least test loss/"+name] = least
		}
	}
	net := vision.NewMLP(l.stream("weights", 0), 784, 32, 10)
	flat := optim.Flat{Params: nn.Params(net)}
	loss := func(p *tensor.Pass) *tensor.Tensor {
		return nn.CrossEntropy(net.Forward(p.Input(training.images)), training.labels)
	}
	gradients := 0
	var at, slope []float64 // where the loss was computed last, with its gradient
	value := 0.0
	look := func(x []float64) {
		for i := range at {
			if at[i] != x[i] {
				at = nil
				break
			}
		}
		if at == nil {
			at, slope = append([]float64{}, x...), make([]float64, len(x))
			value = flat.Gradient(slope, x, loss)
			gradients++
		}
	}
	note, done := record("L-BFGS, all digits")
	note(0, net)
	start := flat.Get()
	for gradients < s.Passes {
		if ctx.Err() != nil {
			return nil, train.ErrInterrupted
		}
		before := gradients
		r := minimize.Minimize(minimize.Problem{
			Value:    func(x []float64) float64 { look(x); return value },
			Gradient: func(g, x []float64) { look(x); copy(g, slope) },
		}, start, &minimize.LBFGS{}, minimize.Options{Tolerance: 1e-7, Steps: s.Passes, Trace: func(step minimize.Step) {
			if gradients <= s.Passes {
				flat.Set(step.X)
				note(float64(gradients), net)
			}
		}})
		start = r.X
		if r.Status == minimize.Converged || r.Status == minimize.NoProgress || gradients == before {
			break
		}
	}
	done()
	net = vision.NewMLP(l.stream("weights", 0), 784, 32, 10)
	note, done = record("Adam, batches of 32")
	note(0, net)
	t := trial{net: net, optimizer: optim.NewAdam(nn.Params(net), .002), batch: min(32, len(training.labels)), random: l.stream("order", 0)}
	for pass := range s.Passes {
		if _, err := t.run(ctx, training, max(1, len(training.labels)/t.batch)); err != nil {
			return nil, err
		}
		note(float64(pass+1), net)
	}
	done()
	if err := l.Chart("line-search.png", valley, networks); err != nil {
		return nil, err
	}
	header := []string{"method", "problem", "steps", "values", "gradients", "products", "minimum", "status"}
	if err := l.Table("line-search.csv", header, rows); err != nil {
		return nil, err
	}
	plain, quasi := numbers["evaluations/steepest descent/Rosenbrock 2"], numbers["evaluations/L-BFGS/Rosenbrock 2"]
	deepest, least := numbers["test loss/L-BFGS, all digits"], numbers["least test loss/L-BFGS, all digits"]
	return &Finding{
		Claim: "With curvature in mind, searches along lines need far fewer evaluations than steepest descent. For a network, each of its evaluations is a pass over all examples, and the deep minimum that it finds is overfitted: the test loss was lower on the way.",
		Protocol: fmt.Sprintf("Seven standard problems from their usual starts; a perceptron 784-32-10 on %d digits of MNIST, at most %d gradients of all by L-BFGS with strong Wolfe conditions, or as many passes of Adam.",
			s.Examples, s.Passes),
		Outcome: fmt.Sprintf("Rosenbrock's valley takes %.0f evaluations by steepest descent and %.0f by L-BFGS. The network's training loss ends at %.2g (L-BFGS) and %.2g (Adam), its test loss at %.2f and %.2f, where L-BFGS had %.2f on the way.",
			plain, quasi, numbers["training loss/L-BFGS, all digits"], numbers["training loss/Adam, batches of 32"], deepest,
			numbers["test loss/Adam, batches of 32"], least),
		Held:    plain > 20*quasi && deepest > 1.1*least,
		Numbers: numbers,
	}, nil
}
