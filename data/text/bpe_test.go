package text

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// naive learns merges by counting all pairs anew at each step.
func naive(pieces map[string]int, size int, prefix, suffix string) (merges [][2]string) {
	v := &Vocabulary{ids: map[string]int{}}
	seen := map[rune]bool{}
	for p := range pieces {
		for _, r := range p {
			seen[r] = true
		}
	}
	for _, r := range slices.Sorted(maps.Keys(seen)) {
		v.add(string(r))
	}
	words := map[string][]int{}
	for _, p := range slices.Sorted(maps.Keys(pieces)) {
		runes := []rune(p)
		for i, r := range runes {
			s := string(r)
			if i > 0 {
				s = prefix + s
			}
			if i == len(runes)-1 {
				s += suffix
			}
			words[p] = append(words[p], v.add(s))
		}
	}
	for v.Len() < size {
		counts := map[pair[int]]int{}
		for p, w := range words {
			for i := 1; i < len(w); i++ {
				counts[pair[int]{w[i-1], w[i]}] += pieces[p]
			}
		}
		best, most := pair[int]{}, 0
		for q, n := range counts {
			if n > most || n == most && (q.a < best.a || q.a == best.a && q.b < best.b) {
				best, most = q, n
			}
		}
		if most == 0 {
			break
		}
		makes := v.add(v.Token(best.a) + strings.TrimPrefix(v.Token(best.b), prefix))
		merges = append(merges, [2]string{v.Token(best.a), v.Token(best.b)})
		for p, w := range words {
			var out []int
			for i := 0; i < len(w); i++ {
				if i+1 < len(w) && w[i] == best.a && w[i+1] == best.b {
					out = append(out, makes)
					i++
				} else {
					out = append(out, w[i])
				}
			}
			words[p] = out
		}
	}
	return merges
}

// Counting only what a merge changes gives the merges of counting everything, in texts full of ties and of repeated characters too.
func TestBPELearnsAsNaively(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		alphabet := []rune("aaab é日")[:2+round%6]
		var texts []string
		pieces := map[string]int{}
		for range 1 + r.IntN(30) {
			var b strings.Builder
			for range 1 + r.IntN(12) {
				b.WriteRune(alphabet[r.IntN(len(alphabet))])
			}
			texts = append(texts, b.String())
			pieces[b.String()]++
		}
		suffix := []string{"", "</w>"}[round%2]
		l, err := Training{Size: 60}.learn(Strings(texts...), nil, "", suffix)
		if err != nil {
			t.Fatal(err)
		}
		var got [][2]string
		for _, m := range l.merges {
			got = append(got, [2]string{l.vocabulary.Token(m.a), l.vocabulary.Token(m.b)})
		}
		if want := naive(pieces, 60, "", suffix); !slices.Equal(got, want) {
			t.Fatalf("round %d, %q: merges %q, want %q", round, texts, got, want)
		}
	}
}

// shakespeare returns the text of the data folder.
func shakespeare(t testing.TB) string {
	t.Helper()
	path := filepath.Join(os.Getenv("HADAL_DATA"), "tinyshakespeare", "input.txt")
	content, err := os.ReadFile(path)
	if os.Getenv("HADAL_DATA") == "" || err != nil {
		t.Skipf("HADAL_DATA names no folder with tinyshakespeare/input.txt: %v", err)
	}
	return string(content)
}

// On real text too, and a megabyte to 2,000 merges takes no longer than one waits for.
func TestBPEOfShakespeare(t *testing.T) {
	whole := shakespeare(t)
	begin := time.Now()
	tok, err := Training{Size: 256 + 2000}.BPE(Strings(strings.SplitAfter(whole, "\n")...))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("2,000 merges of %d bytes in %v", len(whole), time.Since(begin))
	if n := len(tok.Model.(*BPE).Merges()); n != 2000 {
		t.Errorf("%d merges, want 2000", n)
	}
	begin = time.Now()
	ids, err := tok.Tokenize(Strings(strings.SplitAfter(whole, "\n")...))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d tokens in %v", len(ids), time.Since(begin))
	numbers := make([]int, len(ids))
	if err := ids.Read(numbers, 0); err != nil {
		t.Fatal(err)
	}
	if back, err := tok.Decode(numbers); err != nil || back != whole {
		t.Errorf("the text does not come back (error %v)", err)
	}
	part := whole[:40_000]
	few, err := Training{Size: 256 + 100}.BPE(Strings(part))
	if err != nil {
		t.Fatal(err)
	}
	pieces := map[string]int{}
	for _, p := range (ByteLevel{}).Split(nil, part) {
		pieces[p]++
	}
	for _, r := range byteRunes { // GPT-2's alphabet, whatever occurs
		pieces[string(r)] += 0
	}
	if got, want := few.Model.(*BPE).Merges(), naive(pieces, 256+100, "", ""); !slices.Equal(got, want) {
		t.Errorf("merges %q, want %q", got, want)
	}
}

