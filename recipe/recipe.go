// Package recipe is the table of recipes: what belongs together to train one network on one set of data, with the defaults and the
// result that it must reach.
package recipe

import (
	"context"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/internal/near"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// A Recipe is a row of the table.
type Recipe struct {
	Name  string
	About string // what is trained on what, in one line
	Paper string
	Data  string // a name of package data/source; "": the user's own
	Goal  string // the metric that the defaults reach, as hadal train --require takes it; "" for data of the user's own
	New   func() Job

	Presets []Preset
}

// A Preset is a name for settings that belong together, such as those of a longer training: preset=NAME.
type Preset struct {
	Name     string   `json:"name"`
	About    string   `json:"about"`
	Goal     string   `json:"goal"`     // what it is to reach, as hadal train --require takes it
	Settings []string `json:"settings"` // key=value
}

// Job returns the recipe's job with settings, each key=value. Of these preset=NAME comes first, so that others can change what it sets.
// The error is a *BadSetting or an *UnknownKey.
func (r Recipe) Job(settings []string) (Job, error) {
	j := r.New()
	var preset, others []string
	for _, s := range settings {
		name, ok := strings.CutPrefix(s, "preset=")
		if !ok {
			others = append(others, s)
			continue
		}
		i := slices.IndexFunc(r.Presets, func(p Preset) bool { return p.Name == name })
		if i < 0 {
			return nil, &BadSetting{"preset", name, r.presetNames()}
		}
		preset = append(preset, r.Presets[i].Settings...)
	}
	return j, SetAll(j.Settings(), append(preset, others...))
}

func (r Recipe) presetNames() string {
	if len(r.Presets) == 0 {
		return r.Name + " has no presets"
	}
	names := make([]string, len(r.Presets))
	for i, p := range r.Presets {
		names[i] = p.Name
	}
	return r.Name + " has " + strings.Join(names, ", ")
}

// A Job is a recipe at work: it has settings, then data and a network, then a run.
type Job interface {
	// Settings returns a pointer to the struct of settings, to be changed before Prepare.
	Settings() any
	// Prepare checks the settings, finds the data and builds the network from the seed. What is wrong with a setting is a *BadSetting.
	Prepare(ctx context.Context, w Workplace) error
	// Model returns the network, and the shape of one batch of its input.
	Model() (model nn.Layer, input []int)
	// Loss returns the loss on the first batch of the training set, and how many steps an epoch has.
	Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error)
	// Resume takes up the last state of a run, for Train to go on from. The error is train.ErrFinished if nothing is left to train.
	Resume(run *train.Run) error
	// Train trains, from the beginning if there was no Resume, and leaves metrics and pictures.
	Train(ctx context.Context, run *train.Run, console *train.Console) (train.Metrics, error)
	// Report puts into words what Train has reached, by its metrics.
	Report(run *train.Run, m train.Metrics) Report
	// Evaluate judges the best weights of a run on the test set, or on the user's own data, for which there need be no Prepare.
	Evaluate(ctx context.Context, run *train.Run, own Own) (train.Metrics, error)
	// Predict applies the best weights of a run to inputs and reports each answer. Inputs that cannot be read come together in the
	// error, after the answers to the others.
	Predict(ctx context.Context, run *train.Run, inputs []Input, answer func(Answer) error) error
}

// A Report says what a training has reached, for a person.
type Report struct {
	Result string     // the result, in a sentence or two
	Left   string     // what the folder of the run has, ending in a full stop
	Next   [][]string // what can be done with it: words of a command line, of which ThisRun stands for the run
}

// ThisRun stands for the run in a Report.
const ThisRun = "RUN"

// A Fact is something about a trained network, by a word.
type Fact struct{ Word, Value string }

// A Trained is a job whose network can be had out of a run.
type Trained interface {
	// Trained returns the network with the best weights of a run, the shape of one example of its input, and what whoever uses it
	// elsewhere must know: what an input is made of, what the outputs stand for.
	Trained(run *train.Run) (net nn.Layer, input []int, about []Fact, err error)
}

// A Workplace is what a job finds around it.
type Workplace struct {
	Recipe string // the name that the job has in the table
	Seed   uint64
	Source source.Options
	// Note, if not nil, is told what a person should know of what is found and chosen: a word that says what it is about, and a sentence.
	Note func(about, text string)
	// Progress, if not nil, is told how far work has come that takes a while, several times at once.
	Progress func(what string, done, of int)
}

func (w Workplace) note(about, format string, of ...any) {
	if w.Note != nil {
		w.Note(about, fmt.Sprintf(format, of...))
	}
}

// progress returns what is told how far a work has come.
func (w Workplace) progress(what string) func(done, of int) {
	return func(done, of int) {
		if w.Progress != nil {
			w.Progress(what, done, of)
		}
	}
}

// Own says where data of the user's own are.
type Own struct {
	Folder string // "": there are none
	// Broken, if not nil, is told which pictures are broken, and these are left out. Otherwise the first one is the error.
	Broken func([]*data.BrokenError)
}

// An Input is something to predict on.
type Input struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// An Answer is a prediction.
type Answer struct {
	Input  string       `json:"input"`
	Scores []ClassScore `json:"scores"` // the likeliest first
	Image  image.Image  `json:"-"`      // what the network saw
}

// A ClassScore is the probability of a class.
type ClassScore struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// Default is the recipe that is trained when none is named.
const Default = "lenet-mnist"

// ByName returns a recipe.
func ByName(name string) (Recipe, error) {
	names := make([]string, len(All))
	for i, r := range All {
		if r.Name == name {
			return r, nil
		}
		names[i] = r.Name
	}
	return Recipe{}, near.Unknown("recipe", "recipes", name, names)
}
