package recipe

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/augment"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// FineTuneSettings are the settings of the recipe that fine-tunes a network on the user's own pictures. What is auto is set by Prepare.
type FineTuneSettings struct {
	Data           string  `yaml:"data" help:"your pictures: a folder with a folder for each class, an archive of that, or a table (.csv)" fixed:"true"`
	Weights        string  `yaml:"weights" help:"what to begin from: a network that hadal list weights has, a run of yours, none, or auto, the best at hand" fixed:"true"`
	Minutes        float64 `yaml:"minutes" help:"what all may take on two cores: by that go those of side, epochs and the number of pictures that are auto" fixed:"true"`
	Pictures       int     `yaml:"pictures" auto:"true" help:"how many of the pictures are used, at most" fixed:"true"`
	Side           int     `yaml:"side" auto:"true" help:"pixels a side of what the network sees" fixed:"true"`
	Epochs         int     `yaml:"epochs" auto:"true" help:"passes over the training pictures, those of freeze among them"`
	Freeze         int     `yaml:"freeze" auto:"true" help:"epochs in which the head alone is trained, and the body stays as it is" fixed:"true"`
	Batch          int     `yaml:"batch" auto:"true" help:"pictures a step" fixed:"true"`
	LR             float64 `yaml:"lr" auto:"true" help:"learning rate of the head, the greatest of the schedule, once all is trained"`
	HeadLR         float64 `yaml:"head_lr" auto:"true" help:"learning rate while the head alone is trained"`
	LayerDecay     float64 `yaml:"layer_decay" help:"by how much a block learns more slowly than the one behind it"`
	WeightDecay    float64 `yaml:"weight_decay" help:"pull of the weights towards zero"`
	LabelSmoothing float64 `yaml:"label_smoothing" help:"share of the target spread over all classes"`
	Augment        string  `yaml:"augment" help:"changes of the training pictures, such as flip or randaugment(2,9); auto cuts out and mirrors; data preview draws them"`
	Test           float64 `yaml:"test" help:"part of each class that is kept for the test, where data are not divided already" fixed:"true"`
	Broken         string  `yaml:"broken" oneof:"skip refuse" help:"what to do with pictures that cannot be read, and the like" fixed:"true"`
}

func (s *FineTuneSettings) check() error {
	whole := func(n, least int) bool { return n == auto || n >= least }
	positive := func(v float64) bool { return math.IsNaN(v) || v > 0 && !math.IsInf(v, 0) }
	if err := firstBroken([]rule{
		{s.Data != "", "data", s.Data, "name the folder of your pictures, which has a folder for each class: data=photos"},
		{s.Minutes > 0 && s.Minutes <= 1e4, "minutes", s.Minutes, "it must be positive"},
		{whole(s.Pictures, 4), "pictures", s.Pictures, "there must be four at least"},
		{whole(s.Side, 16) && s.Side <= 1024, "side", s.Side, "it must lie in 16 to 1024"},
		{whole(s.Epochs, 1), "epochs", s.Epochs, "there must be one at least"},
		{whole(s.Freeze, 0), "freeze", s.Freeze, "it must not be negative"},
		{s.Epochs == auto || s.Freeze <= s.Epochs, "freeze", s.Freeze, "it must not be more than epochs"},
		{whole(s.Batch, 1), "batch", s.Batch, "there must be one picture at least"},
		{positive(s.LR), "lr", s.LR, "it must be positive"},
		{positive(s.HeadLR), "head_lr", s.HeadLR, "it must be positive"},
		{s.LayerDecay > 0 && s.LayerDecay <= 1, "layer_decay", s.LayerDecay, "it must be in (0, 1]"},
		{s.WeightDecay >= 0, "weight_decay", s.WeightDecay, "it must not be negative"},
		{s.LabelSmoothing >= 0 && s.LabelSmoothing < 1, "label_smoothing", s.LabelSmoothing, "it must be in [0, 1)"},
		{s.Test > 0 && s.Test < 1, "test", s.Test, "it must lie between 0 and 1"},
	}); err != nil {
		return err
	}
	if s.Augment != "auto" {
		if _, err := augment.Parse(s.Augment, augment.Colour{}); err != nil {
			return &BadSetting{"augment", s.Augment, err.Error()}
		}
	}
	return nil
}

