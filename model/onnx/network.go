// Package onnx makes networks out of ONNX files. A [Network] is a graph of the standard's operators that runs in a pass, so that what it
// computes can be differentiated and the network trained on: its weights are found by nn.Leaves under the names that they have in the
// file, in the file's layout, which is that of PyTorch.
//
// The operators are those of the versions (opsets) 7 to 28 of the standard's domain, https://onnx.ai/onnx/operators/; docs/onnx.md
// says which there are and what the standard's own cases say of each. A file with others gives one error that lists them all.
//
// Values of float types are computed in tensor.Float, whatever their width in the file. Integers and truth values, which are shapes,
// positions and masks, are computed as int64 beside the pass. docs/decisions/0016-onnx-layouts.md says how images lie in memory.
package onnx

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/tensor"
)

// The versions of the standard's operators that are known.
const (
	oldestOpset = 7
	newestOpset = 28
)

// A Network is a graph with its weights. In a pass it behaves as the file says, with two exceptions in a training pass: Dropout drops,
// and what is random takes the pass's random stream. Batch normalization keeps the statistics of the file, as a frozen one does.
type Network struct {
	// The weights: all float initializers that have axes. Those of convolutions lie as tensor.Conv2D and Conv1D take them; files keep
	// the order O×I×KH×KW.
	Weights   map[string]*tensor.Tensor `nn:"."`
	Kernels   map[string]*tensor.Tensor `nn:".,order=3201"` // KH×KW×I×O
	Kernels1D map[string]*tensor.Tensor `nn:".,order=210"`  // K×I×O

	// Buffers are means and variances of batch normalizations.
	Buffers map[string]*tensor.Tensor `nn:".,buffer"`

	// Inputs and Outputs are what Run takes and gives, in this order.
	Inputs, Outputs []Port

	// AsInFile makes Forward take and give images in the order of the file's axes. Otherwise what has four axes there is N×C×H×W and
	// becomes N×H×W×C, as images are in Hadal.
	AsInFile bool

	plan      *plan
	constants map[string]*value
}

// A Port is an input or an output of a network.
type Port struct {
	Name  string
	Type  file.DataType // Undefined if the file does not say
	Shape []file.Dim    // nil if the file does not say, or for a single number
}

// A Value is an array that goes into a network or comes out of it, in the order of axes that the file means: images are N×C×H×W.
type Value struct {
	Floats *tensor.Tensor // of float types; nil for others
	Ints   []int64        // of integers, and of truth values as 0 and 1
	Shape  []int
	Type   file.DataType
}

// Floats is the value of a tensor.
func Floats(x *tensor.Tensor) Value { return Value{Floats: x, Shape: x.Shape(), Type: file.Float} }

// Ints is a value of integers, in row-major order.
func Ints(v []int64, shape ...int) Value { return Value{Ints: v, Shape: shape, Type: file.Int64} }

// An UnsupportedError lists the operators of a file that this package does not have.
type UnsupportedError struct {
	Operators []string // such as: com.example.FancyOp, sorted
}

func (e UnsupportedError) Error() string {
	return "onnx: these operators of the file are not supported: " + strings.Join(e.Operators, ", ")
}

// Read reads a file and makes its network.
func Read(r io.Reader) (*Network, error) {
	m, err := file.Read(r)
	if err != nil {
		return nil, err
	}
	return Import(m)
}

// Import makes a network of a model. It needs the model no longer afterwards. The error is an UnsupportedError if operators are missing;
// others say what is wrong with the graph.
func Import(m *file.Model) (*Network, error) {
	if m.Graph == nil {
		return nil, errors.New("onnx: the model has no graph")
	}
	if missing := unsupported(m.Graph, nil); len(missing) > 0 {
		slices.Sort(missing)
		return nil, UnsupportedError{slices.Compact(missing)}
	}
	opset := m.Opset("")
	if opset < oldestOpset || opset > newestOpset {
		return nil, fmt.Errorf("onnx: the file means the operators of opset %d, which is not supported; %d to %d are, "+
			"and onnx.version_converter leads there", opset, oldestOpset, newestOpset)
	}
	net := &Network{
		Weights: map[string]*tensor.Tensor{}, Kernels: map[string]*tensor.Tensor{}, Kernels1D: map[string]*tensor.Tensor{},
		Buffers: map[string]*tensor.Tensor{}, constants: map[string]*value{},
	}
	given := map[string]bool{}
	for _, t := range m.Graph.Initializers {
		if t.Name == "" || given[t.Name] {
			return nil, fmt.Errorf("onnx: initializer %q has no name, or there are two of it", t.Name)
		}
		given[t.Name] = true
	}
	for _, v := range m.Graph.Inputs {
		if given[v.Name] {
			continue // an initializer is its default
		}
		if v.Type.Kind == file.OtherKind {
			return nil, fmt.Errorf("onnx: input %q is no tensor, which is not supported", v.Name)
		}
		net.Inputs = append(net.Inputs, Port{v.Name, v.Type.Elem, v.Type.Shape})
	}
	for _, v := range m.Graph.Outputs {
		net.Outputs = append(net.Outputs, Port{v.Name, v.Type.Elem, v.Type.Shape})
	}
	outer := maps.Clone(given)
	for _, in := range net.Inputs {
		if outer[in.Name] {
			return nil, fmt.Errorf("onnx: there are two inputs %q", in.Name)
		}
		outer[in.Name] = true
	}
	b := builder{opset: opset}
	var err error
	if net.plan, err = b.build(m.Graph, outer); err != nil {
		return nil, err
	}
	roles := map[string]role{}
	findRoles(m.Graph, roles)
	for _, t := range m.Graph.Initializers {
		if err := net.take(t, roles[t.Name]); err != nil {
			return nil, err
		}
	}
	return net, nil
}

