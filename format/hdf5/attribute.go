package hdf5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// An attribute is a small named array of an object.
type attribute struct {
	name    string
	dtype   datatype
	space   dataspace
	data    []byte
	problem error // why its values cannot be read, if so
}

// attribute reads an attribute message (section IV.A.2.m).
func (in *input) attribute(m message) (attribute, error) {
	c := m.cursor(in, "attribute")
	version := c.version(1, 3)
	flags := c.byte() // reserved in version 1
	name, dtype, space := c.uint(2), c.uint(2), c.uint(2)
	if version == 3 {
		c.bytes(1) // ASCII or UTF-8
	}
	field := func(n uint64) []byte {
		b := c.bytes(n)
		if version == 1 && n%8 != 0 {
			c.bytes(8 - n%8)
		}
		return b
	}
	a := attribute{name: string(bytes.TrimRight(field(name), "\x00"))}
	t := &cursor{in: in, data: field(dtype), what: "datatype"}
	s := &cursor{in: in, data: field(space), what: "dataspace"}
	a.data = c.data
	if c.err != nil {
		return a, c.err
	}
	if version > 1 && flags&3 != 0 {
		a.problem = problemf("its type is shared between objects, which is not read")
		return a, nil
	}
	a.dtype, a.space = t.datatype(), s.dataspace()
	if a.problem = t.err; a.problem == nil {
		a.problem = s.err
	}
	return a, nil
}

// attributeInfo tells whether attributes are kept outside the header (section IV.A.2.v).
func (in *input) attributeInfo(m message) (bool, error) {
	c := m.cursor(in, "attribute info")
	c.version(0, 0)
	if c.byte()&1 != 0 {
		c.bytes(2) // largest order of creation
	}
	return c.address() != in.undefined(), c.err
}

// Strings returns the elements of an attribute of strings of fixed or variable length, such as Keras's layer_names, in row-major
// order. An attribute without elements has none, whatever its type is: h5py writes an empty list as numbers.
func (f *File) Strings(path, name string) ([]string, error) {
	o, err := f.object(path)
	if err != nil {
		return nil, err
	}
	in := *f.in
	in.charged = 0
	for _, a := range o.attributes {
		if a.name != name {
			continue
		}
		values, err := in.strings(a)
		if p, ok := err.(problem); ok {
			err = problemf("attribute %q: %s", name, p)
		}
		if err != nil {
			return nil, located(clean(path), err)
		}
		return values, nil
	}
	if o.dense {
		return nil, FormatError{clean(path), fmt.Sprintf("attribute %q is not in its header; those outside, in a fractal heap, are not read", name)}
	}
	return nil, FormatError{clean(path), fmt.Sprintf("has no attribute %q", name)}
}

func (in *input) strings(a attribute) ([]string, error) {
	if a.problem != nil {
		return nil, a.problem
	}
	n, size := a.space.count, a.dtype.size
	if n == 0 {
		return []string{}, nil
	}
	if uint64(len(a.data))/n < size {
		return nil, problemf("%d elements of %d bytes do not fit into %d bytes", n, size, len(a.data))
	}
	values := make([]string, 0, n)
	switch all := string(a.data); {
	case a.dtype.class == classString:
		for i := range n {
			values = append(values, trim(all[i*size:(i+1)*size], a.dtype.padding))
		}
	case a.dtype.text && size == uint64(4+in.offset+4):
		h := heaps{}
		for i := range n {
			c := &cursor{in: in, data: a.data[i*size : (i+1)*size], what: "string"}
			length, address, index := c.uint(4), c.address(), c.uint(4)
			s, err := in.heapString(h, length, address, index)
			if err != nil {
				return nil, err
			}
			values = append(values, s)
		}
	default:
		return nil, problemf("its elements are of type %s, not strings", a.dtype)
	}
	return values, nil
}

// trim cuts off what fills a string of fixed length up.
func trim(s string, padding byte) string {
	switch padding {
	case 0:
		s, _, _ = strings.Cut(s, "\x00")
		return s
	case 2:
		return strings.TrimRight(s, " ")
	}
	return strings.TrimRight(s, "\x00")
}

// heaps are the objects of global heaps that were read, by address and index.
type heaps map[uint64]map[uint64]string

// heapString returns the string of a length that is an object of the global heap at an address (section III.E). Strings that are kept in
// several places share their memory.
func (in *input) heapString(h heaps, length, address, index uint64) (string, error) {
	if length == 0 {
		return "", nil
	}
	objects, ok := h[address]
	if !ok {
		var err error
		if objects, err = in.heap(address); err != nil {
			return "", err
		}
		h[address] = objects
	}
	s, ok := objects[index]
	if !ok || uint64(len(s)) < length {
		return "", problemf("string: object %d of the global heap at address %d has %d bytes, must have %d", index, address, len(s), length)
	}
	return s[:length], nil
}

// heap reads the objects of a global heap.
func (in *input) heap(address uint64) (map[uint64]string, error) {
	const what = "global heap"
	head := uint64(8 + in.length)
	c, err := in.structure(address, head, what)
	if err != nil {
		return nil, err
	}
	c.signature("GCOL")
	c.version(1, 1)
	c.bytes(3)
	size := c.size()
	if c.err == nil && size < head {
		c.fail("has %d bytes, its head alone takes %d", size, head)
	}
	if c.err != nil {
		return nil, c.err
	}
	if c, err = in.structure(address+head, size-head, what); err != nil {
		return nil, err
	}
	all := string(c.data)
	objects := map[uint64]string{}
	for len(c.data) >= 8+in.length && c.err == nil {
		index := uint64(binary.LittleEndian.Uint16(c.bytes(8)))
		n := c.size()
		if index == 0 { // What follows is free.
			break
		}
		begin := uint64(len(all) - len(c.data))
		c.bytes(n)
		c.bytes(min(-n%8, uint64(len(c.data)))) // up to a multiple of 8
		if c.err == nil {
			objects[index] = all[begin : begin+n]
		}
	}
	return objects, c.err
}
