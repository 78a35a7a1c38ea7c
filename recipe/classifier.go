package recipe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/augment"
	"github.com/hadal-go/hadal/data/cifar"
	"github.com/hadal-go/hadal/data/mnist"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// ClassifierSettings are the settings of every recipe that classifies pictures.
type ClassifierSettings struct {
	Epochs         int     `yaml:"epochs" help:"passes over the training set"`
	Batch          int     `yaml:"batch" help:"examples a step" fixed:"true"`
	LR             float64 `yaml:"lr" auto:"true" help:"learning rate, the greatest of the schedule; auto finds one"`
	Optimizer      string  `yaml:"optimizer" oneof:"adadelta adafactor adagrad adam adamax adamw amsgrad lamb lion muon nadam radam rmsprop sgd" help:"method" fixed:"true"`
	Momentum       float64 `yaml:"momentum" help:"of sgd"`
	Nesterov       bool    `yaml:"nesterov" help:"look ahead along the momentum, of sgd"`
	WeightDecay    float64 `yaml:"weight_decay" help:"pull of the weights towards zero"`
	Schedule       string  `yaml:"schedule" oneof:"constant step exponential linear cosine restarts cyclic one-cycle inverse-sqrt plateau" help:"course of the learning rate"`
	Warmup         float64 `yaml:"warmup" help:"epochs in which the learning rate rises first; one-cycle has a rise of its own"`
	Clip           float64 `yaml:"clip" help:"greatest norm of the gradient; 0 is any"`
	Lookahead      bool    `yaml:"lookahead" help:"let the method run five steps ahead, and go half of the way" fixed:"true"`
	Average        string  `yaml:"average" oneof:"none ema swa" help:"mean of the weights that is judged and kept" fixed:"true"`
	Accumulate     int     `yaml:"accumulate" help:"batches whose gradients make one step" fixed:"true"`
	Noise          float64 `yaml:"noise" help:"scale of the noise added to gradients, which fades; 0 is none"`
	LabelSmoothing float64 `yaml:"label_smoothing" help:"share of the target spread over all classes"`
	Augment        string  `yaml:"augment" help:"changes of the training pictures, such as crop+flip or randaugment(2,9); data preview draws them"`
	Validation     int     `yaml:"validation" help:"training examples kept back to choose the best weights by" fixed:"true"`
	Fraction       float64 `yaml:"fraction" help:"part of the training set that is used" fixed:"true"`
}

func (s *ClassifierSettings) check() error {
	if err := firstBroken([]rule{
		{s.Epochs >= 1, "epochs", s.Epochs, "there must be one at least"},
		{s.Batch >= 1, "batch", s.Batch, "there must be one example at least"},
		{s.LR > 0 && !math.IsInf(s.LR, 0) || math.IsNaN(s.LR), "lr", s.LR, "it must be positive"},
		{s.Momentum >= 0 && s.Momentum < 1, "momentum", s.Momentum, "it must be in [0, 1)"},
		{!s.Nesterov || s.Momentum > 0, "nesterov", s.Nesterov, "it needs a momentum"},
		{s.WeightDecay >= 0, "weight_decay", s.WeightDecay, "it must not be negative"},
		{s.Warmup >= 0 && s.Warmup <= float64(s.Epochs), "warmup", s.Warmup, "it must lie in 0 to epochs"},
		{s.Clip >= 0, "clip", s.Clip, "it must not be negative"},
		{s.Accumulate >= 1, "accumulate", s.Accumulate, "there must be one batch at least"},
		{s.Noise >= 0 && !math.IsInf(s.Noise, 0), "noise", s.Noise, "it must not be negative"},
		{s.LabelSmoothing >= 0 && s.LabelSmoothing < 1, "label_smoothing", s.LabelSmoothing, "it must be in [0, 1)"},
		{s.Fraction > 0 && s.Fraction <= 1, "fraction", s.Fraction, "it must be in (0, 1]"},
	}); err != nil {
		return err
	}
	if _, err := augment.Parse(s.Augment, augment.Colour{}); err != nil {
		return &BadSetting{"augment", s.Augment, err.Error()}
	}
	return nil
}

// A Classifier is the job of recipes that classify pictures.
type Classifier struct {
	ClassifierSettings
	Data  string
	Build func(r *rand.Rand, classes int) nn.Layer
	Form  form // of the user's own pictures
	// Shrink, if above 1, is how many rows and as many columns of pixels are averaged to one.
	Shrink int

	classification

	seed     uint64
	training *data.Batches
	loop     *train.Supervised // that of a run which is resumed
	search   *train.RateSearch // where the learning rate came from; nil: it was given
}

