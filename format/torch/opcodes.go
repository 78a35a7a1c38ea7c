package torch

import (
	"bytes"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// maxLong is the most bytes of an integer, so that none takes long to convert.
const maxLong = 1024

// steps has what each instruction of protocols 0 to 5 does, by its code. Those for extension registries and out-of-band buffers, which
// torch.save does not write, are missing.
var steps = [256]func(*machine) error{
	// The stack and the memo.
	0x80: func(m *machine) error { return protocol(m) },
	0x95: func(m *machine) error { _, err := m.uint(8); return err }, // FRAME: how many bytes to read ahead
	'(':  func(m *machine) error { m.marks = append(m.marks, len(m.stack)); return m.spend(16) },
	'0':  popOrMark,
	'1':  func(m *machine) error { _, err := m.toMark(); return err },
	'2': func(m *machine) error {
		v, err := m.top()
		if err != nil {
			return err
		}
		return m.push(v)
	},
	'p':  func(m *machine) error { return textIndex(m, m.put) },
	'q':  func(m *machine) error { return index(m, 1, m.put) },
	'r':  func(m *machine) error { return index(m, 4, m.put) },
	0x94: func(m *machine) error { return m.put(uint64(len(m.memo))) },
	'g':  func(m *machine) error { return textIndex(m, m.get) },
	'h':  func(m *machine) error { return index(m, 1, m.get) },
	'j':  func(m *machine) error { return index(m, 4, m.get) },

	// Constants and numbers.
	'N':  func(m *machine) error { return m.push(nil) },
	0x88: func(m *machine) error { return m.push(true) },
	0x89: func(m *machine) error { return m.push(false) },
	'I':  textInt,
	'L':  textInt,
	'J':  func(m *machine) error { n, err := m.uint(4); return either(err, m, int64(int32(n))) },
	'K':  func(m *machine) error { n, err := m.uint(1); return either(err, m, int64(n)) },
	'M':  func(m *machine) error { n, err := m.uint(2); return either(err, m, int64(n)) },
	0x8a: func(m *machine) error { return long(m, 1) },
	0x8b: func(m *machine) error { return long(m, 4) },
	'F': func(m *machine) error {
		s, err := m.line()
		if err != nil {
			return err
		}
		x, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return wrong("%.40q is no number of 64 bits", s)
		}
		return m.push(x)
	},
	'G': func(m *machine) error {
		b, err := m.bytes(8)
		if err != nil {
			return err
		}
		bits := uint64(0)
		for _, c := range b {
			bits = bits<<8 | uint64(c)
		}
		return m.push(math.Float64frombits(bits))
	},

	// Strings and bytes. Python 2 wrote its byte strings, which are names and plain text in checkpoints, with S, T and U.
	'S':  textString,
	'T':  func(m *machine) error { return text(m, 4) },
	'U':  func(m *machine) error { return text(m, 1) },
	'V':  func(m *machine) error { s, err := m.line(); return either(err, m, unescape(s)) },
	'X':  func(m *machine) error { return text(m, 4) },
	0x8c: func(m *machine) error { return text(m, 1) },
	0x8d: func(m *machine) error { return text(m, 8) },
	'B':  func(m *machine) error { return blob(m, 4) },
	'C':  func(m *machine) error { return blob(m, 1) },
	0x8e: func(m *machine) error { return blob(m, 8) },
	0x96: func(m *machine) error { return blob(m, 8) },

	// Tuples, lists, dicts, sets.
	')':  func(m *machine) error { return m.push(tuple{}) },
	't':  func(m *machine) error { v, err := m.toMark(); return orElse(err, m.pushTuple, v) },
	0x85: func(m *machine) error { v, err := m.popN(1); return orElse(err, m.pushTuple, v) },
	0x86: func(m *machine) error { v, err := m.popN(2); return orElse(err, m.pushTuple, v) },
	0x87: func(m *machine) error { v, err := m.popN(3); return orElse(err, m.pushTuple, v) },
	']':  func(m *machine) error { return m.pushList(nil) },
	'l':  func(m *machine) error { v, err := m.toMark(); return orElse(err, m.pushList, v) },
	'a':  func(m *machine) error { v, err := m.popN(1); return orElse(err, m.appendItems, v) },
	'e':  func(m *machine) error { v, err := m.toMark(); return orElse(err, m.appendItems, v) },
	'}':  func(m *machine) error { return newDict(m, nil) },
	'd': func(m *machine) error {
		pairs, err := m.toMark()
		if err == nil && len(pairs)%2 != 0 {
			err = wrong("a key has no value")
		}
		return orElse(err, func(pairs []any) error { return newDict(m, pairs) }, pairs)
	},
	's':  func(m *machine) error { v, err := m.popN(2); return orElse(err, m.setItems, v) },
	'u':  func(m *machine) error { v, err := m.toMark(); return orElse(err, m.setItems, v) },
	0x8f: func(m *machine) error { return newSet(m, nil) },
	0x90: func(m *machine) error {
		v, err := m.toMark()
		return orElse(err, func(v []any) error { return m.extend(v, "update") }, v)
	},
	0x91: func(m *machine) error {
		v, err := m.toMark()
		return orElse(err, func(v []any) error { return newSet(m, v) }, v)
	},

	// Names and what would be done with them.
	'c': func(m *machine) error {
		g, err := m.globalLines()
		return either(err, m, g)
	},
	0x93: func(m *machine) error {
		v, err := m.popN(2)
		if err != nil {
			return err
		}
		module, ok := v[0].(string)
		name, also := v[1].(string)
		if !ok || !also {
			return wrong("the name of a class or function is %s and %s", kind(v[0]), kind(v[1]))
		}
		return m.push(global{module, name})
	},
	'R': func(m *machine) error {
		v, err := m.popN(2)
		if err != nil {
			return err
		}
		return m.call(v[0], v[1])
	},
	'b': func(m *machine) error {
		state, err := m.pop()
		if err != nil {
			return err
		}
		return m.build(state)
	},
	0x81: func(m *machine) error {
		v, err := m.popN(2)
		if err != nil {
			return err
		}
		return m.call(v[0], v[1])
	},
	0x92: func(m *machine) error {
		v, err := m.popN(3)
		if err != nil {
			return err
		}
		if named, ok := v[2].(*dict); !ok || len(named.keys) > 0 {
			return m.refuse(v[0], tuple{v[1], v[2]})
		}
		return m.call(v[0], v[1])
	},
	'i': func(m *machine) error {
		g, err := m.globalLines()
		if err != nil {
			return err
		}
		arguments, err := m.toMark()
		return orElse(err, func(v []any) error { return m.refuse(g, tuple(slices.Clone(v))) }, arguments)
	},
	'o': func(m *machine) error {
		v, err := m.toMark()
		if err == nil && len(v) == 0 {
			err = wrong("there is no class")
		}
		return orElse(err, func(v []any) error { return m.refuse(v[0], tuple(slices.Clone(v[1:]))) }, v)
	},
	'P': func(m *machine) error { s, err := m.line(); return orElse(err, m.persistent, any(s)) },
	'Q': func(m *machine) error { id, err := m.pop(); return orElse(err, m.persistent, id) },
}

