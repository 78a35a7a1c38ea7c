package imagefolder

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// ArchiveExtensions are those of the archives that Open reads, in lower case.
var ArchiveExtensions = []string{".zip", ".tar", ".tar.gz", ".tgz"}

// IsArchive tells by a file's name whether it is an archive that Open reads.
func IsArchive(name string) bool {
	return slices.ContainsFunc(ArchiveExtensions, func(e string) bool { return strings.HasSuffix(strings.ToLower(name), e) })
}

// maxArchive is how many bytes of pictures of a tar archive are held in memory.
const maxArchive = 2 << 30

// An opener opens a picture in an archive by the path that the listing gives it.
type opener func(path string) (io.ReadCloser, error)

// archive lists the archive at path. One folder around all that is in it is as if it were not there.
func archive(path string) (listing, error) {
	l, err := openArchive(path)
	if err != nil {
		return listing{}, fmt.Errorf("%s: %w", path, err)
	}
	for {
		inner, ok := l.only()
		if !ok {
			break
		}
		l = inner
	}
	slices.SortFunc(l.entries, func(a, b entry) int { return slices.Compare(a.name, b.name) })
	return l, nil
}

func openArchive(path string) (listing, error) {
	f, err := os.Open(path)
	if err != nil {
		return listing{}, err
	}
	magic := make([]byte, 4)
	n, err := f.ReadAt(magic, 0)
	if err != nil && err != io.EOF {
		f.Close()
		return listing{}, err
	}
	if n == 0 {
		f.Close()
		return listing{}, errors.New("an empty file, neither a folder nor an archive")
	}
	if magic := string(magic[:n]); strings.HasPrefix(magic, "PK") {
		info, err := f.Stat()
		if err != nil {
			f.Close()
			return listing{}, err
		}
		l, err := listZip(path, f, info.Size())
		if err != nil {
			f.Close()
		}
		return l, err // the file stays open, for its pictures
	}
	defer f.Close()
	return listTar(path, f, maxArchive)
}

// listZip lists a ZIP archive of so many bytes.
func listZip(path string, r io.ReaderAt, size int64) (listing, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return listing{}, fmt.Errorf("a broken ZIP archive: %w", err)
	}
	l := listing{root: path}
	files := map[string]*zip.File{}
	for _, f := range z.File {
		if e, ok := l.entry(f.Name); ok && f.Mode().IsRegular() {
			l.entries = append(l.entries, e)
			files[e.path] = f
		}
	}
	l.open = func(path string) (io.ReadCloser, error) {
		f, ok := files[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return f.Open()
	}
	return l, nil
}

// listTar lists a tar archive, compressed with gzip or not, and keeps its pictures, of most bytes in all.
func listTar(path string, r io.Reader, most int64) (listing, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	r = in
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(in)
		if err != nil {
			return listing{}, err
		}
		r = z
	}
	l := listing{root: path}
	content := map[string][]byte{}
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return listing{}, fmt.Errorf("no archive that can be read, neither ZIP nor tar, or one that is cut short: %w", err)
		}
		e, ok := l.entry(h.Name)
		if !ok || h.Typeflag != tar.TypeReg || !isPicture(h.Name) {
			continue
		}
		var b bytes.Buffer // grows with what is there: a size can be a lie
		n, err := b.ReadFrom(io.LimitReader(t, most+1))
		if err != nil {
			return listing{}, fmt.Errorf("%s: %w", h.Name, err)
		}
		if most -= n; most < 0 {
			return listing{}, errors.New("it holds too many bytes for memory: unpack it and name the folder")
		}
		if _, again := content[e.path]; !again {
			l.entries = append(l.entries, e)
		}
		content[e.path] = bytes.Clone(b.Bytes())
	}
	l.open = func(path string) (io.ReadCloser, error) {
		b, ok := content[path]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		}
		return io.NopCloser(bytes.NewReader(b)), nil
	}
	return l, nil
}

// entry makes an entry of a file's name in an archive, if it is not hidden. Nothing is written anywhere, so that a name that
// leads out of the archive does no harm.
func (l listing) entry(name string) (entry, bool) {
	parts := strings.Split(strings.TrimPrefix(path.Clean("/"+name), "/"), "/")
	if parts[0] == "" || slices.ContainsFunc(parts, hidden) || slices.Contains(parts, "__MACOSX") || len(parts) > maxDepth {
		return entry{}, false
	}
	return entry{name: parts, path: l.root + "/" + strings.Join(parts, "/")}, true
}

// only returns what is in the one folder around everything else, if there is one and the classes are further down.
func (l listing) only() (listing, bool) {
	inner := listing{root: l.root, open: l.open}
	for _, e := range l.entries {
		if len(e.name) < 3 || e.name[0] != l.entries[0].name[0] {
			return listing{}, false
		}
		e.name = e.name[1:]
		inner.entries = append(inner.entries, e)
	}
	return inner, len(l.entries) > 0
}
