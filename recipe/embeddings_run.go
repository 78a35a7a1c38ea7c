package recipe

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hadal-go/hadal/internal/near"
	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/train"
)

// epoch goes through the text once, and saves.
func (e *Embedding) epoch(run *train.Run, console *train.Console) error {
	began, s := time.Now(), &e.state
	random := train.NewStream(e.seed, fmt.Sprint("epoch ", s.Epoch)).Rand()
	rate := func(done float64) float64 {
		return e.LR * max(1e-4, 1-(float64(s.Epoch)+done)/float64(e.Epochs))
	}
	console.Step(s.Epoch+1, e.Epochs, 0, 1, 1, s.Loss)
	var right float64
	s.Loss, right = s.Model.Epoch(e.corpora[0], sequence.Learning{Window: e.Window, Negative: e.Negative}, random, rate)
	loss, accuracy := e.judge()
	row := train.Row{
		Epoch: s.Epoch + 1, Step: (s.Epoch + 1) * e.corpora[0].Words, TrainLoss: s.Loss, TrainAccuracy: right, Loss: loss, Accuracy: accuracy,
		LR: rate(1), Seconds: time.Since(began).Seconds(),
	}
	if n := len(s.Rows); n > 0 {
		row.Seconds += s.Rows[n-1].Seconds
	}
	if math.IsNaN(row.Loss) || math.IsInf(row.Loss, 0) {
		return &train.Diverged{What: "the loss", Step: row.Step}
	}
	s.Epoch, s.Rows = s.Epoch+1, append(s.Rows, row)
	if err := run.Event("epoch", train.Fields{
		"step": row.Step, "epoch": row.Epoch, "train/loss": row.TrainLoss, "train/accuracy": row.TrainAccuracy, "val/loss": row.Loss,
		"val/accuracy": row.Accuracy, "lr": row.LR, "seconds": row.Seconds,
	}); err != nil {
		return err
	}
	console.Epoch(row, e.Epochs, true)
	for _, weights := range []string{"best", "last"} {
		if err := run.SaveWeights(weights, s.Model); err != nil {
			return err
		}
	}
	if err := run.WriteResults(s.Rows); err != nil {
		return err
	}
	return run.SaveState(s)
}

// judge returns loss and accuracy on what is held back, with words drawn by chance that are the same every time.
func (e *Embedding) judge() (loss, accuracy float64) {
	random := train.NewStream(0, "judge").Rand()
	l := sequence.Learning{Window: e.Window, Negative: e.Negative}
	return e.state.Model.Epoch(e.corpora[1], l, random, func(float64) float64 { return 0 })
}

// leave leaves the vectors in the form of the authors' program, and the neighbours of the most frequent words.
func (e *Embedding) leave(run *train.Run) error {
	m := e.state.Model
	err := run.Write("vectors.txt", func(w io.Writer) error {
		out := bufio.NewWriter(w)
		fmt.Fprintln(out, e.tokenizer.Len(), e.Width)
		for id := range e.tokenizer.Len() {
			out.WriteString(e.tokenizer.Token(id))
			for _, v := range m.Vector(id) {
				out.WriteString(" " + strconv.FormatFloat(v, 'g', 7, 32))
			}
			out.WriteByte('\n')
		}
		return out.Flush()
	})
	if err != nil {
		return err
	}
	err = run.Write("neighbours.csv", func(w io.Writer) error {
		c := csv.NewWriter(w)
		c.Write([]string{"word", "neighbour", "cosine"})
		for id := range min(1000, e.tokenizer.Len()) {
			for _, n := range m.Near(m.Vector(id), 5, id) {
				c.Write([]string{e.tokenizer.Token(id), e.tokenizer.Token(n.Word), strconv.FormatFloat(n.Cosine, 'f', 4, 64)})
			}
		}
		c.Flush()
		return c.Error()
	})
	if err != nil {
		return err
	}
	var epochs, training, held []float64
	for _, r := range e.state.Rows {
		epochs, training, held = append(epochs, float64(r.Epoch)), append(training, r.TrainLoss), append(held, r.Loss)
	}
	img, err := plot.Chart{
		Title: "Loss", X: "epoch", Y: "nats a word that is told", Series: []plot.Series{
			{Name: "training", X: epochs, Y: training}, {Name: "held back", X: epochs, Y: held},
		},
	}.Image(520, 360)
	if err != nil {
		return err
	}
	return plot.WritePNG(run.Path("curves.png"), img)
}

