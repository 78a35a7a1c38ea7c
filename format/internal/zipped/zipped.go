// Package zipped reads the records of zip archives that hold arrays, with the care that a file from a stranger needs: no two records
// share bytes, names are unique, and nothing expands to more than a small multiple of the file.
package zipped

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"errors"
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

// A Problem is what is wrong with an archive. Errors of other types are those of the reader.
type Problem string

func (p Problem) Error() string { return string(p) }

func problem(format string, args ...any) error { return Problem(fmt.Sprintf(format, args...)) }

// wrap makes a Problem of what package zip finds wrong, and lets other errors be.
func wrap(what string, err error) error {
	broken := []error{zip.ErrFormat, zip.ErrAlgorithm, zip.ErrChecksum, io.EOF, io.ErrUnexpectedEOF}
	if corrupt := flate.CorruptInputError(0); errors.As(err, &corrupt) || slices.ContainsFunc(broken, func(b error) bool { return errors.Is(err, b) }) {
		return problem("%s: %v", what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

type record struct {
	file   *zip.File
	offset int64 // of its data in the archive
}

// Open reads the directory and checks where every record lies. Messages do not name the format: the caller knows what it was to be.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	r = io.NewSectionReader(r, 0, size) // Package zip asks for whatever offsets the directory claims, even negative ones.
	directory, err := zip.NewReader(r, size)
	if err != nil {
		return nil, wrap("the zip archive cannot be read", err)
	}
	a := &Archive{records: map[string]record{}, r: r, size: size}
	type span struct {
		name       string
		begin, end int64
	}
	var spans []span
	for _, f := range directory.File {
		if _, twice := a.records[f.Name]; twice {
			return nil, problem("the zip archive has two records %q", f.Name)
		}
		offset, err := f.DataOffset()
		if err != nil {
			return nil, wrap(fmt.Sprintf("record %q: its header cannot be read", f.Name), err)
		}
		if f.CompressedSize64 > uint64(size) || offset < 0 || offset > size-int64(f.CompressedSize64) {
			return nil, problem("record %q: %d bytes from byte %d on go beyond the file's %d", f.Name, f.CompressedSize64, offset, size)
		}
		switch {
		case f.Flags&1 != 0:
			return nil, problem("record %q is encrypted", f.Name)
		case f.Method == zip.Store && f.UncompressedSize64 != f.CompressedSize64:
			return nil, problem("record %q is stored with %d bytes but claims %d", f.Name, f.CompressedSize64, f.UncompressedSize64)
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return nil, problem("record %q has compression method %d; only stored and deflated records are read", f.Name, f.Method)
		case f.UncompressedSize64 > uint64(Expansion*size+Slack):
			return nil, problem("record %q would expand to %d bytes, more than %d times the file of %d bytes; store it uncompressed",
				f.Name, f.UncompressedSize64, Expansion, size)
		}
		a.records[f.Name] = record{f, offset}
		a.Names = append(a.Names, f.Name)
		spans = append(spans, span{f.Name, offset, offset + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) })
	for i := 1; i < len(spans); i++ {
		if spans[i].begin < spans[i-1].end+localHeader {
			return nil, problem("records %q and %q overlap", spans[i-1].name, spans[i].name)
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
		return nil, problem("there is no record %q", name)
	}
	if r.file.Method == zip.Store {
		return io.NewSectionReader(a.r, r.offset, int64(r.file.UncompressedSize64)), nil
	}
	stream, err := r.file.Open()
	if err != nil {
		return nil, wrap(fmt.Sprintf("record %q cannot be expanded", name), err)
	}
	defer stream.Close()
	data, err := io.ReadAll(stream) // which fails as soon as there is more than the size that the record claims
	if err != nil {
		return nil, wrap(fmt.Sprintf("record %q cannot be expanded", name), err)
	}
	return bytes.NewReader(data), nil
}

// Prefix returns the first n bytes of a record, or all if there are fewer, without expanding more than it must.
func (a *Archive) Prefix(name string, n int64) ([]byte, error) {
	r, ok := a.records[name]
	if !ok {
		return nil, problem("there is no record %q", name)
	}
	var stream io.Reader = io.NewSectionReader(a.r, r.offset, int64(r.file.UncompressedSize64))
	if r.file.Method != zip.Store {
		s, err := r.file.Open()
		if err != nil {
			return nil, wrap(fmt.Sprintf("record %q cannot be expanded", name), err)
		}
		defer s.Close()
		stream = s
	}
	data, err := io.ReadAll(io.LimitReader(stream, n))
	if err != nil {
		return nil, wrap(fmt.Sprintf("record %q cannot be read", name), err)
	}
	return data, nil
}
