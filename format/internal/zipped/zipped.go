// Package zipped reads the records of zip archives that hold arrays, with the care that a file from a stranger needs: no two records
// share bytes, names are unique, and nothing expands to more than a small multiple of the file.
package zipped

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
)

// Expansion is how many times the size of the archive a compressed record may have, beside Slack bytes.
const (
	Expansion = 64
	Slack     = 1 << 20
)

// localHeader is the least that lies between the data of two records: the header of the second, its name not counted.
const localHeader = 30

// An Archive is the directory of an open archive. Its methods may be called from several goroutines at once if the reader's ReadAt may.
type Archive struct {
	Names   []string // in the order of the directory
	records map[string]record
	r       io.ReaderAt
	size    int64
}

type record struct {
	file   *zip.File
	offset int64 // of its data in the archive
}

// Open reads the directory and checks where every record lies. Errors have no prefix: the caller knows what the archive was meant to be.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	directory, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("the zip archive cannot be read: %w", err)
	}
	a := &Archive{records: map[string]record{}, r: r, size: size}
	type span struct {
		name       string
		begin, end int64
	}
	var spans []span
	for _, f := range directory.File {
		if _, twice := a.records[f.Name]; twice {
			return nil, fmt.Errorf("the zip archive has two records %q", f.Name)
		}
		offset, err := f.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("record %q: its header cannot be read: %w", f.Name, err)
		}
		if f.CompressedSize64 > uint64(size) || offset < 0 || offset > size-int64(f.CompressedSize64) {
			return nil, fmt.Errorf("record %q: %d bytes from byte %d on go beyond the file's %d", f.Name, f.CompressedSize64, offset, size)
		}
		switch {
		case f.Flags&1 != 0:
			return nil, fmt.Errorf("record %q is encrypted", f.Name)
		case f.Method == zip.Store && f.UncompressedSize64 != f.CompressedSize64:
			return nil, fmt.Errorf("record %q is stored with %d bytes but claims %d", f.Name, f.CompressedSize64, f.UncompressedSize64)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, fmt.Errorf("record %q has compression method %d; only stored and deflated records are read", f.Name, f.Method)
		case f.UncompressedSize64 > uint64(Expansion*size+Slack):
			return nil, fmt.Errorf("record %q would expand to %d bytes, more than %d times the file of %d bytes; store it uncompressed",
				f.Name, f.UncompressedSize64, Expansion, size)
		}
		a.records[f.Name] = record{f, offset}
		a.Names = append(a.Names, f.Name)
		spans = append(spans, span{f.Name, offset, offset + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) })
	for i := 1; i < len(spans); i++ {
		if spans[i].begin < spans[i-1].end+localHeader {
			return nil, fmt.Errorf("records %q and %q overlap", spans[i-1].name, spans[i].name)
		}
	}
	return a, nil
}

// Size returns the bytes of a record when it is expanded, and whether there is one of that name.
func (a *Archive) Size(name string) (int64, bool) {
	r, ok := a.records[name]
	if !ok {
		return 0, false
	}
	return int64(r.file.UncompressedSize64), true
}

// Record returns the bytes of a record: a part of the archive if it is stored, memory if it is compressed. The checksum is verified only
// in the latter case, since a stored record need not be read as a whole, and writers may leave it out.
func (a *Archive) Record(name string) (io.ReaderAt, error) {
	r, ok := a.records[name]
	if !ok {
		return nil, fmt.Errorf("there is no record %q", name)
	}
	if r.file.Method == zip.Store {
		return io.NewSectionReader(a.r, r.offset, int64(r.file.UncompressedSize64)), nil
	}
	stream, err := r.file.Open()
	if err != nil {
		return nil, fmt.Errorf("record %q cannot be expanded: %w", name, err)
	}
	defer stream.Close()
	data, err := io.ReadAll(io.LimitReader(stream, int64(r.file.UncompressedSize64)+1)) // The size is a claim until the data is there.
	if err == nil && uint64(len(data)) != r.file.UncompressedSize64 {
		err = fmt.Errorf("it has %d bytes or more, not the %d that it claims", len(data), r.file.UncompressedSize64)
	}
	if err != nil {
		return nil, fmt.Errorf("record %q cannot be expanded: %w", name, err)
	}
	return bytes.NewReader(data), nil
}

// Prefix returns the first n bytes of a record, or all if there are fewer, without expanding more than it must.
func (a *Archive) Prefix(name string, n int64) ([]byte, error) {
	r, ok := a.records[name]
	if !ok {
		return nil, fmt.Errorf("there is no record %q", name)
	}
	var stream io.Reader = io.NewSectionReader(a.r, r.offset, int64(r.file.UncompressedSize64))
	if r.file.Method != zip.Store {
		s, err := r.file.Open()
		if err != nil {
			return nil, fmt.Errorf("record %q cannot be expanded: %w", name, err)
		}
		defer s.Close()
		stream = s
	}
	data, err := io.ReadAll(io.LimitReader(stream, n))
	if err != nil {
		return nil, fmt.Errorf("record %q cannot be read: %w", name, err)
	}
	return data, nil
}