// Report implements Job.
func (e *Embedding) Report(_ *train.Run, m train.Metrics) Report {
	s := ""
	for _, word := range e.shown {
		if id, ok := e.tokenizer.ID(word); ok {
			s += "\n" + word + ":"
			for _, n := range e.state.Model.Near(e.state.Model.Vector(id), 5, id) {
				s += " " + e.tokenizer.Token(n.Word)
			}
		}
	}
	return Report{
		Result: fmt.Sprintf("%.0f words; loss %.4f nats on lines that were held back%s", m["words"], m["test/loss"], s),
		Left:   "the vectors, vectors.txt, and the neighbours of the most frequent words.",
		Next:   [][]string{{"predict", ThisRun, "king"}, {"predict", ThisRun, "king-man+woman"}},
	}
}

// load reads the vectors of a run.
func (e *Embedding) load(run *train.Run) error {
	damaged := func(file string, err error) error {
		return &train.Damaged{Path: run.Path(file), Err: err, Help: cardHelp}
	}
	if err := run.ReadJSON("model.json", &e.card); err != nil {
		return damaged("model.json", err)
	}
	tokenizer, err := readTokenizer(run.Path("tokenizer.json"))
	if err == nil && (tokenizer.Len() != e.card.Words || e.card.Width < 1) {
		err = fmt.Errorf("it has %d words, the vectors are of %d", tokenizer.Len(), e.card.Words)
	}
	if err != nil {
		return damaged("tokenizer.json", err)
	}
	e.tokenizer = tokenizer
	e.state.Model = sequence.NewWord2Vec(train.NewStream(0, "weights").Rand(), e.card.Words, e.card.Width)
	return run.LoadWeights("best", e.state.Model)
}

// Evaluate implements Job.
func (e *Embedding) Evaluate(_ context.Context, run *train.Run, own Own) (train.Metrics, error) {
	if own.Folder != "" {
		return nil, errors.New("vectors are judged on the text that they were learned from; predict shows neighbours of words")
	}
	if err := e.load(run); err != nil {
		return nil, err
	}
	e.state.Model.CBOW = e.Kind == "cbow"
	loss, accuracy := e.judge()
	return train.Metrics{"test/loss": loss, "test/accuracy": accuracy}, nil
}

// Predict implements Job: the neighbours of words, and of sums and differences such as king-man+woman. An input is a file of such lines,
// or itself such a line.
func (e *Embedding) Predict(ctx context.Context, run *train.Run, inputs []Input, answer func(Answer) error) error {
	if err := e.load(run); err != nil {
		return err
	}
	var unread []error
	for _, in := range inputs {
		lines := []string{in.Name}
		if f, err := in.Open(); err == nil {
			lines = nil
			for s := bufio.NewScanner(f); s.Scan(); {
				lines = append(lines, s.Text())
			}
			f.Close()
		} else if !errors.Is(err, fs.ErrNotExist) {
			unread = append(unread, fmt.Errorf("%s: %w", in.Name, err))
			continue
		}
		for _, line := range lines {
			scores, err := e.neighbours(line)
			if err != nil {
				unread = append(unread, err)
			} else if err := answer(Answer{Input: line, Scores: scores}); err != nil {
				return err
			}
		}
	}
	return errors.Join(unread...)
}

// neighbours returns the words nearest to a sum of words, with cosines for probabilities.
func (e *Embedding) neighbours(line string) ([]ClassScore, error) {
	sum, used := make([]float64, e.card.Width), []int{}
	terms := strings.Fields(strings.NewReplacer("+", " +", "-", " -").Replace(strings.ToLower(line)))
	for _, term := range terms {
		sign := 1.0
		if strings.HasPrefix(term, "-") {
			sign = -1
		}
		word := strings.TrimLeft(term, "+-")
		id, ok := e.tokenizer.ID(word)
		if !ok || word == unknown {
			if close := near.Near(word, e.words()); len(close) > 0 {
				return nil, fmt.Errorf("there is no vector of %q; did you mean %s?", word, strings.Join(close, " or "))
			}
			return nil, fmt.Errorf("there is no vector of %q: it was too rare in the text", word)
		}
		v := e.state.Model.Vector(id)
		length := 0.0
		for _, x := range v {
			length += x * x
		}
		for i, x := range v {
			sum[i] += sign * x / math.Sqrt(max(1e-30, length))
		}
		used = append(used, id)
	}
	if len(used) == 0 {
		return nil, errors.New("there is no word in it")
	}
	if id, ok := e.tokenizer.ID(unknown); ok {
		used = append(used, id)
	}
	var scores []ClassScore
	for _, n := range e.state.Model.Near(sum, 10, used...) {
		scores = append(scores, ClassScore{e.tokenizer.Token(n.Word), n.Cosine})
	}
	return scores, nil
}

func (e *Embedding) words() []string {
	all := make([]string, e.tokenizer.Len())
	for i := range all {
		all[i] = e.tokenizer.Token(i)
	}
	return all
}
