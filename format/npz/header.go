package npz

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	magic     = "\x93NUMPY"
	firstRead = 1 << 10 // bytes of a record that hold the header of almost every array
	maxHeader = 1 << 16 // bytes of magic number and header; NumPy itself reads headers of at most 10000 characters from strangers
	maxAxes   = 64      // of NumPy's arrays
	maxDescr  = 100     // bytes of a type that are kept
)

// A header is what precedes the elements of an array.
type header struct {
	descr   string // the type in NumPy's notation, such as <f4; of a structure the beginning of its source text
	fortran bool   // the first axis varies fastest
	shape   []int
	size    int64 // bytes up to the first element
}

// numbers has the types of numbers by NumPy's kind and size.
var numbers = map[string]string{
	"f2": "F16", "f4": "F32", "f8": "F64", "i1": "I8", "i2": "I16", "i4": "I32", "i8": "I64", "u1": "U8", "u2": "U16", "u4": "U32",
	"u8": "U64", "b1": "BOOL", "c8": "C64", "c16": "C128",
}

// dtype names the type of the elements, and says why they cannot be read if so.
func (h header) dtype() (name, refused string) {
	if h.descr == "" {
		return h.descr, "has no type"
	}
	if dtype, ok := numbers[h.descr[1:]]; ok && strings.ContainsRune("<>|=", rune(h.descr[0])) {
		return dtype, ""
	}
	switch kind := strings.TrimLeft(h.descr, "<>|="); {
	case strings.HasPrefix(kind, "O"):
		return h.descr, "holds Python objects, that is a pickle, which could run anything: save numbers in arrays of a number type"
	case strings.HasPrefix(kind, "U"), strings.HasPrefix(kind, "S"), strings.HasPrefix(kind, "a"):
		return h.descr, "holds text, only numbers are read"
	case strings.HasPrefix(kind, "M"), strings.HasPrefix(kind, "m"):
		return h.descr, "holds dates or times, only numbers are read: save a.astype('int64')"
	case strings.HasPrefix(kind, "["), strings.HasPrefix(kind, "V"):
		return h.descr, "holds structures, only numbers are read: save each field for itself"
	}
	return h.descr, fmt.Sprintf("has the type %.40q, which is not read", h.descr)
}

