package study

import (
	"context"
	"fmt"
	"image"
	"math/rand/v2"

	"github.com/hadal-go/hadal/metric"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// lstmMemory puts problems of memory to an Elman net, an LSTM and one with peepholes: to add two marked numbers among many, to repeat letters
// after a pause (Hochreiter and Schmidhuber 1997, sections 5.4 and 5.1), and to strike at equal intervals without any input that would
// tell when (Gers, Schraudolph and Schmidhuber 2002, section 5).
type lstmMemory struct {
	Steps  int     `yaml:"steps" help:"steps of 32 sequences"`
	Seeds  int     `yaml:"seeds" help:"trainings of each net on each problem"`
	Units  int     `yaml:"units" help:"units of a net"`
	LR     float64 `yaml:"lr" help:"learning rate, of Adam"`
	Length int     `yaml:"length" help:"numbers that the two to be added are among"`
	Pause  int     `yaml:"pause" help:"steps between letters and their repetition"`
	Beat   int     `yaml:"beat" help:"steps from strike to strike"`
}

func (s *lstmMemory) Settings() any { return s }

// A memoryProblem makes sequences, what is to be said at every step, and says how well it was.
type memoryProblem struct {
	name    string
	in, out int
	make    func(p *tensor.Pass, r *rand.Rand, n int) (x, want *tensor.Tensor) // N×T×in, N×T×out
	loss    func(y, want *tensor.Tensor) *tensor.Tensor                        // of outputs N×T×out
	solved  func(y, want *tensor.Tensor) float64                               // the share of sequences, or of steps, that are right
}

func (s *lstmMemory) problems() []memoryProblem {
	lastStep := func(t *tensor.Tensor) *tensor.Tensor { return t.Slice(1, t.Dim(1)-1, t.Dim(1)) }
	return []memoryProblem{
		{"adding", 2, 1, s.adding, func(y, want *tensor.Tensor) *tensor.Tensor {
			return lastStep(y).Sub(lastStep(want)).Square().Mean()
		}, func(y, want *tensor.Tensor) float64 {
			hits, t := 0, y.Dim(1)
			for n := range y.Dim(0) {
				if d := y.Data()[n*t+t-1] - want.Data()[n*t+t-1]; d > -.15 && d < .15 {
					hits++
				}
			}
			return float64(hits) / float64(y.Dim(0))
		}},
		{"repeating", 5, 4, s.repeating, func(y, want *tensor.Tensor) *tensor.Tensor {
			return nn.BCEWithLogits(y.Slice(1, s.Pause+4, s.Pause+8), want.Slice(1, s.Pause+4, s.Pause+8))
		}, func(y, want *tensor.Tensor) float64 {
			hits := 0
			letters := want.Slice(1, s.Pause+4, s.Pause+8).Reshape(-1, 4).ArgMax()
			for i, said := range y.Slice(1, s.Pause+4, s.Pause+8).Reshape(-1, 4).ArgMax() {
				if said == letters[i] {
					hits++
				}
			}
			return float64(hits) / float64(len(letters))
		}},
		{"timing", 1, 1, s.timing, func(y, want *tensor.Tensor) *tensor.Tensor { return nn.BCEWithLogits(y, want) },
			func(y, want *tensor.Tensor) float64 { // F1 of the strikes
				both, either := 0., 0.
				for i, w := range want.Data() {
					said, struck := y.Data()[i] > 0, w > .5
					if said && struck {
						both += 2
					}
					if said {
						either++
					}
					if struck {
						either++
					}
				}
				return both / either
			}},
	}
}

// adding has numbers in [0, 1) and marks at two of them, one in each half; their sum is wanted at the end.
func (s *lstmMemory) adding(p *tensor.Pass, r *rand.Rand, n int) (x, want *tensor.Tensor) {
	in, out := make([]tensor.Float, n*s.Length*2), make([]tensor.Float, n*s.Length)
	for i := range n {
		row := in[i*s.Length*2:][:s.Length*2]
		for t := range s.Length {
			row[2*t] = tensor.Float(r.Float64())
		}
		a, b := r.IntN(s.Length/2), s.Length/2+r.IntN(s.Length-s.Length/2)
		row[2*a+1], row[2*b+1] = 1, 1
		out[i*s.Length+s.Length-1] = row[2*a] + row[2*b]
	}
	return p.Values(in, n, s.Length, 2), p.Values(out, n, s.Length, 1)
}

// repeating has four letters of four kinds, a pause, and four marks, at which the letters are wanted in their order.
func (s *lstmMemory) repeating(p *tensor.Pass, r *rand.Rand, n int) (x, want *tensor.Tensor) {
	t := s.Pause + 8
	in, out := make([]tensor.Float, n*t*5), make([]tensor.Float, n*t*4)
	for i := range n {
		for j := range 4 {
			letter := r.IntN(4)
			in[(i*t+j)*5+letter] = 1
			in[(i*t+4+s.Pause+j)*5+4] = 1
			out[(i*t+4+s.Pause+j)*4+letter] = 1
		}
	}
	return p.Values(in, n, t, 5), p.Values(out, n, t, 4)
}

// timing has nothing but a first strike; one is wanted at every beat behind it.
func (s *lstmMemory) timing(p *tensor.Pass, _ *rand.Rand, n int) (x, want *tensor.Tensor) {
	t := 4*s.Beat + 1
	in, out := make([]tensor.Float, n*t), make([]tensor.Float, n*t)
	for i := range n {
		in[i*t] = 1
		for k := s.Beat; k < t; k += s.Beat {
			out[i*t+k] = 1
		}
	}
	return p.Values(in, n, t, 1), p.Values(out, n, t, 1)
}

// memoryCells are the nets.
var memoryCells = []struct {
	name string
	make func(r *rand.Rand, in, hidden int) nn.Cell
}{
	{"Elman", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewRNN(r, in, hidden) }},
	{"LSTM", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewLSTM(r, in, hidden).ForgetBias(3) }},
	{"peepholes", func(r *rand.Rand, in, hidden int) nn.Cell { return nn.NewPeepholeLSTM(r, in, hidden).ForgetBias(3) }},
}

