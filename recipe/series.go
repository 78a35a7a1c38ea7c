package recipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data/ucr"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// SeriesSettings are the settings of a classifier of series of measurements.
type SeriesSettings struct {
	Series      string  `yaml:"series" help:"the problem of the archive" oneof:"ArrowHead BasicMotions GunPoint ItalyPowerDemand JapaneseVowels OSULeaf" fixed:"true"`
	Hidden      int     `yaml:"hidden" help:"units of a recurrent layer in each direction, or channels of a TCN" fixed:"true"`
	Levels      int     `yaml:"levels" help:"recurrent layers, or blocks of a TCN, each of which sees twice as far" fixed:"true"`
	Kernel      int     `yaml:"kernel" help:"taps of a TCN's convolutions" fixed:"true"`
	Dropout     float64 `yaml:"dropout" help:"part of the features that is left out while learning"`
	Epochs      int     `yaml:"epochs" help:"passes over the training series"`
	Batch       int     `yaml:"batch" help:"series a step" fixed:"true"`
	LR          float64 `yaml:"lr" help:"learning rate, the greatest of a cycle"`
	WeightDecay float64 `yaml:"weight_decay" help:"pull of the weights towards zero"`
	Clip        float64 `yaml:"clip" help:"greatest norm of the gradient; 0 is any"`
}

func (s *SeriesSettings) check() error {
	return firstBroken([]rule{
		{s.Hidden >= 1, "hidden", s.Hidden, "there must be one unit at least"},
		{s.Levels >= 1 && s.Levels <= 16, "levels", s.Levels, "it must lie in 1 to 16"},
		{s.Kernel >= 2, "kernel", s.Kernel, "there must be two taps at least"},
		{s.Dropout >= 0 && s.Dropout < 1, "dropout", s.Dropout, "it must be in [0, 1)"},
		{s.Epochs >= 1, "epochs", s.Epochs, "there must be one at least"},
		{s.Batch >= 1, "batch", s.Batch, "there must be one series at least"},
		{s.LR > 0 && !math.IsInf(s.LR, 0), "lr", s.LR, "it must be positive"},
		{s.WeightDecay >= 0, "weight_decay", s.WeightDecay, "it must not be negative"},
		{s.Clip >= 0, "clip", s.Clip, "it must not be negative"},
	})
}

// A Series is the job that trains a classifier on a problem of the UCR and UEA archives. No series are kept back, since some problems have
// but a few: the best epoch is that of the lowest loss on the training series, as with Wang, Yan and Oates 2017,
// https://arxiv.org/abs/1611.06455.
type Series struct {
	SeriesSettings
	kind string // lstm or tcn

	seed           uint64
	training, test *ucr.Set
	net            nn.Layer
	card           seriesCard
	loop           *train.Supervised // that of a run which is resumed
}

// A seriesCard is model.json: what predicting needs beside the weights.
type seriesCard struct {
	Recipe  string         `json:"recipe"`
	Task    string         `json:"task"`
	Mean    []tensor.Float `json:"mean"` // of each feature
	Std     []tensor.Float `json:"std"`
	Steps   int            `json:"steps"` // of the longest training series
	Classes []string       `json:"classes"`
	Network SeriesSettings `json:"network"`
}

// seriesJob returns a job with the settings that serve some hundred series.
func seriesJob(kind string) *Series {
	j := &Series{kind: kind, SeriesSettings: SeriesSettings{
		Series: "GunPoint", Hidden: 64, Levels: 1, Kernel: 7, Epochs: 300, Batch: 8, LR: .003, Clip: 1,
	}}
	if kind == "tcn" {
		j.Hidden, j.Levels, j.Dropout, j.Epochs, j.Batch, j.LR, j.WeightDecay = 32, 6, .1, 100, 16, .004, .01
	}
	return j
}

// Settings implements Job.
func (j *Series) Settings() any { return &j.SeriesSettings }

// Prepare implements Job.
func (j *Series) Prepare(ctx context.Context, w Workplace) error {
	if err := j.check(); err != nil {
		return err
	}
	j.seed = w.Seed
	if err := j.read(ctx, w); err != nil {
		return err
	}
	if j.Batch > len(j.training.Series) {
		return &BadSetting{"batch", fmt.Sprint(j.Batch), fmt.Sprintf("there are %d series to train on", len(j.training.Series))}
	}
	scale := ucr.ScaleOf(j.training)
	j.card = seriesCard{
		Recipe: w.Recipe, Task: "series", Mean: scale.Mean, Std: scale.Std, Classes: j.training.Classes, Network: j.SeriesSettings,
	}
	for _, s := range j.training.Series {
		j.card.Steps = max(j.card.Steps, s.Steps)
	}
	j.net = j.build(train.NewStream(w.Seed, "weights").Rand())
	w.note("data", "%s: %d series to learn from, %d to test on, of %d steps at most and %d features, in %d classes", j.SeriesSettings.Series,
		len(j.training.Series), len(j.test.Series), j.card.Steps, len(scale.Mean), len(j.card.Classes))
	return nil
}

