// Package hdf5 reads those HDF5 files that Keras and h5py keep weights in: groups in groups, arrays of numbers in them, and
// attributes that are strings.
//
// HDF5 is a large format (https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, to whose sections the comments
// refer); this is the part of it that such files use. Read are superblocks 0 to 3; groups as symbol tables or as link messages in
// their header; object headers of both versions; datasets of integers and of IEEE floats of 16, 32 and 64 bits in either byte order, kept compact,
// contiguous or in chunks behind a B-tree of version 1, with the filters deflate and shuffle. What is left out, such as the
// structures that libver="latest" asks for in large groups, is an error that names it, and hinders only what it concerns.
//
// Open walks the whole tree of groups once and loads no numbers. Memory is bounded by a small multiple of the file's size, and by
// what deflate, at most 1032 to 1, makes of one dataset while that is read.
package hdf5

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A FormatError says what is wrong with a file, and with which of its objects.
type FormatError struct {
	Path    string // path of the group or dataset at fault; empty if the file as a whole is
	Problem string
}

func (e FormatError) Error() string {
	if e.Path == "" {
		return "hdf5: " + e.Problem
	}
	return fmt.Sprintf("hdf5: %q: %s", e.Path, e.Problem)
}

// A Dataset describes one array of a file.
type Dataset struct {
	Path  string // names from the root on, joined by /, without one in front
	DType string // f2, f4, f8, i1 … i8, u1 … u8, as NumPy writes them, with > in front if the file has the high byte first; else what it is
	Shape []int  // empty for a single number
}

// Len returns the number of elements.
func (d Dataset) Len() int {
	n := 1
	for _, axis := range d.Shape {
		n *= axis
	}
	return n
}

// A File is the tree of an open HDF5 file. Its methods may be called from several goroutines at once if the reader's ReadAt may.
type File struct {
	paths   []string           // of the datasets, in the order of the walk
	objects map[string]*object // of all groups and datasets; the root is ""
	in      *input
}

// Open reads the superblock and all groups of a file of size bytes. The error is a FormatError if they break the format or use a part of
// it that is not read, or that of r if reading fails. Soft and external links are passed over; a group that is reached twice is an
// error, since it may contain itself.
func Open(r io.ReaderAt, size int64) (*File, error) {
	in := &input{r: r, size: uint64(max(size, 0))}
	root, err := in.superblock()
	if err != nil {
		return nil, located("", err)
	}
	w := walk{in: in, file: &File{objects: map[string]*object{}, in: in}, seen: map[uint64]*object{}}
	if err := w.visit("", root); err != nil {
		return nil, err
	}
	if !w.file.objects[""].group {
		return nil, FormatError{"", "the root is no group"}
	}
	return w.file, nil
}

// Names returns the paths of all datasets, group by group, as their groups list them.
func (f *File) Names() []string { return slices.Clone(f.paths) }

// Groups returns the paths of all groups but the root, in alphabetical order.
func (f *File) Groups() []string {
	var paths []string
	for path, o := range f.objects {
		if o.group && path != "" {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// Entry returns the description of a dataset and whether the file has it.
func (f *File) Entry(path string) (Dataset, bool) {
	o, ok := f.objects[clean(path)]
	if !ok || o.group {
		return Dataset{}, false
	}
	return Dataset{Path: clean(path), DType: o.dtype.String(), Shape: slices.Clone(o.space.shape)}, true
}

// Attributes returns the names of the attributes of a group or dataset in the order of the file; the root is "".
func (f *File) Attributes(path string) ([]string, error) {
	o, err := f.object(path)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, a := range o.attributes {
		names = append(names, a.name)
	}
	return names, nil
}

// object finds a group or dataset.
func (f *File) object(path string) (*object, error) {
	o, ok := f.objects[clean(path)]
	if !ok {
		return nil, FormatError{clean(path), fmt.Sprintf("is not among the %d groups and datasets of the file", len(f.objects))}
	}
	return o, nil
}

func clean(path string) string { return strings.Trim(path, "/") }

// located puts the path before a problem of the format; errors of reading keep their identity.
func located(path string, err error) error {
	switch p := err.(type) {
	case nil:
		return nil
	case problem:
		return FormatError{path, string(p)}
	case FormatError:
		return p
	}
	return fmt.Errorf("hdf5: read %q: %w", path, err)
}
