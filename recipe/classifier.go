package recipe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/imagefolder"
	"github.com/hadal-go/hadal/data/mnist"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// ClassifierSettings are the settings of every recipe that classifies pictures.
type ClassifierSettings struct {
	Epochs         int     `yaml:"epochs" help:"passes over the training set"`
	Batch          int     `yaml:"batch" help:"examples a step"`
	LR             float64 `yaml:"lr" help:"learning rate, the greatest of the schedule"`
	Optimizer      string  `yaml:"optimizer" oneof:"sgd adam adamw" help:"method"`
	Momentum       float64 `yaml:"momentum" help:"of sgd"`
	Nesterov       bool    `yaml:"nesterov" help:"look ahead along the momentum, of sgd"`
	WeightDecay    float64 `yaml:"weight_decay" help:"pull of the weights towards zero"`
	Schedule       string  `yaml:"schedule" oneof:"constant step cosine one-cycle" help:"course of the learning rate"`
	Warmup         float64 `yaml:"warmup" help:"epochs in which the learning rate rises first; one-cycle has a rise of its own"`
	Clip           float64 `yaml:"clip" help:"greatest norm of the gradient; 0 is any"`
	LabelSmoothing float64 `yaml:"label_smoothing" help:"share of the target spread over all classes"`
	Augment        string  `yaml:"augment" oneof:"none affine flip" help:"changes of the training pictures"`
	Validation     int     `yaml:"validation" help:"training examples kept back to choose the best weights by"`
	Fraction       float64 `yaml:"fraction" help:"part of the training set that is used"`
}

func (s *ClassifierSettings) check() error {
	for _, c := range []struct {
		ok   bool
		what string
	}{
		{s.Epochs >= 1, fmt.Sprintf("epochs=%d: there must be one at least", s.Epochs)},
		{s.Batch >= 1, fmt.Sprintf("batch=%d: there must be one example at least", s.Batch)},
		{s.LR > 0 && !math.IsInf(s.LR, 0), fmt.Sprintf("lr=%g: it must be positive", s.LR)},
		{s.Momentum >= 0 && s.Momentum < 1, fmt.Sprintf("momentum=%g: it must be in [0, 1)", s.Momentum)},
		{!s.Nesterov || s.Momentum > 0, "nesterov=true: it needs a momentum"},
		{s.WeightDecay >= 0, fmt.Sprintf("weight_decay=%g: it must not be negative", s.WeightDecay)},
		{s.Warmup >= 0 && s.Warmup <= float64(s.Epochs), fmt.Sprintf("warmup=%g: it must lie in 0 to epochs", s.Warmup)},
		{s.Clip >= 0, fmt.Sprintf("clip=%g: it must not be negative", s.Clip)},
		{s.LabelSmoothing >= 0 && s.LabelSmoothing < 1, fmt.Sprintf("label_smoothing=%g: it must be in [0, 1)", s.LabelSmoothing)},
		{s.Fraction > 0 && s.Fraction <= 1, fmt.Sprintf("fraction=%g: it must be in (0, 1]", s.Fraction)},
	} {
		if !c.ok {
			return errors.New(c.what)
		}
	}
	return nil
}

// A Classifier is the job of recipes that classify pictures.
type Classifier struct {
	ClassifierSettings
	Data  string
	Build func(r *rand.Rand, classes int) nn.Layer

	seed                       uint64
	net                        nn.Layer
	card                       card
	training, validation, test *data.Batches
}

// A card is model.json: what predicting needs beside the weights.
type card struct {
	Recipe  string         `json:"recipe"`
	Task    string         `json:"task"`
	Shape   [3]int         `json:"shape"` // height, width and channels of the input
	Mean    []tensor.Float `json:"mean"`  // of the pixels, each channel's as a part of 255
	Std     []tensor.Float `json:"std"`
	Classes []string       `json:"classes"`
}

// Settings implements Job.
func (c *Classifier) Settings() any { return &c.ClassifierSettings }