func (j *Series) read(ctx context.Context, w Workplace) error {
	found, err := find(ctx, "ucr", w.Source)
	if err != nil {
		return err
	}
	j.training, j.test, err = ucr.Load(found, j.SeriesSettings.Series)
	return err
}

// build makes the network that the card describes.
func (j *Series) build(r *rand.Rand) nn.Layer {
	s, in, classes := j.card.Network, len(j.card.Mean), len(j.card.Classes)
	if j.kind == "tcn" {
		return sequence.Marked{Net: sequence.NewTCNClassifier(r, in, slices.Repeat([]int{s.Hidden}, s.Levels), s.Kernel, tensor.Float(s.Dropout), classes)}
	}
	size := nn.StackSize{In: in, Hidden: s.Hidden, Layers: s.Levels, Bidirectional: true, Dropout: tensor.Float(s.Dropout)}
	m := openGates(sequence.NewClassifier(r, j.kind, size, classes))
	m.Mean = true // what tells the classes apart may be anywhere
	return sequence.Marked{Net: m}
}

// openGates has the forget gates of LSTMs begin open (Jozefowicz, Zaremba and Sutskever 2015).
func openGates(m *sequence.Classifier) *sequence.Classifier {
	for l := range nn.Find[*nn.LSTM](m.RNN) {
		l.ForgetBias(1)
	}
	return m
}

func (j *Series) scale() ucr.Scale { return ucr.Scale{Mean: j.card.Mean, Std: j.card.Std} }

func (j *Series) batches() *ucr.Batches {
	return &ucr.Batches{Set: j.training, Size: j.Batch, Shuffle: true, Seed: j.seed, Scale: j.scale()}
}

// judging are the batches by which the network is judged on a set.
func (j *Series) judging(set *ucr.Set) *ucr.Batches {
	const most = 64
	return &ucr.Batches{Set: set, Size: most, Scale: j.scale()}
}

// Model implements Job.
func (j *Series) Model() (nn.Layer, []int) {
	return j.net, []int{j.Batch, j.card.Steps, len(j.card.Mean) + 1}
}

// Loss implements Job.
func (j *Series) Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error) {
	s := j.batches()
	for b, err := range s.Epoch(0, 0) {
		if err != nil {
			return nil, 0, 0, err
		}
		return nn.CrossEntropy(j.net.Forward(p.Input(b.Images)), b.Labels), s.Len(), j.Epochs, nil
	}
	return nil, 0, 0, errors.New("there is no series to train on")
}

// supervised puts the training together. The epochs are short: they are saved every few seconds.
func (j *Series) supervised() *train.Supervised {
	s, method := j.batches(), optim.NewAdamW(nn.Params(j.net), j.LR)
	method.Decay = j.WeightDecay
	return &train.Supervised{
		Fitting: train.Fitting{
			State:    train.State{Model: j.net, Optimizer: method, Random: train.NewStream(j.seed, "dropout")},
			Schedule: optim.OneCycle{Max: j.LR, Steps: j.Epochs * s.Len()},
			Clip:     j.Clip, Epochs: j.Epochs, ByLoss: true, SaveRest: seriesRest,
		},
		Loss: nn.CrossEntropy, Training: s, Validation: j.judging(j.training),
	}
}

// Resume implements Job.
func (j *Series) Resume(run *train.Run) error {
	j.loop = j.supervised()
	return resume(&j.loop.Fitting, run)
}

// Train implements Job.
func (j *Series) Train(ctx context.Context, run *train.Run, console *train.Console) (train.Metrics, error) {
	s := j.loop
	if s == nil {
		s = j.supervised()
	}
	if err := run.WriteJSON("model.json", j.card); err != nil {
		return nil, err
	}
	if err := j.writeExamples(run); err != nil {
		return nil, err
	}
	if err := s.Run(ctx, run, console); err != nil {
		return nil, err
	}
	if err := run.LoadWeights("best", j.net); err != nil {
		return nil, err
	}
	o, err := train.Evaluate(j.net, j.judging(j.test), nn.CrossEntropy)
	if err != nil {
		return nil, err
	}
	if err := j.draw(run, o); err != nil {
		return nil, err
	}
	m := o.Metrics("test/")
	m["best/epoch"], m["epochs"], m["steps"], m["seconds"] = float64(s.BestEpoch), float64(s.Epoch), float64(s.Step), s.Seconds
	return m, run.WriteJSON("metrics.json", m)
}

