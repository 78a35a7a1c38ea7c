package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encode returns the model as a file. Tensors are checked as Decode does; the error is a FormatError.
func (m *Model) Encode() ([]byte, error) {
	if m.Graph == nil {
		return nil, FormatError{"", "the model has no graph"}
	}
	e := &encoder{}
	e.integer(1, m.IRVersion)
	e.text(2, m.Producer)
	e.text(3, m.ProducerVersion)
	e.text(4, m.Domain)
	e.integer(5, m.Version)
	e.text(6, m.Doc)
	e.message(7, func() { e.graph(m.Graph, 1) })
	for _, o := range m.Opsets {
		e.message(8, func() {
			e.bytes(1, []byte(o.Domain)) // the standard's own is empty, and said so
			e.integer(2, o.Version)
		})
	}
	for _, v := range m.Metadata {
		e.message(14, func() {
			e.text(1, v.Key)
			e.text(2, v.Value)
		})
	}
	if e.err != nil {
		return nil, e.err
	}
	return e.b, nil
}

// An encoder appends fields; the first error stays.
type encoder struct {
	b   []byte
	err error
}

func (e *encoder) fail(where, format string, args ...any) {
	if e.err == nil {
		e.err = FormatError{where, fmt.Sprintf(format, args...)}
	}
}

// text writes a string, unless it is empty.
func (e *encoder) text(number protowire.Number, s string) {
	if s != "" {
		e.bytes(number, []byte(s))
	}
}

func (e *encoder) bytes(number protowire.Number, b []byte) {
	e.b = protowire.AppendTag(e.b, number, protowire.BytesType)
	e.b = protowire.AppendBytes(e.b, b)
}

// integer writes a number, unless it is 0.
func (e *encoder) integer(number protowire.Number, v int64) {
	if v != 0 {
		e.b = protowire.AppendTag(e.b, number, protowire.VarintType)
		e.b = protowire.AppendVarint(e.b, uint64(v))
	}
}

// message writes what f appends as a message. Its length is known only then, so that what it wrote is moved by the few bytes of it.
func (e *encoder) message(number protowire.Number, f func()) {
	e.b = protowire.AppendTag(e.b, number, protowire.BytesType)
	at := len(e.b)
	f()
	n := len(e.b) - at
	length := protowire.AppendVarint(nil, uint64(n))
	e.b = append(e.b, length...)
	copy(e.b[at+len(length):], e.b[at:at+n])
	copy(e.b[at:], length)
}

// packed writes numbers as one field.
func packed[T any](e *encoder, number protowire.Number, vs []T, put func(b []byte, v T) []byte) {
	if len(vs) == 0 {
		return
	}
	e.message(number, func() {
		for _, v := range vs {
			e.b = put(e.b, v)
		}
	})
}

// each writes numbers as a field each, as the format has it where it does not say packed.
func each[T any](e *encoder, number protowire.Number, kind protowire.Type, vs []T, put func(b []byte, v T) []byte) {
	for _, v := range vs {
		e.b = put(protowire.AppendTag(e.b, number, kind), v)
	}
}

func putInt64(b []byte, v int64) []byte   { return protowire.AppendVarint(b, uint64(v)) }
func putInt32(b []byte, v int32) []byte   { return protowire.AppendVarint(b, uint64(int64(v))) }
func putUint64(b []byte, v uint64) []byte { return protowire.AppendVarint(b, v) }
func putFloat(b []byte, v float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
}
func putDouble(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
}

func (e *encoder) graph(g *Graph, depth int) {
	if depth > maxDepth {
		e.fail("graph", "more than %d graphs stand inside each other", maxDepth)
		return
	}
	for i, n := range g.Nodes {
		if n.Op == "" {
			e.fail(fmt.Sprintf("node %d", i), "it names no operator")
		}
		e.message(1, func() { e.node(n, depth) })
	}
	e.text(2, g.Name)
	for _, t := range g.Initializers {
		e.message(5, func() { e.tensor(t) })
	}
	e.text(10, g.Doc)
	for i, vs := range [][]*Value{g.Inputs, g.Outputs, g.Values} {
		for _, v := range vs {
			e.message(protowire.Number(11+i), func() { e.value(v) })
		}
	}
}

