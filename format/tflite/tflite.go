// Package tflite reads models of TensorFlow Lite: FlatBuffers of schema 3 with the identifier TFL3
// (https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/schema/schema.fbs).
//
// A model is graphs of operators over tensors, those of constant value in buffers, quantized or not. Open reads and checks all of it; numbers are
// converted when Float32 asks for them. Offsets outside the file, lengths that it cannot hold and structures that are used again and
// again are errors. Memory is bounded by a small multiple of the file's size.
package tflite

import (
	"fmt"
	"io"
)

// A FormatError says what is wrong with a file.
type FormatError struct{ Problem string }

func (e FormatError) Error() string { return "tflite: " + e.Problem }

// A Model is a file that was read. Nothing changes it, so that it may be used from several goroutines at once.
type Model struct {
	Description string
	Graphs      []Graph // the first is the one to run
}

// A Graph is operators in the order in which they run. Inputs and Outputs are indices of its tensors.
type Graph struct {
	Name            string
	Tensors         []Tensor
	Operators       []Operator
	Inputs, Outputs []int
}

// An Operator computes tensors from others. An input of -1 is left out.
type Operator struct {
	Code            Code
	Custom          string // name of an operator of code OpCustom
	Inputs, Outputs []int  // indices of the graph's tensors
	Options         any    // Conv2D, DepthwiseConv2D, Pool2D …, by value; nil if there are none, or of kinds that are not read
}

// Open reads a model of size bytes. The error is a FormatError if the file breaks the format, or that of r if reading fails.
func Open(r io.ReaderAt, size int64) (*Model, error) {
	const least = 8
	if size < least {
		return nil, FormatError{fmt.Sprintf("the file has %d bytes, its head alone takes %d", size, least)}
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
		return nil, fmt.Errorf("tflite: read the file: %w", err)
	}
	if id := string(data[4:8]); id != "TFL3" {
		return nil, FormatError{fmt.Sprintf("the file's identifier is %q, must be \"TFL3\"", id)}
	}
	b := &buffer{data: data, left: 2*len(data) + 4096}
	m := b.model()
	if b.err != nil {
		return nil, b.err
	}
	return m, nil
}

// model reads the root table.
func (b *buffer) model() *Model {
	root := b.table(b.follow(0))
	if v := root.int(0, 4, 0); b.err == nil && v != 3 {
		b.fail("the schema has version %d, read is 3", v)
	}
	m := &Model{Description: root.string(3)}
	var codes []Operator
	root.tables(1, func(_ int, t table) {
		code := max(t.int(0, 1, 0), t.int(3, 4, 0)) // The older field ends at 127.
		codes = append(codes, Operator{Code: Code(code), Custom: t.string(1)})
	})
	var constants [][]byte
	root.tables(4, func(_ int, t table) {
		constants = append(constants, t.outside(t.bytes(0)))
	})
	root.tables(2, func(i int, t table) {
		g := Graph{Name: t.string(4), Inputs: t.ints(1, 4), Outputs: t.ints(2, 4)}
		t.tables(0, func(k int, t table) { g.Tensors = append(g.Tensors, t.tensor(k, constants)) })
		t.tables(3, func(k int, t table) { g.Operators = append(g.Operators, t.operator(k, codes)) })
		g.check(b)
		m.Graphs = append(m.Graphs, g)
	})
	if len(m.Graphs) == 0 {
		b.fail("the model has no graph")
	}
	return m
}

// outside returns the bytes of a constant that lies behind the FlatBuffer, as in files beyond 2 GB; else those that it has.
func (t table) outside(inside []byte) []byte {
	at, n := t.int(1, 8, 0), t.int(2, 8, 0)
	if at <= 1 {
		return inside
	}
	if at > len(t.b.data) || n < 0 || n > len(t.b.data)-at {
		t.b.fail("a constant of %d bytes at byte %d does not lie in the file", n, at)
		return nil
	}
	return t.b.data[at : at+n : at+n]
}

// operator reads operator k of a graph.
func (t table) operator(k int, codes []Operator) Operator {
	i := t.int(0, 4, 0)
	if i < 0 || i >= len(codes) {
		t.b.fail("operator %d has code %d of %d", k, i, len(codes))
		return Operator{}
	}
	o := codes[i]
	o.Inputs, o.Outputs = t.ints(1, 4), t.ints(2, 4)
	if kind := t.int(3, 1, 0) & 255; kind != 0 {
		if options, ok := t.table(4); ok {
			o.Options = options.options(k, kind)
		}
	}
	return o
}

// check verifies that all indices are of tensors of the graph.
func (g *Graph) check(b *buffer) {
	inside := func(what string, indices []int, least int) {
		for _, i := range indices {
			if i < least || i >= len(g.Tensors) {
				b.fail("%s: there is no tensor %d, the graph has %d", what, i, len(g.Tensors))
			}
		}
	}
	inside("inputs of the graph", g.Inputs, 0)
	inside("outputs of the graph", g.Outputs, 0)
	for k, o := range g.Operators {
		if b.err != nil {
			return
		}
		inside(fmt.Sprintf("inputs of operator %d (%s)", k, o.Code), o.Inputs, -1)
		inside(fmt.Sprintf("outputs of operator %d (%s)", k, o.Code), o.Outputs, 0)
	}
}
