package mat

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// A kind is the type of a data element, table 1-1 of the format's description.
type kind uint32

const (
	int8s      kind = 1
	uint8s     kind = 2
	int16s     kind = 3
	uint16s    kind = 4
	int32s     kind = 5
	uint32s    kind = 6
	singles    kind = 7
	doubles    kind = 9
	int64s     kind = 12
	uint64s    kind = 13
	matrix     kind = 14
	compressed kind = 15
	utf8s      kind = 16
	utf16s     kind = 17
	utf32s     kind = 18
)

// size is that of a number in bytes, 0 of what is no number.
func (k kind) size() int {
	switch k {
	case int8s, uint8s, utf8s:
		return 1
	case int16s, uint16s, utf16s:
		return 2
	case int32s, uint32s, singles, utf32s:
		return 4
	case doubles, int64s, uint64s:
		return 8
	}
	return 0
}

// Classes of arrays, table 1-3. Those from char to uint64 hold numbers, 4 being text and 5 a sparse matrix.
const (
	cellClass   = 1
	charClass   = 4
	sparseClass = 5
	doubleClass = 6
	lastClass   = 15

	complexFlag = 0x0800
)

// deepest is how deep cells may lie in one another.
const deepest = 32

type decoder struct {
	order binary.ByteOrder
	left  int64 // bytes that may still be unpacked
}

// next cuts a data element off: its kind, its content, and what follows it. Small ones have both in eight bytes.
func (d *decoder) next(b []byte) (k kind, content, rest []byte, err error) {
	if len(b) < 8 {
		return 0, nil, nil, bad("it ends within the tag of a data element")
	}
	first, n := d.order.Uint32(b), uint64(d.order.Uint32(b[4:]))
	if small := first >> 16; small != 0 {
		if small > 4 {
			return 0, nil, nil, bad("a small data element claims %d bytes, and there is room for 4", small)
		}
		return kind(first & 0xffff), b[4 : 4+small], b[8:], nil
	}
	if n > uint64(len(b)-8) {
		return 0, nil, nil, bad("a data element claims %d bytes, and %d are left", n, len(b)-8)
	}
	k, content = kind(first), b[8:8+n]
	end := 8 + n
	if k != compressed { // others are filled up to eight bytes; the last one of a file may end short
		end = min((end+7)&^7, uint64(len(b)))
	}
	return k, content, b[end:], nil
}

func (d *decoder) variables(b []byte) (all []*Array, err error) {
	for len(b) > 0 {
		var k kind
		var content []byte
		if k, content, b, err = d.next(b); err != nil {
			return nil, err
		}
		if k == compressed {
			if content, err = d.unpack(content); err != nil {
				return nil, err
			}
			if k, content, _, err = d.next(content); err != nil {
				return nil, err
			}
		}
		if k != matrix {
			return nil, bad("there is a data element of type %d in place of a variable", k)
		}
		a, err := d.array(content, 0)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

func (d *decoder) unpack(b []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, bad("a compressed variable cannot be unpacked: %v", err)
	}
	out, err := io.ReadAll(io.LimitReader(z, d.left+1))
	if err != nil {
		return nil, bad("a compressed variable cannot be unpacked: %v", err)
	}
	if d.left -= int64(len(out)); d.left < 0 {
		return nil, bad("unpacked, its variables have more bytes than may be read")
	}
	return out, nil
}

// array reads the parts of a matrix element: flags, shape, name, and what its class has.
func (d *decoder) array(b []byte, depth int) (*Array, error) {
	if len(b) == 0 { // of a cell in which there is nothing
		return &Array{Shape: []int{0, 0}, kind: doubles, order: d.order}, nil
	}
	_, flags, b, err := d.next(b)
	if err != nil {
		return nil, err
	}
	if len(flags) != 8 {
		return nil, bad("the flags of an array have %d bytes, not 8", len(flags))
	}
	word := d.order.Uint32(flags)
	_, axes, b, err := d.next(b)
	if err != nil {
		return nil, err
	}
	a := &Array{order: d.order}
	total := int64(1)
	for ; len(axes) >= 4; axes = axes[4:] {
		n := int64(d.order.Uint32(axes))
		if a.Shape = append(a.Shape, int(n)); n > 0 && total > int64(len(b))/n {
			return nil, bad("an array of shape %v … does not fit in the %d bytes that are left", a.Shape, len(b))
		}
		total *= n
	}
	if len(a.Shape) < 2 {
		return nil, bad("an array has %d axes, and there must be two at least", len(a.Shape))
	}
	_, name, b, err := d.next(b)
	if err != nil {
		return nil, err
	}
	a.Name = string(name)
	switch class := word & 0xff; {
	case class == cellClass:
		return a, d.cells(a, int(total), b, depth)
	case class >= charClass && class <= lastClass && class != sparseClass:
		if word&complexFlag != 0 {
			return nil, bad("%q has complex numbers, which are not read", a.Name)
		}
		return a, d.numbers(a, int(total), b)
	default:
		return nil, bad("%q is of class %d: sparse matrices, structures and objects are not read", a.Name, class)
	}
}

func (d *decoder) cells(a *Array, n int, b []byte, depth int) error {
	if depth == deepest {
		return bad("cells lie deeper in one another than %d", deepest)
	}
	for range n {
		k, content, rest, err := d.next(b)
		if err != nil {
			return err
		}
		if k != matrix {
			return bad("%q has a data element of type %d in place of a cell", a.Name, k)
		}
		cell, err := d.array(content, depth+1)
		if err != nil {
			return err
		}
		a.Cells, b = append(a.Cells, cell), rest
	}
	return nil
}

func (d *decoder) numbers(a *Array, n int, b []byte) error {
	k, content, _, err := d.next(b)
	if err != nil {
		return err
	}
	size := k.size()
	if size == 0 {
		return bad("the numbers of %q are of type %d, which is none of numbers", a.Name, k)
	}
	if len(content) != n*size {
		return bad("%q of shape %v has %d bytes of numbers of %d bytes", a.Name, a.Shape, len(content), size)
	}
	a.kind, a.bytes = k, content
	return nil
}
