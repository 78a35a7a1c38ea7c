package data

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// MaxPixels is the size of the largest picture that DecodeImage accepts: a small file can hold a picture that takes all memory.
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
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}

// DecodeImage reads a PNG, JPEG, GIF (its first picture), BMP, TIFF or WebP of at most MaxPixels.
func DecodeImage(r io.Reader) (image.Image, error) { return decodeImage(r, MaxPixels) }

func decodeImage(r io.Reader, maxPixels int) (image.Image, error) {
	var head bytes.Buffer
	config, format, err := image.DecodeConfig(io.TeeReader(r, &head))
	switch {
	case err != nil && head.Len() == 0:
		return nil, fmt.Errorf("an empty file, not a picture (%w)", err)
	case errors.Is(err, image.ErrFormat):
		return nil, fmt.Errorf("no picture that can be read: it starts with % x, and is not PNG, JPEG, GIF, BMP, TIFF or WebP",
			head.Bytes()[:min(8, head.Len())])
	case err != nil:
		return nil, broken(format, err)
	case config.Width < 1 || config.Height < 1:
		return nil, fmt.Errorf("a picture of %d×%d pixels", config.Width, config.Height)
	case config.Width > maxPixels/config.Height:
		return nil, fmt.Errorf("a picture of %d×%d pixels: at most %d are read, make it smaller first",
			config.Width, config.Height, maxPixels)
	}
	img, format, err := image.Decode(io.MultiReader(&head, r))
	if err != nil {
		return nil, broken(format, err)
	}
	if img.Bounds().Empty() {
		return nil, errors.New("a picture without pixels")
	}
	return img, nil
}

func broken(format string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("a %s picture that is cut short: %w", format, err)
	}
	return fmt.Errorf("a broken %s picture: %w", format, err)
}