// A FineTune is the job that fits a network which others have trained to the user's own pictures: first its new head alone, then all of
// it, the blocks in front more slowly than those behind (Howard and Ruder 2018, https://arxiv.org/abs/1801.06146, sections 3.2 and 3.3).
type FineTune struct {
	FineTuneSettings
	classification

	seed     uint64
	base     base
	own      *own
	training *data.Batches
	loop     *train.Supervised // that of a run which is resumed
}

func newFineTune() *FineTune {
	f := &FineTune{FineTuneSettings: FineTuneSettings{
		Weights: "auto", Minutes: 2, Pictures: auto, Side: auto, Epochs: auto, Freeze: auto, Batch: auto,
		LR: math.NaN(), HeadLR: math.NaN(), LayerDecay: 0.8, WeightDecay: 0.05, LabelSmoothing: 0.1, Augment: "auto", Test: 0.2, Broken: "skip",
	}}
	f.of = f
	return f
}

// Settings implements Job.
func (f *FineTune) Settings() any { return &f.FineTuneSettings }

// network returns the network of a run.
func (f *FineTune) network(k card) (nn.Layer, intake, error) {
	b, err := baseNamed(k.Network)
	if err != nil {
		return nil, intake{}, err
	}
	b.channels = k.Shape[2]
	return b.New(nil, len(k.Classes)), b.intake(k.Short, k.Shape[0]), nil
}

// Prepare implements Job.
func (f *FineTune) Prepare(ctx context.Context, w Workplace) error {
	if err := f.check(); err != nil {
		return err
	}
	f.seed = w.Seed
	strict := f.Broken == "refuse"
	var err error
	if f.own, err = listOwn(ctx, f.Data, strict); err != nil {
		return err
	}
	if f.base, err = chooseBase(ctx, f.Weights, w); err != nil {
		return err
	}
	f.Weights = f.base.name(f.Weights)
	shape, t, err := f.fix(w)
	if err != nil {
		return err
	}
	if err := f.read(ctx, w, shape, strict); err != nil {
		return err
	}
	return f.build(w, shape, t)
}

// maxHeld is how many bytes of decoded pictures are held in memory, where the number of pictures is not given.
const maxHeld = 2 << 30

// fix chooses the number of pictures and the side of what the network sees.
func (f *FineTune) fix(w Workplace) (shape [3]int, t task, err error) {
	b, o := &f.base, f.own
	costs := map[int]cost{}
	net := b.New(nil, len(o.files.Names))
	t = task{seconds: 60 * f.Minutes, scratch: b.from == nil, cost: func(side int) cost {
		if _, known := costs[side]; !known {
			costs[side] = costOf(net, b.shape(side))
		}
		return costs[side]
	}}
	used := o.in(learned, tested)
	var short []int
	pixels := 0
	for _, i := range used {
		short, pixels = append(short, o.short[i]), pixels+o.pixels[i]
	}
	t.decoding = float64(pixels) / pixelsPerSecond
	most := sideFor(median(short), b.Input.Side)
	least := min(most, 128)
	if b.fixed {
		most, least = b.Input.Side, b.Input.Side
		if f.Side != auto && f.Side != most {
			return shape, t, &BadSetting{"side", fmt.Sprint(f.Side), fmt.Sprintf("the network of %s sees %d pixels a side", f.Weights, most)}
		}
	}
	w.note("data", "%d pictures in %d classes: %s", len(used), len(o.files.Names), o.counts())
	if f.Pictures == auto {
		if f.Pictures = t.pictures(len(used), least); f.Pictures < len(used) {
			w.note("data", "%d of them are used, for which there is time; minutes=%.0f would do for all", f.Pictures,
				math.Ceil(f.Minutes*float64(len(used))/float64(f.Pictures)))
		}
		if most := maxHeld / (4 * b.Input.Short * b.Input.Short); f.Pictures > most {
			f.Pictures = most
			w.note("data", "%d of them are used, which fit in memory; pictures=%d takes all", most, len(used))
		}
	}
	if f.Pictures < len(used) {
		o.thin(f.Pictures, w.Seed)
		t.decoding *= float64(f.Pictures) / float64(len(used))
	}
	f.estimate(&t)
	if f.Side == auto {
		f.Side = t.best(most, least).side
	}
	return b.shape(f.Side), t, nil
}

