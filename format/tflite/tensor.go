package tflite

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/hadal-go/hadal/format/internal/number"
)

// A Type is that of a tensor's elements.
type Type int

// The types that are read; others have numbers only.
const (
	Float32Type Type = 0
	Float16Type Type = 1
	Int32Type   Type = 2
	Uint8Type   Type = 3
	Int64Type   Type = 4
	BoolType    Type = 6
	Int16Type   Type = 7
	Int8Type    Type = 9
	Float64Type Type = 10
)

var types = map[Type]struct {
	name string
	size int
}{
	Float32Type: {"float32", 4}, Float16Type: {"float16", 2}, Int32Type: {"int32", 4}, Uint8Type: {"uint8", 1}, Int64Type: {"int64", 8},
	BoolType: {"bool", 1}, Int16Type: {"int16", 2}, Int8Type: {"int8", 1}, Float64Type: {"float64", 8},
}

func (t Type) String() string {
	if known, ok := types[t]; ok {
		return known.name
	}
	return fmt.Sprintf("type %d", int(t))
}

// A Tensor is a value of a graph: a constant, or what is computed. A quantized number q stands for Scale·(q − ZeroPoint), with one pair for
// all or one for each index of Axis.
type Tensor struct {
	Name      string
	Type      Type
	Shape     []int // channels last; empty for a single number
	Scale     []float32
	ZeroPoint []int // as many as Scale
	Axis      int
	sparse    bool
	data      []byte
}

// Constant reports whether the file has the tensor's value.
func (t *Tensor) Constant() bool { return len(t.data) > 0 }

// Len returns the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// tensor reads tensor k of a graph.
func (t table) tensor(k int, constants [][]byte) Tensor {
	x := Tensor{Name: t.string(3), Type: Type(t.int(1, 1, 0)), Shape: t.ints(0, 4)}
	_, x.sparse = t.table(6)
	if i := t.int(2, 4, 0); i >= 0 && i < len(constants) {
		x.data = constants[i]
	} else {
		t.b.fail("tensor %d (%q) is in buffer %d of %d", k, x.Name, i, len(constants))
	}
	if q, ok := t.table(4); ok {
		x.Scale, x.ZeroPoint, x.Axis = q.floats(2), q.ints(3, 8), q.int(6, 4, 0)
	}
	if len(x.ZeroPoint) == 0 {
		x.ZeroPoint = make([]int, len(x.Scale))
	}
	size := 1
	for _, d := range x.Shape {
		if d < 0 || d > 0 && size > math.MaxInt32*8/d {
			t.b.fail("tensor %d (%q) has shape %v", k, x.Name, x.Shape)
			return x
		}
		size *= d
	}
	n := len(x.Scale)
	if len(x.ZeroPoint) != n || n > 1 && (x.Axis < 0 || x.Axis >= len(x.Shape) || x.Shape[x.Axis] != n) {
		t.b.fail("tensor %d (%q) of shape %v has %d scales and %d zero points along axis %d", k, x.Name, x.Shape, n, len(x.ZeroPoint), x.Axis)
	}
	width := types[x.Type].size
	if x.Constant() && !x.sparse && width > 0 && len(x.data) != size*width {
		t.b.fail("tensor %d (%q): %s %v takes %d bytes, its buffer has %d", k, x.Name, x.Type, x.Shape, size*width, len(x.data))
	}
	return x
}

// floats returns a vector of float32.
func (t table) floats(i int) []float32 {
	at, n := t.vector(i, 4)
	data := t.b.span(at, 4*n)
	values := make([]float32, len(data)/4)
	for k := range values {
		values[k] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*k:]))
	}
	return values
}

// Float32 returns the numbers that a constant stands for, in row-major order: dequantized if it has a scale, else converted as they are.
func (t *Tensor) Float32() ([]float32, error) {
	convert, ok := numbers[t.Type]
	if !ok || t.sparse || !t.Constant() {
		return nil, FormatError{fmt.Sprintf("tensor %q (%s %v) is no dense constant of numbers of a type that is read", t.Name, t.Type, t.Shape)}
	}
	width := types[t.Type].size
	values := make([]float32, t.Len())
	inner := 1 // elements that one index of Axis has in a row
	if len(t.Scale) > 1 {
		for _, d := range t.Shape[t.Axis+1:] {
			inner *= d
		}
	}
	for i := range values {
		v := convert(t.data[i*width:])
		if n := len(t.Scale); n > 0 {
			c := i / inner % n
			v = float64(t.Scale[c]) * (v - float64(t.ZeroPoint[c]))
		}
		values[i] = float32(v)
	}
	return values, nil
}

// numbers convert one element exactly, but for large int64.
var numbers = map[Type]func([]byte) float64{
	Float32Type: func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
	Float64Type: func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
	Float16Type: func(b []byte) float64 { return float64(number.Half(binary.LittleEndian.Uint16(b))) },
	Int8Type:    func(b []byte) float64 { return float64(int8(b[0])) },
	Uint8Type:   func(b []byte) float64 { return float64(b[0]) },
	BoolType:    func(b []byte) float64 { return float64(b[0]) },
	Int16Type:   func(b []byte) float64 { return float64(int16(binary.LittleEndian.Uint16(b))) },
	Int32Type:   func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) },
	Int64Type:   func(b []byte) float64 { return float64(int64(binary.LittleEndian.Uint64(b))) },
}
