package hdf5

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/hadal-go/hadal/format/internal/number"
)

// Classes of datatypes that are told apart (section IV.A.2.d).
const (
	classInteger  = 0
	classFloat    = 1
	classString   = 3
	classVariable = 9
)

var classes = []string{"integer", "float", "time", "string", "bit field", "opaque", "compound", "reference", "enumeration",
	"variable length", "array", "complex"}

// A datatype is what one element is.
type datatype struct {
	class   int
	size    uint64 // bytes of an element
	big     bool   // high byte first
	signed  bool
	text    bool // of a type of variable length: its elements are strings
	padding byte // of a string: 0 ends with a zero, 1 is filled with zeros, 2 with spaces
	odd     bool // a number of a form that processors do not have
}

func (t datatype) String() string {
	order := ""
	if t.big {
		order = ">"
	}
	switch {
	case t.odd:
		return "odd " + classes[t.class]
	case t.class == classFloat:
		return fmt.Sprintf("%sf%d", order, t.size)
	case t.class == classInteger && t.signed:
		return fmt.Sprintf("%si%d", order, t.size)
	case t.class == classInteger:
		return fmt.Sprintf("%su%d", order, t.size)
	case t.class == classString, t.text:
		return "string"
	}
	return classes[t.class]
}

// datatype reads a datatype message.
func (c *cursor) datatype() datatype {
	head := c.byte()
	bits := [3]byte{c.byte(), c.byte(), c.byte()}
	t := datatype{class: int(head & 15), size: c.uint(4)}
	if v := head >> 4; c.err == nil && (v < 1 || v > 5) {
		c.fail("has version %d, read are 1 to 5", v)
	}
	if t.class >= len(classes) {
		c.fail("is of class %d, known are those below %d", t.class, len(classes))
		t.class = 0
	}
	if c.err == nil && t.size == 0 {
		c.fail("its elements have no bytes")
	}
	switch t.class {
	case classInteger:
		t.big, t.signed = bits[0]&1 != 0, bits[0]&8 != 0
		shift, width := c.uint(2), c.uint(2)
		t.odd = shift != 0 || width != 8*t.size || t.size > 8 || t.size&(t.size-1) != 0
	case classFloat:
		t.big = bits[0]&1 != 0
		shift, width := c.uint(2), c.uint(2)
		form := [5]uint64{c.uint(1), c.uint(1), c.uint(1), c.uint(1), c.uint(4)} // exponent's place and bits, fraction's, bias
		ieee := map[uint64][5]uint64{2: {10, 5, 0, 10, 15}, 4: {23, 8, 0, 23, 127}, 8: {52, 11, 0, 52, 1023}}
		want, ok := ieee[t.size]
		t.odd = !ok || form != want || shift != 0 || width != 8*t.size || bits[0]&0x40 != 0 || uint64(bits[1]) != 8*t.size-1 || bits[0]>>4&3 != 2
	case classString:
		t.padding = bits[0] & 15
	case classVariable:
		t.text = bits[0]&15 == 1
	}
	return t
}

// number returns how an element is converted to float32, rounded to the nearest, or an error if it is no number.
func (t datatype) number() (func([]byte) float32, error) {
	var order binary.ByteOrder = binary.LittleEndian
	if t.big {
		order = binary.BigEndian
	}
	if !t.odd && (t.class == classFloat || t.class == classInteger) {
		switch t.String()[len(t.String())-2:] {
		case "f2":
			return func(b []byte) float32 { return number.Half(order.Uint16(b)) }, nil
		case "f4":
			return func(b []byte) float32 { return math.Float32frombits(order.Uint32(b)) }, nil
		case "f8":
			return func(b []byte) float32 { return float32(math.Float64frombits(order.Uint64(b))) }, nil
		case "i1":
			return func(b []byte) float32 { return float32(int8(b[0])) }, nil
		case "u1":
			return func(b []byte) float32 { return float32(b[0]) }, nil
		case "i2":
			return func(b []byte) float32 { return float32(int16(order.Uint16(b))) }, nil
		case "u2":
			return func(b []byte) float32 { return float32(order.Uint16(b)) }, nil
		case "i4":
			return func(b []byte) float32 { return float32(int32(order.Uint32(b))) }, nil
		case "u4":
			return func(b []byte) float32 { return float32(order.Uint32(b)) }, nil
		case "i8":
			return func(b []byte) float32 { return float32(int64(order.Uint64(b))) }, nil
		case "u8":
			return func(b []byte) float32 { return float32(order.Uint64(b)) }, nil
		}
	}
	return nil, problemf("its elements are of type %s, read are integers and IEEE floats of 16, 32 and 64 bits", t)
}

// A dataspace is the shape of a dataset or an attribute.
type dataspace struct {
	shape []int
	count uint64 // of elements; 0 in a null space
}

// dataspace reads a dataspace message (section IV.A.2.b). The elements of a shape must be countable, even where an axis is empty.
func (c *cursor) dataspace() dataspace {
	const null = 2
	version := c.version(1, 2)
	rank := int(c.byte())
	c.byte() // whether largest sizes follow
	kind := byte(1)
	if version == 1 {
		c.bytes(5)
	} else {
		kind = c.byte()
	}
	if rank > 32 {
		c.fail("has %d axes, at most 32 are allowed", rank)
	}
	if kind == null || c.err != nil {
		return dataspace{}
	}
	s := dataspace{shape: make([]int, 0, rank), count: 1}
	limit := uint64(1)
	for range rank {
		n := c.size()
		if n > math.MaxInt || limit > math.MaxInt64>>8/max(n, 1) {
			c.fail("an axis of %d, behind %v, has too many elements", n, s.shape)
			return dataspace{}
		}
		limit *= max(n, 1)
		s.count *= n
		s.shape = append(s.shape, int(n))
	}
	return s
}
