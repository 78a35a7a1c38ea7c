// Package safetensors reads and writes the safetensors file format: named arrays of numbers behind a JSON header, with
// nothing in the file that could run.
//
// A file is an 8-byte little-endian length n, n bytes of JSON, and the data of all tensors, contiguous, row-major and
// little-endian. The header maps each name to its dtype, shape and the span of its bytes within the data, and the key
// __metadata__ to a map of strings. See https://github.com/huggingface/safetensors#format.
//
// Open reads the header only and is as strict as the reference library, and stricter where that one is silent
// (duplicate names): a file that is accepted is wholly covered by its tensors, each of exactly the size that its shape
// and dtype ask for. Reading one tensor touches the bytes of that tensor alone.
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxHeader is the largest header, in bytes, that the reference library reads.
const maxHeader = 100_000_000

// metadataKey is the one key of the header that names no tensor.
const metadataKey = "__metadata__"

// dtypes holds the bits of one element of every dtype of the format, in the order of alignment by which files are
// sorted.
var dtypes = []struct {
	name string
	bits uint64
}{
	{"BOOL", 8}, {"F4", 4}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8}, {"I8", 8}, {"F8_E5M2", 8}, {"F8_E4M3", 8},
	{"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16}, {"U16", 16}, {"F16", 16}, {"BF16", 16},
	{"I32", 32}, {"U32", 32}, {"F32", 32}, {"C64", 64}, {"F64", 64}, {"I64", 64}, {"U64", 64},
}

// rank returns the position of a dtype in dtypes, or -1 if the format has none of that name.
func rank(dtype string) int {
	for i, d := range dtypes {
		if d.name == dtype {
			return i
		}
	}
	return -1
}

// A FormatError says what is wrong with a file, and with which of its tensors.
type FormatError struct {
	Tensor  string // name of the tensor at fault; empty if the file as a whole is
	Problem string
}

func (e FormatError) Error() string {
	if e.Tensor == "" {
		return "safetensors: " + e.Problem
	}
	return fmt.Sprintf("safetensors: tensor %q: %s", e.Tensor, e.Problem)
}

// A Tensor describes one entry of a file.
type Tensor struct {
	Name       string
	DType      string // F32, F16, BF16, F64, I64, U8 …, as the file spells it
	Shape      []int  // empty for a single number
	begin, end int64  // span of its bytes, counted from the start of the data
}

// Len returns the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes returns the number of bytes that the tensor takes in the file.
func (t Tensor) Bytes() int64 { return t.end - t.begin }

// A File is the header of an open safetensors file. Its methods may be called from several goroutines at once if the
// reader's ReadAt may.
type File struct {
	Metadata map[string]string // nil if the file has none
	tensors  []Tensor          // in the order of their data
	index    map[string]int
	r        io.ReaderAt
	data     int64 // offset of the data in r
}

// Open reads and checks the header of a file of size bytes and loads no tensor. The error is a FormatError if the file
// breaks the format, or that of r if reading fails. Memory is bounded by a small multiple of the header.
func Open(r io.ReaderAt, size int64) (*File, error) {
	if size < 8 {
		return nil, FormatError{"", fmt.Sprintf("the file has %d bytes, the length of its header alone takes 8", size)}
	}
	var prefix [8]byte
	if err := readFull(r, prefix[:], 0); err != nil {
		return nil, fmt.Errorf("safetensors: read the header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > maxHeader {
		return nil, FormatError{"", fmt.Sprintf("the header claims %d bytes, at most %d are allowed", n, maxHeader)}
	}
	if int64(n) > size-8 {
		return nil, FormatError{"", fmt.Sprintf("the header claims %d bytes, the file has only %d", n, size-8)}
	}
	header := make([]byte, n)
	if err := readFull(r, header, 8); err != nil {
		return nil, fmt.Errorf("safetensors: read the header: %w", err)
	}
	f := &File{index: map[string]int{}, r: r, data: 8 + int64(n)}
	if err := f.parse(header); err != nil {
		return nil, err
	}
	if err := f.check(size - f.data); err != nil {
		return nil, err
	}
	return f, nil
}

// Names returns the names of all tensors in the order in which their data lies in the file.
func (f *File) Names() []string {
	names := make([]string, len(f.tensors))
	for i, t := range f.tensors {
		names[i] = t.Name
	}
	return names
}

// Entry returns the description of a tensor and whether the file has it.
func (f *File) Entry(name string) (Tensor, bool) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, false
	}
	t := f.tensors[i]
	t.Shape = slices.Clone(t.Shape)
	return t, true
}

// check sorts the tensors by their data and verifies that they cover its size bytes without gap or overlap.
func (f *File) check(size int64) error {
	slices.SortStableFunc(f.tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := int64(0)
	for i, t := range f.tensors {
		switch {
		case t.begin < at:
			return FormatError{t.Name, fmt.Sprintf("its data begins at byte %d, inside that of %q, which ends at %d",
				t.begin, f.tensors[i-1].Name, at)}
		case t.begin > at:
			return FormatError{t.Name, fmt.Sprintf("its data begins at byte %d, bytes from %d on belong to no tensor",
				t.begin, at)}
		case t.end > size:
			return FormatError{t.Name, fmt.Sprintf("its data ends at byte %d, the file has %d bytes of data", t.end, size)}
		}
		at = t.end
		f.index[t.Name] = i
	}
	if at != size {
		return FormatError{"", fmt.Sprintf("the tensors take %d bytes, the file has %d bytes of data", at, size)}
	}
	return nil
}

// parse reads the JSON header into f. It goes through it token by token, since json.Unmarshal would take the last of
// several equal names and any case of a key.
func (f *File) parse(header []byte) error {
	if len(header) == 0 || header[0] != '{' {
		return FormatError{"", "the header does not begin with {"}
	}
	if !utf8.Valid(header) {
		return FormatError{"", "the header is not UTF-8"}
	}
	d := decoder{json.NewDecoder(bytes.NewReader(header))}
	d.UseNumber()
	seen := map[string]bool{}
	err := d.object(func(name string) error {
		if seen[name] {
			return FormatError{name, "is in the header twice"}
		}
		seen[name] = true
		if name == metadataKey {
			return f.parseMetadata(d)
		}
		t, err := d.tensor(name)
		f.tensors = append(f.tensors, t)
		return err
	})
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			err = fmt.Errorf("something follows the JSON object")
		}
	}
	if _, ok := err.(FormatError); err != nil && !ok {
		return FormatError{"", "header: " + err.Error()}
	}
	return err
}

