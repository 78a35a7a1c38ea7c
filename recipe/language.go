package recipe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// LanguageSettings are the settings of a language model.
type LanguageSettings struct {
	Data        string  `yaml:"data" help:"a text of your own in place of the recipe's: a file of UTF-8" fixed:"true"`
	Tokens      string  `yaml:"tokens" help:"what the text is cut into" oneof:"characters bytes words bpe" fixed:"true"`
	Vocabulary  int     `yaml:"vocabulary" help:"words or pieces that there are at most, the most frequent" fixed:"true"`
	Network     string  `yaml:"network" help:"what reads" oneof:"lstm gru rnn awd-lstm gpt" fixed:"true"`
	Width       int     `yaml:"width" help:"features of a token" fixed:"true"`
	Hidden      int     `yaml:"hidden" help:"units of a recurrent layer" fixed:"true"`
	Heads       int     `yaml:"heads" help:"heads of attention of a gpt" fixed:"true"`
	Layers      int     `yaml:"layers" help:"layers on top of one another" fixed:"true"`
	Tied        bool    `yaml:"tied" help:"one table for what is read and what is said; a gpt always has one" fixed:"true"`
	Dropout     float64 `yaml:"dropout" help:"part of the features that is left out while learning"`
	Steps       int     `yaml:"steps" help:"tokens of a stream in a batch: how far gradients reach, and how far a gpt looks back" fixed:"true"`
	Batch       int     `yaml:"batch" help:"streams that are read side by side" fixed:"true"`
	Epochs      int     `yaml:"epochs" help:"passes over the training text"`
	LR          float64 `yaml:"lr" help:"learning rate, the greatest of the schedule: it rises in a twentieth of the steps, and falls as a cosine"`
	WeightDecay float64 `yaml:"weight_decay" help:"pull of the weights towards zero"`
	Clip        float64 `yaml:"clip" help:"greatest norm of the gradient; 0 is any"`
	NGram       int     `yaml:"ngram" help:"tokens of the longest n-grams of the model of Kneser and Ney that stands beside; 0 is none"`
	Prompt      string  `yaml:"prompt" help:"what the sample behind each epoch begins with"`
}

func (s *LanguageSettings) check() error {
	return firstBroken([]rule{
		{s.Vocabulary >= 2 && s.Vocabulary <= 1<<20, "vocabulary", s.Vocabulary, "it must lie in 2 to 1,048,576"},
		{s.Width >= 1, "width", s.Width, "there must be one feature at least"},
		{s.Hidden >= 1, "hidden", s.Hidden, "there must be one unit at least"},
		{s.Layers >= 1, "layers", s.Layers, "there must be one layer at least"},
		{s.Heads >= 1 && (s.Network != "gpt" || s.Width%s.Heads == 0), "heads", s.Heads, "they must divide width"},
		{!s.Tied || s.Network == "gpt" || s.Width == s.Hidden, "tied", s.Tied, "width and hidden must be the same"},
		{s.Dropout >= 0 && s.Dropout < 1, "dropout", s.Dropout, "it must be in [0, 1)"},
		{s.Steps >= 1, "steps", s.Steps, "there must be one at least"},
		{s.Batch >= 1, "batch", s.Batch, "there must be one stream at least"},
		{s.Epochs >= 1, "epochs", s.Epochs, "there must be one at least"},
		{s.LR > 0 && !math.IsInf(s.LR, 0), "lr", s.LR, "it must be positive"},
		{s.WeightDecay >= 0, "weight_decay", s.WeightDecay, "it must not be negative"},
		{s.Clip >= 0, "clip", s.Clip, "it must not be negative"},
		{s.NGram == 0 || s.NGram >= 2 && s.NGram <= 12, "ngram", s.NGram, "it must be 0, or lie in 2 to 12"},
		{s.Prompt != "", "prompt", s.Prompt, "a text begins with something"},
	})
}

// A Language is the job that trains a language model on a text.
type Language struct {
	LanguageSettings
	source string // of the recipe's own text

	seed      uint64
	tokenizer *text.Tokenizer
	parts     [3]text.IDs // training, validation, test
	net       languageModel
	card      languageCard
	loop      *train.Language // that of a run which is resumed
}

// A languageCard is model.json: what generating needs beside the weights. The vocabulary is tokenizer.json.
type languageCard struct {
	Recipe  string           `json:"recipe"`
	Task    string           `json:"task"`
	Tokens  int              `json:"tokens"` // of the vocabulary
	Network LanguageSettings `json:"network"`
}

