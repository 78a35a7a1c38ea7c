package train

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

func TestMain(m *testing.M) {
	tensor.Poison(true)
	os.Exit(m.Run())
}

// bars are pictures of 4×4 with a bright row or a bright column, and noise.
func bars(n int) *data.Pictures {
	r := rand.New(rand.NewPCG(1, 2))
	s := &data.Pictures{H: 4, W: 4, C: 1, Names: []string{"row", "column"}}
	for range n {
		label, at := r.IntN(2), r.IntN(4)
		for i := range 16 {
			v := byte(r.IntN(100))
			if label == 0 && i/4 == at || label == 1 && i%4 == at {
				v += 150
			}
			s.Pixels = append(s.Pixels, v)
		}
		s.Labels = append(s.Labels, label)
	}
	return s
}

// small returns a training on bars: 16 steps an epoch.
func small(epochs int) *Supervised {
	scale := data.Scale{Mean: []tensor.Float{.5}, Std: []tensor.Float{.3}}
	net := vision.NewMLP(NewStream(3, "weights").Rand(), 16, 12, 2)
	return &Supervised{
		Fitting: Fitting{
			State:    State{Model: net, Optimizer: optim.NewAdam(nn.Params(net), .01), Random: NewStream(3, "dropout")},
			Schedule: optim.Constant{LR: .01}, Epochs: epochs,
		},
		Loss:       nn.CrossEntropy,
		Training:   &data.Batches{Set: bars(256), Size: 16, Shuffle: true, Seed: 3, Scale: scale, DropLast: true},
		Validation: &data.Batches{Set: bars(64), Size: 64, Scale: scale},
	}
}

