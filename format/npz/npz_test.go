package npz_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hadal-go/hadal/format/internal/formattest"
	"github.com/hadal-go/hadal/format/npz"
)

func open(t testing.TB, data []byte) *npz.File {
	t.Helper()
	f, err := npz.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("Open = %v, want no error", err)
	}
	return f
}

// written is the content of written.npz, in its order.
func written() []npz.Entry {
	single := make([]float32, 24)
	for i := range single {
		single[i] = float32(i)/8 - 1
	}
	return []npz.Entry{
		{Name: "single", Shape: []int{2, 3, 4}, Data: single},
		{Name: "double", Shape: []int{2}, Data: []float64{1.0 / 3, -1e300}},
		{Name: "long", Shape: []int{3}, Data: []int64{math.MinInt64, 0, math.MaxInt64}},
		{Name: "int", Shape: []int{2, 1}, Data: []int32{math.MinInt32, 7}},
		{Name: "byte", Shape: []int{2}, Data: []uint8{0, 255}},
		{Name: "bool", Shape: []int{3}, Data: []bool{true, false, true}},
		{Name: "scalar", Shape: []int{}, Data: []float32{3.25}},
		{Name: "empty", Shape: []int{0, 3}, Data: []float32{}},
	}
}

// values reads an array in the way that fits its type.
func values(f *npz.File, name string) (any, error) {
	if entry, _ := f.Entry(name); strings.HasPrefix(entry.DType, "F") {
		return f.Float64s(name)
	}
	return f.Int64s(name)
}

// wide converts data to what values returns.
func wide(data any) any {
	floats, ints := []float64{}, []int64{}
	switch data := data.(type) {
	case []float32:
		for _, v := range data {
			floats = append(floats, float64(v))
		}
		return floats
	case []int32:
		for _, v := range data {
			ints = append(ints, int64(v))
		}
	case []uint8:
		for _, v := range data {
			ints = append(ints, int64(v))
		}
	case []bool:
		for _, v := range data {
			ints = append(ints, map[bool]int64{true: 1}[v])
		}
	default:
		return data
	}
	return ints
}

func TestReadsNumPysFiles(t *testing.T) {
	for _, file := range []string{"written.npz", "compressed.npz"} {
		f := open(t, formattest.Content(t, filepath.Join("testdata", file)))
		var names []string
		for _, want := range written() {
			names = append(names, want.Name)
			entry, ok := f.Entry(want.Name)
			if !ok || !cmp.Equal(entry.Shape, want.Shape, cmpopts.EquateEmpty()) {
				t.Errorf("%s: Entry(%q) = %v %v, %v, want shape %v", file, want.Name, entry.DType, entry.Shape, ok, want.Shape)
			}
			if got, err := values(f, want.Name); err != nil || !cmp.Equal(got, wide(want.Data)) {
				t.Errorf("%s: values of %q = %v, %v, want %v", file, want.Name, got, err, want.Data)
			}
		}
		if diff := cmp.Diff(names, f.Names()); diff != "" {
			t.Errorf("%s: Names (-want +got):\n%s", file, diff)
		}
	}
	f := open(t, formattest.Content(t, "testdata/single.npy"))
	if got, err := f.Floats(""); err != nil || !cmp.Equal(got, written()[0].Data) || !cmp.Equal(f.Names(), []string{""}) {
		t.Errorf("Floats of single.npy = %v, %v", got, err)
	}
	if got, err := open(t, formattest.Content(t, "testdata/double.npy")).Floats(""); err != nil || !cmp.Equal(got, []float32{1.0 / 3, float32(math.Inf(-1))}) {
		t.Errorf("Floats of double.npy = %v, %v, want 1/3 -Inf", got, err)
	}
}