// either pushes v unless there is an error.
func either(err error, m *machine, v any) error {
	if err != nil {
		return err
	}
	return m.push(v)
}

// orElse does what is to be done with v unless there is an error.
func orElse[T any](err error, do func(T) error, v T) error {
	if err != nil {
		return err
	}
	return do(v)
}

func (m *machine) appendItems(values []any) error { return m.extend(values, "extend") }

func (m *machine) persistent(id any) error {
	v, err := m.load(id)
	if err != nil {
		return err
	}
	if err := m.spend(160); err != nil {
		return err
	}
	return m.push(v)
}

func protocol(m *machine) error {
	version, err := m.byte()
	if err == nil && version > 5 {
		return wrong("protocol %d is not known, only 0 to 5", version)
	}
	return err
}

// popOrMark drops the top of the stack, which may be a mark.
func popOrMark(m *machine) error {
	if len(m.marks) > 0 && m.bottom() == len(m.stack) {
		_, err := m.toMark()
		return err
	}
	_, err := m.pop()
	return err
}

func index(m *machine, width int, do func(uint64) error) error {
	i, err := m.uint(width)
	return orElse(err, do, i)
}

func textIndex(m *machine, do func(uint64) error) error {
	s, err := m.line()
	if err != nil {
		return err
	}
	i, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return wrong("%.40q is no place in the memo", s)
	}
	return do(i)
}

