package hdf5

// magic begins every file, at byte 0 or, behind a block of the user's, at 512, 1024, 2048 … (section II.A).
const magic = "\x89HDF\r\n\x1a\n"

// superblock reads where addresses are counted from and how long they are, and returns the address of the root's object header.
func (in *input) superblock() (root uint64, err error) {
	const largest = 104 // of version 1
	in.offset, in.length = 8, 8
	for at := uint64(0); ; at = max(512, 2*at) {
		if at+uint64(len(magic)) > in.size {
			return 0, problemf("the file has no HDF5 signature")
		}
		head, err := in.load(at, uint64(len(magic)), "signature")
		if err != nil {
			return 0, err
		}
		if string(head) == magic {
			in.base = at
			break
		}
	}
	c, err := in.structure(0, min(largest, in.size-in.base), "superblock")
	if err != nil {
		return 0, err
	}
	whole := c.data
	c.signature(magic)
	version := c.version(0, 3)
	if version < 2 {
		c.bytes(4) // versions of parts, and a reserved byte
	}
	in.offset, in.length = int(c.byte()), int(c.byte())
	if c.err == nil && (in.offset != 4 && in.offset != 8 || in.length != 4 && in.length != 8) {
		c.fail("addresses of %d bytes and lengths of %d, must be 4 or 8", in.offset, in.length)
	}
	if c.err != nil {
		return 0, c.err
	}
	switch version {
	case 0:
		c.bytes(1 + 2 + 2 + 4) // sizes of nodes, which the nodes repeat, and flags
	case 1:
		c.bytes(1 + 2 + 2 + 4 + 2 + 2)
	default:
		c.bytes(1)
	}
	base := c.address()
	c.address() // free space, or the extension of the superblock
	end := c.address()
	if version < 2 {
		c.address() // driver
		c.address() // name of the root, which has none
	}
	root = c.address()
	if version >= 2 {
		n := len(whole) - len(c.data)
		if sum := uint32(c.uint(4)); c.err == nil && sum != checksum(whole[:n]) {
			c.fail("its checksum is wrong")
		}
	}
	if c.err == nil && base != in.base {
		c.fail("says that the file begins at byte %d, it begins at %d", base, in.base)
	}
	if c.err == nil && end > in.size {
		c.fail("says that the file ends at byte %d, it has %d: it was cut off", end, in.size)
	}
	return root, c.err
}
