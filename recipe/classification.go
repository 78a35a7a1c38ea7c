package recipe

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/imagefolder"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// A classification is what the jobs that classify pictures share: a network with its card, the batches that judge it, and what is made
// of both for people. A job says how the network is trained.
type classification struct {
	card             card
	net              nn.Layer
	intake           intake
	validation, test *data.Batches
	examples         data.Set[data.Labelled] // the test pictures as they came; nil: as the network sees them

	of describer // the job
}

// A describer returns the network that a card describes, with weights of any kind, and how it takes pictures in.
type describer interface {
	network(k card) (nn.Layer, intake, error)
}

const cardHelp = "Bring back a copy of the file, or resume the run with more epochs, which writes it anew."

// A card is model.json: what predicting needs beside the weights.
type card struct {
	Recipe   string         `json:"recipe"`
	Task     string         `json:"task"`
	Shape    [3]int         `json:"shape"` // height, width and channels of the input
	Mean     []tensor.Float `json:"mean"`  // of the pixels, each channel's as a part of 255
	Std      []tensor.Float `json:"std"`
	Classes  []string       `json:"classes"`
	Network  string         `json:"network,omitempty"`  // that the weights are of, where it is not the recipe's own
	Short    int            `json:"short,omitempty"`    // what the shorter side of a picture is scaled to before its middle is cut out
	Pictures string         `json:"pictures,omitempty"` // a sum of the names of the pictures and of the parts that they are in
}

// fit trains, and leaves in a run what there is to see; the metrics are those of the best weights on the test set.
func (c *classification) fit(ctx context.Context, run *train.Run, console *train.Console, s *train.Supervised) (train.Metrics, error) {
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
	s.AddTo(m)
	return m, c.draw(run, outcome)
}

// Report implements Job.
func (c *classification) Report(run *train.Run, m train.Metrics) Report {
	example := run.Path("examples")
	if files, _ := filepath.Glob(filepath.Join(example, "*.png")); len(files) > 0 {
		example = files[len(files)*3/4]
	}
	return Report{
		Result: fmt.Sprintf("test accuracy %.2f %% (95 %% interval %.2f to %.2f), loss %.4f, by the weights of epoch %.0f", 100*m["test/accuracy"],
			100*m["test/accuracy/low"], 100*m["test/accuracy/high"], m["test/loss"], m["best/epoch"]) + besideMajority(m),
		Left: "the weights, the curves, and pictures of what the network sees and gets wrong.",
		Next: [][]string{{"predict", ThisRun, example}, {"eval", ThisRun}},
	}
}

// besideMajority sets the accuracy beside that of always naming the class that is most frequent in training, where that is known.
func besideMajority(m train.Metrics) string {
	majority, ok := m["test/majority"]
	switch {
	case !ok:
		return ""
	case m["test/accuracy/low"] <= majority:
		return fmt.Sprintf("\nAlways naming the most frequent class gives %.2f %%: on %.0f test pictures, that is not certain to be less.",
			100*majority, m["test/examples"])
	}
	return fmt.Sprintf("\nAlways naming the most frequent class gives %.2f %%.", 100*majority)
}

// open leaves in a run what is known before the first step: the model's card, a labelled batch of those that the network learns from,
// and examples to predict on.
func (c *classification) open(run *train.Run, training *data.Batches) error {
	if err := run.WriteJSON("model.json", c.card); err != nil {
		return err
	}
	if err := train.DrawBatch(run.Path("train_batch.png"), training, c.card.Classes); err != nil {
		return err
	}
	return c.writeExamples(run)
}

