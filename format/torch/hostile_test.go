package torch_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/format/internal/formattest"
	"github.com/hadal-go/hadal/format/torch"
)

// header has the first three pickles of a legacy file: magic number, version, and facts about the machine, here none.
const header = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}."

// storage pushes a storage of four floats under the key 0, tensor what stands before and behind shape and strides.
const (
	storage = "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04NtQ"
	key     = "\x80\x02]X\x01\x00\x00\x000a."
	floats  = "\x04\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x80?\x00\x00\x00@\x00\x00@@" // 0 1 2 3
)

// legacy puts a pickle and what follows it behind the header.
func legacy(pickle, rest string) []byte { return []byte(header + "\x80\x02" + pickle + rest) }

// withTensor is a legacy file of one tensor; place is the code that pushes offset, shape and strides.
func withTensor(place string) []byte {
	return legacy("ctorch._utils\n_rebuild_tensor_v2\n("+storage+place+"\x89}tR.", key+floats)
}

func TestBuiltByHand(t *testing.T) {
	f := open(t, withTensor("K\x01K\x02\x85K\x02\x85"))
	if got, err := f.Floats(""); err != nil || fmt.Sprint(got) != "[1 3]" {
		t.Errorf("Floats = %v, %v, want 1 3", got, err)
	}
	// Two parts of one storage.
	part := func(key, begin string) string {
		return "ctorch._utils\n_rebuild_tensor_v2\n(" + strings.Replace(storage, "NtQ", "(X\x01\x00\x00\x00"+key+"K"+begin+"K\x02ttQ", 1) +
			"K\x00K\x02\x85K\x01\x85\x89}tR"
	}
	f = open(t, legacy("("+part("a", "\x00")+part("b", "\x02")+"t.", key+floats))
	if got, err := f.Floats("1"); err != nil || fmt.Sprint(got) != "[2 3]" {
		t.Errorf("Floats of a part = %v, %v, want 2 3", got, err)
	}
}

