package torch

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Every byte of a pickle may cost at most expansion bytes of memory, beside slack for the whole. What torch.save writes needs about ten.
const (
	expansion = 48
	slack     = 1 << 20
)

// An input is the stream that pickles are read from. It counts what it gives and what values cost.
type input struct {
	r    *bufio.Reader
	pos  int64 // bytes read
	size int64 // bytes in all
	most int64 // bytes that count for spend: a compressed pickle may be much larger than its file
	cost int64 // memory of the values, see spend
}

// newInput reads pickles of size bytes in a file of that many.
func newInput(r io.ReaderAt, size, file int64) *input {
	return &input{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 16<<10), size: size, most: 4 * file}
}

// spend accounts for n bytes of memory and refuses what is out of proportion to the bytes read.
func (in *input) spend(n int) error {
	in.cost += int64(n)
	if in.cost > expansion*min(in.pos, in.most)+slack {
		return FormatError{"", fmt.Sprintf("the pickle's values take more than %d times its bytes: it is made to fill memory", expansion)}
	}
	return nil
}

func (in *input) byte() (byte, error) {
	b, err := in.r.ReadByte()
	if err == nil {
		in.pos++
	}
	return b, in.wrap(err)
}

// bytes reads n bytes; n is a claim of the file.
func (in *input) bytes(n uint64) ([]byte, error) {
	if n > uint64(in.size-in.pos) {
		return nil, FormatError{"", fmt.Sprintf("byte %d of the pickle claims %d bytes to follow, there are %d", in.pos, n, in.size-in.pos)}
	}
	data := make([]byte, n)
	read, err := io.ReadFull(in.r, data)
	in.pos += int64(read)
	if err != nil {
		return nil, in.wrap(err)
	}
	return data, in.spend(int(n) + 24)
}

// uint reads a little-endian number of n bytes.
func (in *input) uint(n int) (uint64, error) {
	var b [8]byte
	read, err := io.ReadFull(in.r, b[:n])
	in.pos += int64(read)
	return binary.LittleEndian.Uint64(b[:]), in.wrap(err)
}

// line reads up to a line feed, which it drops.
func (in *input) line() (string, error) {
	var whole []byte
	for {
		part, err := in.r.ReadSlice('\n')
		in.pos += int64(len(part))
		whole = append(whole, part...)
		if err == bufio.ErrBufferFull {
			err = nil
		} else if err == nil {
			return string(bytes.TrimSuffix(whole, []byte("\n"))), in.spend(len(whole) + 24)
		}
		if err != nil {
			return "", in.wrap(err)
		}
	}
}

func (in *input) wrap(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return FormatError{"", fmt.Sprintf("the pickle ends early, after %d bytes", in.pos)}
	}
	if err != nil {
		return fmt.Errorf("torch: read byte %d: %w", in.pos, err)
	}
	return nil
}