func newRun(t *testing.T) *Run {
	t.Helper()
	t.Chdir(t.TempDir())
	run, err := Create("", "bars")
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func read(t *testing.T, run *Run, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(run.Path(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// without returns lines of JSON without their seconds, which no two runs share.
func without(t *testing.T, events []byte) (lines []string) {
	t.Helper()
	for line := range bytes.Lines(events) {
		var e map[string]any
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("the event %s is no JSON: %v", line, err)
		}
		delete(e, "seconds")
		b, _ := json.Marshal(e)
		lines = append(lines, string(b))
	}
	return lines
}

func TestSupervisedLearns(t *testing.T) {
	run := newRun(t)
	var events bytes.Buffer
	run.Out = &events
	s := small(5)
	if err := s.Run(context.Background(), run, nil); err != nil {
		t.Fatal(err)
	}
	if s.Best < .95 || len(s.Rows) != 5 || s.Step != 80 {
		t.Errorf("after 5 epochs best accuracy %.3f, %d rows, %d steps; want at least 0.95, 5 and 80", s.Best, len(s.Rows), s.Step)
	}
	if !bytes.Equal(events.Bytes(), read(t, run, "events.jsonl")) {
		t.Error("Out has other events than events.jsonl")
	}
	if lines := without(t, events.Bytes()); len(lines) != 6 || !strings.Contains(lines[3], `"event":"step"`) {
		t.Errorf("the events are\n%s\nwant five epochs, and step 50 after the third", strings.Join(lines, "\n"))
	}
	if n := bytes.Count(read(t, run, "results.csv"), []byte("\n")); n != 6 {
		t.Errorf("results.csv has %d lines, want a head and 5 epochs", n)
	}
}

// ticking is a context that ends after so many looks at it.
type ticking struct {
	context.Context
	left int
}

func (c *ticking) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A run that is stopped after every few steps ends as one that is not: weights, state, events and results.
func TestResumedIsUninterrupted(t *testing.T) {
	whole := newRun(t)
	if err := small(4).Run(context.Background(), whole, nil); err != nil {
		t.Fatal(err)
	}
	wantWeights := read(t, whole, "weights/last.safetensors")
	wantEvents := without(t, read(t, whole, "events.jsonl"))
	for _, steps := range []int{1, 7, 16, 50} {
		run := newRun(t)
		err := small(4).Run(&ticking{context.Background(), steps}, run, nil)
		for errors.Is(err, ErrInterrupted) {
			s := small(4)
			if err := s.Resume(run); err != nil {
				t.Fatal(err)
			}
			err = s.Run(&ticking{context.Background(), steps}, run, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(read(t, run, "weights/last.safetensors"), wantWeights) {
			t.Errorf("stopped after every %d steps, the weights are others", steps)
		}
		if got := without(t, read(t, run, "events.jsonl")); !slices.Equal(got, wantEvents) {
			t.Errorf("stopped after every %d steps, the events are\n%s\nwant\n%s", steps, strings.Join(got, "\n"),
				strings.Join(wantEvents, "\n"))
		}
		if n := bytes.Count(read(t, run, "results.csv"), []byte("\n")); n != 5 {
			t.Errorf("stopped after every %d steps, results.csv has %d lines, want 5", steps, n)
		}
	}
}

// What a crash leaves after its last checkpoint is cut back: events, rows, a torn line and temporary files.
func TestResumeCutsBack(t *testing.T) {
	run := newRun(t)
	if err := small(2).Run(context.Background(), run, nil); err != nil {
		t.Fatal(err)
	}
	events, results := read(t, run, "events.jsonl"), read(t, run, "results.csv")
	if err := run.Event("step", Fields{"step": 50}); err != nil {
		t.Fatal(err)
	}
	for name, more := range map[string]string{"events.jsonl": `{"event":"epo`, "results.csv": "3,48,1,1,1,1,1,1\n"} {
		if err := os.WriteFile(run.Path(name), append(read(t, run, name), more...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	torn := run.Path("weights", ".last.safetensors.123.part")
	if err := os.WriteFile(torn, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := small(2).Resume(run); err != nil {
		t.Fatal(err)
	}
	if got := read(t, run, "events.jsonl"); !bytes.Equal(got, events) {
		t.Errorf("events.jsonl is\n%s\nwant\n%s", got, events)
	}
	if got := read(t, run, "results.csv"); !bytes.Equal(got, results) {
		t.Errorf("results.csv is\n%s\nwant\n%s", got, results)
	}
	if _, err := os.Stat(torn); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is still there (%v)", err)
	}
}

// A run that was killed before its first checkpoint begins anew.
func TestResumeWithoutCheckpoint(t *testing.T) {
	run := newRun(t)
	if err := run.Event("step", Fields{"step": 50}); err != nil {
		t.Fatal(err)
	}
	torn := run.Path("examples", ".7-0017.png.123.part")
	if err := os.WriteFile(torn, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := small(1)
	if err := s.Resume(run); err != nil || s.Step != 0 {
		t.Fatalf("Resume = %v at step %d, want the beginning", err, s.Step)
	}
	if got := read(t, run, "events.jsonl"); len(got) > 0 {
		t.Errorf("events.jsonl is\n%s\nwant nothing", got)
	}
	if _, err := os.Stat(torn); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary file is still there (%v)", err)
	}
}

// Every byte of a state that is cut off or changed is seen, and the loop that was to take it up is as before.
func TestDamagedStateIsRefused(t *testing.T) {
	run := newRun(t)
	if err := small(1).Run(context.Background(), run, nil); err != nil {
		t.Fatal(err)
	}
	good := read(t, run, "last.state")
	r := rand.New(rand.NewPCG(5, 6))
	for range 80 {
		bad, what := slices.Clone(good), "cut"
		if at := r.IntN(len(bad)); r.IntN(4) == 0 {
			bad = bad[:at]
		} else {
			bad[at] ^= 1 << r.IntN(8)
			what = "changed"
		}
		if err := os.WriteFile(run.Path("last.state"), bad, 0o644); err != nil {
			t.Fatal(err)
		}
		s := small(1)
		var damaged *Damaged
		err := s.Resume(run)
		if !errors.As(err, &damaged) || damaged.Path != run.Path("last.state") {
			// Some bytes of the header do not count, such as spaces; then the state is the whole one.
			if err != nil || !bytes.Equal(saved(t, s), good) {
				t.Fatalf("Resume of a state that was %s = %v, want *Damaged", what, err)
			}
		} else if s.Step != 0 || !bytes.Equal(saved(t, s), saved(t, small(1))) {
			t.Fatalf("Resume of a state that was %s has changed the training", what)
		}
	}
}

// saved returns what a training saves as its state.
func saved(t *testing.T, s *Supervised) []byte {
	t.Helper()
	run := &Run{Dir: t.TempDir()}
	if err := run.SaveState(&s.State); err != nil {
		t.Fatal(err)
	}
	return read(t, run, "last.state")
}

func TestWeightsOfAnotherNetworkAreRefused(t *testing.T) {
	run := newRun(t)
	if err := run.SaveWeights("best", vision.NewMLP(NewStream(0, "").Rand(), 16, 12, 2)); err != nil {
		t.Fatal(err)
	}
	var damaged *Damaged
	if err := run.LoadWeights("best", vision.NewMLP(NewStream(0, "").Rand(), 16, 13, 2)); !errors.As(err, &damaged) {
		t.Errorf("LoadWeights into another network = %v, want *Damaged", err)
	}
	if err := run.LoadState(&State{Model: vision.NewMLP(NewStream(0, "").Rand(), 16, 12, 2)}); !errors.As(err, &damaged) ||
		!errors.Is(err, os.ErrNotExist) {
		t.Errorf("LoadState without a file = %v, want *Damaged that wraps os.ErrNotExist", err)
	}
}

// A loss or a gradient that is not finite stops the training before the update, and what is kept is finite.
// broken is a set whose examples cannot be read from number at on.
type broken struct {
	data.Set[data.Labelled]
	at int
}

func (b broken) At(i int) (data.Labelled, error) {
	if i >= b.at {
		return data.Labelled{}, errors.New("the disk is gone")
	}
	return b.Set.At(i)
}

// A training saves within a long epoch, too: what is lost when it ends without warning is bounded.
func TestSavesWithinAnEpoch(t *testing.T) {
	run, s := newRun(t), small(1)
	s.SaveEvery = 1
	batches := s.Training.(*data.Batches)
	batches.Shuffle, batches.Set = false, broken{batches.Set, 160}
	if err := s.Run(context.Background(), run, nil); err == nil {
		t.Fatal("Run over a broken set succeeded")
	}
	again := small(1)
	if err := again.Resume(run); err != nil {
		t.Fatal(err)
	}
	if again.Step != 10 {
		t.Errorf("the last state is that of step %d, want 10", again.Step)
	}
}

func TestDivergedKeepsTheWeights(t *testing.T) {
	for _, c := range []struct {
		what string
		loss func(scores *tensor.Tensor) *tensor.Tensor
	}{
		{"the loss", func(scores *tensor.Tensor) *tensor.Tensor { return scores.Scale(tensor.Float(math.Inf(1))).Sum() }},
		{"the gradient of layers.0.weight", func(scores *tensor.Tensor) *tensor.Tensor { return scores.Scale(0).Sum().Sqrt() }},
	} {
		run, s := newRun(t), small(1)
		s.Loss = func(scores *tensor.Tensor, labels []int) *tensor.Tensor {
			if s.Step == 3 {
				return c.loss(scores)
			}
			return nn.CrossEntropy(scores, labels)
		}
		var diverged *Diverged
		if err := s.Run(context.Background(), run, nil); !errors.As(err, &diverged) || diverged.Step != 4 || diverged.What != c.what {
			t.Fatalf("Run = %v, want that %s diverged at step 4", err, c.what)
		}
		if err := run.LoadWeights("last", s.Model); err != nil {
			t.Fatal(err)
		}
		for l := range nn.Leaves(s.Model) {
			if !l.Tensor.Finite() {
				t.Errorf("%s of the kept weights is not finite", l.Name)
			}
		}
	}
}

func TestCreateAndOpen(t *testing.T) {
	first := newRun(t)
	second, err := Create("", "bars")
	if err != nil || first.Dir == second.Dir {
		t.Fatalf("Create twice = %v and %v (%v), want two folders", first.Dir, second, err)
	}
	if _, err := Create(second.Dir, ""); !errors.Is(err, ErrOccupied) {
		t.Errorf("Create in a run = %v, want ErrOccupied", err)
	}
	if _, err := Open("last"); err == nil {
		t.Error("Open of a run without config.yaml succeeded")
	}
	if err := second.Write("config.yaml", func(io.Writer) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"last", second.Dir, filepath.Base(second.Dir)} {
		if run, err := Open(name); err != nil || run.Dir != second.Dir {
			t.Errorf("Open(%q) = %v, %v, want %s", name, run, err, second.Dir)
		}
	}
	outside := filepath.Join(t.TempDir(), "a run")
	third, err := Create(outside, "")
	if err != nil {
		t.Fatal(err)
	}
	third.Write("config.yaml", func(io.Writer) error { return nil })
	if run, err := Open("last"); err != nil || run.Dir != outside {
		t.Errorf("Open(last) = %v, %v, want %s", run, err, outside)
	}
}

func TestRequirement(t *testing.T) {
	m := Metrics{"test/accuracy": .9, "test/loss": math.NaN()}
	for text, want := range map[string]bool{
		"test/accuracy>=0.9": true, "test/accuracy >= 0.91": false, "test/accuracy<=0.9": true, "test/accuracy<=0.8": false,
		"test/loss<=1": false, "test/loss>=0": false,
	} {
		r, err := ParseRequirement(text)
		if err != nil {
			t.Fatal(err)
		}
		var missed *Missed
		if err := r.Check(m); (err == nil) != want || err != nil && !errors.As(err, &missed) {
			t.Errorf("Check(%s) = %v, want met %v", text, err, want)
		}
	}
	for _, text := range []string{"", "accuracy", "accuracy>0.9", "accuracy>=", "accuracy>=x"} {
		if _, err := ParseRequirement(text); err == nil {
			t.Errorf("ParseRequirement(%q) succeeded", text)
		}
	}
	r, _ := ParseRequirement("accuracy>=0.9")
	var missed *Missed
	if err := r.Check(m); err == nil || errors.As(err, &missed) {
		t.Errorf("Check of a metric that is not there = %v, want an error that is no *Missed", err)
	}
}

func TestMetricsWithoutNumbersAreNull(t *testing.T) {
	b, err := json.Marshal(Metrics{"b": math.NaN(), "a": 1.5, "c": math.Inf(1)})
	if want := `{"a":1.5,"b":null,"c":null}`; err != nil || string(b) != want {
		t.Errorf("Marshal = %s, %v, want %s", b, err, want)
	}
}

func TestStream(t *testing.T) {
	s := NewStream(7, "weights")
	s.Rand().Uint64()
	text, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var again Stream
	if err := again.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	if a, b := s.Rand().Uint64(), again.Rand().Uint64(); a != b {
		t.Errorf("a stream that was saved goes on with %d, want %d", b, a)
	}
	if a, b := NewStream(7, "weights").Rand().Uint64(), NewStream(7, "dropout").Rand().Uint64(); a == b {
		t.Error("streams of two purposes begin with the same number")
	}
	if err := again.UnmarshalText([]byte("xyz")); err == nil {
		t.Error("UnmarshalText of no stream succeeded")
	}
}

// The line that is redrawn fits in 80 columns; elsewhere there are plain lines.
func TestConsole(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		var out bytes.Buffer
		c := &Console{Out: &out, Terminal: terminal}
		c.Step(100, 100, 1, 20000, 64, 12.3456)
		c.Step(100, 100, 2, 20000, 128, 12.3456)
		c.Epoch(Row{Epoch: 100, TrainLoss: 12.3456, LR: 1.6e-8}, 100, true)
		c.End()
		if got := bytes.ContainsAny(out.Bytes(), "\r\033"); got != terminal {
			t.Errorf("on a terminal %v, control characters are written: %v", terminal, got)
		}
		lines := strings.FieldsFunc(strings.ReplaceAll(out.String(), "\033[K", ""), func(r rune) bool { return r == '\r' || r == '\n' })
		for _, l := range lines {
			if n := len([]rune(l)); n >= 80 {
				t.Errorf("the line %q has %d columns, want less than 80", l, n)
			}
		}
		if want := map[bool]int{true: 3, false: 2}[terminal]; len(lines) < want {
			t.Errorf("on a terminal %v, there are %d lines, want %d at least", terminal, len(lines), want)
		}
	}
	(*Console)(nil).Step(1, 1, 1, 1, 1, 1)
	(*Console)(nil).Epoch(Row{}, 1, true)
	(*Console)(nil).End()
}

// Stages train parts of a network, one after the other, and saves between short epochs can be left out.
func TestStages(t *testing.T) {
	s := small(5)
	net := s.Model.(*vision.MLP)
	body := []*tensor.Tensor{net.Layers[0].Weight, net.Layers[0].Bias}
	s.Stages = []Stage{{Epochs: 2, Frozen: body}, {Epochs: 1, Training: few{s.Training.(*data.Batches), 3}}, {}}
	s.ByLoss, s.SaveRest = true, time.Hour
	before := body[0].Clone()
	type row struct {
		frozen bool
		steps  int
	}
	var got []row
	loss := s.Loss
	epoch := -1
	s.Loss = func(scores *tensor.Tensor, labels []int) *tensor.Tensor {
		if scores.Pass().Train() {
			if s.Epoch != epoch {
				epoch = s.Epoch
				got = append(got, row{frozen: !body[0].Tracked()})
			}
			got[len(got)-1].steps++
			if moved := !slices.Equal(before.Data(), body[0].Data()); moved && s.Epoch < 2 {
				t.Fatal("what is frozen has moved")
			}
		}
		return loss(scores, labels)
	}
	run := newRun(t)
	if err := s.Run(context.Background(), run, nil); err != nil {
		t.Fatal(err)
	}
	if want := []row{{true, 16}, {true, 16}, {false, 3}, {false, 16}, {false, 16}}; !slices.Equal(got, want) {
		t.Errorf("the epochs are %v, want %v", got, want)
	}
	if slices.Equal(before.Data(), body[0].Data()) || !body[0].Tracked() {
		t.Error("what was frozen has not moved in the end, or is frozen still")
	}
	least := slices.MinFunc(s.Rows, func(a, b Row) int { return cmp.Compare(a.Loss, b.Loss) })
	if s.BestEpoch != least.Epoch || s.Best != least.Accuracy {
		t.Errorf("epoch %d is the best one, want that of the least loss, %d", s.BestEpoch, least.Epoch)
	}
	again := small(5)
	if err := again.Resume(run); err != nil || again.Epoch != 5 {
		t.Errorf("the state at the end is of epoch %d, %v", again.Epoch, err)
	}
}

// few are the first batches of others.
type few struct {
	*data.Batches
	n int
}

func (f few) Len() int { return f.n }

func (f few) Epoch(epoch, skip int) iter.Seq2[*data.Batch, error] {
	return func(yield func(*data.Batch, error) bool) {
		n := skip
		for b, err := range f.Batches.Epoch(epoch, skip) {
			if n == f.n || !yield(b, err) {
				return
			}
			n++
		}
	}
}
