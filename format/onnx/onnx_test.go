package onnx_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/hadal-go/hadal/format/onnx"
)

// everything is a model that has each kind of thing once.
func everything() *onnx.Model {
	inner := &onnx.Graph{
		Name:    "branch",
		Nodes:   []*onnx.Node{{Op: "Identity", Inputs: []string{"x"}, Outputs: []string{"b"}}},
		Outputs: []*onnx.Value{{Name: "b"}},
	}
	tensor := &onnx.Tensor{Name: "t", Type: onnx.Int32, Dims: []int64{2}, Int32s: []int32{-1, 7}}
	typ := &onnx.Type{Kind: onnx.TensorKind, Elem: onnx.Bool}
	return &onnx.Model{
		IRVersion: 9, Producer: "hadal", ProducerVersion: "1", Domain: "d", Version: -3, Doc: "model",
		Opsets: []onnx.Opset{{"", 17}, {"com.example", 1}}, Metadata: []onnx.Entry{{"key", "value"}},
		Graph: &onnx.Graph{
			Name: "main", Doc: "graph",
			Nodes: []*onnx.Node{{
				Name: "n", Op: "Op", Domain: "com.example", Doc: "node", Inputs: []string{"x", "", "w"}, Outputs: []string{"y"},
				Attributes: []*onnx.Attribute{
					{Name: "float", Value: float32(-1.5), Doc: "attribute"}, {Name: "int", Value: int64(math.MinInt64)},
					{Name: "string", Value: "\xff\x00"}, {Name: "tensor", Value: tensor}, {Name: "graph", Value: inner}, {Name: "type", Value: typ},
					{Name: "floats", Value: []float32{1, 2}}, {Name: "ints", Value: []int64{0, -1}}, {Name: "strings", Value: []string{"a", ""}},
					{Name: "tensors", Value: []*onnx.Tensor{tensor}}, {Name: "graphs", Value: []*onnx.Graph{inner}},
					{Name: "types", Value: []*onnx.Type{typ}}, {Name: "none", Value: []int64(nil)},
				},
			}},
			Initializers: []*onnx.Tensor{
				{Name: "w", Doc: "weights", Type: onnx.Float, Dims: []int64{2, 1}, Floats: []float32{1, -2}},
				{Name: "raw", Type: onnx.Float16, Dims: []int64{2}, Raw: []byte{0, 0x3c, 0, 0xc0}},
				{Name: "one", Type: onnx.Double, Doubles: []float64{.1}},
				{Name: "long", Type: onnx.Int64, Dims: []int64{1}, Int64s: []int64{-1 << 62}},
				{Name: "unsigned", Type: onnx.Uint64, Dims: []int64{1}, Uint64s: []uint64{math.MaxUint64}},
				{Name: "texts", Type: onnx.String, Dims: []int64{2}, Strings: []string{"é", ""}},
				{Name: "empty", Type: onnx.Float, Dims: []int64{0, 5}},
			},
			Inputs: []*onnx.Value{{Name: "x", Doc: "input", Type: onnx.Type{Kind: onnx.TensorKind, Elem: onnx.Float, Ranked: true,
				Shape: []onnx.Dim{{Param: "batch"}, {Known: true, Value: 0}, {}}}}},
			Outputs: []*onnx.Value{{Name: "y", Type: onnx.Type{Kind: onnx.TensorKind, Elem: onnx.Float}}},
			Values:  []*onnx.Value{{Name: "z"}, {Name: "scalar", Type: onnx.Type{Kind: onnx.TensorKind, Elem: onnx.Int64, Ranked: true}}},
		},
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	var file bytes.Buffer
	if err := onnx.Write(&file, everything()); err != nil {
		t.Fatal(err)
	}
	got, err := onnx.Read(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(everything(), got, cmpopts.IgnoreUnexported(onnx.Type{})); d != "" {
		t.Error(d)
	}
	again, err := got.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, file.Bytes()) {
		t.Error("the bytes differ when what was read is written again")
	}
}

// The file is from the standard's own library, which reads what comes out of this one in the same script.
func TestFileOfTheStandardsLibrary(t *testing.T) {
	data, err := os.ReadFile("testdata/library.onnx")
	if err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if m.Opset("") != 17 || m.Opset("ai.onnx") != 17 || m.Opset("none") != 0 || m.Producer != "script" {
		t.Errorf("opset %d, producer %q", m.Opset(""), m.Producer)
	}
	node := m.Graph.Nodes[0]
	if node.Op != "Conv" || !slices.Equal(node.Attribute("pads").Value.([]int64), []int64{1, 2, 3, 4}) || node.Attribute("none") != nil {
		t.Errorf("the first node is %+v", node)
	}
	if kind := m.Graph.Inputs[1].Type.Kind; kind != onnx.OtherKind {
		t.Errorf("the second input is of kind %d, want that of a sequence", kind)
	}
	want := map[string][]float64{ // exact in every type of floats; the largest, a subnormal and infinity of binary16 among them
		"float16": {1, -2, 65504, math.Ldexp(3, -24), math.Inf(-1)}, "bfloat16": {1, -2, 3.140625, 0, math.Inf(1)},
		"float": {1, -2, .5, 0, math.Inf(1)}, "double": {1, -2, .1, 0, 1e300},
		"float16_data": {1, -2, 65504, math.Ldexp(3, -24), math.Inf(-1)},
		"double_data":  {1, -2, .1, 0, 1e300}, "float_data": {1, -2, .5, 0, math.Inf(1)},
	}
	integers := map[string][]int64{
		"int8": {-128, 127, 0}, "uint8": {255, 1, 0}, "int16": {-32768, 32767, 0}, "uint16": {65535, 1, 0}, "int32": {-1 << 31, 1<<31 - 1, 0},
		"uint32": {1<<32 - 1, 1, 0}, "int64": {math.MinInt64, math.MaxInt64, 0}, "uint64": {-1, 1, 0}, "bool": {1, 0, 1},
		"int8_data": {-128, 127, 0}, "uint32_data": {1<<32 - 1, 1, 0}, "int64_data": {math.MinInt64, math.MaxInt64, 0}, "bool_data": {1, 0, 1},
	}
	for _, x := range m.Graph.Initializers {
		switch {
		case want[x.Name] != nil:
			if got, err := x.Float64s(); err != nil || !slices.Equal(got, want[x.Name]) {
				t.Errorf("%s is %v (%v), want %v", x.Name, got, err, want[x.Name])
			}
			delete(want, x.Name)
		case integers[x.Name] != nil:
			if got, err := x.Integers(); err != nil || !slices.Equal(got, integers[x.Name]) {
				t.Errorf("%s is %v (%v), want %v", x.Name, got, err, integers[x.Name])
			}
			delete(integers, x.Name)
		}
	}
	if len(want)+len(integers) > 0 {
		t.Errorf("the file has no %v %v", want, integers)
	}
	if again, err := m.Encode(); err != nil || !bytes.Equal(again, data) {
		t.Errorf("what was read is written as %d other bytes instead of %d (%v)", len(again), len(data), err)
	}
}

func TestRound(t *testing.T) {
	for _, c := range []struct {
		typ     onnx.DataType
		v, want float64
	}{
		{onnx.Float16, 1 + 0x1p-11, 1}, {onnx.Float16, 1 + 3*0x1p-11, 1 + 0x1p-9}, {onnx.Float16, 65519, 65504},
		{onnx.Float16, 65520, math.Inf(1)}, {onnx.Float16, 0x1p-25, 0}, {onnx.Float16, -3 * 0x1p-25, -0x1p-23}, {onnx.Float16, 0x1p-24, 0x1p-24},
		{onnx.BFloat16, 1 + 0x1p-8, 1}, {onnx.BFloat16, 3.14159, 3.140625}, {onnx.BFloat16, math.MaxFloat32, math.Inf(1)},
		{onnx.Float, .1, float64(float32(.1))}, {onnx.Double, .1, .1},
	} {
		if got := c.typ.Round(c.v); got != c.want {
			t.Errorf("%v as %v is %v, want %v", c.v, c.typ, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		typ     onnx.DataType
		v, want int64
	}{
		{onnx.Int8, 200, -56}, {onnx.Uint8, -1, 255}, {onnx.Bool, 7, 1}, {onnx.Int64, -5, -5}, {onnx.Uint16, 1 << 16, 0},
		{onnx.Int32, 1 << 31, -1 << 31},
	} {
		if got := c.typ.Wrap(c.v); got != c.want {
			t.Errorf("%d as %v is %d, want %d", c.v, c.typ, got, c.want)
		}
		if low, high := c.typ.Range(); c.want < low || c.want > high {
			t.Errorf("%d is not within %d and %d of %v", c.want, low, high, c.typ)
		}
	}
}

// message is a field that holds fields.
func message(number protowire.Number, fields ...[]byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), bytes.Join(fields, nil))
}

func text(number protowire.Number, s string) []byte { return message(number, []byte(s)) }

func integer(number protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), uint64(v))
}