// network returns the network of a run, all of whose weights are to be read.
func (c *Classifier) network(k card) (nn.Layer, intake, error) {
	return c.Build(train.NewStream(0, "weights").Rand(), len(k.Classes)), intake{form: c.Form}, nil
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
	if c.Shrink > 1 {
		c.examples = test
		training, test = training.Averaged(c.Shrink), test.Averaged(c.Shrink)
	}
	if c.Validation < 1 || c.Validation >= training.Len() {
		return &BadSetting{"validation", fmt.Sprint(c.Validation),
			fmt.Sprintf("there must be one at least, and some of the %d training examples must be left", training.Len())}
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
	if c.Batch > learn.Len() {
		return &BadSetting{"batch", fmt.Sprint(c.Batch), fmt.Sprintf("a batch is more than there is to train on: %d", learn.Len())}
	}
	c.card = card{
		Recipe: w.Recipe, Task: "classification", Shape: [3]int{training.H, training.W, training.C}, Mean: scale.Mean, Std: scale.Std,
		Classes: training.Classes(),
	}
	plan, err := augment.Parse(c.Augment, augment.MeanColour(scale))
	if err != nil {
		return err
	}
	c.training = &data.Batches{
		Set: learn, Size: c.Batch, Shuffle: true, Seed: w.Seed, Scale: scale, Transform: plan.Transform, Mix: plan.Mix,
		DropLast: true,
	}
	c.validation, c.test = c.judging(held), c.judging(test)
	c.net = c.Build(train.NewStream(w.Seed, "weights").Rand(), len(c.card.Classes))
	if math.IsNaN(c.LR) {
		return c.findRate(ctx)
	}
	return nil
}

// findRate searches a learning rate with a network of its own, so that the search leaves nothing behind but the number.
func (c *Classifier) findRate(ctx context.Context) error {
	c.LR = 1 // the search sets its own
	trial := *c
	trial.net = c.Build(train.NewStream(c.seed, "weights").Rand(), len(c.card.Classes))
	search, err := trial.supervised().SearchRate(ctx)
	if err != nil {
		return err
	}
	c.search, c.LR = search, search.Found
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
	return Read(found)
}

// Read reads a located data set of labelled pictures.
func Read(found source.Located) (training, test *data.Pictures, err error) {
	what := ""
	switch s := found.Source; {
	case s.Raw:
		return nil, nil, fmt.Errorf("%s has no labelled pictures as it stands; hadal study transfer cuts some out of it", s.Name)
	case s.Text:
		what = "text"
	case s.Music:
		what = "music"
	case s.Series:
		what = "series of measurements"
	}
	if what != "" {
		return nil, nil, fmt.Errorf("%s is a set of %s, not of labelled pictures", found.Source.Name, what)
	}
	switch found.Source.Name {
	case "cifar10", "cifar100":
		return cifar.Load(found)
	}
	return mnist.Load(found)
}

// loss is that of training; judging leaves the smoothing out.
func (c *Classifier) loss() nn.CrossEntropyLoss {
	return nn.CrossEntropyLoss{Smoothing: tensor.Float(c.LabelSmoothing)}
}

// Model implements Job.
func (c *Classifier) Model() (nn.Layer, []int) {
	return c.net, append([]int{c.Batch}, c.card.Shape[:]...)
}

// Loss implements Job.
func (c *Classifier) Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error) {
	return firstLoss(p, c.net, c.loss(), c.training, c.Epochs)
}

// firstLoss returns what Job's Loss does.
func firstLoss(p *tensor.Pass, net nn.Layer, l nn.CrossEntropyLoss, training *data.Batches, of int) (
	loss *tensor.Tensor, steps, epochs int, err error,
) {
	for batch, err := range training.Epoch(0, 0) {
		if err != nil {
			return nil, 0, 0, err
		}
		s := train.Supervised{Loss: l.Loss, Soft: l.Soft}
		return s.LossOf(net.Forward(p.Input(batch.Images)), batch), training.Len(), of, nil
	}
	return nil, 0, 0, errors.New("the training set is empty")
}

// emaDecay is what a running mean of the weights keeps at each step: it is over about 500 of them.
const emaDecay = 0.998

