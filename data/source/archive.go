package source

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// A spot is where a file is: at a path or, if member is not "", under that name in the zip archive there.
type spot struct{ path, member string }

// inArchives looks for the file in those zip archives of a folder whose names match a pattern, and notes what is wrong with them.
func (f File) inArchives(dir, pattern string, missing *MissingError) spot {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return spot{} // that the folder is not there has been noted
	}
	for _, e := range entries {
		if ok, _ := path.Match(pattern, e.Name()); !ok {
			continue
		}
		archive := filepath.Join(dir, e.Name())
		member, err := f.member(archive)
		if err == nil {
			return spot{archive, member}
		}
		missing.note("archive "+archive, err.Error())
	}
	return spot{}
}

// member returns the name that the file has in an archive.
func (f File) member(archive string) (string, error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return "", err
	}
	defer z.Close()
	for _, m := range z.File {
		if path.Base(m.Name) == f.Name {
			return m.Name, nil
		}
	}
	return "", fmt.Errorf("it does not hold %s", f.Name)
}

// open opens the bytes at a spot, of a file of a size. An archive gives a little more than that at most, whatever it expands to: enough to
// see that it is another file.
func (s spot) open(size int64) (io.ReadCloser, error) {
	if s.member == "" {
		return os.Open(s.path)
	}
	z, err := zip.OpenReader(s.path)
	if err != nil {
		return nil, err
	}
	for _, m := range z.File {
		if m.Name != s.member {
			continue
		}
		r, err := m.Open()
		if err != nil {
			z.Close()
			return nil, err
		}
		return unpacked{io.LimitReader(r, size+1), z}, nil
	}
	z.Close()
	return nil, fmt.Errorf("%s does not hold %s any more", s.path, s.member)
}

// unpacked reads a member of an archive, which Close closes.
type unpacked struct {
	io.Reader
	archive io.Closer
}

func (u unpacked) Close() error { return u.archive.Close() }