// writeExamples writes the first two test pictures of each class, named by class and number.
func (c *classification) writeExamples(run *train.Run) error {
	const each = 2
	set := c.examples
	if set == nil {
		set = c.test.Set
	}
	written := make([]int, len(c.card.Classes))
	for i := range set.Len() {
		e, err := set.At(i)
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

// draw leaves the pictures that show what the network got right and wrong on the test set, and why.
func (c *classification) draw(run *train.Run, o *train.Outcome) error {
	if err := train.DrawOutcome(run, o, c.test.Set, c.card.Classes); err != nil {
		return err
	}
	return c.drawNetwork(run, o)
}

// Evaluate implements Job.
func (c *classification) Evaluate(ctx context.Context, run *train.Run, own Own) (train.Metrics, error) {
	if err := c.load(run); err != nil {
		return nil, err
	}
	batches := c.test
	if own.Folder != "" {
		d := c.intake.decoder
		d.Channels = c.card.Shape[2]
		set, left, err := own.open(d)
		if err != nil {
			return nil, err
		}
		if own.Broken != nil {
			broken, err := set.Check(ctx)
			if err != nil {
				return nil, err
			}
			own.Broken(slices.Concat(left, broken))
			if set = set.Without(broken); set.Len() == 0 {
				return nil, fmt.Errorf("%s: no picture is left", own.Folder)
			}
		}
		if set, err = set.As(c.card.Classes); err != nil {
			return nil, err
		}
		batches = c.judging(formed{set, c.intake.form, c.card.Shape})
	}
	outcome, err := train.Evaluate(c.net, batches, nn.CrossEntropy)
	if err != nil {
		return nil, err
	}
	return outcome.Metrics("test/"), nil
}

// open lists the pictures. What is out of order in the folder is left out where what is broken is.
func (own Own) open(d data.Decoder) (set *data.Files, left []*data.BrokenError, err error) {
	if own.Broken == nil {
		set, err = imagefolder.Open(own.Folder, d)
		return set, nil, err
	}
	set, test, err := imagefolder.OpenUntidy(own.Folder, d, func(path, why string) {
		if why != imagefolder.NoPicture {
			left = append(left, &data.BrokenError{Path: path, Err: errors.New(why)})
		}
	})
	if test != nil {
		set, err = imagefolder.Open(own.Folder, d)
	}
	return set, left, err
}

// judging are the batches by which a network is judged on a set: as large as suits the memory of its activations.
func (c *classification) judging(set data.Set[data.Labelled]) *data.Batches {
	const most, pixels = 256, 5 << 19
	size := min(most, max(8, pixels/(c.card.Shape[0]*c.card.Shape[1]*c.card.Shape[2])))
	return &data.Batches{Set: set, Size: size, Scale: c.scale()}
}

// load reads card and best weights of a run.
func (c *classification) load(run *train.Run) error {
	damaged := func(err error) error { return &train.Damaged{Path: run.Path("model.json"), Err: err, Help: cardHelp} }
	if err := run.ReadJSON("model.json", &c.card); err != nil {
		return damaged(err)
	}
	if channels := c.card.Shape[2]; len(c.card.Classes) == 0 || len(c.card.Mean) != channels || len(c.card.Std) != channels {
		return damaged(errors.New("it has no classes, or not a mean and a std for each channel"))
	}
	var err error
	if c.net, c.intake, err = c.of.network(c.card); err != nil { // all weights are overwritten
		return damaged(err)
	}
	return run.LoadWeights("best", c.net)
}

// Trained implements Trained.
func (c *classification) Trained(run *train.Run) (nn.Layer, []int, []Fact, error) {
	if err := c.load(run); err != nil {
		return nil, nil, nil, err
	}
	net, input, about := c.Network()
	return net, input, about, nil
}

// Network returns the network, the shape of one example of its input, and what whoever uses it elsewhere must know.
func (c *classification) Network() (net nn.Layer, input []int, about []Fact) {
	return c.net, c.card.Shape[:], []Fact{
		{"input", "pixels as parts of 255, minus mean, divided by std, channel by channel"},
		{"mean", strings.Trim(fmt.Sprint(c.card.Mean), "[]")},
		{"std", strings.Trim(fmt.Sprint(c.card.Std), "[]")},
		{"output", "a score (logit) for each class, in this order"},
		{"classes", strings.Join(c.card.Classes, ", ")},
	}
}

// Predict implements Job.
func (c *classification) Predict(ctx context.Context, run *train.Run, inputs []Input, answer func(Answer) error) error {
	if err := c.load(run); err != nil {
		return err
	}
	return c.Apply(ctx, inputs, answer)
}

// Apply is Predict by the network as it is. Pictures are read ahead, by as many goroutines as there are cores.
func (c *classification) Apply(ctx context.Context, inputs []Input, answer func(Answer) error) error {
	var unread []error
	for i, read := range ahead(inputs, c.read) {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, err := Answer{}, read.err
		if err == nil {
			a, err = c.answer(inputs[i].Name, read.value)
		}
		if err != nil {
			unread = append(unread, fmt.Errorf("%s: %w", inputs[i].Name, err))
			continue
		}
		if err := answer(a); err != nil {
			return err
		}
	}
	return errors.Join(unread...)
}

// read returns a picture of the user's as the network wants it.
func (c *classification) read(in Input) (data.Picture, error) {
	r, err := in.Open()
	if err != nil {
		return data.Picture{}, err
	}
	defer r.Close()
	return c.intake.read(r, c.card.Shape)
}

// answer says what is on a picture.
func (c *classification) answer(input string, picture data.Picture) (Answer, error) {
	x, err := c.scale().Tensor(picture)
	if err != nil {
		return Answer{}, err
	}
	p := tensor.Inference()
	defer p.End()
	probabilities := c.net.Forward(p.Input(x)).Softmax()
	a := Answer{Input: input, Image: picture.Image()}
	for _, class := range probabilities.TopK(probabilities.Len()) {
		a.Scores = append(a.Scores, ClassScore{c.card.Classes[class], float64(probabilities.Data()[class])})
	}
	return a, nil
}

// scale is that of the pixels which the network was trained on.
func (c *classification) scale() data.Scale { return data.Scale{Mean: c.card.Mean, Std: c.card.Std} }
