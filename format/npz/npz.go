// Package npz reads and writes the files of NumPy: .npy, which is one array, and .npz, a zip archive of such files.
//
// A .npy file is a magic number, a version, a header that is a dict in Python's notation (type, memory order, shape), and the bytes of the
// elements. Versions 1 to 3, both byte orders and both memory orders (C: the last axis varies fastest; Fortran: the first) are read. See
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
//
// Arrays of text, dates, structures and Python objects are listed with type and shape, and to read them is an error: objects are a
// pickle, a program that could do anything.
//
// Whatever a file says, Open takes memory of a small multiple of the archive's directory, and reading an array a small multiple of the
// file; a compressed array that would be more than 64 times as large as the file beside 1 MB is refused.
package npz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/format/internal/number"
	"github.com/hadal-go/hadal/format/internal/zipped"
)

// A FormatError says what is wrong with a file, and with which of its arrays.
type FormatError struct {
	Array   string // name of the array at fault; empty if the file as a whole is, or has but one
	Problem string
}

func (e FormatError) Error() string {
	if e.Array == "" {
		return "npz: " + e.Problem
	}
	return fmt.Sprintf("npz: array %q: %s", e.Array, e.Problem)
}

// An Array describes one array of a file.
type Array struct {
	Name    string // without .npy; empty for the one array of a .npy file
	DType   string // F32, F64, F16, I64, U8, BOOL, C64 … as the safetensors format names it; NumPy's own name, such as <U5, for others
	Shape   []int  // empty for a single number
	header  header
	refused string // why the elements cannot be read, empty if they can
}

// Len returns the number of elements.
func (a Array) Len() int {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	return n
}

// A File is an open file. Its methods may be called from several goroutines at once if the reader's ReadAt may.
type File struct {
	arrays  []Array
	index   map[string]int
	r       io.ReaderAt     // of a .npy file
	archive *zipped.Archive // of a .npz file, else nil
}

// Open reads the headers of a .npz or .npy file of size bytes, whichever it is, and no element. The error is a FormatError if the file
// breaks the format, or that of r if reading fails.
func Open(r io.ReaderAt, size int64) (*File, error) {
	head := make([]byte, min(size, int64(len(magic))))
	if n, err := r.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("npz: read the first bytes: %w", err)
	}
	f := &File{index: map[string]int{}, r: r}
	var err error
	switch {
	case bytes.HasPrefix(head, []byte("PK")):
		err = f.openArchive(r, size)
	case string(head) == magic:
		err = f.openArray(r, size)
	default:
		err = FormatError{"", "this is neither a zip archive nor does it begin with NumPy's magic number"}
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) openArray(r io.ReaderAt, size int64) error {
	head, err := io.ReadAll(io.NewSectionReader(r, 0, min(size, maxHeader)))
	if err != nil {
		return fmt.Errorf("npz: read the header: %w", err)
	}
	return f.add("", head, size)
}

func (f *File) openArchive(r io.ReaderAt, size int64) (err error) {
	if f.archive, err = zipped.Open(r, size); err != nil {
		return archiveError("", err)
	}
	for _, record := range f.archive.Names {
		name, ok := strings.CutSuffix(record, ".npy")
		if !ok {
			return FormatError{"", fmt.Sprintf("record %q is no .npy file", record)}
		}
		head, err := f.archive.Prefix(record, firstRead)
		if err == nil && headerSize(head) > firstRead {
			head, err = f.archive.Prefix(record, maxHeader)
		}
		if err != nil {
			return archiveError(name, err)
		}
		n, _ := f.archive.Size(record)
		if err := f.add(name, head, n); err != nil {
			return err
		}
	}
	return nil
}

// archiveError makes a FormatError of what is wrong with the archive; other errors are those of its reader.
func archiveError(array string, err error) error {
	if p := zipped.Problem(""); errors.As(err, &p) {
		return FormatError{array, err.Error()}
	}
	return fmt.Errorf("npz: %w", err)
}

// add parses the header of an array in a record of size bytes, of which head is the beginning.
func (f *File) add(name string, head []byte, size int64) error {
	h, err := parseHeader(head)
	if err != nil {
		return FormatError{name, err.Error()}
	}
	a := Array{Name: name, Shape: h.shape, header: h}
	a.DType, a.refused = h.dtype()
	if a.refused == "" {
		n, ok := number.Elements(h.shape, number.Width(a.DType), size)
		if want := n * int64(number.Width(a.DType)); !ok || want != size-h.size {
			return FormatError{name, fmt.Sprintf("%s %v does not take the %d bytes that follow the header", a.DType, h.shape, size-h.size)}
		}
	} else if _, ok := number.Elements(h.shape, 1, 1<<62); !ok {
		return FormatError{name, fmt.Sprintf("impossible shape %v", h.shape)}
	}
	f.index[name] = len(f.arrays)
	f.arrays = append(f.arrays, a)
	return nil
}