// hostile are files that must give an error that says something.
func hostile() map[string]struct {
	file []byte
	says string
} {
	deep := text(4, "If")
	for range 40 {
		deep = slices.Concat(text(4, "If"), message(5, text(1, "g"), message(6, message(1, deep)), integer(20, 5)))
	}
	tensor := func(fields ...[]byte) []byte {
		return message(7, message(5, slices.Concat(text(8, "w"), bytes.Join(fields, nil))))
	}
	node := func(fields ...[]byte) []byte {
		return message(7, message(1, slices.Concat(text(4, "Op"), bytes.Join(fields, nil))))
	}
	return map[string]struct {
		file []byte
		says string
	}{
		"nothing":       {nil, "no graph"},
		"text":          {[]byte("<html>not found</html>"), "onnx: "},
		"cut off":       {[]byte{7<<3 | 2, 200}, "too early"},
		"two graphs":    {slices.Concat(message(7), message(7)), "two graphs"},
		"long":          {[]byte{7<<3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, "too early"},
		"a group":       {[]byte{7<<3 | 3, 7<<3 | 4}, "wire type"},
		"wrong kind":    {integer(7, 1), "wire type"},
		"deep":          {message(7, message(1, deep)), "stand inside each other"},
		"negative":      {tensor(integer(1, -1), integer(2, 1)), "an axis is negative"},
		"overflow":      {tensor(integer(1, 1<<40), integer(1, 1<<40), integer(2, 1)), "too large"},
		"hidden":        {tensor(integer(1, 0), integer(1, -5), integer(2, 1)), "an axis is negative"},
		"lying":         {tensor(integer(1, 1<<40), integer(2, 1), text(9, "1234")), "does not take 4 bytes"},
		"lying in data": {tensor(integer(1, 3), integer(2, 1), message(4, []byte("12345678"))), "asks for 3 elements of float, there are 2"},
		"half a number": {tensor(integer(1, 2), integer(2, 1), message(4, []byte("123456"))), "end too early"},
		"unknown type":  {tensor(integer(2, 99)), "type 99"},
		"negative type": {tensor(integer(2, -1)), "type -1"},
		"raw strings":   {tensor(integer(1, 1), integer(2, 8), text(9, "a")), "strings lie in raw_data"},
		"another file": {tensor(integer(1, 4), integer(2, 1), message(13, text(1, "location"), text(2, "/etc/passwd")), integer(14, 1)),
			"save the model as one file"},
		"a segment":      {tensor(integer(2, 1), message(3)), "segment"},
		"sparse":         {message(7, message(15)), "sparse"},
		"training":       {message(20), "for inference"},
		"functions":      {message(25), "inline them"},
		"no operator":    {message(7, message(1, text(3, "n"))), "names no operator"},
		"no type":        {node(message(5, text(1, "a"), integer(3, 1))), `attribute "a": it has no value of its type`},
		"no name":        {node(message(5, integer(3, 1), integer(20, 2))), "it has no name"},
		"no value":       {node(message(5, text(1, "a"), integer(20, 4))), "no value of its type"},
		"a reference":    {node(message(5, text(1, "a"), text(21, "b"), integer(20, 2))), "attribute of a function"},
		"nameless value": {message(7, message(11, text(3, "doc"))), "it has no name"},
	}
}

func TestHostileFiles(t *testing.T) {
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			_, err := onnx.Decode(c.file)
			var format onnx.FormatError
			if !errors.As(err, &format) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v, want a FormatError that says %q", err, c.says)
			}
		})
	}
}

