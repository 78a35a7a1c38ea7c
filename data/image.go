package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	_ "image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// MaxPixels is the size of the largest picture that is decoded where nothing else is said: a small file can hold a picture that
// takes all memory.
const MaxPixels = 50_000_000

// ReadImage reads a picture from a file, see DecodeImage. The error names the file.
func ReadImage(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, err := DecodeImage(f)
	if err != nil {
		return nil, named(path, err)
	}
	return img, nil
}

// named puts the file's name before an error that does not tell it.
func named(path string, err error) error {
	var system *fs.PathError
	if errors.As(err, &system) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// DecodeImage reads a PNG, JPEG, GIF (its first picture), BMP, TIFF (its first page) or WebP of at most MaxPixels, whatever the
// file's name says that it is. It comes upright: a photo that a camera wrote lying on its side is turned as its EXIF
// orientation tells, and what is transparent in it is then shown on white.
func DecodeImage(r io.Reader) (image.Image, error) {
	img, turn, err := decodeImage(r, MaxPixels)
	if err != nil || turn == upright {
		return img, err
	}
	return FromImage(img, 3).turned(turn).Image(), nil
}

// decodeImage reads a picture as it lies in the file, and how it has to be turned.
//
// It never allocates more than the size of the input and what the standard decoders need for maxPixels pixels: 8 bytes a pixel
// in 16 bit, and 16 for a progressive JPEG.
func decodeImage(r io.Reader, maxPixels int) (img image.Image, turn orientation, err error) {
	b, err := readPicture(r, maxPixels)
	if err != nil {
		return nil, 0, err
	}
	config, format, err := decodeConfig(bytes.NewReader(b))
	switch {
	case errors.Is(err, image.ErrFormat):
		return nil, 0, foreign(b)
	case err != nil:
		return nil, 0, broken(format, err)
	case config.Width < 1 || config.Height < 1:
		return nil, 0, fmt.Errorf("a picture of %d×%d pixels", config.Width, config.Height)
	case config.Width > maxPixels/config.Height:
		return nil, 0, fmt.Errorf("a picture of %d×%d pixels: at most %d are read, make it smaller first",
			config.Width, config.Height, maxPixels)
	}
	img, err = decodePixels(b)
	if err != nil {
		return nil, 0, broken(format, err)
	}
	if format == "webp" {
		expand(img)
	}
	switch screen := image.Rect(0, 0, config.Width, config.Height); {
	case img.Bounds().Empty():
		return nil, 0, errors.New("a picture without pixels")
	case outsidePalette(img):
		return nil, 0, broken(format, errors.New("it has colours that are not in its palette"))
	case format == "gif" && img.Bounds() != screen: // the first frame fills a part of the screen
		whole := image.NewRGBA(screen)
		draw.Draw(whole, img.Bounds(), img, img.Bounds().Min, draw.Src)
		img = whole
	}
	return img, orientationOf(b, format), nil
}

// readPicture reads the whole file, if it is not larger than any picture of maxPixels need be: 8 bytes a pixel, and 16 MiB for
// what else a file holds.
func readPicture(r io.Reader, maxPixels int) ([]byte, error) {
	most := 8*int64(maxPixels) + 16<<20
	var b bytes.Buffer
	if f, ok := r.(*os.File); ok {
		info, err := f.Stat()
		switch {
		case err != nil:
			return nil, err
		case info.Mode().IsRegular() && info.Size() <= most:
			b.Grow(int(info.Size()) + bytes.MinRead) // so that it need not grow
		}
	}
	switch n, err := b.ReadFrom(io.LimitReader(r, most+1)); {
	case err != nil:
		return nil, err
	case n == 0:
		return nil, errors.New("an empty file, not a picture")
	case n > most:
		return nil, fmt.Errorf("a file of more than %d bytes: no picture of at most %d pixels needs as many", most, maxPixels)
	}
	return b.Bytes(), nil
}

func decodeConfig(r io.Reader) (config image.Config, format string, err error) {
	defer refuse(&err)
	return image.DecodeConfig(r)
}

func decodePixels(b []byte) (img image.Image, err error) {
	defer refuse(&err)
	img, _, err = image.Decode(bytes.NewReader(b))
	return img, err
}

// expand makes full range of what lossy WebP stores: luma of 16 to 235 and chroma of 16 to 240 (RFC 6386, section 9.2, which
// means ITU-R BT.601). The decoder gives it as it is, in an image type for which the range is full.
func expand(img image.Image) {
	var planes *image.YCbCr
	switch img := img.(type) {
	case *image.YCbCr:
		planes = img
	case *image.NYCbCrA:
		planes = &img.YCbCr
	default:
		return
	}
	var luma, chroma [256]byte
	for i := range 256 {
		x := float64(i)
		luma[i] = byte(min(255, max(0, math.Round((x-16)*255/219))))
		chroma[i] = byte(min(255, max(0, math.Round((x-128)*255/224+128))))
	}
	remap := func(plane []byte, table *[256]byte) {
		for i, v := range plane {
			plane[i] = table[v]
		}
	}
	remap(planes.Y, &luma)
	remap(planes.Cb, &chroma)
	remap(planes.Cr, &chroma)
}

// outsidePalette tells whether img would panic when it is looked at.
func outsidePalette(img image.Image) bool {
	p, ok := img.(*image.Paletted)
	return ok && len(p.Palette) < 256 && int(slices.Max(p.Pix)) >= len(p.Palette)
}

// refuse makes an error of a decoder's panic: bytes from anywhere must not end the program.
func refuse(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the decoder gave up: %v", r)
	}
}

func broken(format string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("a %s picture that is cut short: %w", format, err)
	}
	var ofJPEG jpeg.UnsupportedError
	var ofPNG png.UnsupportedError
	var ofTIFF tiff.UnsupportedError
	if errors.As(err, &ofJPEG) || errors.As(err, &ofPNG) || errors.As(err, &ofTIFF) || errors.Is(err, bmp.ErrUnsupported) {
		return fmt.Errorf("a %s picture of a kind that is not read (%w): save it as PNG", format, err)
	}
	return fmt.Errorf("a broken %s picture: %w", format, err)
}

// foreign says what a file is that is no picture which can be read.
func foreign(b []byte) error {
	for _, known := range []struct {
		at    int
		magic string
		is    string
	}{
		{0, "PK\x03\x04", "a ZIP archive"},
		{0, "PK\x05\x06", "a ZIP archive of nothing"},
		{0, "\x1f\x8b", "compressed with gzip"},
		{0, "%PDF", "a PDF document"},
		{0, "<svg", "an SVG drawing; convert it to PNG"},
		{4, "ftypheic", "a HEIC photo; convert it to JPEG"},
		{4, "ftypmif1", "a HEIF photo; convert it to JPEG"},
		{4, "ftypavif", "an AVIF picture; convert it to PNG"},
	} {
		if len(b) >= known.at && bytes.HasPrefix(b[known.at:], []byte(known.magic)) {
			return fmt.Errorf("no picture that can be read: it is %s", known.is)
		}
	}
	return fmt.Errorf("no picture that can be read: it starts with % x, and is not PNG, JPEG, GIF, BMP, TIFF or WebP",
		b[:min(8, len(b))])
}
