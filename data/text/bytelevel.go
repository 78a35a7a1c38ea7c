package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ByteLevel cuts text as GPT-2 does (Radford et al. 2019, Language models are unsupervised multitask learners, section 2.2) and writes
// each byte of a piece as one printable character, so that a vocabulary of 256 characters writes everything. A space belongs to the
// word behind it: "one two's" has the pieces "one", "Ġtwo" and "'s".
type ByteLevel struct {
	Prefix bool // put a space before text that does not begin with one
	Whole  bool // do not cut, only write bytes as characters
}

// Split implements Splitter.
func (b ByteLevel) Split(pieces []string, s string) []string {
	if b.Prefix && s != "" && s[0] != ' ' {
		s = " " + s
	}
	for s != "" {
		n := len(s)
		if !b.Whole {
			n = gpt2(s)
		}
		pieces = append(pieces, byteString(s[:n]))
		s = s[n:]
	}
	return pieces
}

// splitsBytes tells whether pieces are bytes, written as characters.
func splitsBytes(splitters []Splitter) bool {
	return slices.ContainsFunc(splitters, func(s Splitter) bool { _, ok := s.(ByteLevel); return ok })
}

// byteRunes has the character that stands for each byte, and byteOf the way back: a byte that prints in Latin-1 stands for itself, the
// others follow from U+0100 on.
var byteRunes, byteOf = func() (runes [256]rune, bytes map[rune]byte) {
	bytes = map[rune]byte{}
	next := rune(0x100)
	for b := range rune(256) {
		r := b
		if !('!' <= b && b <= '~' || '¡' <= b && b <= '¬' || '®' <= b && b <= 'ÿ') {
			r = next
			next++
		}
		runes[b], bytes[r] = r, byte(b)
	}
	return runes, bytes
}()

// byteString writes each byte of s as its character.
func byteString(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(byteRunes[s[i]])
	}
	return b.String()
}

// gpt2 returns the length of the first piece of s, by GPT-2's expression
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func gpt2(s string) int {
	for _, c := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(s, c) {
			return len(c)
		}
	}
	rest := strings.TrimPrefix(s, " ")
	if n := runOf(rest); n > 0 {
		return len(s) - len(rest) + n
	}
	// White space up to the end, or but for its last character, which may belong to a word.
	rest = strings.TrimLeftFunc(s, unicode.IsSpace)
	n := len(s) - len(rest)
	if rest == "" {
		return n
	}
	if _, last := utf8.DecodeLastRuneInString(s[:n]); last < n {
		n -= last
	}
	return n
}

// runOf returns the length of the letters, the digits or the other marks that s begins with.
func runOf(s string) int {
	kind := func(r rune) int {
		switch {
		case 'a' <= r && r <= 'z' || unicode.Is(unicode.L, r):
			return 1
		case unicode.Is(unicode.N, r):
			return 2
		case unicode.IsSpace(r):
			return 0
		}
		return 3
	}
	first := 0
	for i, r := range s {
		k := kind(r)
		if i == 0 {
			first = k
		}
		if k != first || k == 0 {
			return i
		}
	}
	return len(s)
}
