package train

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// outcome is one in which example i, of class labels[i], is taken for predicted[i] with the probability sure[i].
func outcome(classes int, labels, predicted []int, sure []float64) *Outcome {
	o := &Outcome{Labels: labels, Predicted: predicted, Classes: classes}
	for i, s := range sure {
		row := make([]tensor.Float, classes)
		for c := range row {
			row[c] = tensor.Float((1 - s) / float64(max(1, classes-1)))
		}
		row[predicted[i]] = tensor.Float(s)
		o.Probabilities = append(o.Probabilities, row...)
		o.Losses = append(o.Losses, -math.Log(float64(row[labels[i]])))
	}
	return o
}

// Pictures are drawn whatever there is to see, and of classes that are too many for a matrix there is none.
func TestDrawOutcome(t *testing.T) {
	many := make([]int, 2*mostClasses+2)
	for i := range many {
		many[i] = i / 2
	}
	for name, c := range map[string]struct {
		o        *Outcome
		matrix   bool
		confused []Confusion
	}{
		"mistakes": {outcome(3, []int{0, 1, 1, 2, 2}, []int{0, 2, 2, 1, 0}, []float64{.9, .8, .7, .6, .5}), true,
			[]Confusion{{"class 1", "class 2", 2, 1}, {"class 0", "class 2", 0, 1}}},
		"no mistakes":       {outcome(2, []int{0, 1}, []int{0, 1}, []float64{.9, .8}), true, []Confusion{}},
		"one class":         {outcome(1, []int{0, 0}, []int{0, 0}, []float64{1, 1}), true, []Confusion{}},
		"nothing but wrong": {outcome(2, []int{0, 0}, []int{1, 1}, []float64{1, 1}), true, []Confusion{{"class 0", "class 1", 2, 0}}},
		"many classes":      {outcome(mostClasses+1, many, many, slices.Repeat([]float64{.5}, len(many))), false, []Confusion{}},
	} {
		run := &Run{Dir: t.TempDir()}
		set := &data.Pictures{H: 2, W: 2, C: 1, Pixels: make([]byte, 4*len(c.o.Labels)), Labels: c.o.Labels}
		for i := range c.o.Classes {
			set.Names = append(set.Names, fmt.Sprint("class ", i))
		}
		if err := DrawOutcome(run, c.o, set, set.Names); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, picture := range []string{"calibration.png", "confused.png", "top-losses.png"} {
			if _, err := os.Stat(run.Path(picture)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := os.Stat(run.Path("confusion_matrix.png")); (err == nil) != c.matrix {
			t.Errorf("%s: confusion_matrix.png: %v, want a matrix: %v", name, err, c.matrix)
		}
		var confused []Confusion
		if err := run.ReadJSON("confused.json", &confused); err != nil || !cmp.Equal(confused, c.confused) {
			t.Errorf("%s: confused.json has %v (%v), want %v", name, confused, err, c.confused)
		}
	}
}

func TestTopLosses(t *testing.T) {
	o := outcome(2, []int{0, 0, 1, 1, 1}, []int{0, 1, 0, 1, 1}, []float64{.6, .7, .9, .99, .55})
	if got, want := o.TopLosses(9, false), []int{2, 1}; !slices.Equal(got, want) {
		t.Errorf("the highest losses of mistakes are those of %v, want %v", got, want)
	}
	if got, want := o.TopLosses(2, true), []int{4, 0}; !slices.Equal(got, want) {
		t.Errorf("the highest losses of what is right are those of %v, want %v", got, want)
	}
}

// The losses of the examples are those of which the loss is the mean, also where a probability is 0 in single precision.
func TestLossesOfExamples(t *testing.T) {
	s := small(1)
	for _, w := range nn.Params(s.Model) {
		for i := range w.Edit() {
			w.Edit()[i] *= 40
		}
	}
	o, err := Evaluate(s.Model.(nn.Layer), s.Validation, nn.CrossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, l := range o.Losses {
		sum += l
	}
	if mean := sum / float64(len(o.Labels)); len(o.Losses) != 64 || math.Abs(mean-o.Loss) > 1e-5*mean {
		t.Errorf("the mean of %d losses is %v, want the loss %v of 64 examples", len(o.Losses), mean, o.Loss)
	}
	if slices.Max(o.Losses) < 110 {
		t.Errorf("the highest loss is %v, want a probability below the least number", slices.Max(o.Losses))
	}
}
