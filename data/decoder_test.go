package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Pillow wrote the files of testdata/pictures and read them too: red, green and blue, upright, on white. Where nothing is lost
// the pixels are equal, up to rounding in what is transparent; decoders of JPEG and of lossy WebP differ by a little.
func TestDecodeAsPillowDoes(t *testing.T) {
	const w, h = 24, 16
	folder := filepath.Join("testdata", "pictures")
	all, err := Decoder{}.ReadFile(filepath.Join(folder, "reference.png"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != all.H/h+1 {
		t.Fatalf("%d files, want %d and the reference", len(entries), all.H/h)
	}
	k := 0
	for _, e := range entries {
		if e.Name() == "reference.png" {
			continue
		}
		want := Picture{h, w, 3, all.Pixels[k*h*w*3 : (k+1)*h*w*3]}
		k++
		path := filepath.Join(folder, e.Name())
		got, err := Decoder{}.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		most, mean := 0, 0.2
		switch {
		case strings.Contains(e.Name(), "alpha"), strings.Contains(e.Name(), "transparent"):
			most, mean = 1, 1
		case e.Name() == "lossy.webp", filepath.Ext(path) == ".jpg" && e.Name() != "jpeg.png.jpg":
			most, mean = 16, 3
		}
		if d, m := difference(t, want, got); d > most || m > mean {
			t.Errorf("%s: pixels differ by up to %d, %.2f in the mean; at most %d and %.2f are right", e.Name(), d, m, most, mean)
		}
		// What DecodeImage gives is the same picture, and grey is the grey of it.
		img, err := ReadImage(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if d, _ := difference(t, got, FromImage(img, 3)); d > 0 {
			t.Errorf("%s: ReadImage and Decoder differ by up to %d", e.Name(), d)
		}
		grey, err := Decoder{Channels: 1}.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if d, _ := difference(t, got.Grey(), grey); d > 2 { // a grey picture of 16 bits is rounded once
			t.Errorf("%s: in grey it differs by up to %d from its grey", e.Name(), d)
		}
	}
}

// difference returns the largest and the mean difference of two pictures.
func difference(t *testing.T, want, got Picture) (most int, mean float64) {
	t.Helper()
	if got.H != want.H || got.W != want.W || got.C != want.C {
		t.Fatalf("a picture of %d×%d×%d, want %d×%d×%d", got.H, got.W, got.C, want.H, want.W, want.C)
	}
	for i, v := range want.Pixels {
		d := int(math.Abs(float64(v) - float64(got.Pixels[i])))
		most = max(most, d)
		mean += float64(d) / float64(len(want.Pixels))
	}
	return most, mean
}

// noise is a picture with detail of every size.
func noise(w, h int) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Y {
		x, y := i%img.YStride, i/img.YStride
		img.Y[i] = byte(128 + 60*math.Sin(float64(x)/40) + 40*math.Sin(float64(y)/25) + float64(r.IntN(40)-20))
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = byte(110+i%img.CStride*40/img.CStride), byte(150-i/img.CStride*40/(h/2))
	}
	return img
}

// Averaging before scaling gives what scaling in one step does, up to a quarter of a pixel at the edges, for planes of luma and chroma
// and for other images, and for sizes that leave a remainder.
func TestShrinkIsScaling(t *testing.T) {
	for _, size := range []image.Point{{640, 480}, {643, 481}, {1000, 333}} {
		ycc := noise(size.X, size.Y)
		rgba := image.NewNRGBA(ycc.Rect)
		draw.Draw(rgba, rgba.Rect, ycc, image.Point{}, draw.Src)
		want := FromImage(ycc, 3).Resize(28, 56)
		for name, img := range map[string]image.Image{"planes": ycc, "strips": rgba} {
			kx, ky := reduction(size.X, 56), reduction(size.Y, 28)
			if kx < 4 || ky < 4 {
				t.Fatalf("%v is reduced by %d×%d only", size, kx, ky)
			}
			got := shrink(img, 3, kx, ky).Resize(28, 56)
			if d, m := difference(t, want, got); d > 14 || m > 2 {
				t.Errorf("%s of %v: pixels differ by up to %d, %.2f in the mean", name, size, d, m)
			}
		}
	}
}

// Whatever the image's type and origin, a box is the average of its pixels.
func TestShrinkAverages(t *testing.T) {
	img := image.NewGray(image.Rect(-3, 5, 10, 11)) // 13×6: with boxes of 4×3, one column is left out
	for i := range img.Pix {
		img.Pix[i] = byte(i * 3)
	}
	sub := img.SubImage(image.Rect(-2, 5, 10, 11))
	got := shrink(sub, 1, 4, 3)
	var want []byte
	for y := range 2 {
		for x := range 3 {
			sum := 0
			for i := range 12 {
				sum += int(img.GrayAt(-2+4*x+i%4, 5+3*y+i/4).Y)
			}
			want = append(want, byte((sum+6)/12))
		}
	}
	if d := cmp.Diff(Picture{2, 3, 1, want}, got); d != "" {
		t.Errorf("the averages differ (-want +got):\n%s", d)
	}
}

func TestDecoderSizes(t *testing.T) {
	sideways, err := os.ReadFile(filepath.Join("testdata", "pictures", "orientation6.png")) // stored 16×24, is 24×16
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		d       Decoder
		h, w, c int
	}{
		{Decoder{}, 16, 24, 3},
		{Decoder{Channels: 1}, 16, 24, 1},
		{Decoder{H: 5, W: 9}, 5, 9, 3},
		{Decoder{Short: 4}, 4, 6, 3},
		{Decoder{Short: 32}, 32, 48, 3},
		{Decoder{Short: 32, Shrink: true}, 16, 24, 3},
		{Decoder{Short: 4, Shrink: true}, 4, 6, 3},
		{Decoder{H: 1, W: 1, Channels: 1}, 1, 1, 1},
	} {
		p, err := tt.d.Decode(bytes.NewReader(sideways))
		if err != nil || p.H != tt.h || p.W != tt.w || p.C != tt.c || p.check() != nil {
			t.Errorf("%+v gives %d×%d×%d, error %v; want %d×%d×%d", tt.d, p.H, p.W, p.C, err, tt.h, tt.w, tt.c)
		}
	}
	if _, err := (Decoder{MaxPixels: 383}).Decode(bytes.NewReader(sideways)); err == nil || !strings.Contains(err.Error(), "at most 383") {
		t.Errorf("with MaxPixels of one less than it has: %v", err)
	}
	if _, err := (Decoder{MaxPixels: 384}).Decode(bytes.NewReader(sideways)); err != nil {
		t.Errorf("with MaxPixels of what it has: %v", err)
	}
	if _, err := (Decoder{MaxPixels: 400, Short: 17}).Decode(bytes.NewReader(sideways)); err == nil {
		t.Error("a picture was enlarged beyond MaxPixels")
	}
	for _, bad := range []Decoder{{Channels: 2}, {H: 1}, {W: 1}, {H: -1, W: -1}, {Short: -1}, {Short: 1, H: 1, W: 1}, {Shrink: true}, {MaxPixels: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v does not panic", bad)
				}
			}()
			bad.Check()
		}()
	}
}

