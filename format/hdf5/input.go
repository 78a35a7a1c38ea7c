package hdf5

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A problem is a breach of the format whose place in the tree the caller knows.
type problem string

func (p problem) Error() string { return string(p) }

func problemf(format string, args ...any) error { return problem(fmt.Sprintf(format, args...)) }

// An input is the file below the tree.
type input struct {
	r       io.ReaderAt
	size    uint64
	base    uint64 // that addresses are counted from
	offset  int    // bytes of an address
	length  int    // bytes of a length
	charged uint64 // bytes of structure that were read or made
}

// charge counts memory for the tree. A sound file stores each structure once, so that all of them take no more than the file; paths
// repeat the names above them.
func (in *input) charge(n uint64) error {
	in.charged += n
	if limit := 4*in.size + 1<<20; in.charged > limit {
		return problemf("its structure takes more than %d bytes, the file has %d: parts of it must be used several times", limit, in.size)
	}
	return nil
}

// check verifies that n bytes at an address lie in the file, and returns their position.
func (in *input) check(address, n uint64, what string) (uint64, error) {
	at := in.base + address
	if at < address || at > in.size || n > in.size-at {
		return 0, problemf("%s: %d bytes at address %d do not lie in the file, which has %d", what, n, address, in.size)
	}
	return at, nil
}

// load reads n bytes at an address without counting them.
func (in *input) load(address, n uint64, what string) ([]byte, error) {
	at, err := in.check(address, n, what)
	if err != nil {
		return nil, err
	}
	data := make([]byte, n)
	if err := readFull(in.r, data, int64(at)); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return data, nil
}

// structure reads n bytes of the tree at an address, to be taken apart.
func (in *input) structure(address, n uint64, what string) (*cursor, error) {
	if _, err := in.check(address, n, what); err != nil {
		return nil, err
	}
	if err := in.charge(n); err != nil {
		return nil, err
	}
	data, err := in.load(address, n, what)
	return &cursor{in: in, data: data, what: what}, err
}

// undefined is the address, of all ones, that stands for none.
func (in *input) undefined() uint64 { return ^uint64(0) >> (64 - 8*in.offset) }

// readFull fills p from offset of r. A reader that ends early is an error, never a short read.
func readFull(r io.ReaderAt, p []byte, offset int64) error {
	_, err := io.ReadFull(io.NewSectionReader(r, offset, int64(len(p))), p)
	return err
}

// A cursor takes a structure apart from its beginning. Its first error stays, and everything after that is zero.
type cursor struct {
	in   *input
	data []byte // what is left
	what string
	err  error
}

// bytes returns the next n bytes, not copied.
func (c *cursor) bytes(n uint64) []byte {
	if c.err == nil && n > uint64(len(c.data)) {
		c.err = problemf("%s: ends within a field: %d bytes are left, it takes %d", c.what, len(c.data), n)
	}
	if c.err != nil {
		return nil
	}
	part := c.data[:n:n]
	c.data = c.data[n:]
	return part
}

// uint returns the next unsigned integer of n ≤ 8 bytes.
func (c *cursor) uint(n int) uint64 {
	var b [8]byte
	copy(b[:], c.bytes(uint64(n)))
	return binary.LittleEndian.Uint64(b[:])
}

func (c *cursor) byte() byte      { return byte(c.uint(1)) }
func (c *cursor) address() uint64 { return c.uint(c.in.offset) }
func (c *cursor) size() uint64    { return c.uint(c.in.length) }

// fail notes a problem, unless there was one before.
func (c *cursor) fail(format string, args ...any) {
	if c.err == nil {
		c.err = problemf("%s: %s", c.what, fmt.Sprintf(format, args...))
	}
}

// signature demands the four letters that a structure begins with.
func (c *cursor) signature(want string) {
	if got := c.bytes(uint64(len(want))); c.err == nil && string(got) != want {
		c.fail("begins with %q, must with %q", got, want)
	}
}

// version demands one of the versions from low to high, and returns it.
func (c *cursor) version(low, high byte) byte {
	v := c.byte()
	if v < low || v > high {
		c.fail("has version %d, read are %d to %d", v, low, high)
	}
	return v
}
