package text

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/hadal-go/hadal/internal/atomicfile"
)

// IDs are the numbers of the tokens of a long text. Several goroutines may read them at once.
type IDs interface {
	Len() int
	// Read fills to with the numbers from position at on.
	Read(to []int, at int) error
}

// Held are numbers in memory.
type Held []int32

// Len implements IDs.
func (h Held) Len() int { return len(h) }

// Read implements IDs.
func (h Held) Read(to []int, at int) error {
	if at < 0 || at+len(to) > len(h) {
		return fmt.Errorf("tokens %d to %d are asked for, of %d", at, at+len(to), len(h))
	}
	for i := range to {
		to[i] = int(h[at+i])
	}
	return nil
}

// pieceMemory is how many pieces an encoder remembers while it goes through a long text.
const pieceMemory = 1 << 16

// each calls f with the numbers of the tokens of each line.
func (t *Tokenizer) each(lines Lines, f func(ids []int) error) error {
	e := t.encoder(pieceMemory)
	var ids []int
	for line, err := range lines {
		if err != nil {
			return err
		}
		if ids, err = e.append(ids[:0], line.Text); err != nil {
			return line.wrap(err)
		}
		if err := f(ids); err != nil {
			return err
		}
	}
	return nil
}

// Tokenize returns the numbers of the tokens of a text, line after line. An error names the line.
func (t *Tokenizer) Tokenize(lines Lines) (Held, error) {
	var held Held
	err := t.each(lines, func(ids []int) error {
		for _, id := range ids {
			held = append(held, int32(id))
		}
		return nil
	})
	return held, err
}

// A cache is a file of numbers: the word below, the width of a number in bytes, the count of numbers, a sum of what they were made
// of, and the numbers, little-endian.
const (
	cacheWord   = "hadalids"
	cacheHeader = len(cacheWord) + 8 + 8 + sha256.Size
)

// A Cache has numbers in a file, of which only what is asked for is read.
type Cache struct {
	file  *os.File
	width int // bytes of a number: 1, 2 or 4
	n     int
}

// Cached returns the numbers of the tokens of a corpus in the file at path, which is made if it is not there, or was made of another
// corpus or with another tokenizer. It takes one, two or four bytes a token, as the vocabulary needs; memory does not grow with the
// corpus. Close the Cache after use.
func (t *Tokenizer) Cached(path string, c *Corpus) (*Cache, error) {
	sum, err := t.fingerprint(c)
	if err != nil {
		return nil, err
	}
	if cache, err := openCache(path, sum); err == nil {
		return cache, nil
	} else if !errors.Is(err, errStale) && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err := t.writeCache(path, c, sum); err != nil {
		return nil, err
	}
	return openCache(path, sum)
}

// fingerprint sums what numbers depend on: the tokenizer and the files, by name, size and time.
func (t *Tokenizer) fingerprint(c *Corpus) ([]byte, error) {
	sum := sha256.New()
	if err := t.Write(sum); err != nil {
		return nil, err
	}
	for _, p := range c.Parts {
		info, err := os.Stat(p.Path)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(sum, "%q %d %d %d %d\n", p.Path, p.From, p.To, info.Size(), info.ModTime().UnixNano())
	}
	return sum.Sum(nil), nil
}

// errStale says that a cache is of something else, or not whole.
var errStale = errors.New("the file has other tokens")

func openCache(path string, sum []byte) (_ *Cache, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	header := make([]byte, cacheHeader)
	if n, err := f.ReadAt(header, 0); n < len(header) {
		if err == io.EOF && n == 0 || n > 0 && bytes.HasPrefix([]byte(cacheWord), header[:min(n, len(cacheWord))]) {
			return nil, errStale
		}
		return nil, fmt.Errorf("%s is no cache of tokens, and is not overwritten: name another file", path)
	}
	if string(header[:len(cacheWord)]) != cacheWord {
		return nil, fmt.Errorf("%s is no cache of tokens, and is not overwritten: name another file", path)
	}
	numbers := header[len(cacheWord):]
	width, n := binary.LittleEndian.Uint64(numbers), binary.LittleEndian.Uint64(numbers[8:])
	if !bytes.Equal(numbers[16:], sum) || width != 1 && width != 2 && width != 4 || n > math.MaxInt64/8 ||
		info.Size() != int64(cacheHeader)+int64(n*width) {
		return nil, errStale
	}
	return &Cache{f, int(width), int(n)}, nil
}

func (t *Tokenizer) writeCache(path string, c *Corpus, sum []byte) error {
	width := 4
	switch size := t.Len(); {
	case size <= 1<<8:
		width = 1
	case size <= 1<<16:
		width = 2
	}
	// The count comes first but is known last: a first pass would cost as much as the second, so the numbers are written behind an
	// empty header, which is filled in before the file gets its name.
	return atomicfile.Write(path, func(w io.Writer) error {
		file, ok := w.(io.WriterAt)
		if !ok {
			return fmt.Errorf("cannot go back in %s", path)
		}
		header := make([]byte, cacheHeader)
		out := bufio.NewWriterSize(w, 1<<16)
		out.Write(header)
		n := 0
		number := make([]byte, 4)
		err := t.each(c.Lines(), func(ids []int) error {
			for _, id := range ids {
				binary.LittleEndian.PutUint32(number, uint32(id))
				out.Write(number[:width]) // the error comes with Flush
			}
			n += len(ids)
			return nil
		})
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			return err
		}
		copy(header, cacheWord)
		binary.LittleEndian.PutUint64(header[len(cacheWord):], uint64(width))
		binary.LittleEndian.PutUint64(header[len(cacheWord)+8:], uint64(n))
		copy(header[len(cacheWord)+16:], sum)
		_, err = file.WriteAt(header, 0)
		return err
	})
}

// Len implements IDs.
func (c *Cache) Len() int { return c.n }

// Close closes the file.
func (c *Cache) Close() error { return c.file.Close() }

// Read implements IDs.
func (c *Cache) Read(to []int, at int) error {
	if at < 0 || at+len(to) > c.n {
		return fmt.Errorf("tokens %d to %d are asked for, of %d", at, at+len(to), c.n)
	}
	raw := make([]byte, len(to)*c.width)
	if _, err := c.file.ReadAt(raw, int64(cacheHeader)+int64(at)*int64(c.width)); err != nil {
		return err
	}
	for i := range to {
		switch b := raw[i*c.width:]; c.width {
		case 1:
			to[i] = int(b[0])
		case 2:
			to[i] = int(binary.LittleEndian.Uint16(b))
		default:
			to[i] = int(binary.LittleEndian.Uint32(b))
		}
	}
	return nil
}