// estimate says how many pictures will be in which part, before they are divided.
func (f *FineTune) estimate(t *task) {
	t.test = len(f.own.in(tested))
	t.learn = len(f.own.in(learned))
	if !f.own.given {
		t.test = int(f.Test * float64(t.learn))
		t.learn -= t.test
	}
	t.choose = t.learn * 15 / 100
	t.learn -= t.choose
}

// read decodes the pictures and divides them.
func (f *FineTune) read(ctx context.Context, w Workplace, shape [3]int, strict bool) error {
	in := f.base.intake(f.base.short(f.Side), f.Side)
	if err := f.own.decode(ctx, in, shape, strict, w.progress("reading pictures")); err != nil {
		return err
	}
	if err := f.own.dropEmpty(strict); err != nil {
		return err
	}
	notes, err := f.own.divide(ctx, f.Test, w.Seed)
	if err != nil {
		return err
	}
	for _, note := range append(f.own.leftNotes(), notes...) {
		w.note("data", "%s", note)
	}
	learn, choose, test := len(f.own.in(learned)), len(f.own.in(chosen)), len(f.own.in(tested))
	switch {
	case choose > 0:
		w.note("data", "%d to learn from, %d to choose the best epoch by, %d to test on", learn, choose, test)
	default:
		w.note("data", "%d to learn from, %d to test on; the best epoch is chosen by those that are learned from: there are too few to keep some back",
			learn, test)
	}
	return nil
}

// build makes the network, its batches and the plan.
func (f *FineTune) build(w Workplace, shape [3]int, t task) error {
	b, o := &f.base, f.own
	t.learn, t.choose, t.test = len(o.in(learned)), len(o.in(chosen)), len(o.in(tested))
	if f.Batch != auto {
		t.batch = f.Batch
	}
	p, _ := t.plan(f.Side)
	f.Batch = p.batch
	if f.Freeze == auto {
		f.Freeze = p.freeze
	}
	if f.Epochs == auto {
		f.Epochs = f.Freeze + p.epochs - p.freeze
		w.note("plan", "%d×%d pixels, %s, about %.1f minutes on two cores", shape[1], shape[0], f.epochsInWords(), p.seconds/60)
	}
	in := b.intake(b.short(f.Side), f.Side)
	var err error
	scale := b.Input.Scale
	learn := o.held(learned)
	if b.from == nil {
		if scale, err = data.ScaleOf(learn); err != nil {
			return err
		}
	}
	f.card = card{
		Recipe: w.Recipe, Task: "classification", Shape: shape, Mean: scale.Mean, Std: scale.Std, Classes: o.files.Names,
		Network: b.Name, Pictures: o.sum(),
	}
	if b.form == nil {
		f.card.Short = b.short(f.Side)
	}
	f.intake = in
	if f.Augment == "auto" {
		f.Augment = b.augmentation(f.Side)
	}
	if math.IsNaN(f.LR) {
		f.LR = b.rate()
	}
	if math.IsNaN(f.HeadLR) {
		f.HeadLR = 1e-3
	}
	plan, err := augment.Parse(f.Augment, augment.MeanColour(scale))
	if err != nil {
		return err
	}
	cut := middle{max(f.card.Short, 1), shape[0], shape[1]}
	transform := data.Transform(cut)
	if plan.Transform != nil {
		transform = data.Compose{plan.Transform, cut}
	}
	f.training = &data.Batches{Set: learn, Size: f.Batch, Shuffle: true, Seed: w.Seed, Scale: scale, Transform: transform, Mix: plan.Mix}
	f.test = f.judging(cutAll(o.held(tested), cut))
	f.validation = f.judging(cutAll(o.held(chosen), cut))
	if f.validation.Set.Len() == 0 {
		f.validation = f.judging(cutAll(learn, cut))
	}
	f.examples = o.held(tested)
	r := train.NewStream(w.Seed, "weights").Rand()
	if b.from == nil {
		f.net = b.New(r, len(f.card.Classes))
		return nil
	}
	f.net = b.Transfer(r, b.from, len(f.card.Classes))
	for _, l := range b.Head(f.net) { // small: what a network is made with for a thousand classes can be far too large for a few
		if l.Tensor.Rank() > 1 {
			nn.Normal(r, l.Tensor, 0, .01)
		} else {
			nn.Constant(l.Tensor, 0)
		}
	}
	for norm := range nn.Find[*nn.BatchNorm](f.net) {
		norm.Frozen = true // statistics of a few pictures would be worse than those of a million
	}
	return nil
}