// supervised puts the training together.
func (c *Classifier) supervised() *train.Supervised {
	s := &train.Supervised{
		Fitting: train.Fitting{
			State: train.State{Model: c.net, Random: train.NewStream(c.seed, "dropout")},
			Clip:  c.Clip, Noise: c.Noise, Accumulate: c.Accumulate, Epochs: c.Epochs,
		},
		Loss: c.loss().Loss, Soft: c.loss().Soft,
		Training: c.training, Validation: c.validation,
	}
	params := nn.Params(c.net)
	s.Optimizer = c.method(params)
	switch c.Average {
	case "ema":
		s.Average = optim.NewEMA(weights(c.net), emaDecay)
		s.Average.WarmUp = true
	case "swa":
		s.Average = optim.NewSWA(weights(c.net))
	}
	if c.Accumulate > 1 {
		s.Sums = optim.NewAccumulator(params)
	}
	per := c.training.Len()
	steps, warm := c.Epochs*per, int(c.Warmup*float64(per))
	switch c.Schedule {
	case "constant":
		s.Schedule = optim.Constant{LR: c.LR}
	case "step":
		s.Schedule = optim.Stairs{LR: c.LR, Every: max(1, (steps-warm)/3), Factor: .1}
	case "exponential": // to a hundredth
		s.Schedule = optim.Exponential{LR: c.LR, Factor: math.Pow(.01, 1/float64(steps-warm+1))}
	case "linear":
		s.Schedule = optim.Polynomial{LR: c.LR, Steps: steps - warm}
	case "cosine":
		s.Schedule = optim.Cosine{LR: c.LR, Steps: steps - warm}
	case "restarts": // of one epoch, then twice as long each
		s.Schedule = optim.Restarts{LR: c.LR, First: per, Factor: 2}
	case "cyclic": // Smith's advice: up in two epochs, and half as high each time
		s.Schedule = optim.Triangular{Low: c.LR / 10, High: c.LR, Up: 2 * per, Height: .5}
	case "inverse-sqrt":
		s.Schedule = optim.InverseSqrt{LR: c.LR, Steps: max(warm, per)}
	case "plateau":
		s.Schedule = optim.Constant{LR: c.LR}
		s.Plateau = optim.NewPlateau(1)
		s.Plateau.Patience = 1
	case "one-cycle":
		s.Schedule = optim.OneCycle{Max: c.LR, Steps: steps}
		warm = 0
	}
	if warm > 0 {
		s.Schedule = optim.WarmUp{Steps: warm, Then: s.Schedule}
	}
	return s
}

// method is what the settings say of the optimizer.
func (c *Classifier) method(params []*tensor.Tensor) optim.Optimizer {
	m := optim.MethodNamed(c.Optimizer).New(params, optim.Settings{
		LR: c.LR, Momentum: c.Momentum, Nesterov: c.Nesterov, Decay: c.WeightDecay,
	})
	if c.Lookahead {
		m = optim.NewLookahead(params, m)
	}
	return m
}

// weights are all tensors of a network, running statistics among them.
func weights(net nn.Layer) (all []*tensor.Tensor) {
	for l := range nn.Leaves(net) {
		all = append(all, l.Tensor)
	}
	return all
}

// Resume implements Job.
func (c *Classifier) Resume(run *train.Run) error {
	c.loop = c.supervised()
	return resume(&c.loop.Fitting, run)
}

// resume takes up the last state of a run.
func resume(s *train.Fitting, run *train.Run) error {
	if err := s.Resume(run); err != nil {
		return err
	}
	if s.Epochs < s.Epoch {
		return &BadSetting{"epochs", fmt.Sprint(s.Epochs), fmt.Sprintf("the run has done %d already", s.Epoch)}
	}
	var m train.Metrics
	if s.Epochs == s.Epoch && run.ReadJSON("metrics.json", &m) == nil && m["steps"] == float64(s.Step) {
		return train.ErrFinished
	}
	return nil
}

// Train implements Job.
func (c *Classifier) Train(ctx context.Context, run *train.Run, console *train.Console) (train.Metrics, error) {
	s := c.loop
	if s == nil {
		s = c.supervised()
	}
	if c.search != nil {
		if err := c.search.Report(run); err != nil {
			return nil, err
		}
	}
	if err := c.open(run, c.training); err != nil {
		return nil, err
	}
	m, err := c.fit(ctx, run, console, s)
	if err != nil {
		return nil, err
	}
	return m, run.WriteJSON("metrics.json", m)
}
