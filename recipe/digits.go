package recipe

import "github.com/hadal-go/hadal/data"

// digits is a set of the user's pictures, each brought to the form of MNIST's.
type digits struct{ data.Set[data.Labelled] }

// At returns an example as the network wants it.
func (d digits) At(i int) (data.Labelled, error) {
	e, err := d.Set.At(i)
	if err != nil {
		return e, err
	}
	e.Picture, err = data.Digit(e.Picture.Image())
	return e, err
}
