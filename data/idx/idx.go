// Package idx reads and writes IDX files, the format of MNIST and of the sets shaped like it: an array of bytes with its shape in
// front, often inside gzip.
//
// The format, from http://yann.lecun.com/exdb/mnist/: two zero bytes, the type of the elements (8: unsigned byte), the number of
// axes, the length of each axis as a big-endian uint32, the elements in row-major order.
package idx

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// An Array is what an IDX file holds: Data in row-major order, as many bytes as the lengths in Shape multiply to.
type Array struct {
	Shape []int
	Data  []byte
}

// A FormatError says why bytes are not an IDX file.
type FormatError string

func (e FormatError) Error() string { return "idx: " + string(e) }

// MaxBytes is the size of the largest array that Read accepts.
const MaxBytes = math.MaxInt32

const (
	unsignedByte = 0x08
	maxAxes      = 8       // images in colour have 4
	firstBuffer  = 1 << 16 // bytes taken on trust; after that, memory grows only as data arrives
)

// elementTypes names the types of the format that Read does not accept.
var elementTypes = map[byte]string{
	0x09: "signed byte", 0x0B: "int16", 0x0C: "int32", 0x0D: "float32", 0x0E: "float64",
}

// Read reads one array of unsigned bytes from r, plain or compressed with gzip, to the end of r. It takes at most twice the memory
// of the (uncompressed) bytes that r really holds, whatever their header promises.
//
// What is wrong with the bytes is a FormatError; an error of r itself is returned wrapped.
func Read(r io.Reader) (*Array, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, inGzip(err)
		}
		a, err := read(z)
		return a, inGzip(err)
	}
	return read(in)
}

// inGzip turns the errors of broken compression into a FormatError.
func inGzip(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return FormatError("broken compression: " + err.Error())
	case isEnd(err):
		return FormatError("compressed data cut short")
	}
	return err
}

func read(r io.Reader) (*Array, error) {
	shape, err := readShape(r)
	if err != nil {
		return nil, err
	}
	size := 1
	for i, n := range shape {
		if n > 0 && size > MaxBytes/n {
			return nil, FormatError(fmt.Sprintf("shape %v, axis %d: more than %d bytes", shape, i, MaxBytes))
		}
		size *= n
	}

	data := make([]byte, 0, min(size, firstBuffer))
	for len(data) < size {
		if len(data) == cap(data) {
			grown := make([]byte, len(data), min(size, 2*cap(data)))
			copy(grown, data)
			data = grown
		}
		n, err := io.ReadFull(r, data[len(data):cap(data)])
		data = data[:len(data)+n]
		if isEnd(err) {
			return nil, FormatError(fmt.Sprintf("cut short: shape %v asks for %d bytes, there are %d", shape, size, len(data)))
		}
		if err != nil {
			return nil, fmt.Errorf("idx: byte %d of the data: %w", len(data), err)
		}
	}

	// Reading on to the end finds a file longer than its header says, and lets gzip verify its checksum.
	var one [1]byte
	switch _, err := io.ReadFull(r, one[:]); {
	case err == nil:
		return nil, FormatError(fmt.Sprintf("more bytes than the %d that shape %v asks for", size, shape))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, FormatError("cut short after the data: the end of the compression is missing")
	case err != io.EOF:
		return nil, fmt.Errorf("idx: after the data: %w", err)
	}
	return &Array{shape, data}, nil
}

func readShape(r io.Reader) ([]int, error) {
	var word [4]byte
	if _, err := io.ReadFull(r, word[:]); err != nil {
		if isEnd(err) {
			return nil, FormatError("cut short in the first four bytes")
		}
		return nil, fmt.Errorf("idx: header: %w", err)
	}
	kind, axes := word[2], int(word[3])
	if word[0] != 0 || word[1] != 0 {
		return nil, FormatError(fmt.Sprintf("starts with % x, not with the two zero bytes of an IDX file", word))
	}
	if name, known := elementTypes[kind]; known {
		return nil, FormatError(fmt.Sprintf("elements of type %s (byte 2 is %#02x), only unsigned bytes (0x08) are read", name, kind))
	}
	if kind != unsignedByte {
		return nil, FormatError(fmt.Sprintf("unknown type of elements (byte 2 is %#02x), want unsigned bytes (0x08)", kind))
	}
	if axes < 1 || axes > maxAxes {
		return nil, FormatError(fmt.Sprintf("%d axes (byte 3), want 1 to %d", axes, maxAxes))
	}
	shape := make([]int, axes)
	for i := range shape {
		if _, err := io.ReadFull(r, word[:]); err != nil {
			if isEnd(err) {
				return nil, FormatError(fmt.Sprintf("cut short in the header: the length of axis %d of %d is missing", i, axes))
			}
			return nil, fmt.Errorf("idx: header: %w", err)
		}
		n := binary.BigEndian.Uint32(word[:])
		if n > MaxBytes {
			return nil, FormatError(fmt.Sprintf("axis %d (byte %d) has length %d, at most %d can be read", i, 4+4*i, n, MaxBytes))
		}
		shape[i] = int(n)
	}
	return shape, nil
}

// isEnd tells a stream that ends too early from one that cannot be read.
func isEnd(err error) bool { return err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) }

// Write writes a to w, uncompressed.
func Write(w io.Writer, a *Array) error {
	if len(a.Shape) < 1 || len(a.Shape) > maxAxes {
		return fmt.Errorf("idx: cannot write shape %v: want 1 to %d axes", a.Shape, maxAxes)
	}
	header := []byte{0, 0, unsignedByte, byte(len(a.Shape))}
	size := 1
	for _, n := range a.Shape {
		if n < 0 || n > 0 && size > MaxBytes/n {
			return fmt.Errorf("idx: cannot write shape %v", a.Shape)
		}
		size *= n
		header = binary.BigEndian.AppendUint32(header, uint32(n))
	}
	if size != len(a.Data) {
		return fmt.Errorf("idx: cannot write %d bytes as shape %v, which takes %d", len(a.Data), a.Shape, size)
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	_, err := w.Write(a.Data)
	return err
}
