package textset

import (
	"io"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
)

// An Article is one of WikiText's.
type Article struct {
	Title string
	Lines []string // with the title's, without white space around them and without empty ones
	File  string
	Line  int // of the title, from 1
	lines []int
}

// EndOfLine is the word that Words puts behind each line, as is usual for WikiText.
const EndOfLine = "<eos>"

// WikiText loads WikiText-2 (Merity et al. 2016, https://arxiv.org/abs/1609.07843): articles of Wikipedia, with spaces around
// punctuation and <unk> for rare words. Where only the published validation and test parts are at hand, the form "small", their
// articles are parted anew, 18 of 20 for training, and figures are not to be compared with others'.
func WikiText(l source.Located) (training, validation, test []Article, err error) {
	read := func(name string) (a []Article) {
		if err == nil {
			a, err = readFile(l, name, ReadArticles)
		}
		for i := range a {
			a[i].File = l.Path(name)
		}
		return a
	}
	switch l.Form.Name {
	case "":
		training, validation, test = read("train.txt"), read("valid.txt"), read("test.txt")
		return training, validation, test, err
	case "tokens":
		training, validation, test = read("wiki.train.tokens"), read("wiki.valid.tokens"), read("wiki.test.tokens")
		return training, validation, test, err
	}
	for i, a := range slices.Concat(read("wiki.valid.tokens"), read("wiki.test.tokens")) {
		switch i % 20 {
		case 9:
			validation = append(validation, a)
		case 19:
			test = append(test, a)
		default:
			training = append(training, a)
		}
	}
	return training, validation, test, err
}

// ReadArticles reads articles, each of which begins with its title, " = Title = ", between two empty lines. Headings within it have
// more signs, " = = Heading = = ". The error names the line.
func ReadArticles(r io.Reader) ([]Article, error) {
	var articles []Article
	var before, line string // the last two lines
	number := 0
	// A line is taken when the next one is known: a title has an empty one behind it.
	take := func(after string) {
		if title, ok := titleOf(line); ok && before == "" && after == "" {
			articles = append(articles, Article{Title: title, Line: number})
		} else if line != "" && len(articles) == 0 {
			articles = append(articles, Article{Line: number}) // text before the first title
		}
		if line != "" {
			a := &articles[len(articles)-1]
			a.Lines, a.lines = append(a.Lines, line), append(a.lines, number)
		}
	}
	err := eachLine(r, func(n int, next string) error {
		if err := checkUTF8(next); err != nil {
			return err
		}
		next = strings.TrimSpace(next)
		if n > 1 {
			take(next)
		}
		before, line, number = line, next, n
		return nil
	})
	if err != nil {
		return nil, err
	}
	take("")
	return articles, nil
}

// titleOf returns the title in "= Title =", and no heading of a section.
func titleOf(line string) (string, bool) {
	inner, ok := strings.CutPrefix(line, "= ")
	inner, end := strings.CutSuffix(inner, " =")
	return inner, ok && end && !strings.HasPrefix(inner, "=") && !strings.HasSuffix(inner, "=")
}

// Words returns the lines of articles with EndOfLine behind each, for a vocabulary of words.
func Words(articles []Article) text.Lines {
	return func(yield func(text.Line, error) bool) {
		for _, a := range articles {
			for i, line := range a.Lines {
				if !yield(text.Line{Text: line + " " + EndOfLine, File: a.File, Number: a.lines[i]}, nil) {
					return
				}
			}
		}
	}
}

func wikiParts(l source.Located) ([]Part, error) {
	training, validation, test, err := WikiText(l)
	if err != nil {
		return nil, err
	}
	return []Part{
		{Name: "training", Lines: Words(training)}, {Name: "validation", Lines: Words(validation)}, {Name: "test", Lines: Words(test)},
	}, nil
}
