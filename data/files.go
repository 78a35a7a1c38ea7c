package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Files is a set of labelled picture files of any number, each decoded when it is asked for: At may be called by several
// goroutines at once, as Batches does, so that as many pictures are decoded at a time.
type Files struct {
	Decoder Decoder
	Paths   []string
	Labels  []int                                    // of each path, an index into Names
	Names   []string                                 // of the classes
	Open    func(path string) (io.ReadCloser, error) // nil opens a file
}

func (f *Files) Len() int          { return len(f.Paths) }
func (f *Files) Classes() []string { return f.Names }

// At decodes the picture number i. The error is a *BrokenError.
func (f *Files) At(i int) (Labelled, error) {
	p, err := f.read(f.Paths[i])
	if err != nil {
		return Labelled{}, &BrokenError{f.Paths[i], err}
	}
	return Labelled{p, f.Labels[i]}, nil
}

func (f *Files) read(path string) (Picture, error) {
	r, err := f.open(path)
	if err != nil {
		return Picture{}, err
	}
	defer r.Close()
	return f.Decoder.Decode(r)
}

func (f *Files) open(path string) (io.ReadCloser, error) {
	if f.Open != nil {
		return f.Open(path)
	}
	return os.Open(path)
}

// Reader opens the file number i.
func (f *Files) Reader(i int) (io.ReadCloser, error) { return f.open(f.Paths[i]) }

// Size returns height and width of the picture number i as it is stored, from its header alone. The error is a *BrokenError.
func (f *Files) Size(i int) (h, w int, err error) {
	r, err := f.Reader(i)
	if err != nil {
		return 0, 0, &BrokenError{f.Paths[i], err}
	}
	defer r.Close()
	config, _, err := decodeConfig(r)
	if err != nil {
		return 0, 0, &BrokenError{f.Paths[i], err}
	}
	return config.Height, config.Width, nil
}

// A BrokenError names a picture that cannot be read, and says why.
type BrokenError struct {
	Path string
	Err  error
}

func (e *BrokenError) Error() string { return named(e.Path, e.Err).Error() }
func (e *BrokenError) Unwrap() error { return e.Err }

// ofExample says of which example of a set an error is, unless it names a file.
func ofExample(i int, err error) error {
	var broken *BrokenError
	if errors.As(err, &broken) {
		return err
	}
	return fmt.Errorf("example %d: %w", i, err)
}

// Check decodes every picture, several at a time, and returns an error for each that is broken, in order. Without leaves them
// out: whoever wants broken pictures skipped does both before training, and whoever does not gets the first one's error there.
func (f *Files) Check(ctx context.Context) ([]*BrokenError, error) {
	all := make([]*BrokenError, f.Len())
	err := Each(ctx, Set[Labelled](f), func(i int, _ Labelled, err error) {
		errors.As(err, &all[i])
	})
	return slices.DeleteFunc(all, func(e *BrokenError) bool { return e == nil }), err
}

// Without returns f without the pictures that are broken. The classes stay, even one that has no pictures left.
func (f *Files) Without(broken []*BrokenError) *Files {
	out := map[string]bool{}
	for _, b := range broken {
		out[b.Path] = true
	}
	g := *f
	g.Paths, g.Labels = nil, nil
	for i, path := range f.Paths {
		if !out[path] {
			g.Paths, g.Labels = append(g.Paths, path), append(g.Labels, f.Labels[i])
		}
	}
	return &g
}

// As returns f with its labels renumbered for the given classes: those that a network was trained on. Every class of f must be
// among them.
func (f *Files) As(classes []string) (*Files, error) {
	number := make([]int, len(f.Names))
	for i, name := range f.Names {
		if number[i] = slices.Index(classes, name); number[i] < 0 {
			return nil, fmt.Errorf("the class %q is none of the classes %s", name, strings.Join(classes, ", "))
		}
	}
	g := *f
	g.Names, g.Labels = classes, make([]int, len(f.Labels))
	for i, label := range f.Labels {
		g.Labels[i] = number[label]
	}
	return &g, nil
}

// Load decodes all pictures, which must be of one size, into memory. The error, if several are broken, is of the first.
func (f *Files) Load(ctx context.Context) (*Pictures, error) {
	if f.Len() == 0 {
		return nil, errors.New("no pictures")
	}
	first, err := f.At(0)
	if err != nil {
		return nil, err
	}
	p := first.Picture
	n := len(p.Pixels)
	s := &Pictures{H: p.H, W: p.W, C: p.C, Pixels: make([]byte, f.Len()*n), Labels: f.Labels, Names: f.Names}
	failed := make([]error, f.Len())
	err = Each(ctx, Set[Labelled](f), func(i int, e Labelled, err error) {
		if q := e.Picture; err == nil && (q.H != s.H || q.W != s.W) {
			err = fmt.Errorf("%s is a picture of %d×%d pixels, but %s is one of %d×%d", f.Paths[i], q.W, q.H, f.Paths[0], s.W, s.H)
		}
		failed[i] = err
		copy(s.Pixels[i*n:(i+1)*n], e.Picture.Pixels)
	})
	for _, e := range failed {
		if e != nil {
			return nil, e
		}
	}
	if err != nil {
		return nil, err
	}
	return s, s.Check()
}