// Vocabularies of bytes lose nothing, whatever the bytes are; pieces of half a million characters take no longer than others.
func TestBytesLoseNothing(t *testing.T) {
	f := theirs(t)
	learnt, err := Training{Size: 400, Special: []string{"<|end|>"}}.BPE(Strings(f.Sentences...))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	texts := append(slices.Clone(f.Texts), "\xff\xfe\x80 a\xc3 \xe6\x97", "x<|end|>\xff")
	texts = append(texts, strings.Repeat("ab", 250_000), strings.Repeat("a ", 1000))
	for range 200 {
		b := make([]byte, r.IntN(40))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		texts = append(texts, string(b))
	}
	for name, tok := range map[string]*Tokenizer{"bytes": Bytes(), "learnt": learnt, "written": rewritten(t, learnt)} {
		for _, s := range texts {
			ids, err := tok.Encode(s)
			if err != nil {
				t.Fatalf("%s: %.60q: %v", name, s, err)
			}
			if back, err := tok.DecodeAll(ids); err != nil || back != s {
				t.Errorf("%s: %.60q comes back as %.60q, error %v", name, s, back, err)
			}
		}
	}
	ids, err := Bytes().Encode("a\x00\xff")
	if want := []int{'a', 0, 255}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("the bytes are %v, error %v, want %v", ids, err, want)
	}
}

func TestCharacters(t *testing.T) {
	tok, err := Training{Special: []string{"<s>"}}.Characters(Strings("héllo\n", "<s>wörld\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"<s>", "\n", "\r", "d", "h", "l", "o", "r", "w", "é", "ö"}
	if got := tok.Model.Vocabulary().tokens; !slices.Equal(got, want) {
		t.Errorf("the characters are %q, want %q", got, want)
	}
	ids, err := tok.Encode("<s>hé\n")
	if want := []int{0, 4, 9, 1}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("Encode = %v, %v, want %v", ids, err, want)
	}
	if s, _ := tok.Decode(ids); s != "hé\n" {
		t.Errorf("Decode = %q without the mark", s)
	}
	if s, _ := tok.DecodeAll(ids); s != "<s>hé\n" {
		t.Errorf("DecodeAll = %q with the mark", s)
	}
	var unknown *UnknownError
	if _, err := tok.Encode("hx"); !errors.As(err, &unknown) || unknown.Text != "x" {
		t.Errorf("Encode of an unknown character = %v, want an UnknownError of x", err)
	}
	var encoding *EncodingError
	if _, err := tok.Encode("hé\xff"); !errors.As(err, &encoding) || encoding.Offset != 3 || encoding.Byte != 0xff {
		t.Errorf("Encode of what is not UTF-8 = %v, want an EncodingError at byte 3", err)
	}
	for _, bad := range [][]int{{-1}, {4, 11}} {
		if _, err := tok.Decode(bad); err == nil || !strings.Contains(err.Error(), "is no token: the vocabulary has 11") {
			t.Errorf("Decode(%v) = %v, want an error", bad, err)
		}
	}

	few, err := Training{Size: 4, Unknown: "<unk>"}.Characters(Strings("aaabbbccd"))
	if err != nil {
		t.Fatal(err)
	}
	ids, err = few.Encode("abcd")
	if want := []int{1, 2, 3, 0}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("Encode with an unknown character = %v, %v, want %v", ids, err, want)
	}
	rare, err := Training{MinCount: 3, Unknown: "<unk>"}.Characters(Strings("aaabbbccd"))
	if err != nil || rare.Len() != 3 {
		t.Errorf("of characters that occur three times there are %d with the unknown, error %v; want 3", rare.Len(), err)
	}
}

