package tflite_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hadal-go/hadal/format/internal/formattest"
	"github.com/hadal-go/hadal/format/tflite"
)

func open(t testing.TB, data []byte) *tflite.Model {
	t.Helper()
	m, err := tflite.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestReadsConstants(t *testing.T) {
	m := open(t, formattest.Content(t, "testdata/tiny.tflite"))
	if m.Description != "made by hand" || len(m.Graphs) != 1 || m.Graphs[0].Name != "main" {
		t.Fatalf("%q, %d graphs, want one, made by hand", m.Description, len(m.Graphs))
	}
	g := m.Graphs[0]
	if !slices.Equal(g.Inputs, []int{0}) || !slices.Equal(g.Outputs, []int{0}) || !slices.Equal(g.Tensors[0].Shape, []int{1, 2, 3}) {
		t.Errorf("inputs %v, outputs %v, shape %v, want [0], [0], [1 2 3]", g.Inputs, g.Outputs, g.Tensors[0].Shape)
	}
	if values, err := g.Tensors[0].Float32(); err == nil || !strings.Contains(err.Error(), `"input"`) {
		t.Errorf("Float32 of an input = %v, %v, want an error that names it", values, err)
	}
	want := map[string][]float32{
		"float32": {0, 1, 2, 3, 100, 127},
		"float16": {0, 1, 2, 3, 100, 127},
		"int32":   {0, 0.5, 1, 1.5, 50, 63.5},
		"uint8":   {-1, -0.5, 0, 0.5, 49, 62.5},
		"int16":   {0, 0.25, 0.5, 0.75, 25, 31.75},
		"int8":    {0, 0, 12, 1.5, 198, 512},
	}
	for _, x := range g.Tensors[1:] {
		values, err := x.Float32()
		if err != nil || !slices.Equal(values, want[x.Name]) || x.Type.String() != x.Name || !slices.Equal(x.Shape, []int{2, 3}) {
			t.Errorf("%s %s %v = %v, %v, want %v", x.Name, x.Type, x.Shape, values, err, want[x.Name])
		}
	}
}

func TestReadsOptions(t *testing.T) {
	conv := tflite.Conv2D{Padding: tflite.Valid, StrideW: 2, StrideH: 3, Activation: tflite.FusedReLU, DilationW: 4, DilationH: 5}
	depth := tflite.DepthwiseConv2D{Conv2D: conv, Multiplier: 6}
	depth.Padding, depth.Activation = tflite.Same, tflite.FusedReLU6
	want := []struct {
		code    string
		options any
	}{
		{"CONV_2D", conv},
		{"DEPTHWISE_CONV_2D", depth},
		{"AVERAGE_POOL_2D", tflite.Pool2D{Padding: tflite.Valid, StrideW: 2, StrideH: 3, FilterW: 4, FilterH: 5}},
		{"FULLY_CONNECTED", tflite.FullyConnected{Activation: tflite.FusedReLU, KeepDims: true}},
		{"SOFTMAX", tflite.Softmax{Beta: 1.5}},
		{"CONCATENATION", tflite.Concatenation{Axis: -1, Activation: tflite.FusedReLU6}},
		{"ADD", tflite.Arithmetic{Activation: tflite.FusedReLU}},
		{"MUL", tflite.Arithmetic{Activation: tflite.FusedReLU6}},
		{"RESIZE_BILINEAR", tflite.Resize{HalfPixelCenters: true}},
		{"RESHAPE", tflite.Reshape{Shape: []int{2, 3}}},
		{"MEAN", tflite.Reduction{KeepDims: true}},
		{"SQUEEZE", tflite.Squeeze{Axes: []int{2, 3}}},
		{"ARG_MAX", tflite.ArgMax{Output: tflite.Int32Type}},
		{"PAD", nil},
		{"QUANTIZE", nil},
		{"operator 200", nil},
	}
	operators := open(t, formattest.Content(t, "testdata/tiny.tflite")).Graphs[0].Operators
	if len(operators) != len(want) {
		t.Fatalf("%d operators, want %d", len(operators), len(want))
	}
	for i, o := range operators {
		if o.Code.String() != want[i].code || !cmp.Equal(o.Options, want[i].options) || !slices.Equal(o.Inputs, []int{0, -1}) {
			t.Errorf("operator %d is %s %+v of %v, want %s %+v", i, o.Code, o.Options, o.Inputs, want[i].code, want[i].options)
		}
	}
}

// A word that points elsewhere gives another model or an error, and never a panic; a file that is cut off is an error where something lay.
func TestSurvivesBrokenFiles(t *testing.T) {
	whole := formattest.Content(t, "testdata/tiny.tflite")
	refused := 0
	for at := range len(whole) - 3 {
		for _, word := range []string{"\xff\xff\xff\xff", "\xff\xff\xff\x7f", "\x00\x00\x00\x80", "\x04\x00\x00\x00"} {
			data := bytes.Clone(whole)
			copy(data[at:], word)
			if _, err := tflite.Open(bytes.NewReader(data), int64(len(data))); err != nil {
				refused++
			}
		}
	}
	if refused < len(whole) {
		t.Errorf("%d of %d changed files are refused", refused, 4*len(whole))
	}
	for n := range len(whole) - 100 {
		if _, err := tflite.Open(bytes.NewReader(whole[:n]), int64(n)); err == nil {
			t.Fatalf("a file cut to %d bytes is accepted", n)
		}
	}
}

// Every tensor of real models has the name, shape, quantization and sum that the runtime gives.
func TestReadsRealModels(t *testing.T) {
	folder := filepath.Join(os.Getenv("HADAL_DATA"), "weights")
	if _, err := os.Stat(filepath.Join(folder, "tiny/pretrainedResnet.tflite")); err != nil {
		t.Skipf("HADAL_DATA names no folder with models of TensorFlow Lite: %v", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(formattest.Content(t, "testdata/reference.tsv.gz")))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	models := map[string]*tflite.Model{}
	constants := 0
	for line := range strings.Lines(string(all)) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		m := models[row[0]]
		if m == nil {
			m = open(t, formattest.Content(t, filepath.Join(folder, row[0])))
			models[row[0]] = m
		}
		i, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		x := m.Graphs[0].Tensors[i]
		var axes []string
		for _, d := range x.Shape {
			axes = append(axes, strconv.Itoa(d))
		}
		scales, zeros := 0.0, 0
		for k, s := range x.Scale {
			scales += float64(s)
			zeros += x.ZeroPoint[k]
		}
		got := []string{x.Name, strings.Join(axes, "x"), x.Type.String(), fmt.Sprint(len(x.Scale)), fmt.Sprint(zeros)}
		if want := append(slices.Clone(row[2:6]), row[7]); !slices.Equal(got, want) {
			t.Errorf("%s: tensor %d is %q, want %q", row[0], i, got, want)
		}
		close(t, row[0]+" scales of "+x.Name, scales, row[6], 1e-12)
		if constant := row[8] != "-"; constant != x.Constant() {
			t.Errorf("%s: %q is constant: %v, want %v", row[0], x.Name, x.Constant(), constant)
		} else if constant {
			values, err := x.Float32()
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.0
			for _, v := range values {
				sum += float64(v)
			}
			close(t, row[0]+" sum of "+x.Name, sum, row[8], 1e-4)
			constants++
		}
	}
	if len(models) != 7 || constants < 300 {
		t.Errorf("%d models with %d constants were read, want 7 with over 300", len(models), constants)
	}
}

func close(t *testing.T, what string, got float64, text string, tolerance float64) {
	t.Helper()
	want, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(got-want) > tolerance*math.Max(1, math.Abs(want)) {
		t.Errorf("%s = %v, want %v, %v", what, got, text, err)
	}
}

// Opening a file with changed words takes no more memory than a small multiple of its size.
func TestOpenIsBounded(t *testing.T) {
	whole := formattest.Content(t, "testdata/tiny.tflite")
	words := []string{"\xff\xff\xff\xff", "\xff\xff\xff\x7f", "\x00\x00\x10\x00"}
	var before, after runtime.MemStats
	for at := 0; at < len(whole)-3; at += 3 {
		data := bytes.Clone(whole)
		copy(data[at:], words[at%len(words)])
		runtime.ReadMemStats(&before)
		_, err := tflite.Open(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if n, most := after.TotalAlloc-before.TotalAlloc, uint64(32*len(data)+65536); n > most {
			t.Fatalf("%d bytes for a word changed at byte %d (error: %v), want at most %d", n, at, err, most)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(formattest.Content(f, "testdata/tiny.tflite"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := tflite.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, g := range m.Graphs {
			for _, x := range g.Tensors {
				if values, err := x.Float32(); err == nil && len(values) != x.Len() {
					t.Errorf("%q has %d values for %v", x.Name, len(values), x.Shape)
				}
			}
		}
	})
}
