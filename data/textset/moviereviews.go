package textset

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
)

// A Document is a text of several sentences with the number of its class.
type Document struct {
	Name      string // of its file in the archive
	Sentences []string
	Label     int
	Fold      int // of ten for cross-validation, by the number in its name, as is usual for this set
}

// MovieReviews loads the documents of the polarity dataset 2.0 (Pang and Lee 2004, https://aclanthology.org/P04-1035): 2,000 reviews of
// films, negative 0 and positive 1, with a sentence on each line.
func MovieReviews(l source.Located) ([]Document, error) {
	return readFile(l, "movie_reviews.zip", ReadDocuments)
}

// SentencePolarity loads 10,662 sentences of reviews, negative 0 and positive 1 (Pang and Lee 2005, https://aclanthology.org/P05-1015).
func SentencePolarity(l source.Located) ([]Sentence, error) {
	return readFile(l, "sentence_polarity.zip", readSentences("rt-polarity.neg", "rt-polarity.pos"))
}

// Subjectivity loads 10,000 sentences, objective ones from plots 0 and subjective ones from reviews 1 (Pang and Lee 2004).
func Subjectivity(l source.Located) ([]Sentence, error) {
	return readFile(l, "subjectivity.zip", readSentences("plot.tok.gt9.5000", "quote.tok.gt9.5000"))
}

// maxUnpacked is how many bytes the files of an archive of so many bytes may have together, as they are unpacked; those of the
// published ones have two or three times as many.
func maxUnpacked(packed int) int64 { return 1<<20 + 16*int64(packed) }

// unpack calls f with the files of a ZIP archive in the order of their names.
func unpack(r io.Reader, f func(name string, content []byte) error) error {
	packed, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return fmt.Errorf("a broken ZIP archive: %w", err)
	}
	slices.SortFunc(z.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	most := maxUnpacked(len(packed))
	left := most
	for _, file := range z.File {
		if !file.Mode().IsRegular() {
			continue
		}
		in, err := file.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
		content, err := io.ReadAll(io.LimitReader(in, left+1))
		in.Close()
		if left -= int64(len(content)); err == nil && left < 0 {
			err = fmt.Errorf("the archive has more than %d bytes unpacked", most)
		}
		if err == nil {
			err = f(file.Name, content)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	return nil
}

// ReadDocuments reads a ZIP archive of documents in folders neg and pos. The error names the file in it and the line.
func ReadDocuments(r io.Reader) ([]Document, error) {
	var documents []Document
	err := unpack(r, func(name string, content []byte) error {
		d := Document{Name: name}
		switch path.Base(path.Dir(name)) {
		case "neg":
		case "pos":
			d.Label = 1
		default: // what is said about the set
			return nil
		}
		if number := strings.TrimPrefix(path.Base(name), "cv"); number != "" && '0' <= number[0] && number[0] <= '9' {
			d.Fold = int(number[0] - '0') // cv000 to cv099, and so on
		}
		err := eachLine(bytes.NewReader(content), func(_ int, line string) error {
			if line = strings.TrimSpace(western(line)); line != "" {
				d.Sentences = append(d.Sentences, line)
			}
			return nil
		})
		if err == nil && len(d.Sentences) == 0 {
			err = errors.New("it has no sentence")
		}
		documents = append(documents, d)
		return err
	})
	if err == nil && len(documents) == 0 {
		err = errors.New("there are no documents in folders neg and pos")
	}
	return documents, err
}

// readSentences reads a ZIP archive that has a file for each class, with a sentence on each line.
func readSentences(files ...string) func(io.Reader) ([]Sentence, error) {
	return func(r io.Reader) ([]Sentence, error) {
		var sentences []Sentence
		found := make([]bool, len(files))
		err := unpack(r, func(name string, content []byte) error {
			label := slices.Index(files, path.Base(name))
			if label < 0 {
				return nil
			}
			found[label] = true
			return eachLine(bytes.NewReader(content), func(number int, line string) error {
				if line = strings.TrimSpace(western(line)); line != "" {
					sentences = append(sentences, Sentence{Text: line, Label: label, Line: number})
				}
				return nil
			})
		})
		if i := slices.Index(found, false); err == nil && i >= 0 {
			err = fmt.Errorf("there is no file %s in it", files[i])
		}
		return sentences, err
	}
}

// western returns a line of these sets as UTF-8: those that are not are in Latin 1, ISO 8859-1.
func western(line string) string {
	if utf8.ValidString(line) {
		return line
	}
	var b strings.Builder
	for i := range len(line) {
		b.WriteRune(rune(line[i]))
	}
	return b.String()
}

func movieParts(l source.Located) ([]Part, error) {
	documents, err := MovieReviews(l)
	if err != nil {
		return nil, err
	}
	polarity, err := SentencePolarity(l)
	if err != nil {
		return nil, err
	}
	subjectivity, err := Subjectivity(l)
	if err != nil {
		return nil, err
	}
	whole := Part{Name: "documents", Classes: l.Source.Classes, Count: make([]int, 2), Lines: func(yield func(text.Line, error) bool) {
		for _, d := range documents {
			if !yield(text.Line{Text: strings.Join(d.Sentences, "\n"), File: d.Name, Number: 1}, nil) {
				return
			}
		}
	}}
	for _, d := range documents {
		whole.Count[d.Label]++
	}
	return []Part{
		whole, sentencePart("sentences", l.Path("sentence_polarity.zip"), polarity, l.Source.Classes),
		sentencePart("subjectivity", l.Path("subjectivity.zip"), subjectivity, []string{"objective", "subjective"}),
	}, nil
}