// order returns the byte order of the elements; = is that of the machine that wrote the file, today little-endian.
func (h header) order() binary.ByteOrder {
	if h.descr[0] == '>' {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// headerSize returns the bytes of magic number and header that the first bytes of an array claim, or 0 if they are too few to say.
func headerSize(head []byte) int64 {
	if len(head) < 12 {
		return 0
	}
	if head[6] == 1 {
		return 10 + int64(binary.LittleEndian.Uint16(head[8:]))
	}
	return 12 + int64(binary.LittleEndian.Uint32(head[8:]))
}

// parseHeader reads the header at the beginning of head.
func parseHeader(head []byte) (header, error) {
	if !strings.HasPrefix(string(head[:min(len(head), len(magic))]), magic) || len(head) < 12 {
		return header{}, fmt.Errorf("does not begin with NumPy's magic number and a header")
	}
	if head[6] < 1 || head[6] > 3 || head[7] != 0 {
		return header{}, fmt.Errorf("has format version %d.%d, only 1.0, 2.0 and 3.0 are known", head[6], head[7])
	}
	size := headerSize(head)
	if size > int64(len(head)) {
		return header{}, fmt.Errorf("the header claims %d bytes, there are %d, and at most %d are read", size, len(head), maxHeader)
	}
	start := 12
	if head[6] == 1 {
		start = 10
	}
	h := header{size: size}
	s := &scanner{text: string(head[start:size])}
	if err := s.header(&h); err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	return h, nil
}

// A scanner reads the few forms of Python's notation that a header is made of.
type scanner struct{ text string }

func (s *scanner) space() { s.text = strings.TrimLeft(s.text, " \n\t\r") }

// next drops a symbol if it is next.
func (s *scanner) next(symbol string) bool {
	s.space()
	rest, ok := strings.CutPrefix(s.text, symbol)
	s.text = rest
	return ok
}

func (s *scanner) expect(symbol string) error {
	if !s.next(symbol) {
		return fmt.Errorf("%q must stand before %.20q", symbol, s.text)
	}
	return nil
}

// header reads the dict with the keys descr, fortran_order and shape.
func (s *scanner) header(h *header) error {
	if err := s.expect("{"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for !s.next("}") {
		key, err := s.string()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if err := s.expect(":"); err != nil {
			return err
		}
		switch key {
		case "descr":
			h.descr, err = s.descr()
		case "fortran_order":
			if h.fortran = s.next("True"); !h.fortran {
				err = s.expect("False")
			}
		case "shape":
			h.shape, err = s.shape()
		default:
			err = fmt.Errorf("unknown key %.40q", key)
		}
		if err != nil {
			return err
		}
		if !s.next(",") {
			if err := s.expect("}"); err != nil {
				return err
			}
			break
		}
	}
	if len(seen) != 3 {
		return fmt.Errorf("one of descr, fortran_order and shape is missing")
	}
	if s.space(); s.text != "" {
		return fmt.Errorf("%.20q follows the dict", s.text)
	}
	return nil
}

// string reads a string without escapes in either kind of quotes.
func (s *scanner) string() (string, error) {
	s.space()
	if s.text == "" || s.text[0] != '\'' && s.text[0] != '"' {
		return "", fmt.Errorf("a string must stand before %.20q", s.text)
	}
	end := strings.IndexByte(s.text[1:], s.text[0])
	if end < 0 || strings.Contains(s.text[1:1+end], `\`) {
		return "", fmt.Errorf("%.20q is no plain string", s.text)
	}
	value := s.text[1 : 1+end]
	s.text = s.text[end+2:]
	return value, nil
}

// descr reads a type. That of a structure is a list, the beginning of which is kept.
func (s *scanner) descr() (string, error) {
	s.space()
	if !strings.HasPrefix(s.text, "[") {
		value, err := s.string()
		if err == nil && len(value) > maxDescr {
			err = fmt.Errorf("the type %.20q… is longer than %d bytes", value, maxDescr)
		}
		return strings.Clone(value), err // not to keep the whole header
	}
	depth, quote := 0, byte(0)
	for i := range len(s.text) {
		switch c := s.text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '[':
			depth++
		case c == ']':
			if depth--; depth == 0 {
				value := strings.Clone(s.text[:min(i+1, maxDescr)])
				s.text = s.text[i+1:]
				return value, nil
			}
		}
	}
	return "", fmt.Errorf("the list of a structure's fields has no end")
}

// shape reads a tuple of sizes; Python 2 wrote some of them with an L.
func (s *scanner) shape() ([]int, error) {
	if err := s.expect("("); err != nil {
		return nil, err
	}
	shape := []int{}
	for !s.next(")") {
		s.space()
		end := 0
		for end < len(s.text) && s.text[end] >= '0' && s.text[end] <= '9' {
			end++
		}
		n, err := strconv.ParseUint(s.text[:end], 10, 63)
		if err != nil || n > math.MaxInt {
			return nil, fmt.Errorf("%.20q is no size of an axis", s.text)
		}
		if shape = append(shape, int(n)); len(shape) > maxAxes {
			return nil, fmt.Errorf("there are more than %d axes", maxAxes)
		}
		s.text = s.text[end:]
		s.next("L")
		if !s.next(",") {
			if err := s.expect(")"); err != nil {
				return nil, err
			}
			break
		}
	}
	return shape, nil
}

// formatHeader returns magic number and header of an array in C order, padded to 64 bytes as NumPy pads it.
func formatHeader(descr string, shape []int) []byte {
	var sizes strings.Builder
	for i, n := range shape {
		if i > 0 {
			sizes.WriteString(", ")
		}
		fmt.Fprint(&sizes, n)
	}
	if len(shape) == 1 {
		sizes.WriteString(",")
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, sizes.String())
	// NumPy leaves room for the first axis to grow to 21 digits.
	if len(shape) > 0 {
		text += strings.Repeat(" ", 21-len(strconv.Itoa(shape[0])))
	}
	total := (10+len(text)+1)/64*64 + 64
	text += strings.Repeat(" ", total-10-len(text)-1) + "\n"
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	return append(b, text...)
}
