package recipe

import (
	"context"
	"errors"
	"fmt"

	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/data/textset"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// EmbeddingSettings are the settings of vectors of words.
type EmbeddingSettings struct {
	Data     string  `yaml:"data" help:"a text of your own in place of the recipe's: a file of UTF-8" fixed:"true"`
	Kind     string  `yaml:"model" help:"what is told by what: the words around by a word, or a word by those around" oneof:"skipgram cbow" fixed:"true"`
	Width    int     `yaml:"width" help:"features of a vector" fixed:"true"`
	Window   int     `yaml:"window" help:"words to each side at most"`
	Negative int     `yaml:"negative" help:"words that are drawn by chance for each that is told"`
	Sample   float64 `yaml:"sample" help:"of words that are more frequent than this part of the text, many are left out; 0 leaves out none"`
	MinCount int     `yaml:"min_count" help:"words that are rarer have no vector" fixed:"true"`
	Epochs   int     `yaml:"epochs" help:"passes over the text"`
	LR       float64 `yaml:"lr" help:"learning rate at the beginning; it falls in a line"`
}

func (s *EmbeddingSettings) check() error {
	return firstBroken([]rule{
		{s.Width >= 1, "width", s.Width, "there must be one feature at least"},
		{s.Window >= 1, "window", s.Window, "there must be one word at least"},
		{s.Negative >= 1, "negative", s.Negative, "there must be one at least"},
		{s.Sample >= 0, "sample", s.Sample, "it must not be negative"},
		{s.MinCount >= 1, "min_count", s.MinCount, "it must be one at least"},
		{s.Epochs >= 1, "epochs", s.Epochs, "there must be one at least"},
		{s.LR > 0 && s.LR <= 1, "lr", s.LR, "it must be in (0, 1]"},
	})
}

// An Embedding is the job that learns vectors of words from the words around them.
type Embedding struct {
	EmbeddingSettings
	source string // of the recipe's own text
	shown  []string

	seed      uint64
	tokenizer *text.Tokenizer
	corpora   [2]*sequence.Corpus2Vec // to learn from, and held back
	state     embeddingState
	card      embeddingCard
}

// An embeddingState is what a training carries from epoch to epoch.
type embeddingState struct {
	Model *sequence.Word2Vec `json:"-"`
	Epoch int                `json:"epoch"`
	Loss  float64            `json:"loss"`
	Rows  []train.Row        `json:"rows"`
}

// An embeddingCard is model.json.
type embeddingCard struct {
	Recipe string `json:"recipe"`
	Task   string `json:"task"`
	Words  int    `json:"words"`
	Width  int    `json:"width"`
}

// Settings implements Job.
func (e *Embedding) Settings() any { return &e.EmbeddingSettings }

// Prepare implements Job.
func (e *Embedding) Prepare(ctx context.Context, w Workplace) error {
	if err := e.check(); err != nil {
		return err
	}
	e.seed = w.Seed
	lines, err := e.lines(ctx, w)
	if err != nil {
		return err
	}
	o := text.Training{MinCount: e.MinCount, Unknown: unknown, Normalizers: []text.Normalizer{text.Lower{}}, Splitters: []text.Splitter{text.OnWords{}}}
	if e.tokenizer, err = o.Words(lines); err != nil {
		return err
	}
	if e.tokenizer.Len() < 3 {
		return fmt.Errorf("%d words occur min_count=%d times: too few for vectors", e.tokenizer.Len()-1, e.MinCount)
	}
	if err := e.count(lines); err != nil {
		return err
	}
	w.note("data", "%d words of %d kinds to learn from, %d to judge by", e.corpora[0].Words, e.tokenizer.Len(), e.corpora[1].Words)
	e.card = embeddingCard{w.Recipe, "embedding", e.tokenizer.Len(), e.Width}
	e.state = embeddingState{Model: sequence.NewWord2Vec(train.NewStream(w.Seed, "weights").Rand(), e.tokenizer.Len(), e.Width)}
	e.state.Model.CBOW = e.Kind == "cbow"
	return nil
}

// lines finds the text.
func (e *Embedding) lines(ctx context.Context, w Workplace) (text.Lines, error) {
	if e.Data != "" {
		c, err := text.Open(e.Data)
		if err != nil {
			return nil, err
		}
		return c.Lines(), nil
	}
	found, err := find(ctx, e.source, w.Source)
	if err != nil {
		return nil, err
	}
	parts, err := textset.Parts(found)
	if err != nil {
		return nil, err
	}
	return parts[0].Lines, nil
}

// count makes the corpora: every line is a sentence, of which each twentieth is held back. Words without a vector are left out.
func (e *Embedding) count(lines text.Lines) error {
	var sentences [2][][]int32
	none, _ := e.tokenizer.ID(unknown)
	n := 0
	for line, err := range lines {
		if err != nil {
			return err
		}
		ids, err := e.tokenizer.Encode(line.Text)
		if err != nil {
			return err
		}
		var sentence []int32
		for _, id := range ids {
			if id != none {
				sentence = append(sentence, int32(id))
			}
		}
		if len(sentence) < 2 {
			continue
		}
		part := 0
		if n%20 == 19 {
			part = 1
		}
		sentences[part], n = append(sentences[part], sentence), n+1
	}
	if len(sentences[1]) == 0 {
		return errors.New("there are fewer than twenty lines of two words or more: too few to learn from")
	}
	e.corpora[0] = sequence.NewCorpus2Vec(sentences[0], e.tokenizer.Len(), e.Sample)
	e.corpora[1] = sequence.NewCorpus2Vec(sentences[1], e.tokenizer.Len(), e.Sample)
	return nil
}

// vectors is the table of vectors as a layer, for its summary.
type vectors struct {
	Model *sequence.Word2Vec `nn:"."`
}

func (v vectors) Forward(x *tensor.Tensor) *tensor.Tensor {
	return x.Pass().Lookup(v.Model.In, make([]int, x.Len()))
}

// Model implements Job.
func (e *Embedding) Model() (nn.Layer, []int) { return vectors{e.state.Model}, []int{1} }

// Loss implements Job: that of a word and the one behind it, without words that are drawn.
func (e *Embedding) Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error) {
	m := e.state.Model
	z := p.Use(m.In).Slice(0, 0, 1).Mul(p.Use(m.Out).Slice(0, 1, 2)).Sum()
	return z.Neg().Softplus(), e.corpora[0].Words, e.Epochs, nil
}

