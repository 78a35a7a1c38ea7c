package text

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A Tokenizer turns text into token numbers and back. Its fields may be changed before it is used; after that, several goroutines
// may use it at once.
type Tokenizer struct {
	Normalizers []Normalizer // what is done to the text, in order
	Splitters   []Splitter   // what cuts the text in pieces, in order, each what the one before left
	Model       Model        // what gives a piece its tokens
	Joiner      Joiner       // what makes text of tokens; nil puts a space between them

	// Before and After are tokens put around each text by EncodeWhole, such as [CLS] and [SEP].
	Before, After []int

	special []Special
	byText  map[string]int // positions in special
	byID    map[int]int

	find              sync.Once // makes the finders below
	plain, normalized finder    // of special tokens, by where they are looked for
}

// A Model gives the tokens of a piece of text.
type Model interface {
	// Append appends the numbers of the tokens of a piece. The error is an *UnknownError if there are none.
	Append(ids []int, piece string) ([]int, error)
	// Vocabulary returns all tokens; that of number i is at i.
	Vocabulary() *Vocabulary
}

// A Special is a token that is found in text as it is, before anything else happens.
type Special struct {
	Text string
	ID   int // set by New

	Ordinary   bool // not left out by Decode: a word that was added, rather than a mark
	Normalized bool // looked for in what the normalizers leave, itself normalized
	TrimLeft   bool // takes white space before it too
	TrimRight  bool // takes white space behind it too
}

// New returns a tokenizer with a model and special tokens. Those that the model has keep their numbers; others follow its tokens.
func New(m Model, special ...Special) (*Tokenizer, error) {
	t := &Tokenizer{Model: m, byText: map[string]int{}, byID: map[int]int{}}
	next := m.Vocabulary().Len()
	for _, s := range special {
		if s.Text == "" {
			return nil, fmt.Errorf("a special token is empty")
		}
		if _, ok := t.byText[s.Text]; ok {
			return nil, fmt.Errorf("the special token %q is named twice", s.Text)
		}
		id, ok := m.Vocabulary().ID(s.Text)
		if !ok {
			id = next
			next++
		}
		s.ID = id
		t.byText[s.Text], t.byID[id] = len(t.special), len(t.special)
		t.special = append(t.special, s)
	}
	return t, nil
}

// Special returns the special tokens.
func (t *Tokenizer) Special() []Special { return slices.Clone(t.special) }

// Len returns the number of tokens.
func (t *Tokenizer) Len() int {
	n := t.Model.Vocabulary().Len()
	for _, s := range t.special {
		n = max(n, s.ID+1)
	}
	return n
}

// Token returns the token of a number, as it stands in the vocabulary, or "".
func (t *Tokenizer) Token(id int) string {
	if i, ok := t.byID[id]; ok {
		return t.special[i].Text
	}
	return t.Model.Vocabulary().Token(id)
}

// ID returns the number of a token.
func (t *Tokenizer) ID(token string) (int, bool) {
	if i, ok := t.byText[token]; ok {
		return t.special[i].ID, true
	}
	return t.Model.Vocabulary().ID(token)
}

// Encode returns the numbers of the tokens of a text. The error is an *UnknownError or an *EncodingError.
func (t *Tokenizer) Encode(s string) ([]int, error) {
	e := t.encoder(0)
	return e.append(nil, s)
}

// EncodeWhole is Encode with the tokens that Before and After put around a text.
func (t *Tokenizer) EncodeWhole(s string) ([]int, error) {
	e := t.encoder(0)
	ids, err := e.append(slices.Clone(t.Before), s)
	return append(ids, t.After...), err
}

// Decode returns the text of tokens, without those that are special marks. Where no normalizer, unknown token or mark took
// something away, it is the text that was encoded. The error says which number is no token's.
func (t *Tokenizer) Decode(ids []int) (string, error) { return t.decode(ids, false) }

// DecodeAll is Decode with special marks.
func (t *Tokenizer) DecodeAll(ids []int) (string, error) { return t.decode(ids, true) }

func (t *Tokenizer) decode(ids []int, marks bool) (string, error) {
	tokens := make([]Token, 0, len(ids))
	size := t.Len()
	for i, id := range ids {
		if id < 0 || id >= size {
			return "", fmt.Errorf("number %d at position %d is no token: the vocabulary has %d", id, i, size)
		}
		k, special := t.byID[id]
		if special && !marks && !t.special[k].Ordinary {
			continue
		}
		tokens = append(tokens, Token{Text: t.Token(id), Special: special})
	}
	if t.Joiner == nil {
		return Spaced{}.Join(tokens), nil
	}
	return t.Joiner.Join(tokens), nil
}

// keepsBytes tells whether text that is not UTF-8 goes through unchanged.
func (t *Tokenizer) keepsBytes() bool {
	return len(t.Normalizers) == 0 && splitsBytes(t.Splitters)
}

// normalize applies all normalizers.
func (t *Tokenizer) normalize(s string) string {
	for _, n := range t.Normalizers {
		s = n.Normalize(s)
	}
	return s
}

