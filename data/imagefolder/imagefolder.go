// Package imagefolder reads pictures that are sorted in folders: root/class/picture.png.
package imagefolder

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data"
)

// Extensions are those of the files that are taken for pictures, in lower case; other files are passed over.
var Extensions = []string{".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

// Options say what the pictures are made into. Zero leaves the size of each picture as it is.
type Options struct {
	H, W     int // every picture is scaled to H×W
	Channels int // 1 or 3; 0 is 3
}

// A Folder is a set of labelled pictures, decoded when they are asked for. Its classes are the folders in its root, sorted by name.
type Folder struct {
	options Options
	paths   []string
	labels  []int
	classes []string
}

// Open lists the pictures in root/class/, also in folders further down. Names that begin with a dot are passed over. The pictures
// themselves are not read; Check does.
func Open(root string, o Options) (*Folder, error) {
	if o.Channels == 0 {
		o.Channels = 3
	}
	if o.Channels != 1 && o.Channels != 3 || o.H < 0 || o.W < 0 || (o.H == 0) != (o.W == 0) {
		panic(fmt.Sprintf("imagefolder: Open: cannot make pictures of %d×%d with %d channels", o.H, o.W, o.Channels))
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	f := &Folder{options: o}
	loose := 0
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		switch info, err := os.Stat(path); { // follows links
		case hidden(e.Name()):
		case err != nil:
			return nil, err
		case info.IsDir():
			before := len(f.paths)
			if err := f.add(path, 0); err != nil {
				return nil, err
			}
			if len(f.paths) == before {
				return nil, fmt.Errorf("%s has no pictures (%s): remove the folder, or put the pictures of the class in it",
					path, strings.Join(Extensions, ", "))
			}
			f.classes = append(f.classes, e.Name())
		case isPicture(e.Name()):
			loose++
		}
	}
	switch {
	case len(f.classes) == 0 && loose > 0:
		return nil, fmt.Errorf("%s has %d pictures but no folders: sort the pictures into one folder a class, such as %s",
			root, loose, filepath.Join(root, "cat", "1.png"))
	case len(f.classes) == 0:
		return nil, fmt.Errorf("%s has no pictures: want one folder a class with pictures in it, such as %s",
			root, filepath.Join(root, "cat", "1.png"))
	case loose > 0:
		return nil, fmt.Errorf("%s has %d pictures beside the folders of the classes: sort them in, or take them out", root, loose)
	}
	return f, nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func isPicture(name string) bool {
	return slices.Contains(Extensions, strings.ToLower(filepath.Ext(name)))
}

// maxDepth stops at folders that lead back into themselves.
const maxDepth = 16

// add lists the pictures under dir as those of the next class.
func (f *Folder) add(dir string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%s lies %d folders deep: does a link lead back to a folder above it?", dir, depth)
	}
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch info, err := os.Stat(path); {
		case hidden(e.Name()):
		case err != nil:
			return err
		case info.IsDir():
			if err := f.add(path, depth+1); err != nil {
				return err
			}
		case isPicture(e.Name()):
			f.paths = append(f.paths, path)
			f.labels = append(f.labels, len(f.classes))
		}
	}
	return nil
}

func (f *Folder) Len() int { return len(f.paths) }

// Classes returns the names of the classes, in order of their labels.
func (f *Folder) Classes() []string { return f.classes }

// Path returns the file of the picture number i.
func (f *Folder) Path(i int) string { return f.paths[i] }

// At decodes the picture number i. The error names its file.
func (f *Folder) At(i int) (data.Labelled, error) {
	img, err := data.ReadImage(f.paths[i])
	if err != nil {
		return data.Labelled{}, err
	}
	p := data.FromImage(img, f.options.Channels)
	if f.options.H > 0 {
		p = p.Resize(f.options.H, f.options.W)
	}
	return data.Labelled{Picture: p, Label: f.labels[i]}, nil
}

// Check decodes every picture and returns an error for each that is broken.
func (f *Folder) Check() []error {
	var broken []error
	for i := range f.Len() {
		if _, err := f.At(i); err != nil {
			broken = append(broken, err)
		}
	}
	return broken
}

// As returns f with its labels renumbered for the given classes: those that a network was trained on. Every class of f must be
// among them.
func (f *Folder) As(classes []string) (*Folder, error) {
	number := make([]int, len(f.classes))
	for i, name := range f.classes {
		if number[i] = slices.Index(classes, name); number[i] < 0 {
			return nil, fmt.Errorf("the folder %q is none of the classes %s", name, strings.Join(classes, ", "))
		}
	}
	g := *f
	g.classes, g.labels = classes, slices.Clone(f.labels)
	for i, label := range g.labels {
		g.labels[i] = number[label]
	}
	return &g, nil
}
