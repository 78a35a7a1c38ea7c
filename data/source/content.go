package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
)

// A CorruptError names a file that is not what it should be. Nothing is done about it: the file is the user's.
type CorruptError struct {
	Path, File string // where it is, or the archive that holds it; the file of the source that it should be
	Problem    string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged or another file than %s (%s): delete it, and it is looked for elsewhere, or put a good copy "+
		"in its place", e.Path, e.File, e.Problem)
}

// Open opens the content of the file with this name in Source.Files: without its compression and verified on the fly. Who reads
// it to the end gets either all of the right content, or a *CorruptError.
func (l Located) Open(name string) (io.ReadCloser, error) {
	f, at := l.file("Open", name)
	return openContent(at, f)
}

// ReadFile returns the content of the file with this name in Source.Files, which is not compressed, such as weights: all of the right
// content or a *CorruptError, and never much more than it should have.
func (l Located) ReadFile(name string) ([]byte, error) {
	r, err := l.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	f, at := l.file("ReadFile", name)
	b := bytes.NewBuffer(make([]byte, 0, f.Size+bytes.MinRead))
	if n, err := b.ReadFrom(io.LimitReader(r, f.Size+1)); err != nil {
		return nil, err
	} else if n > f.Size {
		return nil, &CorruptError{Path: at.path, File: f.Name, Problem: fmt.Sprintf("it has more than %d bytes", f.Size)}
	}
	return b.Bytes(), nil
}

// Check reads all files and returns a *CorruptError for the first that is not what it should be.
func (l Located) Check() error {
	for i, f := range l.Source.Files {
		if err := checkContent(l.spots[i], f); err != nil {
			return err
		}
	}
	return nil
}

// checkContent reads the file at a spot to the end.
func checkContent(at spot, f File) error {
	r, err := openContent(at, f)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

type content struct {
	file io.Closer
	path string
	r    io.Reader
	sum  hash.Hash
	size int64 // of what was read
	want File
	end  error // after the end was reached
}

func openContent(at spot, f File) (io.ReadCloser, error) {
	c := &content{path: at.path, sum: sha256.New(), want: f}
	file, err := at.open(f.Size)
	if err != nil {
		return nil, c.corrupt(err)
	}
	c.file = file
	var raw io.Reader = file
	if f.archive() {
		raw = io.TeeReader(file, c.sum)
	}
	in := bufio.NewReaderSize(raw, 1<<16)
	c.r = in
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			file.Close()
			return nil, c.corrupt(err)
		}
		c.r = z
	}
	return c, nil
}

func (c *content) Read(p []byte) (int, error) {
	if c.end != nil {
		return 0, c.end
	}
	n, err := c.r.Read(p)
	c.size += int64(n)
	if !c.want.archive() {
		c.sum.Write(p[:n])
	}
	switch {
	case err == io.EOF && c.want.SHA256 == "":
		c.end = io.EOF
		if c.size != c.want.Size {
			c.end = c.corrupt(fmt.Errorf("its content has %d bytes, want %d", c.size, c.want.Size))
		}
	case err == io.EOF:
		c.end = io.EOF
		if got := hex.EncodeToString(c.sum.Sum(nil)); got != c.want.SHA256 {
			c.end = c.corrupt(fmt.Errorf("the sha256 of its content is %s, want %s", got, c.want.SHA256))
		}
	case err != nil:
		c.end = c.corrupt(err)
	}
	return n, c.end
}

// corrupt makes a CorruptError of what is wrong with the bytes; errors of the disk stay what they are.
func (c *content) corrupt(err error) error {
	var disk *fs.PathError
	if errors.As(err, &disk) {
		return err
	}
	return &CorruptError{Path: c.path, File: c.want.Name, Problem: err.Error()}
}

func (c *content) Close() error { return c.file.Close() }
