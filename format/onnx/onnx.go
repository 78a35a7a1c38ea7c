// Package onnx reads and writes ONNX files: networks as graphs of named operators, with their weights, in protocol buffers. It knows the
// format and nothing of what the operators compute; package model/onnx runs them.
//
// See https://github.com/onnx/onnx/blob/main/onnx/onnx.proto for the messages and https://onnx.ai/onnx/repo-docs/IR.html for what they
// mean. Of a file are left out: what the specification may add later (unknown fields), annotations of quantization and the properties of
// single nodes and graphs. Not read, with an error that says so, are sparse tensors, functions of the file's own, training graphs
// and weights that lie in other files.
//
// Decode checks every tensor: there are exactly as many numbers as its shape asks for, so that a shape never asks for memory that the
// file does not pay for. Memory is at most about forty bytes for each byte of a file made to waste it, and little beside the weights,
// which are not copied, in any other.
package onnx

import (
	"fmt"
	"io"
)

// A Model is a whole file: a graph and the versions of the operators in it.
type Model struct {
	IRVersion       int64 // of the format; 3 to 13 are known
	Producer        string
	ProducerVersion string
	Domain          string
	Version         int64
	Doc             string
	Graph           *Graph
	Opsets          []Opset
	Metadata        []Entry
}

// An Opset says which version of the operators of a domain the nodes mean. The empty domain, or ai.onnx, is the standard's.
type Opset struct {
	Domain  string
	Version int64
}

// An Entry is a key and its value.
type Entry struct{ Key, Value string }

// Opset returns the version of a domain's operators, 0 if the file names none.
func (m *Model) Opset(domain string) int64 {
	for _, o := range m.Opsets {
		if standard(o.Domain) == standard(domain) {
			return o.Version
		}
	}
	return 0
}

// standard gives the two names of the standard's domain one spelling.
func standard(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

// A Graph is a list of nodes, each after those whose results it takes, that leads from inputs and initializers to outputs.
type Graph struct {
	Name         string
	Doc          string
	Nodes        []*Node
	Initializers []*Tensor // weights and constants, by name
	Inputs       []*Value  // may name initializers too: those are defaults
	Outputs      []*Value
	Values       []*Value // types of what lies between
}

// A Node is one use of an operator.
type Node struct {
	Name       string // may be empty
	Op         string // Conv, Relu …
	Domain     string // empty or ai.onnx for the standard's operators
	Doc        string
	Inputs     []string // names of values; empty where an optional one is left out
	Outputs    []string
	Attributes []*Attribute
}

// Attribute returns the attribute of a name, nil if the node has none.
func (n *Node) Attribute(name string) *Attribute {
	for _, a := range n.Attributes {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// An Attribute is a constant argument of a node. Its value is a float32, int64, string, *Tensor, *Graph, *Type, or a slice of one of
// these; a string may hold any bytes.
type Attribute struct {
	Name  string
	Doc   string
	Value any
}

// A Value names an input, output or intermediate result, with its type where that is known.
type Value struct {
	Name string
	Doc  string
	Type Type
}

// A Type is the type of a value. The shape is told for tensors only; of sequences, optional values and maps it keeps the kind, and what
// Encode needs to write them again.
type Type struct {
	Kind    Kind
	Elem    DataType // of a tensor
	Ranked  bool     // whether Shape is known; a tensor without axes is one number
	Shape   []Dim
	encoded []byte // what is not a tensor
}

// A Kind is what a value is made of.
type Kind int

// The kinds of values.
const (
	NoKind Kind = iota // not said
	TensorKind
	OtherKind // a sequence, map, optional value or sparse tensor
)

// A Dim is the length of an axis, a name for one that is not known before the graph runs, or neither.
type Dim struct {
	Known bool
	Value int64 // if Known
	Param string
}

// A FormatError says what is wrong with a file, and where in it.
type FormatError struct {
	Where   string // such as: graph "main": node 3 (Conv): attribute "pads"
	Problem string
}

func (e FormatError) Error() string {
	if e.Where == "" {
		return "onnx: " + e.Problem
	}
	return fmt.Sprintf("onnx: %s: %s", e.Where, e.Problem)
}

// Read reads a file to its end and decodes it.
func Read(r io.Reader) (*Model, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("onnx: read the file: %w", err)
	}
	return Decode(data)
}

// Write encodes a model and writes it.
func Write(w io.Writer, m *Model) error {
	data, err := m.Encode()
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("onnx: write the file: %w", err)
	}
	return nil
}