func TestWords(t *testing.T) {
	tok, err := Training{Unknown: "<unk>", MinCount: 2}.Words(Strings("the cat the dog <unk>", "the cat"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.Model.Vocabulary().tokens, []string{"<unk>", "the", "cat"}; !slices.Equal(got, want) {
		t.Errorf("the words are %q, want %q", got, want)
	}
	ids, err := tok.Encode(" cat  the zebra <unk>")
	if want := []int{2, 1, 0, 0}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("Encode = %v, %v, want %v", ids, err, want)
	}
	if s, _ := tok.DecodeAll(ids); s != "cat the <unk> <unk>" {
		t.Errorf("DecodeAll = %q", s)
	}
}

func TestWordPiece(t *testing.T) {
	m, err := NewWordPiece([]string{"[UNK]", "un", "##aff", "##able", "##a", "able", "é", "##é"}, "[UNK]")
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string][]int{ // BERT's own example first
		"unaffable": {1, 2, 3}, "able": {5}, "una": {1, 4}, "unx": {0}, "x": {0}, "éé": {6, 7}, "": nil, "un\xff": {0},
		strings.Repeat("é", 100): append([]int{6}, slices.Repeat([]int{7}, 99)...), strings.Repeat("é", 101): {0},
	} {
		if got, err := m.Append(nil, word); err != nil || !slices.Equal(got, want) {
			t.Errorf("%.20q is %v, error %v, want %v", word, got, err, want)
		}
	}
	m.Unknown = ""
	var unknown *UnknownError
	if _, err := m.Append(nil, "unx"); !errors.As(err, &unknown) || unknown.Text != "unx" {
		t.Errorf("without a token for it, an unknown word = %v, want an UnknownError", err)
	}

	tok, err := Training{Size: 80}.WordPiece(Strings("The newest and the widest; newer, wider, lower — LOWEST!", "Né à Zürich"))
	if err != nil {
		t.Fatal(err)
	}
	ids, err := tok.EncodeWhole("Newest NÉ!")
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := tok.DecodeAll(ids); s != "[CLS] newest ne! [SEP]" {
		t.Errorf("decoded to %q", s)
	}
	if s, _ := tok.Decode(ids); s != "newest ne!" {
		t.Errorf("decoded without marks to %q", s)
	}
}

func TestTrainingRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		err        func() error
	}{
		{"no text", ErrNoText.Error(), func() error { _, err := Training{}.BPE(Strings()); return err }},
		{"empty text", ErrNoText.Error(), func() error { _, err := Training{}.Characters(Strings("")); return err }},
		{"no UTF-8", "text 2: byte 1, 0xff, is not UTF-8", func() error { _, err := Training{}.Words(Strings("a", "b\xff")); return err }},
		{"too small", "10 tokens is asked for, but there are 256", func() error { _, err := Training{Size: 10}.BPE(Strings("a")); return err }},
		{"no room", "no room", func() error { _, err := Training{Size: 1, Unknown: "?"}.Words(Strings("a")); return err }},
		{"twice", "is named twice", func() error { _, err := Training{Special: []string{"a", "a"}}.Words(Strings("a")); return err }},
		{"empty mark", "is empty", func() error { _, err := Training{Special: []string{""}}.Words(Strings("a")); return err }},
		{"no suffix", "suffix", func() error { _, err := Training{}.SuffixBPE(Strings("a"), ""); return err }},
		{"broken mark", "not UTF-8", func() error { _, err := Training{Special: []string{"\xff"}}.BPE(Strings("a")); return err }},
	} {
		if err := tt.err(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
	// Learning stops at Head: what comes behind is unknown.
	tok, err := Training{Head: 3}.Characters(Strings("ab\n", "cd\n"))
	if err != nil || tok.Len() != 3 {
		t.Errorf("of the first three bytes %d characters were learnt, error %v", tok.Len(), err)
	}
}

func TestSuffixBPE(t *testing.T) {
	// The example of Sennrich et al., figure 1: the first merges of low, lower, newest, widest.
	texts := slices.Concat(slices.Repeat([]string{"low"}, 5), slices.Repeat([]string{"lower"}, 2),
		slices.Repeat([]string{"newest"}, 6), slices.Repeat([]string{"widest"}, 3))
	tok, err := Training{Size: 26}.SuffixBPE(Strings(texts...), "</w>")
	if err != nil {
		t.Fatal(err)
	}
	merges := tok.Model.(*BPE).Merges()
	if len(merges) < 3 {
		t.Fatalf("merges %q", merges)
	}
	for _, want := range [][2]string{{"e", "s"}, {"es", "t</w>"}, {"l", "o"}} {
		if !slices.Contains(merges, want) {
			t.Errorf("%q is not among the merges %q", want, merges)
		}
	}
	ids, err := tok.Encode("lowest low")
	if err != nil {
		t.Fatal(err)
	}
	if s, _ := tok.Decode(ids); s != "lowest low" {
		t.Errorf("decoded to %q from %q", s, tokensOf(tok, ids))
	}
}