// Settings implements Job.
func (l *Language) Settings() any { return &l.LanguageSettings }

// Prepare implements Job.
func (l *Language) Prepare(ctx context.Context, w Workplace) error {
	if err := l.check(); err != nil {
		return err
	}
	l.seed = w.Seed
	if err := l.read(ctx, w); err != nil {
		return err
	}
	if err := l.training().Check(); err != nil {
		return &BadSetting{"batch", fmt.Sprint(l.Batch), err.Error()}
	}
	for i, name := range []string{"validation", "test"} {
		if err := l.judging(l.parts[i+1]).Check(); err != nil {
			return fmt.Errorf("%s: of the part for the %s, %w", cmp.Or(l.Data, l.source), name, err)
		}
	}
	if _, err := begin(l.tokenizer, l.Prompt); err != nil {
		return &BadSetting{"prompt", l.Prompt, err.Error()}
	}
	l.card = languageCard{Recipe: w.Recipe, Task: "language", Tokens: l.tokenizer.Len(), Network: l.LanguageSettings}
	l.net = l.build(l.card, train.NewStream(w.Seed, "weights").Rand())
	return nil
}

func (l *Language) training() *text.Streams {
	return &text.Streams{IDs: l.parts[0], N: l.Batch, T: l.Steps}
}

// judging cuts a part in few streams, so that few tokens have none before them, and in the batches of training.
func (l *Language) judging(ids text.IDs) *text.Streams {
	return &text.Streams{IDs: ids, N: max(1, min(8, ids.Len()/(4*l.Steps))), T: l.Steps}
}

// Model implements Job.
func (l *Language) Model() (nn.Layer, []int) { return summarized{l.net}, []int{l.Batch, l.Steps} }

// Loss implements Job.
func (l *Language) Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error) {
	s := l.training()
	for b, err := range s.Epoch(0, 0) {
		if err != nil {
			return nil, 0, 0, err
		}
		scores := l.net.Forward(p, b.X, b.N, l.net.Begin(b.N))
		return nn.CrossEntropy(scores.Reshape(len(b.Y), -1), b.Y), s.Len(), l.Epochs, nil
	}
	return nil, 0, 0, errors.New("the training text is empty")
}

// fitting puts the training together.
func (l *Language) fitting() *train.Language {
	params, steps := nn.Params(l.net), l.Epochs*l.training().Len()
	method := optim.NewAdamW(params, l.LR)
	method.Decay = l.WeightDecay
	for _, w := range params {
		if w.Rank() < 2 { // biases and gains stay free
			method.Group([]*tensor.Tensor{w}, optim.Group{Rate: 1})
		}
	}
	warm := steps / 20
	return train.NewLanguage(l.net, l.training(), l.judging(l.parts[1]), train.Fitting{
		State:    train.State{Optimizer: method, Random: train.NewStream(l.seed, "dropout")},
		Schedule: optim.WarmUp{Steps: warm, Then: optim.Cosine{LR: l.LR, Steps: steps - warm}},
		Epochs:   l.Epochs, Clip: l.Clip,
	})
}

// Resume implements Job.
func (l *Language) Resume(run *train.Run) error {
	l.loop = l.fitting()
	return resume(&l.loop.Fitting, run)
}

// Train implements Job.
func (l *Language) Train(ctx context.Context, run *train.Run, console *train.Console) (train.Metrics, error) {
	s := l.loop
	if s == nil {
		s = l.fitting()
	}
	if err := run.WriteJSON("model.json", l.card); err != nil {
		return nil, err
	}
	if err := run.Write("tokenizer.json", l.tokenizer.Write); err != nil {
		return nil, err
	}
	s.EachEpoch = func(epoch int) error {
		return l.sample(run, fmt.Sprintf("samples/epoch-%03d.txt", epoch+1), sampleTokens)
	}
	if err := s.Run(ctx, run, console); err != nil {
		return nil, err
	}
	if err := run.LoadWeights("best", l.net); err != nil {
		return nil, err
	}
	if err := l.sample(run, "generated.txt", 4*sampleTokens); err != nil {
		return nil, err
	}
	m, err := l.metrics("test/", l.parts[2])
	if err != nil {
		return nil, err
	}
	if l.NGram > 0 {
		if err := l.beside(m); err != nil {
			return nil, err
		}
	}
	s.AddTo(m)
	return m, run.WriteJSON("metrics.json", m)
}

