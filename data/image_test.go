package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// encoded returns a grey picture of 5×4 pixels in each format that can be written.
func encoded(t testing.TB) map[string][]byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 5, 4))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 12)
	}
	all := map[string][]byte{}
	for name, write := range map[string]func(io.Writer) error{
		"png":  func(w io.Writer) error { return png.Encode(w, img) },
		"jpeg": func(w io.Writer) error { return jpeg.Encode(w, img, nil) },
		"gif":  func(w io.Writer) error { return gif.Encode(w, img, nil) },
		"bmp":  func(w io.Writer) error { return bmp.Encode(w, img) },
		"tiff": func(w io.Writer) error { return tiff.Encode(w, img, nil) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		all[name] = b.Bytes()
	}
	return all
}

func TestDecodeImage(t *testing.T) {
	for name, b := range encoded(t) {
		img, err := DecodeImage(iotest.HalfReader(bytes.NewReader(b)))
		if err != nil || img.Bounds().Dx() != 5 || img.Bounds().Dy() != 4 {
			t.Errorf("DecodeImage(%s) = %v, want 5×4 pixels", name, err)
		}
	}
}

// bomb is a PNG with the header of a picture of w×h pixels.
func bomb(t testing.TB, w, h uint32) []byte {
	b := bytes.Clone(encoded(t)["png"])
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	sum := crc32.ChecksumIEEE(b[12:29])
	binary.BigEndian.PutUint32(b[29:], sum)
	return b
}

func TestDecodeImageBroken(t *testing.T) {
	good := encoded(t)["png"]
	for _, tt := range []struct {
		name string
		in   []byte
		want string
	}{
		{"empty", nil, "an empty file"},
		{"text", []byte("<html><body>"), "starts with 3c 68 74 6d 6c 3e 3c 62"},
		{"cut short", good[:len(good)-20], "unexpected EOF"},
		{"broken", append(bytes.Clone(good[:45]), make([]byte, 100)...), "a broken png picture"},
		{"bomb", bomb(t, 100000, 100000), "a picture of 100000×100000 pixels: at most 50000000"},
		{"thin bomb", bomb(t, 1<<31-1, 1), "at most 50000000"},
	} {
		_, err := DecodeImage(bytes.NewReader(tt.in))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("DecodeImage(%s) = %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestReadImage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seven.png")
	if _, err := ReadImage(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ReadImage of no file = %v, want os.ErrNotExist", err)
	}
	if err := os.WriteFile(path, []byte("seven"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadImage(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("ReadImage of text = %v, want an error with the path", err)
	}
}

// However broken the file, the guard holds: no panic, and never more pixels than allowed.
func FuzzDecodeImage(f *testing.F) {
	for _, b := range encoded(f) {
		f.Add(b)
	}
	for _, b := range giants(f) {
		f.Add(b)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "pictures", "*"))
	if err != nil || len(files) == 0 {
		f.Fatal("no pictures", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 10000
		img, turn, err := decodeImage(bytes.NewReader(b), most)
		if err != nil {
			return
		}
		if n := img.Bounds().Dx() * img.Bounds().Dy(); n < 1 || n > most {
			t.Fatalf("%d pixels were decoded, at most %d are allowed", n, most)
		}
		if p := FromImage(img, 3).turned(turn); p.check() != nil {
			t.Fatal(p.check())
		}
		p, err := Decoder{H: 3, W: 5, Channels: 1, MaxPixels: most}.Decode(bytes.NewReader(b))
		if err != nil || p.H != 3 || p.W != 5 || p.check() != nil {
			t.Fatal("decoded to 5×3 it fails", err, p.check())
		}
		if p, err := Digit(img); err == nil && p.check() != nil {
			t.Fatal(p.check())
		}
	})
}

// Squares of pixels become their average, rounded, channel by channel.
func TestAveraged(t *testing.T) {
	p := Picture{2, 4, 1, []byte{0, 1, 10, 10, 2, 3, 10, 11}}
	if got := p.Averaged(2); got.H != 1 || got.W != 2 || got.Pixels[0] != 2 || got.Pixels[1] != 10 {
		t.Errorf("Averaged is %v", got)
	}
	c := Picture{2, 2, 3, []byte{0, 10, 20, 0, 10, 20, 4, 10, 20, 4, 10, 24}}
	if got := c.Averaged(2); !slices.Equal(got.Pixels, []byte{2, 10, 21}) {
		t.Errorf("in colours it is %v", got)
	}
	s := &Pictures{H: 2, W: 2, C: 3, Pixels: append(c.Pixels, c.Pixels...), Labels: []int{0, 1}, Names: []string{"a", "b"}}
	if small := s.Averaged(2); small.Check() != nil || small.Len() != 2 || small.H != 1 || s.H != 2 {
		t.Errorf("the set is %v", small)
	}
}
