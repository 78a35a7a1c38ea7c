// Package cifar loads CIFAR-10 and CIFAR-100: colour pictures of 32×32 and their labels (Krizhevsky 2009, Learning multiple
// layers of features from tiny images, https://www.cs.toronto.edu/~kriz/cifar.html).
//
// The true sets are the binary version. To use it, let source download it (hadal data get cifar10), or put
// cifar-10-binary.tar.gz, or the .bin files that are in it, in a folder and name that with --data or HADAL_DATA. A folder named so
// is looked in before the cache: one that holds the set as picture files, train/airplane/1.png and so on, is used too, and then
// is what the figures are about. JPEG files have lost detail, and figures from them are not to be compared with papers.
package cifar

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/data/imagefolder"
	"github.com/hadal-go/hadal/data/source"
)

// Side is the height and the width of every picture.
const Side = 32

// A Format says what stands before the pixels of an example in a binary file.
type Format struct {
	LabelBytes int // how many labels
	Label      int // which of them is taken
}

// The formats of the two sets. CIFAR-100 has one of 20 coarse classes before one of 100 fine ones.
var (
	Format10        = Format{LabelBytes: 1}
	Format100       = Format{LabelBytes: 2, Label: 1}
	Format100Coarse = Format{LabelBytes: 2, Label: 0}
)

// CoarseClasses are the 20 of CIFAR-100, in order of their labels.
var CoarseClasses = []string{
	"aquatic mammals", "fish", "flowers", "food containers", "fruit and vegetables", "household electrical devices",
	"household furniture", "insects", "large carnivores", "large man-made outdoor things", "large natural outdoor scenes",
	"large omnivores and herbivores", "medium-sized mammals", "non-insect invertebrates", "people", "reptiles", "small mammals",
	"trees", "vehicles 1", "vehicles 2",
}

// Read reads a binary file to its end: for each example its labels, a byte each, and 32×32 bytes of red, as many of green and of
// blue. Every label must have a name in classes.
func Read(r io.Reader, f Format, classes []string) (*data.Pictures, error) {
	s := &data.Pictures{H: Side, W: Side, C: 3, Names: classes}
	const plane = Side * Side
	record := make([]byte, f.LabelBytes+3*plane)
	for {
		switch n, err := io.ReadFull(r, record); {
		case err == io.EOF:
			return s, s.Check()
		case err == io.ErrUnexpectedEOF:
			return nil, fmt.Errorf("cut short: example %d has %d bytes, want %d", s.Len(), n, len(record))
		case err != nil:
			return nil, err
		}
		label := int(record[f.Label])
		if label >= len(classes) {
			return nil, fmt.Errorf("example %d has the label %d, want 0 to %d", s.Len(), label, len(classes)-1)
		}
		s.Labels = append(s.Labels, label)
		rgb := record[f.LabelBytes:]
		for i := range plane {
			s.Pixels = append(s.Pixels, rgb[i], rgb[plane+i], rgb[2*plane+i])
		}
	}
}

// Load reads the training and the test set of a located source, cifar10 or cifar100, in whichever form it was found: N×32×32×3,
// with labels that have a name in Source.Classes. What is wrong with a file is an error that names it, a *source.CorruptError if
// it is not the file that was published.
func Load(l source.Located) (train, test *data.Pictures, err error) {
	switch l.Form.Name {
	case "":
		return loadArchive(l)
	case "bin":
		return loadFiles(l)
	case "pictures":
		return loadPictures(l, l.Dir)
	case "archive":
		archive := l.Source.Files[0].Name
		r, err := l.Open(archive)
		if err != nil {
			return nil, nil, err
		}
		defer r.Close()
		if _, err := io.Copy(io.Discard, r); err != nil { // verifies it
			return nil, nil, err
		}
		return loadPictures(l, l.Path(archive))
	}
	panic(fmt.Sprintf("cifar: Load: %s was found in the unknown form %q", l.Source.Name, l.Form.Name))
}

