package tflite

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A buffer is a FlatBuffer (https://flatbuffers.dev/internals): tables, whose fields a vtable finds, that point forward to other ones. Its
// first error stays, and everything read after it is zero or empty.
type buffer struct {
	data []byte
	left int // bytes of structure that may still be read: a sound file stores each once
	err  error
}

func (b *buffer) fail(format string, args ...any) {
	if b.err == nil {
		b.err = FormatError{fmt.Sprintf(format, args...)}
	}
}

// span returns n bytes at a position, and counts them.
func (b *buffer) span(at, n int) []byte {
	if b.err == nil && (at < 0 || n < 0 || at > len(b.data) || n > len(b.data)-at) {
		b.fail("%d bytes at %d do not lie in the file, which has %d", n, at, len(b.data))
	}
	if b.left -= n; b.err == nil && b.left < 0 {
		b.fail("its structure takes more than the file: parts of it must be used several times")
	}
	if b.err != nil {
		return nil
	}
	return b.data[at : at+n]
}

// uint reads an unsigned integer of n ≤ 8 bytes.
func (b *buffer) uint(at, n int) uint64 {
	var word [8]byte
	copy(word[:], b.span(at, n))
	return binary.LittleEndian.Uint64(word[:])
}

// follow returns the position that an offset at a position points to, which is always behind it: so nothing points in a circle.
func (b *buffer) follow(at int) int {
	offset := b.uint(at, 4)
	if b.err == nil && (offset < 4 || offset > uint64(len(b.data)-at)) {
		b.fail("the offset %d at byte %d does not point into the file", offset, at)
	}
	if b.err != nil {
		return 0
	}
	return at + int(offset)
}

// A table is one with the fields that its vtable has.
type table struct {
	b                 *buffer
	at, size          int // of its fields
	vtable, vtableEnd int
}

// table reads the head of the table at a position. Tables count at least 32 bytes, about what a tensor's takes, since they become more
// than that.
func (b *buffer) table(at int) table {
	t := table{b: b, at: at}
	t.vtable = at - int(int32(b.uint(at, 4)))
	n := int(b.uint(t.vtable, 2))
	t.size = int(b.uint(t.vtable+2, 2))
	t.vtableEnd = t.vtable + n
	if b.err == nil && (n < 4 || t.size < 4 || t.vtableEnd > len(b.data) || t.size > len(b.data)-at) {
		b.fail("the table at byte %d claims %d bytes, and %d of its vtable, which do not lie in the file", at, t.size, n)
	}
	b.left -= 32
	return t
}

// field returns the position of a field of n bytes, or false if the table leaves it out.
func (t table) field(i, n int) (int, bool) {
	entry := t.vtable + 4 + 2*i
	if t.b.err != nil || entry+2 > t.vtableEnd {
		return 0, false
	}
	offset := int(t.b.uint(entry, 2))
	if offset == 0 {
		return 0, false
	}
	if offset < 4 || offset+n > t.size {
		t.b.fail("field %d of the table at byte %d lies outside of it", i, t.at)
		return 0, false
	}
	return t.at + offset, true
}

// int returns a signed integer of n bytes, or what stands for one that is left out.
func (t table) int(i, n, missing int) int {
	at, ok := t.field(i, n)
	if !ok {
		return missing
	}
	shift := 64 - 8*n
	return int(int64(t.b.uint(at, n)<<shift) >> shift)
}

func (t table) bool(i int) bool { return t.int(i, 1, 0) != 0 }

func (t table) float(i int) float32 { return math.Float32frombits(uint32(t.int(i, 4, 0))) }

// table returns a table that a field points to.
func (t table) table(i int) (table, bool) {
	at, ok := t.field(i, 4)
	if !ok {
		return table{}, false
	}
	below := t.b.table(t.b.follow(at))
	return below, t.b.err == nil
}

// vector returns the position and the length of a vector of elements of width bytes; nil fields are empty ones.
func (t table) vector(i, width int) (at, n int) {
	field, ok := t.field(i, 4)
	if !ok {
		return 0, 0
	}
	at = t.b.follow(field)
	length := t.b.uint(at, 4)
	if at += 4; t.b.err == nil && length > uint64((len(t.b.data)-at)/width) {
		t.b.fail("a vector of %d elements of %d bytes at byte %d does not lie in the file", length, width, at)
	}
	if t.b.err != nil {
		return 0, 0
	}
	return at, int(length)
}

// bytes returns a vector of bytes, not copied.
func (t table) bytes(i int) []byte {
	at, n := t.vector(i, 1)
	return t.b.data[at : at+n : at+n]
}

func (t table) string(i int) string {
	at, n := t.vector(i, 1)
	return string(t.b.span(at, n))
}

// ints returns a vector of signed integers of width bytes.
func (t table) ints(i, width int) []int {
	at, n := t.vector(i, width)
	data := t.b.span(at, n*width)
	values := make([]int, 0, len(data)/width)
	for ; len(data) > 0; data = data[width:] {
		if width == 8 {
			values = append(values, int(int64(binary.LittleEndian.Uint64(data))))
		} else {
			values = append(values, int(int32(binary.LittleEndian.Uint32(data))))
		}
	}
	return values
}

// tables calls each with every table of a vector, in order.
func (t table) tables(i int, each func(index int, below table)) {
	at, n := t.vector(i, 4)
	for k := range n {
		below := t.b.table(t.b.follow(at + 4*k))
		if t.b.err != nil {
			return
		}
		each(k, below)
	}
}
