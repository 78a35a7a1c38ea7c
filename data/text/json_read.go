package text

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A FormatError says what a tokenizer.json has that is wrong or not supported, and where.
type FormatError struct{ Where, Problem string }

func (e FormatError) Error() string { return fmt.Sprintf("tokenizer.json: %s: %s", e.Where, e.Problem) }

// unsupported names what this package does not have.
func unsupported(where, kind, kinds string) error {
	return FormatError{where, fmt.Sprintf("%q is not supported, only %s", kind, kinds)}
}

// maxFile is how large a tokenizer.json may be.
const maxFile = 256 << 20

// file is tokenizer.json, https://github.com/huggingface/tokenizers. Each part says in "type" what it is.
type file struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

type addedToken struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// Read reads a tokenizer from tokenizer.json of Hugging Face's tokenizers. What asks for something that this package does not have
// is refused with its name, rather than read as something else: so are truncation and padding. What is said of pairs of texts is
// left out. The error is a FormatError, unless r fails.
//
// Text has the same numbers as with Hugging Face's, but where a vocabulary has no token for something, and none for what is unknown,
// there the text is refused, not shortened.
func Read(r io.Reader) (*Tokenizer, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	if len(content) > maxFile {
		return nil, FormatError{"file", fmt.Sprintf("it has more than %d bytes", maxFile)}
	}
	var f file
	if err := decode("file", content, &f); err != nil {
		return nil, err
	}
	if !null(f.Truncation) || !null(f.Padding) {
		return nil, FormatError{"truncation, padding", "they are not supported: set them to null, and cut and fill batches instead"}
	}
	model, err := readModel(f.Model)
	if err != nil {
		return nil, err
	}
	t, err := withAdded(model, f.AddedTokens)
	if err != nil {
		return nil, err
	}
	if t.Normalizers, err = readNormalizers("normalizer", f.Normalizer, 0); err != nil {
		return nil, err
	}
	if t.Splitters, err = readSplitters("pre_tokenizer", f.PreTokenizer, 0); err != nil {
		return nil, err
	}
	if err := t.readProcessor("post_processor", f.PostProcessor); err != nil {
		return nil, err
	}
	t.Joiner, err = readJoiner("decoder", f.Decoder)
	return t, err
}

// null tells whether a part is not there.
func null(part json.RawMessage) bool { return len(part) == 0 || string(part) == "null" }

// decode reads JSON and refuses what the value has no field for.
func decode(where string, content []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		problem := strings.TrimPrefix(err.Error(), "json: ")
		if errors.Is(err, io.EOF) {
			problem = "it is empty"
		}
		if name, ok := strings.CutPrefix(problem, "unknown field "); ok {
			problem = "the setting " + name + " is not supported"
		}
		return FormatError{where, problem}
	}
	if d.More() {
		return FormatError{where, "something follows behind its end"}
	}
	return nil
}

// kindOf returns the "type" of a part, which old files leave out.
func kindOf(where string, part json.RawMessage) (string, error) {
	var p struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(part, &p); err != nil {
		return "", FormatError{where, strings.TrimPrefix(err.Error(), "json: ")}
	}
	return p.Type, nil
}

// typed is the field that every part has.
type typed struct {
	Type string `json:"type"`
}

func withAdded(m Model, added []addedToken) (*Tokenizer, error) {
	slices.SortStableFunc(added, func(a, b addedToken) int { return a.ID - b.ID })
	var special []Special
	for _, a := range added {
		if a.SingleWord {
			return nil, FormatError{fmt.Sprintf("added_tokens: %q", a.Content), "single_word is not supported"}
		}
		special = append(special, Special{
			Text: a.Content, Ordinary: !a.Special, Normalized: a.Normalized, TrimLeft: a.LStrip, TrimRight: a.RStrip,
		})
	}
	t, err := New(m, special...)
	if err != nil {
		return nil, FormatError{"added_tokens", err.Error()}
	}
	for i, a := range added {
		if id := t.special[i].ID; id != a.ID {
			problem := fmt.Sprintf("its number is %d, want %d: numbers without gap", a.ID, id)
			return nil, FormatError{fmt.Sprintf("added_tokens: %q", a.Content), problem}
		}
	}
	return t, nil
}