// loadPictures reads folders or an archive of picture files.
func loadPictures(l source.Located, root string) (train, test *data.Pictures, err error) {
	training, testing, err := imagefolder.OpenSplit(root, data.Decoder{})
	if err == nil && testing == nil {
		err = fmt.Errorf("%s has no folders train and test", root)
	}
	if err != nil {
		return nil, nil, err
	}
	load := func(f *data.Files) (*data.Pictures, error) {
		f, err := f.As(l.Source.Classes)
		if err != nil {
			return nil, fmt.Errorf("%s is not %s: %w", root, l.Source.Name, err)
		}
		s, err := f.Load(context.Background())
		if err == nil && (s.H != Side || s.W != Side) {
			err = fmt.Errorf("%s is not %s: its pictures have %d×%d pixels, want %d×%d", root, l.Source.Name, s.W, s.H, Side, Side)
		}
		return s, err
	}
	if train, err = load(training); err != nil {
		return nil, nil, err
	}
	test, err = load(testing)
	return train, test, err
}

// The binary files of each part, in the order of its examples.
var (
	trainFiles = []string{
		"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "train.bin",
	}
	testFiles = []string{"test_batch.bin", "test.bin"}
)

// parts are the binary files of a set that were read.
type parts map[string]*data.Pictures

// add reads a binary file; others, told by their names, are passed over.
func (p parts) add(name string, r io.Reader, classes []string) (err error) {
	if !slices.Contains(trainFiles, name) && !slices.Contains(testFiles, name) {
		return nil
	}
	format := Format10
	if name == "train.bin" || name == "test.bin" {
		format = Format100
	}
	p[name], err = Read(r, format, classes)
	return err
}

// joined returns the examples of files, one file after the other.
func (p parts) joined(files []string) *data.Pictures {
	var all []*data.Pictures
	n := 0
	for _, name := range files {
		if s := p[name]; s != nil {
			all = append(all, s)
			n += s.Len()
		}
	}
	if len(all) <= 1 {
		return append(all, nil)[0]
	}
	s := &data.Pictures{H: Side, W: Side, C: 3, Names: all[0].Names, Pixels: make([]byte, 0, n*3*Side*Side)}
	for _, part := range all {
		s.Pixels, s.Labels = append(s.Pixels, part.Pixels...), append(s.Labels, part.Labels...)
	}
	return s
}

// whole returns both parts of a set that was read from path.
func (p parts) whole(path string) (train, test *data.Pictures, err error) {
	train, test = p.joined(trainFiles), p.joined(testFiles)
	if train == nil || test == nil {
		return nil, nil, fmt.Errorf("%s: it lacks binary files, such as %s or %s", path, trainFiles[0], testFiles[0])
	}
	return train, test, nil
}

func loadFiles(l source.Located) (train, test *data.Pictures, err error) {
	p := parts{}
	for _, f := range l.Source.Files {
		r, err := l.Open(f.Name)
		if err != nil {
			return nil, nil, err
		}
		err = verified(r, p.add(f.Name, r, l.Source.Classes), l.Path(f.Name))
		r.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	return p.whole(l.Dir)
}

// loadArchive reads the published archive as it streams by; nothing is unpacked. The files in it are in no order.
func loadArchive(l source.Located) (train, test *data.Pictures, err error) {
	name := l.Source.Files[0].Name
	r, err := l.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer r.Close()
	p := parts{}
	if err := verified(r, p.addAll(r, l.Source.Classes), l.Path(name)); err != nil {
		return nil, nil, err
	}
	return p.whole(l.Path(name))
}

// addAll reads the binary files of a tar archive.
func (p parts) addAll(r io.Reader, classes []string) error {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.add(path.Base(h.Name), t, classes); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

// verified reads on to the end of a file, where the sum shows whether it is the published one: a damaged file often stops making
// sense before.
func verified(r io.Reader, err error, path string) error {
	if _, damage := io.Copy(io.Discard, r); damage != nil {
		return damage
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
