package data

import (
	"fmt"
	"io"
	"math"
	"os"
)

// A Decoder makes pictures of the files that DecodeImage reads. The zero Decoder gives colour and leaves the size as it is.
//
// 16 bits a channel become the upper 8, palettes and CMYK (without a colour profile) become red, green and blue, and what is
// transparent is shown on white. Grey and colour become each other as Channels asks.
//
// A picture that is to become much smaller is first averaged over whole pixels, to twice the size or more, and then scaled as
// Picture.Resize does.
type Decoder struct {
	Channels  int  // 1 or 3; 0 is 3
	H, W      int  // scale to H×W, whatever the aspect; 0: do not
	Short     int  // scale so that the shorter side has as many pixels, and the aspect stays; 0: do not
	Shrink    bool // with Short: one with fewer pixels stays as it is
	MaxPixels int  // refuse larger pictures before any memory is taken for them; 0 is the constant MaxPixels
}

// Check panics where the fields contradict each other.
func (d Decoder) Check() {
	bad := d.Channels != 0 && d.Channels != 1 && d.Channels != 3 || d.H < 0 || d.W < 0 || (d.H == 0) != (d.W == 0) ||
		d.Short < 0 || d.Short > 0 && d.H > 0 || d.Shrink && d.Short == 0 || d.MaxPixels < 0
	if bad {
		panic(fmt.Sprintf("data: Decoder: cannot decode to %+v", d))
	}
}

// ReadFile reads a picture from a file. The error names the file.
func (d Decoder) ReadFile(path string) (Picture, error) {
	f, err := os.Open(path)
	if err != nil {
		return Picture{}, err
	}
	defer f.Close()
	p, err := d.Decode(f)
	if err != nil {
		return Picture{}, named(path, err)
	}
	return p, nil
}

// Decode reads a picture.
func (d Decoder) Decode(r io.Reader) (Picture, error) {
	d.Check()
	if d.Channels == 0 {
		d.Channels = 3
	}
	if d.MaxPixels == 0 {
		d.MaxPixels = MaxPixels
	}
	img, turn, err := decodeImage(r, d.MaxPixels)
	if err != nil {
		return Picture{}, err
	}
	size := img.Bounds().Size()
	h, w := d.size(size.Y, size.X, turn.sideways())
	if h > d.MaxPixels/w {
		return Picture{}, fmt.Errorf("a picture of %d×%d pixels, which would become %d×%d", size.X, size.Y, w, h)
	}
	p := shrink(img, d.Channels, reduction(size.X, w), reduction(size.Y, h))
	return p.Resize(h, w).turned(turn), nil
}

// size returns height and width, as stored, of what a stored picture of h×w becomes.
func (d Decoder) size(h, w int, sideways bool) (int, int) {
	switch {
	case d.H > 0 && sideways:
		return d.W, d.H
	case d.H > 0:
		return d.H, d.W
	case d.Shrink && min(h, w) <= d.Short:
		return h, w
	case d.Short > 0:
		return ShortSide(d.Short, h, w)
	}
	return h, w
}

// reduction is how many pixels of n are made one on the way to want: an even number, as it suits subsampled chroma, or 1.
func reduction(n, want int) int {
	return max(1, n/(2*want)&^1)
}

// ShortSide returns height and width of a picture of h×w pixels that is scaled so that the shorter side has n.
func ShortSide(n, h, w int) (int, int) {
	short := float64(min(h, w))
	side := func(k int) int { return max(1, int(math.Round(float64(k)*float64(n)/short))) }
	return side(h), side(w)
}
