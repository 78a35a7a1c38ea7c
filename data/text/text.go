// Package text turns text into token numbers and back, and long texts into the batches that a network trains on.
//
// A Tokenizer is a chain: normalizers change the text, splitters cut it in pieces, a model (BPE, WordPiece or Words) gives each
// piece its tokens, and a joiner makes text of tokens again. Bytes, Characters and the methods of Training make the usual ones. All
// of them are written as tokenizer.json, the format of Hugging Face's tokenizers, and read from it.
//
// A Corpus is text in files of any size. Its tokens are IDs, in memory (Tokenize) or in a file (Cached), which Streams cuts in parallel
// streams for truncated back-propagation. Buckets makes batches of separate sequences of different lengths.
package text

import (
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// A Line is a piece of text, and where it is.
type Line struct {
	Text   string
	File   string // "" where it is in no file
	Number int    // from 1
}

// wrap says where an error is.
func (l Line) wrap(err error) error {
	if l.File == "" {
		return fmt.Errorf("text %d: %w", l.Number, err)
	}
	return fmt.Errorf("%s:%d: %w", l.File, l.Number, err)
}

// Lines are pieces of text, one after the other. After an error there are no more.
type Lines = iter.Seq2[Line, error]

// Strings returns strings as lines.
func Strings(texts ...string) Lines {
	return func(yield func(Line, error) bool) {
		for i, s := range texts {
			if !yield(Line{Text: s, Number: i + 1}, nil) {
				return
			}
		}
	}
}

// An UnknownError says that a vocabulary has no token for something.
type UnknownError struct{ Text string }

func (e *UnknownError) Error() string {
	const most = 40
	shown := e.Text
	if len(shown) > most {
		shown = strings.ToValidUTF8(shown[:most], "") + "…"
	}
	return fmt.Sprintf("the vocabulary has no token for %q, and none for what is unknown", shown)
}

// An EncodingError says that text is not UTF-8, which only vocabularies of bytes take.
type EncodingError struct {
	Offset int // the byte that is at fault
	Byte   byte
}

func (e *EncodingError) Error() string {
	return fmt.Sprintf("byte %d, 0x%02x, is not UTF-8: convert the text, or take a vocabulary of bytes", e.Offset, e.Byte)
}

// checkUTF8 returns an EncodingError if s is not UTF-8.
func checkUTF8(s string) error {
	if utf8.ValidString(s) {
		return nil
	}
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return &EncodingError{i, s[i]}
			}
		}
	}
	panic("unreachable: an invalid string has an invalid byte")
}
