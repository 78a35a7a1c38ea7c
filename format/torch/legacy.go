package torch

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
)

// magic is the first pickle of a file in the form before PyTorch 1.6, legacyVersion the second.
const (
	magic         = "119547037146038801333356"
	legacyVersion = 1001
)

// A legacySource has the storages of a file in the old form: they lie behind the pickles, little-endian whatever machine wrote them, each
// behind its number of elements in 8 bytes.
type legacySource struct {
	r        io.ReaderAt
	begin    map[*storage]int64
	storages map[any]*storage // by key
	widths   map[*storage]int // of an element, as the file counts them
}

// openLegacy reads five pickles (magic number, version, facts about the machine, the value, keys of the storages) and finds the storages.
func openLegacy(r io.ReaderAt, size int64) (*machine, any, error) {
	s := &legacySource{r, map[*storage]int64{}, map[any]*storage{}, map[*storage]int{}}
	m := &machine{input: newInput(r, size, size), file: size}
	m.load = func(any) (any, error) { return nil, wrong("a storage is no part of the header") }
	first, err := m.run()
	if _, broken := err.(FormatError); err != nil && !broken {
		return nil, nil, err
	}
	if n, ok := first.(*big.Int); err != nil || !ok || n.String() != magic {
		return nil, nil, FormatError{"", "this is no file of torch.save: it is no zip archive and does not begin with PyTorch's magic number"}
	}
	version, err := m.run()
	if err == nil && version != int64(legacyVersion) {
		err = FormatError{"", fmt.Sprintf("the file has protocol version %s, want %d", printed(version), legacyVersion)}
	}
	if err != nil {
		return nil, nil, err
	}
	if _, err = m.run(); err != nil {
		return nil, nil, err
	}
	m.load = s.load
	root, err := m.run()
	if err != nil {
		return nil, nil, err
	}
	m.load = func(any) (any, error) { return nil, wrong("a storage is no key of one") }
	keys, err := m.run()
	if err != nil {
		return nil, nil, err
	}
	return m, root, s.find(keys, m.pos, size)
}

// load returns the storage of a persistent id: ('storage', class, key, location, number of elements, None or (key of a part, its first
// element, its number of elements)), or ('module', class, …), which stands for the class.
func (s *legacySource) load(id any) (any, error) {
	if parts, ok := id.(tuple); ok && len(parts) >= 2 && parts[0] == "module" {
		return parts[1], nil
	}
	ref, key, n, err := parseID(id, 6)
	if err != nil {
		return nil, err
	}
	width := elementWidth(ref.dtype)
	if n > (1<<62)/int64(width) {
		return nil, wrong("a storage has %d elements", n)
	}
	if ref.storage, err = s.storageOf(key, n*int64(width)); err != nil {
		return nil, err
	}
	if _, ok := s.widths[ref.storage]; !ok {
		s.widths[ref.storage] = width
	}
	if view := id.(tuple)[5]; view != nil {
		ref.storage, err = part(ref.storage, view, width)
	}
	return ref, err
}

func (s *legacySource) storageOf(key any, bytes int64) (*storage, error) {
	switch key.(type) {
	case string, int64:
	default:
		return nil, wrong("the key of a storage is %s", kind(key))
	}
	known := s.storages[key]
	if known == nil {
		known = &storage{key: printed(key), bytes: bytes, open: s}
		s.storages[key] = known
	}
	if known.bytes != bytes {
		return nil, wrong("storage %s has %d bytes in one place and %d in another", known.key, known.bytes, bytes)
	}
	return known, nil
}

// part returns a storage that is a part of another one.
func part(whole *storage, view any, width int) (*storage, error) {
	v, ok := view.(tuple)
	if !ok || len(v) != 3 {
		return nil, wrong("the part of a storage is %s", printed(view))
	}
	begin, err := integer(v[1])
	if err != nil {
		return nil, err
	}
	n, err := integer(v[2])
	if err != nil {
		return nil, err
	}
	if room := whole.bytes / int64(width); begin < 0 || n < 0 || begin > room || n > room-begin {
		return nil, wrong("%d elements from %d on are no part of a storage of %d", n, begin, room)
	}
	return &storage{key: whole.key, bytes: n * int64(width), open: whole.open, whole: whole, begin: begin * int64(width)}, nil
}

// find goes over the storages behind the pickles, of which keys is the order.
func (s *legacySource) find(keys any, at, size int64) error {
	names, ok := keys.(*list)
	if !ok {
		return FormatError{"", fmt.Sprintf("the keys of the storages are %s, not a list", kind(keys))}
	}
	for _, key := range names.items {
		var st *storage
		switch key.(type) {
		case string, int64:
			st = s.storages[key]
		}
		if st == nil {
			return FormatError{"", fmt.Sprintf("storage %s belongs to nothing in the file", printed(key))}
		}
		if _, twice := s.begin[st]; twice {
			return FormatError{"", fmt.Sprintf("storage %s is listed twice", st.key)}
		}
		var count [8]byte
		if size-at < 8 {
			return FormatError{"", fmt.Sprintf("the file ends before storage %s", st.key)}
		}
		if n, err := s.r.ReadAt(count[:], at); n < 8 {
			return fmt.Errorf("torch: read the size of storage %s: %w", st.key, err)
		}
		if n := binary.LittleEndian.Uint64(count[:]); n != uint64(st.bytes)/uint64(s.widths[st]) {
			return FormatError{"", fmt.Sprintf("storage %s has %d elements, the pickle says %d", st.key, n, st.bytes/int64(s.widths[st]))}
		}
		at += 8
		if st.bytes > size-at {
			return FormatError{"", fmt.Sprintf("storage %s has %d bytes, the file only %d more", st.key, st.bytes, size-at)}
		}
		s.begin[st] = at
		at += st.bytes
	}
	if len(s.begin) != len(s.storages) {
		return FormatError{"", fmt.Sprintf("the pickle names %d storages, the file has %d", len(s.storages), len(s.begin))}
	}
	return nil
}

func (s *legacySource) storage(of *storage) (io.ReaderAt, binary.ByteOrder, error) {
	at := of.begin
	whole := of
	if of.whole != nil {
		whole = of.whole
	}
	return io.NewSectionReader(s.r, s.begin[whole]+at, of.bytes), binary.LittleEndian, nil
}
