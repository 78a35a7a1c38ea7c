package hdf5

// Messages of object headers that are read (section IV.A.2).
const (
	messageSpace        = 0x01
	messageLinkInfo     = 0x02
	messageType         = 0x03
	messageLink         = 0x06
	messageLayout       = 0x08
	messageFilters      = 0x0b
	messageAttribute    = 0x0c
	messageContinuation = 0x10
	messageSymbolTable  = 0x11
	messageAttributes   = 0x15 // where attributes are kept that do not lie in the header
)

// shared is the flag of a message that only says where its content is.
const shared = 2

// A message is one property of an object.
type message struct {
	kind  int
	flags byte
	data  []byte
}

// cursor takes the message apart.
func (m message) cursor(in *input, what string) *cursor {
	c := &cursor{in: in, data: m.data, what: what}
	if m.flags&shared != 0 {
		c.fail("is shared between objects, which is not read")
	}
	return c
}

// header reads the messages of the object header at an address, with all its continuations.
func (in *input) header(address uint64) ([]message, error) {
	start, err := in.structure(address, 4, "object header")
	if err != nil {
		return nil, err
	}
	if string(start.data) == "OHDR" {
		return in.header2(address)
	}
	return in.header1(address)
}

// header1 reads an object header of version 1 (section IV.A.1.a).
func (in *input) header1(address uint64) ([]message, error) {
	c, err := in.structure(address, 16, "object header")
	if err != nil {
		return nil, err
	}
	c.version(1, 1)
	c.bytes(1)
	count := int(c.uint(2))
	c.bytes(4)
	size := c.uint(4)
	if c.err != nil {
		return nil, c.err
	}
	h := header{in: in, blocks: []block{{address + 16, size}}}
	found := 0
	for i := 0; i < len(h.blocks); i++ {
		c, err := in.structure(h.blocks[i].address, h.blocks[i].size, "object header")
		if err != nil {
			return nil, err
		}
		for ; len(c.data) >= 8 && found < count && c.err == nil; found++ {
			m := message{kind: int(c.uint(2))}
			n := c.uint(2)
			m.flags = c.byte()
			c.bytes(3)
			m.data = c.bytes(n)
			h.add(c, m)
		}
		if c.err != nil {
			return nil, c.err
		}
	}
	if found < count {
		return nil, problemf("object header: has %d messages, says that it has %d", found, count)
	}
	return h.messages, nil
}

// header2 reads an object header of version 2 (section IV.A.1.b).
func (in *input) header2(address uint64) ([]message, error) {
	const largest = 4 + 1 + 1 + 16 + 4 + 8
	at := in.base + address
	c, err := in.structure(address, min(largest, in.size-at), "object header")
	if err != nil {
		return nil, err
	}
	whole := len(c.data)
	c.signature("OHDR")
	c.version(2, 2)
	flags := c.byte()
	if flags&0x20 != 0 {
		c.bytes(16) // times
	}
	if flags&0x10 != 0 {
		c.bytes(4) // when attributes move out of the header
	}
	size := c.uint(1 << (flags & 3))
	if c.err != nil {
		return nil, c.err
	}
	prefix := uint64(whole - len(c.data))
	if size > in.size {
		return nil, problemf("object header: claims %d bytes, the file has %d", size, in.size)
	}
	h := header{in: in, blocks: []block{{address, prefix + size + 4}}}
	for i := 0; i < len(h.blocks); i++ {
		c, err := in.structure(h.blocks[i].address, h.blocks[i].size, "object header")
		if err != nil {
			return nil, err
		}
		body, sum := c.data[:max(len(c.data)-4, 0)], c.data[max(len(c.data)-4, 0):]
		if got := (&cursor{in: in, data: sum, what: c.what}).uint(4); uint32(got) != checksum(body) {
			return nil, problemf("object header: the checksum of its block at address %d is wrong", h.blocks[i].address)
		}
		c.data = body
		if i == 0 {
			c.bytes(prefix)
		} else {
			c.signature("OCHK")
		}
		least := 4
		if flags&4 != 0 {
			least = 6
		}
		for len(c.data) >= least && c.err == nil { // Less than that is a gap.
			m := message{kind: int(c.byte())}
			n := c.uint(2)
			m.flags = c.byte()
			c.bytes(uint64(least - 4)) // order of creation
			m.data = c.bytes(n)
			h.add(c, m)
		}
		if c.err != nil {
			return nil, c.err
		}
	}
	return h.messages, nil
}

// A block is one piece of an object header.
type block struct{ address, size uint64 }

// A header gathers the messages and the blocks that are still to be read.
type header struct {
	in       *input
	messages []message
	blocks   []block
	seen     map[uint64]bool // addresses of continuations
}

// add keeps a message of a kind that is read, and follows a continuation. A block that comes twice would be a circle.
func (h *header) add(c *cursor, m message) {
	switch m.kind {
	case messageSpace, messageLinkInfo, messageType, messageLink, messageLayout, messageFilters, messageAttribute,
		messageSymbolTable, messageAttributes:
		if c.err == nil {
			c.err = h.in.charge(32)
		}
		h.messages = append(h.messages, m)
	case messageContinuation:
		link := m.cursor(h.in, "object header continuation")
		next := block{link.address(), link.size()}
		if h.seen[next.address] {
			link.fail("goes in a circle at address %d", next.address)
		}
		if link.err == nil && next.size < 8 {
			link.fail("has %d bytes", next.size)
		}
		if c.err == nil {
			c.err = link.err
		}
		if h.seen == nil {
			h.seen = map[uint64]bool{}
		}
		h.seen[next.address] = true
		h.blocks = append(h.blocks, next)
	}
}
