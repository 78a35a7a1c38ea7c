package recipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/data/polyphonic"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// MusicSettings are the settings of a network that foretells music.
type MusicSettings struct {
	Hidden      int     `yaml:"hidden" help:"channels of a block" fixed:"true"`
	Levels      int     `yaml:"levels" help:"blocks, each of which sees twice as far" fixed:"true"`
	Kernel      int     `yaml:"kernel" help:"taps of a convolution" fixed:"true"`
	Dropout     float64 `yaml:"dropout" help:"part of the channels that is left out while learning"`
	Batch       int     `yaml:"batch" help:"pieces a step" fixed:"true"`
	Epochs      int     `yaml:"epochs" help:"passes over the training pieces"`
	LR          float64 `yaml:"lr" help:"learning rate at the beginning; it falls as a cosine"`
	WeightDecay float64 `yaml:"weight_decay" help:"pull of the weights towards zero"`
	Clip        float64 `yaml:"clip" help:"greatest norm of the gradient; 0 is any"`
}

func (s *MusicSettings) check() error {
	return firstBroken([]rule{
		{s.Hidden >= 1, "hidden", s.Hidden, "there must be one channel at least"},
		{s.Levels >= 1 && s.Levels <= 16, "levels", s.Levels, "it must lie in 1 to 16"},
		{s.Kernel >= 2, "kernel", s.Kernel, "there must be two taps at least"},
		{s.Dropout >= 0 && s.Dropout < 1, "dropout", s.Dropout, "it must be in [0, 1)"},
		{s.Batch >= 1, "batch", s.Batch, "there must be one piece at least"},
		{s.Epochs >= 1, "epochs", s.Epochs, "there must be one at least"},
		{s.LR > 0 && !math.IsInf(s.LR, 0), "lr", s.LR, "it must be positive"},
		{s.WeightDecay >= 0, "weight_decay", s.WeightDecay, "it must not be negative"},
		{s.Clip >= 0, "clip", s.Clip, "it must not be negative"},
	})
}

// A Music is the job that trains a network on piano rolls, by the protocol of Bai, Kolter and Koltun 2018, section 5.3.
type Music struct {
	MusicSettings
	source string
	frame  float64 // how many quarter notes one lasts

	seed  uint64
	parts polyphonic.Parts
	net   *sequence.TCNMusic
	card  musicCard
	loop  *train.Music // that of a run which is resumed
}

// A musicCard is model.json: what generating needs beside the weights.
type musicCard struct {
	Recipe   string        `json:"recipe"`
	Task     string        `json:"task"`
	Frame    float64       `json:"frame"`    // how many quarter notes one lasts
	Voices   int           `json:"voices"`   // how many keys sound at once, hardly ever more
	Openings [][][]int     `json:"openings"` // the first frames of test pieces, by the MIDI numbers of the keys that sound
	Network  MusicSettings `json:"network"`
}

// Settings implements Job.
func (m *Music) Settings() any { return &m.MusicSettings }

// Prepare implements Job.
func (m *Music) Prepare(ctx context.Context, w Workplace) error {
	if err := m.check(); err != nil {
		return err
	}
	m.seed = w.Seed
	if err := m.read(ctx, w); err != nil {
		return err
	}
	if m.Batch > len(m.parts.Training) {
		return &BadSetting{"batch", fmt.Sprint(m.Batch), fmt.Sprintf("there are %d pieces to train on", len(m.parts.Training))}
	}
	m.card = musicCard{Recipe: w.Recipe, Task: "music", Frame: m.frame, Voices: voicesOf(m.parts.Training), Network: m.MusicSettings}
	for _, r := range m.parts.Test[:min(openings, len(m.parts.Test))] {
		m.card.Openings = append(m.card.Openings, keysOf(r[:min(openingFrames, r.Len())*polyphonic.Keys]))
	}
	m.net = m.card.Network.network(train.NewStream(w.Seed, "weights").Rand())
	w.note("data", "%d pieces to learn from, %d to choose the best epoch by, %d to test on; a frame depends on the %d before it",
		len(m.parts.Training), len(m.parts.Validation), len(m.parts.Test), m.net.TCN.ReceptiveField())
	return nil
}

func (m *Music) read(ctx context.Context, w Workplace) error {
	found, err := find(ctx, m.source, w.Source)
	if err != nil {
		return err
	}
	m.parts, err = polyphonic.Load(found)
	return err
}

func (s MusicSettings) network(r *rand.Rand) *sequence.TCNMusic {
	return sequence.NewTCNMusic(r, polyphonic.Keys, slices.Repeat([]int{s.Hidden}, s.Levels), s.Kernel, tensor.Float(s.Dropout))
}

func (m *Music) training() *polyphonic.Batches {
	return &polyphonic.Batches{Set: m.parts.Training, Size: m.Batch, Shuffle: true, Seed: m.seed}
}

// judging takes a piece at a time, so that nothing is filled up.
func judging(rolls []polyphonic.Roll) *polyphonic.Batches {
	return &polyphonic.Batches{Set: rolls, Size: 1}
}

// Model implements Job. The steps are those of a piece of a usual length.
func (m *Music) Model() (nn.Layer, []int) { return m.net, []int{m.Batch, 60, polyphonic.Keys} }

