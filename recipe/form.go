package recipe

import (
	"image"
	"io"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/augment"
)

// A form brings a picture of the user's to what a network has learned from, of so many rows, columns and channels.
type form func(img image.Image, shape [3]int) (data.Picture, error)

// An intake is how a network takes files of pictures in.
type intake struct {
	decoder data.Decoder // of files; one without a shorter side leaves them as they are, with what is transparent in them
	form    form
}

// read brings a file to what the network has learned from.
func (t intake) read(r io.Reader, shape [3]int) (data.Picture, error) {
	var img image.Image
	var err error
	if t.decoder.Short == 0 {
		img, err = data.DecodeImage(r)
	} else {
		var p data.Picture
		if p, err = t.decoder.Decode(r); err == nil {
			img = p.Image()
		}
	}
	if err != nil {
		return data.Picture{}, err
	}
	return t.form(img, shape)
}

// digit is the form of MNIST's digits: light on dark, and in the middle.
func digit(img image.Image, _ [3]int) (data.Picture, error) { return data.Digit(img) }

// photo is the middle of a picture whose shorter side just fits.
func photo(img image.Image, shape [3]int) (data.Picture, error) {
	return photoOf(max(shape[0], shape[1]))(img, shape)
}

// photoOf is the form of the middle of a picture whose shorter side was scaled to short.
func photoOf(short int) form {
	return func(img image.Image, shape [3]int) (data.Picture, error) {
		return middle{short, shape[0], shape[1]}.of(data.FromImage(img, shape[2])), nil
	}
}

// middle is the transform to the middle of a picture, H×W, whose shorter side was scaled to Short. A picture of H×W stays as it is.
type middle struct{ Short, H, W int }

// Apply implements data.Transform.
func (m middle) Apply(r *rand.Rand, s *data.Sample) {
	if s.Picture.H != m.H || s.Picture.W != m.W {
		augment.ResizeShort{Size: m.Short}.Apply(r, s)
		augment.CenterCrop{H: m.H, W: m.W}.Apply(r, s)
	}
}

// of returns the middle of a picture.
func (m middle) of(p data.Picture) data.Picture {
	s := data.Sample{Picture: p}
	m.Apply(nil, &s)
	return s.Picture
}

// formed is a set of the user's pictures, each brought to a form.
type formed struct {
	data.Set[data.Labelled]
	form  form
	shape [3]int
}

// At returns an example as the network wants it.
func (f formed) At(i int) (data.Labelled, error) {
	e, err := f.Set.At(i)
	if err != nil {
		return e, err
	}
	e.Picture, err = f.form(e.Picture.Image(), f.shape)
	return e, err
}