func readModel(part json.RawMessage) (Model, error) {
	const where = "model"
	if null(part) {
		return nil, FormatError{where, "there is none"}
	}
	kind, err := kindOf(where, part)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "BPE":
		return readBPE(where, part)
	case "WordPiece":
		m := struct {
			typed
			Unknown string         `json:"unk_token"`
			Prefix  string         `json:"continuing_subword_prefix"`
			Longest int            `json:"max_input_chars_per_word"`
			Vocab   map[string]int `json:"vocab"`
		}{Prefix: "##", Longest: 100}
		if err := decode(where, part, &m); err != nil {
			return nil, err
		}
		v, err := readVocabulary(m.Vocab)
		if err != nil {
			return nil, err
		}
		w := newWordPiece(v, m.Unknown)
		w.Prefix, w.Longest = m.Prefix, m.Longest
		return w, nil
	case "WordLevel":
		var m struct {
			typed
			Unknown string         `json:"unk_token"`
			Vocab   map[string]int `json:"vocab"`
		}
		if err := decode(where, part, &m); err != nil {
			return nil, err
		}
		v, err := readVocabulary(m.Vocab)
		if err != nil {
			return nil, err
		}
		return &Words{Unknown: m.Unknown, vocabulary: v}, nil
	}
	return nil, unsupported(where, kind, "BPE, WordPiece and WordLevel")
}

func readBPE(where string, part json.RawMessage) (Model, error) {
	var m struct {
		typed
		Dropout      *float64          `json:"dropout"`
		Unknown      string            `json:"unk_token"`
		Prefix       string            `json:"continuing_subword_prefix"`
		Suffix       string            `json:"end_of_word_suffix"`
		Fuse         bool              `json:"fuse_unk"`
		ByteFallback bool              `json:"byte_fallback"`
		Direct       bool              `json:"ignore_merges"`
		Vocab        map[string]int    `json:"vocab"`
		Merges       []json.RawMessage `json:"merges"`
	}
	if err := decode(where, part, &m); err != nil {
		return nil, err
	}
	switch {
	case m.Dropout != nil && *m.Dropout != 0:
		return nil, FormatError{where, "dropout is not supported"}
	case m.Prefix != "":
		return nil, FormatError{where, "continuing_subword_prefix is not supported for BPE"}
	case m.ByteFallback:
		return nil, FormatError{where, "byte_fallback is not supported"}
	}
	v, err := readVocabulary(m.Vocab)
	if err != nil {
		return nil, err
	}
	merges := make([][2]string, len(m.Merges))
	for i, raw := range m.Merges {
		if merges[i], err = readMerge(raw); err != nil {
			return nil, FormatError{where, fmt.Sprintf("merge %d, %.60s: %v", i, raw, err)}
		}
	}
	b, err := NewBPE(v.tokens, merges)
	if err != nil {
		return nil, FormatError{where, err.Error()}
	}
	b.Unknown, b.Suffix, b.Fuse, b.Direct = m.Unknown, m.Suffix, m.Fuse, m.Direct
	return b, nil
}

// readMerge reads a merge as two strings, or as older files have it, as one with a space between.
func readMerge(raw json.RawMessage) (merge [2]string, err error) {
	var two []string
	if json.Unmarshal(raw, &two) != nil {
		var one string
		if json.Unmarshal(raw, &one) != nil {
			return merge, errors.New("want two strings")
		}
		two = strings.Split(one, " ")
	}
	if len(two) != 2 {
		return merge, errors.New("want two tokens")
	}
	return [2]string(two), nil
}

// readVocabulary numbers tokens as the file does: from 0, without gap.
func readVocabulary(numbers map[string]int) (*Vocabulary, error) {
	const where = "model: vocab"
	tokens := make([]string, len(numbers))
	seen := make([]bool, len(numbers))
	for token, id := range numbers {
		if id < 0 || id >= len(tokens) {
			problem := fmt.Sprintf("%q has the number %d, but there are %d tokens: want numbers from 0 without gap", token, id, len(tokens))
			return nil, FormatError{where, problem}
		}
		if seen[id] {
			a, b := min(token, tokens[id]), max(token, tokens[id])
			return nil, FormatError{where, fmt.Sprintf("%q and %q have the same number, %d", a, b, id)}
		}
		tokens[id], seen[id] = token, true
	}
	v, err := NewVocabulary(tokens)
	if err != nil {
		return nil, FormatError{where, err.Error()}
	}
	return v, nil
}

// maxDepth is how deep sequences may lie in sequences: each is read again for every one that it lies in.
const maxDepth = 4