// cutAll cuts pictures out once and for all.
func cutAll(set data.Slice[data.Labelled], cut middle) data.Slice[data.Labelled] {
	out := make(data.Slice[data.Labelled], len(set))
	for i, e := range set {
		out[i] = data.Labelled{Picture: cut.of(e.Picture), Label: e.Label}
	}
	return out
}

// epochsInWords says how long the training is.
func (f *FineTune) epochsInWords() string {
	if f.Freeze == 0 {
		return fmt.Sprintf("%d epochs", f.Epochs)
	}
	return fmt.Sprintf("%d epochs with the head alone, then %d with all layers", f.Freeze, f.Epochs-f.Freeze)
}

// Model implements Job.
func (f *FineTune) Model() (nn.Layer, []int) {
	return f.net, append([]int{f.Batch}, f.card.Shape[:]...)
}

func (f *FineTune) loss() nn.CrossEntropyLoss {
	return nn.CrossEntropyLoss{Smoothing: tensor.Float(f.LabelSmoothing)}
}

// Loss implements Job.
func (f *FineTune) Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error) {
	return firstLoss(p, f.net, f.loss(), f.training, f.Epochs)
}

// supervised puts the training together. Its first stage still lacks its batches, which Train makes.
func (f *FineTune) supervised() *train.Supervised {
	params := nn.Params(f.net)
	s := &train.Supervised{
		Fitting: train.Fitting{
			State:  train.State{Model: f.net, Random: train.NewStream(f.seed, "dropout")},
			Epochs: f.Epochs, Clip: 1, SaveRest: 5 * time.Second, ByLoss: true, // for there are few pictures to judge by
		},
		Loss: f.loss().Loss, Soft: f.loss().Soft,
		Training: f.training, Validation: f.validation,
	}
	method := optim.NewAdamW(params, f.LR)
	method.Decay = f.WeightDecay
	f.group(method)
	s.Optimizer = method
	per := f.training.Len()
	first := min(f.Freeze, f.Epochs) * per
	rest := f.Epochs*per - first
	warm := rest / 10
	s.Schedule = optim.Sequence{
		First: optim.Cosine{LR: f.HeadLR, Steps: first}, Steps: first,
		Then: optim.WarmUp{Steps: warm, From: .1, Then: optim.Cosine{LR: f.LR, Steps: rest - warm}},
	}
	if f.Freeze > 0 {
		s.Stages = []train.Stage{{Epochs: f.Freeze, Frozen: f.body()}, {}}
	}
	return s
}

// group sets the learning rate of each block, that of the head the whole one and that of each block before it less, and takes the weight
// decay off biases and gains.
func (f *FineTune) group(method optim.Grouped) {
	blocks := nn.Blocks(f.net)
	rate := 1.
	for i := len(blocks) - 1; i >= 0; i-- {
		for _, w := range blocks[i].Params {
			g := optim.Group{Rate: rate, Decay: f.WeightDecay}
			if w.Rank() < 2 {
				g.Decay = 0
			}
			method.Group([]*tensor.Tensor{w}, g)
		}
		if f.base.from != nil {
			rate *= f.LayerDecay
		}
	}
}

