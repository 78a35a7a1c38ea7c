package study

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/train"
)

// momentum compares gradient descent, Polyak's heavy ball and Nesterov's method on ½·Σ λᵢ·xᵢ², whose curvatures λ go from 1 to κ.
// With the best parameters for a κ (Polyak 1964; Nesterov 2004, section 2.2; Goh 2017, https://distill.pub/2017/momentum) the
// distance shrinks in every step by the factor
//
//	gradient descent (κ − 1)/(κ + 1)    heavy ball (√κ − 1)/(√κ + 1)    Nesterov about 1 − 1/√κ
type momentum struct {
	Dimensions int     `yaml:"dimensions" help:"curvatures, evenly spaced on a logarithmic scale"`
	Greatest   float64 `yaml:"kappa" help:"greatest condition number"`
	Tolerance  float64 `yaml:"tolerance" help:"distance from the minimum at the end, as a part of that at the start"`
}

func (m *momentum) Settings() any { return m }

// A descent is a method with the parameters that suit curvatures from 1 to κ.
type descent struct {
	name   string
	choose func(kappa float64) (rate, momentum float64)
	ahead  bool // the gradient is taken where the momentum leads
}

var descents = []descent{
	{"gradient descent", func(k float64) (float64, float64) { return 2 / (k + 1), 0 }, false},
	{"heavy ball", func(k float64) (float64, float64) {
		r := (math.Sqrt(k) - 1) / (math.Sqrt(k) + 1)
		s := 2 / (math.Sqrt(k) + 1)
		return s * s, r * r
	}, false},
	{"Nesterov", func(k float64) (float64, float64) {
		return 1 / k, (math.Sqrt(k) - 1) / (math.Sqrt(k) + 1)
	}, true},
}

// walk returns the points of a way down from ones, until the distance is the tolerance.
func (d descent) walk(curvature []float64, rate, momentum, tolerance float64, most int) [][]float64 {
	x, v := make([]float64, len(curvature)), make([]float64, len(curvature))
	for i := range x {
		x[i] = 1
	}
	start := math.Sqrt(float64(len(x)))
	way := [][]float64{append([]float64{}, x...)}
	for range most {
		distance := 0.0
		for i, c := range curvature {
			at := x[i]
			if d.ahead {
				at += momentum * v[i]
			}
			v[i] = momentum*v[i] - rate*c*at
			x[i] += v[i]
			distance += x[i] * x[i]
		}
		way = append(way, append([]float64{}, x...))
		if math.Sqrt(distance) <= tolerance*start {
			break
		}
	}
	return way
}

func (m *momentum) Run(_ context.Context, l *Lab) (*Finding, error) {
	var kappas []float64
	for k := 3.0; k <= m.Greatest*1.0001; k *= math.Sqrt(10) {
		kappas = append(kappas, k)
	}
	chart := plot.Chart{
		Title: "Steps to the minimum of a valley", X: "condition number κ", Y: "steps", LogX: true, LogY: true,
	}
	var rows [][]any
	numbers := train.Metrics{}
	exponents := map[string]float64{}
	for _, d := range descents {
		steps := make([]float64, len(kappas))
		for i, k := range kappas {
			curvature := make([]float64, m.Dimensions)
			for j := range curvature {
				curvature[j] = math.Pow(k, float64(j)/float64(max(1, m.Dimensions-1)))
			}
			rate, beta := d.choose(k)
			steps[i] = float64(len(d.walk(curvature, rate, beta, m.Tolerance, 10_000_000)) - 1)
			rows = append(rows, []any{d.name, k, steps[i]})
		}
		chart.Series = append(chart.Series, plot.Series{Name: d.name, X: kappas, Y: steps})
		exponents[d.name] = slope(kappas, steps)
		numbers["exponent/"+d.name] = exponents[d.name]
		numbers["steps/"+d.name] = steps[len(steps)-1]
	}
	var ways [][][]float64
	for _, d := range descents {
		rate, beta := d.choose(30)
		ways = append(ways, d.walk([]float64{1, 30}, rate, beta, 1e-9, 60))
	}
	if err := l.Chart("momentum.png", chart, waysDown(ways, 60)); err != nil {
		return nil, err
	}
	var frames []image.Image
	for step := range 61 {
		img, err := waysDown(ways, step).Image(450, 300)
		if err != nil {
			return nil, err
		}
		frames = append(frames, img)
	}
	if err := plot.WriteGIF(l.Folder.Path("momentum.gif"), frames, 15); err != nil {
		return nil, err
	}
	if err := l.Table("momentum.csv", []string{"method", "kappa", "steps"}, rows); err != nil {
		return nil, err
	}
	plain, ball, ahead := exponents["gradient descent"], exponents["heavy ball"], exponents["Nesterov"]
	return &Finding{
		Claim: "With the best parameters gradient descent needs a number of steps in proportion to the condition number κ, " +
			"momentum to √κ.",
		Protocol: fmt.Sprintf("A quadratic of %d curvatures from 1 to κ, κ up to %g; steps until the distance is %g of the "+
			"first.", m.Dimensions, m.Greatest, m.Tolerance),
		Outcome: fmt.Sprintf("Steps grow as κ to the power %.2f (gradient descent), %.2f (heavy ball) and %.2f (Nesterov); "+
			"for the greatest κ they are %.0f, %.0f and %.0f.",
			plain, ball, ahead, numbers["steps/gradient descent"], numbers["steps/heavy ball"], numbers["steps/Nesterov"]),
		Held:    math.Abs(plain-1) < .1 && math.Abs(ball-.5) < .1 && math.Abs(ahead-.5) < .1,
		Numbers: numbers,
	}, nil
}

// waysDown draws the first steps of ways through a valley, on axes for all of them.
func waysDown(ways [][][]float64, steps int) plot.Chart {
	c := plot.Chart{
		Title: fmt.Sprintf("Ways down for κ = 30, %d steps", steps), X: "x₁, curvature 1", Y: "x₂, curvature 30", YRange: [2]float64{-2.2, 2.2},
	}
	for i, d := range descents {
		var x, y []float64
		for _, at := range ways[i][:min(steps+1, len(ways[i]))] {
			x, y = append(x, at[0]), append(y, at[1])
		}
		c.Series = append(c.Series, plot.Series{Name: d.name, X: x, Y: y})
	}
	c.Series = append(c.Series, plot.Series{X: []float64{0, 1}, Y: []float64{-9, -9}}) // out of sight: the range of x
	return c
}

// slope fits log y = a + slope·log x by least squares, to the second half, where the asymptote is.
func slope(xs, ys []float64) float64 {
	xs, ys = xs[len(xs)/2:], ys[len(ys)/2:]
	var sx, sy, sxx, sxy float64
	for i := range xs {
		x, y := math.Log(xs[i]), math.Log(ys[i])
		sx, sy, sxx, sxy = sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	n := float64(len(xs))
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}
