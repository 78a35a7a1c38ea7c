package hdf5_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hadal-go/hadal/format/hdf5"
	"github.com/hadal-go/hadal/format/internal/formattest"
)

func open(t testing.TB, data []byte) *hdf5.File {
	t.Helper()
	f, err := hdf5.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ramp is i/4 − 3, in the script's words.
func ramp(scale, shift float32) []float32 {
	values := make([]float32, 35)
	for i := range values {
		values[i] = (float32(i)/4-3)*scale + shift
	}
	return values
}

func count(n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i)
	}
	return values
}

func expect(t *testing.T, f *hdf5.File, path, dtype string, shape []int, want []float32) {
	t.Helper()
	d, ok := f.Entry(path)
	if !ok || d.DType != dtype || !cmp.Equal(d.Shape, shape, cmpopts.EquateEmpty()) {
		t.Errorf("Entry(%q) = %+v, %v, want %s %v", path, d, ok, dtype, shape)
	}
	if got, err := f.Floats(path); err != nil || !slices.Equal(got, want) {
		t.Errorf("Floats(%q) = %v, %v, want %v", path, got, err, want)
	}
}

func TestReadsOldFile(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/old.h5"))
	for name, dtype := range map[string]string{"<f2": "f2", ">f2": ">f2", "<f4": "f4", ">f4": ">f4", "<f8": "f8", ">f8": ">f8", "compact": "f4",
		"chunked": "f4", "deflated": "f4", "shuffled": ">f8", "again": "f4"} {
		expect(t, f, "dense/dense/"+name, dtype, []int{5, 7}, ramp(1, 0))
	}
	for name, dtype := range map[string]string{"<i1": "i1", "<i2": "i2", ">i2": ">i2", "<i4": "i4", ">i4": ">i4", "<i8": "i8", ">i8": ">i8"} {
		expect(t, f, "dense/dense/"+name, dtype, []int{5, 7}, ramp(4, 0))
	}
	for name, dtype := range map[string]string{"<u1": "u1", "<u2": "u2", ">u4": ">u4", "<u8": "u8"} {
		expect(t, f, "dense/dense/"+name, dtype, []int{5, 7}, ramp(4, 12))
	}
	expect(t, f, "/dense/dense/scalar", "f4", nil, []float32{2.5})
	expect(t, f, "dense/dense/empty", "f4", []int{0, 3}, nil)
	expect(t, f, "dense/dense/cube", "f4", []int{3, 4, 5}, count(60))
	expect(t, f, "dense/dense/many", "i2", []int{300}, count(300))
	inf := float32(math.Inf(1))
	expect(t, f, "dense/dense/halves", "f2", []int{6}, []float32{0, 0x1p-24, 0x1p-14, 65504, inf, -inf})
	if groups := f.Groups(); len(groups) != 15 || groups[0] != "dense" || groups[3] != "many/layer_0" {
		t.Errorf("Groups = %d, %v, want 15", len(groups), groups)
	}
	for path, want := range map[string]string{"dense/dense/pair": "compound", "dense/dense/unwritten": "never written",
		"dense": "is a group", "dense/dense/soft": "not among"} {
		if _, err := f.Floats(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("Floats(%q) = %v, want an error with %q", path, err, want)
		}
	}
}