// Resume implements Job.
func (e *Embedding) Resume(run *train.Run) error {
	if run.Saved() {
		if err := run.LoadState(&e.state); err != nil {
			return err
		}
	}
	var m train.Metrics
	if e.state.Epoch >= e.Epochs && run.ReadJSON("metrics.json", &m) == nil {
		return train.ErrFinished
	}
	return nil
}

// Train implements Job. What is drawn in an epoch depends on the seed and its number.
func (e *Embedding) Train(ctx context.Context, run *train.Run, console *train.Console) (train.Metrics, error) {
	if err := run.WriteJSON("model.json", e.card); err != nil {
		return nil, err
	}
	if err := run.Write("tokenizer.json", e.tokenizer.Write); err != nil {
		return nil, err
	}
	for e.state.Epoch < e.Epochs {
		if ctx.Err() != nil {
			return nil, train.ErrInterrupted
		}
		if err := e.epoch(run, console); err != nil {
			return nil, err
		}
	}
	if err := e.leave(run); err != nil {
		return nil, err
	}
	loss, accuracy := e.judge()
	m := train.Metrics{
		"train/loss": e.state.Loss, "test/loss": loss, "test/accuracy": accuracy, "epochs": float64(e.Epochs), "words": float64(e.tokenizer.Len()),
		"steps": float64(e.Epochs * e.corpora[0].Words), "best/epoch": float64(e.Epochs),
	}
	for _, r := range e.state.Rows {
		m["seconds"] = r.Seconds
	}
	return m, run.WriteJSON("metrics.json", m)
}
