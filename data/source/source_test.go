package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// words is a made set of two files, with their content.
func words() (Source, map[string][]byte) {
	files := map[string][]byte{"one.gz": bytes.Repeat([]byte("one "), 500), "two": []byte("two")}
	return Source{
		Name: "words",
		Files: []File{
			{"one.gz", 2000, sum(files["one.gz"])},
			{"two", 3, sum(files["two"])},
		},
	}, files
}

func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// The given folder comes first, then the cache, then the system's folders.
func TestFindInOrder(t *testing.T) {
	s, files := words()
	zipped := map[string][]byte{"one.gz": gzipped(t, files["one.gz"]), "two": files["two"]}
	plain := map[string][]byte{"one": files["one.gz"], "two": files["two"]}
	given, cache, system := t.TempDir(), t.TempDir(), t.TempDir()
	s.Folders = []string{system}
	o := Options{Dir: given, Cache: cache, Offline: true}

	for _, step := range []struct {
		dir   string
		files map[string][]byte
	}{
		{system, zipped}, {filepath.Join(cache, "words"), plain}, {given, zipped}, {filepath.Join(given, "words"), plain},
	} {
		put(t, step.dir, step.files)
		l, err := s.Find(context.Background(), o)
		if err != nil {
			t.Fatalf("with the files in %s, Find = %v", step.dir, err)
		}
		if got := filepath.Dir(l.Path("one.gz")); got != step.dir || !strings.Contains(l.From, step.dir) {
			t.Errorf("Find found the set in %s (%q), want %s", got, l.From, step.dir)
		}
		if err := l.Check(); err != nil {
			t.Errorf("Check = %v", err)
		}
		for name, want := range files {
			r, err := l.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			r.Close()
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s in %s has %d bytes, error %v; want %d bytes", name, step.dir, len(got), err, len(want))
			}
		}
	}
}