// Loss implements Job.
func (m *Music) Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error) {
	s := m.training()
	for b, err := range s.Epoch(0, 0) {
		if err != nil {
			return nil, 0, 0, err
		}
		return train.MusicLoss(m.net.Forward(p.Input(b.X)), b), s.Len(), m.Epochs, nil
	}
	return nil, 0, 0, errors.New("there is no piece to train on")
}

// fitting puts the training together.
func (m *Music) fitting() *train.Music {
	s, method := m.training(), optim.NewAdamW(nn.Params(m.net), m.LR)
	method.Decay = m.WeightDecay
	return train.NewMusic(m.net, s, judging(m.parts.Validation), train.Fitting{
		State:    train.State{Optimizer: method, Random: train.NewStream(m.seed, "dropout")},
		Schedule: optim.Cosine{LR: m.LR, Steps: m.Epochs * s.Len()}, Epochs: m.Epochs, Clip: m.Clip,
	})
}

// Resume implements Job.
func (m *Music) Resume(run *train.Run) error {
	m.loop = m.fitting()
	return resume(&m.loop.Fitting, run)
}

// Train implements Job.
func (m *Music) Train(ctx context.Context, run *train.Run, console *train.Console) (train.Metrics, error) {
	s := m.loop
	if s == nil {
		s = m.fitting()
	}
	if err := run.WriteJSON("model.json", m.card); err != nil {
		return nil, err
	}
	if err := m.writeExamples(run); err != nil {
		return nil, err
	}
	if err := s.Run(ctx, run, console); err != nil {
		return nil, err
	}
	if err := run.LoadWeights("best", m.net); err != nil {
		return nil, err
	}
	if err := m.play(run); err != nil {
		return nil, err
	}
	metrics, err := m.metrics(m.parts.Test)
	if err != nil {
		return nil, err
	}
	s.AddTo(metrics)
	return metrics, run.WriteJSON("metrics.json", metrics)
}

func (m *Music) metrics(rolls []polyphonic.Roll) (train.Metrics, error) {
	loss, accuracy, err := train.EvaluateMusic(m.net, judging(rolls))
	frames := 0
	for _, r := range rolls {
		frames += r.Len() - 1
	}
	return train.Metrics{"test/loss": loss, "test/accuracy": accuracy, "test/frames": float64(frames)}, err
}

// Evaluate implements Job. Data of the user's own are a MIDI file.
func (m *Music) Evaluate(ctx context.Context, run *train.Run, own Own) (train.Metrics, error) {
	if err := m.load(run); err != nil {
		return nil, err
	}
	if own.Folder == "" {
		return m.metrics(m.parts.Test)
	}
	roll, err := m.openMIDI(own.Folder)
	if err != nil {
		return nil, err
	}
	return m.metrics([]polyphonic.Roll{roll})
}

// load reads card and best weights of a run.
func (m *Music) load(run *train.Run) error {
	err := run.ReadJSON("model.json", &m.card)
	if err == nil {
		err = m.card.Network.check()
	}
	if err == nil && (!(m.card.Frame > 0) || len(m.card.Openings) == 0) {
		err = errors.New("it has no length of a frame, or no openings")
	}
	if err != nil {
		return &train.Damaged{Path: run.Path("model.json"), Err: err, Help: cardHelp}
	}
	m.net = m.card.Network.network(train.NewStream(0, "weights").Rand())
	return run.LoadWeights("best", m.net)
}

// Predict implements Job: the keys that may sound behind a MIDI file.
func (m *Music) Predict(ctx context.Context, run *train.Run, inputs []Input, answer func(Answer) error) error {
	if err := m.load(run); err != nil {
		return err
	}
	var unread []error
	for _, in := range inputs {
		scores, err := m.next(in)
		if err != nil {
			unread = append(unread, fmt.Errorf("%s: %w", in.Name, err))
			continue
		}
		if err := answer(Answer{Input: in.Name, Scores: scores}); err != nil {
			return err
		}
	}
	return errors.Join(unread...)
}

func (m *Music) next(in Input) ([]ClassScore, error) {
	f, err := in.Open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	roll, err := rollOf(io.Reader(f), m.card.Frame)
	if err != nil {
		return nil, err
	}
	p := tensor.Inference()
	defer p.End()
	scores := m.net.Forward(p.Input(floats(roll)))
	last := scores.Slice(1, roll.Len()-1, roll.Len()).Sigmoid().Data()
	all := make([]ClassScore, len(last))
	for i, v := range last {
		all[i] = ClassScore{noteName(i + polyphonic.Lowest), float64(v)}
	}
	slices.SortStableFunc(all, func(a, b ClassScore) int {
		switch {
		case a.Probability > b.Probability:
			return -1
		case a.Probability < b.Probability:
			return 1
		}
		return 0
	})
	return all, nil
}

// Report implements Job.
func (m *Music) Report(run *train.Run, metrics train.Metrics) Report {
	return Report{
		Result: fmt.Sprintf("test loss %.4f nats a frame, %.2f %% of the frames told right in every key, by the weights of epoch %.0f",
			metrics["test/loss"], 100*metrics["test/accuracy"], metrics["best/epoch"]),
		Left: "the weights, the curves, music that the network made up in generated/, and its piano roll.",
		Next: [][]string{{"generate", ThisRun, "midi=music.mid"}, {"predict", ThisRun, run.Path("examples", "test-1.mid")}, {"eval", ThisRun}},
	}
}
