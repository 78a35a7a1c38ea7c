package imagefolder

import (
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/data"
)

// paint writes a picture of one colour.
func paint(t *testing.T, path string, w, h int, c color.Color) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, c)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if filepath.Ext(path) == ".png" {
		err = png.Encode(f, img)
	} else {
		err = jpeg.Encode(f, img, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	root := t.TempDir()
	paint(t, filepath.Join(root, "dog", "a.png"), 3, 2, color.RGBA{10, 20, 30, 255})
	paint(t, filepath.Join(root, "cat", "B.JPG"), 4, 4, color.Gray{200})
	paint(t, filepath.Join(root, "cat", "kittens", "1.png"), 5, 6, color.White)
	write(t, filepath.Join(root, "cat", "notes.txt"), "not a picture")
	write(t, filepath.Join(root, "cat", "._1.png"), "left by another system")
	write(t, filepath.Join(root, ".git", "config"), "")
	write(t, filepath.Join(root, "README.md"), "")

	f, err := Open(root, data.Decoder{H: 2, W: 3})
	if err != nil {
		t.Fatal(err)
	}
	var _ data.Classified = f
	if got, want := f.Classes(), []string{"cat", "dog"}; !slices.Equal(got, want) {
		t.Errorf("Classes() = %v, want %v", got, want)
	}
	var names []string
	var labels []int
	for i := range f.Len() {
		e, err := f.At(i)
		if err != nil {
			t.Fatal(err)
		}
		if e.Picture.H != 2 || e.Picture.W != 3 || e.Picture.C != 3 {
			t.Errorf("%s is %d×%d×%d, want 2×3×3", f.Paths[i], e.Picture.H, e.Picture.W, e.Picture.C)
		}
		names, labels = append(names, filepath.Base(f.Paths[i])), append(labels, e.Label)
	}
	if want := []string{"B.JPG", "1.png", "a.png"}; !slices.Equal(names, want) {
		t.Errorf("the files are %v, want %v", names, want)
	}
	if want := []int{0, 0, 1}; !slices.Equal(labels, want) {
		t.Errorf("the labels are %v, want %v", labels, want)
	}
	dog, err := f.At(2)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(slices.Repeat([]byte{10, 20, 30}, 6), dog.Picture.Pixels); d != "" {
		t.Errorf("the dog differs (-want +got):\n%s", d)
	}

	grey, err := Open(root, data.Decoder{Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := grey.At(1); err != nil || e.Picture.H != 6 || e.Picture.W != 5 || e.Picture.C != 1 {
		t.Errorf("in grey and as it is, 1.png is %d×%d×%d, error %v; want 6×5×1", e.Picture.H, e.Picture.W, e.Picture.C, err)
	}

	// For a network that knows more classes, the labels are its.
	g, err := f.As([]string{"bird", "dog", "cat"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{2, 2, 1}, g.Labels); d != "" || f.Labels[0] != 0 {
		t.Errorf("As changes the labels wrongly (-want +got):\n%s", d)
	}
	if _, err := f.As([]string{"bird", "dog"}); err == nil || !strings.Contains(err.Error(), `"cat" is none of the classes bird, dog`) {
		t.Errorf("As without cat = %v, want an error that names it", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	root := t.TempDir()
	in := func(name string) string { return filepath.Join(root, name) }
	if err := os.Mkdir(in("empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	paint(t, filepath.Join(in("loose"), "1.png"), 2, 2, color.White)
	write(t, filepath.Join(in("text"), "cat", "1.txt"), "")
	paint(t, filepath.Join(in("mixed"), "cat", "1.png"), 2, 2, color.White)
	paint(t, filepath.Join(in("mixed"), "2.png"), 2, 2, color.White)
	write(t, in("file"), "")
	for name, want := range map[string]string{
		"nowhere": "no such file",
		"empty":   "has no pictures: want one folder a class",
		"loose":   "1 pictures but no folders",
		"text":    filepath.Join("text", "cat") + " has no pictures",
		"mixed":   "1 pictures beside the folders",
		"file":    "an empty file, neither a folder nor an archive",
	} {
		_, err := Open(in(name), data.Decoder{})
		if err == nil || !strings.Contains(err.Error(), in(name)) {
			t.Errorf("Open(%s) = %v, want an error with the path", name, err)
			continue
		}
		var system *os.PathError // its words differ from system to system
		if !errors.As(err, &system) && !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%s) = %v, want %q", name, err, want)
		}
	}
}

func TestBrokenPicturesAreNamed(t *testing.T) {
	root := t.TempDir()
	paint(t, filepath.Join(root, "cat", "1.png"), 2, 2, color.White)
	write(t, filepath.Join(root, "cat", "2.png"), "\x89PNG\r\n\x1a\n cut")
	write(t, filepath.Join(root, "cat", "3.jpg"), "")
	f, err := Open(root, data.Decoder{})
	if err != nil {
		t.Fatal(err)
	}
	broken, err := f.Check(t.Context())
	if err != nil || len(broken) != 2 || !strings.Contains(broken[0].Error(), "2.png") || !strings.Contains(broken[1].Error(), "3.jpg") {
		t.Errorf("Check() = %v, want errors that name 2.png and 3.jpg", broken)
	}
	if sound := f.Without(broken); sound.Len() != 1 || sound.Paths[0] != f.Paths[0] {
		t.Errorf("Without(broken) leaves %v, want 1.png", sound.Paths)
	}
	var got error
	for _, err := range (&data.Batches{Set: f, Size: 2}).Epoch(0, 0) {
		got = err
	}
	if got == nil || !strings.HasPrefix(got.Error(), f.Paths[1]+": ") {
		t.Errorf("an epoch ends with %v, want the file", got)
	}
}

func TestFoldersThatLeadBack(t *testing.T) {
	root := t.TempDir()
	paint(t, filepath.Join(root, "cat", "1.png"), 2, 2, color.White)
	if err := os.Symlink(root, filepath.Join(root, "cat", "again")); err != nil {
		t.Skip(err)
	}
	if _, err := Open(root, data.Decoder{}); err == nil || !strings.Contains(err.Error(), "lead back") {
		t.Errorf("Open of a folder that holds itself = %v, want that a link leads back", err)
	}
}

// An untidy folder is read with what is out of order left out, and that is told.
func TestOpenUntidy(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"cat/1.png", "cat/deep/2.png", "dog/3.png", "4.png"} {
		paint(t, filepath.Join(root, filepath.FromSlash(name)), 2, 2, color.White)
	}
	write(t, filepath.Join(root, "cat", "film.MOV"), "")
	write(t, filepath.Join(root, "words", "notes.txt"), "")
	skipped := map[string]string{}
	training, test, err := OpenUntidy(root, data.Decoder{}, func(path, why string) {
		name, _ := filepath.Rel(root, path)
		skipped[filepath.ToSlash(name)] = why
	})
	if err != nil || test != nil {
		t.Fatal(test, err)
	}
	if got, want := training.Classes(), []string{"cat", "dog"}; !slices.Equal(got, want) || training.Len() != 3 {
		t.Errorf("%d pictures of %v, want 3 of %v", training.Len(), got, want)
	}
	want := map[string]string{
		"4.png": "it lies beside the folders of the classes", "cat/film.MOV": NoPicture, "words": "a folder without pictures",
		"words/notes.txt": NoPicture,
	}
	if d := cmp.Diff(want, skipped); d != "" {
		t.Errorf("what is skipped differs (-want +got):\n%s", d)
	}
	if _, _, err := OpenUntidy(root, data.Decoder{}, nil); err == nil {
		t.Error("with nobody to tell, nothing is refused")
	}
	if _, _, err := OpenUntidy(filepath.Join(root, "words"), data.Decoder{}, func(string, string) {}); err == nil {
		t.Error("a folder without a picture is no error")
	}
}
