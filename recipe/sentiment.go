package recipe

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
	"github.com/hadal-go/hadal/data/textset"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
	"github.com/hadal-go/hadal/train"
)

// SentimentSettings are the settings of a classifier of sentences.
type SentimentSettings struct {
	Cell        string  `yaml:"cell" help:"what reads" oneof:"lstm gru rnn" fixed:"true"`
	Width       int     `yaml:"width" help:"features of a word" fixed:"true"`
	Hidden      int     `yaml:"hidden" help:"units of a layer in each direction" fixed:"true"`
	Layers      int     `yaml:"layers" help:"layers on top of one another" fixed:"true"`
	Vocabulary  int     `yaml:"vocabulary" help:"words that are known at most, the most frequent" fixed:"true"`
	MinCount    int     `yaml:"min_count" help:"words that are rarer in the training set are unknown" fixed:"true"`
	Dropout     float64 `yaml:"dropout" help:"part of the features that is left out while learning"`
	Batch       int     `yaml:"batch" help:"sentences a step" fixed:"true"`
	Epochs      int     `yaml:"epochs" help:"passes over the training set"`
	LR          float64 `yaml:"lr" help:"learning rate, the greatest of the schedule, which falls as a cosine"`
	WeightDecay float64 `yaml:"weight_decay" help:"pull of the weights towards zero"`
	Clip        float64 `yaml:"clip" help:"greatest norm of the gradient; 0 is any"`
}

func (s *SentimentSettings) check() error {
	return firstBroken([]rule{
		{s.Width >= 1, "width", s.Width, "there must be one feature at least"},
		{s.Hidden >= 1, "hidden", s.Hidden, "there must be one unit at least"},
		{s.Layers >= 1, "layers", s.Layers, "there must be one layer at least"},
		{s.Vocabulary >= 2, "vocabulary", s.Vocabulary, "there must be two words at least"},
		{s.MinCount >= 0, "min_count", s.MinCount, "it must not be negative"},
		{s.Dropout >= 0 && s.Dropout < 1, "dropout", s.Dropout, "it must be in [0, 1)"},
		{s.Batch >= 1, "batch", s.Batch, "there must be one sentence at least"},
		{s.Epochs >= 1, "epochs", s.Epochs, "there must be one at least"},
		{s.LR > 0 && !math.IsInf(s.LR, 0), "lr", s.LR, "it must be positive"},
		{s.WeightDecay >= 0, "weight_decay", s.WeightDecay, "it must not be negative"},
		{s.Clip >= 0, "clip", s.Clip, "it must not be negative"},
	})
}

// A Sentiment is the job that tells the classes of sentences.
type Sentiment struct {
	SentimentSettings

	seed      uint64
	tokenizer *text.Tokenizer
	parts     [3]text.Sequences // training, validation, test
	sentences [3][]textset.Sentence
	net       *sequence.Sentence
	card      sentimentCard
	loop      *train.Sentences // that of a run which is resumed
}

// A sentimentCard is model.json: what predicting needs beside the weights. The vocabulary is tokenizer.json.
type sentimentCard struct {
	Recipe  string            `json:"recipe"`
	Task    string            `json:"task"`
	Classes []string          `json:"classes"`
	Tokens  int               `json:"tokens"`
	Network SentimentSettings `json:"network"`
}

// Settings implements Job.
func (s *Sentiment) Settings() any { return &s.SentimentSettings }

// Prepare implements Job.
func (s *Sentiment) Prepare(ctx context.Context, w Workplace) error {
	if err := s.check(); err != nil {
		return err
	}
	s.seed = w.Seed
	found, err := find(ctx, "sst2", w.Source)
	if err != nil {
		return err
	}
	if s.sentences[0], s.sentences[1], s.sentences[2], err = textset.SST2(found); err != nil {
		return err
	}
	return s.prepare(w, found.Source)
}

// prepare makes the vocabulary and the network for the sentences that there are.
func (s *Sentiment) prepare(w Workplace, from source.Source) error {
	var lines []string
	for _, e := range s.sentences[0] {
		lines = append(lines, e.Text)
	}
	var err error
	if s.tokenizer, err = (text.Training{Size: s.Vocabulary, MinCount: s.MinCount, Unknown: unknown}).Words(text.Strings(lines...)); err != nil {
		return err
	}
	for part, sentences := range s.sentences {
		for _, e := range sentences {
			ids, err := s.encode(e.Text)
			if err != nil {
				return fmt.Errorf("%s, line %d: %w", from.Name, e.Line, err)
			}
			s.parts[part] = append(s.parts[part], text.Sequence{IDs: ids, Label: e.Label})
		}
	}
	w.note("data", "%d sentences to learn from, %d to choose the best epoch by, %d to test on; %d words", len(s.parts[0]), len(s.parts[1]),
		len(s.parts[2]), s.tokenizer.Len())
	s.card = sentimentCard{
		Recipe: w.Recipe, Task: "sentences", Classes: from.Classes, Tokens: s.tokenizer.Len(), Network: s.SentimentSettings,
	}
	s.net = s.build(train.NewStream(w.Seed, "weights"))
	return nil
}