// readSequence reads the parts of a Sequence, one after the other.
func readSequence[T any](
	where, name string, part json.RawMessage, depth int, read func(string, json.RawMessage, int) ([]T, error),
) (all []T, err error) {
	if depth == maxDepth {
		return nil, FormatError{where, fmt.Sprintf("more than %d sequences lie in each other", maxDepth)}
	}
	fields := map[string]json.RawMessage{}
	if err := decode(where, part, &fields); err != nil {
		return nil, err
	}
	var parts []json.RawMessage
	if err := decode(where, fields[name], &parts); err != nil {
		return nil, err
	}
	if len(fields) != 2 {
		return nil, FormatError{where, fmt.Sprintf("a Sequence has type and %s, and nothing else", name)}
	}
	for _, p := range parts {
		some, err := read(where, p, depth+1)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func readNormalizers(where string, part json.RawMessage, depth int) ([]Normalizer, error) {
	if null(part) {
		return nil, nil
	}
	kind, err := kindOf(where, part)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "Sequence":
		return readSequence(where, "normalizers", part, depth, readNormalizers)
	case "BertNormalizer":
		var b struct {
			typed
			Clean   bool  `json:"clean_text"`
			Chinese bool  `json:"handle_chinese_chars"`
			Strip   *bool `json:"strip_accents"`
			Lower   bool  `json:"lowercase"`
		}
		if err := decode(where, part, &b); err != nil {
			return nil, err
		}
		n := Bert{Clean: b.Clean, Chinese: b.Chinese, Strip: b.Lower, Lower: b.Lower}
		if b.Strip != nil {
			n.Strip = *b.Strip
		}
		return []Normalizer{n}, nil
	}
	for _, p := range plainNormalizers {
		if p.kind == kind {
			return []Normalizer{p.is}, decode(where, part, &typed{})
		}
	}
	return nil, unsupported(where, kind, "Lowercase, NFC, NFD, StripAccents, BertNormalizer and Sequence")
}

// plainNormalizers are those without settings.
var plainNormalizers = []struct {
	kind string
	is   Normalizer
}{{"Lowercase", Lower{}}, {"NFC", NFC{}}, {"NFD", NFD{}}, {"StripAccents", StripAccents{}}}

func readSplitters(where string, part json.RawMessage, depth int) ([]Splitter, error) {
	if null(part) {
		return nil, nil
	}
	kind, err := kindOf(where, part)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "Sequence":
		return readSequence(where, "pretokenizers", part, depth, readSplitters)
	case "ByteLevel":
		b := byteLevel{Prefix: true, Regex: true}
		err := decode(where, part, &b)
		return []Splitter{ByteLevel{Prefix: b.Prefix, Whole: !b.Regex}}, err
	case "Digits":
		var d struct {
			typed
			Each bool `json:"individual_digits"`
		}
		err := decode(where, part, &d)
		return []Splitter{OnDigits{d.Each}}, err
	case "Punctuation":
		p := struct {
			typed
			Behavior string `json:"behavior"`
		}{Behavior: isolated}
		err := decode(where, part, &p)
		if err == nil && p.Behavior != isolated {
			err = unsupported(where+": Punctuation: behavior", p.Behavior, isolated)
		}
		return []Splitter{OnPunctuation{}}, err
	}
	for _, p := range plainSplitters {
		if p.kind == kind {
			return []Splitter{p.is}, decode(where, part, &typed{})
		}
	}
	return nil, unsupported(where, kind, "ByteLevel, Whitespace, WhitespaceSplit, BertPreTokenizer, Punctuation, Digits and Sequence")
}

// isolated is the one way of cutting at punctuation that is supported: each mark is a piece.
const isolated = "Isolated"

// plainSplitters are those without settings.
var plainSplitters = []struct {
	kind string
	is   Splitter
}{{"Whitespace", OnWords{}}, {"WhitespaceSplit", OnSpaces{}}, {"BertPreTokenizer", OnBert{}}}

// byteLevel has the settings of three parts of this name.
type byteLevel struct {
	typed
	Prefix bool `json:"add_prefix_space"`
	Trim   bool `json:"trim_offsets"` // of positions in the text, which this package does not give
	Regex  bool `json:"use_regex"`
}

