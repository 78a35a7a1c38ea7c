package text

import (
	"strings"
)

// A Token is what a joiner makes text of.
type Token struct {
	Text    string
	Special bool
}

// A Joiner makes text of tokens.
type Joiner interface{ Join(tokens []Token) string }

// Spaced puts a space between tokens.
type Spaced struct{}

// Join implements Joiner.
func (Spaced) Join(tokens []Token) string { return join(tokens, " ") }

// Joined puts nothing between tokens.
type Joined struct{}

// Join implements Joiner.
func (Joined) Join(tokens []Token) string { return join(tokens, "") }

func join(tokens []Token, separator string) string {
	parts := make([]string, len(tokens))
	for i, t := range tokens {
		parts[i] = t.Text
	}
	return strings.Join(parts, separator)
}

// ByteJoined undoes ByteLevel: each character is a byte again.
type ByteJoined struct{}

// Join implements Joiner.
func (ByteJoined) Join(tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		if t.Special {
			b.WriteString(t.Text)
			continue
		}
		for _, r := range t.Text {
			if x, ok := byteOf[r]; ok {
				b.WriteByte(x)
			} else {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// SuffixJoined undoes BPE with a suffix: words end where a token has it.
type SuffixJoined struct{ Suffix string }

// Join implements Joiner.
func (j SuffixJoined) Join(tokens []Token) string {
	var b strings.Builder
	for i, t := range tokens {
		space := " "
		if i == len(tokens)-1 {
			space = ""
		}
		b.WriteString(strings.ReplaceAll(t.Text, j.Suffix, space))
	}
	return b.String()
}

// PrefixJoined undoes WordPiece: a token with the prefix goes on with the word, others begin one. Tidy takes away the spaces that
// stand before punctuation and in English contractions.
type PrefixJoined struct {
	Prefix string
	Tidy   bool
}

// tidy are the replacements of Tidy, one after the other.
var tidy = [][2]string{
	{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"},
	{" 've", "'ve"}, {" 're", "'re"},
}

// Join implements Joiner.
func (j PrefixJoined) Join(tokens []Token) string {
	var b strings.Builder
	for i, t := range tokens {
		word := t.Text
		if i > 0 {
			if rest, ok := strings.CutPrefix(word, j.Prefix); ok {
				word = rest
			} else {
				word = " " + word
			}
		}
		if j.Tidy {
			for _, r := range tidy {
				word = strings.ReplaceAll(word, r[0], r[1])
			}
		}
		b.WriteString(word)
	}
	return b.String()
}
