package recipe

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data/polyphonic"
	"github.com/hadal-go/hadal/format/midi"
	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// The first 200 losses are those of PyTorch, from the same weights and music; see internal/fixture/_gen/polyphonic.py.
func TestFirstLossesOfMusicAreThoseOfPyTorch(t *testing.T) {
	want := fixture.Open(t, "polyphonic.safetensors").Tensor(t, "jsb").Data()
	m := music("jsb-chorales", 1)
	m.Hidden, m.Dropout, m.Epochs = 12, 0, 1
	for i := range want {
		frames := 6 + i%7
		roll := make(polyphonic.Roll, frames*polyphonic.Keys)
		for j := range roll {
			if mixed(i*2000+j) > .6 {
				roll[j] = 1
			}
		}
		m.parts.Training = append(m.parts.Training, roll)
	}
	m.net = m.network(rand.New(rand.NewPCG(0, 0)))
	fill(m.net)
	for l := range nn.Leaves(m.net) {
		if strings.HasSuffix(l.Name, "original0") {
			nn.Constant(l.Tensor, 1) // the lengths of kernels
		}
	}
	loop, params, step, worst := m.fitting(), nn.Params(m.net), 0, 0.0
	loop.Training.Shuffle = false
	for b, err := range loop.Training.Epoch(0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		p := tensor.Training(nil)
		loss := train.MusicLoss(m.net.Forward(p.Input(b.X)), b)
		grads := tensor.Grad(loss, params...)
		got := float64(loss.Item())
		optim.ClipNorm(grads, m.Clip)
		loop.Optimizer.SetLR(loop.Schedule.At(step))
		loop.Optimizer.Step(grads)
		p.End()
		worst = max(worst, offBy(t, step, got, float64(want[step]), len(want), .1))
		step++
	}
	t.Logf("%d losses, off by %.2g at most", step, worst)
}

// A piece comes back from MIDI as it was, whatever keys sound for how long.
func TestRollsAsMIDI(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	roll := make(polyphonic.Roll, 50*polyphonic.Keys)
	for i := range roll {
		if r.IntN(4) == 0 {
			roll[i] = 1
		}
	}
	for _, frame := range []float64{1, .5, .25} {
		var b bytes.Buffer
		if err := writeMIDI(&b, roll, frame); err != nil {
			t.Fatal(err)
		}
		got, err := rollOf(&b, frame)
		if err != nil || !bytes.Equal(got, roll) {
			t.Errorf("in frames of %g quarter notes it is another piece (%v)", frame, err)
		}
	}
	for want, f := range map[string]*midi.File{
		"no two frames": {Division: 480, Tracks: []midi.Track{midi.Events([]midi.Note{{Length: 100, Key: 60, Velocity: 1}})}},
		"longer than":   {Division: 1, Tracks: []midi.Track{midi.Events([]midi.Note{{Length: 1 << 20, Key: 60, Velocity: 1}})}},
	} {
		var b bytes.Buffer
		if err := midi.Write(&b, f); err != nil {
			t.Fatal(err)
		}
		if _, err := rollOf(&b, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("rollOf = %v, want an error with %q", err, want)
		}
	}
}

