package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hadal-go/hadal/format/internal/formattest"
	"github.com/hadal-go/hadal/format/safetensors"
)

func open(t *testing.T, data []byte) *safetensors.File {
	t.Helper()
	f, err := safetensors.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("Open = %v, want no error", err)
	}
	return f
}

// file puts a header before data, with the length that it has.
func file(header, data string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+data...)
}

// plain is the content of plain.safetensors, in no particular order.
func plain() []safetensors.Entry {
	weight := make([]float32, 24)
	for i := range weight {
		weight[i] = float32(i)/8 - 1
	}
	return []safetensors.Entry{
		{Name: "bytes", Shape: []int{2}, Data: []uint8{0, 255}},
		{Name: "conv.bias", Shape: []int{2}, Data: []float32{0.5, -2}},
		{Name: "conv.weight", Shape: []int{2, 3, 4}, Data: weight},
		{Name: "double", Shape: []int{2}, Data: []float64{1.0 / 3, -1e300}},
		{Name: "empty", Shape: []int{0, 3}, Data: []float32{}},
		{Name: "int", Shape: []int{2}, Data: []int32{math.MinInt32, 7}},
		{Name: "mask", Shape: []int{3}, Data: []bool{true, false, true}},
		{Name: "name \"é\\\t\x01\u2028<", Shape: []int{1}, Data: []float32{1}},
		{Name: "scalar", Data: []float32{3.25}},
		{Name: "steps", Shape: []int{3}, Data: []int64{math.MinInt64, 0, math.MaxInt64}},
	}
}

