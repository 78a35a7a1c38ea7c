package cifar

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/source"
)

// example is one record: labels, and pixels that tell their channel, row and column.
func example(labels ...byte) []byte {
	b := slices.Clone(labels)
	for c := range 3 {
		for i := range Side * Side {
			b = append(b, byte(80*c+i/Side+i%Side))
		}
	}
	return b
}

func TestRead(t *testing.T) {
	classes := []string{"cat", "dog"}
	s, err := Read(bytes.NewReader(slices.Concat(example(1), example(0))), Format10, classes)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{1, 0}, s.Labels); d != "" {
		t.Errorf("the labels differ (-want +got):\n%s", d)
	}
	e, err := s.At(1)
	if err != nil {
		t.Fatal(err)
	}
	p := e.Picture
	if p.H != 32 || p.W != 32 || p.C != 3 {
		t.Fatalf("a picture is %d×%d×%d, want 32×32×3", p.H, p.W, p.C)
	}
	if d := cmp.Diff([]byte{9, 89, 169}, p.Pixels[3*(32*4+5):][:3]); d != "" {
		t.Errorf("the pixel in row 4, column 5 differs (-want +got):\n%s", d)
	}
	for _, tt := range []struct {
		format Format
		want   int
	}{{Format100, 1}, {Format100Coarse, 0}} {
		s, err := Read(bytes.NewReader(example(0, 1)), tt.format, classes)
		if err != nil || s.Labels[0] != tt.want {
			t.Errorf("in the format %+v: label %v, error %v; want %d", tt.format, s, err, tt.want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		in         []byte
	}{
		{"nothing", "no pictures", nil},
		{"cut short", "example 1 has 3072 bytes, want 3073", slices.Concat(example(0), example(0)[:3072])},
		{"a label too large", "example 1 has the label 2, want 0 to 1", slices.Concat(example(0), example(2))},
	} {
		_, err := Read(bytes.NewReader(tt.in), Format10, []string{"cat", "dog"})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Read = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// No bytes make Read panic, and it takes no more memory than a small multiple of them.
func FuzzRead(f *testing.F) {
	f.Add(example(3), false)
	f.Add(example(3, 99), true)
	f.Add(example(11)[:100], false)
	f.Fuzz(func(t *testing.T, b []byte, hundred bool) {
		format, classes := Format10, make([]string, 10)
		if hundred {
			format, classes = Format100, make([]string, 100)
		}
		s, err := Read(bytes.NewReader(b), format, classes)
		if err != nil {
			return
		}
		if n := s.Len(); n*(3072+format.LabelBytes) != len(b) || s.Check() != nil {
			t.Fatalf("%d examples of %d bytes, %v", n, len(b), s.Check())
		}
	})
}

// made is a set of six binary files with one example each, the training ones in order of their labels.
func made() map[string][]byte {
	return map[string][]byte{
		"data_batch_1.bin": example(0), "data_batch_2.bin": example(1), "data_batch_3.bin": example(2),
		"data_batch_4.bin": example(3), "data_batch_5.bin": example(4), "test_batch.bin": example(3),
	}
}

func archive(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, content := range files { // in any order
		err := w.WriteHeader(&tar.Header{Name: "cifar-10-batches-bin/" + name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Archive, binary files and picture files give the same sets, in the same order.
func TestLoadForms(t *testing.T) {
	s, err := source.ByName("cifar10")
	if err != nil {
		t.Fatal(err)
	}
	files := made()
	published := archive(t, files)
	sum := sha256.Sum256(published)
	s.Files = []source.File{{Name: "cifar-10-binary.tar.gz", Size: int64(len(published)), SHA256: hex.EncodeToString(sum[:])}}
	s.Forms = slices.Clone(s.Forms)
	s.Forms[0].Files = slices.Clone(s.Forms[0].Files)
	for i := range s.Forms[0].Files {
		s.Forms[0].Files[i].Size = 3073
	}
	dir := map[string]string{"": t.TempDir(), "bin": t.TempDir(), "pictures": t.TempDir()}
	write(t, filepath.Join(dir[""], "cifar-10-binary.tar.gz"), published)
	for name, b := range files {
		write(t, filepath.Join(dir["bin"], name), b)
		e, err := Read(bytes.NewReader(b), Format10, s.Classes)
		if err != nil {
			t.Fatal(err)
		}
		part := "train"
		if name == "test_batch.bin" {
			part = "test"
		}
		var picture bytes.Buffer
		x, _ := e.At(0)
		if err := png.Encode(&picture, x.Picture.Image()); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir["pictures"], part, s.Classes[x.Label], name+".png"), picture.Bytes())
	}
	load := func(form string) (train, test *data.Pictures, err error) {
		l, err := s.Find(context.Background(), source.Options{Dir: dir[form], Cache: t.TempDir(), Offline: true})
		if err != nil {
			t.Fatal(err)
		}
		if l.Form.Name != form {
			t.Errorf("found the form %q, want %q", l.Form.Name, form)
		}
		return Load(l)
	}
	var want [2]*data.Pictures
	for _, form := range []string{"", "bin", "pictures"} {
		train, test, err := load(form)
		if err != nil {
			t.Fatalf("form %q: %v", form, err)
		}
		if d := cmp.Diff([]int{0, 1, 2, 3, 4}, train.Labels); d != "" {
			t.Errorf("form %q: the training labels differ (-want +got):\n%s", form, d)
		}
		if form == "" {
			want = [2]*data.Pictures{train, test}
		}
		if d := cmp.Diff(want, [2]*data.Pictures{train, test}); d != "" {
			t.Errorf("form %q differs from the archive (-want +got):\n%s", form, d)
		}
	}

	// What is damaged is named.
	write(t, filepath.Join(dir["bin"], "data_batch_3.bin"), files["data_batch_3.bin"][:100])
	var corrupt *source.CorruptError
	if _, _, err := load("bin"); !errors.As(err, &corrupt) || corrupt.File != "data_batch_3.bin" {
		t.Errorf("Load with a file cut short = %v, want a CorruptError of data_batch_3.bin", err)
	}
	write(t, filepath.Join(dir[""], "cifar-10-binary.tar.gz"), published[:len(published)/2])
	if _, _, err := load(""); !errors.As(err, &corrupt) {
		t.Errorf("Load of an archive cut short = %v, want a CorruptError", err)
	}
	write(t, filepath.Join(dir["pictures"], "test", "cat", "broken.png"), []byte("GIF89a"))
	if _, _, err := load("pictures"); err == nil || !strings.Contains(err.Error(), "broken.png") {
		t.Errorf("Load with a broken picture = %v, want its name", err)
	}
	write(t, filepath.Join(dir["pictures"], "train", "zebra", "1.png"), []byte("GIF89a"))
	if _, _, err := load("pictures"); err == nil || !strings.Contains(err.Error(), `"zebra" is none of the classes airplane`) {
		t.Errorf("Load with another class = %v, want its name", err)
	}
}

// The copy in JPEG, where it is: counts, and that it is in colour and the right way up, with the sky above.
func TestLoadJPEG(t *testing.T) {
	folder := os.Getenv("HADAL_DATA")
	s, err := source.ByName("cifar10")
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Find(context.Background(), source.Options{Dir: folder, Cache: t.TempDir(), Offline: true})
	if err != nil || l.Form.Name != "archive" {
		t.Skipf("HADAL_DATA names no folder with the JPEG copy of CIFAR-10: %v", err)
	}
	train, test, err := Load(l)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 20000 || test.Len() != 10000 || train.H != 32 || train.W != 32 || train.C != 3 {
		t.Errorf("%d training and %d test pictures of %d×%d×%d", train.Len(), test.Len(), train.H, train.W, train.C)
	}
	var blue, red float64 // of the top rows of airplanes
	for i, label := range train.Labels {
		if s.Classes[label] == "airplane" {
			e, _ := train.At(i)
			for j := range 5 * Side {
				red, blue = red+float64(e.Picture.Pixels[3*j]), blue+float64(e.Picture.Pixels[3*j+2])
			}
		}
	}
	if blue < 1.05*red {
		t.Errorf("above airplanes, blue is %.3f of red; the sky is more blue", blue/red)
	}
}