func (s *lstmMemory) Run(ctx context.Context, l *Lab) (*Finding, error) {
	numbers := train.Metrics{}
	var rows [][]any
	bars := plot.Bars{Title: "What the nets have learned", X: fmt.Sprintf("share that is right, mean of %d", s.Seeds)}
	var gates image.Image
	for _, problem := range s.problems() {
		for _, cell := range memoryCells {
			var all []float64
			for seed := range s.Seeds {
				net, solved, err := s.train(ctx, l, problem, cell.make, seed)
				if err != nil {
					return nil, err
				}
				all = append(all, solved)
				rows = append(rows, []any{problem.name, cell.name, seed, solved})
				if problem.name == "adding" && cell.name == "LSTM" && gates == nil {
					if gates, err = s.gates(l, net); err != nil {
						return nil, err
					}
				}
			}
			m, _ := metric.MeanStd(all)
			numbers[problem.name+"/"+cell.name] = m
			bars.Labels, bars.Values = append(bars.Labels, problem.name+", "+cell.name), append(bars.Values, m)
			l.Say("%-10s %-10s %.3f right\n", problem.name, cell.name, m)
		}
	}
	below, err := bars.Image(900)
	if err != nil {
		return nil, err
	}
	if err := plot.WritePNG(l.Folder.Path("lstm-memory.png"), plot.Stack(1, gates, below)); err != nil {
		return nil, err
	}
	if err := l.Table("lstm-memory.csv", []string{"problem", "net", "seed", "right"}, rows); err != nil {
		return nil, err
	}
	at := func(problem, net string) float64 { return numbers[problem+"/"+net] }
	return &Finding{
		Claim: "An LSTM adds numbers that lie far apart and repeats letters after a pause where an Elman net does not; to strike at equal intervals, " +
			"peepholes help, by which its gates see its cells.",
		Protocol: fmt.Sprintf("Nets of %d units, %d steps of 32 sequences by Adam, %d seeds. Adding: two marked numbers of %d, right to 0.15. Repeating: four "+
			"letters of four kinds after %d steps. Timing: a strike every %d steps, with no input.", s.Units, s.Steps, s.Seeds, s.Length, s.Pause, s.Beat),
		Outcome: fmt.Sprintf("Right are, by the Elman net, the LSTM and that with peepholes: adding %.0f, %.0f and %.0f %% of the sums, repeating %.0f, %.0f and "+
			"%.0f %% of the letters, timing %.1f, %.1f and %.1f %% of the strikes (F1).", 100*at("adding", "Elman"), 100*at("adding", "LSTM"),
			100*at("adding", "peepholes"), 100*at("repeating", "Elman"), 100*at("repeating", "LSTM"), 100*at("repeating", "peepholes"),
			100*at("timing", "Elman"), 100*at("timing", "LSTM"), 100*at("timing", "peepholes")),
		Held: at("adding", "LSTM") > at("adding", "Elman") && at("repeating", "LSTM") > at("repeating", "Elman") &&
			at("timing", "peepholes") > at("timing", "LSTM"),
		Numbers: numbers,
	}, nil
}

