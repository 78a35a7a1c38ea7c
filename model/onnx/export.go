package onnx

import (
	"fmt"
	"math"
	"slices"
	"strings"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// exportOpset is the version of the operators that are written, which every runtime of the last years knows.
const exportOpset = 17

// Export writes down what a network does to an input of a shape, as ONNX: the graph of the operations that a pass records, which
// does not train, with the weights under the names of nn.Leaves and in PyTorch's axes. Images, N×H×W×C here, are N×C×H×W in the file,
// as inputs and as outputs, and all sizes are those of the shape, the batch's too. What depends on numbers and not on shapes, such
// as a loop until something is found, is written as it went once. Recording takes the memory of a training step.
//
// The error is an UnsupportedError if the network has operations that are not written.
func Export(net nn.Layer, shape ...int) (*file.Model, error) {
	p := tensor.Recording(nil)
	defer p.End()
	x := p.Var(p.Zeros(shape...))
	y := net.Forward(x)
	e := &exporter{
		graph: &file.Graph{Name: "network"}, sent: map[*tensor.Tensor]sent{}, leaves: map[*tensor.Tensor]nn.Leaf{},
		names: map[string]bool{"input": true, "output": true}, moved: map[string]string{},
	}
	byName := map[string]*tensor.Tensor{}
	for l := range nn.Leaves(net) {
		e.leaves[l.Tensor], byName[l.Name] = l, l.Tensor
		e.names[l.Name] = true
	}
	e.byName = byName
	e.sent[x] = sent{"input", outside(x.Rank())}
	e.graph.Inputs = []*file.Value{e.port("input", x)}
	steps := nn.Trace(net, p)
	var missing []string
	for _, s := range steps {
		if exports[s.Name] == nil {
			missing = append(missing, s.Name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, UnsupportedError{slices.Compact(missing)}
	}
	for _, s := range steps {
		e.layer = s.Layer
		if err := exports[s.Name](e, s.Operation); err != nil {
			return nil, fmt.Errorf("onnx: Export: layer %q: %s: %w", s.Layer, s.Name, err)
		}
	}
	e.layer = ""
	if !y.Tracked() {
		return nil, fmt.Errorf("onnx: Export: the output does not depend on the input")
	}
	e.emit("Identity", []string{e.in(y, outside(y.Rank()))}, "output")
	e.graph.Outputs = []*file.Value{e.port("output", y)}
	return &file.Model{
		IRVersion: 8, Producer: "hadal", Opsets: []file.Opset{{Version: exportOpset}}, Graph: e.graph,
	}, nil
}

// outside is the order of an input's or output's axes in the file.
func outside(rank int) []int {
	if rank == 4 {
		return []int{0, 3, 1, 2}
	}
	return identity(rank)
}

// channelsFirst is the order of N×C×… for a tensor N×…×C.
func channelsFirst(rank int) []int {
	order := []int{0, rank - 1}
	for i := 1; i < rank-1; i++ {
		order = append(order, i)
	}
	return order[:rank]
}

// A sent tensor is one that the graph has: axis i of the graph's is axis order[i] of ours.
type sent struct {
	name  string
	order []int
}

type exporter struct {
	graph  *file.Graph
	sent   map[*tensor.Tensor]sent
	leaves map[*tensor.Tensor]nn.Leaf
	byName map[string]*tensor.Tensor
	names  map[string]bool   // taken
	moved  map[string]string // by name and order: the transposed value
	layer  string            // of the operation under way
}

// port describes an input or output.
func (e *exporter) port(name string, x *tensor.Tensor) *file.Value {
	v := &file.Value{Name: name, Type: file.Type{Kind: file.TensorKind, Elem: file.Float, Ranked: true}}
	for _, a := range outside(x.Rank()) {
		v.Type.Shape = append(v.Type.Shape, file.Dim{Known: true, Value: int64(x.Dim(a))})
	}
	return v
}

// name returns a name that is not taken.
func (e *exporter) name(wish string) string {
	name := wish
	for i := 1; e.names[name]; i++ {
		name = fmt.Sprintf("%s_%d", wish, i)
	}
	e.names[name] = true
	return name
}

// emit writes a node and returns the name of its output.
func (e *exporter) emit(op string, inputs []string, output string, attributes ...*file.Attribute) string {
	wish := strings.ToLower(op)
	if e.layer != "" {
		wish = e.layer + "/" + wish
	}
	if output == "" {
		output = e.name(wish)
	}
	e.graph.Nodes = append(e.graph.Nodes, &file.Node{Name: output, Op: op, Inputs: inputs, Outputs: []string{output}, Attributes: attributes})
	return output
}

// attribute makes an attribute of a size, sizes, a number or a word.
func attribute(name string, v any) *file.Attribute {
	switch x := v.(type) {
	case int:
		v = int64(x)
	case []int:
		wide := make([]int64, len(x))
		for i, n := range x {
			wide[i] = int64(n)
		}
		v = wide
	case tensor.Float:
		v = float32(x)
	}
	return &file.Attribute{Name: name, Value: v}
}

// attributesOf makes attributes of names and values in turn.
func attributesOf(pairs ...any) (as []*file.Attribute) {
	for i := 0; i+1 < len(pairs); i += 2 {
		as = append(as, attribute(pairs[i].(string), pairs[i+1]))
	}
	return as
}

// in returns the name of a tensor in the graph with its axes in an order. One that no operation made becomes an initializer.
func (e *exporter) in(x *tensor.Tensor, order []int) string {
	v, ok := e.sent[x]
	if !ok {
		return e.initializer(x, order)
	}
	if slices.Equal(v.order, order) {
		return v.name
	}
	perm := make([]int, len(order))
	for i, a := range order {
		perm[i] = slices.Index(v.order, a)
	}
	key := fmt.Sprint(v.name, order)
	if e.moved[key] == "" {
		e.moved[key] = e.emit("Transpose", []string{v.name}, "", attribute("perm", perm))
	}
	return e.moved[key]
}

// plain is in, in our own order.
func (e *exporter) plain(x *tensor.Tensor) string { return e.in(x, identity(x.Rank())) }

// initializer writes a tensor that no operation made.
func (e *exporter) initializer(x *tensor.Tensor, order []int) string {
	key := fmt.Sprintf("%p%v", x, order)
	if e.moved[key] != "" {
		return e.moved[key]
	}
	l, isLeaf := e.leaves[x]
	own := l.Order
	if own == nil {
		own = identity(x.Rank())
	}
	name := l.Name
	switch {
	case !isLeaf:
		name = e.name("constant")
	case !slices.Equal(own, order) || slices.ContainsFunc(e.graph.Initializers, func(t *file.Tensor) bool { return t.Name == name }):
		name = e.name(l.Name)
	}
	t := &file.Tensor{Name: name, Type: file.Float}
	for _, a := range order {
		t.Dims = append(t.Dims, int64(x.Dim(a)))
	}
	heap := x
	if x.Pass() != nil {
		heap = x.Clone()
	}
	data := heap.Data()
	own2, shape, step := strides(x.Shape()), make([]int, len(order)), make([]int, len(order))
	for i, a := range order {
		shape[i], step[i] = x.Dim(a), own2[a]
	}
	t.Floats = make([]float32, len(data))
	for i, at := range positions(shape, step, 0) {
		t.Floats[i] = float32(data[at])
	}
	e.graph.Initializers = append(e.graph.Initializers, t)
	e.moved[key] = name
	return name
}

// numbers writes an initializer of floats that belongs to no tensor.
func (e *exporter) numbers(shape []int, vs ...float32) string {
	t := &file.Tensor{Name: e.name("constant"), Type: file.Float, Floats: vs}
	for _, d := range shape {
		t.Dims = append(t.Dims, int64(d))
	}
	e.graph.Initializers = append(e.graph.Initializers, t)
	return t.Name
}

// sizes writes an initializer of integers.
func (e *exporter) sizes(ns ...int) string {
	t := &file.Tensor{Name: e.name("sizes"), Type: file.Int64, Dims: []int64{int64(len(ns))}}
	for _, n := range ns {
		t.Int64s = append(t.Int64s, int64(n))
	}
	e.graph.Initializers = append(e.graph.Initializers, t)
	return t.Name
}

// out notes that a value of the graph is a tensor.
func (e *exporter) out(x *tensor.Tensor, name string, order []int) {
	if order == nil {
		order = identity(x.Rank())
	}
	e.sent[x] = sent{name, order}
}

// orderOf returns the order in which the graph has x already, or our own.
func (e *exporter) orderOf(x *tensor.Tensor) []int {
	if v, ok := e.sent[x]; ok {
		return v.order
	}
	return identity(x.Rank())
}

// An export writes an operation.
type export func(e *exporter, o tensor.Operation) error

// alike makes an export of an operator that treats each element by itself.
func alike(op string, attributes ...*file.Attribute) export {
	return func(e *exporter, o tensor.Operation) error {
		order := e.orderOf(o.Inputs[0])
		e.out(o.Outputs[0], e.emit(op, []string{e.in(o.Inputs[0], order)}, "", attributes...), order)
		return nil
	}
}

// composed makes an export of several operators, each of one element.
func composed(f func(e *exporter, o tensor.Operation, x string) string) export {
	return func(e *exporter, o tensor.Operation) error {
		order := e.orderOf(o.Inputs[0])
		e.out(o.Outputs[0], f(e, o, e.in(o.Inputs[0], order)), order)
		return nil
	}
}

// pair makes an export of an operator of two tensors that broadcast.
func pair(op string) export {
	return func(e *exporter, o tensor.Operation) error {
		a, b := o.Inputs[0], o.Inputs[1]
		order := e.orderOf(a)
		if b.Len() > a.Len() {
			order = e.orderOf(b)
		}
		if a.Rank() != b.Rank() { // the shorter has its axes at the end of our order
			e.out(o.Outputs[0], e.emit(op, []string{e.plain(a), e.plain(b)}, ""), nil)
			return nil
		}
		e.out(o.Outputs[0], e.emit(op, []string{e.in(a, order), e.in(b, order)}, ""), order)
		return nil
	}
}

func (e *exporter) scalar(v float64) string { return e.numbers(nil, float32(v)) }

// exports are the operations that are written.
var exports map[string]export = map[string]export{
	"ReLU": alike("Relu"), "Sigmoid": alike("Sigmoid"), "Tanh": alike("Tanh"), "HardSwish": alike("HardSwish"), "Erf": alike("Erf"),
	"Exp": alike("Exp"), "Log": alike("Log"), "Sqrt": alike("Sqrt"), "Abs": alike("Abs"), "Softplus": alike("Softplus"),
	"Reciprocal": alike("Reciprocal"), "Use": alike("Identity"),
	"Add": pair("Add"), "Sub": pair("Sub"), "Mul": pair("Mul"), "Div": pair("Div"),
	"SiLU": composed(func(e *exporter, o tensor.Operation, x string) string {
		return e.emit("Mul", []string{x, e.emit("Sigmoid", []string{x}, "")}, "")
	}),
	"Square": composed(func(e *exporter, o tensor.Operation, x string) string { return e.emit("Mul", []string{x, x}, "") }),
	"GELU": composed(func(e *exporter, o tensor.Operation, x string) string {
		phi := e.emit("Erf", []string{e.emit("Mul", []string{x, e.scalar(math.Sqrt2 / 2)}, "")}, "")
		return e.emit("Mul", []string{e.emit("Mul", []string{x, e.scalar(.5)}, ""), e.emit("Add", []string{phi, e.scalar(1)}, "")}, "")
	}),
	"ReLU6": composed(func(e *exporter, o tensor.Operation, x string) string { return e.clip(x, 0, 6) }),
	"Clamp": composed(func(e *exporter, o tensor.Operation, x string) string {
		return e.clip(x, float64(o.Attributes["k"].(tensor.Float)), float64(o.Attributes["c"].(tensor.Float)))
	}),
	"Affine": composed(func(e *exporter, o tensor.Operation, x string) string {
		if k := float64(o.Attributes["k"].(tensor.Float)); k != 1 {
			x = e.emit("Mul", []string{x, e.scalar(k)}, "")
		}
		if c := float64(o.Attributes["c"].(tensor.Float)); c != 0 {
			x = e.emit("Add", []string{x, e.scalar(c)}, "")
		}
		return x
	}),
	"LeakyReLU": composed(func(e *exporter, o tensor.Operation, x string) string {
		return e.emit("LeakyRelu", []string{x}, "", attribute("alpha", o.Attributes["k"]))
	}),
	"Conv2D": exportConv, "Conv2DBias": exportConv, "Conv2DReLU": exportConv,
	"MaxPool2D": exportPool, "AvgPool2D": exportPool, "AdaptiveAvgPool2D": exportAdaptive("GlobalAveragePool"),
	"AdaptiveMaxPool2D": exportAdaptive("GlobalMaxPool"),
	"Normalize":         exportNormalize, "LayerNorm": exportLayerNorm,
	"Linear": exportLinear, "LinearReLU": exportLinear, "Attention": exportAttention,
	"Reshape": exportReshape, "Permute": exportPermute, "Concat": exportConcat, "Split": exportSplit, "Slice": exportSlice, "Pad": exportPad,
	"BroadcastTo": func(e *exporter, o tensor.Operation) error {
		e.out(o.Outputs[0], e.emit("Expand", []string{e.plain(o.Inputs[0]), e.sizes(o.Outputs[0].Shape()...)}, ""), nil)
		return nil
	},
	"Softmax":    exportLast("Softmax"),
	"LogSoftmax": exportLast("LogSoftmax"),
}

// exportLast makes an export of an operator along our last axis.
func exportLast(op string) export {
	return func(e *exporter, o tensor.Operation) error {
		order := e.orderOf(o.Inputs[0])
		axis := slices.Index(order, o.Inputs[0].Rank()-1)
		e.out(o.Outputs[0], e.emit(op, []string{e.in(o.Inputs[0], order)}, "", attribute("axis", axis)), order)
		return nil
	}
}

func (e *exporter) clip(x string, low, high float64) string {
	return e.emit("Clip", []string{x, e.scalar(low), e.scalar(high)}, "")
}