func TestOpenErrors(t *testing.T) {
	deep := strings.Repeat("]", 200) + strings.Repeat("a", 199) + "."
	laughs := "]q\x00" // each list holds the one before it twice
	for range 60 {
		laughs += "(h\x00h\x00lq\x00"
	}
	encoded := "X\x00\x00\x10\x00" + strings.Repeat("x", 1<<20) + "q\x00X\x06\x00\x00\x00latin1q\x01(" +
		strings.Repeat("c_codecs\nencode\nh\x00h\x01\x86R", 2000) + "t."
	huge := "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x00" // 2⁵⁶ − 1
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "no file of torch.save"},
		{"text", []byte("hello world\n"), "no file of torch.save"},
		{"tar", append(make([]byte, 257), "ustar\x00"...), "tar file"},
		{"script", formattest.Content(t, "testdata/script.pt"), "TorchScript"},
		{"only header", []byte(header), "ends early"},
		{"version", []byte(strings.Replace(header, "M\xe9\x03", "M\xe8\x03", 1)), "protocol version 1000, want 1001"},
		{"instruction", legacy("\xff.", ""), `instruction 'ÿ': there is no such`},
		{"extension", legacy("\x82\x01.", ""), "no such instruction"},
		{"protocol", []byte(header + "\x80\x06."), "protocol 6"},
		{"empty stack", legacy(".", ""), "empty stack"},
		{"pop below mark", legacy("N(\x85.", ""), "takes 1 values, there are 0"},
		{"no mark", legacy("t.", ""), "no mark"},
		{"memo", legacy("h\x05.", ""), "nothing is remembered as 5"},
		{"append to None", legacy("NNa.", ""), "adds to None"},
		{"item of None", legacy("NNNs.", ""), "assigns an item of None"},
		{"state of a dict", legacy("}}b.", ""), "sets the state of a dict"},
		{"long string", legacy("X\xff\xff\xff\xffabc.", ""), "claims 4294967295 bytes"},
		{"long bytes", legacy("\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.", ""), "claims 18446744073709551615 bytes"},
		{"long integer", legacy("\x8b\xff\xff\xff\x7f.", ""), "an integer of 2147483647 bytes"},
		{"long decimal", legacy("L"+strings.Repeat("9", 5000)+"L\n.", ""), "no integer"},
		{"deep", legacy(deep, "]."), "nested more than 100 deep"},
		{"cycle", legacy("]q\x00h\x00a.", "]."), "contain themselves"},
		{"cycles", legacy("]q\x00(h\x00h\x00e.", "]."), "contain themselves"},
		{"laughs", legacy(laughs+".", "]."), "expand to more"},
		{"encoded", legacy(encoded, "]."), "made to fill memory"},
		{"dicts", legacy(strings.Repeat("}", 1<<20)+".", "]."), "made to fill memory"},
		{"sets", legacy(strings.Repeat("\x8f\x94", 1<<20)+".", "]."), "made to fill memory"},
		{"ordered", legacy("ccollections\nOrderedDict\nq\x01]("+strings.Repeat("]NaNa", 50000)+"e\x85q\x02("+
			strings.Repeat("h\x01h\x02R", 10000)+"t.", "]."), "made to fill memory"},
		{"storage beyond the file", legacy(strings.Replace(storage, "K\x04", huge, 1)+".", key+"\xff\xff\xff\xff\xff\xff\xff\x00"), "the file only"},
		{"storage of another size", legacy(storage+".", key+"\x05"+floats[1:]), "has 5 elements, the pickle says 4"},
		{"storage that is not there", legacy(storage+".", "\x80\x02]."), "names 1 storages, the file has 0"},
		{"storage of nothing", legacy("N.", key+floats), "belongs to nothing"},
		{"storage twice", legacy(storage+".", "](X\x01\x00\x00\x000X\x01\x00\x00\x000e."+floats+floats), "listed twice"},
		{"negative storage", legacy(strings.Replace(storage, "K\x04", "J\xff\xff\xff\xff", 1)+".", key), "has -1 elements"},
		{"class of storage", legacy(strings.Replace(storage, "Float", "Fload", 1)+".", key), "no known class"},
		{"short storage", legacy(storage+".", key+floats[:20]), "the file only 12 more"},
		{"beyond the storage", withTensor("K\x00K\x05\x85K\x01\x85"), "ends at element 4 of a storage of 4"},
		{"offset beyond", withTensor("K\x03K\x02\x85K\x01\x85"), "ends at element 4"},
		{"stride beyond", withTensor("K\x00K\x03\x85K\x02\x85"), "ends at element 4"},
		{"huge stride", withTensor("K\x00K\x02\x85" + huge + "\x85"), "ends at element"},
		{"overflowing stride", withTensor("K\x00(" + huge + "t(" + "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f" + "t"), "impossible"},
		{"negative offset", withTensor("J\xff\xff\xff\xffK\x01\x85K\x01\x85"), "begins at element -1"},
		{"negative size", withTensor("K\x00J\xff\xff\xff\xff\x85K\x01\x85"), "impossible"},
		{"negative stride", withTensor("K\x03K\x02\x85J\xff\xff\xff\xff\x85"), "has strides [-1]"},
		{"expanded", withTensor("K\x00" + huge + "\x85K\x00\x85"), "as large as the file"},
		{"axes", withTensor("K\x00(" + strings.Repeat("K\x01", 65) + "t)"), "65 axes"},
		{"strides missing", withTensor("K\x00K\x02\x85)"), "has strides []"},
		{"big offset", withTensor("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01K\x01\x85K\x01\x85"), "too large"},
		{"names", legacy("(dX\x03\x00\x00\x00a.b"+oneTensor+"sX\x01\x00\x00\x00a}X\x01\x00\x00\x00b"+oneTensor+"ss.", key+floats), "two of this name"},
	} {
		_, err := torch.Open(bytes.NewReader(test.data), int64(len(test.data)))
		if !errors.As(err, &torch.FormatError{}) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Open = %v, want a FormatError that says %q", test.name, err, test.want)
		}
	}
}

const oneTensor = "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + "K\x00K\x02\x85K\x01\x85\x89}tR"

