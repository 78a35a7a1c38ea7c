package npz

import (
	"archive/zip"
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/hadal-go/hadal/format/internal/number"
)

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

// descrs are NumPy's names of the types that are written.
var descrs = map[string]string{"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}

// check tells whether the entry can be written.
func (e Entry) check() error {
	dtype, n := number.Of(e.Data)
	if dtype == "" {
		return fmt.Errorf("npz: write array %q: cannot write data of type %T", e.Name, e.Data)
	}
	if len(e.Shape) > maxAxes {
		return fmt.Errorf("npz: write array %q: %d axes, NumPy's arrays have at most %d", e.Name, len(e.Shape), maxAxes)
	}
	product, ok := number.Elements(e.Shape, 1, math.MaxInt)
	if !ok {
		return fmt.Errorf("npz: write array %q: impossible shape %v", e.Name, e.Shape)
	}
	if product != int64(n) {
		return fmt.Errorf("npz: write array %q: shape %v has %d elements, the data has %d", e.Name, e.Shape, product, n)
	}
	return nil
}

// write writes the header and the elements of an entry that check accepts.
func (e Entry) write(w io.Writer) error {
	dtype, _ := number.Of(e.Data)
	if _, err := w.Write(formatHeader(descrs[dtype], e.Shape)); err != nil {
		return err
	}
	return number.Write(w, e.Data)
}