// Prepare implements Job.
func (c *Classifier) Prepare(ctx context.Context, w Workplace) error {
	if err := c.check(); err != nil {
		return err
	}
	c.seed = w.Seed
	training, test, err := Load(ctx, c.Data, w.Source)
	if err != nil {
		return err
	}
	if c.Validation < 1 || c.Validation >= training.Len() {
		return fmt.Errorf("validation=%d: it must leave some of the %d training examples", c.Validation, training.Len())
	}
	scale, err := data.ScaleOf(training)
	if err != nil {
		return err
	}
	learn, held := data.Split(data.Set[data.Labelled](training), c.Validation, w.Seed)
	if c.Fraction < 1 {
		n := max(1, int(c.Fraction*float64(learn.Len())))
		_, learn = data.Split(learn, n, w.Seed)
	}
	c.card = card{
		Task: "classification", Shape: [3]int{training.H, training.W, training.C}, Mean: scale.Mean, Std: scale.Std,
		Classes: training.Classes(),
	}
	c.training = &data.Batches{
		Set: learn, Size: c.Batch, Shuffle: true, Seed: w.Seed, Scale: scale, Transform: augmentation(c.Augment),
		DropLast: learn.Len() >= c.Batch,
	}
	c.validation = &data.Batches{Set: held, Size: 256, Scale: scale}
	c.test = &data.Batches{Set: test, Size: 256, Scale: scale}
	c.net = c.Build(train.NewStream(w.Seed, "weights").Rand(), len(c.card.Classes))
	return nil
}

// Load finds a named data set of labelled pictures and reads it.
func Load(ctx context.Context, name string, o source.Options) (training, test *data.Pictures, err error) {
	s, err := source.ByName(name)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.Find(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	return mnist.Load(found)
}

func augmentation(name string) data.Transform {
	switch name {
	case "affine":
		return data.Affine{Degrees: 8, Scale: .08, Shift: 1.5}
	case "flip":
		return data.Flip{}
	}
	return nil
}

// Model implements Job.
func (c *Classifier) Model() (nn.Layer, []int) {
	return c.net, append([]int{c.Batch}, c.card.Shape[:]...)
}

// loss is that of training; judging leaves the smoothing out.
func (c *Classifier) loss(scores *tensor.Tensor, labels []int) *tensor.Tensor {
	return nn.CrossEntropyLoss{Smoothing: tensor.Float(c.LabelSmoothing)}.Loss(scores, labels)
}

// Loss implements Job.
func (c *Classifier) Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error) {
	for batch, err := range c.training.Epoch(0, 0) {
		if err != nil {
			return nil, 0, 0, err
		}
		return c.loss(c.net.Forward(p.Input(batch.Images)), batch.Labels), c.training.Len(), c.Epochs, nil
	}
	return nil, 0, 0, errors.New("the training set is empty")
}

// supervised puts the training together.
func (c *Classifier) supervised() (*train.Supervised, error) {
	s := &train.Supervised{
		State:    train.State{Model: c.net, Random: train.NewStream(c.seed, "dropout")},
		Loss:     c.loss,
		Training: c.training, Validation: c.validation,
		Clip: c.Clip, Epochs: c.Epochs,
	}
	params := nn.Params(c.net)
	switch c.Optimizer {
	case "sgd":
		o := optim.NewSGD(params, c.LR, c.Momentum)
		o.Nesterov, o.Decay = c.Nesterov, c.WeightDecay
		s.Optimizer = o
	case "adam":
		o := optim.NewAdam(params, c.LR)
		o.Decay = c.WeightDecay
		s.Optimizer = o
	case "adamw":
		o := optim.NewAdamW(params, c.LR)
		o.Decay = c.WeightDecay
		s.Optimizer = o
	}
	per := c.training.Len()
	steps, warm := c.Epochs*per, int(c.Warmup*float64(per))
	switch c.Schedule {
	case "constant":
		s.Schedule = optim.Constant{LR: c.LR}
	case "step":
		s.Schedule = optim.Stairs{LR: c.LR, Every: max(1, (steps-warm)/3), Factor: .1}
	case "cosine":
		s.Schedule = optim.Cosine{LR: c.LR, Steps: steps - warm}
	case "one-cycle":
		s.Schedule = optim.OneCycle{Max: c.LR, Steps: steps}
		warm = 0
	}
	if warm > 0 {
		s.Schedule = optim.WarmUp{Steps: warm, Then: s.Schedule}
	}
	return s, nil
}

// Train implements Job.
func (c *Classifier) Train(ctx context.Context, run *train.Run, console *train.Console, resume bool) (train.Metrics, error) {
	s, err := c.supervised()
	if err != nil {
		return nil, err
	}
	if resume {
		if err := s.Resume(run); err != nil {
			return nil, err
		}
	} else if err := c.open(run); err != nil {
		return nil, err
	}
	if err := s.Run(ctx, run, console); err != nil {
		return nil, err
	}
	if err := run.LoadWeights("best", c.net); err != nil {
		return nil, err
	}
	outcome, err := train.Evaluate(c.net, c.test, nn.CrossEntropy)
	if err != nil {
		return nil, err
	}
	m := outcome.Metrics("test/")
	m["val/accuracy"], m["best/epoch"], m["epochs"], m["seconds"] = s.Best, float64(s.BestEpoch), float64(s.Epoch), s.Seconds
	if err := c.draw(run, outcome); err != nil {
		return nil, err
	}
	if err := run.WriteJSON("metrics.json", m); err != nil {
		return nil, err
	}
	return m, run.Event("done", s.Step, train.Fields{"metrics": m})
}