func (e *encoder) node(n *Node, depth int) {
	for _, s := range n.Inputs {
		e.bytes(1, []byte(s))
	}
	for _, s := range n.Outputs {
		e.bytes(2, []byte(s))
	}
	e.text(3, n.Name)
	e.text(4, n.Op)
	for _, a := range n.Attributes {
		e.message(5, func() { e.attribute(n, a, depth) })
	}
	e.text(6, n.Doc)
	e.text(7, n.Domain)
}

func (e *encoder) value(v *Value) {
	if v.Name == "" {
		e.fail("value", "it has no name")
	}
	e.text(1, v.Name)
	if v.Type.Kind != NoKind {
		e.message(2, func() { e.typ(&v.Type) })
	}
	e.text(3, v.Doc)
}

func (e *encoder) typ(t *Type) {
	if t.Kind == OtherKind {
		e.b = append(e.b, t.encoded...)
		return
	}
	e.message(1, func() {
		e.integer(1, int64(t.Elem))
		if !t.Ranked {
			return
		}
		e.message(2, func() {
			for _, d := range t.Shape {
				e.message(1, func() {
					if d.Known { // 0 too, since an axis may be empty
						e.b = protowire.AppendTag(e.b, 1, protowire.VarintType)
						e.b = protowire.AppendVarint(e.b, uint64(d.Value))
					}
					e.text(2, d.Param)
				})
			}
		})
	})
}

func (e *encoder) tensor(t *Tensor) {
	if err := t.check(); err != nil {
		e.fail(fmt.Sprintf("tensor %q", t.Name), "%v", err)
		return
	}
	each(e, 1, protowire.VarintType, t.Dims, putInt64)
	e.integer(2, int64(t.Type))
	packed(e, 4, t.Floats, putFloat)
	packed(e, 5, t.Int32s, putInt32)
	for _, s := range t.Strings {
		e.bytes(6, []byte(s))
	}
	packed(e, 7, t.Int64s, putInt64)
	e.text(8, t.Name)
	if len(t.Raw) > 0 {
		e.bytes(9, t.Raw)
	}
	packed(e, 10, t.Doubles, putDouble)
	packed(e, 11, t.Uint64s, putUint64)
	e.text(12, t.Doc)
}

func (e *encoder) attribute(n *Node, a *Attribute, depth int) {
	if a.Name == "" {
		e.fail(fmt.Sprintf("node %q", n.Name), "an attribute has no name")
	}
	e.text(1, a.Name)
	kind := int64(0)
	switch v := a.Value.(type) {
	case float32:
		kind = isFloat
		e.b = protowire.AppendTag(e.b, 2, protowire.Fixed32Type)
		e.b = putFloat(e.b, v)
	case int64:
		kind = isInt
		e.b = protowire.AppendTag(e.b, 3, protowire.VarintType)
		e.b = putInt64(e.b, v)
	case string:
		kind = isString
		e.bytes(4, []byte(v))
	case *Tensor:
		kind = isTensor
		e.message(5, func() { e.tensor(v) })
	case *Graph:
		kind = isGraph
		e.message(6, func() { e.graph(v, depth+1) })
	case []float32:
		kind = isFloats
		each(e, 7, protowire.Fixed32Type, v, putFloat)
	case []int64:
		kind = isInts
		each(e, 8, protowire.VarintType, v, putInt64)
	case []string:
		kind = isStrings
		for _, s := range v {
			e.bytes(9, []byte(s))
		}
	case []*Tensor:
		kind = isTensors
		for _, t := range v {
			e.message(10, func() { e.tensor(t) })
		}
	case []*Graph:
		kind = isGraphs
		for _, g := range v {
			e.message(11, func() { e.graph(g, depth+1) })
		}
	case *Type:
		kind = isType
		e.message(14, func() { e.typ(v) })
	case []*Type:
		kind = isTypes
		for _, t := range v {
			e.message(15, func() { e.typ(t) })
		}
	default:
		e.fail(fmt.Sprintf("node %q: attribute %q", n.Name, a.Name), "the format has no attributes of type %T", a.Value)
	}
	e.text(13, a.Doc)
	e.integer(20, kind)
}
