package npz

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"
)

// chunk is how many bytes are converted at a time.
const chunk = 64 << 10

// An Entry is one array to be written. Data is a []float32, []float64, []int64, []int32, []uint8 or []bool in row-major order, with as
// many elements as Shape says; an empty Shape is one number.
type Entry struct {
	Name  string // not used by WriteArray
	Shape []int
	Data  any
}

// Write writes a .npz archive of the entries, in their order, as numpy.savez does: not compressed. The same content gives the same bytes.
// Nothing is written if an entry is wrong: two of one name, a shape that does not fit the data, data of another type.
func Write(w io.Writer, entries []Entry) error {
	seen := map[string]bool{}
	for _, e := range entries {
		switch {
		case e.Name == "" || !utf8.ValidString(e.Name) || len(e.Name) > 60000:
			return fmt.Errorf("npz: write array %.80q: the name must be UTF-8 of 1 to 60000 bytes", e.Name)
		case seen[e.Name]:
			return fmt.Errorf("npz: write array %q: there are two of this name", e.Name)
		}
		seen[e.Name] = true
		if err := e.check(); err != nil {
			return err
		}
	}
	archive := zip.NewWriter(w)
	for _, e := range entries {
		record, err := archive.CreateHeader(&zip.FileHeader{Name: e.Name + ".npy", Method: zip.Store})
		if err == nil {
			err = e.write(record)
		}
		if err != nil {
			return fmt.Errorf("npz: write array %q: %w", e.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("npz: write the directory: %w", err)
	}
	return nil
}

// WriteArray writes one entry as a .npy file, byte for byte as numpy.save does. Nothing is written if the entry is wrong.
func WriteArray(w io.Writer, e Entry) error {
	if err := e.check(); err != nil {
		return err
	}
	if err := e.write(w); err != nil {
		return fmt.Errorf("npz: write the array: %w", err)
	}
	return nil
}

// check tells whether the entry can be written.
func (e Entry) check() error {
	_, n := e.describe()
	if n < 0 {
		return fmt.Errorf("npz: write array %q: cannot write data of type %T", e.Name, e.Data)
	}
	if len(e.Shape) > maxAxes {
		return fmt.Errorf("npz: write array %q: %d axes, NumPy's arrays have at most %d", e.Name, len(e.Shape), maxAxes)
	}
	product := 1
	for _, d := range e.Shape {
		if d < 0 || d > 0 && product > math.MaxInt/d {
			return fmt.Errorf("npz: write array %q: impossible shape %v", e.Name, e.Shape)
		}
		product *= d
	}
	if product != n {
		return fmt.Errorf("npz: write array %q: shape %v has %d elements, the data has %d", e.Name, e.Shape, product, n)
	}
	return nil
}

// describe returns NumPy's name of the type and the number of elements, or -1 if the type cannot be written.
func (e Entry) describe() (descr string, n int) {
	switch data := e.Data.(type) {
	case []float32:
		return "<f4", len(data)
	case []float64:
		return "<f8", len(data)
	case []int64:
		return "<i8", len(data)
	case []int32:
		return "<i4", len(data)
	case []uint8:
		return "|u1", len(data)
	case []bool:
		return "|b1", len(data)
	}
	return "", -1
}

// write writes the header and the elements of an entry that check accepts.
func (e Entry) write(w io.Writer) error {
	descr, _ := e.describe()
	if _, err := w.Write(formatHeader(descr, e.Shape)); err != nil {
		return err
	}
	switch data := e.Data.(type) {
	case []float32:
		return writeEach(w, data, func(b []byte, v float32) []byte { return binary.LittleEndian.AppendUint32(b, math.Float32bits(v)) })
	case []float64:
		return writeEach(w, data, func(b []byte, v float64) []byte { return binary.LittleEndian.AppendUint64(b, math.Float64bits(v)) })
	case []int64:
		return writeEach(w, data, func(b []byte, v int64) []byte { return binary.LittleEndian.AppendUint64(b, uint64(v)) })
	case []int32:
		return writeEach(w, data, func(b []byte, v int32) []byte { return binary.LittleEndian.AppendUint32(b, uint32(v)) })
	case []bool:
		return writeEach(w, data, func(b []byte, v bool) []byte {
			if v {
				return append(b, 1)
			}
			return append(b, 0)
		})
	}
	_, err := w.Write(e.Data.([]uint8))
	return err
}

func writeEach[T any](w io.Writer, data []T, encode func([]byte, T) []byte) error {
	buffer := make([]byte, 0, chunk)
	for part := range slices.Chunk(data, chunk/8) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = encode(buffer, v)
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}
