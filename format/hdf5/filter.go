package hdf5

import (
	"bytes"
	"compress/zlib"
	"io"
)

// Filters that are undone (section IV.A.2.l).
const (
	filterDeflate = 1
	filterShuffle = 2
)

// deflateRatio is more than deflate, whose smallest code of 258 bytes takes two bits, can make of one byte.
const deflateRatio = 1032

// A filter is one step that the bytes of a chunk went through.
type filter struct {
	id    uint64
	width uint64 // bytes of an element that shuffle took apart
}

// filters reads a filter message.
func (in *input) filters(m message) ([]filter, error) {
	c := m.cursor(in, "filters")
	version := c.version(1, 2)
	n := int(c.byte())
	if version == 1 {
		c.bytes(6)
	}
	var filters []filter
	for range n {
		f := filter{id: c.uint(2)}
		var name uint64
		if version == 1 || f.id >= 256 {
			name = c.uint(2)
		}
		c.bytes(2) // whether it may be left out
		values := c.uint(2)
		if version == 1 {
			name = (name + 7) &^ 7
		}
		c.bytes(name)
		for i := range values {
			if v := c.uint(4); i == 0 {
				f.width = v
			}
		}
		if version == 1 && values%2 == 1 {
			c.bytes(4)
		}
		if f.id != filterDeflate && f.id != filterShuffle {
			c.fail("number %d is not read, only deflate (1) and shuffle (2) are", f.id)
		}
		filters = append(filters, f)
	}
	return filters, c.err
}

// undo takes the filters off a chunk, the last one first, and returns its size bytes. Bit i of skipped says that filter i was left out.
func undo(filters []filter, skipped uint64, data []byte, size uint64) ([]byte, error) {
	for i := len(filters) - 1; i >= 0; i-- {
		if skipped>>i&1 != 0 {
			continue
		}
		switch filters[i].id {
		case filterDeflate:
			var err error
			if data, err = inflate(data, size); err != nil {
				return nil, err
			}
		case filterShuffle:
			data = unshuffle(data, filters[i].width)
		}
	}
	if uint64(len(data)) != size {
		return nil, problemf("a chunk has %d bytes, must have %d", len(data), size)
	}
	return data, nil
}

// inflate returns the size bytes that a zlib stream holds.
func inflate(data []byte, size uint64) ([]byte, error) {
	if size > deflateRatio*(uint64(len(data))+1) {
		return nil, problemf("a chunk of %d bytes cannot hold %d", len(data), size)
	}
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, problemf("a chunk: %v", err)
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(z, raw); err != nil {
		return nil, problemf("a chunk of %d bytes: %v", size, err)
	}
	if n, err := z.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, problemf("a chunk holds more than %d bytes, or ends wrongly: %v", size, err)
	}
	return raw, nil
}

// unshuffle puts the bytes of elements together, of which first all first bytes come, then all second ones; the rest stays.
func unshuffle(data []byte, width uint64) []byte {
	if width < 2 {
		return data
	}
	n := uint64(len(data)) / width
	whole := make([]byte, len(data))
	copy(whole[n*width:], data[n*width:])
	for b := range width {
		for i := range n {
			whole[i*width+b] = data[b*n+i]
		}
		if n == 0 {
			break
		}
	}
	return whole
}
