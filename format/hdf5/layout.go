package hdf5

// How the numbers of a dataset lie in the file (section IV.A.2.i).
const (
	layoutCompact    = 0 // in the layout message itself
	layoutContiguous = 1
	layoutChunked    = 2 // in blocks of equal shape
)

// A layout says where the numbers of a dataset are.
type layout struct {
	class   byte
	inline  []byte   // of a compact one
	address uint64   // of the numbers, or of the B-tree of chunks
	size    uint64   // bytes of a contiguous one
	chunk   []uint64 // shape of a chunk, and behind it the bytes of an element
}

// layout reads a layout message. Version 4 differs from 3 in chunks only, 5 from 4 in their filters only.
func (in *input) layout(m message) (layout, error) {
	c := m.cursor(in, "layout")
	version := c.version(3, 5)
	l := layout{class: c.byte()}
	switch {
	case c.err != nil:
	case l.class == layoutCompact:
		l.inline = c.bytes(c.uint(2))
	case l.class == layoutContiguous:
		l.address, l.size = c.address(), c.size()
	case l.class == layoutChunked && version == 3:
		rank := int(c.byte()) // counts the bytes of an element as an axis
		l.address = c.address()
		for range rank {
			l.chunk = append(l.chunk, c.uint(4))
		}
	case l.class == layoutChunked:
		c.fail("its chunks have an index of libver=\"latest\", which is not read")
	default:
		c.fail("is of class %d, read are compact, contiguous and chunked", l.class)
	}
	return l, c.err
}