// archive makes a zip of records in which even indices are names and odd ones contents.
func archive(t testing.TB, method uint16, records ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(records); i += 2 {
		r, err := w.CreateHeader(&zip.FileHeader{Name: records[i], Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(r, records[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZipErrors(t *testing.T) {
	pickle := strings.Replace(storage, "NtQ", "tQ", 1) + "."
	bomb := archive(t, zip.Deflate, "a/data.pkl", pickle, "a/data/0", strings.Repeat("\x00", 1<<24))
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"no directory", []byte("PK\x03\x04"), "cannot be read"},
		{"no pickle", archive(t, zip.Store, "a/x", ""), "no data.pkl"},
		{"no folder", archive(t, zip.Store, "data.pkl", "N."), "no data.pkl"},
		{"two pickles", archive(t, zip.Store, "a/data.pkl", "N.", "b/data.pkl", "N."), "2 folders"},
		{"same name", archive(t, zip.Store, "a/data.pkl", "N.", "a/data.pkl", "N."), "two records"},
		{"export", archive(t, zip.Store, "a/archive_format", "pt2"), "torch.export"},
		{"byte order", archive(t, zip.Store, "a/data.pkl", "N.", "a/byteorder", "middle"), "byte order"},
		{"no record", archive(t, zip.Store, "a/data.pkl", pickle), `no record "a/data/0"`},
		{"record size", archive(t, zip.Store, "a/data.pkl", pickle, "a/data/0", floats), "its record has 24 bytes"},
		{"bomb", bomb, "would expand to 16777216 bytes"},
		{"overlap", overlapping(t), "overlap"},
		{"long key", archive(t, zip.Store, "a/data.pkl", "}X\x00\x00\x10\x00"+strings.Repeat("x", 1<<20)+"Ns."), "longer than 4096"},
		{"compressed values", archive(t, zip.Deflate, "a/data.pkl", "("+strings.Repeat("K\x01", 1e5)+"t."), "made to fill memory"},
	} {
		_, err := torch.Open(bytes.NewReader(test.data), int64(len(test.data)))
		if !errors.As(err, &torch.FormatError{}) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Open = %v, want a FormatError that says %q", test.name, err, test.want)
		}
	}
}

// overlapping is an archive whose second directory entry points at the first record.
func overlapping(t testing.TB) []byte {
	data := archive(t, zip.Store, "a/data.pkl", "N.", "a/data/0000", "N.") // names of different length keep the records apart
	second := bytes.LastIndex(data, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(data[second+42:], 0)
	return data
}

// Calls are kept up to a limit and counted beyond.
func TestManyCalls(t *testing.T) {
	f := open(t, legacy("cos\nsystem\nq\x00X\x02\x00\x00\x00rm\x85q\x01("+strings.Repeat("h\x00h\x01R", 1500)+"t.", "]."))
	if len(f.Calls) != 1000 || f.MoreCalls != 500 || f.Calls[999] != (torch.Call{Function: "os.system", Arguments: `("rm")`}) {
		t.Errorf("%d calls and %d more, last %v, want 1000 and 500", len(f.Calls), f.MoreCalls, f.Calls[len(f.Calls)-1])
	}
}

var errDisk = errors.New("disk broken")

// A brokenReader fails from a byte on.
type brokenReader struct {
	data []byte
	from int64
}

func (b brokenReader) ReadAt(p []byte, at int64) (int, error) {
	n, err := bytes.NewReader(b.data).ReadAt(p, at)
	if at+int64(n) > b.from {
		return int(max(0, b.from-at)), errDisk
	}
	return n, err
}

// An error of the reader comes through, and is not taken for one of the format.
func TestReaderErrors(t *testing.T) {
	for _, file := range []string{"views.zip.pt", "views.deflated.pt", "views.legacy.pt"} {
		data := formattest.Content(t, filepath.Join("testdata", file))
		for from := 0; from < len(data); from += 50 {
			f, err := torch.Open(brokenReader{data, int64(from)}, int64(len(data)))
			if err == nil {
				_, err = f.Floats("channels_last") // the last storage of the file
			}
			if !errors.Is(err, errDisk) {
				t.Fatalf("%s, broken from byte %d on: %v, want %v", file, from, err, errDisk)
			}
		}
	}
}

// FuzzOpen is given a whole file, or, since few random changes to one get past its header, the pickle and what follows it.
func FuzzOpen(f *testing.F) {
	for _, name := range []string{"kinds.legacy.pt", "views.deflated.pt", "hostile.zip.pt", "checkpoint.legacy.pt", "protocol0.zip.pt",
		"protocol4.zip.pt"} {
		f.Add(string(formattest.Content(f, filepath.Join("testdata", name))), "")
	}
	f.Add(oneTensor+".", key+floats)
	f.Add("]q\x00(h\x00h\x00e.", "].")
	f.Add("ccollections\nOrderedDict\n)R}X\x09\x00\x00\x00_metadata}sb.", "].")
	f.Add("cnumpy._core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\x00\x00\x00f8\x89\x88\x87R(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbC\x08abcdefgh\x86R.", "].")
	f.Add("cposix\nsystem\nX\x02\x00\x00\x00ls\x85R}b(NNe.", "].")
	f.Fuzz(func(t *testing.T, first, rest string) {
		data := []byte(first)
		if rest != "" {
			data = legacy(first, rest)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := torch.Open(bytes.NewReader(data), int64(len(data)))
		runtime.ReadMemStats(&after)
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(256*len(data)+8<<20); got > limit { // what is freed on the way counts
			t.Errorf("Open of %d bytes allocates %d, want at most %d", len(data), got, limit)
		}
		if err != nil {
			if !errors.As(err, &torch.FormatError{}) {
				t.Errorf("Open = %v, want a FormatError", err)
			}
			return
		}
		for range f.Scalars() {
		}
		for _, name := range f.Names() {
			entry, _ := f.Entry(name)
			if raw, err := f.Raw(name); err == nil && (len(raw) > 64*len(data)+2<<20 || entry.Len() > 0 && len(raw)%entry.Len() != 0) {
				t.Errorf("Raw(%q) of %s %v = %d bytes of a file of %d", name, entry.DType, entry.Shape, len(raw), len(data))
			}
			formattest.Reads(t, f, name, entry.Len())
		}
	})
}
