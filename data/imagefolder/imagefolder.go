// Package imagefolder reads pictures that are sorted in folders, root/class/picture.png, or in an archive of such folders.
package imagefolder

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/data"
)

// Extensions are those of the files that are taken for pictures, in lower case; other files are passed over. What a picture
// really is, its content says: a JPEG with the name of a PNG is read.
var Extensions = []string{".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

// The names of the folders that hold the parts of a set, in the order in which they are looked for.
var (
	trainingFolders = []string{"train", "training"}
	testFolders     = []string{"test", "testing", "val", "valid", "validation"}
)

// Open lists the pictures in root/class/, also in folders further down. The classes are the folders in root, sorted by name.
// Names that begin with a dot are passed over. The pictures themselves are not read before they are asked for.
//
// The root may be an archive too: .zip, of which pictures are read when they are asked for, or .tar, .tar.gz and .tgz, which are
// held in memory as they are.
func Open(root string, d data.Decoder) (*data.Files, error) {
	d.Check()
	l, err := list(root)
	if err != nil {
		return nil, err
	}
	return l.files(d)
}

// OpenSplit lists a set in two parts, root/train/class/ and root/test/class/; the former may be called training, the latter
// testing, val, valid or validation. Both have the classes of the training part. Where root has no such folders, all of it is
// the training part, and test is nil.
func OpenSplit(root string, d data.Decoder) (training, test *data.Files, err error) {
	return OpenUntidy(root, d, nil)
}

// OpenUntidy is OpenSplit for a folder as people have it. What OpenSplit refuses is left out instead, and skipped is told of it, with the
// reason: pictures beside the folders of the classes, and folders without pictures. It is told of files too that are no pictures by
// their names, which OpenSplit passes over. If skipped is nil, it is OpenSplit.
func OpenUntidy(root string, d data.Decoder, skipped func(path, why string)) (training, test *data.Files, err error) {
	d.Check()
	l, err := list(root)
	if err != nil {
		return nil, nil, err
	}
	l.skipped = skipped
	a, isTraining := l.folder(trainingFolders)
	b, isTest := l.folder(testFolders)
	if !isTraining || !isTest {
		training, err := l.files(d)
		return training, nil, err
	}
	if training, err = a.files(d); err != nil {
		return nil, nil, err
	}
	if test, err = b.files(d); err != nil {
		return nil, nil, err
	}
	if test, err = test.As(training.Classes()); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", b.root, err)
	}
	return training, test, nil
}

// A listing is what lies under a root.
type listing struct {
	root    string
	entries []entry
	open    opener                 // nil: files
	skipped func(path, why string) // nil: what would be skipped is refused
}

// An entry is a file, or a folder, which is of use only to say that it is empty.
type entry struct {
	name   []string // the path from the root, in its parts
	path   string   // for the user, and for open
	folder bool
}

func list(root string) (listing, error) {
	info, err := os.Stat(root)
	if err != nil {
		return listing{}, err
	}
	if info.Mode().IsRegular() {
		return archive(root)
	}
	l := listing{root: root}
	return l, l.walk(root, nil)
}

// maxDepth stops at folders that lead back into themselves.
const maxDepth = 16

// walk adds what is in dir, in the order of names.
func (l *listing) walk(dir string, name []string) error {
	if len(name) > maxDepth {
		return fmt.Errorf("%s lies %d folders deep: does a link lead back to a folder above it?", dir, len(name))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if hidden(e.Name()) {
			continue
		}
		path, name := filepath.Join(dir, e.Name()), append(slices.Clip(name), e.Name())
		info, err := os.Stat(path) // follows links
		if err != nil {
			return err
		}
		switch {
		case info.IsDir():
			l.entries = append(l.entries, entry{name, path, true})
			if err := l.walk(path, name); err != nil {
				return err
			}
		case info.Mode().IsRegular():
			l.entries = append(l.entries, entry{name, path, false})
		}
	}
	return nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func isPicture(name string) bool {
	return slices.Contains(Extensions, strings.ToLower(filepath.Ext(name)))
}

// folder returns what is in the first folder of l with one of these names.
func (l listing) folder(names []string) (listing, bool) {
	for _, name := range names {
		in := listing{root: filepath.Join(l.root, name), open: l.open, skipped: l.skipped}
		found := false
		for _, e := range l.entries {
			switch {
			case e.name[0] != name:
			case len(e.name) > 1:
				e.name = e.name[1:]
				in.entries = append(in.entries, e)
				found = true
			case e.folder:
				found = true
			}
		}
		if found {
			return in, true
		}
	}
	return listing{}, false
}

// NoPicture is why a file is skipped whose name does not end as one of Extensions.
const NoPicture = "no picture by its name"

// skip tells that something is left out.
func (l listing) skip(path, why string) {
	if l.skipped != nil {
		l.skipped(path, why)
	}
}

// files makes a set of the listing.
func (l listing) files(d data.Decoder) (*data.Files, error) {
	f := &data.Files{Decoder: d, Open: l.open}
	loose := 0
	count := map[string]int{} // pictures of each class
	for _, e := range l.entries {
		class := e.name[0]
		switch picture := !e.folder && isPicture(e.name[len(e.name)-1]); {
		case picture && len(e.name) == 1:
			loose++
			l.skip(e.path, "it lies beside the folders of the classes")
		case picture:
			count[class]++
		case !e.folder:
			l.skip(e.path, NoPicture)
		case len(e.name) == 1:
			count[class] += 0
		}
	}
	for _, class := range slices.Sorted(maps.Keys(count)) {
		path := filepath.Join(l.root, class)
		switch {
		case count[class] > 0:
			f.Names = append(f.Names, class)
		case l.skipped == nil:
			return nil, fmt.Errorf("%s has no pictures (%s): remove the folder, or put the pictures of the class in it",
				path, strings.Join(Extensions, ", "))
		default:
			l.skip(path, "a folder without pictures")
		}
	}
	switch {
	case len(f.Names) == 0 && loose > 0:
		return nil, fmt.Errorf("%s has %d pictures but no folders: sort the pictures into one folder a class, such as %s",
			l.root, loose, filepath.Join(l.root, "cat", "1.png"))
	case len(f.Names) == 0:
		return nil, fmt.Errorf("%s has no pictures: want one folder a class with pictures in it, such as %s",
			l.root, filepath.Join(l.root, "cat", "1.png"))
	case loose > 0 && l.skipped == nil:
		return nil, fmt.Errorf("%s has %d pictures beside the folders of the classes: sort them in, or take them out", l.root, loose)
	}
	number := map[string]int{}
	for i, class := range f.Names {
		number[class] = i
	}
	for _, e := range l.entries {
		if !e.folder && len(e.name) > 1 && isPicture(e.name[len(e.name)-1]) {
			f.Paths, f.Labels = append(f.Paths, e.path), append(f.Labels, number[e.name[0]])
		}
	}
	return f, nil
}
