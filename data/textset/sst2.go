package textset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/hadal-go/hadal/data/source"
)

// SST2 loads the Stanford Sentiment Treebank with two classes (Socher et al. 2013, https://aclanthology.org/D13-1170): sentences of
// reviews of films, negative 0 and positive 1.
func SST2(l source.Located) (training, validation, test []Sentence, err error) {
	read := func(name string) (s []Sentence) {
		if err == nil {
			s, err = readFile(l, name, func(r io.Reader) ([]Sentence, error) { return ReadLabelled(r, len(l.Source.Classes)) })
		}
		return s
	}
	training, validation, test = read("train.tsv"), read("dev.tsv"), read("test.tsv")
	return training, validation, test, err
}

// ReadLabelled reads sentences, each on a line with a tab and the number of its class behind it. The error names the line.
func ReadLabelled(r io.Reader, classes int) ([]Sentence, error) {
	var sentences []Sentence
	err := eachLine(r, func(number int, line string) error {
		if err := checkUTF8(line); err != nil {
			return err
		}
		words, class, ok := strings.Cut(line, "\t")
		if !ok || strings.Contains(class, "\t") {
			return errors.New("want a sentence, a tab and the number of its class")
		}
		label, err := strconv.Atoi(class)
		if err != nil || label < 0 || label >= classes {
			return fmt.Errorf("the class is %q, want 0 to %d", class, classes-1)
		}
		if strings.TrimSpace(words) == "" {
			return errors.New("the sentence is empty")
		}
		sentences = append(sentences, Sentence{Text: words, Label: label, Line: number})
		return nil
	})
	return sentences, err
}

func sst2Parts(l source.Located) ([]Part, error) {
	training, validation, test, err := SST2(l)
	if err != nil {
		return nil, err
	}
	k := l.Source.Classes
	return []Part{
		sentencePart("training", l.Path("train.tsv"), training, k), sentencePart("validation", l.Path("dev.tsv"), validation, k),
		sentencePart("test", l.Path("test.tsv"), test, k),
	}, nil
}

// ReadFile reads a file of sentences of one's own, in the form that ReadLabelled has. The error names the file and the line.
func ReadFile(path string, classes int) ([]Sentence, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sentences, err := ReadLabelled(f, classes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return sentences, nil
}