func TestTensorsAreCheckedWhenWritten(t *testing.T) {
	m := everything()
	m.Graph.Initializers[0].Dims[0] = 7
	if _, err := m.Encode(); err == nil || !strings.Contains(err.Error(), `tensor "w"`) {
		t.Errorf("the error is %v, want one about the shape of w", err)
	}
	m = everything()
	m.Graph.Nodes[0].Attributes[0].Value = 3
	if _, err := m.Encode(); err == nil || !strings.Contains(err.Error(), "type int") {
		t.Errorf("the error is %v, want one about an attribute of type int", err)
	}
}

func TestReadingTheWrongNumbers(t *testing.T) {
	x := &onnx.Tensor{Name: "x", Type: onnx.Float, Dims: []int64{2}, Floats: []float32{1, 2}}
	if _, err := x.Integers(); err == nil {
		t.Error("floats are read as integers")
	}
	if _, err := (&onnx.Tensor{Type: onnx.Int8, Dims: []int64{1}, Int32s: []int32{1}}).Float64s(); err == nil {
		t.Error("integers are read as floats")
	}
	x.Dims[0] = 3
	if _, err := x.Float64s(); err == nil {
		t.Error("a tensor whose shape was changed to a lie is read")
	}
}

// wasteful is made of the messages that take least in a file and most in memory.
func wasteful() []byte {
	var nodes []byte
	for range 20_000 {
		nodes = append(nodes, message(1, text(4, "A"), text(1, ""), text(2, ""))...)
		nodes = append(nodes, message(1, text(4, "A"), message(5, text(1, "a"), integer(20, 7)))...)
		nodes = append(nodes, message(11, text(1, "x"))...)
	}
	return message(7, nodes)
}

