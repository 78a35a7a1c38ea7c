package onnx

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/tensor"
)

// An example is one of the standard's own cases of an operator, see internal/fixture/_gen/onnx_cases.py.
type example struct {
	name, op        string
	rtol, atol      float64
	model           []byte
	inputs, outputs [][]byte
}

// examples reads an archive of cases.
func examples(t testing.TB, archive []byte) (all []*example) {
	t.Helper()
	unpacked, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(unpacked); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		dir, name := path.Split(h.Name)
		dir = strings.TrimSuffix(dir, "/")
		if len(all) == 0 || all[len(all)-1].name != dir {
			all = append(all, &example{name: dir})
		}
		e := all[len(all)-1]
		switch {
		case name == "case.txt":
			if _, err := fmt.Sscan(string(data), &e.op, &e.rtol, &e.atol); err != nil {
				t.Fatalf("%s: %v", h.Name, err)
			}
		case name == "model.onnx":
			e.model = data
		case strings.HasPrefix(name, "input_"):
			e.inputs = append(e.inputs, data)
		default:
			e.outputs = append(e.outputs, data)
		}
	}
}

var errUnsupported = errors.New("unsupported")

// run computes the case and compares.
func (e *example) run() error {
	m, err := file.Decode(e.model)
	if err != nil {
		return judged(err)
	}
	if len(e.outputs) == 0 {
		return fmt.Errorf("%w: it has values that are no tensors", errUnsupported)
	}
	net, err := Import(m)
	if err != nil {
		return judged(err)
	}
	var inputs []Value
	for _, data := range e.inputs {
		v, err := readValue(data)
		if err != nil {
			return judged(err)
		}
		inputs = append(inputs, v)
	}
	p := tensor.Sampling(rand.New(rand.NewPCG(1, 2)))
	defer p.End()
	got, err := net.Run(p, inputs...)
	if err != nil {
		return judged(err)
	}
	for i, data := range e.outputs {
		want, err := readValue(data)
		if err != nil {
			return judged(err)
		}
		if err := e.same(got[i], want); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

// judged marks errors that say that something is not there.
func judged(err error) error {
	var missing UnsupportedError
	if errors.As(err, &missing) || strings.Contains(err.Error(), "not supported") || strings.Contains(err.Error(), "not read") {
		return fmt.Errorf("%w: %w", errUnsupported, err)
	}
	return err
}

func readValue(data []byte) (Value, error) {
	t, err := file.DecodeTensor(data)
	if err != nil {
		return Value{}, err
	}
	v, err := fromFile(t)
	if err != nil {
		return Value{}, err
	}
	return Value{Floats: v.x, Ints: v.ints, Shape: v.shape, Type: v.typ}, nil
}

// same compares as the standard's own runner does, but never closer than float32 computes sums.
func (e *example) same(got, want Value) error {
	if !slices.Equal(got.Shape, want.Shape) {
		return fmt.Errorf("shape %v, want %v", got.Shape, want.Shape)
	}
	if got.Type != want.Type {
		return fmt.Errorf("elements of %v, want %v", got.Type, want.Type)
	}
	if want.Floats == nil {
		if !slices.Equal(got.Ints, want.Ints) {
			return fmt.Errorf("%v, want %v", got.Ints, want.Ints)
		}
		return nil
	}
	rtol := e.rtol
	switch want.Type { // of whose digits results have more, since they are not rounded to them
	case file.Float16:
		rtol = max(rtol, 0x1p-9)
	case file.BFloat16:
		rtol = max(rtol, 0x1p-6)
	}
	g := got.Floats.Data()
	for i, w := range want.Floats.Data() {
		a, b := float64(g[i]), float64(w)
		if a == b || math.IsNaN(a) && math.IsNaN(b) {
			continue
		}
		if !(math.Abs(a-b) <= max(e.atol, 2e-6)+rtol*math.Abs(b)) {
			return fmt.Errorf("element %d is %v, want %v", i, a, b)
		}
	}
	return nil
}

// The cases of the standard that are small, of every operator that there is.
func TestStandardCases(t *testing.T) {
	archive, err := os.ReadFile("testdata/cases.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for _, e := range examples(t, archive) {
		t.Run(e.name, func(t *testing.T) {
			if err := e.run(); err != nil {
				t.Error(err)
			}
		})
		covered[e.op] = true
	}
	for op := range operators {
		if !covered[op] && op != "Not" { // of which the cases are older than the known versions; see TestIf
			t.Errorf("there is no case of %s", op)
		}
	}
}

// HADAL_ONNX_CASES names the archive of all cases. The test writes what came out to docs/onnx.md, and the names of what passed to
// the file that HADAL_ONNX_PASSED names, from which the fixture is made.
func TestAllCases(t *testing.T) {
	name := os.Getenv("HADAL_ONNX_CASES")
	if name == "" {
		t.Skip("HADAL_ONNX_CASES names no archive of all cases of the standard (internal/fixture/_gen/onnx_cases.py makes it)")
	}
	archive, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	type count struct{ passed, failed, unsupported int }
	counts, total := map[string]*count{}, count{}
	var passed, failures []string
	for _, e := range examples(t, archive) {
		if counts[e.op] == nil {
			counts[e.op] = &count{}
		}
		n := counts[e.op]
		switch err := e.run(); {
		case err == nil:
			n.passed++
			total.passed++
			passed = append(passed, e.name)
		case errors.Is(err, errUnsupported):
			n.unsupported++
			total.unsupported++
			t.Logf("%s: %v", e.name, err)
		default:
			n.failed++
			total.failed++
			failures = append(failures, e.name)
			t.Logf("FAILED %s: %v", e.name, err)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, onnxPage, total.passed+total.failed+total.unsupported, total.passed, total.failed, total.unsupported)
	var ops []string
	for op := range counts {
		ops = append(ops, op)
	}
	slices.Sort(ops)
	for _, op := range ops {
		n := counts[op]
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", op, n.passed, n.failed, n.unsupported)
	}
	if len(failures) > 0 {
		fmt.Fprint(&b, onnxFailures)
		for _, name := range failures {
			fmt.Fprintf(&b, "- `%s`\n", name)
		}
	}
	if err := os.WriteFile("../../docs/onnx.md", []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if to := os.Getenv("HADAL_ONNX_PASSED"); to != "" {
		if err := os.WriteFile(to, []byte(strings.Join(passed, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const onnxPage = `# ONNX

Package model/onnx makes networks out of ONNX files, which run in a pass and can be trained on:

    net, err := onnx.Read(file)                  // or an error that lists every operator that is missing
    p := tensor.Inference()
    y, err := net.Run(p, onnx.Floats(images))    // images N×C×H×W, as the file means them
    z := net.Forward(p.Input(images))            // the same as an nn.Layer: images N×H×W×C, as everywhere in Hadal

Its weights are those of nn.Leaves, under the names and with the axes of the file. Floats of any width are computed in tensor.Float.
In a training pass Dropout drops, and batch normalization keeps the statistics of the file. Images and sequences have one or two
axes of space, tensors of floats six axes at most. Files with weights in other files, functions of their own, sequences, strings,
sparse tensors or quantized operators end in an error that says so.

The other way, a network becomes a file for any runtime, by what a pass of it records:

    m, err := onnx.Export(network, 1, 224, 224, 3)   // sizes are fixed; or an error that lists what cannot be written
    err = format.Write(file, m)                      // format is package format/onnx

All networks of vision.Models are written; internal/fixture/_gen/onnx_check.py runs them in ONNX Runtime.

This page also says what the standard's own cases of single operators, as its Python package 1.23.2 has them, say of it. Every
number comes from

    python internal/fixture/_gen/onnx_cases.py /tmp/all.tar.gz
    HADAL_ONNX_CASES=/tmp/all.tar.gz go test -run TestAllCases ./model/onnx

Of %d cases, %d pass, %d fail and %d are unsupported: they need an operator, an attribute or a type of element that is not
there, and end in an error that says so. A case that the standard gives a second time, as the graph that defines the operator, counts for
that operator as well, whatever operators are in the graph. Results may differ by what the case allows, and by 2e-6 in any case, since
float64 is computed as float32.

| operator | passed | failed | unsupported |
|---|---|---|---|
`

const onnxFailures = `
Failed are the following. Dropout draws its random numbers from the pass, and not from the stream that the standard's cases have. Resize
with align_corners and a scale that leads to no whole size: there the specification's text divides by the size of the output less one, as
PyTorch, ONNX Runtime and this package do, while the cases divide by the scaled size before it is made whole.

`