func TestReadsOtherTypes(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/other.npz"))
	inf, nan, minus := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	numbers := func(tiny, third float64) []float64 {
		return []float64{0, minus, 1, -1.5, 65504, tiny, third, inf, -inf, nan}
	}
	grid := make([]int64, 24)
	singles := make([]float64, 24)
	for i := range grid {
		grid[i], singles[i] = int64(i), float64(i)
	}
	for name, want := range map[string]any{
		"half": numbers(0x1p-24, 0x1.554p-2), "big_half": numbers(0x1p-24, 0x1.554p-2),
		"big_single": numbers(0x1p-24, float64(float32(1.0/3))), "big_double": numbers(0x1p-24, 1.0/3),
		"big_long": []int64{-2, 1 << 40}, "big_word": []int64{65535, 1}, "fortran": singles, "big_fortran": grid,
		"char": []int64{-2, 3}, "short": []int64{-2, 3}, "unsigned": []int64{math.MaxUint32},
	} {
		got, err := values(f, name)
		if err != nil || !cmp.Equal(got, want, cmpopts.EquateNaNs()) {
			t.Errorf("values of %q = %v, %v, want %v", name, got, err, want)
		}
	}
	for name, want := range map[string][]byte{
		"huge": bytes.Repeat([]byte{255}, 8), "complex": {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}, "big_word": {255, 255, 1, 0},
	} {
		if got, err := f.Raw(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("Raw(%q) = % x, %v, want % x", name, got, err, want)
		}
	}
	if got, err := f.Raw("big_fortran"); err != nil || len(got) != 96 || got[4*23] != 23 {
		t.Errorf("Raw(big_fortran) = % x, %v, want 0 to 23", got, err)
	}
}

func TestRefuses(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/refused.npz"))
	for name, want := range map[string]string{
		"objects": "Python objects", "text": "text", "bytes": "text", "dates": "dates", "fields": "structures",
	} {
		entry, ok := f.Entry(name)
		if !ok || len(entry.Shape) != 1 || entry.DType == "" {
			t.Errorf("Entry(%q) = %+v, %v", name, entry, ok)
		}
		_, err := f.Raw(name)
		_, also := f.Floats(name)
		if !errors.As(err, &npz.FormatError{}) || !strings.Contains(err.Error(), want) || also == nil || also.Error() != err.Error() {
			t.Errorf("Raw(%q) = %v, Floats = %v, want an error that says %q", name, err, also, want)
		}
	}
	if got, err := f.Int64s("number"); err != nil || !cmp.Equal(got, []int64{7}) {
		t.Errorf("Int64s(number) = %v, %v, want 7", got, err)
	}
	for _, test := range []struct {
		name, want string
		read       func(string) error
	}{
		{"nothing", "is not among the 6 arrays", func(n string) error { _, err := f.Raw(n); return err }},
		{"number", "has type I64, want one of F16, F32, F64", func(n string) error { _, err := f.Floats(n); return err }},
	} {
		if err := test.read(test.name); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("read %q = %v, want an error that says %q", test.name, err, test.want)
		}
	}
}