// split applies all splitters.
func (t *Tokenizer) split(s string) []string {
	pieces := []string{s}
	for _, splitter := range t.Splitters {
		var finer []string
		for _, p := range pieces {
			finer = splitter.Split(finer, p)
		}
		pieces = finer
	}
	return pieces
}

// An encoder is what one goroutine needs to encode. It remembers the tokens of the pieces that it met first.
type encoder struct {
	t          *Tokenizer
	keepsBytes bool
	memory     map[string][]int
	most       int // pieces in memory
}

func (t *Tokenizer) encoder(memory int) *encoder {
	t.find.Do(func() {
		for _, s := range t.special {
			if s.Normalized {
				t.normalized.add(t.normalize(s.Text), s)
			} else {
				t.plain.add(s.Text, s)
			}
		}
	})
	return &encoder{t: t, keepsBytes: t.keepsBytes(), memory: map[string][]int{}, most: memory}
}

func (e *encoder) append(ids []int, s string) ([]int, error) {
	if !e.keepsBytes {
		if err := checkUTF8(s); err != nil {
			return ids, err
		}
	}
	return e.t.plain.cut(ids, s, func(ids []int, s string) ([]int, error) {
		return e.t.normalized.cut(ids, e.t.normalize(s), e.ordinary)
	})
}

// ordinary encodes text without special tokens.
func (e *encoder) ordinary(ids []int, s string) ([]int, error) {
	for _, piece := range e.t.split(s) {
		if known, ok := e.memory[piece]; ok {
			ids = append(ids, known...)
			continue
		}
		before := len(ids)
		var err error
		if ids, err = e.t.Model.Append(ids, piece); err != nil {
			return ids, err
		}
		if len(e.memory) < e.most && len(piece) < 256 {
			e.memory[strings.Clone(piece)] = slices.Clone(ids[before:])
		}
	}
	return ids, nil
}

// A finder finds special tokens in text: the leftmost, and of several there the longest.
type finder struct {
	tokens  map[string]Special
	lengths [256][]int // of the tokens by their first byte, the greatest first
}

func (f *finder) add(text string, s Special) {
	if f.tokens == nil {
		f.tokens = map[string]Special{}
	}
	if _, ok := f.tokens[text]; ok || text == "" { // the normalizers leave nothing of it, or the same as of another
		return
	}
	f.tokens[text] = s
	list := &f.lengths[text[0]]
	if at, ok := slices.BinarySearchFunc(*list, len(text), func(a, b int) int { return b - a }); !ok {
		*list = slices.Insert(*list, at, len(text))
	}
}

// at returns the token at the beginning of s, and its length there.
func (f *finder) at(s string) (Special, int) {
	for _, n := range f.lengths[s[0]] {
		if n <= len(s) {
			if t, ok := f.tokens[s[:n]]; ok {
				return t, n
			}
		}
	}
	return Special{}, 0
}

// cut appends the numbers of the special tokens in s, and what rest makes of the text between.
func (f *finder) cut(ids []int, s string, rest func([]int, string) ([]int, error)) ([]int, error) {
	var err error
	from := 0
	for i := 0; len(f.tokens) > 0 && i < len(s); {
		token, n := f.at(s[i:])
		if n == 0 {
			i++
			continue
		}
		before, end := s[from:i], i+n
		if token.TrimLeft {
			before = strings.TrimRightFunc(before, unicode.IsSpace)
		}
		if token.TrimRight {
			end = len(s) - len(strings.TrimLeftFunc(s[end:], unicode.IsSpace))
		}
		if before != "" {
			if ids, err = rest(ids, before); err != nil {
				return ids, err
			}
		}
		ids = append(ids, token.ID)
		from, i = end, end
	}
	if from < len(s) {
		return rest(ids, s[from:])
	}
	return ids, nil
}

// A Vocabulary numbers tokens from 0.
type Vocabulary struct {
	tokens []string
	ids    map[string]int
}

// NewVocabulary returns the vocabulary in which tokens[i] has the number i. The error says which token is empty, not UTF-8 or
// there twice.
func NewVocabulary(tokens []string) (*Vocabulary, error) {
	v := &Vocabulary{ids: make(map[string]int, len(tokens))}
	for i, token := range tokens {
		if !utf8.ValidString(token) {
			return nil, fmt.Errorf("token %d, %q, is not UTF-8", i, token)
		}
		if first, ok := v.ids[token]; ok {
			return nil, fmt.Errorf("token %d, %q, is token %d too", i, token, first)
		}
		v.add(token)
	}
	return v, nil
}

// add returns the number of a token, which is new if need be.
func (v *Vocabulary) add(token string) int {
	id, ok := v.ids[token]
	if !ok {
		id = len(v.tokens)
		v.tokens, v.ids[token] = append(v.tokens, token), id
	}
	return id
}

// Len returns the number of tokens.
func (v *Vocabulary) Len() int { return len(v.tokens) }

// Token returns the token of a number, or "".
func (v *Vocabulary) Token(id int) string {
	if id < 0 || id >= len(v.tokens) {
		return ""
	}
	return v.tokens[id]
}

// ID returns the number of a token.
func (v *Vocabulary) ID(token string) (int, bool) {
	id, ok := v.ids[token]
	return id, ok
}
