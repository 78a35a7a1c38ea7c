package deepcompression_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/format/deepcompression"
	"github.com/hadal-go/hadal/format/internal/formattest"
)

var two = []deepcompression.Layer{
	{Name: "conv", Shape: []int{2, 3, 4, 5}, Bits: 8},
	{Name: "fc", Shape: []int{3, 7}, Bits: 4},
}

func TestReads(t *testing.T) {
	data := formattest.Content(t, "testdata/two.net")
	f, err := deepcompression.Open(bytes.NewReader(data), int64(len(data)), two)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(f.Names(), []string{"conv", "fc"}) {
		t.Errorf("Names = %q", f.Names())
	}
	conv, fc := make([]float32, 120), make([]float32, 21)
	conv[0], conv[1], conv[5], conv[60], conv[119] = 0.5, -1, 2, 0.5, 7
	fc[2], fc[3], fc[20] = 3, -3, 1
	for _, want := range []struct {
		name            string
		weights, biases []float32
	}{{"conv", conv, []float32{0.25, -0.25}}, {"fc", fc, []float32{1, 2, 3}}} {
		weights, biases, err := f.Floats(want.name)
		if err != nil || !slices.Equal(weights, want.weights) || !slices.Equal(biases, want.biases) {
			t.Errorf("Floats(%q) = %v, %v, %v, want %v, %v", want.name, weights, biases, err, want.weights, want.biases)
		}
	}
	if l, ok := f.Entry("fc"); !ok || !slices.Equal(l.Shape, []int{3, 7}) || l.Bits != 4 {
		t.Errorf("Entry(fc) = %v, %v", l, ok)
	}
	if _, _, err := f.Floats("ip"); err == nil || !strings.Contains(err.Error(), `"ip"`) {
		t.Errorf("Floats(ip) = %v, want an error that names it", err)
	}
}

func TestRefusesBrokenFiles(t *testing.T) {
	whole := formattest.Content(t, "testdata/two.net")
	for n := range len(whole) {
		if _, err := deepcompression.Open(bytes.NewReader(whole[:n]), int64(n), two); err == nil {
			t.Fatalf("a file cut to %d bytes is accepted", n)
		}
	}
	for _, test := range []struct {
		want   string
		change func([]byte)
	}{
		{"claims 121 entries", func(b []byte) { binary.LittleEndian.PutUint32(b, 121) }},
		{"of other layers", func(b []byte) { b[0]-- }},
		{"stands for", func(b []byte) { b[8+3] = 0x40 }},
		{"it has only 120", func(b []byte) { b[8+1024+8+int(b[0])] = 0xff }}, // the first two gaps
	} {
		data := bytes.Clone(whole)
		test.change(data)
		f, err := deepcompression.Open(bytes.NewReader(data), int64(len(data)), two)
		if err == nil {
			_, _, err = f.Floats("conv")
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want an error with %q", err, test.want)
		}
	}
}

// The published file: consumed to the byte, a third of its weights left.
func TestReadsSqueezeNet(t *testing.T) {
	path := filepath.Join(os.Getenv("HADAL_DATA"), "weights/SqueezeNet-Deep-Compression/compressed_SqueezeNet.net")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("HADAL_DATA names no folder with the weights of SqueezeNet: %v", err)
	}
	data := formattest.Content(t, path)
	f, err := deepcompression.Open(bytes.NewReader(data), int64(len(data)), deepcompression.SqueezeNet())
	if err != nil {
		t.Fatal(err)
	}
	entries := 0
	for i := range f.Names() {
		entries += int(binary.LittleEndian.Uint32(data[4*i:]))
	}
	all, left, biases, sum := 0, 0, 0, 0.0
	for _, name := range f.Names() {
		w, b, err := f.Floats(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range w {
			if v != 0 {
				left++
			}
			sum += float64(v)
		}
		all += len(w)
		biases += len(b)
	}
	// The counts and the sum are those of a decoding by NumPy. The entries beyond the weights that are not zero fill gaps up.
	if len(f.Names()) != 26 || all != 1244448 || biases != 3976 || entries != 422083 || left != 415921 {
		t.Errorf("%d layers, %d weights, %d biases, %d entries, %d weights not zero, want 26, 1244448, 3976, 422083, 415921",
			len(f.Names()), all, biases, entries, left)
	}
	if want := -2528.603192138512; math.Abs(sum-want) > 1e-9*math.Abs(want) {
		t.Errorf("the weights sum up to %v, want %v", sum, want)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(formattest.Content(f, "testdata/two.net"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := deepcompression.Open(bytes.NewReader(data), int64(len(data)), two)
		if err != nil {
			return
		}
		for i, want := range []int{120, 21} {
			if w, b, err := file.Floats(two[i].Name); err == nil && (len(w) != want || len(b) != two[i].Shape[0]) {
				t.Errorf("%d weights, %d biases", len(w), len(b))
			}
		}
	})
}