// What is written is, array by array, the bytes of NumPy, and reads back.
func TestWritesNumPysBytes(t *testing.T) {
	var archive bytes.Buffer
	if err := npz.Write(&archive, written()); err != nil {
		t.Fatal(err)
	}
	directory, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range written() {
		want := formattest.Content(t, filepath.Join("testdata", e.Name+".npy"))
		var got bytes.Buffer
		if err := npz.WriteArray(&got, e); err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("WriteArray of %q = %v, %q, want %q", e.Name, err, got.Bytes(), want)
		}
		r, err := directory.File[i].Open()
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(r); err != nil || directory.File[i].Name != e.Name+".npy" || !bytes.Equal(data, want) {
			t.Errorf("record %s has %q, %v, want %q", directory.File[i].Name, data, err, want)
		}
	}
	f := open(t, archive.Bytes())
	for _, e := range written() {
		if got, err := values(f, e.Name); err != nil || !cmp.Equal(got, wide(e.Data)) {
			t.Errorf("values of %q = %v, %v, want %v", e.Name, got, err, e.Data)
		}
	}
	if name := os.Getenv("HADAL_NPZ_OUT"); name != "" { // for npz_files.py read
		if err := os.WriteFile(name, archive.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A header whose text ends at a multiple of 64 bytes is padded by 64 more, as NumPy does.
func TestHeaderIsAligned(t *testing.T) {
	for axes := range 30 {
		shape := make([]int, axes)
		for i := range shape {
			shape[i] = 1
		}
		var b bytes.Buffer
		if err := npz.WriteArray(&b, npz.Entry{Shape: shape, Data: []uint8{7}}); err != nil {
			t.Fatal(err)
		}
		if b.Len()%64 != 1 {
			t.Errorf("%d axes: the header has %d bytes", axes, b.Len()-1)
		}
		if got, err := open(t, b.Bytes()).Int64s(""); err != nil || !cmp.Equal(got, []int64{7}) {
			t.Errorf("%d axes: Int64s = %v, %v, want 7", axes, got, err)
		}
	}
}

// npy makes a file of version 1 with a header and data.
func npy(header, data string) []byte {
	b := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(b[8:], uint16(len(header)))
	return append(b, header+data...)
}

func TestOpenErrors(t *testing.T) {
	head := func(descr, shape string) string {
		return "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }"
	}
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	r, err := w.Create("bomb.npy")
	if err != nil {
		t.Fatal(err)
	}
	r.Write(npy(head("'|u1'", "(16777216,)"), strings.Repeat("\x00", 1<<24)))
	w.Close()
	var readme bytes.Buffer
	w = zip.NewWriter(&readme)
	w.Create("readme.txt")
	w.Close()
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "neither a zip archive"},
		{"text", []byte("hello"), "neither a zip archive"},
		{"no directory", []byte("PK\x03\x04"), "cannot be read"},
		{"bomb", packed.Bytes(), "would expand to"},
		{"other record", readme.Bytes(), `"readme.txt" is no .npy file`},
		{"magic only", []byte("\x93NUMPY"), "does not begin with"},
		{"version", []byte("\x93NUMPY\x04\x00\x00\x00\x00\x00\x00"), "version 4.0"},
		{"long header", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{}"), "claims 4294967307 bytes"},
		{"no dict", npy("[1, 2, 3]", ""), `"{" must stand`},
		{"no shape", npy("{'descr': '<f4', 'fortran_order': False}", ""), "missing"},
		{"twice", npy("{'descr': '<f4', 'descr': '<f4'}", ""), "twice"},
		{"other key", npy("{'order': 1}", ""), "unknown key"},
		{"order", npy("{'descr': '<f4', 'fortran_order': 1, 'shape': ()}", ""), `"False" must stand`},
		{"negative", npy(head("'<f4'", "(-1,)"), ""), "no size of an axis"},
		{"too large", npy(head("'<f4'", "(99999999999999999999,)"), ""), "no size of an axis"},
		{"overflow", npy(head("'<f4'", "(4294967296, 4294967296)"), ""), "does not take the 0 bytes"},
		{"overflow of text", npy(head("'<U1'", "(4294967296, 4294967296)"), ""), "impossible shape"},
		{"axes", npy(head("'<f4'", "("+strings.Repeat("1, ", 65)+")"), "abcd"), "more than 64 axes"},
		{"short", npy(head("'<f4'", "(2,)"), "abcd"), "does not take the 4 bytes"},
		{"long", npy(head("'<f4'", "(2,)"), "abcdefghi"), "does not take the 9 bytes"},
		{"structure", npy("{'descr': [('a', '<f4'), ", ""), "no end"},
		{"after", npy(head("'<f4'", "()")+"x", "abcd"), "follows the dict"},
		{"quotes", npy("{'descr", ""), "no plain string"},
	} {
		_, err := npz.Open(bytes.NewReader(test.data), int64(len(test.data)))
		if !errors.As(err, &npz.FormatError{}) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Open = %v, want a FormatError that says %q", test.name, err, test.want)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	one := []float32{1}
	for _, test := range []struct {
		name    string
		entries []npz.Entry
		want    string
	}{
		{"type", []npz.Entry{{Name: "a", Data: []int{1}}}, "type []int"},
		{"shape", []npz.Entry{{Name: "a", Shape: []int{2}, Data: one}}, "shape [2] has 2 elements, the data has 1"},
		{"negative", []npz.Entry{{Name: "a", Shape: []int{-1, -1}, Data: one}}, "impossible shape"},
		{"overflow", []npz.Entry{{Name: "a", Shape: []int{1 << 30, 1 << 30, 1 << 30}, Data: one}}, "impossible shape"},
		{"axes", []npz.Entry{{Name: "a", Shape: make([]int, 65), Data: one}}, "65 axes"},
		{"twice", []npz.Entry{{Name: "a", Data: one}, {Name: "a", Data: one}}, "two of this name"},
		{"no name", []npz.Entry{{Data: one}}, "must be UTF-8"},
	} {
		var b bytes.Buffer
		if err := npz.Write(&b, test.entries); err == nil || !strings.Contains(err.Error(), test.want) || b.Len() > 0 {
			t.Errorf("%s: Write = %v after %d bytes, want an error that says %q and nothing written", test.name, err, b.Len(), test.want)
		}
	}
	for _, room := range []int{0, 100, 200} {
		if err := npz.WriteArray(&formattest.Disk{Room: room}, npz.Entry{Shape: []int{1000}, Data: make([]uint8, 1000)}); !errors.Is(err, formattest.ErrFull) {
			t.Errorf("WriteArray to a disk of %d bytes = %v, want %v", room, err, formattest.ErrFull)
		}
		if err := npz.Write(&formattest.Disk{Room: room}, []npz.Entry{{Name: "a", Shape: []int{1000}, Data: make([]float32, 1000)}}); !errors.Is(err, formattest.ErrFull) {
			t.Errorf("Write to a disk of %d bytes = %v, want %v", room, err, formattest.ErrFull)
		}
	}
}

// The weights of a real model, against sums of squares that NumPy made.
func TestRealFile(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(os.Getenv("HADAL_DATA"), "weights", "g2p", "checkpoint20.npz"))
	if os.Getenv("HADAL_DATA") == "" || err != nil {
		t.Skipf("HADAL_DATA names no folder with weights/g2p: %v", err)
	}
	f := open(t, data)
	if len(f.Names()) != 12 {
		t.Errorf("there are %d arrays, want 12", len(f.Names()))
	}
	for name, want := range map[string]float64{
		"enc_emb": 6879.375768422185, "enc_w_hh": 2486.3461109433247, "dec_b_ih": 6.739853059622687, "fc_b": 0.34970792690315566,
	} {
		got := 0.0
		values, err := f.Float64s(name)
		for _, v := range values {
			got += v * v
		}
		if err != nil || math.Abs(got-want) > 1e-9*want {
			t.Errorf("squares of %s sum to %v, %v, want %v", name, got, err, want)
		}
	}
}

// FuzzOpen is given a whole file, or, if rest is not empty, the header of an array and what follows it.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"written.npz", "compressed.npz", "other.npz", "refused.npz", "single.npy"} {
		f.Add(string(formattest.Content(f, filepath.Join("testdata", name))), "")
	}
	f.Add("{'descr': '>f4', 'fortran_order': True, 'shape': (2L, 1), }", "abcdefgh")
	f.Add("{\"descr\": [('a', '<f4')], 'fortran_order': False, 'shape': ()}", "abcd")
	f.Fuzz(func(t *testing.T, first, rest string) {
		data := []byte(first)
		if rest != "" {
			data = npy(first, rest)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := npz.Open(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(256*len(data)+4<<20); got > limit {
			t.Errorf("Open of %d bytes allocates %d, want at most %d", len(data), got, limit)
		}
		if err != nil {
			if !errors.As(err, &npz.FormatError{}) {
				t.Errorf("Open = %v, want a FormatError", err)
			}
			return
		}
		for _, name := range f.Names() {
			entry, _ := f.Entry(name)
			if raw, err := f.Raw(name); err == nil && (len(raw) > 64*len(data)+1<<20 || entry.Len() > 0 && len(raw)%entry.Len() != 0) {
				t.Errorf("Raw(%q) of %s %v = %d bytes of a file of %d", name, entry.DType, entry.Shape, len(raw), len(data))
			}
			formattest.Reads(t, f, name, entry.Len())
		}
	})
}
