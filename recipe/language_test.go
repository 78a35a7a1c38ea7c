package recipe

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// The first 200 losses of language models are those of PyTorch, from the same weights and text; see internal/fixture/_gen/language.py.
func TestFirstLossesOfLanguageModelsAreThoseOfPyTorch(t *testing.T) {
	f := fixture.Open(t, "language.safetensors")
	const kinds, streams, steps = 13, 4, 8
	for network, s := range map[string]LanguageSettings{
		"lstm": {Layers: 2, Hidden: 16, LR: .004, Clip: 1}, "gru": {Layers: 1, Hidden: 16, LR: .004, WeightDecay: .01, Clip: .5},
		"rnn": {Layers: 1, Hidden: 16, LR: .004, Clip: 1}, "gpt": {Layers: 2, Heads: 2, LR: .002, WeightDecay: .1, Clip: 1},
	} {
		t.Run(network, func(t *testing.T) {
			want := f.Tensor(t, network).Data()
			s.Network, s.Width, s.Steps, s.Batch, s.Epochs = network, 12, steps, streams, 1
			ids := make(text.Held, streams*steps*len(want)+1)
			for i := range ids {
				ids[i] = int32((mixed(i) + 1) / 2 * kinds)
			}
			l := &Language{LanguageSettings: s, parts: [3]text.IDs{ids, ids, ids}}
			l.net = l.build(languageCard{Tokens: kinds, Network: s}, rand.New(rand.NewPCG(0, 0)))
			fill(l.net)
			loop := l.fitting()
			params, step, worst := nn.Params(l.net), 0, 0.0
			for b, err := range loop.Training.Epoch(0, 0) {
				if err != nil {
					t.Fatal(err)
				}
				p := tensor.Training(nil)
				loss := nn.CrossEntropy(l.net.Forward(p, b.X, b.N, loop.Carried).Reshape(len(b.Y), -1), b.Y)
				grads := tensor.Grad(loss, params...)
				got := float64(loss.Item())
				optim.ClipNorm(grads, s.Clip)
				loop.Optimizer.SetLR(loop.Schedule.At(step))
				loop.Optimizer.Step(grads)
				p.End()
				worst = max(worst, offBy(t, step, got, float64(want[step]), len(want), .1))
				step++
			}
			if step != len(want) {
				t.Errorf("there are %d steps, want %d", step, len(want))
			}
			t.Logf("%d losses, off by %.2g at most", step, worst)
		})
	}
}

