package hdf5

import (
	"bytes"
	"strconv"
	"strings"
)

// A link is the name and the header's address of something in a group.
type link struct {
	name    string
	address uint64
}

func quote(name string) string { return strconv.Quote(name) }

// add appends a link with a sensible name.
func (c *cursor) add(links []link, name string, address uint64) []link {
	if name == "" || name == "." || strings.ContainsAny(name, "/\x00") {
		c.fail("a name is %s", quote(name))
	}
	return append(links, link{name, address})
}

// symbolTable adds the links of an old group: a B-tree of symbol nodes, with the names in a local heap (sections III.A, B and D).
func (in *input) symbolTable(links []link, m message) ([]link, error) {
	c := m.cursor(in, "symbol table")
	tree, heap := c.address(), c.address()
	if c.err != nil {
		return nil, c.err
	}
	names, err := in.localHeap(heap)
	if err != nil {
		return nil, err
	}
	err = in.tree(tree, treeOfGroup, in.length, func(_ *cursor, child uint64) error {
		links, err = in.symbols(links, child, names)
		return err
	})
	return links, err
}

// symbols adds the links of one symbol node.
func (in *input) symbols(links []link, address uint64, names string) ([]link, error) {
	const soft = 2
	head, err := in.structure(address, 8, "symbol node")
	if err != nil {
		return nil, err
	}
	head.signature("SNOD")
	head.version(1, 1)
	head.bytes(1)
	n := head.uint(2)
	if head.err != nil {
		return nil, head.err
	}
	c, err := in.structure(address+8, n*uint64(2*in.offset+24), "symbol node")
	if err != nil {
		return nil, err
	}
	for range n {
		at, header := c.address(), c.address()
		kind := c.uint(4)
		c.bytes(4 + 16)
		if kind == soft || c.err != nil {
			continue
		}
		if at >= uint64(len(names)) {
			c.fail("a name at byte %d of a heap of %d", at, len(names))
			continue
		}
		name, _, ended := strings.Cut(names[at:], "\x00")
		if !ended {
			c.fail("the name at byte %d of the heap does not end", at)
		}
		links = c.add(links, name, header)
	}
	return links, c.err
}

// localHeap returns the bytes of a heap, which names begin in and end in with a zero.
func (in *input) localHeap(address uint64) (string, error) {
	c, err := in.structure(address, uint64(8+2*in.length+in.offset), "local heap")
	if err != nil {
		return "", err
	}
	c.signature("HEAP")
	c.version(0, 0)
	c.bytes(3)
	size := c.size()
	c.size() // free list
	data := c.address()
	if c.err != nil {
		return "", c.err
	}
	c, err = in.structure(data, size, "local heap")
	if err != nil {
		return "", err
	}
	return string(c.data), nil
}

// link adds what a link message of a newer group says (section IV.A.2.g).
func (in *input) link(links []link, m message) ([]link, error) {
	c := m.cursor(in, "link")
	c.version(1, 1)
	flags := c.byte()
	kind := byte(0)
	if flags&8 != 0 {
		kind = c.byte()
	}
	if flags&4 != 0 {
		c.bytes(8) // order of creation
	}
	if flags&16 != 0 {
		c.bytes(1) // ASCII or UTF-8
	}
	name := bytes.Clone(c.bytes(c.uint(1 << (flags & 3))))
	if kind != 0 || c.err != nil { // A soft or external link.
		return links, c.err
	}
	return c.add(links, string(name), c.address()), c.err
}

// linkInfo refuses groups whose links are not in their header (section IV.A.2.c).
func (in *input) linkInfo(m message) error {
	c := m.cursor(in, "link info")
	c.version(0, 0)
	if c.byte()&1 != 0 {
		c.bytes(8) // largest order of creation
	}
	if heap := c.address(); c.err == nil && heap != in.undefined() {
		c.fail("the group keeps its links in a fractal heap, which is not read; write the file without libver=\"latest\" and track_order")
	}
	return c.err
}