// decode decodes and checks that memory is bounded by the file.
func decode(t *testing.T, data []byte) *onnx.Model {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := onnx.Decode(data)
	runtime.ReadMemStats(&after)
	if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(64*len(data)+100_000); got > limit {
		t.Errorf("Decode of %d bytes allocates %d, want at most %d", len(data), got, limit)
	}
	if err != nil {
		return nil
	}
	return m
}

func TestMemoryIsBounded(t *testing.T) {
	data := wasteful()
	if decode(t, data) == nil {
		t.Error("the file is not read")
	}
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) { decode(t, c.file) })
	}
}

func FuzzDecode(f *testing.F) {
	whole, err := everything().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	library, err := os.ReadFile("testdata/library.onnx")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(library)
	for _, c := range hostile() {
		f.Add(c.file)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := decode(t, data)
		if m == nil {
			return
		}
		for _, x := range m.Graph.Initializers {
			if values, err := x.Float64s(); err == nil && len(values) != x.Len() {
				t.Errorf("%d elements of a tensor of %d", len(values), x.Len())
			}
			if values, err := x.Integers(); err == nil && len(values) != x.Len() {
				t.Errorf("%d elements of a tensor of %d", len(values), x.Len())
			}
		}
		written, err := m.Encode()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := onnx.Decode(written)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		twice, err := again.Encode()
		if err != nil || !bytes.Equal(twice, written) {
			t.Errorf("what is written changes when it is read and written again (%v)", err)
		}
	})
}