// unsupported appends the operators of a graph, and of those inside it, that there are not.
func unsupported(g *file.Graph, missing []string) []string {
	for _, n := range g.Nodes {
		if n.Domain != "" && n.Domain != "ai.onnx" {
			missing = append(missing, n.Domain+"."+n.Op)
		} else if operators[n.Op] == nil && n.Op != "If" && n.Op != "Constant" {
			missing = append(missing, n.Op)
		}
		for _, body := range bodies(n) {
			missing = unsupported(body, missing)
		}
	}
	return missing
}

// bodies returns the graphs among the attributes of a node.
func bodies(n *file.Node) (gs []*file.Graph) {
	for _, a := range n.Attributes {
		switch v := a.Value.(type) {
		case *file.Graph:
			gs = append(gs, v)
		case []*file.Graph:
			gs = append(gs, v...)
		}
	}
	return gs
}

// A role is what an initializer is for.
type role int

const (
	unused   role = iota
	weight        // trained
	kernel        // of convolutions and nothing else
	buffer        // of batch normalizations and nothing else
	constant      // something that a node must know as a number: a scale, a bound
)

// settings are the inputs that nodes read as numbers, by operator: those from a position on, or all if it is 0.
var settings = map[string]int{
	"Clip": 1, "Resize": 1, "Upsample": 1, "Pad": 2, "NonMaxSuppression": 3, "Range": 0, "Dropout": 1, "OneHot": 1, "Pow": 1,
}

// findRoles tells for every name that nodes of a graph take what they take it for.
func findRoles(g *file.Graph, roles map[string]role) {
	for _, n := range g.Nodes {
		for i, name := range n.Inputs {
			r := weight
			from, has := settings[n.Op]
			switch {
			case has && i >= from:
				r = constant
			case (n.Op == "Conv" || n.Op == "ConvTranspose") && i == 1:
				r = kernel
			case n.Op == "BatchNormalization" && i >= 3:
				r = buffer
			}
			if old := roles[name]; old != unused && old != r {
				r = weight
				if old == constant {
					r = constant
				}
			}
			roles[name] = r
		}
		for _, body := range bodies(n) {
			findRoles(body, roles)
		}
	}
	for _, v := range g.Outputs {
		if roles[v.Name] != constant {
			roles[v.Name] = weight
		}
	}
}

// take makes an initializer a weight, a buffer or a constant.
func (net *Network) take(t *file.Tensor, r role) error {
	v, err := fromFile(t)
	if err != nil {
		return fmt.Errorf("onnx: initializer %w", err)
	}
	name := t.Name
	switch {
	case v.x == nil || len(v.shape) == 0 || r == constant:
		net.constants[name] = v
	case r == buffer:
		net.Buffers[name] = v.x
	case r == kernel && len(v.shape) == 4:
		net.Kernels[name] = parameter(v.x.Permute(kernelOrder(4)...))
	case r == kernel && len(v.shape) == 3:
		net.Kernels1D[name] = parameter(v.x.Permute(kernelOrder(3)...))
	default:
		net.Weights[name] = parameter(v.x)
	}
	return nil
}

func parameter(x *tensor.Tensor) *tensor.Tensor {
	x.Track(true)
	return x
}

