package data_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/mnist"
	"github.com/hadal-go/hadal/data/source"
)

func digits(t *testing.T) (train, test *data.Pictures) {
	t.Helper()
	s, err := source.ByName("mnist")
	if err != nil {
		t.Fatal(err)
	}
	s.URLs = nil // no downloads in tests
	l, err := s.Find(context.Background(), source.Options{Cache: t.TempDir()})
	if err != nil {
		t.Skip(err)
	}
	if train, test, err = mnist.Load(l); err != nil {
		t.Fatal(err)
	}
	return train, test
}

func picture(t *testing.T, s *data.Pictures, i int) data.Picture {
	t.Helper()
	e, err := s.At(i)
	if err != nil {
		t.Fatal(err)
	}
	return e.Picture
}

// A picture of MNIST passes unchanged.
func TestDigitKeepsMNIST(t *testing.T) {
	_, test := digits(t)
	for i := range 2000 {
		p := picture(t, test, i)
		got, err := data.Digit(p.Image())
		if err != nil || !bytes.Equal(got.Pixels, p.Pixels) || got.H != 28 || got.W != 28 || got.C != 1 {
			t.Fatalf("Digit changes test picture %d (error %v)", i, err)
		}
	}
}

// paint shows a digit as somebody may have drawn it: enlarged, in a colour on a background, anywhere on a larger sheet.
type paint struct {
	side, left, top int     // of the sheet; where the digit is
	size            int     // of the digit's 28×28
	ink, paper      [3]byte // colours
	shade           float64 // how much darker the paper is at the right than at the left, of 1
	noise           float64 // standard deviation, of 255
}

func (a paint) image(p data.Picture, r *rand.Rand) image.Image {
	large := image.NewGray(image.Rect(0, 0, a.size, a.size))
	draw.BiLinear.Scale(large, large.Rect, p.Image(), image.Rect(0, 0, 28, 28), draw.Src, nil)
	out := image.NewNRGBA(image.Rect(0, 0, a.side, a.side))
	for y := range a.side {
		for x := range a.side {
			cover := float64(large.GrayAt(x-a.left, y-a.top).Y) / 255
			light := 1 - a.shade*float64(x)/float64(a.side)
			var c [3]byte
			for k := range c {
				v := cover*float64(a.ink[k]) + (1-cover)*float64(a.paper[k])
				c[k] = byte(min(max(v*light+a.noise*r.NormFloat64(), 0), 255))
			}
			out.SetNRGBA(x, y, color.NRGBA{c[0], c[1], c[2], 255})
		}
	}
	return out
}

// However a digit is shown, Digit finds it again: the pixels are near those of MNIST, and the nearest neighbour among training
// pictures is as often right as for the original.
func TestDigitFindsTheDigit(t *testing.T) {
	train, test := digits(t)
	const n, neighbours = 40, 1500
	right := func(p data.Picture, label int) bool {
		best, nearest := math.MaxInt, 0
		for k := range neighbours {
			d := 0
			for i, x := range picture(t, train, k).Pixels {
				e := int(x) - int(p.Pixels[i])
				if d += e * e; d >= best {
					break
				}
			}
			if d < best {
				best, nearest = d, k
			}
		}
		return train.Labels[nearest] == label
	}
	original := 0
	for i := range n {
		if right(picture(t, test, i), test.Labels[i]) {
			original++
		}
	}
	for _, tt := range []struct {
		name string
		paint
		far float64 // allowed mean distance of a pixel, of 255
	}{
		{"inverted", paint{28, 0, 0, 28, [3]byte{0, 0, 0}, [3]byte{255, 255, 255}, 0, 0}, 4},
		{"large, light on dark", paint{300, 0, 0, 300, [3]byte{255, 255, 255}, [3]byte{0, 0, 0}, 0, 0}, 12},
		{"blue on yellow, in a corner", paint{300, 130, 10, 150, [3]byte{20, 30, 120}, [3]byte{250, 240, 150}, 0, 0}, 12},
		{"pencil on shaded grey paper", paint{320, 30, 120, 170, [3]byte{90, 90, 95}, [3]byte{200, 200, 190}, 0.4, 4}, 14},
		{"chalk", paint{360, 60, 60, 250, [3]byte{220, 220, 210}, [3]byte{40, 60, 50}, 0.2, 6}, 14},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		again, far := 0, 0.0
		for i := range n {
			want := picture(t, test, i)
			got, err := data.Digit(tt.image(want, r))
			if err != nil {
				t.Fatalf("%s, picture %d: %v", tt.name, i, err)
			}
			for k, x := range got.Pixels {
				far += math.Abs(float64(x)-float64(want.Pixels[k])) / (n * 784)
			}
			if right(got, test.Labels[i]) {
				again++
			}
		}
		t.Logf("%s: mean distance %.1f, %d of %d recognized, of the originals %d", tt.name, far, again, n, original)
		if far > tt.far {
			t.Errorf("%s: the pixels are %.1f of 255 from MNIST's on average, want at most %v", tt.name, far, tt.far)
		}
		if again < original-3 {
			t.Errorf("%s: %d of %d are recognized, of the originals %d", tt.name, again, n, original)
		}
	}
}