// textInt reads a decimal integer; protocol 0 writes bools as 00 and 01, and Python 2 long integers with an L.
func textInt(m *machine) error {
	s, err := m.line()
	if err != nil {
		return err
	}
	if s == "00" || s == "01" {
		return m.push(s == "01")
	}
	digits := strings.TrimSuffix(s, "L")
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return m.push(n)
	}
	n, ok := new(big.Int), false
	if len(digits) <= maxLong {
		n, ok = n.SetString(digits, 10)
	}
	if !ok {
		return wrong("%.40q is no integer of at most %d digits", s, maxLong)
	}
	return m.push(n)
}

// long reads an integer in two's complement, little-endian, whose bytes are counted by a number of width bytes.
func long(m *machine, width int) error {
	n, err := m.uint(width)
	if err != nil {
		return err
	}
	if n > maxLong {
		return wrong("an integer of %d bytes, at most %d are read", n, maxLong)
	}
	b, err := m.bytes(n)
	if err != nil {
		return err
	}
	negative := len(b) > 0 && b[len(b)-1] >= 0x80
	slices.Reverse(b)
	v := new(big.Int).SetBytes(b)
	if negative {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if v.IsInt64() {
		return m.push(v.Int64())
	}
	return m.push(v)
}

func text(m *machine, width int) error {
	b, err := blobOf(m, width)
	return either(err, m, string(b))
}

func blob(m *machine, width int) error {
	b, err := blobOf(m, width)
	return either(err, m, b)
}

func blobOf(m *machine, width int) ([]byte, error) {
	n, err := m.uint(width)
	if err != nil {
		return nil, err
	}
	return m.bytes(n)
}

// textString reads Python's form of a string in quotes.
func textString(m *machine) error {
	s, err := m.line()
	if err != nil {
		return err
	}
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		return wrong("%.40q is no string in quotes", s)
	}
	var b bytes.Buffer
	for s = s[1 : len(s)-1]; s != ""; {
		if s[0] != '\\' {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		if len(s) > 1 && (s[1] == '\'' || s[1] == '"') {
			b.WriteByte(s[1])
			s = s[2:]
			continue
		}
		c, _, rest, err := strconv.UnquoteChar(s, 0)
		if err != nil {
			return wrong("%.40q has an escape that is not known", s)
		}
		if c < 256 {
			b.WriteByte(byte(c)) // \xNN is a byte
		} else {
			b.WriteRune(c)
		}
		s = rest
	}
	return m.push(b.String())
}

// unescape reads a string of protocol 0: a byte is one of the first 256 characters of Unicode, the others
// are \u and four hexadecimal digits or \U and eight.
func unescape(s string) string {
	var b strings.Builder
	for s != "" {
		if strings.HasPrefix(s, `\u`) || strings.HasPrefix(s, `\U`) {
			if c, _, rest, err := strconv.UnquoteChar(s, 0); err == nil {
				b.WriteRune(c)
				s = rest
				continue
			}
		}
		b.WriteRune(rune(s[0]))
		s = s[1:]
	}
	return b.String()
}

func newDict(m *machine, pairs []any) error {
	d := &dict{}
	if err := m.fill(d, pairs); err != nil {
		return err
	}
	if err := m.spend(80); err != nil {
		return err
	}
	return m.push(d)
}

func newSet(m *machine, values []any) error {
	if err := m.spend(40 + 16*len(values)); err != nil {
		return err
	}
	return m.push(&set{list{slices.Clone(values)}})
}

func (m *machine) globalLines() (global, error) {
	module, err := m.line()
	if err != nil {
		return global{}, err
	}
	name, err := m.line()
	return global{module, name}, err
}