// encode returns the words of a sentence, of which there must be one.
func (s *Sentiment) encode(sentence string) ([]int, error) {
	ids, err := s.tokenizer.Encode(sentence)
	if err == nil && len(ids) == 0 {
		err = errors.New("a sentence without a word")
	}
	return ids, err
}

func (s *Sentiment) build(r *train.Stream) *sequence.Sentence {
	k := s.card.Network
	size := nn.StackSize{Hidden: k.Hidden, Layers: k.Layers, Bidirectional: true, Dropout: tensor.Float(k.Dropout)}
	return sequence.NewSentence(r.Rand(), k.Cell, s.card.Tokens, k.Width, size, len(s.card.Classes))
}

// judging are the batches by which the network is judged.
func judgingTexts(set text.Sequences) *text.Buckets { return &text.Buckets{Set: set, Size: 128} }

// read is a sentence network as a layer, of the numbers of words N×T, for its summary.
type read struct {
	Net *sequence.Sentence `nn:"."`
}

func (m read) Forward(x *tensor.Tensor) *tensor.Tensor {
	return m.Net.Forward(x.Pass(), make([]int, x.Len()), x.Dim(0), nil)
}

// Model implements Job.
func (s *Sentiment) Model() (nn.Layer, []int) { return read{s.net}, []int{s.Batch, 20} }

// Loss implements Job.
func (s *Sentiment) Loss(p *tensor.Pass) (loss *tensor.Tensor, steps, epochs int, err error) {
	training := s.fitting().Training
	for b, err := range training.Epoch(0, 0) {
		if err != nil {
			return nil, 0, 0, err
		}
		return nn.CrossEntropy(s.net.Forward(p, b.X, b.N, b.Lengths), b.Labels), training.Len(), s.Epochs, nil
	}
	return nil, 0, 0, errors.New("the training set is empty")
}

// fitting puts the training together.
func (s *Sentiment) fitting() *train.Sentences {
	training := &text.Buckets{Set: s.parts[0], Size: s.Batch, Shuffle: true, Seed: s.seed}
	method := optim.NewAdamW(nn.Params(s.net), s.LR)
	method.Decay = s.WeightDecay
	return train.NewSentences(s.net, training, judgingTexts(s.parts[1]), train.Fitting{
		State:    train.State{Optimizer: method, Random: train.NewStream(s.seed, "dropout")},
		Schedule: optim.Cosine{LR: s.LR, Steps: s.Epochs * training.Len()}, Epochs: s.Epochs, Clip: s.Clip,
	})
}

// Resume implements Job.
func (s *Sentiment) Resume(run *train.Run) error {
	s.loop = s.fitting()
	return resume(&s.loop.Fitting, run)
}

// Train implements Job.
func (s *Sentiment) Train(ctx context.Context, run *train.Run, console *train.Console) (train.Metrics, error) {
	loop := s.loop
	if loop == nil {
		loop = s.fitting()
	}
	if err := run.WriteJSON("model.json", s.card); err != nil {
		return nil, err
	}
	if err := run.Write("tokenizer.json", s.tokenizer.Write); err != nil {
		return nil, err
	}
	if err := loop.Run(ctx, run, console); err != nil {
		return nil, err
	}
	if err := run.LoadWeights("best", s.net); err != nil {
		return nil, err
	}
	o, index, err := train.EvaluateSentences(s.net, judgingTexts(s.parts[2]))
	if err != nil {
		return nil, err
	}
	if err := s.leave(run, o, index); err != nil {
		return nil, err
	}
	m := o.Metrics("test/")
	m["test/bag-of-words/accuracy"] = fitBag(s.tokenizer.Len(), s.parts[0], s.parts[1]).accuracy(s.parts[2])
	loop.AddTo(m)
	return m, run.WriteJSON("metrics.json", m)
}