func (f *File) parseMetadata(d decoder) error {
	f.Metadata = map[string]string{}
	return d.object(func(key string) error {
		if _, twice := f.Metadata[key]; twice {
			return fmt.Errorf("%s: key %q is there twice", metadataKey, key)
		}
		token, err := d.Token()
		if err != nil {
			return err
		}
		value, ok := token.(string)
		if !ok {
			return fmt.Errorf("%s: the value of %q is no string", metadataKey, key)
		}
		f.Metadata[key] = value
		return nil
	})
}

// A decoder reads the few forms of JSON that a header is made of.
type decoder struct{ *json.Decoder }

// delim reads one of [ ] { }.
func (d decoder) delim(want json.Delim) error {
	token, err := d.Token()
	if err == nil && token != want {
		err = fmt.Errorf("found %v where %v must be", token, want)
	}
	return err
}

// object reads a JSON object and calls value for every key, to read what follows it.
func (d decoder) object(value func(key string) error) error {
	if err := d.delim('{'); err != nil {
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := value(key.(string)); err != nil { // A Decoder accepts strings only as keys.
			return err
		}
	}
	return d.delim('}')
}

// integers reads an array of integers from 0 to the largest int64.
func (d decoder) integers() ([]int64, error) {
	if err := d.delim('['); err != nil {
		return nil, err
	}
	var values []int64
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		number, _ := token.(json.Number)
		value, err := strconv.ParseUint(string(number), 10, 63)
		if err != nil {
			return nil, fmt.Errorf("%v is no integer from 0 to %d", token, int64(math.MaxInt64))
		}
		values = append(values, int64(value))
	}
	return values, d.delim(']')
}

// tensor reads the description of one tensor and checks that its span has the size of its shape and dtype. Keys beside
// dtype, shape and data_offsets are passed over, as the reference library does.
func (d decoder) tensor(name string) (Tensor, error) {
	t := Tensor{Name: name, Shape: []int{}}
	seen := map[string]bool{}
	err := d.object(func(key string) error {
		if seen[key] {
			return fmt.Errorf("%s is there twice", key)
		}
		switch key {
		case "dtype":
			token, err := d.Token()
			if err != nil {
				return err
			}
			dtype, ok := token.(string)
			if !ok || rank(dtype) < 0 {
				return fmt.Errorf("unknown dtype %v", token)
			}
			t.DType = dtypes[rank(dtype)].name
		case "shape":
			shape, err := d.integers()
			if err != nil {
				return fmt.Errorf("shape: %w", err)
			}
			t.Shape = make([]int, len(shape))
			for i, n := range shape {
				if n > math.MaxInt {
					return fmt.Errorf("shape: %d is too large for this machine", n)
				}
				t.Shape[i] = int(n)
			}
		case "data_offsets":
			span, err := d.integers()
			if err != nil {
				return fmt.Errorf("data_offsets: %w", err)
			}
			if len(span) != 2 || span[0] > span[1] {
				return fmt.Errorf("data_offsets must be [begin, end], it is %v", span)
			}
			t.begin, t.end = span[0], span[1]
		default:
			var skipped json.RawMessage
			return d.Decode(&skipped)
		}
		seen[key] = true
		return nil
	})
	if err != nil {
		return t, FormatError{name, err.Error()}
	}
	for _, key := range []string{"dtype", "shape", "data_offsets"} {
		if !seen[key] {
			return t, FormatError{name, key + " is missing"}
		}
	}
	size, err := byteSize(t.DType, t.Shape)
	if err != nil {
		return t, FormatError{name, err.Error()}
	}
	if t.Bytes() != size {
		return t, FormatError{name, fmt.Sprintf("%s %v takes %d bytes, data_offsets [%d %d] hold %d",
			t.DType, t.Shape, size, t.begin, t.end, t.Bytes())}
	}
	return t, nil
}

// byteSize returns the bytes of a tensor of a known dtype. Like the reference library it multiplies from the left, so
// that a product that overflows is an error even if a later axis is empty.
func byteSize(dtype string, shape []int) (int64, error) {
	product := uint64(1)
	factors := append(slices.Clone(shape), int(dtypes[rank(dtype)].bits))
	for _, n := range factors {
		over, low := bits.Mul64(product, uint64(n))
		if over != 0 || low > math.MaxInt64 {
			return 0, fmt.Errorf("%s %v is larger than any file", dtype, shape)
		}
		product = low
	}
	if product%8 != 0 {
		return 0, fmt.Errorf("%s %v ends within a byte", dtype, shape)
	}
	return int64(product / 8), nil
}

// readFull fills p from offset of r. A reader that ends early is an error, never a short read.
func readFull(r io.ReaderAt, p []byte, offset int64) error {
	_, err := io.ReadFull(io.NewSectionReader(r, offset, int64(len(p))), p)
	return err
}
