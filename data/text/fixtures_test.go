package text

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"
)

// fixtures are what Hugging Face's tokenizers make of text, by internal/fixture/_gen/tokenizers_files.py.
type fixtures struct {
	Tokenizers string
	Texts      []string
	Sentences  []string
	Cases      map[string][]struct {
		IDs  []int
		Text string
	}
	Merges map[string][][2]string
	Normal map[string][]string
	Forms  map[string]string
}

var loadFixtures = sync.OnceValues(func() (f fixtures, err error) {
	content, err := os.ReadFile(filepath.Join("testdata", "ids.json"))
	if err == nil {
		err = json.Unmarshal(content, &f)
	}
	return f, err
})

func theirs(t testing.TB) fixtures {
	t.Helper()
	f, err := loadFixtures()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func open(t testing.TB, name string) *Tokenizer {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Read(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return tok
}

// write writes a tokenizer and reads it again.
func rewritten(t testing.TB, tok *Tokenizer) *Tokenizer {
	t.Helper()
	var b bytes.Buffer
	if err := tok.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatalf("what was written is not read: %v\n%.2000s", err, b.Bytes())
	}
	return again
}

// Texts have the numbers that Hugging Face's tokenizers give them, and come back as they bring them back; with the files as they
// are, and as this package writes them. HADAL_TOKENIZERS names a folder to write them to, for the script to read.
func TestSameAsTokenizers(t *testing.T) {
	f := theirs(t)
	if len(f.Cases) < 8 {
		t.Fatalf("there are %d cases", len(f.Cases))
	}
	for name, cases := range f.Cases {
		read := open(t, name)
		if dir := os.Getenv("HADAL_TOKENIZERS"); dir != "" {
			var b bytes.Buffer
			if err := read.Write(&b); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name+".json"), b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for how, tok := range map[string]*Tokenizer{"read": read, "written": rewritten(t, read)} {
			for i, want := range cases {
				ids, err := tok.EncodeWhole(f.Texts[i])
				if err != nil {
					t.Errorf("%s, %s: %q: %v", name, how, f.Texts[i], err)
					continue
				}
				if !slices.Equal(ids, want.IDs) {
					t.Errorf("%s, %s: %q is\n%v, want\n%v\n%q", name, how, f.Texts[i], ids, want.IDs, tokensOf(tok, ids))
				}
				if got, err := tok.Decode(ids); err != nil || got != want.Text {
					t.Errorf("%s, %s: %v is decoded to\n%q, error %v, want\n%q", name, how, ids, got, err, want.Text)
				}
			}
		}
	}
}

func tokensOf(tok *Tokenizer, ids []int) (tokens []string) {
	for _, id := range ids {
		tokens = append(tokens, tok.Token(id))
	}
	return tokens
}

func TestNormalizersAreThoseOfTokenizers(t *testing.T) {
	f := theirs(t)
	all := map[string]Normalizer{
		"NFC": NFC{}, "NFD": NFD{}, "Lowercase": Lower{}, "StripAccents": StripAccents{}, "BertNormalizer": Bert{true, true, true, true},
	}
	for name, n := range all {
		for i, s := range f.Texts {
			if got, want := n.Normalize(s), f.Normal[name][i]; got != want {
				t.Errorf("%s of %q is\n%+q, want\n%+q", name, s, got, want)
			}
		}
	}
}

// Trained on the same text, the merges are those of Hugging Face's tokenizers, in their order.
func TestTrainedAsByTokenizers(t *testing.T) {
	f := theirs(t)
	for size, want := range map[int][][2]string{300: f.Merges["300"], 600: f.Merges["600"]} {
		tok, err := Training{Size: size, Special: []string{"<s>"}}.BPE(Strings(f.Sentences...))
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Model.(*BPE).Merges(); !slices.Equal(got, want) {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Errorf("size %d: %d merges, want %d; they differ from number %d on: %q, want %q",
				size, len(got), len(want), i, got[i:min(i+1, len(got))], want[i:min(i+1, len(want))])
		}
	}
	tok, err := Training{Size: 120, Unknown: "<unk>", Normalizers: []Normalizer{NFC{}},
		Splitters: []Splitter{OnSpaces{}, OnPunctuation{}, OnDigits{Each: true}}}.Words(Strings(f.Sentences...))
	if err != nil {
		t.Fatal(err)
	}
	if want := open(t, "words"); !slices.Equal(tok.Model.Vocabulary().tokens, want.Model.Vocabulary().tokens) {
		t.Errorf("the words are %q, want %q", tok.Model.Vocabulary().tokens, want.Model.Vocabulary().tokens)
	}
}

// What a file asks for that this package does not have is refused by name.
func TestUnsupportedIsNamed(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "bert.json"))
	if err != nil {
		t.Fatal(err)
	}
	var good map[string]json.RawMessage
	if err := json.Unmarshal(content, &good); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ part, is, want string }{
		{"model", `{"type":"Unigram","vocab":[]}`, `"Unigram" is not supported`},
		{"model", `null`, "model: there is none"},
		{"model", `{"type":"BPE","dropout":0.1,"vocab":{},"merges":[]}`, "dropout"},
		{"model", `{"type":"BPE","byte_fallback":true,"vocab":{},"merges":[]}`, "byte_fallback"},
		{"model", `{"type":"BPE","continuing_subword_prefix":"##","vocab":{},"merges":[]}`, "continuing_subword_prefix"},
		{"model", `{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]}`, `"a" and "b" have the same number, 0`},
		{"model", `{"type":"BPE","vocab":{"a":4000000000},"merges":[]}`, "4000000000, but there are 1 tokens"},
		{"model", `{"type":"BPE","vocab":{"a":-1},"merges":[]}`, "-1"},
		{"model", `{"type":"BPE","vocab":{"a":0,"b":1},"merges":["a b"]}`, `"ab" must be tokens`},
		{"model", `{"type":"BPE","vocab":{"a":0},"merges":["a"]}`, "want two tokens"},
		{"model", `{"type":"BPE","vocab":{"a":0},"merges":[7]}`, "want two strings"},
		{"model", `{"type":"BPE","vocab":{"a":0},"merges":[],"magic":1}`, `the setting "magic" is not supported`},
		{"normalizer", `{"type":"NFKC"}`, `"NFKC" is not supported`},
		{"normalizer", `{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace"}]}`, `"Replace" is not supported`},
		{"normalizer", `{"type":"Sequence","normalizers":[],"more":1}`, "and nothing else"},
		{"normalizer", `{"type":"Sequence"}`, "it is empty"},
		{"normalizer", strings.Repeat(`{"type":"Sequence","normalizers":[`, 5) + strings.Repeat(`]}`, 5), "lie in each other"},
		{"pre_tokenizer", `{"type":"Metaspace"}`, `"Metaspace" is not supported`},
		{"pre_tokenizer", `{"type":"Punctuation","behavior":"Removed"}`, `"Removed" is not supported`},
		{"decoder", `{"type":"CTC"}`, `"CTC" is not supported`},
		{"decoder", `{"type":"BPEDecoder","suffix":""}`, "suffix"},
		{"post_processor", `{"type":"Other"}`, `"Other" is not supported`},
		{"post_processor", `{"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{}}`, "0 times"},
		{
			"post_processor", `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}}],"pair":[],"special_tokens":{}}`,
			`"x"`,
		},
		{"post_processor", `{"type":"BertProcessing","sep":["[SEP]",99999],"cls":["[CLS]",2]}`, "no token"},
		{"truncation", `{"max_length":512}`, "truncation"},
		{"added_tokens", `[{"id":7000,"content":"x","single_word":false,"special":true}]`, "7000"},
		{"added_tokens", `[{"id":0,"content":"[PAD]","single_word":true,"special":true}]`, "single_word"},
	} {
		file := map[string]json.RawMessage{}
		for k, v := range good {
			file[k] = v
		}
		file[tt.part] = json.RawMessage(tt.is)
		content, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Read(bytes.NewReader(content))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "tokenizer.json: "+tt.part) {
			t.Errorf("%s %s: error %v, want one that names it and says %q", tt.part, tt.is, err, tt.want)
		}
	}
	for _, tt := range []struct{ content, want string }{
		{"", "it is empty"}, {"[]", "cannot unmarshal array"}, {`{"model":{"type":"BPE"}}x`, "follows"},
	} {
		if _, err := Read(strings.NewReader(tt.content)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Read(%q) = %v, want %q", tt.content, err, tt.want)
		}
	}
}