// train returns a net that has learned a problem, and how well it solves new sequences.
func (s *lstmMemory) train(
	ctx context.Context, l *Lab, problem memoryProblem, cell func(r *rand.Rand, in, hidden int) nn.Cell, seed int,
) (*remembering, float64, error) {
	r := l.stream("weights", seed)
	net := &remembering{cell(r, problem.in, s.Units), nn.NewLinear(r, s.Units, problem.out)}
	params := nn.Params(net)
	o, cosine := optim.NewAdam(params, s.LR), optim.Cosine{LR: s.LR, Steps: s.Steps}
	random := l.stream("sequences", seed)
	for step := range s.Steps {
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		p := tensor.Training(nil)
		x, want := problem.make(p, random, 32)
		grads := tensor.Grad(problem.loss(net.all(x), want), params...)
		optim.ClipNorm(grads, 1)
		o.SetLR(cosine.At(step))
		o.Step(grads)
		p.End()
	}
	p := tensor.Inference()
	defer p.End()
	x, want := problem.make(p, random, 256)
	return net, problem.solved(net.all(x), want), nil
}

// all returns the outputs of all steps.
func (m *remembering) all(x *tensor.Tensor) *tensor.Tensor {
	y, _ := m.Cell.Run(x, m.Cell.Begin(x.Pass(), x.Dim(0)))
	return m.Output.Forward(y)
}

// gates draws what an LSTM that adds does over one sequence: the marks, and the mean of its gates.
func (s *lstmMemory) gates(l *Lab, net *remembering) (image.Image, error) {
	cell := net.Cell.(*nn.LSTM)
	p := tensor.Inference()
	defer p.End()
	x, _ := s.adding(p, l.stream("drawn", 0), 1)
	y, _ := cell.Run(x, cell.Begin(p, 1))
	before := y.Slice(1, 0, s.Length-1).Pad(1, 1, 0) // the hidden state before every step
	parts := x.Linear(cell.WeightIH, cell.BiasIH).Add(before.Linear(cell.WeightHH, cell.BiasHH)).Chunk(-1, 4)
	chart := plot.Chart{Title: "Gates of an LSTM that adds the marked numbers, mean over its units", X: "step", Y: "gate"}
	add := func(name string, values []tensor.Float, each int) {
		series := plot.Series{Name: name}
		for t := range s.Length {
			sum := 0.0
			for _, v := range values[t*each : (t+1)*each] {
				sum += float64(v)
			}
			series.X, series.Y = append(series.X, float64(t)), append(series.Y, sum/float64(each))
		}
		chart.Series = append(chart.Series, series)
	}
	add("input", parts[0].Sigmoid().Data(), s.Units)
	add("forget", parts[1].Sigmoid().Data(), s.Units)
	add("output", parts[3].Sigmoid().Data(), s.Units)
	add("mark", x.Slice(2, 1, 2).Data(), 1)
	return chart.Image(900, 400)
}
