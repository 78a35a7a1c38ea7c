package text

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
)

// object is JSON of a part.
type object map[string]any

// Write writes tokenizer.json, which Read reads, and Hugging Face's tokenizers from version 0.20. The error names a part that the
// format has no name for.
func (t *Tokenizer) Write(w io.Writer) error {
	model, err := t.modelJSON()
	if err != nil {
		return err
	}
	var normalizers, splitters []object
	for _, n := range t.Normalizers {
		o, err := normalizerJSON(n)
		if err != nil {
			return err
		}
		normalizers = append(normalizers, o)
	}
	for _, s := range t.Splitters {
		o, err := splitterJSON(s)
		if err != nil {
			return err
		}
		splitters = append(splitters, o)
	}
	joiner, err := joinerJSON(t.Joiner)
	if err != nil {
		return err
	}
	added := []addedToken{}
	for _, s := range t.special {
		added = append(added, addedToken{
			ID: s.ID, Content: s.Text, LStrip: s.TrimLeft, RStrip: s.TrimRight, Normalized: s.Normalized, Special: !s.Ordinary,
		})
	}
	var parts [5]json.RawMessage
	for i, part := range []any{sequence("normalizers", normalizers), sequence("pretokenizers", splitters), t.template(), joiner, model} {
		if parts[i], err = marshal(part); err != nil {
			return err
		}
	}
	content, err := marshal(file{
		Version: "1.0", AddedTokens: added, Normalizer: parts[0], PreTokenizer: parts[1], PostProcessor: parts[2], Decoder: parts[3],
		Model: parts[4],
	})
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, content, "", " "); err != nil {
		return err
	}
	pretty.WriteByte('\n')
	_, err = pretty.WriteTo(w)
	return err
}

// marshal is json.Marshal that leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// sequence makes one part of several.
func sequence(name string, parts []object) any {
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0]
	}
	return object{"type": "Sequence", name: parts}
}

// orNull is null for "".
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (t *Tokenizer) modelJSON() (any, error) {
	vocabulary, err := t.Model.Vocabulary().inOrder()
	if err != nil {
		return nil, err
	}
	switch m := t.Model.(type) {
	case *BPE:
		return struct {
			Type         string          `json:"type"`
			Dropout      any             `json:"dropout"`
			Unknown      any             `json:"unk_token"`
			Prefix       any             `json:"continuing_subword_prefix"`
			Suffix       any             `json:"end_of_word_suffix"`
			Fuse         bool            `json:"fuse_unk"`
			ByteFallback bool            `json:"byte_fallback"`
			Direct       bool            `json:"ignore_merges"`
			Vocab        json.RawMessage `json:"vocab"`
			Merges       [][2]string     `json:"merges"`
		}{
			Type: "BPE", Unknown: orNull(m.Unknown), Suffix: orNull(m.Suffix), Fuse: m.Fuse, Direct: m.Direct, Vocab: vocabulary,
			Merges: m.Merges(),
		}, nil
	case *WordPiece:
		return struct {
			Type    string          `json:"type"`
			Unknown string          `json:"unk_token"`
			Prefix  string          `json:"continuing_subword_prefix"`
			Longest int             `json:"max_input_chars_per_word"`
			Vocab   json.RawMessage `json:"vocab"`
		}{"WordPiece", m.Unknown, m.Prefix, m.Longest, vocabulary}, nil
	case *Words:
		return struct {
			Type    string          `json:"type"`
			Vocab   json.RawMessage `json:"vocab"`
			Unknown string          `json:"unk_token"`
		}{"WordLevel", vocabulary, m.Unknown}, nil
	}
	return nil, fmt.Errorf("tokenizer.json has no name for the model %T", t.Model)
}

// inOrder returns JSON in which tokens come by their numbers.
func (v *Vocabulary) inOrder() (json.RawMessage, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for id, token := range v.tokens {
		name, err := marshal(token)
		if err != nil {
			return nil, err
		}
		if id > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s:%d", name, id)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func normalizerJSON(n Normalizer) (object, error) {
	if b, ok := n.(Bert); ok {
		return object{
			"type": "BertNormalizer", "clean_text": b.Clean, "handle_chinese_chars": b.Chinese, "strip_accents": b.Strip,
			"lowercase": b.Lower,
		}, nil
	}
	for _, p := range plainNormalizers {
		if reflect.TypeOf(p.is) == reflect.TypeOf(n) {
			return object{"type": p.kind}, nil
		}
	}
	return nil, fmt.Errorf("tokenizer.json has no name for the normalizer %T", n)
}

func splitterJSON(s Splitter) (object, error) {
	switch s := s.(type) {
	case ByteLevel:
		return object{"type": "ByteLevel", "add_prefix_space": s.Prefix, "trim_offsets": true, "use_regex": !s.Whole}, nil
	case OnDigits:
		return object{"type": "Digits", "individual_digits": s.Each}, nil
	case OnPunctuation:
		return object{"type": "Punctuation", "behavior": isolated}, nil
	}
	for _, p := range plainSplitters {
		if reflect.TypeOf(p.is) == reflect.TypeOf(s) {
			return object{"type": p.kind}, nil
		}
	}
	return nil, fmt.Errorf("tokenizer.json has no name for the splitter %T", s)
}

func joinerJSON(j Joiner) (any, error) {
	switch j := j.(type) {
	case nil, Spaced: // what happens without a decoder
		return nil, nil
	case Joined:
		return object{"type": "Fuse"}, nil
	case ByteJoined:
		return object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}, nil
	case SuffixJoined:
		return object{"type": "BPEDecoder", "suffix": j.Suffix}, nil
	case PrefixJoined:
		return object{"type": "WordPiece", "prefix": j.Prefix, "cleanup": j.Tidy}, nil
	}
	return nil, fmt.Errorf("tokenizer.json has no name for the joiner %T", j)
}

// template returns the tokens around a text; those around a pair are those of its texts, without the second beginning.
func (t *Tokenizer) template() any {
	if len(t.Before) == 0 && len(t.After) == 0 {
		return nil
	}
	p := template{typed: typed{"TemplateProcessing"}, Special: map[string]templateToken{}}
	add := func(to *[]templatePart, ids []int, kind int) {
		for _, id := range ids {
			token := t.Token(id)
			p.Special[token] = templateToken{token, []int{id}, []string{token}}
			*to = append(*to, templatePart{Special: &templateName{token, kind}})
		}
	}
	text := func(to *[]templatePart, name string, kind int) {
		*to = append(*to, templatePart{Sequence: &templateName{name, kind}})
		add(to, t.After, kind)
	}
	add(&p.Single, t.Before, 0)
	text(&p.Single, "A", 0)
	add(&p.Pair, t.Before, 0)
	text(&p.Pair, "A", 0)
	text(&p.Pair, "B", 1)
	return p
}