// body returns the parameters that do not depend on the classes.
func (f *FineTune) body() []*tensor.Tensor {
	isHead := map[*tensor.Tensor]bool{}
	for _, l := range f.base.Head(f.net) {
		isHead[l.Tensor] = true
	}
	var body []*tensor.Tensor
	for _, w := range nn.Params(f.net) {
		if !isHead[w] {
			body = append(body, w)
		}
	}
	return body
}

// withFeatures makes the first stage one of features, if the network can be split and they can be held.
func (f *FineTune) withFeatures(ctx context.Context, s *train.Supervised) error {
	net, ok := f.net.(vision.Split)
	if !ok || len(s.Stages) == 0 || s.Epoch >= f.Freeze {
		return nil
	}
	cut := middle{f.card.Short, f.card.Shape[0], f.card.Shape[1]}
	training, err := featuresOf(ctx, net, f.judging(cutAll(f.own.held(learned), cut)))
	if err != nil || training == nil {
		return err
	}
	training.size, training.shuffle, training.seed = f.Batch, true, f.seed
	validation, err := featuresOf(ctx, net, f.validation)
	if err != nil || validation == nil {
		return err
	}
	validation.size = 256
	s.Stages[0].Model, s.Stages[0].Training, s.Stages[0].Validation = head{net}, training, validation
	return nil
}

// samePictures checks that a run was begun with the pictures that there are now: otherwise it would be tested on what it has learned.
func (f *FineTune) samePictures(run *train.Run) error {
	var k card
	if err := run.ReadJSON("model.json", &k); err != nil {
		return &train.Damaged{Path: run.Path("model.json"), Err: err, Help: cardHelp}
	}
	if k.Pictures != f.card.Pictures {
		return fmt.Errorf("the pictures in %s are not those that %s was begun with, which %s lists: others would be tested on than those that "+
			"were kept for it. Judge it on other pictures with data=FOLDER, or train anew", f.Data, run.Dir, run.Path("pictures.csv"))
	}
	return nil
}

// Resume implements Job.
func (f *FineTune) Resume(run *train.Run) error {
	if run.Saved() {
		if err := f.samePictures(run); err != nil {
			return err
		}
	}
	s := f.supervised()
	err := resume(&s.Fitting, run)
	f.loop = s
	return err
}

// Train implements Job.
func (f *FineTune) Train(ctx context.Context, run *train.Run, console *train.Console) (train.Metrics, error) {
	s := f.loop
	if s == nil {
		s = f.supervised()
	}
	if err := f.open(run, f.training); err != nil {
		return nil, err
	}
	if err := f.own.write(run); err != nil {
		return nil, err
	}
	if err := f.withFeatures(ctx, s); err != nil {
		return nil, err
	}
	m, err := f.fit(ctx, run, console, s)
	if err != nil {
		return nil, err
	}
	m["test/majority"] = f.majority()
	return m, run.WriteJSON("metrics.json", m)
}

// majority is the accuracy of always naming the class of which there is most to learn from.
func (f *FineTune) majority() float64 {
	learn, test := f.own.count(learned, chosen), f.own.count(tested)
	best := 0
	for class, n := range learn {
		if n > learn[best] {
			best = class
		}
	}
	return float64(test[best]) / float64(len(f.own.in(tested)))
}

// Evaluate implements Job.
func (f *FineTune) Evaluate(ctx context.Context, run *train.Run, own Own) (train.Metrics, error) {
	if own.Folder == "" {
		if err := f.samePictures(run); err != nil {
			return nil, err
		}
	}
	m, err := f.classification.Evaluate(ctx, run, own)
	if err == nil && own.Folder == "" {
		m["test/majority"] = f.majority()
	}
	return m, err
}
