package sequence

import (
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// What follows the end of a sequence changes no scores, with any classifier: those of sequences together are those of each alone.
func TestClassifiersOfDifferentLengths(t *testing.T) {
	lengths := []int{3, 7, 1, 5}
	const longest, in, classes = 7, 2, 3
	last := NewClassifier(source(), "lstm", nn.StackSize{In: in, Hidden: 4, Layers: 1}, classes)
	mean := NewClassifier(source(), "gru", nn.StackSize{In: in, Hidden: 4, Layers: 2, Bidirectional: true}, classes)
	mean.Mean = true
	for name, net := range map[string]LengthsLayer{
		"last step": last, "mean of steps": mean, "tcn": NewTCNClassifier(source(), in, []int{4, 4}, 3, 0, classes),
	} {
		p := tensor.Inference()
		x := tensor.New(len(lengths), longest, in+1)
		nn.Normal(source(), x, 0, 1)
		for i, length := range lengths {
			for s := range longest {
				mark := &x.Edit()[(i*longest+s)*(in+1)+in]
				if *mark = 0; s < length {
					*mark = 1
				}
			}
		}
		together := Marked{net}.Forward(p.Input(x))
		for i, length := range lengths {
			alone := net.Forward(p.Input(x).Slice(0, i, i+1).Slice(1, 0, length).Slice(2, 0, in))
			fixture.Close(t, name, together.Slice(0, i, i+1).Data(), alone.Data(), 1e-5)
		}
		p.End()
	}
	p := tensor.Inference()
	defer p.End()
	none := Marked{last}.Forward(p.Zeros(1, 4, in+1)).Data()
	fixture.Close(t, "none marked", none, last.Forward(p.Zeros(1, 4, in)).Data(), 1e-6)
	tcn := NewTCNClassifier(source(), 1, []int{2}, 2, 0, 2)
	panics(t, "sequence: TCNClassifier: sequence 0 has 0 of 3 steps", func() { tcn.ForwardLengths(p.Zeros(1, 3, 1), []int{0}) })
	panics(t, "sequence: TCNClassifier: 2 lengths of 1 sequences", func() { tcn.ForwardLengths(p.Zeros(1, 3, 1), []int{1, 2}) })
	panics(t, "sequence: Marked: shape [1 3 1] is not", func() { Marked{tcn}.Forward(p.Zeros(1, 3, 1)) })
	panics(t, "sequence: Pixels: shape [1 3 1] is not", func() { Pixels{tcn}.Forward(p.Zeros(1, 3, 1)) })
}

// A picture is read row by row from the top left.
func TestPixels(t *testing.T) {
	p := tensor.Inference()
	defer p.End()
	x := tensor.New(1, 2, 2, 1)
	copy(x.Edit(), []tensor.Float{1, 2, 3, 4})
	got := Pixels{layerFunc(func(x *tensor.Tensor) *tensor.Tensor { return x })}.Forward(p.Input(x))
	if s := got.Shape(); len(s) != 3 || s[1] != 4 || got.Data()[2] != 3 {
		t.Errorf("it reads %v of shape %v", got.Data(), s)
	}
}

type layerFunc func(x *tensor.Tensor) *tensor.Tensor

func (f layerFunc) Forward(x *tensor.Tensor) *tensor.Tensor { return f(x) }

// Music that goes on frame by frame is drawn by the scores that the whole of it has, and at temperature 0 has the keys that are likelier
// than not.
func TestMusicGoesOn(t *testing.T) {
	const keys = 5
	m := NewTCNMusic(source(), keys, []int{6, 6}, 3, .5)
	nn.Apply(m, func(w *tensor.Tensor) { nn.Normal(source(), w, 0, 1) })
	roll := []tensor.Float{1, 0, 0, 1, 0, 0, 1, 1, 0, 0}
	opening := len(roll)
	m.Generate(roll[:opening:opening], MusicDrawing{}, nil, func(frame []tensor.Float) bool {
		roll = append(roll, frame...)
		return len(roll) < 12*keys
	})
	x := tensor.New(1, 12, keys)
	copy(x.Edit(), roll)
	p := tensor.Inference()
	defer p.End()
	scores := m.Forward(p.Input(x)).Data()
	for i := opening; i < 12*keys; i++ {
		if on := scores[i-keys] > 0; on != (roll[i] == 1) {
			t.Fatalf("key %d of frame %d has the score %v, and the roll %v", i%keys, i/keys, scores[i-keys], roll[i])
		}
	}
	// Half of the keys sound where scores are 0, whatever the temperature, and a low one follows the sign.
	for _, c := range []struct{ score, temperature, want float64 }{{0, 1, .5}, {0, .1, .5}, {2, 1, .8808}, {1, .1, 1}, {-2, 2, .2689}} {
		r, n, on := source(), 4000, 0
		for range n {
			if (MusicDrawing{Temperature: c.temperature}).sounds(c.score, r) {
				on++
			}
		}
		if share := float64(on) / float64(n); share < c.want-.03 || share > c.want+.03 {
			t.Errorf("a score of %v at temperature %v sounds %.3f of the time, want %.3f", c.score, c.temperature, share, c.want)
		}
	}
	if got := (MusicDrawing{Voices: 2}).draw([]tensor.Float{1, 3, -1, 2}, nil); got[0] != 0 || got[1] != 1 || got[3] != 1 {
		t.Errorf("of two voices there are %v, want the greatest scores", got)
	}
	panics(t, "sequence: TCNMusic: an opening of 3 numbers", func() { m.Generate(roll[:3], MusicDrawing{}, source(), nil) })
}
