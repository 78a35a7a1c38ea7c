package hdf5

// What a B-tree of version 1 leads to.
const (
	treeOfGroup  = 0 // symbol nodes
	treeOfChunks = 1
)

// tree calls leaf with every key, of keySize bytes, and its child in the B-tree of version 1 at an address, in order (section III.A.1).
func (in *input) tree(address uint64, kind byte, keySize int, leaf func(key *cursor, child uint64) error) error {
	return in.node(address, kind, -1, keySize, leaf)
}

// node reads a node, which must have the level that the one above it asks for: so no path through the tree is a circle, and none has more
// than 256 nodes.
func (in *input) node(address uint64, kind byte, level int, keySize int, leaf func(key *cursor, child uint64) error) error {
	head, err := in.structure(address, uint64(8+2*in.offset), "B-tree")
	if err != nil {
		return err
	}
	head.signature("TREE")
	if got := head.byte(); head.err == nil && got != kind {
		head.fail("a node of kind %d, must be %d", got, kind)
	}
	here := int(head.byte())
	n := head.uint(2)
	if head.err == nil && level >= 0 && here != level {
		head.fail("a node of level %d where %d must be", here, level)
	}
	if head.err != nil {
		return head.err
	}
	body, err := in.structure(address+uint64(8+2*in.offset), n*uint64(keySize+in.offset), "B-tree")
	if err != nil {
		return err
	}
	for range n {
		key := &cursor{in: in, data: body.bytes(uint64(keySize)), what: "B-tree"}
		child := body.address()
		if here == 0 {
			err = leaf(key, child)
		} else {
			err = in.node(child, kind, here-1, keySize, leaf)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
