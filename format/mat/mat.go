// Package mat reads the arrays of MATLAB files of level 5 (.mat, as versions 5 to 7.2 save them): numbers of any kind, text, and cells,
// which hold arrays in turn. Source: MathWorks, "MAT-File Format", R2024a, chapter 1.
//
// Sparse matrices, structures, objects and complex numbers are an error that says so; files of version 7.3 are HDF5, see format/hdf5.
package mat

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// An Array is a variable of a file, or an element of a cell array.
type Array struct {
	Name  string
	Shape []int    // two axes at least; the first one varies fastest in memory
	Cells []*Array // of a cell array, the elements; else nil

	kind  kind // how numbers are stored, which need not be how MATLAB showed them
	bytes []byte
	order binary.ByteOrder
}

// Len returns how many elements there are.
func (a *Array) Len() int {
	if a.kind == 0 {
		return len(a.Cells)
	}
	return len(a.bytes) / a.kind.size()
}

// At returns number i of an array of numbers or text, in the order of memory: column after column.
func (a *Array) At(i int) float64 {
	n := a.kind.size()
	b := a.bytes[i*n : (i+1)*n]
	switch a.kind {
	case int8s:
		return float64(int8(b[0]))
	case uint8s, utf8s:
		return float64(b[0])
	case int16s:
		return float64(int16(a.order.Uint16(b)))
	case uint16s, utf16s:
		return float64(a.order.Uint16(b))
	case int32s:
		return float64(int32(a.order.Uint32(b)))
	case uint32s, utf32s:
		return float64(a.order.Uint32(b))
	case singles:
		return float64(math.Float32frombits(a.order.Uint32(b)))
	case doubles:
		return math.Float64frombits(a.order.Uint64(b))
	case int64s:
		return float64(int64(a.order.Uint64(b)))
	}
	return float64(a.order.Uint64(b))
}

// A FormatError says that bytes are not a MATLAB file of level 5 that this package reads.
type FormatError string

func (e FormatError) Error() string { return "MATLAB file: " + string(e) }

func bad(format string, args ...any) error { return FormatError(fmt.Sprintf(format, args...)) }

// headerSize is that of the text and the version that a file begins with.
const headerSize = 128

// Read returns the variables of a file in their order. Of variables that are compressed no more than most bytes are unpacked in all: a
// file of a thousandth of that may claim to hold so much.
func Read(r io.Reader, most int64) ([]*Array, error) {
	head := make([]byte, headerSize)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, bad("it ends within its header of %d bytes", headerSize)
	}
	d := decoder{left: most}
	switch string(head[126:]) {
	case "IM":
		d.order = binary.LittleEndian
	case "MI":
		d.order = binary.BigEndian
	default:
		return nil, bad("it does not say its byte order; it is another kind of file, or of another version")
	}
	if v := d.order.Uint16(head[124:]); v != 0x0100 {
		return nil, bad("its version is %#x, and only 0x0100 is read: of 0x0200, see HDF5", v)
	}
	rest, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(rest)) > most {
		return nil, bad("it has more than %d bytes", most)
	}
	return d.variables(rest)
}