// The first frame of a GIF may fill a part of the screen only; the rest is transparent, which is white.
func TestFrameOnScreen(t *testing.T) {
	frame := image.NewPaletted(image.Rect(2, 1, 4, 3), color.Palette{color.RGBA{200, 0, 0, 255}, color.Black})
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{
		Image: []*image.Paletted{frame}, Delay: []int{0}, Config: image.Config{Width: 6, Height: 4, ColorModel: frame.Palette},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decoder{}.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if p.H != 4 || p.W != 6 || !slices.Equal(p.Pixels[:3], []byte{255, 255, 255}) || !slices.Equal(p.Pixels[3*(6+2):][:3], []byte{200, 0, 0}) {
		t.Errorf("a frame of 2×2 on a screen of 6×4 gives %d×%d, %v", p.W, p.H, p.Pixels)
	}
}

// giants are files whose headers claim pictures of 100,000×100,000 pixels, or as many as the format can claim.
func giants(t testing.TB) map[string][]byte {
	all := encoded(t)
	j := bytes.Clone(all["jpeg"])
	frame := bytes.Index(j, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(j[frame+5:], 65535)
	binary.BigEndian.PutUint16(j[frame+7:], 65535)
	g := bytes.Clone(all["gif"])
	copy(g[6:], "\xff\xff\xff\xff")
	b := bytes.Clone(all["bmp"])
	binary.LittleEndian.PutUint32(b[18:], 100000)
	binary.LittleEndian.PutUint32(b[22:], 100000)
	tif := bytes.Clone(all["tiff"])
	directory := binary.LittleEndian.Uint32(tif[4:])
	for at := directory + 2; at+12 <= uint32(len(tif)); at += 12 {
		if tag := binary.LittleEndian.Uint16(tif[at:]); tag == 256 || tag == 257 { // width and height
			binary.LittleEndian.PutUint16(tif[at+2:], 4) // as 32 bits
			binary.LittleEndian.PutUint32(tif[at+8:], 100000)
		}
	}
	lossless := []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x05\x00\x00\x00\x2f\xff\xff\xff\x0f\x00")                 // 16384×16384
	extended := []byte("RIFF\x16\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x40\x9c\x00\x40\x9c\x00") // 40001×40001
	return map[string][]byte{
		"png": bomb(t, 100000, 100000), "jpeg": j, "gif": g, "bmp": b, "tiff": tif, "webp": lossless, "extended webp": extended,
	}
}

// Giants are refused before any memory is taken for their pixels.
func TestGiantsAreRefused(t *testing.T) {
	for name, b := range giants(t) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decoder{H: 8, W: 8}.Decode(bytes.NewReader(b))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "make it smaller first") {
			t.Errorf("%s: %v, want that it is too large", name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes were taken to refuse it", name, n)
		}
	}
}

// endless is a file that goes on and on.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestEndlessFileIsRefused(t *testing.T) {
	_, err := Decoder{MaxPixels: 100}.Decode(endless{})
	if err == nil || !strings.Contains(err.Error(), "no picture of at most 100 pixels needs as many") {
		t.Errorf("Decode of a file without end = %v", err)
	}
}

