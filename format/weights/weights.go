// Package weights reads named arrays of numbers out of the weight files of any framework, told apart by their content: safetensors,
// PyTorch's .pt and .pth, NumPy's .npy and .npz, HDF5 as Keras writes it, and the constants of ONNX and TensorFlow Lite models. It is
// what the packages beside it have in common.
package weights

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// An Array describes one array of a file.
type Array struct {
	Name  string
	DType string // as the safetensors format names types where it has the type, else as the file's own format does
	Shape []int  // empty for a single number
}

// A File is an open file of weights.
type File struct {
	Format string   // what it is, in words
	Arrays []Array  // in the order of the file
	Notes  []string // what whoever uses it should know, such as calls that were not made

	floats func(i int) ([]float32, error)
	file   *os.File
}

// An UnknownError says that a file is of no format that is read.
type UnknownError struct{ Path string }

func (e *UnknownError) Error() string {
	return e.Path + ": no file of weights that is read: these are safetensors, .pt, .pth, .npy, .npz, .h5, .onnx and .tflite"
}

// Open opens a file of weights. The error is an *UnknownError, one of the format's own, or that of reading, and names the file.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	w, err := open(f)
	switch {
	case err != nil:
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	case w == nil:
		f.Close()
		return nil, &UnknownError{path}
	}
	w.file = f
	return w, nil
}

// open returns nil if the file is of no format that is known.
func open(f *os.File) (*File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	head := make([]byte, 16)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	begins := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	size := info.Size()
	switch {
	case begins("PK"):
		return openZip(f, size)
	case begins("\x93NUMPY"):
		return openNumPy(f, size)
	case begins("\x89HDF\r\n\x1a\n"):
		return openHDF5(f, size)
	case n >= 8 && string(head[4:8]) == "TFL3":
		return openTFLite(f, size)
	case n >= 9 && head[8] == '{':
		return openSafetensors(f, size)
	case n >= 2 && head[0] == 0x80 && head[1] >= 1 && head[1] <= 5: // a pickle and its protocol
		return openTorch(f, size)
	case n >= 2 && head[0] == 8 && head[1] < 0x80: // the field ir_version, a small number
		return openONNX(f)
	}
	return nil, nil
}

// openZip tells archives of PyTorch and of NumPy apart by what is in them.
func openZip(f *os.File, size int64) (*File, error) {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, err
	}
	for _, member := range z.File {
		switch {
		case strings.HasSuffix(member.Name, "data.pkl"):
			return openTorch(f, size)
		case strings.HasSuffix(member.Name, ".npy"):
			return openNumPy(f, size)
		}
	}
	return nil, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Floats returns the numbers of array i in row-major order, rounded to float32 where that is needed.
func (f *File) Floats(i int) ([]float32, error) { return f.floats(i) }
