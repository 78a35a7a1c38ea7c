package study

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/optim/flat"
	"github.com/hadal-go/hadal/optim/minimize"
	"github.com/hadal-go/hadal/optim/testfunc"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// lineSearch compares methods that search along lines on the standard problems, and then L-BFGS on all examples with Adam on batches
// for a small network: what a step costs, how deep it comes, and whether a deep minimum is a good one.
type lineSearch struct {
	Examples int `yaml:"examples" help:"digits to learn from"`
	Passes   int `yaml:"passes" help:"gradients by all digits that L-BFGS may take, and passes of Adam"`
	Starts   int `yaml:"starts" help:"weights from which a tiny network is to learn exclusive or"`
}

func (s *lineSearch) Settings() any { return s }

func (s *lineSearch) Run(ctx context.Context, l *Lab) (*Finding, error) {
	numbers := train.Metrics{}
	var rows [][]any
	methods := []struct {
		name string
		make func() minimize.Method
	}{
		{"steepest descent", func() minimize.Method { return &minimize.SteepestDescent{Search: minimize.Armijo{}} }},
		{"Polak-Ribière", func() minimize.Method { return &minimize.PolakRibiere{} }},
		{"CG_DESCENT", func() minimize.Method { return &minimize.CGDescent{} }},
		{"BFGS", func() minimize.Method { return &minimize.BFGS{} }},
		{"L-BFGS", func() minimize.Method { return &minimize.LBFGS{} }},
		{"Newton-CG", func() minimize.Method { return &minimize.NewtonCG{} }},
	}
	valley := plot.Chart{Title: "Rosenbrock's valley", X: "step", Y: "f", LogX: true, LogY: true}
	for _, m := range methods {
		for _, p := range []struct {
			name string
			f    testfunc.Function
		}{
			{"Rosenbrock 2", testfunc.Rosenbrock{N: 2}}, {"Rosenbrock 10", testfunc.Rosenbrock{N: 10}}, {"Beale", testfunc.Beale{}},
			{"Himmelblau", testfunc.Himmelblau{}}, {"Booth", testfunc.Booth{}}, {"Powell 8", testfunc.Powell{N: 8}},
			{"logistic regression", testfunc.NewLogistic(l.stream("regression", 0), 200, 10, 1e-3)},
		} {
			curve := plot.Series{Name: m.name}
			r := minimize.Minimize(p.f, p.f.Start(), m.make(), minimize.Settings{Steps: 100000, Trace: func(s minimize.Step) {
				curve.X, curve.Y = append(curve.X, float64(s.Number)), append(curve.Y, max(s.To.F, 1e-16))
			}})
			c := r.Counts
			numbers["evaluations/"+m.name+"/"+p.name] = float64(c.Values + c.Gradients + c.Products)
			rows = append(rows, []any{m.name, p.name, r.Steps, c.Values, c.Gradients, c.Products, r.F, r.Status})
			if p.name == "Rosenbrock 2" {
				valley.Series = append(valley.Series, curve)
			}
		}
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
			numbers["least test loss/"+name] = slices.Min(held.Y)
		}
	}
	net := vision.NewMLP(l.stream("weights", 0), 784, 32, 10)
	lossOf := func(net nn.Layer) *flat.Loss {
		return flat.New(nn.Params(net), func(p *tensor.Pass) *tensor.Tensor {
			return nn.CrossEntropy(net.Forward(p.Input(training.images)), training.labels)
		})
	}
	whole := lossOf(net)
	note, done := record("L-BFGS, all digits")
	note(0, net)
	gradients := 0
	minimize.Minimize(whole, whole.Start(), &minimize.LBFGS{Search: minimize.HagerZhang{}}, minimize.Settings{
		Tolerance: 1e-7, Steps: s.Passes, Trace: func(step minimize.Step) {
			if now := step.Counts.Gradients; now <= s.Passes && ctx.Err() == nil {
				gradients = now
				whole.Set(step.To.X)
				note(float64(now), net)
			}
		},
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	done()
	numbers["gradients/L-BFGS, all digits"] = float64(gradients)
	numbers["sharpness/L-BFGS, all digits"] = sharpness(whole)
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
	numbers["sharpness/Adam, batches of 32"] = sharpness(lossOf(net))
	stuck := s.localMinima(l)
	numbers["local minima, part of starts"] = stuck
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
		Claim: "With curvature in mind, searches along lines need far fewer evaluations than steepest descent. For a network, " +
			"each of its evaluations is a pass over all examples, the minimum that it finds can be one of many, and a deep " +
			"one is overfitted: the test loss was lower on the way.",
		Protocol: fmt.Sprintf("Seven standard problems from their usual starts; a perceptron 784-32-10 on %d digits of MNIST, "+
			"at most %d gradients of all by L-BFGS with Hager and Zhang's search, or as many passes of Adam.",
			s.Examples, s.Passes),
		Outcome: fmt.Sprintf("Rosenbrock's valley takes %.0f evaluations by steepest descent and %.0f by L-BFGS. The "+
			"network's training loss ends at %.2g (L-BFGS) and %.2g (Adam), its test loss at %.2f and %.2f, where L-BFGS had "+
			"%.2f on the way. The greatest curvatures where they end are %.2g and %.2g. From %.0f %% of the starts a network "+
			"of two hidden units ends in a minimum that is not exclusive or.",
			plain, quasi, numbers["training loss/L-BFGS, all digits"], numbers["training loss/Adam, batches of 32"], deepest,
			numbers["test loss/Adam, batches of 32"], least, numbers["sharpness/L-BFGS, all digits"], numbers["sharpness/Adam, batches of 32"], 100*stuck),
		Held:    plain > 20*quasi && deepest > 1.1*least && stuck > 0,
		Numbers: numbers,
	}, nil
}

// localMinima returns the part of the starts from which a network of two hidden units ends where it does not tell exclusive or, though
// it could: in a minimum that is only a local one.
func (s *lineSearch) localMinima(l *Lab) float64 {
	x := tensor.Of([]tensor.Float{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	y := tensor.Of([]tensor.Float{0, 1, 1, 0}, 4, 1)
	stuck := 0.0
	for start := range s.Starts {
		r := l.stream("exclusive or", start)
		net := nn.Chain{nn.NewLinear(r, 2, 2), nn.Func(nn.Tanh), nn.NewLinear(r, 2, 1)}
		loss := flat.New(nn.Params(net), func(p *tensor.Pass) *tensor.Tensor { return nn.MSE(net.Forward(p.Input(x)), p.Input(y)) })
		result := minimize.Minimize(loss, loss.Start(), &minimize.LBFGS{Search: minimize.HagerZhang{}}, minimize.Settings{Steps: 500})
		if result.F > 0.05 {
			stuck++
		}
	}
	return stuck / float64(s.Starts)
}

// sharpness is the greatest eigenvalue of the Hessian of a loss where the parameters are, by twenty steps of the power iteration.
func sharpness(f *flat.Loss) float64 {
	x := f.Start()
	v, h := make([]float64, len(x)), make([]float64, len(x))
	for i := range v {
		v[i] = math.Sin(float64(i + 1))
	}
	value := 0.0
	for range 20 {
		length := math.Sqrt(innerProduct(v, v))
		if length == 0 {
			return 0
		}
		for i := range v {
			v[i] /= length
		}
		f.Product(h, x, v)
		value = innerProduct(h, v)
		v, h = h, v
	}
	return value
}
