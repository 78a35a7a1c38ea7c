// Package textset loads named sets of text: corpora for language models, and sentences and documents with a class. Each has a file
// of its own. What is wrong with a file is an error that names it and its line, or a *source.CorruptError if it is not the file that
// was published.
package textset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
)

// A Sentence is a short text with the number of its class.
type Sentence struct {
	Text  string
	Label int
	Line  int // in its file, from 1
}

// A Part is a part of a set, such as training, to be looked at.
type Part struct {
	Name  string
	Lines text.Lines

	Classes []string // nil where texts have no classes
	Count   []int    // how many texts each class has
}

// Parts returns the parts of a set of text by its name.
func Parts(l source.Located) ([]Part, error) {
	switch l.Source.Name {
	case "movie-reviews":
		return movieParts(l)
	case "sst2":
		return sst2Parts(l)
	case "tinyshakespeare", "opticks":
		return corpusParts(l)
	case "wikitext-2":
		return wikiParts(l)
	}
	return nil, fmt.Errorf("%s is no set of text", l.Source.Name)
}

// Corpus loads tinyshakespeare or opticks: the first 90 percent of the lines for training, then 5 each for validation and test.
func Corpus(l source.Located) (training, validation, test *text.Corpus, err error) {
	if err := l.Check(); err != nil {
		return nil, nil, nil, err
	}
	whole, err := text.Open(l.Path(l.Source.Files[0].Name))
	if err != nil {
		return nil, nil, nil, err
	}
	parts, err := whole.Split(90, 5, 5)
	if err != nil {
		return nil, nil, nil, err
	}
	return parts[0], parts[1], parts[2], nil
}

func corpusParts(l source.Located) ([]Part, error) {
	training, validation, test, err := Corpus(l)
	if err != nil {
		return nil, err
	}
	return []Part{
		{Name: "training", Lines: training.Lines()}, {Name: "validation", Lines: validation.Lines()}, {Name: "test", Lines: test.Lines()},
	}, nil
}

// sentencePart is a part of sentences.
func sentencePart(name, file string, sentences []Sentence, classes []string) Part {
	p := Part{Name: name, Classes: classes, Count: make([]int, len(classes))}
	for _, s := range sentences {
		p.Count[s.Label]++
	}
	p.Lines = func(yield func(text.Line, error) bool) {
		for _, s := range sentences {
			if !yield(text.Line{Text: s.Text, File: file, Number: s.Line}, nil) {
				return
			}
		}
	}
	return p
}

// readFile reads a file of a set to its end, whereby it is verified, and puts its name before an error.
func readFile[T any](l source.Located, name string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	f, err := l.Open(name)
	if err != nil {
		return none, err
	}
	defer f.Close()
	content, err := io.ReadAll(f)
	if err != nil {
		return none, err
	}
	x, err := read(bytes.NewReader(content))
	if err != nil {
		return none, fmt.Errorf("%s: %w", l.Path(name), err)
	}
	return x, nil
}

// maxLine is how many bytes a line may have.
const maxLine = 1 << 20

// eachLine calls f with each line, without its end. The error of f gets the line's number.
func eachLine(r io.Reader, f func(number int, line string) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	number := 0
	for in.Scan() {
		number++
		line := strings.TrimSuffix(in.Text(), "\r")
		if err := f(number, line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("line %d: it has more than %d bytes", number+1, maxLine)
	} else if err != nil {
		return err
	}
	if number == 0 {
		return errors.New("it is empty")
	}
	return nil
}

var errEncoding = errors.New("it is not UTF-8")

func checkUTF8(s string) error {
	if !utf8.ValidString(s) {
		return errEncoding
	}
	return nil
}