// Music is learned in a few epochs, far better than by how often keys sound, and what a run leaves can be heard and gone on with.
func TestMusicLearns(t *testing.T) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	if _, err := os.Stat(filepath.Join(os.Getenv("HADAL_DATA"), "polyphonic-music")); os.Getenv("HADAL_DATA") == "" || err != nil {
		t.Skip("HADAL_DATA names no folder with polyphonic-music")
	}
	settings := map[string]string{"epochs": "2", "hidden": "32", "batch": "4", "lr": "0.01"}
	goal := 11.
	if os.Getenv("HADAL_SLOW") != "" {
		settings, goal = map[string]string{"epochs": "15"}, 8.6
	}
	run := newRun(t)
	j := prepared(t, "polyphonic-jsb", 0, settings).(*Music)
	m, err := j.Train(context.Background(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	if uniform := byFrequency(j.parts); m["test/loss"] > goal || uniform < goal {
		t.Errorf("the loss is %.3f, want %.3f at most; by how often each key sounds it is %.3f", m["test/loss"], goal, uniform)
	}
	if len(file(t, run, "piano-roll.png")) < 1000 || len(file(t, run, "curves.png")) < 1000 {
		t.Error("there is nothing on a picture")
	}
	if piece, err := rollOf(bytes.NewReader(file(t, run, "generated/1.mid")), 1); err != nil || piece.Len() > openingFrames+usualFrames {
		t.Errorf("generated/1.mid has %d frames (%v)", piece.Len(), err)
	}
	fresh := music("jsb-chorales", 1)
	again, err := fresh.Evaluate(context.Background(), run, Own{Folder: run.Path("examples", "test-1.mid")})
	if err != nil || again["test/frames"] != float64(j.parts.Test[0].Len()-1) {
		t.Errorf("Evaluate of a MIDI file = %v, %v", again, err)
	}
	g, err := fresh.Generation(run)
	if err != nil {
		t.Fatal(err)
	}
	if err := SetAll(g.Settings(), []string{"frames=3", "midi=" + run.Path("new.mid")}); err != nil {
		t.Fatal(err)
	}
	said := ""
	order := Order{Prompt: "48 64 67 72 | 50", N: 1, Random: rand.New(rand.NewPCG(1, 2)), Say: func(p Piece) error {
		said += p.Text
		return nil
	}}
	if err := g.Make(context.Background(), order); err != nil {
		t.Fatal(err)
	}
	if parts := strings.Split(said, " | "); len(parts) != 5 || parts[0] != "C3 E4 G4 C5" || parts[1] != "D3" {
		t.Errorf("it says %q", said)
	}
	if _, err := midi.Read(bytes.NewReader(file(t, run, "new.mid"))); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"C4", "20"} {
		order.Prompt = bad
		if err := g.Make(context.Background(), order); err == nil {
			t.Errorf("the prompt %q is no error", bad)
		}
	}
}

// byFrequency is the loss on the test of telling each key by how often it sounds in training.
func byFrequency(parts polyphonic.Parts) float64 {
	count, frames := make([]float64, polyphonic.Keys), 0.
	for _, r := range parts.Training {
		for i, on := range r {
			count[i%polyphonic.Keys] += float64(on)
		}
		frames += float64(r.Len())
	}
	x := tensor.New(1, 1, polyphonic.Keys)
	for i, n := range count {
		p := (n + .5) / (frames + 1)
		x.Edit()[i] = tensor.Float(logit(p))
	}
	loss, total := 0., 0
	for _, r := range parts.Test {
		b := polyphonic.NewBatch([]polyphonic.Roll{r})
		p := tensor.Inference()
		scores := p.Input(x).Add(p.Zeros(1, b.Frames, polyphonic.Keys))
		loss += float64(train.MusicLoss(scores, &b).Item()) * float64(b.Frames)
		total += b.Frames
		p.End()
	}
	return loss / float64(total)
}

// What stands behind the end of a shorter piece has no influence on the loss.
func TestPiecesOfDifferentLengthsInABatch(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	rolls := make([]polyphonic.Roll, 3)
	for i := range rolls {
		rolls[i] = make(polyphonic.Roll, (3+4*i)*polyphonic.Keys)
		for j := range rolls[i] {
			rolls[i][j] = byte(r.IntN(8) / 7)
		}
	}
	m := music("jsb-chorales", 1)
	m.Hidden = 8
	net := m.network(r)
	one, _, err := train.EvaluateMusic(net, judging(rolls))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := train.EvaluateMusic(net, &polyphonic.Batches{Set: rolls, Size: 3})
	if err != nil || !(abs(one-all) < 1e-5*one) {
		t.Errorf("together the loss is %v, one by one %v (%v)", all, one, err)
	}
	if keys := keysOf(rolls[0]); len(keys) != 3 || slices.Max(keys[0]) > 108 {
		t.Errorf("the keys are %v", keys)
	}
}