// readProcessor reads the tokens that are put around a text.
func (t *Tokenizer) readProcessor(where string, part json.RawMessage) error {
	if null(part) {
		return nil
	}
	kind, err := kindOf(where, part)
	if err != nil {
		return err
	}
	switch kind {
	case "ByteLevel": // moves positions in the text only
		return decode(where, part, &byteLevel{})
	case "BertProcessing", "RobertaProcessing":
		var p struct {
			byteLevel
			Sep []any `json:"sep"`
			Cls []any `json:"cls"`
		}
		if err := decode(where, part, &p); err != nil {
			return err
		}
		if t.Before, err = t.number(where, p.Cls); err == nil {
			t.After, err = t.number(where, p.Sep)
		}
		return err
	case "TemplateProcessing":
		return t.readTemplate(where, part)
	}
	return unsupported(where, kind, "ByteLevel, BertProcessing, RobertaProcessing and TemplateProcessing")
}

// number reads a token with its number: ["[CLS]", 101].
func (t *Tokenizer) number(where string, token []any) ([]int, error) {
	if len(token) == 2 {
		text, isText := token[0].(string)
		number, isNumber := token[1].(float64)
		if isText && isNumber && t.has(int(number)) {
			return []int{int(number)}, nil
		}
		return nil, FormatError{where, fmt.Sprintf("%q is no token with its number", text)}
	}
	return nil, FormatError{where, "want a token and its number"}
}

func (t *Tokenizer) has(id int) bool { return id >= 0 && id < t.Len() }

// template is the post-processor TemplateProcessing.
type template struct {
	typed
	Single  []templatePart           `json:"single"`
	Pair    []templatePart           `json:"pair"`
	Special map[string]templateToken `json:"special_tokens"`
}

type templatePart struct {
	Special  *templateName `json:"SpecialToken,omitempty"`
	Sequence *templateName `json:"Sequence,omitempty"`
}

type templateName struct {
	ID   string `json:"id"`
	Kind int    `json:"type_id"`
}

type templateToken struct {
	ID     string   `json:"id"`
	IDs    []int    `json:"ids"`
	Tokens []string `json:"tokens"`
}

// maxAround is how many tokens a template may put around a text.
const maxAround = 100

func (t *Tokenizer) readTemplate(where string, part json.RawMessage) error {
	var p template
	if err := decode(where, part, &p); err != nil {
		return err
	}
	texts := 0
	for _, x := range p.Single {
		switch {
		case x.Sequence != nil && x.Special == nil:
			texts++
		case x.Special != nil && x.Sequence == nil:
			token, ok := p.Special[x.Special.ID]
			if !ok || slices.ContainsFunc(token.IDs, func(id int) bool { return !t.has(id) }) {
				return FormatError{where, fmt.Sprintf("%q is no token of special_tokens with numbers in the vocabulary", x.Special.ID)}
			}
			if texts == 0 {
				t.Before = append(t.Before, token.IDs...)
			} else {
				t.After = append(t.After, token.IDs...)
			}
			if len(t.Before)+len(t.After) > maxAround {
				return FormatError{where, fmt.Sprintf("more than %d tokens are put around a text", maxAround)}
			}
		default:
			return FormatError{where, "want a SpecialToken or a Sequence"}
		}
	}
	if texts != 1 {
		return FormatError{where, fmt.Sprintf("the template of a single text has it %d times, want once", texts)}
	}
	return nil
}

func readJoiner(where string, part json.RawMessage) (Joiner, error) {
	if null(part) {
		return nil, nil
	}
	kind, err := kindOf(where, part)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "ByteLevel":
		return ByteJoined{}, decode(where, part, &byteLevel{})
	case "Fuse":
		return Joined{}, decode(where, part, &typed{})
	case "BPEDecoder":
		d := struct {
			typed
			Suffix string `json:"suffix"`
		}{Suffix: "</w>"}
		if err := decode(where, part, &d); err != nil {
			return nil, err
		}
		if d.Suffix == "" {
			return nil, FormatError{where, "the suffix of BPEDecoder is empty"}
		}
		return SuffixJoined{d.Suffix}, nil
	case "WordPiece":
		d := struct {
			typed
			Prefix string `json:"prefix"`
			Tidy   bool   `json:"cleanup"`
		}{Prefix: "##", Tidy: true}
		err := decode(where, part, &d)
		return PrefixJoined{d.Prefix, d.Tidy}, err
	}
	return nil, unsupported(where, kind, "ByteLevel, Fuse, BPEDecoder and WordPiece")
}
