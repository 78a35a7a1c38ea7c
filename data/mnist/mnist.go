// Package mnist loads MNIST and the sets that have its files: pictures of 28×28 grey pixels and their labels, in IDX.
package mnist

import (
	"errors"
	"fmt"
	"io"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/idx"
	"github.com/hadal-go/hadal/data/source"
)

// Load reads the training and the test set of a located source: N×H×W×1, with labels that have a name in Source.Classes. What is
// wrong with a file is an error that names it, a *source.CorruptError if it is not the file that was published.
func Load(l source.Located) (train, test *data.Pictures, err error) {
	if train, err = load(l, "train"); err != nil {
		return nil, nil, err
	}
	if test, err = load(l, "t10k"); err != nil {
		return nil, nil, err
	}
	return train, test, nil
}

func load(l source.Located, part string) (*data.Pictures, error) {
	images, err := array(l, part+"-images-idx3-ubyte.gz")
	if err != nil {
		return nil, err
	}
	labels, err := array(l, part+"-labels-idx1-ubyte.gz")
	if err != nil {
		return nil, err
	}
	s, err := pictures(images, labels, l.Source.Classes)
	if err != nil {
		return nil, fmt.Errorf("%s with %s: %w",
			l.Path(part+"-images-idx3-ubyte.gz"), l.Path(part+"-labels-idx1-ubyte.gz"), err)
	}
	return s, nil
}

func array(l source.Located, name string) (*idx.Array, error) {
	f, err := l.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a, err := idx.Read(f)
	if err == nil {
		return a, nil
	}
	// A damaged file often stops making sense before its end, where the sum would show that it is damaged.
	var format idx.FormatError
	if errors.As(err, &format) {
		if _, damage := io.Copy(io.Discard, f); damage != nil {
			return nil, damage
		}
	}
	return nil, fmt.Errorf("%s: %w", l.Path(name), err)
}

// Read reads one set from an IDX file of pictures, N×H×W or N×H×W×3, and one of labels, N, plain or compressed with gzip. Every
// label must have a name in classes.
func Read(images, labels io.Reader, classes []string) (*data.Pictures, error) {
	x, err := idx.Read(images)
	if err != nil {
		return nil, fmt.Errorf("pictures: %w", err)
	}
	y, err := idx.Read(labels)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	return pictures(x, y, classes)
}

func pictures(images, labels *idx.Array, classes []string) (*data.Pictures, error) {
	shape := images.Shape
	switch {
	case len(shape) == 3:
		shape = append(shape[:3:3], 1)
	case len(shape) != 4 || shape[3] != 1 && shape[3] != 3:
		return nil, fmt.Errorf("the pictures have shape %v, want [N H W] or [N H W 3]", shape)
	}
	if shape[1] == 0 || shape[2] == 0 {
		return nil, fmt.Errorf("the pictures have shape %v, without any pixel", images.Shape)
	}
	if len(labels.Shape) != 1 {
		return nil, fmt.Errorf("the labels have shape %v, want [N]", labels.Shape)
	}
	if labels.Shape[0] != shape[0] {
		return nil, fmt.Errorf("there are %d pictures but %d labels: these files do not belong together", shape[0], labels.Shape[0])
	}
	s := &data.Pictures{H: shape[1], W: shape[2], C: shape[3], Pixels: images.Data, Names: classes}
	for _, label := range labels.Data {
		s.Labels = append(s.Labels, int(label))
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	return s, nil
}