// leave leaves what was taken for what, and the sentences that were told wrong with most confidence.
func (s *Sentiment) leave(run *train.Run, o *train.Outcome, index []int) error {
	img, err := plot.Confusion("What was taken for what on the test set", o.Confusion().Counts, s.card.Classes)
	if err != nil {
		return err
	}
	if err := plot.WritePNG(run.Path("confusion_matrix.png"), img); err != nil {
		return err
	}
	return run.Write("mistakes.csv", func(w io.Writer) error {
		c := csv.NewWriter(w)
		c.Write([]string{"sentence", "label", "said", "probability"})
		for _, i := range o.TopLosses(100, false) {
			said := o.Predicted[i]
			c.Write([]string{
				s.sentences[2][index[i]].Text, s.card.Classes[o.Labels[i]], s.card.Classes[said],
				strconv.FormatFloat(float64(o.Probabilities[i*o.Classes+said]), 'f', 4, 64),
			})
		}
		c.Flush()
		return c.Error()
	})
}

// Report implements Job.
func (s *Sentiment) Report(_ *train.Run, m train.Metrics) Report {
	return Report{
		Result: fmt.Sprintf("test accuracy %.2f %% (95 %% interval %.2f to %.2f), by the weights of epoch %.0f\nA bag of words with logistic "+
			"regression: %.2f %%.", 100*m["test/accuracy"], 100*m["test/accuracy/low"], 100*m["test/accuracy/high"], m["best/epoch"],
			100*m["test/bag-of-words/accuracy"]),
		Left: "the weights, the curves, and the sentences that it takes for the opposite.",
		Next: [][]string{{"predict", ThisRun, "sentences.txt"}, {"eval", ThisRun}},
	}
}

// load reads card, vocabulary and best weights of a run.
func (s *Sentiment) load(run *train.Run) error {
	damaged := func(file string, err error) error {
		return &train.Damaged{Path: run.Path(file), Err: err, Help: cardHelp}
	}
	err := run.ReadJSON("model.json", &s.card)
	if err == nil {
		err = s.card.Network.check()
	}
	if err == nil && len(s.card.Classes) < 2 {
		err = errors.New("it has no classes")
	}
	if err != nil {
		return damaged("model.json", err)
	}
	if s.tokenizer, err = readTokenizer(run.Path("tokenizer.json")); err == nil && s.tokenizer.Len() != s.card.Tokens {
		err = fmt.Errorf("it has %d words, the network %d", s.tokenizer.Len(), s.card.Tokens)
	}
	if err != nil {
		return damaged("tokenizer.json", err)
	}
	s.net = s.build(train.NewStream(0, "weights"))
	return run.LoadWeights("best", s.net)
}

// Evaluate implements Job. Data of the user's own are a file of lines: a sentence, a tab, and the number of its class.
func (s *Sentiment) Evaluate(_ context.Context, run *train.Run, own Own) (train.Metrics, error) {
	if err := s.load(run); err != nil {
		return nil, err
	}
	set := s.parts[2]
	if own.Folder != "" {
		sentences, err := textset.ReadFile(own.Folder, len(s.card.Classes))
		if err != nil {
			return nil, err
		}
		set = nil
		for _, e := range sentences {
			ids, err := s.encode(e.Text)
			if err != nil {
				return nil, fmt.Errorf("%s, line %d: %w", own.Folder, e.Line, err)
			}
			set = append(set, text.Sequence{IDs: ids, Label: e.Label})
		}
	}
	o, _, err := train.EvaluateSentences(s.net, judgingTexts(set))
	if err != nil {
		return nil, err
	}
	return o.Metrics("test/"), nil
}

// Predict implements Job: every line of an input is a sentence.
func (s *Sentiment) Predict(ctx context.Context, run *train.Run, inputs []Input, answer func(Answer) error) error {
	if err := s.load(run); err != nil {
		return err
	}
	var unread []error
	for _, in := range inputs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.predict(in, answer); err != nil {
			unread = append(unread, fmt.Errorf("%s: %w", in.Name, err))
		}
	}
	return errors.Join(unread...)
}

// predict answers to the lines of one input.
func (s *Sentiment) predict(in Input, answer func(Answer) error) error {
	f, err := in.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	lines, any := bufio.NewScanner(f), false
	for lines.Scan() {
		line := strings.ToLower(strings.TrimSpace(lines.Text())) // as SST-2 has its words
		if line == "" {
			continue
		}
		ids, err := s.encode(line)
		if err != nil {
			return err
		}
		any = true
		p := tensor.Inference()
		scores := s.net.Forward(p, ids, 1, nil).Softmax().Data()
		a := Answer{Input: line}
		for i, v := range scores {
			a.Scores = append(a.Scores, ClassScore{s.card.Classes[i], float64(v)})
		}
		p.End()
		sort.SliceStable(a.Scores, func(i, j int) bool { return a.Scores[i].Probability > a.Scores[j].Probability })
		if err := answer(a); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if !any {
		return errors.New("there is no sentence in it")
	}
	return nil
}