// rhyme is a text that is soon learned by heart.
func rhyme(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rhyme.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("the cat sat on the mat, and that was that.\n", 200)), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// A language model learns a text of the user's, leaves what it should, goes on with a prompt, and is judged on another text.
func TestLanguageOnATextOfTheUsers(t *testing.T) {
	for _, network := range []string{"lstm", "gpt"} {
		data := rhyme(t)
		run := newRun(t)
		j := prepared(t, "charlm-shakespeare", 0, map[string]string{
			"data": data, "network": network, "width": "32", "hidden": "48", "heads": "4", "layers": "1", "batch": "8", "steps": "32",
			"epochs": "6", "lr": "0.01", "dropout": "0", "ngram": "4", "prompt": "the ",
		})
		m, err := j.Train(context.Background(), run, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m["test/loss"] > .3 || m["test/kneser-ney/loss"] > .3 {
			t.Errorf("%s: the loss is %.3f, that of n-grams %.3f", network, m["test/loss"], m["test/kneser-ney/loss"])
		}
		for _, name := range []string{"curves.png", "samples/epoch-001.txt", "generated.txt", "model.json", "tokenizer.json", "weights/best.safetensors"} {
			if len(file(t, run, name)) == 0 {
				t.Errorf("%s is empty", name)
			}
		}
		if s := file(t, run, "generated.txt"); !bytes.Contains(s, []byte("the cat sat on the mat, and that")) {
			t.Errorf("%s goes on with %.60q", network, s)
		}
		again, err := ByName("charlm-shakespeare")
		if err != nil {
			t.Fatal(err)
		}
		fresh := again.New()
		made := func(prompt string, settings ...string) (string, error) {
			g, err := fresh.(Generator).Generation(run)
			if err != nil {
				t.Fatal(err)
			}
			if err := SetAll(g.Settings(), settings); err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			err = g.Make(context.Background(), Order{Prompt: prompt, N: 1, Random: rand.New(rand.NewPCG(1, 2)), Say: func(p Piece) error {
				b.WriteString(p.Text)
				return nil
			}})
			return b.String(), err
		}
		if s, err := made("and that w", "length=8", "temperature=0"); s != "and that was that." || err != nil {
			t.Errorf("%s goes on with %q (%v)", network, s, err)
		}
		if s, err := made("and th", "length=0"); s != "and th" || err != nil {
			t.Errorf("%s makes %q of no token (%v)", network, s, err)
		}
		for _, bad := range []string{"temperature=-1", "top_k=-1", "top_p=0", "repetition=0", "length=-1"} {
			if _, err := made("the", bad); err == nil {
				t.Errorf("%s is taken", bad)
			}
		}
		if m, err := fresh.Evaluate(context.Background(), run, Own{Folder: data}); err != nil || m["test/loss"] > .3 {
			t.Errorf("on its own text the loss is %v (%v)", m["test/loss"], err)
		}
	}
}

// What is wrong with a text or a prompt is said with its place.
func TestLanguageRefuses(t *testing.T) {
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "text.txt")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ settings, want string }{
		{"data=" + write(""), "text.txt"},
		{"data=" + write("a"), "text.txt"},
		{"data=" + write(strings.Repeat("a line\n", 2000)+"\xff\n"), "text.txt:2001: byte 0, 0xff, is not UTF-8"},
		{"data=" + filepath.Join(t.TempDir(), "none.txt"), "none.txt"},
		{"batch=500 data=" + write(strings.Repeat("word\n", 60)), "batch=500: a text of"},
		{"prompt=", "prompt=: a text begins with something"},
		{"network=gpt heads=7", "heads=7: they must divide width"},
		{"tied=true", "tied=true: width and hidden must be the same"},
		{"dropout=1", "dropout=1: it must be in [0, 1)"},
	} {
		r, err := ByName("charlm-shakespeare")
		if err != nil {
			t.Fatal(err)
		}
		j, err := r.Job(strings.Fields(c.settings))
		if err == nil {
			err = j.Prepare(context.Background(), Workplace{})
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %q", c.settings, err, c.want)
		}
	}
}

// A run that was stopped goes on in the middle of its text.
func TestLanguageJobResumes(t *testing.T) {
	settings := map[string]string{
		"data": rhyme(t), "width": "8", "hidden": "8", "layers": "1", "batch": "4", "steps": "64", "epochs": "2", "ngram": "0", "prompt": "t",
	}
	whole := newRun(t)
	if _, err := prepared(t, "opticks", 1, settings).Train(context.Background(), whole, nil); err != nil {
		t.Fatal(err)
	}
	run := newRun(t)
	_, err := prepared(t, "opticks", 1, settings).Train(&countdown{context.Background(), 40}, run, nil)
	if err != train.ErrInterrupted {
		t.Fatal(err)
	}
	j := prepared(t, "opticks", 1, settings)
	if err := j.Resume(run); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Train(context.Background(), run, nil); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file(t, run, "weights/last.safetensors"), file(t, whole, "weights/last.safetensors")) {
		t.Error("the last weights are others than those of an uninterrupted run")
	}
}

// A part of the text is enough for far better than chance, which is ln 66.
func TestLanguageLearns(t *testing.T) {
	run := newRun(t)
	settings := map[string]string{"epochs": "1", "hidden": "128", "width": "64", "batch": "32", "layers": "1", "lr": "0.01", "ngram": "0"}
	if os.Getenv("HADAL_SLOW") == "" {
		t.Skip("HADAL_SLOW is not set")
	}
	m, err := prepared(t, "opticks", 0, settings).Train(context.Background(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m["test/loss"] > 2.2 {
		t.Errorf("the loss on the test part is %.3f nats, want 2.2", m["test/loss"])
	}
}
