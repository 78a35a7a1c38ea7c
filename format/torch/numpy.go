package torch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/hadal-go/hadal/format/internal/number"
)

// A numpyType is a dtype of NumPy: checkpoints often hold a NumPy number such as the best accuracy.
type numpyType struct {
	dtype string // empty if values of it cannot be read
	big   bool
}

// unknown is the type of arrays whose values are no numbers.
const unknown = "unknown"

// numpyTypes has the types by the names that NumPy's pickles give them.
var numpyTypes = map[string]string{
	"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8", "u8": "U64", "u4": "U32", "u2": "U16",
	"u1": "U8", "b1": "BOOL", "c8": "C64", "c16": "C128",
}

func newNumpyType(_ *machine, a tuple) (any, bool, error) {
	if len(a) == 0 {
		return nil, false, nil
	}
	name, ok := a[0].(string)
	if !ok {
		return nil, false, nil
	}
	dtype, ok := numpyTypes[name]
	return &numpyType{dtype: dtype}, ok, nil
}

// setState takes version, byte order and six values that matter to structures only.
func (t *numpyType) setState(state any) error {
	values, ok := state.(tuple)
	if !ok || len(values) < 2 {
		return wrong("a NumPy dtype has %s for a state", kind(state))
	}
	switch values[1] {
	case ">":
		t.big = true
	case "<", "|", "=":
	default:
		t.dtype = ""
	}
	return nil
}

func (t *numpyType) order() binary.ByteOrder {
	if t.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// newNumpyScalar takes a dtype and the bytes of one number.
func newNumpyScalar(m *machine, a tuple) (any, bool, error) {
	if len(a) != 2 {
		return nil, false, nil
	}
	t, ok := a[0].(*numpyType)
	b, also, err := m.bytesOf(a[1])
	if err != nil || !ok || !also || t.dtype == "" {
		return nil, false, err
	}
	if len(b) != number.Width(t.dtype) {
		return nil, false, wrong("a NumPy number of type %s has %d bytes", t.dtype, len(b))
	}
	if t.dtype == "BOOL" {
		return b[0] != 0, true, nil
	}
	if convert := number.Float64(t.dtype, t.order()); convert != nil {
		return convert(b), true, nil
	}
	if convert := number.Int64(t.dtype, t.order()); convert != nil {
		return convert(b), true, nil
	}
	return nil, false, nil
}

// newNumpyArray takes the class, a shape and a type that BUILD replaces.
func newNumpyArray(_ *machine, a tuple) (any, bool, error) {
	if len(a) != 3 {
		return nil, false, nil
	}
	class, ok := a[0].(global)
	return &tensor{dtype: unknown, fill: true, refused: "is a NumPy array without values"}, ok && class == global{"numpy", "ndarray"}, nil
}

// setNumpy takes version, shape, dtype, whether the first axis varies fastest, and the bytes.
func (t *tensor) setNumpy(m *machine, state any) error {
	t.fill = false
	values, ok := state.(tuple)
	if !ok || len(values) != 5 {
		return wrong("a NumPy array has %s for a state", kind(state))
	}
	shape, err := integers(values[1])
	if err != nil {
		return err
	}
	of, ok := values[2].(*numpyType)
	data, also, err := m.bytesOf(values[4])
	if err != nil {
		return err
	}
	if !ok || !also || of.dtype == "" {
		if _, ok := number.Elements(shape, 1, 1<<62); !ok {
			return wrong("a NumPy array has the impossible shape %v", shape)
		}
		t.shape, t.refused = shape, "is a NumPy array of objects, text or structures"
		return nil
	}
	width := number.Width(of.dtype)
	if n, ok := number.Elements(shape, width, int64(len(data))); !ok || n*int64(width) != int64(len(data)) {
		return wrong("a NumPy array of shape %v and type %s has %d bytes", shape, of.dtype, len(data))
	}
	t.dtype, t.shape, t.strides, t.refused = of.dtype, shape, make([]int, len(shape)), ""
	axes := make([]int, len(shape))
	for i := range axes {
		axes[i] = i
	}
	if values[3] != true {
		slices.Reverse(axes)
	}
	stride := 1
	for _, axis := range axes {
		t.strides[axis] = stride
		stride *= max(1, shape[axis])
	}
	t.storage = &storage{key: "NumPy array", bytes: int64(len(data)), open: memory{data, of.order()}}
	return nil
}

// memory is a source of bytes that are there.
type memory struct {
	data  []byte
	order binary.ByteOrder
}

func (m memory) storage(*storage) (io.ReaderAt, binary.ByteOrder, error) {
	return bytes.NewReader(m.data), m.order, nil
}

// bytesOf returns bytes, or the characters of a string that Python 2 wrote as bytes.
func (m *machine) bytesOf(v any) ([]byte, bool, error) {
	switch v := v.(type) {
	case []byte:
		return v, true, nil
	case string:
		if err := m.spend(len(v)); err != nil {
			return nil, false, err
		}
		return []byte(v), true, nil
	}
	return nil, false, nil
}

// String names the type as arguments are printed.
func (t *numpyType) String() string { return fmt.Sprintf("<numpy dtype %s>", t.dtype) }
