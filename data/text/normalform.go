package text

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// normalforms has, of the Unicode Character Database, a line for each character that another is put together with: its combining
// class, "c 300 230"; and for each that is put together of others: "d c0 41 300", or "e 340 300" where it is never put together again.
//
//go:embed normalforms.txt
var normalforms string

type pair[T any] struct{ a, b T }

type formTables struct {
	class map[rune]uint8
	apart map[rune][]rune     // what a character is put together of, itself maybe more than one
	whole map[pair[rune]]rune // what two characters make
}

var forms = sync.OnceValue(func() *formTables {
	t := &formTables{map[rune]uint8{}, map[rune][]rune{}, map[pair[rune]]rune{}}
	for line := range strings.Lines(normalforms) {
		var kind string
		var x, y, z rune
		switch n, _ := fmt.Sscanf(line, "%1s %x %x %x", &kind, &x, &y, &z); {
		case kind == "c":
			var class uint8
			fmt.Sscanf(line, "c %x %d", &x, &class)
			t.class[x] = class
		case n == 4:
			t.apart[x] = []rune{y, z}
			if kind == "d" {
				t.whole[pair[rune]{y, z}] = x
			}
		case n == 3:
			t.apart[x] = []rune{y}
		}
	}
	return t
})

// Syllables of Hangul are put together by arithmetic: the Unicode Standard, section 3.12.
const (
	hangul, hangulL, hangulV, hangulT = 0xac00, 0x1100, 0x1161, 0x11a7
	countL, countV, countT            = 19, 21, 28
)

// decompose returns NFD of s.
func decompose(s string) string {
	if isASCII(s) {
		return s
	}
	t := forms()
	out := make([]rune, 0, len(s))
	for _, r := range s {
		out = t.appendApart(out, r)
	}
	// Marks of one letter are sorted by class, those of equal class as they are.
	for i := 0; i < len(out); i++ {
		j := i
		for j < len(out) && t.class[out[j]] > 0 {
			j++
		}
		if j > i+1 {
			slices.SortStableFunc(out[i:j], func(a, b rune) int { return int(t.class[a]) - int(t.class[b]) })
		}
		i = j
	}
	return string(out)
}

func (t *formTables) appendApart(out []rune, r rune) []rune {
	if i := r - hangul; i >= 0 && i < countL*countV*countT {
		out = append(out, hangulL+i/(countV*countT), hangulV+i/countT%countV)
		if i%countT > 0 {
			out = append(out, hangulT+i%countT)
		}
		return out
	}
	parts, ok := t.apart[r]
	if !ok {
		return append(out, r)
	}
	for _, p := range parts {
		out = t.appendApart(out, p)
	}
	return out
}

// compose returns NFC of text in NFD.
func compose(s string) string {
	if isASCII(s) {
		return s
	}
	t := forms()
	var out []rune
	first := -1        // the letter that marks are put together with
	last := uint8(255) // the class of what stands before r, behind that letter; 255: nothing does
	for _, r := range s {
		class := t.class[r]
		if first >= 0 && (last == 255 || last < class) {
			if whole, ok := t.together(out[first], r); ok {
				out[first] = whole
				continue
			}
		}
		if out, last = append(out, r), class; class == 0 {
			first, last = len(out)-1, 255
		}
	}
	return string(out)
}

func (t *formTables) together(a, b rune) (rune, bool) {
	if l, v := a-hangulL, b-hangulV; l >= 0 && l < countL && v >= 0 && v < countV {
		return hangul + (l*countV+v)*countT, true
	}
	if i, k := a-hangul, b-hangulT; i >= 0 && i < countL*countV*countT && i%countT == 0 && k > 0 && k < countT {
		return a + k, true
	}
	whole, ok := t.whole[pair[rune]{a, b}]
	return whole, ok
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