// Report implements Job.
func (j *Series) Report(run *train.Run, m train.Metrics) Report {
	return Report{
		Result: fmt.Sprintf("test accuracy on %s %.2f %% (95 %% interval %.2f to %.2f), loss %.4f, by the weights of epoch %.0f\n"+
			"Published: %.1f %% by the nearest neighbour with dynamic time warping.",
			j.SeriesSettings.Series, 100*m["test/accuracy"], 100*m["test/accuracy/low"], 100*m["test/accuracy/high"], m["test/loss"],
			m["best/epoch"], 100*published[j.SeriesSettings.Series]),
		Left: "the weights, the curves, and pictures of the series and of what was taken for what.",
		Next: [][]string{{"predict", ThisRun, run.Path("examples", j.exampleName(0))}, {"eval", ThisRun}},
	}
}

// Evaluate implements Job. Data of the user's own are a .ts file.
func (j *Series) Evaluate(ctx context.Context, run *train.Run, own Own) (train.Metrics, error) {
	if err := j.load(run); err != nil {
		return nil, err
	}
	set := j.test
	if own.Folder != "" {
		f, err := os.Open(own.Folder)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if set, err = ucr.Read(f); err != nil {
			return nil, fmt.Errorf("%s: %w", own.Folder, err)
		}
		if set.Features != len(j.card.Mean) || !slices.Equal(set.Classes, j.card.Classes) {
			return nil, fmt.Errorf("%s has %d features and the classes %s, the network %d and %s", own.Folder, set.Features,
				strings.Join(set.Classes, ", "), len(j.card.Mean), strings.Join(j.card.Classes, ", "))
		}
	}
	o, err := train.Evaluate(j.net, j.judging(set), nn.CrossEntropy)
	if err != nil {
		return nil, err
	}
	return o.Metrics("test/"), nil
}

// load reads card and best weights of a run.
func (j *Series) load(run *train.Run) error {
	err := run.ReadJSON("model.json", &j.card)
	if err == nil {
		err = j.card.Network.check()
	}
	if n := len(j.card.Mean); err == nil && (n == 0 || len(j.card.Std) != n || len(j.card.Classes) < 2) {
		err = errors.New("it has no classes, or not a mean and a std for each feature")
	}
	if err != nil {
		return &train.Damaged{Path: run.Path("model.json"), Err: err, Help: cardHelp}
	}
	j.net = j.build(train.NewStream(0, "weights").Rand())
	return run.LoadWeights("best", j.net)
}

// Predict implements Job: the class of a series, the first line of a file.
func (j *Series) Predict(ctx context.Context, run *train.Run, inputs []Input, answer func(Answer) error) error {
	if err := j.load(run); err != nil {
		return err
	}
	var unread []error
	for _, in := range inputs {
		if err := ctx.Err(); err != nil {
			return err
		}
		series, err := j.readInput(in)
		if err != nil {
			unread = append(unread, fmt.Errorf("%s: %w", in.Name, err))
			continue
		}
		if err := answer(j.answer(in.Name, series)); err != nil {
			return err
		}
	}
	return errors.Join(unread...)
}

func (j *Series) readInput(in Input) (ucr.Series, error) {
	const most = 16 << 20
	f, err := in.Open()
	if err != nil {
		return ucr.Series{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ucr.Series{}, err
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	series, features, err := ucr.Parse(line)
	if err == nil && features != len(j.card.Mean) {
		err = fmt.Errorf("it has %d features, and the network wants %d: values separated by commas, features by colons", features, len(j.card.Mean))
	}
	return series, err
}

func (j *Series) answer(input string, series ucr.Series) Answer {
	p := tensor.Inference()
	defer p.End()
	probabilities := j.net.Forward(p.Input(j.scale().Tensor(series))).Softmax().Data()
	a := Answer{Input: input}
	for i, v := range probabilities {
		a.Scores = append(a.Scores, ClassScore{j.card.Classes[i], float64(v)})
	}
	slices.SortStableFunc(a.Scores, func(a, b ClassScore) int { return cmp.Compare(b.Probability, a.Probability) })
	return a
}
