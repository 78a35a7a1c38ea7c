package textset

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hadal-go/hadal/data/source"
	"github.com/hadal-go/hadal/data/text"
)

// located returns a set of the data folder.
func located(t *testing.T, name string) source.Located {
	t.Helper()
	s, err := source.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Find(context.Background(), source.Options{Dir: os.Getenv("HADAL_DATA"), Cache: t.TempDir(), Offline: true})
	var missing *source.MissingError
	if errors.As(err, &missing) {
		t.Skipf("%s is not to be had here: %v", name, err)
	} else if err != nil {
		t.Fatal(err)
	}
	return l
}

// put returns a set of files that are made here.
func put(t *testing.T, name, form string, files map[string]string) source.Located {
	t.Helper()
	s, err := source.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var list []source.File
	for f, content := range files {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		list = append(list, source.File{Name: f, Size: int64(len(content))})
	}
	s.Files, s.Forms, s.GoRoot = list, nil, ""
	l, err := s.Find(context.Background(), source.Options{Dir: dir, Cache: t.TempDir(), Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	l.Form.Name = form
	return l
}

func zipped(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, files[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The sets that are at hand have what is published of them.
func TestRealSets(t *testing.T) {
	total := func(parts []Part, err error) (counts []int) {
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			counts = append(counts, p.Count...)
		}
		return counts
	}
	t.Run("sst2", func(t *testing.T) {
		if got, want := total(Parts(located(t, "sst2"))), []int{3310, 3610, 428, 444, 912, 909}; !slices.Equal(got, want) {
			t.Errorf("the classes have %v sentences, want %v", got, want)
		}
	})
	t.Run("movie-reviews", func(t *testing.T) {
		l := located(t, "movie-reviews")
		if got, want := total(Parts(l)), []int{1000, 1000, 5331, 5331, 5000, 5000}; !slices.Equal(got, want) {
			t.Errorf("the classes have %v texts, want %v", got, want)
		}
		documents, err := MovieReviews(l)
		if err != nil {
			t.Fatal(err)
		}
		folds := make([]int, 10)
		sentences := 0
		for _, d := range documents {
			folds[d.Fold]++
			sentences += len(d.Sentences)
		}
		if !slices.Equal(folds, slices.Repeat([]int{200}, 10)) || sentences < 60_000 || sentences > 75_000 {
			t.Errorf("the folds have %v documents, with %d sentences in all", folds, sentences)
		}
	})
	t.Run("wikitext-2", func(t *testing.T) {
		l := located(t, "wikitext-2")
		training, validation, test, err := WikiText(l)
		if err != nil {
			t.Fatal(err)
		}
		want := []int{600, 60, 60}
		if l.Form.Name == "small" {
			want = []int{108, 6, 6}
		}
		if got := []int{len(training), len(validation), len(test)}; !slices.Equal(got, want) {
			t.Errorf("there are %v articles, want %v", got, want)
		}
		if training[0].Title == "" || training[0].Line != 2 || training[0].Lines[0] != "= "+training[0].Title+" =" {
			t.Errorf("the first article is %q of line %d", training[0].Title, training[0].Line)
		}
	})
	for _, name := range []string{"tinyshakespeare", "opticks"} {
		t.Run(name, func(t *testing.T) {
			l := located(t, name)
			training, validation, test, err := Corpus(l)
			if err != nil {
				t.Fatal(err)
			}
			size := l.Source.Files[0].Size
			got := training.Size() + validation.Size() + test.Size()
			if got != size || training.Size() < size*9/10 || validation.Size() < size/25 {
				t.Errorf("the parts have %d, %d and %d bytes, want %d in all", training.Size(), validation.Size(), test.Size(), size)
			}
		})
	}
}

func TestReadArticles(t *testing.T) {
	in := " \n = One = \n \n First line . \n = no title = \n \n = = Part = = \n \n More <unk> . \n \n \n = Two = 2 = \n \n Last . "
	got, err := ReadArticles(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	want := []Article{
		{Title: "One", Line: 2, Lines: []string{"= One =", "First line .", "= no title =", "= = Part = =", "More <unk> ."}},
		{Title: "Two = 2", Line: 12, Lines: []string{"= Two = 2 =", "Last ."}},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Article{})); d != "" {
		t.Errorf("articles differ (-want +got):\n%s", d)
	}
	var lines []text.Line
	for l, err := range Words(got[1:]) {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if want := []text.Line{{Text: "= Two = 2 = <eos>", Number: 12}, {Text: "Last . <eos>", Number: 14}}; !slices.Equal(lines, want) {
		t.Errorf("the lines are %v, want %v", lines, want)
	}
	for in, want := range map[string]string{
		"": "it is empty", " \n = A = \n \n \xff \n": "line 4: it is not UTF-8",
		"a\n" + strings.Repeat("x", maxLine+1): "line 2: it has more than",
	} {
		if _, err := ReadArticles(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadArticles(%.20q) = %v, want %q", in, err, want)
		}
	}
}

// Each form has its files, and the whole set the published parts.
func TestFormsOfWikiText(t *testing.T) {
	article := func(title string) string { return " \n = " + title + " = \n \n Text . \n" }
	titles := func(articles []Article) (all []string) {
		for _, a := range articles {
			all = append(all, a.Title)
		}
		return all
	}
	for form, names := range map[string][3]string{
		"": {"train.txt", "valid.txt", "test.txt"}, "tokens": {"wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"},
	} {
		l := put(t, "wikitext-2", form, map[string]string{names[0]: article("A") + article("B"), names[1]: article("C"), names[2]: article("D")})
		training, validation, test, err := WikiText(l)
		if err != nil {
			t.Fatal(err)
		}
		got := [][]string{titles(training), titles(validation), titles(test)}
		if want := [][]string{{"A", "B"}, {"C"}, {"D"}}; !cmp.Equal(got, want) || training[1].File != l.Path(names[0]) || training[1].Line != 6 {
			t.Errorf("the form %q has the articles %v, want %v; the second is at %s:%d", form, got, want, training[1].File, training[1].Line)
		}
	}
	var many string
	for i := range 20 {
		many += article(string(rune('a' + i)))
	}
	training, validation, test, err := WikiText(put(t, "wikitext-2", "small", map[string]string{"wiki.valid.tokens": many, "wiki.test.tokens": many}))
	if err != nil {
		t.Fatal(err)
	}
	if len(training) != 36 || !slices.Equal(titles(validation), []string{"j", "j"}) || !slices.Equal(titles(test), []string{"t", "t"}) {
		t.Errorf("the small set has %d articles for training, %v for validation, %v for test", len(training), titles(validation), titles(test))
	}
}

func TestReadLabelled(t *testing.T) {
	got, err := ReadLabelled(strings.NewReader("good film\t1\r\nbad , bad film\t0"), 2)
	if want := []Sentence{{"good film", 1, 1}, {"bad , bad film", 0, 2}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("ReadLabelled = %v, %v, want %v", got, err, want)
	}
	for in, want := range map[string]string{
		"": "it is empty", "a\t1\nb\n": "line 2: want a sentence, a tab", "a\t1\t1": "line 1: want a sentence",
		"a\t2": `the class is "2", want 0 to 1`,
		"a\tx": `the class is "x"`, "a\t-1": `the class is "-1"`, " \t1": "the sentence is empty", "a\xff\t1": "line 1: it is not UTF-8",
	} {
		if _, err := ReadLabelled(strings.NewReader(in), 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadLabelled(%q) = %v, want %q", in, err, want)
		}
	}
}

func TestReadDocuments(t *testing.T) {
	archive := zipped(t, "set/pos/cv731_1.txt", "good .\n\nvery good .\n", "set/README", "what it is", "set/neg/cv002_7.txt", "caf\xe9 .\n")
	got, err := ReadDocuments(strings.NewReader(archive))
	want := []Document{
		{Name: "set/neg/cv002_7.txt", Sentences: []string{"café ."}, Label: 0, Fold: 0},
		{Name: "set/pos/cv731_1.txt", Sentences: []string{"good .", "very good ."}, Label: 1, Fold: 7},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("documents differ (error %v, -want +got):\n%s", err, d)
	}
	for in, want := range map[string]string{
		"": "a broken ZIP archive", "PK\x03\x04 no": "a broken ZIP archive", zipped(t): "no documents",
		zipped(t, "a/b", "c"):  "no documents",
		zipped(t, "pos/x", ""): "pos/x: it is empty", zipped(t, "neg/x", " \n"): "neg/x: it has no sentence",
	} {
		if _, err := ReadDocuments(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadDocuments(%.20q) = %v, want %q", in, err, want)
		}
	}
	bomb := zipped(t, "pos/x", strings.Repeat("a\n", 2<<20))
	if _, err := ReadDocuments(strings.NewReader(bomb)); err == nil || !strings.Contains(err.Error(), "unpacked") {
		t.Errorf("ReadDocuments of a bomb of %d bytes = %v, want an error", len(bomb), err)
	}
}

func TestSentencesOfAnArchive(t *testing.T) {
	read := readSentences("a", "b")
	got, err := read(strings.NewReader(zipped(t, "x/b", "two \nthree\n", "x/a", "one\n", "x/c", "no\n")))
	if want := []Sentence{{"one", 0, 1}, {"two", 1, 1}, {"three", 1, 2}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("sentences %v, error %v, want %v", got, err, want)
	}
	if _, err := read(strings.NewReader(zipped(t, "x/b", "two\n"))); err == nil || !strings.Contains(err.Error(), "no file a") {
		t.Errorf("an archive without a class = %v, want an error", err)
	}
}

// Errors name the file and the line.
func TestErrorsNameTheFile(t *testing.T) {
	l := put(t, "sst2", "", map[string]string{"train.tsv": "a\t1\nb\t7\n", "dev.tsv": "a\t1\n", "test.tsv": "a\t1\n"})
	if _, err := Parts(l); err == nil || !strings.Contains(err.Error(), l.Path("train.tsv")+": line 2: the class is \"7\"") {
		t.Errorf("Parts of a broken set = %v", err)
	}
	l = put(t, "wikitext-2", "small", map[string]string{"wiki.valid.tokens": " \n = A = \n \n", "wiki.test.tokens": "\xff"})
	if _, err := Parts(l); err == nil || !strings.Contains(err.Error(), l.Path("wiki.test.tokens")+": line 1: it is not UTF-8") {
		t.Errorf("Parts of a broken set = %v", err)
	}
	l = put(t, "movie-reviews", "", map[string]string{"movie_reviews.zip": "PK", "sentence_polarity.zip": "", "subjectivity.zip": ""})
	if _, err := Parts(l); err == nil || !strings.Contains(err.Error(), l.Path("movie_reviews.zip")) {
		t.Errorf("Parts of a broken set = %v", err)
	}
	l = put(t, "opticks", "", map[string]string{"Isaac.Newton-Opticks.txt": ""})
	if _, err := Parts(l); !errors.Is(err, text.ErrEmpty) {
		t.Errorf("Parts of an empty text = %v", err)
	}
	mnist, err := source.ByName("mnist")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parts(source.Located{Source: mnist}); err == nil {
		t.Error("pictures are taken for text")
	}
}

func FuzzReadArticles(f *testing.F) {
	f.Add([]byte(" \n = One = \n \n First . \n = = Part = = \n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		articles, err := ReadArticles(bytes.NewReader(content))
		if err != nil {
			return
		}
		words := 0
		for _, a := range articles {
			for _, l := range a.Lines {
				words += len(strings.Fields(l))
			}
		}
		if want := len(strings.Fields(string(content))); words != want {
			t.Fatalf("the articles have %d words, want %d", words, want)
		}
	})
}

func FuzzReadLabelled(f *testing.F) {
	f.Add([]byte("good film\t1\nbad\t0"))
	f.Fuzz(func(t *testing.T, content []byte) {
		sentences, err := ReadLabelled(bytes.NewReader(content), 2)
		if err == nil && len(sentences) != len(slices.Collect(strings.Lines(string(content)))) {
			t.Fatalf("%d sentences of %q", len(sentences), content)
		}
	})
}

func FuzzReadDocuments(f *testing.F) {
	f.Add([]byte(zipped(f, "pos/cv1", "a\nb\n", "neg/x", "c")))
	f.Fuzz(func(t *testing.T, content []byte) {
		documents, err := ReadDocuments(bytes.NewReader(content))
		for _, d := range documents {
			if err == nil && len(d.Sentences) == 0 {
				t.Fatalf("%s has no sentence", d.Name)
			}
		}
	})
}