// upper is a normalizer that tokenizer.json has no name for; it cannot be compared either.
type upper struct{ _ []string }

func (upper) Normalize(s string) string { return strings.ToUpper(s) }

// What the format has no name for is used, but not written.
func TestWriteRefuses(t *testing.T) {
	m, err := NewWords([]string{"A", "B"}, "")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := New(m, Special{Text: "<s>"})
	if err != nil {
		t.Fatal(err)
	}
	tok.Normalizers, tok.Splitters = []Normalizer{upper{}}, []Splitter{OnSpaces{}}
	if ids, err := tok.Encode("a <s>b"); err != nil || !slices.Equal(ids, []int{0, 2, 1}) {
		t.Errorf("Encode = %v, %v", ids, err)
	}
	if id, ok := tok.ID("<s>"); id != 2 || !ok || tok.Special()[0].ID != 2 || tok.Token(2) != "<s>" || tok.Len() != 3 {
		t.Errorf("the special token has the number %d, %v", id, ok)
	}
	if err := tok.Write(io.Discard); err == nil || !strings.Contains(err.Error(), "no name for the normalizer text.upper") {
		t.Errorf("Write = %v, want an error that names the normalizer", err)
	}
	if _, err := NewWords([]string{"A", "A"}, ""); err == nil || !strings.Contains(err.Error(), `token 1, "A", is token 0 too`) {
		t.Errorf("NewWords of one word twice = %v", err)
	}
}

// Whatever a file has, it is an error or a tokenizer that can be used and written.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"bert", "roberta", "suffix", "words", "characters"} {
		content, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content, "the cat\r\n é 日本\xff<unk>")
	}
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"aba":3},"merges":["a b","ab a"]}}`), "abab")
	f.Fuzz(func(t *testing.T, content []byte, s string) {
		tok, err := Read(bytes.NewReader(content))
		if err != nil {
			return
		}
		again := rewritten(t, tok)
		ids, err := tok.EncodeWhole(s)
		same, errAgain := again.EncodeWhole(s)
		if (err == nil) != (errAgain == nil) || !slices.Equal(ids, same) {
			t.Fatalf("%q is %v (%v), written and read again %v (%v)", s, ids, err, same, errAgain)
		}
		if err == nil {
			if _, err := tok.DecodeAll(ids); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// Every character there is, with marks and a vowel of Hangul behind it, has the forms that Python gives it.
func TestFormsOfAllCharacters(t *testing.T) {
	if testing.Short() {
		t.Skip("a million characters take a second")
	}
	f := theirs(t)
	for name, n := range map[string]Normalizer{"NFC": NFC{}, "NFD": NFD{}} {
		sum := sha256.New()
		for r := range unicode.MaxRune + 1 {
			if utf8.ValidRune(r) {
				io.WriteString(sum, n.Normalize(string(r)+"\u0301\u0323"+string(r)+"\u1161\u11a8"))
			}
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != f.Forms[name] {
			t.Errorf("%s differs from Python's", name)
		}
	}
}
