package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data"
)

// own is a set of the user's pictures, brought to what the network was trained on.
type own struct {
	data.Classified
	label []int // of the network, by class of the set
}

// own maps the classes of a set, by name, to those of the network.
func (c *Classifier) own(set data.Classified) (data.Set[data.Labelled], error) {
	o := own{Classified: set}
	for _, name := range set.Classes() {
		i := slices.Index(c.card.Classes, name)
		if i < 0 {
			return nil, fmt.Errorf("the class %q is none of the network's, which are %s", name, strings.Join(c.card.Classes, ", "))
		}
		o.label = append(o.label, i)
	}
	return o, nil
}

// At returns an example as the network wants it.
func (o own) At(i int) (data.Labelled, error) {
	e, err := o.Classified.At(i)
	if err != nil {
		return e, err
	}
	picture, err := data.Digit(e.Picture.Image())
	return data.Labelled{Picture: picture, Label: o.label[e.Label]}, err
}
