package text

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Corpus is text in files, which is read in small pieces and so may be larger than memory.
type Corpus struct{ Parts []Part }

// A Part is what a file has from the byte From up to the byte To.
type Part struct {
	Path     string
	From, To int64
	Line     int // the number of the line that begins at From, from 1
}

// maxLine is how many bytes of a line are read at once. A longer one is read in pieces.
const maxLine = 64 << 10

// Open returns the text of files and folders, those of a folder in the order of their paths, without hidden ones. The error names what
// cannot be read, or says that there is no text at all.
func Open(paths ...string) (*Corpus, error) {
	c := &Corpus{}
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch hidden := path != root && strings.HasPrefix(d.Name(), "."); {
			case err != nil:
				return err
			case hidden && d.IsDir():
				return fs.SkipDir
			case hidden || d.IsDir():
				return nil
			}
			info, err := os.Stat(path)
			if err == nil && info.Mode().IsRegular() && info.Size() > 0 {
				c.Parts = append(c.Parts, Part{path, 0, info.Size(), 1})
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if len(c.Parts) == 0 {
		return nil, fmt.Errorf("%s: %w", strings.Join(paths, ", "), ErrEmpty)
	}
	return c, nil
}

// ErrEmpty says that files have no text.
var ErrEmpty = errors.New("there is no text in it: want a file that is not empty, or a folder of them")

// Size returns the number of bytes.
func (c *Corpus) Size() (n int64) {
	for _, p := range c.Parts {
		n += p.To - p.From
	}
	return n
}

// Lines returns the lines of all parts with their line ends, as they are: \r\n stays \r\n. A line of more than 64 KiB comes in
// pieces, cut before white space if it can be, where all splitters cut anyway, and never within a character. What a text is cut into
// depends on nothing but the text.
func (c *Corpus) Lines() Lines {
	return func(yield func(Line, error) bool) {
		for _, p := range c.Parts {
			if !p.lines(yield) {
				return
			}
		}
	}
}

// lines tells whether to go on behind the part.
func (p Part) lines(yield func(Line, error) bool) bool {
	f, err := os.Open(p.Path)
	if err != nil {
		return yield(Line{}, err) && false
	}
	defer f.Close()
	in := bufio.NewReaderSize(io.NewSectionReader(f, p.From, p.To-p.From), maxLine)
	line := Line{File: p.Path, Number: p.Line}
	give := func(piece []byte) bool {
		line.Text = string(piece)
		return yield(line, nil)
	}
	var long []byte // what has been read of a line that does not fit in the buffer
	for {
		piece, err := in.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull && err != io.EOF {
			return yield(Line{}, err) && false
		}
		if len(long) > 0 || err == bufio.ErrBufferFull {
			long = append(long, piece...)
			piece = long
		}
		for len(piece) > maxLine {
			n := cutOf(piece[:maxLine])
			if !give(piece[:n]) {
				return false
			}
			piece = piece[n:]
		}
		if err == bufio.ErrBufferFull {
			long = append(long[:0], piece...)
			continue
		}
		if len(piece) > 0 && !give(piece) {
			return false
		}
		if err == io.EOF {
			return true
		}
		long = long[:0]
		line.Number++
	}
}

// cutOf returns where to cut a piece of a line that is too long.
func cutOf(piece []byte) int {
	if i := bytes.LastIndexAny(piece, " \t"); i > 0 {
		return i
	}
	for n := 1; n < utf8.UTFMax; n++ {
		if i := len(piece) - n; utf8.RuneStart(piece[i]) {
			if utf8.FullRune(piece[i:]) {
				break
			}
			return i
		}
	}
	return len(piece)
}

// Split cuts a corpus in as many as there are shares, in its order and at ends of lines, each of about its share of the bytes:
// Split(90, 5, 5) makes training, validation and test. The error says if one has nothing.
func (c *Corpus) Split(shares ...float64) ([]*Corpus, error) {
	var sum, before float64
	for _, s := range shares {
		if !(s > 0) {
			return nil, fmt.Errorf("a share of %v of a text: shares must be above 0", s)
		}
		sum += s
	}
	total, rest := c.Size(), slices.Clone(c.Parts)
	var split []*Corpus
	var done int64 // bytes in split
	for i, s := range shares {
		before += s
		part := &Corpus{}
		for end := int64(float64(total) * before / sum); len(rest) > 0 && (done < end || i == len(shares)-1); {
			head := rest[0]
			if want := end - done; i < len(shares)-1 && want < head.To-head.From {
				cut, lines, err := head.lineEnd(head.From + want)
				if err != nil {
					return nil, err
				}
				rest[0].From, rest[0].Line = cut, head.Line+lines
				head.To = cut
			}
			if done += head.To - head.From; head.To == rest[0].To {
				rest = rest[1:]
			}
			part.Parts = append(part.Parts, head)
		}
		if part.Size() == 0 {
			return nil, fmt.Errorf("a text of %d bytes has too few lines to be cut by the shares %v", total, shares)
		}
		split = append(split, part)
	}
	return split, nil
}

// lineEnd returns where the first line ends that does so at or behind a byte, and how many lines of the part end up to there.
func (p Part) lineEnd(at int64) (end int64, lines int, err error) {
	end = p.From
	for line, err := range (&Corpus{[]Part{p}}).Lines() {
		if err != nil {
			return 0, 0, err
		}
		end += int64(len(line.Text))
		if strings.HasSuffix(line.Text, "\n") {
			if lines++; end >= at {
				break
			}
		}
	}
	return end, lines, nil
}
