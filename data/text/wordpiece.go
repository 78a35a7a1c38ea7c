package text

import (
	"strings"
	"unicode/utf8"
)

// A WordPiece makes tokens of a word by taking the longest token that it begins with, then the longest that the rest begins with,
// and so on (Schuster and Nakajima 2012, Japanese and Korean voice search; as in BERT, Devlin et al. 2018,
// https://arxiv.org/abs/1810.04805). A token that goes on with a word has a prefix, so that "playing" may be "play", "##ing". A word
// that does not come out is unknown as a whole.
type WordPiece struct {
	Prefix  string // ## in BERT
	Unknown string // the token of a word that has none; "": an error
	Longest int    // words of more characters are unknown, 100 in BERT

	vocabulary *Vocabulary
	longest    int // bytes of the longest token
}

// NewWordPiece returns the model with these tokens, and BERT's prefix and longest word.
func NewWordPiece(tokens []string, unknown string) (*WordPiece, error) {
	v, err := NewVocabulary(tokens)
	if err != nil {
		return nil, err
	}
	return newWordPiece(v, unknown), nil
}

func newWordPiece(v *Vocabulary, unknown string) *WordPiece {
	m := &WordPiece{Prefix: "##", Unknown: unknown, Longest: 100, vocabulary: v}
	for _, t := range v.tokens {
		m.longest = max(m.longest, len(t))
	}
	return m
}

// Vocabulary implements Model.
func (m *WordPiece) Vocabulary() *Vocabulary { return m.vocabulary }

// Append implements Model.
func (m *WordPiece) Append(ids []int, word string) ([]int, error) {
	begin := len(ids)
	rest, prefix := word, ""
	if utf8.RuneCountInString(word) > m.Longest {
		return m.unknown(ids, word)
	}
	for rest != "" {
		n := min(len(rest), m.longest)
		id, ok := 0, false
		for ; n > 0; n-- {
			if n < len(rest) && !utf8.RuneStart(rest[n]) {
				continue
			}
			if id, ok = m.vocabulary.ID(prefix + rest[:n]); ok {
				break
			}
		}
		if !ok {
			return m.unknown(ids[:begin], word)
		}
		ids, rest, prefix = append(ids, id), rest[n:], m.Prefix
	}
	return ids, nil
}

func (m *WordPiece) unknown(ids []int, word string) ([]int, error) {
	id, ok := m.vocabulary.ID(m.Unknown)
	if !ok {
		return ids, &UnknownError{strings.Clone(word)}
	}
	return append(ids, id), nil
}

// bertMarks are BERT's special tokens in the order of its vocabularies.
var bertMarks = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

// WordPiece learns a vocabulary of word pieces. It merges pairs by their count, as Hugging Face's tokenizers do, where Schuster and
// Nakajima take the pair that raises the likelihood of the text most. Without Normalizers, Splitters or Special they are those of
// BERT's uncased model, and EncodeWhole puts [CLS] before a text and [SEP] behind it.
func (o Training) WordPiece(lines Lines) (*Tokenizer, error) {
	bert := o.Special == nil && o.Unknown == ""
	if bert {
		o.Special, o.Unknown = bertMarks, "[UNK]"
	}
	if o.Normalizers == nil {
		o.Normalizers = []Normalizer{Bert{Clean: true, Chinese: true, Strip: true, Lower: true}}
	}
	if o.Splitters == nil {
		o.Splitters = []Splitter{OnBert{}}
	}
	const prefix = "##"
	l, err := o.learn(lines, nil, prefix, "")
	if err != nil {
		return nil, err
	}
	t, err := o.tokenizer(newWordPiece(l.vocabulary, o.Unknown), PrefixJoined{Prefix: prefix, Tidy: true})
	if err == nil && bert {
		cls, _ := t.ID("[CLS]")
		sep, _ := t.ID("[SEP]")
		t.Before, t.After = []int{cls}, []int{sep}
	}
	return t, err
}
