package study

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// initialization follows a signal forward and a gradient backward through 50 layers at their start.
type initialization struct {
	Width int `yaml:"width" help:"units of a layer"`
	Seeds int `yaml:"seeds" help:"draws of the weights"`
}

func (s *initialization) Settings() any { return s }

// deep is how many layers the networks have; shallower ones are the first of these.
const deep = 50

var draws = []struct {
	name string
	draw func(r *rand.Rand, w *tensor.Tensor)
}{
	{"normal 0.01", func(r *rand.Rand, w *tensor.Tensor) { nn.Normal(r, w, 0, .01) }},
	{"uniform 1/√n", func(r *rand.Rand, w *tensor.Tensor) {
		b := 1 / math.Sqrt(float64(w.Dim(1)))
		nn.Uniform(r, w, -b, b)
	}},
	{"LeCun", func(r *rand.Rand, w *tensor.Tensor) { nn.LeCunNormal(r, w) }},
	{"Xavier", func(r *rand.Rand, w *tensor.Tensor) { nn.XavierNormal(r, w, 1) }},
	{"He", func(r *rand.Rand, w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanIn, 0) }},
	{"orthogonal", func(r *rand.Rand, w *tensor.Tensor) { nn.Orthogonal(r, w, 1) }},
	{"orthogonal √2", func(r *rand.Rand, w *tensor.Tensor) { nn.Orthogonal(r, w, math.Sqrt2) }},
}

var bends = []struct {
	name string
	bend func(x *tensor.Tensor) *tensor.Tensor
}{{"linear", func(x *tensor.Tensor) *tensor.Tensor { return x.Scale(1) }}, {"tanh", nn.Tanh}, {"sigmoid", nn.Sigmoid}, {"ReLU", nn.ReLU}}

// through returns the mean square of the signal behind every layer, and of the loss's gradient there, on 64 random inputs. The loss is
// a random projection, so that the gradient begins with mean square 1 at the top.
func (s *initialization) through(
	r *rand.Rand, draw func(*rand.Rand, *tensor.Tensor), bend func(*tensor.Tensor) *tensor.Tensor,
) (signal, gradient []float64) {
	p := tensor.Recording(r)
	defer p.End()
	x := p.Var(p.Normal(64, s.Width).Clone())
	hs := []*tensor.Tensor{}
	for range deep {
		w := tensor.New(s.Width, s.Width)
		draw(r, w)
		x = bend(x.MatMulT(w))
		hs = append(hs, x)
	}
	loss := x.Mul(p.Normal(64, s.Width)).Sum()
	for i, g := range tensor.Grad(loss, hs...) {
		signal, gradient = append(signal, meanSquare(hs[i])), append(gradient, meanSquare(g))
	}
	return signal, gradient
}

func meanSquare(t *tensor.Tensor) float64 {
	sum := 0.0
	for _, v := range t.Data() {
		sum += float64(v) * float64(v)
	}
	return sum / float64(t.Len())
}

func (s *initialization) Run(ctx context.Context, l *Lab) (*Finding, error) {
	numbers := train.Metrics{}
	var rows [][]any
	var charts []plot.Chart
	for _, b := range bends {
		forward := plot.Chart{Title: "Signal, " + b.name, X: "layer", Y: "mean square", LogY: true, YRange: [2]float64{1e-12, 1e4}}
		backward := plot.Chart{Title: "Gradient, " + b.name, X: "layer", Y: "mean square", LogY: true, YRange: [2]float64{1e-12, 1e4}}
		for _, d := range draws {
			up, down := make([]float64, deep), make([]float64, deep)
			for seed := range s.Seeds {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				a, g := s.through(l.stream(d.name+b.name, seed), d.draw, b.bend)
				for i := range a {
					up[i] += a[i] / float64(s.Seeds)
					down[i] += g[i] / float64(s.Seeds)
				}
			}
			for i := range up {
				rows = append(rows, []any{b.name, d.name, i + 1, up[i], down[i]})
			}
			key := b.name + "/" + d.name
			numbers["signal/"+key], numbers["gradient/"+key] = up[deep-1], down[0]
			forward.Series = append(forward.Series, plot.Series{Name: d.name, X: upTo(deep), Y: up})
			backward.Series = append(backward.Series, plot.Series{Name: d.name, X: upTo(deep), Y: down})
		}
		charts = append(charts, forward, backward)
	}
	if err := l.Chart("initialization.png", charts...); err != nil {
		return nil, err
	}
	if err := l.Table("initialization.csv", []string{"activation", "weights", "layer", "signal", "gradient"}, rows); err != nil {
		return nil, err
	}
	dead, same := s.starts(l)
	numbers["zero weights/gradient"], numbers["constant weights/differing units"] = dead, same
	within := func(v float64) bool { return v > 1e-3 && v < 1e3 }
	kept := func(key string) bool { return within(numbers["signal/"+key]) && within(numbers["gradient/"+key]) }
	lost := func(key string) bool { return numbers["signal/"+key] < 1e-6 }
	return &Finding{
		Claim: "Through 50 layers the mean square of signal and gradient stays within a factor of 1,000 for ReLU with He's " +
			"weights, and for tanh with orthogonal ones; " +
			"with deviations of 0.01 it is lost, for ReLU with Xavier's too. Zero weights get no gradient, equal ones stay equal.",
		Protocol: fmt.Sprintf("%d layers of %d units on 64 normal inputs, %d draws each; the gradient of a random projection "+
			"of the output.", deep, s.Width, s.Seeds),
		Outcome: fmt.Sprintf("Signal behind the last layer: %.2g (He, ReLU), %.2g (orthogonal, tanh), %.2g (0.01, ReLU), %.2g "+
			"(Xavier, ReLU). "+
			"Greatest gradient of a hidden layer of zeros: %g. Units that differ after ten steps from equal weights: %.0f.",
			numbers["signal/ReLU/He"], numbers["signal/tanh/orthogonal"], numbers["signal/ReLU/normal 0.01"], numbers["signal/ReLU/Xavier"], dead, same),
		Held: kept("ReLU/He") && kept("tanh/orthogonal") && lost("ReLU/normal 0.01") && lost("tanh/normal 0.01") && lost("ReLU/Xavier") &&
			dead == 0 && same == 0,
		Numbers: numbers,
	}, nil
}

// starts trains two hidden layers from zeros and from equal weights. It returns the greatest gradient of the first layer's weights for
// zeros, and how many units of it differ from the first one after ten steps for equal ones.
func (s *initialization) starts(l *Lab) (dead, differ float64) {
	for _, c := range []tensor.Float{0, .1} {
		r := l.stream("starts", 0)
		net := nn.Chain{nn.NewLinear(r, 8, 16), nn.Func(nn.Tanh), nn.NewLinear(r, 16, 16), nn.Func(nn.Tanh), nn.NewLinear(r, 16, 1)}
		params := nn.Params(net)
		for _, w := range params {
			nn.Constant(w, c)
		}
		for range 10 {
			p := tensor.Training(r)
			loss := net.Forward(p.Normal(32, 8)).Sub(p.Normal(32, 1)).Square().Mean()
			grads := tensor.Grad(loss, params...)
			if c == 0 {
				dead = max(dead, meanSquare(grads[0]))
			}
			for i, w := range params {
				w.Set(w.Sub(grads[i].Scale(.1)))
			}
			p.End()
		}
		if c > 0 {
			w := params[0].Data()
			for unit := 1; unit < 16; unit++ {
				for i := range 8 {
					if math.Abs(float64(w[unit*8+i]-w[i])) > 1e-6 {
						differ++
						break
					}
				}
			}
		}
	}
	return dead, differ
}
