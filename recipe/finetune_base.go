package recipe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/internal/near"
	"github.com/hadal-go/hadal/model/pretrained"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/train"
)

// scratch is the name of the network that is trained from its beginning.
const scratch = "small-cnn"

// ofRecipe stands before the name of a recipe whose network is meant.
const ofRecipe = "recipe/"

// preferred are the pretrained networks that weights=auto takes, the best for photographs in their time first.
var preferred = []string{"efficientnet-lite0-imagenet", "mobilenetv2-imagenet", "mobilenetv2-imagenet-tflite", "squeezenet1.0-imagenet"}

// A base is a network that can be fine-tuned.
type base struct {
	pretrained.Network          // its Load is for those of package pretrained alone
	channels           int      // of a picture: 1 or 3
	fixed              bool     // whether it takes pictures of one size only
	form               form     // nil: the middle of a picture
	from               nn.Layer // with the weights to begin from; nil: there are none
	run                string   // the folder of the run that they are of; "": of none
}

// baseNamed returns the network of a name, without weights: that of a row of package pretrained, scratch, or ofRecipe and a recipe.
func baseNamed(name string) (base, error) {
	if name == scratch {
		return base{
			Network:  pretrained.Network{Name: scratch, Input: pretrained.Input{Short: 72, Side: 64}, New: newSmallCNN},
			channels: 3,
		}, nil
	}
	of, isRecipe := strings.CutPrefix(name, ofRecipe)
	if !isRecipe {
		n, err := pretrained.ByName(name)
		return base{Network: n, channels: 3}, err
	}
	r, err := ByName(of)
	if err != nil {
		return base{}, err
	}
	c, ok := r.New().(*Classifier)
	if !ok {
		return base{}, fmt.Errorf("%s has no network of its own", of)
	}
	return base{Network: pretrained.Network{Name: name, New: c.Build}, fixed: true, form: c.Form}, nil
}

func newSmallCNN(r *rand.Rand, classes int) nn.Layer { return vision.NewCNN(r, 3, classes) }

// chooseBase finds the weights that the setting asks for, and says in words what was chosen, and why.
func chooseBase(ctx context.Context, weights string, w Workplace) (base, error) {
	switch weights {
	case "none":
		w.note("weights", "none: a small network is trained from its beginning")
		return baseNamed(scratch)
	case "auto":
		return chooseAny(ctx, w)
	}
	if slices.ContainsFunc(pretrained.All, func(n pretrained.Network) bool { return n.Name == weights }) {
		b, err := baseNamed(weights)
		if err != nil {
			return base{}, err
		}
		b.from, err = b.Load(ctx, w.Source)
		return b, err
	}
	return baseOfRun(weights)
}

// chooseAny returns the best network of those preferred that can be had.
func chooseAny(ctx context.Context, w Workplace) (base, error) {
	var absent, unusable []string
	fetched := true // or not tried
	o := w.Source
	for i, name := range preferred {
		b, err := baseNamed(name)
		if err != nil {
			return base{}, err
		}
		o.Offline = o.Offline || i > 0 // only the best is worth fetching
		if b.from, err = b.Load(ctx, o); err == nil {
			w.note("weights", "%s, trained on the photographs of ImageNet%s", name, insteadOf(absent, unusable, fetched))
			return b, nil
		}
		if ctx.Err() != nil {
			return base{}, ctx.Err()
		}
		var missing *source.MissingError
		if errors.As(err, &missing) {
			absent = append(absent, name)
			fetched = fetched && missing.Err == nil
		} else {
			unusable = append(unusable, err.Error())
		}
	}
	w.note("weights", "none%s", insteadOf(absent, unusable, fetched))
	w.note("weights", "so a small network is trained from its beginning, which takes more pictures and finds less. "+
		"Better: train once with the network reachable, or put weights into a folder and name it with --data (list weights has them), "+
		"or begin from a run of your own by weights=RUN")
	return baseNamed(scratch)
}

// insteadOf says why better weights were not chosen.
func insteadOf(absent, unusable []string, fetched bool) string {
	var b strings.Builder
	if len(absent) > 0 {
		fmt.Fprintf(&b, "; not on this machine: %s", strings.Join(absent, ", "))
	}
	if !fetched {
		b.WriteString("; fetching failed")
	}
	for _, text := range unusable {
		fmt.Fprintf(&b, "; %s", text)
	}
	return b.String()
}

// baseOfRun returns the network of a run of the user's, with its best weights.
func baseOfRun(name string) (base, error) {
	run, err := train.Open(name)
	if err != nil {
		names := []string{"auto", "none"}
		for _, n := range pretrained.All {
			names = append(names, n.Name)
		}
		return base{}, &BadSetting{"weights", name, near.Unknown("weights", "weights", name, names).Error() + ", and of runs; " + err.Error()}
	}
	var k card
	if err := run.ReadJSON("model.json", &k); err != nil {
		return base{}, &train.Damaged{Path: run.Path("model.json"), Err: err, Help: cardHelp}
	}
	network := k.Network
	if network == "" {
		network = ofRecipe + k.Recipe
	}
	b, err := baseNamed(network)
	if err != nil {
		return base{}, &BadSetting{"weights", name, err.Error()}
	}
	if len(k.Classes) < 2 || k.Shape[0] < 1 || len(k.Mean) != k.Shape[2] || len(k.Std) != k.Shape[2] {
		return base{}, &train.Damaged{Path: run.Path("model.json"), Err: errors.New("it does not say what the network takes in"), Help: cardHelp}
	}
	b.Input = pretrained.Input{Short: max(k.Short, k.Shape[0], k.Shape[1]), Side: max(k.Shape[0], k.Shape[1]), Scale: data.Scale{Mean: k.Mean, Std: k.Std}}
	b.channels = k.Shape[2]
	b.from = b.New(nil, len(k.Classes))
	b.run = run.Dir
	return b, run.LoadWeights("best", b.from)
}

// intake is how the network takes pictures in, of side pixels a side.
func (b base) intake(short, side int) intake {
	if b.form != nil {
		return intake{form: b.form}
	}
	d := data.Decoder{Channels: b.channels, Short: short, Shrink: true}
	return intake{decoder: d, form: photoOf(short)}
}

// short is what the shorter side of a picture is scaled to of which the middle of side pixels is cut out.
func (b base) short(side int) int {
	return (b.Input.Short*side + b.Input.Side/2) / b.Input.Side
}

// name is what the setting weights says of the network that was chosen.
func (b base) name(asked string) string {
	switch {
	case b.from == nil:
		return "none"
	case b.run != "":
		return b.run // last, say, will be another one
	case asked == "auto":
		return b.Name
	}
	return asked
}

// shape is that of an input of so many pixels a side.
func (b base) shape(side int) [3]int { return [3]int{side, side, b.channels} }

// augmentation is what suits photographs of so many pixels a side; what came from a run takes its pictures as they are.
func (b base) augmentation(side int) string {
	if b.fixed {
		return "none"
	}
	return fmt.Sprintf("resized-crop(0.35,%d)+flip+jitter(0.2,0.2,0.2,0.02)", side)
}

// rate is the learning rate that suits the network.
func (b base) rate() float64 {
	if b.from == nil {
		return 4e-3
	}
	return 5e-4
}
