package text

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// files writes files into a new folder.
func files(t testing.TB, content map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, s := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t testing.TB, lines Lines) (all []Line) {
	t.Helper()
	for l, err := range lines {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

func TestCorpusLines(t *testing.T) {
	long := strings.Repeat("日本", 20_000) // 120,000 bytes without a space
	words := strings.Repeat("word ", 20_000)
	dir := files(t, map[string]string{
		"b.txt": "one\r\ntwo\n\nfour", "a/x.txt": long + "\nend\n", "a/y.txt": words, "empty": "", ".hidden": "no", ".git/x": "no",
	})
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var whole strings.Builder
	for _, l := range read(t, c.Lines()) {
		if len(l.Text) > maxLine || !utf8.ValidString(l.Text) {
			t.Errorf("a line of %d bytes, UTF-8: %v", len(l.Text), utf8.ValidString(l.Text))
		}
		whole.WriteString(l.Text)
	}
	if want := long + "\nend\n" + words + "one\r\ntwo\n\nfour"; whole.String() != want {
		t.Errorf("the lines have %d bytes together, want %d", whole.Len(), len(want))
	}
	if c.Size() != int64(whole.Len()) {
		t.Errorf("Size = %d, want %d", c.Size(), whole.Len())
	}
	for _, l := range read(t, c.Lines()) {
		good := true
		switch filepath.Base(l.File) {
		case "x.txt":
			good = (l.Text == "end\n") == (l.Number == 2)
		case "y.txt":
			good = l.Number == 1 && strings.HasSuffix(strings.TrimSpace(l.Text), "word")
		}
		if !good {
			t.Errorf("%s:%d: %.20q", l.File, l.Number, l.Text)
		}
	}
	last := read(t, c.Lines())
	if l := last[len(last)-1]; l.Number != 4 || l.Text != "four" {
		t.Errorf("the last line is %+v", l)
	}
}

// A line that is too long to be read at once has the tokens that it has as a whole.
func TestLongLinesHaveTheSameTokens(t *testing.T) {
	long := strings.Repeat("it's  the   best\tof \t times, ", 6000) + "\n"
	c, err := Open(files(t, map[string]string{"x": long}))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, c.Lines())); n < 3 {
		t.Fatalf("%d bytes are read in %d pieces", len(long), n)
	}
	for _, name := range []string{"gpt2", "bert", "suffix", "words"} {
		tok := open(t, name)
		got, err := tok.Tokenize(c.Lines())
		if err != nil {
			t.Fatal(err)
		}
		want, err := tok.Tokenize(Strings(long))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %d tokens by pieces, %d as a whole, error %v", name, len(got), len(want), err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := files(t, map[string]string{"empty.txt": ""})
	if _, err := Open(filepath.Join(dir, "empty.txt")); !errors.Is(err, ErrEmpty) || !strings.Contains(err.Error(), "empty.txt") {
		t.Errorf("Open of an empty file = %v", err)
	}
	if _, err := Open(filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("Open of no file = %v", err)
	}
}

func TestSplit(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	dir := files(t, map[string]string{"1": b.String(), "2": "more\n" + b.String() + "end"})
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := c.Split(90, 5, 5)
	if err != nil {
		t.Fatal(err)
	}
	var whole []Line
	for i, p := range parts {
		share := float64(p.Size()) / float64(c.Size())
		if want := []float64{.9, .05, .05}[i]; share < want-.01 || share > want+.01 {
			t.Errorf("part %d has a share of %v, want %v", i, share, want)
		}
		whole = append(whole, read(t, p.Lines())...)
	}
	if want := read(t, c.Lines()); !slices.Equal(whole, want) {
		t.Errorf("the parts have %d lines, want the %d of the whole, with their numbers", len(whole), len(want))
	}
	again, err := parts[0].Split(1, 1)
	if err != nil || again[0].Size()+again[1].Size() != parts[0].Size() {
		t.Errorf("a part is split into %v, error %v", again, err)
	}
	one := &Corpus{Parts: []Part{{filepath.Join(dir, "1"), 0, 7, 1}}}
	if _, err := one.Split(1, 1); err == nil || !strings.Contains(err.Error(), "too few lines") {
		t.Errorf("Split of one line = %v, want an error", err)
	}
	if _, err := c.Split(1, 0); err == nil {
		t.Error("a share of 0 is no error")
	}
}

func TestTokenizeSaysWhere(t *testing.T) {
	dir := files(t, map[string]string{"x.txt": "abc\nab?\n", "y.txt": "abc\n\xff\n"})
	tok, err := Training{}.Characters(Strings("abc\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"x.txt": "x.txt:2: the vocabulary has no token for \"?\"", "y.txt": "y.txt:2: byte 0, 0xff, is not UTF-8",
	} {
		c, err := Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tok.Tokenize(c.Lines()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Tokenize(%s) = %v, want %q", name, err, want)
		}
		if _, err := tok.Cached(filepath.Join(t.TempDir(), "ids"), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Cached(%s) = %v, want %q", name, err, want)
		}
	}
}

func TestCache(t *testing.T) {
	dir := files(t, map[string]string{"x.txt": "the cat\nthe dog\n", "other": "not a cache at all, but somebody's text"})
	c, err := Open(filepath.Join(dir, "x.txt"))
	if err != nil {
		t.Fatal(err)
	}
	many := &Vocabulary{ids: map[string]int{}}
	for _, b := range byteRunes {
		many.add(string(b))
	}
	for i := range 70_000 {
		many.add(fmt.Sprint(" ", i))
	}
	wide, err := New(&BPE{vocabulary: many})
	if err != nil {
		t.Fatal(err)
	}
	wide.Splitters = Bytes().Splitters
	learnt, err := Training{Size: 262}.BPE(c.Lines())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ids")
	for width, tok := range map[int]*Tokenizer{1: Bytes(), 2: learnt, 4: wide} {
		want, err := tok.Tokenize(c.Lines())
		if err != nil {
			t.Fatal(err)
		}
		var stamp [2]os.FileInfo
		for round := range 2 { // made, and opened again
			cache, err := tok.Cached(path, c)
			if err != nil {
				t.Fatal(err)
			}
			stamp[round], _ = os.Stat(path)
			got := make([]int, cache.Len())
			if err := cache.Read(got, 0); err != nil || cache.width != width || len(got) != len(want) {
				t.Fatalf("%d tokens of %d bytes, error %v; want %d of %d", len(got), cache.width, err, len(want), width)
			}
			for i, id := range got {
				if id != int(want[i]) {
					t.Fatalf("token %d is %d, want %d", i, id, want[i])
				}
			}
			if err := cache.Read(got, 1); err == nil {
				t.Error("reading behind the end is no error")
			}
			if err := cache.Close(); err != nil {
				t.Error(err)
			}
		}
		if !os.SameFile(stamp[0], stamp[1]) {
			t.Error("the cache was made twice")
		}
	}
	// A file that is no cache is not overwritten; a cache that is cut off, or of another text, is made anew.
	if _, err := Bytes().Cached(filepath.Join(dir, "other"), c); err == nil || !strings.Contains(err.Error(), "no cache") {
		t.Errorf("Cached over another file = %v, want an error", err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		cache, err := Bytes().Cached(path, c)
		if err != nil || cache.Len() != 16 {
			t.Fatalf("Cached over %d bytes of %d = %v", n, len(whole), err)
		}
		cache.Close()
	}
}

// A text is learnt from, cached and read in batches in memory that does not grow with it. HADAL_CORPUS=2048 makes one of 2 GB.
func TestMemoryDoesNotGrowWithTheCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("16 MB take a second")
	}
	path := filepath.Join(t.TempDir(), "large.txt")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	line := bytes.Repeat([]byte("it was the best of times, it was the worst of times\n"), 1260) // 64 KiB
	size := 16 << 20
	if megabytes, err := strconv.Atoi(os.Getenv("HADAL_CORPUS")); err == nil {
		size = megabytes << 20
	}
	for range size / len(line) {
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, peak := live(), uint64(0)
	watch := func() { peak = max(peak, live()) }
	watched := func(yield func(Line, error) bool) {
		n := 0
		for l, err := range c.Lines() {
			if n++; n%100_000 == 0 {
				watch()
			}
			if !yield(l, err) {
				return
			}
		}
	}
	tok, err := Training{Head: 1 << 20}.Characters(watched)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := tok.Cached(filepath.Join(t.TempDir(), "ids"), c)
	if err != nil {
		t.Fatal(err)
	}
	defer cache.Close()
	watch()
	s := Streams{IDs: cache, N: 32, T: 128}
	n := 0
	for b, err := range s.Epoch(0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n += len(b.X); n%(32*128*2000) == 0 {
			watch()
		}
	}
	if n != s.Tokens() || n < size*99/100 {
		t.Errorf("read %d tokens, want %d", n, s.Tokens())
	}
	if peak > before+2<<20+uint64(8*s.Len()) { // and the order of the batches
		t.Errorf("%d kB of memory are used for a text of %d MB", (peak-before)>>10, size>>20)
	}
}

func BenchmarkCorpusLines(b *testing.B) {
	dir := files(b, map[string]string{"x": strings.Repeat("it was the best of times\n", 100_000)})
	c, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(c.Size())
	for b.Loop() {
		for l := range c.Lines() {
			io.Discard.Write([]byte(l.Text[:1]))
		}
	}
}