// Other forms of a set are found where the published files are not: in the given folder first, then in the cache.
func TestFindForms(t *testing.T) {
	s, files := words()
	s.Forms = []Form{
		{Name: "loose", Files: []File{{"a", 5, ""}, {"b", 4, ""}}},
		{Name: "folders", About: "spoken", Dirs: []string{"train", "test"}},
		{Name: "elsewhere", Folder: "words-30k", Files: []File{{"words.tar.gz", 1, ""}}},
	}
	given, cache := t.TempDir(), t.TempDir()
	o := Options{Dir: given, Cache: cache, Offline: true}
	find := func(form, dir string) Located {
		t.Helper()
		l, err := s.Find(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if l.Form.Name != form || l.Dir != dir {
			t.Errorf("Find found the form %q in %s, want %q in %s", l.Form.Name, l.Dir, form, dir)
		}
		return l
	}
	put(t, filepath.Join(cache, "words"), map[string][]byte{"train/x": nil, "test/x": nil})
	if l := find("folders", filepath.Join(cache, "words")); l.Check() != nil {
		t.Errorf("Check without files = %v", l.Check())
	}
	put(t, given, map[string][]byte{"words.tar": nil}) // an archive has one name
	find("folders", filepath.Join(cache, "words"))
	put(t, filepath.Join(given, "words-30k"), map[string][]byte{"words.tar.gz": nil})
	find("elsewhere", filepath.Join(given, "words-30k"))
	put(t, given, map[string][]byte{"a": []byte("hello"), "b": []byte("you")})
	l := find("loose", given)
	var corrupt *CorruptError
	if err := l.Check(); !errors.As(err, &corrupt) || corrupt.File != "b" || !strings.Contains(err.Error(), "3 bytes, want 4") {
		t.Errorf("Check of a file of another size = %v, want a CorruptError of b", err)
	}
	put(t, given, map[string][]byte{"one": files["one.gz"], "two": files["two"]})
	if err := find("", given).Check(); err != nil {
		t.Error(err)
	}
}

// The sum of an archive is of the file as it is, and it is read without its compression.
func TestArchivesAreVerifiedAsTheyAre(t *testing.T) {
	zipped := gzipped(t, []byte("content"))
	s := Source{Name: "words", Files: []File{{"words.tar.gz", int64(len(zipped)), sum(zipped)}}}
	for _, tt := range []struct {
		name, want string
		file       []byte
	}{
		{"whole", "", zipped},
		{"with more behind", "unexpected EOF", append(slices.Clone(zipped), 0)},
		{"cut short", "unexpected EOF", zipped[:len(zipped)-1]},
		{"compressed again", "sha256", gzipped(t, []byte("contents"))},
	} {
		dir := t.TempDir()
		put(t, dir, map[string][]byte{"words.tar.gz": tt.file})
		l, err := s.Find(context.Background(), Options{Dir: dir, Offline: true, Cache: dir})
		if err != nil {
			t.Fatal(err)
		}
		r, err := l.Open("words.tar.gz")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		r.Close()
		var corrupt *CorruptError
		switch {
		case tt.want == "" && (err != nil || string(b) != "content"):
			t.Errorf("%s: read %q, error %v; want content", tt.name, b, err)
		case tt.want != "" && (!errors.As(err, &corrupt) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want a CorruptError with %q", tt.name, err, tt.want)
		}
	}
}

func TestFindMissing(t *testing.T) {
	s, files := words()
	dir := t.TempDir()
	put(t, dir, map[string][]byte{"two": files["two"]})
	_, err := s.Find(context.Background(), Options{Dir: dir, Cache: t.TempDir(), Offline: true})
	var missing *MissingError
	if !errors.As(err, &missing) {
		t.Fatalf("Find = %v, want a MissingError", err)
	}
	for _, want := range []string{
		"folder " + filepath.Join(dir, "words") + ": not there", "folder " + dir + ": without one.gz", "cache ",
		"no address", "--data", "one.gz, two",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	var download *DownloadError
	if errors.As(err, &download) {
		t.Errorf("the error is a DownloadError though nothing was downloaded: %v", err)
	}

	// A folder that does not exist is a slip of the hand: no other place is tried.
	_, err = s.Find(context.Background(), Options{Dir: filepath.Join(dir, "nowhere"), Cache: dir})
	if !errors.As(err, &missing) || len(missing.Tried) != 1 || !strings.Contains(err.Error(), "no such folder") {
		t.Errorf("Find in a folder that does not exist = %v, want a MissingError with one attempt", err)
	}
}

func TestDamagedFilesAreNamed(t *testing.T) {
	s, files := words()
	zipped := gzipped(t, files["one.gz"])
	flipped := slices.Clone(zipped)
	flipped[len(flipped)-6] ^= 1
	for _, tt := range []struct {
		name, want string
		one        []byte
	}{
		{"another content", "sha256 of its content is", gzipped(t, []byte("another"))},
		{"plain but another", "sha256 of its content is", []byte("another")},
		{"empty", "sha256 of its content is", nil},
		{"cut short", "unexpected EOF", zipped[:len(zipped)-4]},
		{"cut in its header", "unexpected EOF", zipped[:4]},
		{"wrong checksum", "invalid checksum", flipped},
	} {
		dir := filepath.Join(t.TempDir(), "words")
		put(t, dir, map[string][]byte{"one.gz": tt.one, "two": files["two"]})
		l, err := s.Find(context.Background(), Options{Cache: filepath.Dir(dir), Offline: true})
		if err != nil {
			t.Fatal(err)
		}
		err = l.Check()
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Path != filepath.Join(dir, "one.gz") || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Check = %v, want a CorruptError that names one.gz and says %q", tt.name, err, tt.want)
		}
		if after, _ := os.ReadFile(filepath.Join(dir, "one.gz")); !bytes.Equal(after, tt.one) {
			t.Errorf("%s: the damaged file was changed", tt.name)
		}
	}
}

func TestByName(t *testing.T) {
	if s, err := ByName("mnist"); err != nil || s.Name != "mnist" {
		t.Errorf("ByName(mnist) = %v, %v", s.Name, err)
	}
	_, err := ByName("minst")
	var unknown *UnknownError
	if !errors.As(err, &unknown) || !slices.Equal(unknown.Near, []string{"mnist"}) {
		t.Errorf("ByName(minst) = %v, want an UnknownError near mnist", err)
	}
	if _, err := ByName("zebra"); err == nil || !strings.Contains(err.Error(), "there are bccd, caltech101-faces") {
		t.Errorf("ByName(zebra) = %v, want the names that there are", err)
	}
}

func TestTables(t *testing.T) {
	for name, table := range map[string][]Source{"All": All, "Weights": Weights} {
		if !slices.IsSortedFunc(table, func(a, b Source) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%s is not sorted by name", name)
		}
		for _, s := range table {
			if s.About == "" || s.Licence == "" || s.Homepage == "" || len(s.Files) == 0 || len(s.Classes) < 2 && !s.Text && !s.Music && !s.Series && !s.Raw {
				t.Errorf("%s: a source needs About, Licence, Homepage, Files and Classes", s.Name)
			}
			if s.Trained != (name == "Weights") {
				t.Errorf("%s: Trained is %v in the table %s", s.Name, s.Trained, name)
			}
			for _, u := range s.URLs {
				if !strings.HasSuffix(u, "/") {
					t.Errorf("%s: address %s does not end in /", s.Name, u)
				}
			}
			for _, f := range s.Files {
				unknown := s.Name == "wikitext-2" && f.Name == "train.txt" && f.SHA256 == "" // verified by its size
				if len(f.SHA256) != 64 && !unknown || f.Size <= 0 {
					t.Errorf("%s: %s has size %d and sha256 %q", s.Name, f.Name, f.Size, f.SHA256)
				}
			}
		}
	}
}

// What is on this machine, or in the Go module that carries it, is what the table says.
func TestRealSets(t *testing.T) {
	for _, s := range slices.Concat(All, Weights) {
		t.Run(s.Name, func(t *testing.T) {
			s.URLs = nil // no downloads in tests
			l, err := s.Find(context.Background(), Options{Dir: os.Getenv("HADAL_DATA"), Cache: t.TempDir()})
			if err != nil {
				t.Skip(err)
			}
			if err := l.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestModuleOffline(t *testing.T) {
	s, _ := words()
	s.Module = "example.org/no/such/module@v1.0.0"
	t.Setenv("GOMODCACHE", t.TempDir())
	_, err := s.Find(context.Background(), Options{Cache: t.TempDir(), Offline: true})
	if err == nil || !strings.Contains(err.Error(), "Go module example.org/no/such/module@v1.0.0: go mod download failed: example") {
		t.Errorf("Find = %v, want what the go command says", err)
	}
	t.Setenv("PATH", "")
	_, err = s.Find(context.Background(), Options{Cache: t.TempDir(), Offline: true})
	if err == nil || !strings.Contains(err.Error(), "not on the PATH") {
		t.Errorf("Find = %v, want that there is no go command", err)
	}
}

// What every installation of Go has is found there, unless there is none.
func TestFindInInstallationOfGo(t *testing.T) {
	s := Source{Name: "go", Files: []File{{Name: "go.go", Size: 1}}, GoRoot: "src/no/such/folder"}
	o := Options{Cache: t.TempDir(), Offline: true}
	if _, err := s.Find(context.Background(), o); err == nil || !strings.Contains(err.Error(), "installation of Go in ") {
		t.Errorf("Find of what is not there = %v, want where it was looked for", err)
	}
	s.Files, s.GoRoot = []File{{Name: "print.go", Size: 1}}, "src/fmt"
	l, err := s.Find(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(l.Path("print.go"), filepath.Join("src", "fmt", "print.go")) {
		t.Errorf("found at %s", l.Path("print.go"))
	}
	t.Setenv("PATH", "")
	const want = "installation of Go: the go command is not on the PATH"
	if _, err := s.Find(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Find without Go = %v, want that there is none", err)
	}
}
