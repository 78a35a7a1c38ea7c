package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hadal-go/hadal/format/internal/number"
)

// An Entry is one tensor to be written. Data is a []float32 (dtype F32), []float64 (F64), []int64 (I64), []int32 (I32),
// []uint8 (U8) or []bool (BOOL) in row-major order, with as many elements as Shape says; an empty Shape is one number.
type Entry struct {
	Name  string
	Shape []int
	Data  any
}

// Write writes entries and metadata to w. Tensors are ordered by the alignment of their dtype and then by name, keys of
// the metadata by name, and the header is padded to 8 bytes: the same content gives the same bytes, which are those of
// the reference library where metadata has at most one key (it does not order them). Nil metadata writes none.
//
// Nothing is written if an entry is wrong: two of one name, a shape that does not fit the data, data of another type.
func Write(w io.Writer, entries []Entry, metadata map[string]string) error {
	header, order, err := prepare(entries, metadata)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: write the header: %w", err)
	}
	for _, e := range order {
		if err := number.Write(w, e.Data); err != nil {
			return fmt.Errorf("safetensors: write tensor %q: %w", e.Name, err)
		}
	}
	return nil
}

// prepare checks the entries and returns the file's bytes before the data, and the entries in the order of their data.
func prepare(entries []Entry, metadata map[string]string) (header []byte, order []Entry, err error) {
	order = slices.Clone(entries)
	for _, e := range order {
		dtype, n := number.Of(e.Data)
		if dtype == "" {
			return nil, nil, fmt.Errorf("safetensors: write tensor %q: cannot write data of type %T", e.Name, e.Data)
		}
		if !utf8.ValidString(e.Name) || e.Name == metadataKey {
			return nil, nil, fmt.Errorf("safetensors: write tensor %q: this name is not allowed", e.Name)
		}
		product, ok := number.Elements(e.Shape, 1, math.MaxInt)
		if !ok {
			return nil, nil, fmt.Errorf("safetensors: write tensor %q: impossible shape %v", e.Name, e.Shape)
		}
		if product != int64(n) {
			return nil, nil, fmt.Errorf("safetensors: write tensor %q: shape %v has %d elements, the data has %d",
				e.Name, e.Shape, product, n)
		}
	}
	slices.SortFunc(order, func(a, b Entry) int {
		left, _ := number.Of(a.Data)
		right, _ := number.Of(b.Data)
		return cmp.Or(cmp.Compare(rank(right), rank(left)), cmp.Compare(a.Name, b.Name))
	})

	h := append(make([]byte, 8, 1024), '{')
	if metadata != nil {
		h = append(quote(h, metadataKey), ":{"...)
		for i, key := range slices.Sorted(maps.Keys(metadata)) {
			if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
				return nil, nil, fmt.Errorf("safetensors: write metadata %q: key and value must be UTF-8", key)
			}
			if i > 0 {
				h = append(h, ',')
			}
			h = quote(append(quote(h, key), ':'), metadata[key])
		}
		h = append(h, '}')
	}
	names := map[string]bool{}
	offset := int64(0)
	for i, e := range order {
		if names[e.Name] {
			return nil, nil, fmt.Errorf("safetensors: write tensor %q: there are two of this name", e.Name)
		}
		names[e.Name] = true
		if i > 0 || metadata != nil {
			h = append(h, ',')
		}
		dtype, n := number.Of(e.Data)
		end := offset + int64(n)*int64(dtypes[rank(dtype)].bits/8)
		shape := strings.ReplaceAll(fmt.Sprint(append([]int{}, e.Shape...)), " ", ",")
		h = fmt.Appendf(quote(h, e.Name), `:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, dtype, shape, offset, end)
		offset = end
	}
	h = append(h, '}')
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	if len(h)-8 > maxHeader {
		return nil, nil, fmt.Errorf("safetensors: the header of %d tensors takes %d bytes, readers accept %d",
			len(order), len(h)-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(h, uint64(len(h)-8))
	return h, order, nil
}

// quote appends s as a JSON string with the escapes of the reference library: package json would escape more.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ':
			b = append(b, c)
		case c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t':
			b = append(b, strconv.Quote(string(c))[1:3]...)
		default:
			b = fmt.Appendf(b, `\u%04x`, c)
		}
	}
	return append(b, '"')
}