// Whatever is wrong with a file, the error names it, and says what.
func TestBrokenFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	good := encoded(t)
	photo, err := os.ReadFile(filepath.Join("testdata", "pictures", "420.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	// A BMP of 4×1 with a palette of two colours, and the third of them.
	bad := binary.LittleEndian.AppendUint32([]byte("BM"), 66)
	for _, v := range []uint32{0, 62, 40, 4, 1, 1 | 8<<16, 0, 4, 0, 0, 2, 0, 0, 0xffffff, 0x02010000} {
		bad = binary.LittleEndian.AppendUint32(bad, v)
	}
	f := &Files{Names: []string{"any"}}
	want := map[string]string{}
	for name, tt := range map[string]struct {
		content []byte
		want    string
	}{
		"zero.jpg":     {nil, "an empty file"},
		"cut.jpg":      {photo[:len(photo)/2], "a jpeg picture that is cut short"},
		"head.jpg":     {photo[:20], "a jpeg picture that is cut short"},
		"cut.gif":      {good["gif"][:30], "unexpected EOF"},
		"cut.bmp":      {good["bmp"][:40], "bmp picture"},
		"cut.tif":      {good["tiff"][:20], "tiff picture"},
		"zip.png":      {[]byte("PK\x05\x06" + strings.Repeat("\x00", 18)), "it is a ZIP archive of nothing"},
		"text.png":     {[]byte("cat"), "it starts with 63 61 74, and is not PNG"},
		"photo.jpg":    {[]byte("\x00\x00\x00\x20ftypheic"), "it is a HEIC photo; convert it to JPEG"},
		"drawing.png":  {[]byte("<svg xmlns="), "it is an SVG drawing"},
		"giant.png":    {giants(t)["png"], "a picture of 100000×100000 pixels"},
		"palette.bmp":  {bad, "palette"},
		"wrong.png":    {good["jpeg"], ""},
		"wrong.jpg":    {good["webp"], "an empty file"},
		"good.jpg":     {photo, ""},
		"directory.jp": {nil, "directory"},
	} {
		path := filepath.Join(dir, name)
		if name == "directory.jp" {
			err = os.Mkdir(path, 0o755)
		} else {
			err = os.WriteFile(path, tt.content, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		want[path] = tt.want
		f.Paths, f.Labels = append(f.Paths, path), append(f.Labels, 0)
	}
	f.Paths, f.Labels = append(f.Paths, filepath.Join(dir, "missing.png")), append(f.Labels, 0)
	want[f.Paths[len(f.Paths)-1]] = "no such file"
	broken, err := f.Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range broken {
		var system *os.PathError // its words differ from system to system
		if w := want[e.Path]; w == "" || !strings.Contains(e.Error(), e.Path) || !errors.As(e, &system) && !strings.Contains(e.Error(), w) {
			t.Errorf("%v, want %q", e, w)
		}
		delete(want, e.Path)
	}
	for path, w := range want {
		if w != "" {
			t.Errorf("%s is not among the broken files", path)
		}
	}
	sound := f.Without(broken)
	if n, err := sound.Check(context.Background()); err != nil || len(n) > 0 || sound.Len() != f.Len()-len(broken) || sound.Len() < 2 {
		t.Errorf("without the broken files, %d are left, of which %v are broken", sound.Len(), n)
	}
}

func TestFilesLoad(t *testing.T) {
	content := map[string][]byte{"a": encoded(t)["png"], "b": encoded(t)["gif"], "wide": photo(t, 32, 16, 1), "bad": nil}
	open := func(path string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content[path])), nil }
	f := &Files{Paths: []string{"b", "a"}, Labels: []int{1, 0}, Names: []string{"x", "y"}, Open: open, Decoder: Decoder{Channels: 1}}
	s, err := f.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Len() {
		want, err := f.At(i)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := s.At(i)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("example %d differs (-want +got):\n%s", i, d)
		}
	}
	for name, want := range map[string]string{"wide": "wide is a picture of 32×16 pixels, but a is one of 5×4", "bad": "bad: an empty file"} {
		g := *f
		g.Paths = []string{"a", name}
		if _, err := g.Load(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load with %s = %v, want %q", name, err, want)
		}
	}
	g := *f
	g.Paths = []string{"wide", "bad"}
	if h, w, err := g.Size(0); err != nil || h != 16 || w != 32 {
		t.Errorf("Size = %d×%d, %v, want 16×32", h, w, err)
	}
	var broken *BrokenError
	if _, _, err := g.Size(1); !errors.As(err, &broken) || broken.Path != "bad" {
		t.Errorf("Size of a broken picture = %v, want its name", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Load(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Load with a context that has ended = %v", err)
	}
}

// However broken what comes along with a picture, there is an orientation and no panic.
func FuzzOrientation(f *testing.F) {
	for _, name := range []string{"orientation6.jpg", "orientation6.png", "orientation8.webp", "orientation5.tif"} {
		b, err := os.ReadFile(filepath.Join("testdata", "pictures", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("II*\x00\xff\xff\xff\xff"))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x08Exif\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []string{"jpeg", "png", "webp", "tiff", "gif"} {
			if o := orientationOf(b, format); o < 1 || o > 8 {
				t.Fatalf("orientation %d", o)
			}
		}
	})
}