// open leaves in a new run what is known before the first step: the model's card, a labelled batch, and examples to predict on.
func (c *Classifier) open(run *train.Run) error {
	if err := run.WriteJSON("model.json", c.card); err != nil {
		return err
	}
	if err := train.DrawBatch(run.Path("train_batch.png"), c.training, c.card.Classes); err != nil {
		return err
	}
	return c.examples(run)
}

// examples writes the first two test pictures of each class, named by class and number.
func (c *Classifier) examples(run *train.Run) error {
	const each = 2
	written := make([]int, len(c.card.Classes))
	for i := range c.test.Set.Len() {
		e, err := c.test.Set.At(i)
		if err != nil {
			return err
		}
		if written[e.Label] == each {
			continue
		}
		written[e.Label]++
		name := fmt.Sprintf("%s-%04d.png", fileName(c.card.Classes[e.Label]), i)
		if err := plot.WritePNG(run.Path("examples", name), e.Picture.Image()); err != nil {
			return err
		}
		if !slices.ContainsFunc(written, func(n int) bool { return n < each }) {
			break
		}
	}
	return nil
}

// fileName makes a class's name one that every file system takes.
func fileName(class string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '_'
		}
		return r
	}, class)
}

// draw leaves the pictures that show what the network got right and wrong on the test set.
func (c *Classifier) draw(run *train.Run, o *train.Outcome) error {
	return train.DrawOutcome(run, o, c.test.Set, c.card.Classes)
}

// Evaluate implements Job.
func (c *Classifier) Evaluate(ctx context.Context, run *train.Run, folder string) (train.Metrics, error) {
	if err := c.load(run); err != nil {
		return nil, err
	}
	batches := c.test
	if folder != "" {
		set, err := imagefolder.Open(folder, imagefolder.Options{Channels: c.card.Shape[2]})
		if err != nil {
			return nil, err
		}
		if set, err = set.As(c.card.Classes); err != nil {
			return nil, err
		}
		batches = &data.Batches{Set: digits{set}, Size: 256, Scale: c.test.Scale}
	}
	outcome, err := train.Evaluate(c.net, batches, nn.CrossEntropy)
	if err != nil {
		return nil, err
	}
	return outcome.Metrics("test/"), nil
}

// load reads card and best weights of a run.
func (c *Classifier) load(run *train.Run) error {
	if err := run.ReadJSON("model.json", &c.card); err != nil {
		return err
	}
	c.net = c.Build(train.NewStream(0, "weights").Rand(), len(c.card.Classes)) // all of it is overwritten
	return run.LoadWeights("best", c.net)
}

// Predict implements Job.
func (c *Classifier) Predict(ctx context.Context, run *train.Run, inputs []Input, answer func(Answer) error) error {
	if err := c.load(run); err != nil {
		return err
	}
	for _, in := range inputs {
		if ctx.Err() != nil {
			return train.ErrInterrupted
		}
		a, err := c.predict(in)
		if err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
		if err := answer(a); err != nil {
			return err
		}
	}
	return nil
}

func (c *Classifier) predict(in Input) (Answer, error) {
	r, err := in.Open()
	if err != nil {
		return Answer{}, err
	}
	defer r.Close()
	img, err := data.DecodeImage(r)
	if err != nil {
		return Answer{}, err
	}
	picture, err := data.Digit(img)
	if err != nil {
		return Answer{}, err
	}
	x, err := data.Scale{Mean: c.card.Mean, Std: c.card.Std}.Tensor(picture)
	if err != nil {
		return Answer{}, err
	}
	p := tensor.Inference()
	defer p.End()
	probabilities := c.net.Forward(p.Input(x)).Softmax()
	a := Answer{Input: in.Name, Image: picture.Image()}
	for _, class := range probabilities.TopK(probabilities.Len()) {
		a.Scores = append(a.Scores, ClassScore{c.card.Classes[class], float64(probabilities.Data()[class])})
	}
	return a, nil
}
