package text

import "strings"

// Words has a token for each piece as it is.
type Words struct {
	Unknown string // the token of a word that has none; "": an error

	vocabulary *Vocabulary
}

// NewWords returns the model with these words.
func NewWords(words []string, unknown string) (*Words, error) {
	v, err := NewVocabulary(words)
	if err != nil {
		return nil, err
	}
	return &Words{Unknown: unknown, vocabulary: v}, nil
}

// Vocabulary implements Model.
func (m *Words) Vocabulary() *Vocabulary { return m.vocabulary }

// Append implements Model.
func (m *Words) Append(ids []int, word string) ([]int, error) {
	id, ok := m.vocabulary.ID(word)
	if !ok {
		if id, ok = m.vocabulary.ID(m.Unknown); !ok {
			return ids, &UnknownError{strings.Clone(word)}
		}
	}
	return append(ids, id), nil
}

// Words makes a vocabulary of the words of text, the most frequent first. Without Splitters words are what OnSpaces makes them, for
// text that has spaces around its punctuation already.
func (o Training) Words(lines Lines) (*Tokenizer, error) {
	if o.Splitters == nil {
		o.Splitters = []Splitter{OnSpaces{}}
	}
	counts, err := o.pieces(lines)
	if err != nil {
		return nil, err
	}
	v, kept, err := o.frequent(counts)
	if err != nil {
		return nil, err
	}
	for _, w := range kept {
		v.add(w)
	}
	return o.tokenizer(&Words{Unknown: o.Unknown, vocabulary: v}, Spaced{})
}