func TestReadsStrings(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/old.h5"))
	for name, want := range map[string][]string{"layer_names": {"dense", "longer_name"}, "backend": {"tensorflow"},
		"several": {"one", "", "drei é"}, "none": nil} {
		if got, err := f.Strings("", name); err != nil || !slices.Equal(got, want) {
			t.Errorf("Strings(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
	if got, err := f.Strings("/dense", "weight_names"); err != nil || !slices.Equal(got, []string{"dense/kernel:0", "dense/bias:0"}) {
		t.Errorf("weight_names = %q, %v", got, err)
	}
	if got, err := f.Attributes("/"); err != nil || !slices.Equal(got, []string{"layer_names", "backend", "several", "none", "number"}) {
		t.Errorf("Attributes = %q, %v", got, err)
	}
	for name, want := range map[string]string{"number": "not strings", "missing": "has no attribute"} {
		if _, err := f.Strings("", name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Strings(%q) = %v, want an error with %q", name, err, want)
		}
	}
}

func TestReadsNewFile(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/new.h5"))
	if want, got := []string{"a/bias", "a/kernel", "b/bias", "b/kernel"}, slices.Sorted(slices.Values(f.Names())); !slices.Equal(got, want) {
		t.Errorf("Names = %q, want %q", got, want)
	}
	for _, name := range []string{"a", "b"} {
		expect(t, f, name+"/kernel", "f4", []int{5, 7}, ramp(1, 0))
		expect(t, f, name+"/bias", "f8", []int{7}, ramp(1, 0)[:7])
		if got, err := f.Strings(name, "weight_names"); err != nil || !slices.Equal(got, []string{"kernel", "bias"}) {
			t.Errorf("weight_names = %q, %v", got, err)
		}
	}
	if got, err := f.Strings("a", "more"); err != nil || !slices.Equal(got, []string{strings.Repeat("y", 300)}) {
		t.Errorf("more = %q, %v", got, err)
	}
	expect(t, open(t, formattest.Content(t, "testdata/block.h5")), "x", "f4", []int{3}, count(3))
}

// A file that is cut off anywhere, or has a wrong checksum, is an error.
func TestRefusesBrokenFiles(t *testing.T) {
	for _, name := range []string{"testdata/old.h5", "testdata/new.h5", "testdata/block.h5"} {
		data := formattest.Content(t, name)
		for n := 0; n < len(data); n += 97 {
			if _, err := hdf5.Open(bytes.NewReader(data[:n]), int64(n)); err == nil {
				t.Fatalf("%s cut to %d bytes is accepted", name, n)
			}
		}
	}
	data := formattest.Content(t, "testdata/new.h5")
	data[bytes.Index(data, []byte("OHDR"))+30] ^= 1
	if _, err := hdf5.Open(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("a changed object header: %v, want an error about its checksum", err)
	}
}

// A group that holds the root is refused.
func TestRefusesCircles(t *testing.T) {
	data := formattest.Content(t, "testdata/old.h5")
	root := data[64:72] // the address of the root's header in its symbol table entry
	at := bytes.Index(data, []byte("SNOD"))
	copy(data[at+16:], root)
	if _, err := hdf5.Open(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), "may hold itself") {
		t.Errorf("a group in itself: %v, want an error that says so", err)
	}
}

// Real weights: counts, and the arrays that Keras's attributes promise.
func TestReadsKerasWeights(t *testing.T) {
	for _, test := range []struct {
		path, root      string
		arrays, numbers int
		sum             float64 // of all, by h5py in double precision
	}{
		{"weights/textgenrnn/textgenrnn_weights.hdf5", "", 10, 462717, -11070.310553417772},
		{"weights/tiny/pretrainedResnet.h5", "model_weights", 48, 78666, 42286.801465312004},
	} {
		path := filepath.Join(os.Getenv("HADAL_DATA"), test.path)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("HADAL_DATA names no folder with %s: %v", test.path, err)
		}
		f := open(t, formattest.Content(t, path))
		layers, err := f.Strings(test.root, "layer_names")
		if err != nil {
			t.Fatal(err)
		}
		arrays, numbers, sum := 0, 0, 0.0
		for _, layer := range layers {
			group := strings.TrimPrefix(test.root+"/"+layer, "/")
			names, err := f.Strings(group, "weight_names")
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				values, err := f.Floats(group + "/" + name)
				if d, ok := f.Entry(group + "/" + name); err != nil || !ok || d.Len() != len(values) {
					t.Fatalf("%s/%s: %d numbers of %v, %v", group, name, len(values), d.Shape, err)
				}
				arrays++
				numbers += len(values)
				for _, v := range values {
					sum += float64(v)
				}
			}
		}
		if arrays != test.arrays || numbers != test.numbers || math.Abs(sum-test.sum) > 1e-6*math.Abs(test.sum) {
			t.Errorf("%s: %d arrays, %d numbers, sum %.9g, want %d, %d, %.9g", test.path, arrays, numbers, sum, test.arrays, test.numbers, test.sum)
		}
	}
}

// Opening a file with changed words takes no more memory than a small multiple of its size.
func TestOpenIsBounded(t *testing.T) {
	whole := formattest.Content(t, "testdata/new.h5")
	words := []string{"\xff\xff\xff\xff", "\xff\xff\xff\x7f", "\x00\x00\x10\x00"}
	var before, after runtime.MemStats
	for at := 0; at < len(whole)-3; at += 7 {
		data := bytes.Clone(whole)
		copy(data[at:], words[at%len(words)])
		runtime.ReadMemStats(&before)
		_, err := hdf5.Open(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if n, most := after.TotalAlloc-before.TotalAlloc, uint64(32*len(data)+1048576); n > most {
			t.Fatalf("%d bytes for a word changed at byte %d (error: %v), want at most %d", n, at, err, most)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, name := range []string{"old", "new", "block"} {
		f.Add(formattest.Content(f, "testdata/"+name+".h5"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := hdf5.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, path := range file.Names() {
			d, _ := file.Entry(path)
			if values, err := file.Floats(path); err == nil && len(values) != d.Len() {
				t.Errorf("%q has %d values for %v", path, len(values), d.Shape)
			}
		}
		for _, path := range append(file.Groups(), "") {
			names, err := file.Attributes(path)
			if err != nil {
				t.Error(err)
			}
			for _, name := range names {
				_, _ = file.Strings(path, name) // must not panic
			}
		}
	})
}
