package recipe

import (
	"context"
	"image"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
)

// PixelsSettings are the settings of recipes that read digits pixel by pixel.
type PixelsSettings struct {
	Side   int `yaml:"side" help:"rows and columns that a digit is averaged to: 28, 14 or 7; it is read in side·side steps" fixed:"true"`
	Hidden int `yaml:"hidden" help:"units of the recurrent layer, or channels of a TCN" fixed:"true"`
	Levels int `yaml:"levels" help:"blocks of a TCN, each of which sees twice as far" fixed:"true"`
	Kernel int `yaml:"kernel" help:"taps of a TCN's convolutions" fixed:"true"`

	*ClassifierSettings `yaml:",inline"`
}

// digitSide is the number of rows and columns of MNIST's pictures.
const digitSide = 28

func (s *PixelsSettings) check() error {
	if err := firstBroken([]rule{
		{s.Side == 28 || s.Side == 14 || s.Side == 7, "side", s.Side, "it is one of 28, 14, 7"},
		{s.Hidden >= 1, "hidden", s.Hidden, "there must be one unit at least"},
		{s.Levels >= 1 && s.Levels <= 16, "levels", s.Levels, "it must lie in 1 to 16"},
		{s.Kernel >= 2, "kernel", s.Kernel, "there must be two taps at least"},
	}); err != nil {
		return err
	}
	return s.ClassifierSettings.check()
}

// A PixelReader is the job of recipes that classify digits which are read pixel by pixel (Le, Jaitly and Hinton 2015).
type PixelReader struct {
	Classifier
	settings PixelsSettings
	kind     string // lstm, gru, rnn, irnn or tcn
}

// pixelReader returns a job with the settings that serve recurrent networks.
func pixelReader(kind string) *PixelReader {
	j := &PixelReader{Classifier: *classifier("mnist", nil), kind: kind}
	j.Build, j.of = j.build, j
	j.Form = averagedDigit
	j.settings = PixelsSettings{Side: 14, Hidden: 128, Levels: 5, Kernel: 7, ClassifierSettings: &j.ClassifierSettings}
	j.Epochs, j.Clip = 12, 1
	return j
}

// averagedDigit is the form of digits of fewer pixels than MNIST's.
func averagedDigit(img image.Image, shape [3]int) (data.Picture, error) {
	p, err := data.Digit(img)
	if err != nil {
		return p, err
	}
	return p.Averaged(digitSide / shape[0]), nil
}

// Settings implements Job.
func (j *PixelReader) Settings() any { return &j.settings }

func (j *PixelReader) check() error { return j.settings.check() }

// Prepare implements Job.
func (j *PixelReader) Prepare(ctx context.Context, w Workplace) error {
	if err := j.check(); err != nil {
		return err
	}
	j.Shrink = digitSide / j.settings.Side
	return j.Classifier.Prepare(ctx, w)
}

func (j *PixelReader) build(r *rand.Rand, classes int) nn.Layer {
	s := j.settings
	if j.kind == "tcn" {
		return sequence.Pixels{Net: sequence.NewTCNClassifier(r, 1, slices.Repeat([]int{s.Hidden}, s.Levels), s.Kernel, 0, classes)}
	}
	return sequence.Pixels{Net: openGates(sequence.NewClassifier(r, j.kind, nn.StackSize{In: 1, Hidden: s.Hidden, Layers: 1}, classes))}
}
