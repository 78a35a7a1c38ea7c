package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth is how many graphs may stand inside each other. The bodies of If and Loop in real files are two or three deep.
const maxDepth = 32

// Decode reads a model. Raw data of tensors is part of data and not copied. The error is a FormatError.
func Decode(data []byte) (*Model, error) {
	m := &Model{}
	d := decoder{}
	err := d.fields(data, func(f field) error {
		switch f.number {
		case 1:
			return f.integer(&m.IRVersion)
		case 2:
			return f.text(&m.Producer)
		case 3:
			return f.text(&m.ProducerVersion)
		case 4:
			return f.text(&m.Domain)
		case 5:
			return f.integer(&m.Version)
		case 6:
			return f.text(&m.Doc)
		case 7:
			if m.Graph != nil {
				return FormatError{"", "the file has two graphs"}
			}
			g, err := d.graph(f)
			m.Graph = g
			return err
		case 8:
			o := Opset{}
			err := d.message(f, func(f field) error {
				switch f.number {
				case 1:
					return f.text(&o.Domain)
				case 2:
					return f.integer(&o.Version)
				}
				return nil
			})
			m.Opsets = append(m.Opsets, o)
			return err
		case 14:
			e, err := d.entry(f)
			m.Metadata = append(m.Metadata, e)
			return err
		case 20:
			return FormatError{"", "the file has training graphs, which are not read; export the network for inference"}
		case 25:
			return FormatError{"", "the file has functions of its own, which are not read; inline them first (onnx.inliner.inline_local_functions)"}
		}
		return nil
	})
	if err == nil && m.Graph == nil {
		err = FormatError{"", "there is no graph; is this an ONNX model?"}
	}
	if err != nil {
		if _, ok := err.(FormatError); !ok {
			err = FormatError{"", err.Error()}
		}
		return nil, err
	}
	return m, nil
}

// DecodeTensor reads a message that is one tensor, as the test data of the standard has them.
func DecodeTensor(data []byte) (*Tensor, error) {
	d := decoder{}
	t, err := d.tensor(field{kind: protowire.BytesType, bytes: data})
	if err != nil {
		return nil, inside("tensor", err)
	}
	return t, nil
}

// inside puts a place before the error, so that it tells the way through the file.
func inside(where string, err error) error {
	if e, ok := err.(FormatError); ok {
		if e.Where != "" {
			where += ": " + e.Where
		}
		return FormatError{where, e.Problem}
	}
	return FormatError{where, err.Error()}
}

// A field is one field of a message as it lies in the file.
type field struct {
	number protowire.Number
	kind   protowire.Type
	bytes  []byte // of kind BytesType
	value  uint64 // of the others
}

func (f field) wrongKind() error {
	return fmt.Errorf("field %d has wire type %d, which cannot be", f.number, f.kind)
}

func (f field) text(s *string) error {
	if f.kind != protowire.BytesType {
		return f.wrongKind()
	}
	*s = string(f.bytes)
	return nil
}

func (f field) integer(v *int64) error {
	if f.kind != protowire.VarintType {
		return f.wrongKind()
	}
	*v = int64(f.value)
	return nil
}

// each calls add for every number of a repeated field, which may be packed into one.
func (f field) each(kind protowire.Type, add func(v uint64)) error {
	if f.kind == kind {
		add(f.value)
		return nil
	}
	if f.kind != protowire.BytesType {
		return f.wrongKind()
	}
	for b := f.bytes; len(b) > 0; {
		v, n := scalar(kind, b)
		if n < 0 {
			return fmt.Errorf("field %d: the packed numbers end too early", f.number)
		}
		add(v)
		b = b[n:]
	}
	return nil
}

// scalar reads a number; n is negative where there is none.
func scalar(kind protowire.Type, b []byte) (v uint64, n int) {
	switch kind {
	case protowire.Fixed32Type:
		if len(b) < 4 {
			return 0, -1
		}
		return uint64(binary.LittleEndian.Uint32(b)), 4
	case protowire.Fixed64Type:
		if len(b) < 8 {
			return 0, -1
		}
		return binary.LittleEndian.Uint64(b), 8
	}
	return protowire.ConsumeVarint(b)
}

type decoder struct{ depth int }

// message reads a field that is a message.
func (d *decoder) message(f field, each func(f field) error) error {
	if f.kind != protowire.BytesType {
		return f.wrongKind()
	}
	return d.fields(f.bytes, each)
}

