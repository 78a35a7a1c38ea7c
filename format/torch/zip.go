package torch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hadal-go/hadal/format/internal/number"
	"github.com/hadal-go/hadal/format/internal/zipped"
)

// A zipSource has the storages of a zip archive: one record each.
type zipSource struct {
	archive *zipped.Archive
	folder  string // which all records are in, with a slash
	order   binary.ByteOrder
}

// openZip reads the pickle of a zip archive: a folder with data.pkl, byteorder (since 2.1) and data/0, data/1 and so on.
func openZip(r io.ReaderAt, size int64) (*machine, any, error) {
	archive, err := zipped.Open(r, size)
	if err != nil {
		return nil, nil, archiveError("", err)
	}
	folder, err := findFolder(archive.Names)
	if err != nil {
		return nil, nil, err
	}
	s := &zipSource{archive, folder, binary.LittleEndian}
	if _, ok := archive.Size(folder + "byteorder"); ok {
		order, err := archive.Prefix(folder+"byteorder", 16)
		switch {
		case err != nil:
			return nil, nil, archiveError("", err)
		case string(order) == "big":
			s.order = binary.BigEndian
		case string(order) != "little":
			return nil, nil, FormatError{"", fmt.Sprintf("the byte order is %q, want little or big", order)}
		}
	}
	pickle, err := archive.Record(folder + "data.pkl")
	if err != nil {
		return nil, nil, archiveError("", err)
	}
	n, _ := archive.Size(folder + "data.pkl")
	m := &machine{input: newInput(pickle, n, size), file: size}
	storages := map[string]*storage{}
	m.load = func(id any) (any, error) { return s.load(storages, id) }
	root, err := m.run()
	return m, root, err
}

// archiveError makes a FormatError of what is wrong with the archive; other errors are those of its reader.
func archiveError(tensor string, err error) error {
	if p := zipped.Problem(""); errors.As(err, &p) {
		return FormatError{tensor, err.Error()}
	}
	return fmt.Errorf("torch: %w", err)
}

// findFolder returns the folder of data.pkl and refuses archives of other kinds.
func findFolder(names []string) (string, error) {
	var found []string
	for _, name := range names {
		if folder, ok := strings.CutSuffix(name, "data.pkl"); ok && strings.Count(folder, "/") <= 1 && strings.Trim(folder, "/") != folder {
			found = append(found, folder)
		}
	}
	has := func(suffix string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasSuffix(name, suffix) })
	}
	switch {
	case has("/constants.pkl"):
		return "", FormatError{"", "this is a TorchScript archive of torch.jit.save, which holds a program and is not read: " +
			"save the state_dict() of the module with torch.save"}
	case has("/archive_format"):
		return "", FormatError{"", "this is an archive of torch.export, which holds a program and is not read: " +
			"save the state_dict() of the module with torch.save"}
	case len(found) == 0:
		return "", FormatError{"", fmt.Sprintf("the zip archive of %d records has no data.pkl in a folder: torch.save did not write it", len(names))}
	case len(found) > 1:
		return "", FormatError{"", fmt.Sprintf("the zip archive has %d folders with data.pkl, want one", len(found))}
	}
	return found[0], nil
}

// load returns the storage of a persistent id: the tuple ('storage', class, key, location, number of elements).
func (s *zipSource) load(storages map[string]*storage, id any) (any, error) {
	ref, key, n, err := parseID(id, 5)
	if err != nil {
		return nil, err
	}
	name, ok := key.(string)
	if !ok {
		return nil, wrong("the key of a storage is %s", kind(key))
	}
	ref.storage = storages[name]
	if ref.storage == nil {
		size, ok := s.archive.Size(s.folder + "data/" + name)
		if !ok {
			return nil, wrong("there is no record %.80q for a storage", s.folder+"data/"+name)
		}
		ref.storage = &storage{key: name, bytes: size, open: s}
		storages[name] = ref.storage
	}
	if width := int64(elementWidth(ref.dtype)); n != ref.bytes/width || ref.bytes%width != 0 {
		return nil, wrong("storage %.80q has %d elements of %d bytes, its record has %d bytes", name, n, width, ref.bytes)
	}
	return ref, nil
}

// elementWidth returns the bytes by which the elements of a storage are counted: 1 if it has no type.
func elementWidth(dtype string) int {
	if dtype == "" {
		return 1
	}
	return number.Width(dtype)
}

// parseID takes apart a persistent id of at least n parts.
func parseID(id any, n int) (ref storageRef, key any, elements int64, err error) {
	parts, ok := id.(tuple)
	if !ok || len(parts) < n || parts[0] != "storage" {
		return ref, nil, 0, wrong("the persistent id is %s, not a storage of %d parts", printed(id), n)
	}
	dtype, ok := storageType(parts[1])
	if !ok {
		return ref, nil, 0, wrong("%s is no known class of storages", printed(parts[1]))
	}
	elements, err = integer(parts[4])
	if err == nil && elements < 0 {
		err = wrong("a storage has %d elements", elements)
	}
	return storageRef{nil, dtype}, parts[2], elements, err
}

func (s *zipSource) storage(of *storage) (io.ReaderAt, binary.ByteOrder, error) {
	r, err := s.archive.Record(s.folder + "data/" + of.key)
	return r, s.order, err
}
