package imagefolder

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/data"
)

// A member is a file of a made archive.
type member struct{ name, content string }

func dot(t testing.TB, grey byte) string {
	img := image.NewGray(image.Rect(0, 0, 2, 1))
	img.SetGray(1, 0, color.Gray{grey})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipped(t testing.TB, members []member) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t testing.TB, members []member) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		if err := w.WriteHeader(&tar.Header{Name: m.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(m.content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(m.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, in []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(in); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A folder and archives of it, with a folder around it or not, are the same sets.
func TestSplitOfFolderAndArchives(t *testing.T) {
	members := []member{
		{"train/dog/1.png", dot(t, 10)}, {"train/cat/deep/2.png", dot(t, 20)}, {"val/dog/3.png", dot(t, 30)},
		{"train/cat/notes.txt", "no picture"}, {"README.md", ""}, {"__MACOSX/train/dog/._1.png", ""}, {"train/.hidden/x.png", ""},
	}
	dir := t.TempDir()
	for _, m := range members[:5] {
		write(t, filepath.Join(dir, "folder", m.name), m.content)
	}
	var inner []member
	for _, m := range members {
		if m.name != "README.md" {
			inner = append(inner, member{"./around/" + m.name, m.content})
		}
	}
	write(t, filepath.Join(dir, "set.zip"), string(zipped(t, members)))
	write(t, filepath.Join(dir, "set.tar"), string(tarred(t, members)))
	write(t, filepath.Join(dir, "set.tgz"), string(gzipped(t, tarred(t, inner))))
	write(t, filepath.Join(dir, "around.zip"), string(zipped(t, inner)))
	for _, name := range []string{"folder", "set.zip", "set.tar", "set.tgz", "around.zip"} {
		training, test, err := OpenSplit(filepath.Join(dir, name), data.Decoder{Channels: 1})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a, err := training.Load(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b, err := test.Load(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		classes := []string{"cat", "dog"}
		want := [2]*data.Pictures{
			{H: 1, W: 2, C: 1, Pixels: []byte{0, 20, 0, 10}, Labels: []int{0, 1}, Names: classes},
			{H: 1, W: 2, C: 1, Pixels: []byte{0, 30}, Labels: []int{1}, Names: classes},
		}
		if d := cmp.Diff(want, [2]*data.Pictures{a, b}); d != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, d)
		}
	}
	if training, test, err := OpenSplit(filepath.Join(dir, "folder", "train"), data.Decoder{}); err != nil || test != nil || training.Len() != 2 {
		t.Errorf("OpenSplit of a set that is not split: a test set %v, error %v", test, err)
	}
	write(t, filepath.Join(dir, "folder", "val", "bird", "1.png"), "")
	if _, _, err := OpenSplit(filepath.Join(dir, "folder"), data.Decoder{}); err == nil || !strings.Contains(err.Error(), `"bird" is none`) {
		t.Errorf("OpenSplit with a class in val only = %v", err)
	}
}

func TestArchivesThatAreBroken(t *testing.T) {
	dir := t.TempDir()
	pictures := []member{{"cat/1.png", dot(t, 1)}}
	for name, tt := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing.zip": {zipped(t, nil), "has no pictures"},
		"cut.zip":     {zipped(t, pictures)[:40], "a broken ZIP archive"},
		"nothing.tar": {tarred(t, nil), "has no pictures"},
		"cut.tar":     {tarred(t, pictures)[:550], "unexpected EOF"},
		"cut.tar.gz":  {gzipped(t, tarred(t, pictures))[:60], "unexpected EOF"},
		"text.csv":    {[]byte(strings.Repeat("no archive at all ", 100)), "no archive that can be read"},
		"loose.zip":   {zipped(t, []member{{"1.png", dot(t, 1)}}), "1 pictures but no folders"},
	} {
		path := filepath.Join(dir, name)
		write(t, path, string(tt.content))
		_, err := Open(path, data.Decoder{})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s) = %v, want %q and the path", name, err, tt.want)
		}
	}
	// A picture whose bytes are damaged in the archive is broken as others are, and named.
	b := zipped(t, []member{{"cat/1.png", strings.Repeat("some bytes ", 50)}})
	b[50] ^= 0xff
	path := filepath.Join(dir, "damaged.zip")
	write(t, path, string(b))
	f, err := Open(path, data.Decoder{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.At(0); err == nil || !strings.Contains(err.Error(), "damaged.zip/cat/1.png") {
		t.Errorf("At of a damaged picture = %v, want its name", err)
	}
}

// A small archive can hold pictures that take all memory: that is refused before they do.
func TestArchiveOfTooMuch(t *testing.T) {
	b := tarred(t, []member{{"cat/1.png", strings.Repeat("0", 600)}, {"cat/2.png", strings.Repeat("0", 600)}})
	if _, err := listTar("bomb.tar", bytes.NewReader(b), 1199); err == nil || !strings.Contains(err.Error(), "too many bytes for memory") {
		t.Errorf("listTar of 1200 bytes with 1199 allowed = %v", err)
	}
	if l, err := listTar("bomb.tar", bytes.NewReader(b), 1200); err != nil || len(l.entries) != 2 {
		t.Errorf("listTar of 1200 bytes with 1200 allowed = %v", err)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("everything is readable to the superuser")
	}
	root := t.TempDir()
	paint(t, filepath.Join(root, "cat", "1.png"), 1, 1, color.White)
	if err := os.Chmod(filepath.Join(root, "cat"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Join(root, "cat"), 0o755)
	if _, err := Open(root, data.Decoder{}); err == nil || !strings.Contains(err.Error(), filepath.Join(root, "cat")) {
		t.Errorf("Open with a folder that is not to be read = %v, want its name", err)
	}
}

// Whatever an archive holds, listing it ends with an error or with names that stay below its root, and takes no more memory than
// is allowed.
func FuzzArchive(f *testing.F) {
	members := []member{{"cat/1.png", "x"}, {"../../etc/2.png", "y"}, {"a/b/c.jpg", ""}}
	f.Add(zipped(f, members))
	f.Add(tarred(f, members))
	f.Add(gzipped(f, tarred(f, members)))
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 1 << 20
		for _, list := range []func() (listing, error){
			func() (listing, error) { return listZip("root", bytes.NewReader(b), int64(len(b))) },
			func() (listing, error) { return listTar("root", bytes.NewReader(b), most) },
		} {
			l, err := list()
			if err != nil {
				continue
			}
			for _, e := range l.entries {
				if !strings.HasPrefix(e.path, "root/") || strings.Contains(e.path, "/../") || len(e.name) == 0 {
					t.Fatalf("the entry %+v", e)
				}
				if r, err := l.open(e.path); err == nil {
					r.Close()
				}
			}
			l.files(data.Decoder{})
		}
	})
}