// fields calls each for every field of a message.
func (d *decoder) fields(b []byte, each func(f field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("no field begins where one must: %w", protowire.ParseError(n))
		}
		b = b[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		case protowire.VarintType, protowire.Fixed32Type, protowire.Fixed64Type:
			f.value, n = scalar(kind, b)
		default: // groups, which the format never had
			return f.wrongKind()
		}
		if n < 0 {
			return fmt.Errorf("field %d ends too early", number)
		}
		b = b[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) entry(f field) (e Entry, err error) {
	err = d.message(f, func(f field) error {
		switch f.number {
		case 1:
			return f.text(&e.Key)
		case 2:
			return f.text(&e.Value)
		}
		return nil
	})
	return e, err
}

func (d *decoder) graph(f field) (*Graph, error) {
	if d.depth++; d.depth > maxDepth {
		return nil, fmt.Errorf("more than %d graphs stand inside each other", maxDepth)
	}
	defer func() { d.depth-- }()
	g := &Graph{}
	err := d.message(f, func(f field) (err error) {
		switch f.number {
		case 1:
			n, err := d.node(f)
			if err != nil {
				return inside(fmt.Sprintf("node %d (%s %q)", len(g.Nodes), n.Op, n.Name), err)
			}
			g.Nodes = append(g.Nodes, n)
		case 2:
			return f.text(&g.Name)
		case 5:
			t, err := d.tensor(f)
			if err != nil {
				return inside(fmt.Sprintf("initializer %q", t.Name), err)
			}
			g.Initializers = append(g.Initializers, t)
		case 10:
			return f.text(&g.Doc)
		case 11:
			return d.value(f, &g.Inputs)
		case 12:
			return d.value(f, &g.Outputs)
		case 13:
			return d.value(f, &g.Values)
		case 15:
			return fmt.Errorf("an initializer is sparse, which is not read; make it dense")
		}
		return nil
	})
	if err != nil {
		return nil, inside("graph", err)
	}
	return g, nil
}

func (d *decoder) node(f field) (*Node, error) {
	n := &Node{}
	err := d.message(f, func(f field) error {
		s := ""
		switch f.number {
		case 1:
			err := f.text(&s)
			n.Inputs = append(n.Inputs, s)
			return err
		case 2:
			err := f.text(&s)
			n.Outputs = append(n.Outputs, s)
			return err
		case 3:
			return f.text(&n.Name)
		case 4:
			return f.text(&n.Op)
		case 5:
			a, err := d.attribute(f)
			if err != nil {
				return inside(fmt.Sprintf("attribute %q", a.Name), err)
			}
			n.Attributes = append(n.Attributes, a)
		case 6:
			return f.text(&n.Doc)
		case 7:
			return f.text(&n.Domain)
		}
		return nil
	})
	if err == nil && n.Op == "" {
		err = fmt.Errorf("it names no operator")
	}
	return n, err
}

func (d *decoder) value(f field, to *[]*Value) error {
	v := &Value{}
	err := d.message(f, func(f field) error {
		switch f.number {
		case 1:
			return f.text(&v.Name)
		case 2:
			return d.typ(f, &v.Type)
		case 3:
			return f.text(&v.Doc)
		}
		return nil
	})
	if err == nil && v.Name == "" {
		err = fmt.Errorf("it has no name")
	}
	if err != nil {
		return inside(fmt.Sprintf("value %q", v.Name), err)
	}
	*to = append(*to, v)
	return nil
}

func (d *decoder) typ(f field, t *Type) error {
	whole := f.bytes
	return d.message(f, func(f field) error {
		switch f.number {
		case 1: // a tensor
			t.Kind = TensorKind
			return d.message(f, func(f field) error {
				switch f.number {
				case 1:
					elem := int64(0)
					err := f.integer(&elem)
					t.Elem = DataType(elem)
					return err
				case 2:
					t.Ranked = true
					return d.message(f, func(f field) error {
						if f.number != 1 {
							return nil
						}
						dim, err := d.dim(f)
						t.Shape = append(t.Shape, dim)
						return err
					})
				}
				return nil
			})
		case 4, 5, 7, 8, 9: // sequence, map, opaque, sparse tensor, optional
			t.Kind, t.encoded = OtherKind, whole
		}
		return nil
	})
}

func (d *decoder) dim(f field) (dim Dim, err error) {
	err = d.message(f, func(f field) error {
		switch f.number {
		case 1:
			dim.Known = true
			return f.integer(&dim.Value)
		case 2:
			return f.text(&dim.Param)
		}
		return nil
	})
	return dim, err
}

func (d *decoder) tensor(f field) (*Tensor, error) {
	t := &Tensor{}
	external := false
	err := d.message(f, func(f field) error {
		switch f.number {
		case 1:
			return f.each(protowire.VarintType, func(v uint64) { t.Dims = append(t.Dims, int64(v)) })
		case 2:
			elem := int64(0)
			err := f.integer(&elem)
			t.Type = DataType(elem)
			return err
		case 3:
			return fmt.Errorf("it is a segment of a tensor, which is not read")
		case 4:
			return f.each(protowire.Fixed32Type, func(v uint64) { t.Floats = append(t.Floats, math.Float32frombits(uint32(v))) })
		case 5:
			return f.each(protowire.VarintType, func(v uint64) { t.Int32s = append(t.Int32s, int32(v)) })
		case 6:
			s := ""
			err := f.text(&s)
			t.Strings = append(t.Strings, s)
			return err
		case 7:
			return f.each(protowire.VarintType, func(v uint64) { t.Int64s = append(t.Int64s, int64(v)) })
		case 8:
			return f.text(&t.Name)
		case 9:
			if f.kind != protowire.BytesType {
				return f.wrongKind()
			}
			if len(f.bytes) > 0 {
				t.Raw = f.bytes
			}
		case 10:
			return f.each(protowire.Fixed64Type, func(v uint64) { t.Doubles = append(t.Doubles, math.Float64frombits(v)) })
		case 11:
			return f.each(protowire.VarintType, func(v uint64) { t.Uint64s = append(t.Uint64s, v) })
		case 12:
			return f.text(&t.Doc)
		case 13:
			external = true
		case 14:
			external = external || f.value != 0
		}
		return nil
	})
	if err == nil && external {
		err = fmt.Errorf("its data lies in another file, which is not read; save the model as one file (in Python: " +
			"onnx.save(onnx.load(name), name, save_as_external_data=False))")
	}
	if err == nil {
		err = t.check()
	}
	return t, err
}

// The numbers by which the format tells the types of attributes.
const (
	isFloat = iota + 1
	isInt
	isString
	isTensor
	isGraph
	isFloats
	isInts
	isStrings
	isTensors
	isGraphs
	isSparse
	isSparses
	isType
	isTypes
)

// attribute reads an attribute, of which only the field that its type names counts.
func (d *decoder) attribute(f field) (*Attribute, error) {
	a := &Attribute{}
	kind := int64(0)
	var (
		number  float32
		integer int64
		text    string
		tensors []*Tensor
		graphs  []*Graph
		typs    []*Type
		floats  []float32
		ints    []int64
		strings []string
	)
	err := d.message(f, func(f field) error {
		switch f.number {
		case 1:
			return f.text(&a.Name)
		case 2:
			return f.each(protowire.Fixed32Type, func(v uint64) { number = math.Float32frombits(uint32(v)) })
		case 3:
			return f.integer(&integer)
		case 4:
			return f.text(&text)
		case 5, 10:
			t, err := d.tensor(f)
			tensors = append(tensors, t)
			return err
		case 6, 11:
			g, err := d.graph(f)
			graphs = append(graphs, g)
			return err
		case 7:
			return f.each(protowire.Fixed32Type, func(v uint64) { floats = append(floats, math.Float32frombits(uint32(v))) })
		case 8:
			return f.each(protowire.VarintType, func(v uint64) { ints = append(ints, int64(v)) })
		case 9:
			s := ""
			err := f.text(&s)
			strings = append(strings, s)
			return err
		case 13:
			return f.text(&a.Doc)
		case 14, 15:
			t := &Type{}
			typs = append(typs, t)
			return d.typ(f, t)
		case 20:
			return f.integer(&kind)
		case 21:
			return fmt.Errorf("it refers to an attribute of a function, and this is none")
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	one := len(tensors)+len(graphs)+len(typs) == 1
	switch {
	case a.Name == "":
		err = fmt.Errorf("it has no name")
	case kind == isFloat:
		a.Value = number
	case kind == isInt:
		a.Value = integer
	case kind == isString:
		a.Value = text
	case kind == isTensor && one && len(tensors) == 1:
		a.Value = tensors[0]
	case kind == isGraph && one && len(graphs) == 1:
		a.Value = graphs[0]
	case kind == isType && one && len(typs) == 1:
		a.Value = typs[0]
	case kind == isFloats:
		a.Value = floats
	case kind == isInts:
		a.Value = ints
	case kind == isStrings:
		a.Value = strings
	case kind == isTensors:
		a.Value = tensors
	case kind == isGraphs:
		a.Value = graphs
	case kind == isTypes:
		a.Value = typs
	case kind == isSparse || kind == isSparses:
		err = fmt.Errorf("it is a sparse tensor, which is not read")
	default:
		err = fmt.Errorf("it has no value of its type, which is number %d", kind)
	}
	return a, err
}
