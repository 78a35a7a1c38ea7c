package mnist

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/data/idx"
	"github.com/hadal-go/hadal/data/source"
)

func encode(t *testing.T, shape []int, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := idx.Write(&out, &idx.Array{Shape: shape, Data: b}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The digits of the real set: counts, the first labels, and a picture that shows a five.
func TestLoadMNIST(t *testing.T) {
	s, err := source.ByName("mnist")
	if err != nil {
		t.Fatal(err)
	}
	s.URLs = nil // no downloads in tests
	l, err := s.Find(context.Background(), source.Options{Cache: t.TempDir()})
	if err != nil {
		t.Skip(err)
	}
	train, test, err := Load(l)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 60000 || test.Len() != 10000 {
		t.Errorf("%d training and %d test examples, want 60000 and 10000", train.Len(), test.Len())
	}
	if got, want := train.Labels[:5], []int{5, 0, 4, 1, 9}; !slices.Equal(got, want) {
		t.Errorf("the training labels begin with %v, want %v", got, want)
	}
	if got, want := test.Labels[:5], []int{7, 2, 1, 0, 4}; !slices.Equal(got, want) {
		t.Errorf("the test labels begin with %v, want %v", got, want)
	}
	e, err := train.At(0)
	if err != nil {
		t.Fatal(err)
	}
	if p := e.Picture; p.H != 28 || p.W != 28 || p.C != 1 || p.Pixels[5*28+12] != 3 || p.Pixels[0] != 0 {
		t.Errorf("the first picture is %d×%d×%d with %d at row 5, column 12; want 28×28×1 and 3", p.H, p.W, p.C, p.Pixels[5*28+12])
	}
}

func TestReadRefuses(t *testing.T) {
	images := encode(t, []int{2, 1, 3}, []byte{1, 2, 3, 4, 5, 6})
	labels := encode(t, []int{2}, []byte{1, 0})
	classes := []string{"cat", "dog"}
	if s, err := Read(bytes.NewReader(images), bytes.NewReader(labels), classes); err != nil || s.Len() != 2 {
		t.Fatalf("Read = %v", err)
	}
	for _, tt := range []struct {
		name           string
		images, labels []byte
		want           string
	}{
		{"a label too large", images, encode(t, []int{2}, []byte{1, 2}), "example 1 has the label 2, want 0 to 1 (2 classes)"},
		{"too few labels", images, encode(t, []int{1}, []byte{1}), "2 pictures but 1 labels"},
		{"files swapped", labels, images, "the pictures have shape [2]"},
		{"labels that are pictures", images, images, "the labels have shape [2 1 3]"},
		{"two channels", encode(t, []int{1, 1, 1, 2}, []byte{1, 2}), labels, "the pictures have shape [1 1 1 2]"},
		{"no pixels", encode(t, []int{2, 0, 3}, nil), labels, "without any pixel"},
		{"no pictures", encode(t, []int{0, 1, 3}, nil), encode(t, []int{0}, nil), "no pictures"},
		{"pictures cut short", images[:len(images)-1], labels, "pictures: idx: cut short"},
		{"labels cut short", images, labels[:5], "labels: idx: cut short"},
	} {
		_, err := Read(bytes.NewReader(tt.images), bytes.NewReader(tt.labels), classes)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Read = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// A damaged file of a known set is called damaged, wherever the damage shows, and files that do not fit are named.
func TestLoadNamesTheFile(t *testing.T) {
	content := map[string][]byte{
		"train-images-idx3-ubyte.gz": encode(t, []int{2, 1, 3}, []byte{1, 2, 3, 4, 5, 6}),
		"train-labels-idx1-ubyte.gz": encode(t, []int{2}, []byte{1, 0}),
		"t10k-images-idx3-ubyte.gz":  encode(t, []int{1, 1, 3}, []byte{1, 2, 3}),
		"t10k-labels-idx1-ubyte.gz":  encode(t, []int{1}, []byte{1}),
	}
	s := source.Source{Name: "made", Classes: []string{"cat", "dog"}}
	for name, b := range content {
		sum := sha256.Sum256(b)
		s.Files = append(s.Files, source.File{Name: name, SHA256: hex.EncodeToString(sum[:])})
	}
	load := func(s source.Source, change string, to []byte) error {
		dir := t.TempDir()
		for name, b := range content {
			if name == change {
				b = to
			}
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		l, err := s.Find(context.Background(), source.Options{Dir: dir, Offline: true})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = Load(l)
		return err
	}
	if err := load(s, "", nil); err != nil {
		t.Errorf("Load = %v", err)
	}
	for name, b := range content {
		for _, broken := range [][]byte{nil, b[:3], b[:len(b)-1], append(slices.Clone(b), 0), append([]byte{9}, b[1:]...)} {
			err := load(s, name, broken)
			var corrupt *source.CorruptError
			if !errors.As(err, &corrupt) || filepath.Base(corrupt.Path) != name {
				t.Errorf("Load with the bytes % x as %s = %v, want a CorruptError of that file", broken, name, err)
			}
		}
	}
	few := s
	few.Classes = []string{"cat"}
	err := load(few, "", nil)
	if err == nil || !strings.Contains(err.Error(), "train-labels") || !strings.Contains(err.Error(), "label 1, want 0 to 0") {
		t.Errorf("Load with one class = %v, want the label and its file", err)
	}
}
