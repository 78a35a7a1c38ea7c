package text

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Pieces are what the text is made of, nothing more and nothing less, whatever the text; bytes come back.
func FuzzText(f *testing.F) {
	for _, s := range theirs(f).Texts {
		f.Add(s)
	}
	f.Add("it's\xff \xe3\x80 'll \n\n x")
	gpt2 := open(f, "gpt2")
	f.Fuzz(func(t *testing.T, s string) {
		pieces := ByteLevel{}.Split(nil, s)
		if got := (ByteJoined{}).Join(tokens(pieces)); got != s || slices.Contains(pieces, "") {
			t.Fatalf("%q has the pieces %q", s, pieces)
		}
		ids, err := gpt2.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := gpt2.DecodeAll(ids); err != nil || back != s {
			t.Fatalf("%q comes back as %q, %v", s, back, err)
		}
		for _, splitter := range []Splitter{OnPunctuation{}, OnDigits{}, OnDigits{Each: true}} {
			if got := strings.Join(splitter.Split(nil, s), ""); got != s {
				t.Fatalf("%T: %q has the pieces of %q", splitter, s, got)
			}
		}
		want := strings.Join(strings.Fields(s), "")
		for _, splitter := range []Splitter{OnSpaces{}, OnWords{}, OnBert{}} {
			if got := strings.Join(splitter.Split(nil, s), ""); got != want {
				t.Fatalf("%T: %q has the pieces of %q", splitter, s, got)
			}
		}
		// A form of a form is that form.
		if !utf8.ValidString(s) {
			return
		}
		d, c := decompose(s), NFC{}.Normalize(s)
		if decompose(d) != d || decompose(c) != d || compose(d) != c || (NFC{}).Normalize(c) != c {
			t.Fatalf("%+q: NFD %+q, NFC %+q", s, d, c)
		}
	})
}

func tokens(texts []string) (all []Token) {
	for _, s := range texts {
		all = append(all, Token{Text: s})
	}
	return all
}

// The lines of a file are the file; the parts that it is cut into too.
func FuzzCorpus(f *testing.F) {
	f.Add([]byte("a\r\nb\n\nc"), 1)
	f.Add([]byte("日本\n\xff\x00"), 1<<14)
	f.Fuzz(func(t *testing.T, content []byte, times int) {
		content = bytes.Repeat(content, min(max(times, 0), 1<<18/(len(content)+1)))
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := Open(path)
		if err != nil {
			if len(content) > 0 {
				t.Fatal(err)
			}
			return
		}
		whole := read(t, c.Lines())
		var b strings.Builder
		for _, l := range whole {
			if l.Text == "" || len(l.Text) > maxLine {
				t.Fatalf("a line of %d bytes", len(l.Text))
			}
			b.WriteString(l.Text)
		}
		if b.String() != string(content) {
			t.Fatalf("%d lines have %d bytes, want %d", len(whole), b.Len(), len(content))
		}
		parts, err := c.Split(3, 1)
		if err != nil {
			return
		}
		if got := slices.Concat(read(t, parts[0].Lines()), read(t, parts[1].Lines())); !slices.Equal(got, whole) {
			t.Fatalf("cut in two, %d lines are %d", len(whole), len(got))
		}
	})
}

// Whatever is in the place of a cache, it is made anew or left alone with an error, never read as something else.
func FuzzCache(f *testing.F) {
	dir := files(f, map[string]string{"x.txt": "the cat\n"})
	c, err := Open(filepath.Join(dir, "x.txt"))
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, "ids")
	cache, err := Bytes().Cached(path, c)
	if err != nil {
		f.Fatal(err)
	}
	cache.Close()
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:30])
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "ids")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		cache, err := Bytes().Cached(path, c)
		if err != nil {
			if after, _ := os.ReadFile(path); !bytes.Equal(after, content) {
				t.Fatal("another's file was overwritten")
			}
			return
		}
		defer cache.Close()
		if bytes.Equal(content[:min(len(content), cacheHeader)], good[:cacheHeader]) && len(content) == len(good) {
			return // a cache whose numbers were changed is believed: it is the user's own
		}
		ids := make([]int, cache.Len())
		if err := cache.Read(ids, 0); err != nil || len(ids) != 8 {
			t.Fatalf("%d numbers, error %v", len(ids), err)
		}
	})
}
