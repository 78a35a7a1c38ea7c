package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Splitter cuts text in pieces, each of which gets its own tokens.
type Splitter interface {
	// Split appends the pieces of s.
	Split(pieces []string, s string) []string
}

// OnSpaces cuts text at white space, which is in no piece.
type OnSpaces struct{}

// Split implements Splitter.
func (OnSpaces) Split(pieces []string, s string) []string {
	return append(pieces, strings.FieldsFunc(s, unicode.IsSpace)...)
}

// OnWords cuts text at white space, and words from what is neither word nor white space: "one, two." has four pieces.
type OnWords struct{}

// Split implements Splitter.
func (OnWords) Split(pieces []string, s string) []string {
	return runs(pieces, s, func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return drop
		case isWord(r):
			return 1
		}
		return 2
	})
}

// isWord is \w of regular expressions in Unicode's Technical Standard 18,
// https://www.unicode.org/reports/tr18/#Compatibility_Properties.
func isWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	const joiner, nonJoiner = 0x200d, 0x200c
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Nl, unicode.Pc, unicode.Other_Alphabetic) ||
		r == joiner || r == nonJoiner
}

// OnPunctuation makes every mark of punctuation a piece of its own.
type OnPunctuation struct{}

// Split implements Splitter.
func (OnPunctuation) Split(pieces []string, s string) []string {
	return runs(pieces, s, func(r rune) int {
		if isPunctuation(r) {
			return alone
		}
		return 1
	})
}

func isPunctuation(r rune) bool {
	return r < utf8.RuneSelf && r > ' ' && r != 0x7f && !isWord(r) || r == '_' || unicode.Is(unicode.P, r)
}

// OnBert cuts text as BERT does: at white space, and every mark of punctuation is a piece of its own.
type OnBert struct{}

// Split implements Splitter.
func (OnBert) Split(pieces []string, s string) []string {
	return runs(pieces, s, func(r rune) int {
		switch {
		case unicode.IsSpace(r):
			return drop
		case isPunctuation(r):
			return alone
		}
		return 1
	})
}

// OnDigits cuts numbers from the rest, or with Each every digit.
type OnDigits struct{ Each bool }

// Split implements Splitter.
func (d OnDigits) Split(pieces []string, s string) []string {
	return runs(pieces, s, func(r rune) int {
		switch {
		case !unicode.Is(unicode.N, r):
			return 1
		case d.Each:
			return alone
		}
		return 2
	})
}

// What runs does with a character, beside joining it to its like.
const (
	drop  = -1 // it is in no piece
	alone = 0  // it is a piece
)

// runs appends the longest pieces of s whose characters are all of one kind.
func runs(pieces []string, s string, kind func(r rune) int) []string {
	from, last := 0, drop
	for i, r := range s {
		k := kind(r)
		if k == last && k != alone {
			continue
		}
		if last != drop {
			pieces = append(pieces, s[from:i])
		}
		from, last = i, k
	}
	if last != drop {
		pieces = append(pieces, s[from:])
	}
	return pieces
}