// Names returns the names of all arrays in the order of the file.
func (f *File) Names() []string {
	names := make([]string, len(f.arrays))
	for i, a := range f.arrays {
		names[i] = a.Name
	}
	return names
}

// Entry returns the description of an array and whether the file has it.
func (f *File) Entry(name string) (Array, bool) {
	i, ok := f.index[name]
	if !ok {
		return Array{}, false
	}
	a := f.arrays[i]
	a.Shape = slices.Clone(a.Shape)
	return a, true
}

// Floats returns the elements of an array of type F32, F16 or F64 in row-major order. F64 is rounded to the nearest float32.
func (f *File) Floats(name string) ([]float32, error) {
	return read(f, name, number.Float32, "F16, F32, F64")
}

// Float64s is Floats in double precision, to which all three types convert exactly.
func (f *File) Float64s(name string) ([]float64, error) {
	return read(f, name, number.Float64, "F16, F32, F64")
}

// Int64s returns the elements of an array of type I64, I32, I16, I8, U32, U16, U8 or BOOL in row-major order.
func (f *File) Int64s(name string) ([]int64, error) {
	return read(f, name, number.Int64, "BOOL, I16, I32, I64, I8, U16, U32, U8")
}

// Raw returns the elements of an array of numbers of any type in row-major order, each little-endian.
func (f *File) Raw(name string) ([]byte, error) {
	a, data, err := f.load(name)
	if err != nil {
		return nil, err
	}
	if a.header.order() == binary.BigEndian {
		number.Swap(a.DType, data)
	}
	if a.header.fortran {
		data = rowMajor(data, a.Shape, number.Width(a.DType))
	}
	return data, nil
}

// read converts the elements of an array by the conversion of its type.
func read[T float32 | float64 | int64](f *File, name string, conversion func(string, binary.ByteOrder) func([]byte) T,
	known string) ([]T, error) {
	if i, ok := f.index[name]; ok && f.arrays[i].refused == "" && conversion(f.arrays[i].DType, binary.LittleEndian) == nil {
		return nil, FormatError{name, fmt.Sprintf("has type %s, want one of %s", f.arrays[i].DType, known)}
	}
	a, data, err := f.load(name)
	if err != nil {
		return nil, err
	}
	width := number.Width(a.DType)
	if a.header.fortran {
		data = rowMajor(data, a.Shape, width)
	}
	convert := conversion(a.DType, a.header.order())
	values := make([]T, len(data)/width)
	for i := range values {
		values[i] = convert(data[i*width:])
	}
	return values, nil
}

// load returns the bytes of the elements as they lie in the file.
func (f *File) load(name string) (Array, []byte, error) {
	i, ok := f.index[name]
	if !ok {
		return Array{}, nil, FormatError{name, fmt.Sprintf("is not among the %d arrays of the file", len(f.arrays))}
	}
	a := f.arrays[i]
	if a.refused != "" {
		return a, nil, FormatError{name, a.refused}
	}
	r := f.r
	if f.archive != nil {
		var err error
		if r, err = f.archive.Record(name + ".npy"); err != nil {
			return a, nil, archiveError(name, err)
		}
	}
	data := make([]byte, a.Len()*number.Width(a.DType))
	if n, err := r.ReadAt(data, a.header.size); n < len(data) {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return a, nil, fmt.Errorf("npz: read array %q: %w", name, err)
	}
	return a, data, nil
}

// rowMajor reorders elements of width bytes from Fortran's order, in which the first axis varies fastest.
func rowMajor(data []byte, shape []int, width int) []byte {
	out := make([]byte, 0, len(data))
	strides := make([]int, len(shape))
	stride := width
	for i, n := range shape {
		strides[i] = stride
		stride *= n
	}
	position := make([]int, len(shape))
	at := 0
	for len(out) < len(data) {
		out = append(out, data[at:at+width]...)
		for axis := len(shape) - 1; axis >= 0; axis-- {
			position[axis]++
			at += strides[axis]
			if position[axis] < shape[axis] {
				break
			}
			at -= strides[axis] * shape[axis]
			position[axis] = 0
		}
	}
	return out
}