func TestReadsReference(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/plain.safetensors"))
	if diff := cmp.Diff(map[string]string{"format": "pt"}, f.Metadata); diff != "" {
		t.Errorf("Metadata (-want +got):\n%s", diff)
	}
	names := []string{"steps", "double", "conv.bias", "conv.weight", "empty", "name \"é\\\t\x01\u2028<", "scalar", "int",
		"bytes", "mask"}
	if diff := cmp.Diff(names, f.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
	for _, want := range plain() {
		entry, ok := f.Entry(want.Name)
		if !ok || !cmp.Equal(entry.Shape, want.Shape, cmpopts.EquateEmpty()) {
			t.Errorf("Entry(%q) = %+v, %v, want shape %v", want.Name, entry, ok, want.Shape)
		}
		var got any
		var err error
		wanted := want.Data
		switch data := want.Data.(type) {
		case []float32:
			got, err = f.Floats(want.Name)
		case []float64:
			got, err = f.Float64s(want.Name)
		case []int64:
			got, err = f.Int64s(want.Name)
		case []int32:
			got, err = f.Int64s(want.Name)
			wanted = []int64{int64(data[0]), int64(data[1])}
		case []uint8:
			got, err = f.Int64s(want.Name)
			wanted = []int64{int64(data[0]), int64(data[1])}
		case []bool:
			got, err = f.Int64s(want.Name)
			wanted = []int64{1, 0, 1}
		}
		if err != nil || !cmp.Equal(got, wanted) {
			t.Errorf("values of %q = %v, %v, want %v", want.Name, got, err, wanted)
		}
	}
	if got, err := f.Floats("double"); err != nil || !cmp.Equal(got, []float32{1.0 / 3, float32(math.Inf(-1))}) {
		t.Errorf("Floats(double) = %v, %v, want [1/3 -Inf]", got, err)
	}
	if got, err := f.Float64s("conv.bias"); err != nil || !cmp.Equal(got, []float64{0.5, -2}) {
		t.Errorf("Float64s(conv.bias) = %v, %v, want [0.5 -2]", got, err)
	}
}

func TestReadsOtherTypes(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/other.safetensors"))
	if f.Metadata != nil {
		t.Errorf("Metadata = %v, want nil", f.Metadata)
	}
	inf, nan, negative := float32(math.Inf(1)), float32(math.NaN()), float32(math.Copysign(0, -1))
	for name, want := range map[string][]float32{ // 1/3 has 11 significant bits as F16 and 8 as BF16.
		"half":  {0, negative, 1, -1.5, 65504, 0x1p-14, 0x1p-24, 1023 * 0x1p-24, 0x1.554p-2, inf, -inf, nan},
		"brain": {0, negative, 1, -1.5, 65536, 0x1p-14, 0x1p-24, 1024 * 0x1p-24, 0x1.56p-2, inf, -inf, nan},
	} {
		got, err := f.Floats(name)
		if err != nil || !cmp.Equal(got, want, cmpopts.EquateNaNs()) || !math.Signbit(float64(got[1])) {
			t.Errorf("Floats(%q) = %v, %v, want %v", name, got, err, want)
		}
		double, err := f.Float64s(name)
		if err != nil || len(double) != len(want) || double[8] != float64(want[8]) {
			t.Errorf("Float64s(%q) = %v, %v, want %v", name, double, err, want)
		}
	}
	for name, want := range map[string][]int64{"short": {-2, 3}, "tiny": {-2, 3}, "word": {65535}} {
		if got, err := f.Int64s(name); err != nil || !cmp.Equal(got, want) {
			t.Errorf("Int64s(%q) = %v, %v, want %v", name, got, err, want)
		}
	}
	if got, err := f.Raw("eight"); err != nil || !bytes.Equal(got, []byte{0x38, 0xc0, 0x46}) {
		t.Errorf("Raw(eight) = % x, %v, want 38 c0 46", got, err)
	}
}

func TestWritesReferenceBytes(t *testing.T) {
	var got bytes.Buffer
	if err := safetensors.Write(&got, plain(), map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	if want := formattest.Content(t, "testdata/plain.safetensors"); !bytes.Equal(got.Bytes(), want) {
		t.Errorf("Write gives\n%q\nwant\n%q", got.Bytes(), want)
	}
}

func TestWriteEmpty(t *testing.T) {
	for _, test := range []struct {
		metadata map[string]string
		want     []byte
	}{
		{nil, file("{}      ", "")},
		{map[string]string{}, file(`{"__metadata__":{}}     `, "")},
		{map[string]string{"b": "2", "a": "1"}, file(`{"__metadata__":{"a":"1","b":"2"}}      `, "")},
	} {
		var got bytes.Buffer
		if err := safetensors.Write(&got, nil, test.metadata); err != nil || !bytes.Equal(got.Bytes(), test.want) {
			t.Errorf("Write(nil, %v) = %q, %v, want %q", test.metadata, got.Bytes(), err, test.want)
		}
		if f := open(t, test.want); !cmp.Equal(f.Metadata, test.metadata) {
			t.Errorf("Metadata = %v, want %v", f.Metadata, test.metadata)
		}
	}
}

// A tensor of more than one chunk comes back whole, and reading it does not touch its neighbours.
func TestLargeTensor(t *testing.T) {
	const n = 100_003
	large := make([]float32, n)
	for i := range large {
		large[i] = float32(i)
	}
	var b bytes.Buffer
	err := safetensors.Write(&b, []safetensors.Entry{
		{Name: "a", Shape: []int{3}, Data: []float32{7, 8, 9}},
		{Name: "b", Shape: []int{n}, Data: large},
		{Name: "c", Shape: []int{1}, Data: []float32{5}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := open(t, b.Bytes())
	if got, err := f.Floats("b"); err != nil || !cmp.Equal(got, large) {
		t.Errorf("Floats(b) differs from what was written, error %v", err)
	}

	// Everything but the last tensor is cut away after Open: only that one can still be read.
	header := int64(b.Len() - 4*(3+n+1))
	r := &hole{bytes.NewReader(b.Bytes()), math.MaxInt64, 0}
	if f, err = safetensors.Open(r, int64(b.Len())); err != nil {
		t.Fatal(err)
	}
	r.begin, r.end = header, header+4*(3+n)
	if got, err := f.Floats("c"); err != nil || !cmp.Equal(got, []float32{5}) {
		t.Errorf("Floats(c) = %v, %v, want [5]", got, err)
	}
	if got, err := f.Floats("b"); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("Floats(b) = %d values, %v, want an unexpected EOF that names b", len(got), err)
	}
}

// A hole is a reader that cannot read from begin to end.
type hole struct {
	io.ReaderAt
	begin, end int64
}

func (h *hole) ReadAt(p []byte, at int64) (int, error) {
	if at < h.end && at+int64(len(p)) > h.begin {
		return 0, io.ErrUnexpectedEOF
	}
	return h.ReaderAt.ReadAt(p, at)
}

func TestOpenErrors(t *testing.T) {
	const u8 = `{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`
	huge := binary.LittleEndian.AppendUint64(nil, 100_000_001)
	for _, test := range []struct {
		name   string
		file   []byte
		tensor string // the tensor at fault
		want   string // must be part of the error
	}{
		{"empty", nil, "", "has 0 bytes"},
		{"short", []byte("1234567"), "", "has 7 bytes"},
		{"huge header", huge, "", "100000001"},
		{"negative header", bytes.Repeat([]byte{255}, 8), "", "18446744073709551615"},
		{"header beyond file", []byte("\x03\x00\x00\x00\x00\x00\x00\x00{}"), "", "has only 2"},
		{"empty header", file("", ""), "", "begin with {"},
		{"leading space", file(" {}", ""), "", "begin with {"},
		{"no object", file("[]", ""), "", "begin with {"},
		{"open object", file("{", ""), "", "header"},
		{"open string", file(`{"a`, ""), "", "header"},
		{"two objects", file("{}{}", ""), "", "follows"},
		{"garbage after", file("{} x", ""), "", "follows"},
		{"not UTF-8", file("{\"\xff\":"+u8+"}", "x"), "", "UTF-8"},
		{"twice", file(`{"a":`+u8+`,"a":`+u8+`}`, "x"), "a", "twice"},
		{"twice by escape", file(`{"a":`+u8+`,"\u0061":`+u8+`}`, "x"), "a", "twice"},
		{"metadata twice", file(`{"__metadata__":{},"__metadata__":{}}`, ""), "__metadata__", "twice"},
		{"metadata key twice", file(`{"__metadata__":{"k":"1","k":"2"}}`, ""), "", "twice"},
		{"metadata number", file(`{"__metadata__":{"k":1}}`, ""), "", "no string"},
		{"metadata null", file(`{"__metadata__":null}`, ""), "", "found <nil>"},
		{"tensor is a number", file(`{"a":1}`, ""), "a", "found 1"},
		{"no dtype", file(`{"a":{"shape":[1],"data_offsets":[0,1]}}`, "x"), "a", "dtype is missing"},
		{"no shape", file(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, "x"), "a", "shape is missing"},
		{"no offsets", file(`{"a":{"dtype":"U8","shape":[1]}}`, "x"), "a", "data_offsets is missing"},
		{"case of key", file(`{"a":{"DType":"U8","shape":[1],"data_offsets":[0,1]}}`, "x"), "a", "dtype is missing"},
		{"dtype twice", file(`{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, "x"), "a", "twice"},
		{"unknown dtype", file(`{"a":{"dtype":"F12","shape":[1],"data_offsets":[0,1]}}`, "x"), "a", "F12"},
		{"dtype number", file(`{"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}}`, "x"), "a", "8"},
		{"negative shape", file(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, "x"), "a", "-1"},
		{"fraction", file(`{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}`, "x"), "a", "1.0"},
		{"shape of strings", file(`{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}`, "x"), "a", "integer"},
		{"nested shape", file(`{"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}}`, "x"), "a", "integer"},
		{"overflow", file(`{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, ""), "a", "larger"},
		{"overflow, then zero", file(`{"a":{"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`, ""),
			"a", "larger"},
		{"overflow in bytes", file(`{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}}`, ""),
			"a", "larger"},
		{"within a byte", file(`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}`, "xx"), "a", "within"},
		{"one offset", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, "x"), "a", "begin, end"},
		{"three offsets", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, "x"), "a", "begin, end"},
		{"backward", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, "x"), "a", "begin, end"},
		{"too large an offset", file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,99999999999999999999]}}`, "x"),
			"a", "no integer"},
		{"shape too small", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}}`, "12345"), "a", "takes 4 bytes"},
		{"overlap", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},`+
			`"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, "123"), "b", `inside that of "a"`},
		{"gap", file(`{"a":`+u8+`,"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, "123"), "b", "no tensor"},
		{"gap at start", file(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, "123"), "b", "no tensor"},
		{"truncated", file(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, "123"), "a", "has 3 bytes"},
		{"trailing", file(`{"a":`+u8+`}`, "12"), "", "has 2 bytes"},
		{"deep nesting", file(`{"a":{"x":`+strings.Repeat("[", 1_000_000), ""), "a", "depth"},
	} {
		f, err := safetensors.Open(bytes.NewReader(test.file), int64(len(test.file)))
		var format safetensors.FormatError
		if !errors.As(err, &format) || format.Tensor != test.tensor || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Open = %v, %v, want a FormatError of %q that says %q", test.name, f, err, test.tensor, test.want)
		}
	}
}

// Order in the header and keys of a later version of the format do not matter.
func TestOpenLenient(t *testing.T) {
	f := open(t, file(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2],"later":{"x":[1]}},`+
		`"a":{"data_offsets":[0,1],"shape":[1,1],"dtype":"U8"},"__metadata__":{"k":"v"}} `, "12"))
	if got := f.Names(); !cmp.Equal(got, []string{"a", "b"}) {
		t.Errorf("Names = %q, want [a b]", got)
	}
	if got, err := f.Int64s("b"); err != nil || !cmp.Equal(got, []int64{'2'}) {
		t.Errorf("Int64s(b) = %v, %v, want [50]", got, err)
	}
}

func TestReadErrors(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/plain.safetensors"))
	for _, test := range []struct {
		name string
		read func() error
		want string
	}{
		{"missing", func() error { _, err := f.Floats("nothing"); return err }, "not among the 10 tensors"},
		{"ints as floats", func() error { _, err := f.Floats("steps"); return err },
			"has dtype I64, want one of BF16, F16, F32, F64"},
		{"floats as ints", func() error { _, err := f.Int64s("conv.bias"); return err }, "has dtype F32"},
		{"raw missing", func() error { _, err := f.Raw("nothing"); return err }, "not among"},
	} {
		if err := test.read(); !errors.As(err, &safetensors.FormatError{}) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want a FormatError that says %q", test.name, err, test.want)
		}
	}
	if _, ok := f.Entry("nothing"); ok {
		t.Error("Entry(nothing) = _, true, want false")
	}
}

func TestWriteErrors(t *testing.T) {
	one := []float32{1}
	for _, test := range []struct {
		name    string
		entries []safetensors.Entry
		want    string
	}{
		{"type", []safetensors.Entry{{Name: "a", Data: []int{1}}}, "type []int"},
		{"nil", []safetensors.Entry{{Name: "a"}}, "type <nil>"},
		{"shape", []safetensors.Entry{{Name: "a", Shape: []int{2}, Data: one}}, "shape [2] has 2 elements, the data has 1"},
		{"negative", []safetensors.Entry{{Name: "a", Shape: []int{-1, -1}, Data: one}}, "impossible shape"},
		{"overflow", []safetensors.Entry{{Name: "a", Shape: []int{1 << 30, 1 << 30, 1 << 30}, Data: one}}, "impossible"},
		{"twice", []safetensors.Entry{{Name: "a", Data: one}, {Name: "a", Data: []int64{1}}}, "two of this name"},
		{"name", []safetensors.Entry{{Name: "__metadata__", Data: one}}, "not allowed"},
		{"UTF-8", []safetensors.Entry{{Name: "\xff", Data: one}}, "not allowed"},
	} {
		var b bytes.Buffer
		err := safetensors.Write(&b, test.entries, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) || b.Len() > 0 {
			t.Errorf("%s: Write = %v after %d bytes, want an error that says %q and nothing written",
				test.name, err, b.Len(), test.want)
		}
	}
	if err := safetensors.Write(io.Discard, nil, map[string]string{"k": "\xff"}); err == nil {
		t.Error("Write of metadata that is not UTF-8 = nil, want an error")
	}
	for _, room := range []int{0, 1000, 1500} { // The header of plain takes less than 1000 bytes.
		err := safetensors.Write(&formattest.Disk{Room: room}, append(plain(), safetensors.Entry{
			Name: "large", Shape: []int{1000}, Data: make([]uint8, 1000)}), nil)
		if !errors.Is(err, formattest.ErrFull) {
			t.Errorf("Write to a disk of %d bytes = %v, want %v", room, err, formattest.ErrFull)
		}
	}
}

// FuzzOpen is given a file in parts, since few random changes to a whole one get past its length: claim is the length
// of the header that the file states, 0 for the true one.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"testdata/plain.safetensors", "testdata/other.safetensors"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		n := 8 + binary.LittleEndian.Uint64(data)
		f.Add(uint64(0), string(data[8:n]), string(data[n:]))
		f.Add(n-8, string(data[8:n]), string(data[n:]))
	}
	f.Add(uint64(0), `{"a":{"dtype":"F4","shape":[0,2],"data_offsets":[0,0],"x":[{}]},"__metadata__":{"k":"v"}} `, "")
	f.Add(uint64(0), `{"a":{"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`, "")
	f.Add(uint64(math.MaxUint64), "{}", "")
	f.Fuzz(func(t *testing.T, claim uint64, header, rest string) {
		data := file(header, rest)
		if claim != 0 {
			binary.LittleEndian.PutUint64(data, claim)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := safetensors.Open(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(64*len(data)+100_000); got > limit {
			t.Errorf("Open of %d bytes allocates %d, want at most %d", len(data), got, limit)
		}
		if err != nil {
			if !errors.As(err, &safetensors.FormatError{}) {
				t.Errorf("Open = %v, want a FormatError", err)
			}
			return
		}
		total := int64(8) + int64(binary.LittleEndian.Uint64(data))
		for _, name := range f.Names() {
			entry, _ := f.Entry(name)
			total += entry.Bytes()
			if raw, err := f.Raw(name); err != nil || int64(len(raw)) != entry.Bytes() {
				t.Errorf("Raw(%q) = %d bytes, %v, want %d", name, len(raw), err, entry.Bytes())
			}
			formattest.Reads(t, f, name, entry.Len())
		}
		if total != int64(len(data)) {
			t.Errorf("header and tensors take %d bytes, want all %d", total, len(data))
		}
	})
}
