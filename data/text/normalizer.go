package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Normalizer changes text before it is cut in pieces.
type Normalizer interface{ Normalize(s string) string }

// Lower makes text lower case, letter by letter.
type Lower struct{}

// Normalize implements Normalizer.
func (Lower) Normalize(s string) string {
	const dottedI = 'İ' // the one letter whose lower case is two code points everywhere, i and a dot above
	if !strings.ContainsRune(s, dottedI) {
		return strings.Map(unicode.ToLower, s)
	}
	parts := strings.Split(s, string(dottedI))
	for i, p := range parts {
		parts[i] = strings.Map(unicode.ToLower, p)
	}
	return strings.Join(parts, "i\u0307")
}

// NFD takes letters and their marks apart, NFC puts them together: the canonical forms of the Unicode Standard, Annex 15,
// https://www.unicode.org/reports/tr15/. NFKC and NFKD, which lose distinctions such as superscripts, are not supported.
type (
	NFD struct{}
	NFC struct{}
)

// Normalize implements Normalizer.
func (NFD) Normalize(s string) string { return decompose(s) }

// Normalize implements Normalizer.
func (NFC) Normalize(s string) string { return compose(decompose(s)) }

// StripAccents takes marks away that stand apart, as NFD leaves them.
type StripAccents struct{}

// Normalize implements Normalizer.
func (StripAccents) Normalize(s string) string { return without(s, unicode.M) }

func without(s string, table *unicode.RangeTable) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(table, r) {
			return -1
		}
		return r
	}, s)
}

// Bert is what BERT does first (Devlin et al. 2018, https://arxiv.org/abs/1810.04805): it takes control characters away and makes
// white space a space (Clean), puts spaces around Chinese characters (Chinese), takes accents away (Strip) and makes text lower
// case (Lower).
type Bert struct{ Clean, Chinese, Strip, Lower bool }

// Normalize implements Normalizer.
func (b Bert) Normalize(s string) string {
	if b.Clean {
		s = strings.Map(clean, s)
	}
	if b.Chinese {
		s = spaceChinese(s)
	}
	if b.Strip {
		s = without(decompose(s), unicode.Mn)
	}
	if b.Lower {
		s = Lower{}.Normalize(s)
	}
	return s
}

func clean(r rune) rune {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return ' '
	case r == utf8.RuneError, unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co):
		return -1
	case unicode.IsSpace(r):
		return ' '
	}
	return r
}

// chinese are the blocks of ideographs that BERT names.
var chinese = &unicode.RangeTable{
	R16: []unicode.Range16{{0x3400, 0x4dbf, 1}, {0x4e00, 0x9fff, 1}, {0xf900, 0xfaff, 1}},
	R32: []unicode.Range32{
		{0x20000, 0x2a6df, 1}, {0x2a700, 0x2b73f, 1}, {0x2b740, 0x2b81f, 1}, {0x2b920, 0x2ceaf, 1}, {0x2f800, 0x2fa1f, 1},
	},
}

func spaceChinese(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.Is(chinese, r) {
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
