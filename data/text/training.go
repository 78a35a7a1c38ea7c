package text

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Training says how a vocabulary is made of text.
type Training struct {
	Size     int      // how many tokens at most, special ones included; 0: as many as there are, or 30,000 of BPE and WordPiece
	MinCount int      // words or characters that are rarer are unknown, pairs that are rarer are not merged
	Special  []string // tokens found in text as they are; they have the first numbers
	Unknown  string   // the special token for what the vocabulary does not have; "": that is an error
	Head     int      // learn from so many bytes of text only; 0: from all

	// How text is taken apart; nil are the splitters that the kind of vocabulary is known by.
	Normalizers []Normalizer
	Splitters   []Splitter
}

// usualSize is the number of tokens of WordPiece and BPE where none is asked for.
const usualSize = 30000

// ErrNoText says that there is no text to learn a vocabulary from.
var ErrNoText = errors.New("there is no text to make a vocabulary of")

// pieces counts the pieces of text.
func (o Training) pieces(lines Lines) (map[string]int, error) {
	counts := map[string]int{}
	err := o.each(lines, func(piece string) {
		if n, ok := counts[piece]; ok {
			counts[piece] = n + 1
		} else {
			counts[strings.Clone(piece)] = 1 // so that it does not keep its line
		}
	})
	if err == nil && len(counts) == 0 {
		err = ErrNoText
	}
	return counts, err
}

// each calls f with every piece of text. What has special tokens in it is cut there.
func (o Training) each(lines Lines, f func(piece string)) error {
	t, err := New(&Words{vocabulary: &Vocabulary{}}, o.marks()...)
	if err != nil {
		return err
	}
	t.Normalizers, t.Splitters = o.Normalizers, o.Splitters
	e := t.encoder(0)
	count := func(_ []int, s string) ([]int, error) {
		for _, p := range t.split(t.normalize(s)) {
			f(p)
		}
		return nil, nil
	}
	left := o.Head
	for line, err := range lines {
		if err != nil {
			return err
		}
		if !e.keepsBytes {
			if err := checkUTF8(line.Text); err != nil {
				return line.wrap(err)
			}
		}
		if _, err := t.plain.cut(nil, line.Text, count); err != nil {
			return err
		}
		if left -= len(line.Text); o.Head > 0 && left <= 0 {
			break
		}
	}
	return nil
}

// marks returns the special tokens, that for what is unknown among them.
func (o Training) marks() []Special {
	var marks []Special
	for _, s := range o.specials() {
		marks = append(marks, Special{Text: s})
	}
	return marks
}

func (o Training) specials() []string {
	if o.Unknown == "" || slices.Contains(o.Special, o.Unknown) {
		return o.Special
	}
	return append([]string{o.Unknown}, o.Special...)
}

// tokenizer puts the parts together.
func (o Training) tokenizer(m Model, j Joiner) (*Tokenizer, error) {
	t, err := New(m, o.marks()...)
	if err != nil {
		return nil, err
	}
	t.Normalizers, t.Splitters, t.Joiner = o.Normalizers, o.Splitters, j
	return t, nil
}

// vocabulary returns one with the special tokens.
func (o Training) vocabulary() (*Vocabulary, error) { return NewVocabulary(o.specials()) }

// frequent returns a vocabulary of the special tokens, and what is counted often enough to follow them, the most frequent first, so that
// together there are not more than Size. It takes the special tokens out of the counts.
func (o Training) frequent(counts map[string]int) (*Vocabulary, []string, error) {
	v, err := o.vocabulary()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range v.tokens {
		delete(counts, s)
	}
	kept := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	kept = kept[:firstBelow(kept, func(s string) bool { return counts[s] < o.MinCount })]
	if o.Size > 0 {
		if o.Size <= v.Len() {
			return nil, nil, fmt.Errorf("a vocabulary of %d tokens has no room beside %d special ones", o.Size, v.Len())
		}
		kept = kept[:min(len(kept), o.Size-v.Len())]
	}
	return v, kept, nil
}

// firstBelow returns the place of the first that is below, or the length.
func firstBelow(s []string, below func(string) bool) int {
	if i := slices.IndexFunc(s, below); i >= 0 {
		return i
	}
	return len(s)
}
