package recipe

import (
	"image"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/augment"
)

// A form brings a picture of the user's to what a network has learned from, of so many rows, columns and channels.
type form func(img image.Image, shape [3]int) (data.Picture, error)

// digit is the form of MNIST's digits: light on dark, and in the middle.
func digit(img image.Image, _ [3]int) (data.Picture, error) { return data.Digit(img) }

// photo is the middle of a picture whose shorter side just fits.
func photo(img image.Image, shape [3]int) (data.Picture, error) {
	s := data.Sample{Picture: data.FromImage(img, shape[2])}
	augment.ResizeShort{Size: max(shape[0], shape[1])}.Apply(nil, &s)
	augment.CenterCrop{H: shape[0], W: shape[1]}.Apply(nil, &s)
	return s.Picture, nil
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