// A line one pixel wide on a large sheet becomes a stroke, not a shadow; a speck beside it is dropped.
func TestDigitThinPen(t *testing.T) {
	sheet := image.NewGray(image.Rect(0, 0, 500, 500))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for y := 100; y < 400; y++ {
		for x := 250; x < 254; x++ {
			sheet.SetGray(x, y, color.Gray{0})
		}
	}
	sheet.SetGray(20, 20, color.Gray{0})
	p, err := data.Digit(sheet)
	if err != nil {
		t.Fatal(err)
	}
	width, height := 0, 0
	for i := range 28 {
		if p.Pixels[14*28+i] > 100 {
			width++
		}
		if p.Pixels[i*28+14] > 100 || p.Pixels[i*28+13] > 100 {
			height++
		}
	}
	if width < 2 || width > 3 || height < 19 || height > 20 {
		t.Errorf("the stroke is %d wide and %d high, want 2 or 3 and 20", width, height)
	}
}

func TestDigitTransparent(t *testing.T) {
	for name, ink := range map[string]color.NRGBA{"dark": {0, 0, 0, 255}, "light": {255, 255, 255, 255}} {
		sheet := image.NewNRGBA(image.Rect(0, 0, 100, 100))
		draw.Draw(sheet, image.Rect(40, 20, 60, 80), image.NewUniform(ink), image.Point{}, draw.Src)
		p, err := data.Digit(sheet)
		if err != nil {
			t.Errorf("%s ink on nothing: %v", name, err)
		} else if p.Pixels[14*28+14] != 255 || p.Pixels[14*28+2] != 0 {
			t.Errorf("%s ink on nothing: %d in the middle, %d beside it; want 255 and 0",
				name, p.Pixels[14*28+14], p.Pixels[14*28+2])
		}
	}
}

func TestDigitBlank(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	sheet := func(h, w int, f func(y, x int) float64) image.Image {
		g := image.NewGray(image.Rect(0, 0, w, h))
		for i := range g.Pix {
			g.Pix[i] = byte(f(i/w, i%w))
		}
		return g
	}
	for name, img := range map[string]image.Image{
		"black 28×28": sheet(28, 28, func(int, int) float64 { return 0 }),
		"white":       sheet(200, 300, func(int, int) float64 { return 255 }),
		"one pixel":   sheet(1, 1, func(int, int) float64 { return 100 }),
		"one row":     sheet(1, 50, func(int, int) float64 { return 100 }),
		"noise":       sheet(200, 200, func(int, int) float64 { return 128 + 3*r.NormFloat64() }),
		"shaded":      sheet(200, 200, func(y, x int) float64 { return 50 + float64(x+y)/4 }),
		"transparent": image.NewNRGBA(image.Rect(0, 0, 40, 40)),
	} {
		if _, err := data.Digit(img); !errors.Is(err, data.ErrBlank) {
			t.Errorf("Digit of a blank picture (%s) = %v, want ErrBlank", name, err)
		}
	}
}