// Report implements Job.
func (l *Language) Report(run *train.Run, m train.Metrics) Report {
	r := Report{
		Result: fmt.Sprintf("test loss %.4f nats a token, perplexity %.4g, by the weights of epoch %.0f", m["test/loss"], m["test/perplexity"],
			m["best/epoch"]),
		Left: "the weights, the curves, and what the network made up behind each epoch.",
		Next: [][]string{{"generate", ThisRun, "--prompt", l.Prompt}, {"eval", ThisRun}},
	}
	if loss, ok := m["test/kneser-ney/loss"]; ok {
		r.Result += fmt.Sprintf("\nN-grams of %d tokens, smoothed as by Kneser and Ney: %.4f nats, perplexity %.4g.", l.NGram, loss,
			m["test/kneser-ney/perplexity"])
	}
	return r
}

// sampleTokens is the length of the sample behind an epoch.
const sampleTokens = 400

// sample leaves a text that the network makes up. That is soon done: it is not interrupted.
func (l *Language) sample(run *train.Run, name string, tokens int) error {
	g := &textGeneration{TextSettings: usualText(), tokenizer: l.tokenizer, net: l.net}
	g.Length, g.Temperature = tokens, .8
	return run.Write(name, func(w io.Writer) error {
		return g.Make(context.Background(), Order{
			Prompt: l.Prompt, N: 1, Random: train.NewStream(l.seed, "sample").Rand(), Say: func(piece Piece) error {
				_, err := io.WriteString(w, piece.Text)
				return err
			},
		})
	})
}

// metrics are those of the network on a text.
func (l *Language) metrics(prefix string, ids text.IDs) (train.Metrics, error) {
	s := l.judging(ids)
	if err := s.Check(); err != nil {
		return nil, err
	}
	loss, accuracy, err := train.EvaluateLanguage(l.net, s)
	return train.Metrics{
		prefix + "loss": loss, prefix + "perplexity": math.Exp(loss), prefix + "bits": loss / math.Ln2, prefix + "accuracy": accuracy,
		prefix + "tokens": float64(s.Tokens()),
	}, err
}

// beside adds what the n-gram model of Kneser and Ney reaches, by the text that the network has learned from.
func (l *Language) beside(m train.Metrics) error {
	grams, err := text.NewKneserNey(l.NGram, l.tokenizer.Len(), l.parts[0])
	if err != nil {
		return err
	}
	perplexity, err := grams.Perplexity(l.parts[2])
	m["test/kneser-ney/perplexity"], m["test/kneser-ney/loss"] = perplexity, math.Log(perplexity)
	return err
}

// Evaluate implements Job.
func (l *Language) Evaluate(ctx context.Context, run *train.Run, own Own) (train.Metrics, error) {
	if err := l.load(run); err != nil {
		return nil, err
	}
	if own.Folder == "" {
		return l.metrics("test/", l.parts[2])
	}
	ids, err := l.tokenized(own.Folder)
	if err != nil {
		return nil, err
	}
	return l.metrics("test/", ids)
}

// load reads card, vocabulary and best weights of a run.
func (l *Language) load(run *train.Run) error {
	damaged := func(file string, err error) error {
		return &train.Damaged{Path: run.Path(file), Err: err, Help: cardHelp}
	}
	if err := run.ReadJSON("model.json", &l.card); err != nil {
		return damaged("model.json", err)
	}
	if err := l.card.Network.check(); err != nil {
		return damaged("model.json", err)
	}
	tokenizer, err := readTokenizer(run.Path("tokenizer.json"))
	if err == nil && tokenizer.Len() != l.card.Tokens {
		err = fmt.Errorf("it has %d tokens, the network %d", tokenizer.Len(), l.card.Tokens)
	}
	if err != nil {
		return damaged("tokenizer.json", err)
	}
	l.tokenizer, l.LanguageSettings = tokenizer, l.card.Network
	l.net = l.build(l.card, train.NewStream(0, "weights").Rand())
	return run.LoadWeights("best", l.net)
}

// Predict implements Job: what can come behind a text.
func (l *Language) Predict(ctx context.Context, run *train.Run, inputs []Input, answer func(Answer) error) error {
	if err := l.load(run); err != nil {
		return err
	}
	var unread []error
	for _, in := range inputs {
		scores, err := l.next(in)
		if err == nil {
			err = answer(Answer{Input: in.Name, Scores: scores})
		} else {
			unread = append(unread, fmt.Errorf("%s: %w", in.Name, err))
			continue
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(unread...)
}
