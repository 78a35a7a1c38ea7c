// Package torch reads the files of PyTorch's torch.save (.pt, .pth, .th, .bin) and executes nothing of them.
//
// A file is a pickle, a program that builds Python values and may call any function of Python, and the bytes of the tensors. Both forms
// are read: the zip archive of PyTorch 1.6 and later, and the one before it, which begins with a magic number. See
// https://pytorch.org/docs/stable/notes/serialization.html and https://docs.python.org/3/library/pickletools.html.
//
// Of the calls that a pickle asks for, those that make dicts, sets, sizes, NumPy numbers and arrays, and tensors are replaced by code of
// this package. Every other call is not made but listed in File.Calls, and what it would have returned stays an empty place: values
// inside it are neither named nor read. (Merely to name a function imports its module in Python, which is not listed.) The rest of the
// file can be read. It is what the file states; had the calls been made, they might have changed it.
//
// Not read, with an error that says so: TorchScript archives of torch.jit.save, archives of torch.export, and the tar files of the
// first versions of PyTorch. A pickled module (torch.save(model)) opens, but all its tensors are inside objects: save model.state_dict() instead.
//
// Whatever a file says, Open takes memory of at most a fixed multiple of its size beside 2 MB, and so does reading one tensor.
package torch

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"slices"
)

// A FormatError says what is wrong with a file, and with which of its tensors.
type FormatError struct {
	Tensor  string // name of the tensor at fault; empty if the file as a whole is
	Problem string
}

func (e FormatError) Error() string {
	if e.Tensor == "" {
		return "torch: " + e.Problem
	}
	return fmt.Sprintf("torch: tensor %q: %s", e.Tensor, e.Problem)
}

// A Call is one that the file asks for and that was not made.
type Call struct {
	Function  string // module.name, and .method for one of a result
	Arguments string // as Python prints them, shortened
}

// A Tensor describes a tensor of a file. Its name is the path to it: keys of dicts and positions in lists and tuples, joined by dots,
// such as state_dict.module.conv1.weight; it is empty if the file is one tensor.
type Tensor struct {
	Name  string
	DType string // F32, F16, BF16, F64, I64, U8, BOOL …, as the safetensors format names it; "unknown" if not of numbers
	Shape []int  // empty for a single number
}

// Len returns the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// A File is an open file of torch.save. Its methods may be called from several goroutines at once if the reader's ReadAt may.
type File struct {
	Calls     []Call // the first 1000 calls that were not made
	MoreCalls int    // how many there are beside those
	root      any
	names     []string // of the tensors, in the order of the pickle
	tensors   map[string]*tensor
	nodes     int64 // how many values may be visited
}

// source opens the bytes of a storage.
type source interface {
	storage(*storage) (io.ReaderAt, binary.ByteOrder, error)
}

// Open reads the structure of a file of size bytes, and no tensor. The error is a FormatError if the file breaks the format or is of a
// kind that is not read, or that of r if reading fails.
func Open(r io.ReaderAt, size int64) (*File, error) {
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("torch: read the first bytes: %w", err)
	}
	var m *machine
	var root any
	var err error
	switch {
	case len(head) >= 4 && string(head[:4]) == "PK\x03\x04":
		m, root, err = openZip(r, size)
	case len(head) >= 262 && string(head[257:262]) == "ustar":
		return nil, FormatError{"", "this is a tar file of the first versions of PyTorch, which is not read: load it with PyTorch and save it again"}
	default:
		m, root, err = openLegacy(r, size)
	}
	if err != nil {
		return nil, err
	}
	f := &File{Calls: m.calls, MoreCalls: m.moreCalls, root: root, tensors: map[string]*tensor{}, nodes: 8*m.pos + 100_000}
	if err := f.collect(m); err != nil {
		return nil, err
	}
	return f, nil
}

// collect names the tensors.
func (f *File) collect(m *machine) error {
	return f.walk(func(name string, v any) error {
		t, ok := v.(*tensor)
		if !ok {
			return nil
		}
		if _, twice := f.tensors[name]; twice {
			return FormatError{name, "there are two of this name"}
		}
		f.names = append(f.names, name)
		f.tensors[name] = t
		return m.spend(len(name) + 100)
	})
}

// Names returns the names of all tensors in the order in which the pickle has them.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Entry returns the description of a tensor and whether the file has it.
func (f *File) Entry(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	if !ok {
		return Tensor{}, false
	}
	return Tensor{name, t.dtype, slices.Clone(t.shape)}, true
}

// Scalars goes over the values that are no tensors, by names like theirs: nil, bool, int64, *big.Int, float64, complex128, string and
// []byte. They belong to the file and must not be changed.
func (f *File) Scalars() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		f.walk(func(name string, v any) error { // Open has walked the same way without an error: the only one here is stop.
			switch v.(type) {
			case *tensor, storageRef, global, *object, *numpyType:
				return nil
			}
			if !yield(name, v) {
				return errStop
			}
			return nil
		})
	}
}