// Run takes a value for every input through the graph and returns one for every output. Those on the heap are brought into the pass.
// Errors name the node; shapes and types that do not fit are errors, not panics.
func (net *Network) Run(p *tensor.Pass, inputs ...Value) ([]Value, error) {
	if len(inputs) != len(net.Inputs) {
		return nil, fmt.Errorf("onnx: the network has %d inputs, %d values are given", len(net.Inputs), len(inputs))
	}
	vs := make([]*value, len(inputs))
	for i, in := range inputs {
		if err := net.fits(i, in); err != nil {
			return nil, err
		}
		vs[i] = &value{shape: slices.Clone(in.Shape), typ: in.Type, ints: in.Ints}
		if in.Floats != nil {
			vs[i].x = bring(p, in.Floats)
		}
		if t := net.Inputs[i].Type; t != file.Undefined {
			vs[i].typ = t
		}
	}
	ys, err := net.run(p, vs)
	if err != nil {
		return nil, err
	}
	outputs := make([]Value, len(ys))
	for i, y := range ys {
		outputs[i] = Value{Ints: y.ints, Shape: y.shape, Type: y.typ}
		if y.x != nil {
			outputs[i].Floats = y.in(p, nil)
		}
	}
	return outputs, nil
}

// bring brings a tensor into a pass; one of the pass stays as it is, with its history.
func bring(p *tensor.Pass, x *tensor.Tensor) *tensor.Tensor {
	if x.Pass() == p {
		return x
	}
	return p.Input(x)
}

// fits checks a value for input i.
func (net *Network) fits(i int, v Value) error {
	in, n := net.Inputs[i], size(v.Shape)
	has := len(v.Ints)
	if v.Floats != nil {
		has = v.Floats.Len()
	}
	switch {
	case n != has || v.Floats != nil && !slices.Equal(v.Floats.Shape(), v.Shape):
		return fmt.Errorf("onnx: the %d numbers for input %q are not of shape %v", has, in.Name, v.Shape)
	case in.Type.IsFloat() && v.Floats == nil, in.Type.IsInteger() && v.Floats != nil:
		return fmt.Errorf("onnx: input %q has elements of %v, the value given has not", in.Name, in.Type)
	}
	if in.Shape == nil {
		return nil
	}
	bad := len(in.Shape) != len(v.Shape)
	for a := 0; !bad && a < len(in.Shape); a++ {
		bad = in.Shape[a].Known && in.Shape[a].Value != int64(v.Shape[a])
	}
	if bad {
		return fmt.Errorf("onnx: input %q is of shape %s, %v is given", in.Name, dims(in.Shape), v.Shape)
	}
	return nil
}

// dims writes a shape with its unknown axes.
func dims(shape []file.Dim) string {
	words := make([]string, len(shape))
	for i, d := range shape {
		switch {
		case d.Known:
			words[i] = fmt.Sprint(d.Value)
		case d.Param != "":
			words[i] = d.Param
		default:
			words[i] = "?"
		}
	}
	return "[" + strings.Join(words, " ") + "]"
}

// Forward makes a network of one float input a layer; it returns the first output. Images go in and out as N×H×W×C, see AsInFile. It
// panics where Run gives an error.
func (net *Network) Forward(x *tensor.Tensor) *tensor.Tensor {
	if len(net.Inputs) != 1 {
		panic(fmt.Sprintf("onnx: Forward: the network has %d inputs; use Run", len(net.Inputs)))
	}
	v := &value{x: x, shape: x.Shape(), typ: file.Float}
	if len(v.shape) == 4 && !net.AsInFile {
		v.order = imageOrder(4)
		v.shape = []int{v.shape[0], v.shape[3], v.shape[1], v.shape[2]}
	}
	if in := net.Inputs[0]; in.Shape != nil && len(in.Shape) != len(v.shape) {
		panic(fmt.Sprintf("onnx: Forward: input %q is of shape %s, %v is given", in.Name, dims(in.Shape), x.Shape()))
	}
	ys, err := net.run(x.Pass(), []*value{v})
	if err != nil {
		panic(err.Error())
	}
	if ys[0].x == nil {
		panic(fmt.Sprintf("onnx: Forward: output %q is not of floats; use Run", net.Outputs[0].Name))
	}
	if len(ys[0].shape) == 4 && !net.AsInFile {
		return ys[0].in(x.Pass(), imageOrder(4))
	}
	return ys[0].in(x.Pass(), nil)
}

// run takes values through the graph.
func (net *Network) run(p *tensor.Pass, inputs []*value) ([]*value, error) {
	env := maps.Clone(net.constants)
	for _, set := range []struct {
		weights map[string]*tensor.Tensor
		order   func(rank int) []int
	}{{net.Weights, nil}, {net.Buffers, nil}, {net.Kernels, kernelOrder}, {net.Kernels1D, kernelOrder}} {
		for name, x := range set.weights {
			v := &value{x: x, shape: x.Shape(), typ: file.Float}
			if set.order != nil {
				v.order = set.order(len(v.shape))
				for i, a := range v.order {
					v.shape[a] = x.Dim(i)
				}
			}
			env[name] = v
		}
	}
	for i, in := range net.Inputs {
		env[in.Name] = inputs[i]
	}
	return net.plan.run(p, env)
}
