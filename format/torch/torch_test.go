package torch_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hadal-go/hadal/format/internal/formattest"
	"github.com/hadal-go/hadal/format/torch"
)

func open(t testing.TB, data []byte) *torch.File {
	t.Helper()
	f, err := torch.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("Open = %v, want no error", err)
	}
	return f
}

// An expected tensor is what PyTorch found: raw has its elements in row-major order.
type expected struct {
	DType string
	Shape []int
	Raw   string
}

var names = map[string]string{
	"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16",
	"int8": "I8", "uint8": "U8", "uint16": "U16", "bool": "BOOL", "complex64": "C64", "float8_e4m3fn": "F8_E4M3",
}

func expectations(t testing.TB) map[string]map[string]expected {
	t.Helper()
	var all map[string]map[string]expected
	if err := json.Unmarshal(formattest.Content(t, "testdata/expect.json"), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// Every tensor of every file has PyTorch's type, shape and bytes.
func TestReadsPyTorchsFiles(t *testing.T) {
	all := expectations(t)
	for file, of := range map[string]string{
		"kinds.zip.pt": "kinds", "kinds.legacy.pt": "kinds", "views.zip.pt": "views", "views.legacy.pt": "views",
		"views.deflated.pt": "views", "views.big.pt": "views", "checkpoint.zip.pt": "checkpoint", "checkpoint.legacy.pt": "checkpoint",
		"tensor.zip.pt": "tensor", "tensor.legacy.pt": "tensor", "newer.zip.pt": "newer",
		"protocol1.zip.pt": "kinds", "protocol3.zip.pt": "kinds", "protocol4.zip.pt": "kinds", "protocol5.zip.pt": "kinds",
	} {
		f := open(t, formattest.Content(t, filepath.Join("testdata", file)))
		if len(f.Calls) > 0 || f.MoreCalls > 0 {
			t.Errorf("%s: Calls = %v, want none", file, f.Calls)
		}
		if got := f.Names(); len(got) != len(all[of]) || len(got) == 0 {
			t.Errorf("%s has %d tensors, want %d: %q", file, len(got), len(all[of]), got)
		}
		for name, want := range all[of] {
			entry, ok := f.Entry(name)
			if !ok || entry.DType != names[want.DType] || !cmp.Equal(entry.Shape, want.Shape, cmpopts.EquateEmpty()) {
				t.Errorf("%s: Entry(%q) = %+v, %v, want %s %v", file, name, entry, ok, want.DType, want.Shape)
			}
			raw, err := f.Raw(name)
			if err != nil || hex.EncodeToString(raw) != want.Raw {
				t.Errorf("%s: Raw(%q) = %x, %v, want %s", file, name, raw, err, want.Raw)
			}
		}
	}
}

func TestValues(t *testing.T) {
	for _, file := range []string{"kinds.zip.pt", "kinds.legacy.pt"} {
		f := open(t, formattest.Content(t, filepath.Join("testdata", file)))
		inf, nan := math.Inf(1), math.NaN()
		third := map[string]float64{"double": 1.0 / 3, "single": float64(float32(1.0 / 3)), "half": 0x1.554p-2, "brain": 0x1.56p-2}
		for name, third := range third {
			want := []float64{0, math.Copysign(0, -1), 1, -1.5, 65504, 0x1p-14, 0x1p-24, third, inf, -inf, nan}
			switch name {
			case "brain":
				want[4] = 65536
			case "double":
				want = append(want, 1e300)
			}
			double, err := f.Float64s(name)
			if err != nil || !cmp.Equal(double, want, cmpopts.EquateNaNs()) || !math.Signbit(double[1]) {
				t.Errorf("%s: Float64s(%q) = %v, %v, want %v", file, name, double, err, want)
			}
			single, err := f.Floats(name)
			for i, v := range single {
				if v != float32(want[i]) && want[i] == want[i] {
					t.Errorf("%s: Floats(%q)[%d] = %v, want %v", file, name, i, v, want[i])
				}
			}
			if err != nil || len(single) != len(want) {
				t.Errorf("%s: Floats(%q) = %v, %v", file, name, single, err)
			}
		}
		for name, want := range map[string][]int64{
			"long": {math.MinInt64, math.MaxInt64}, "int": {math.MinInt32, 7}, "short": {-2, 3}, "char": {-2, 3}, "byte": {0, 255},
			"bool": {1, 0, 1},
		} {
			if got, err := f.Int64s(name); err != nil || !cmp.Equal(got, want) {
				t.Errorf("%s: Int64s(%q) = %v, %v, want %v", file, name, got, err, want)
			}
		}
	}
	f := open(t, formattest.Content(t, "testdata/views.big.pt"))
	if got, err := f.Floats("row"); err != nil || !cmp.Equal(got, []float32{20, 21, 22, 23}) {
		t.Errorf("Floats(row) of a big-endian file = %v, %v, want 20 to 23", got, err)
	}
	f = open(t, formattest.Content(t, "testdata/newer.zip.pt"))
	if got, err := f.Int64s("word"); err != nil || !cmp.Equal(got, []int64{65535, 1}) {
		t.Errorf("Int64s(word) = %v, %v, want 65535 1", got, err)
	}
}

func TestScalars(t *testing.T) {
	for _, file := range []string{"checkpoint.zip.pt", "checkpoint.legacy.pt"} {
		f := open(t, formattest.Content(t, filepath.Join("testdata", file)))
		got := map[string]any{}
		for name, v := range f.Scalars() {
			if n, ok := v.(*big.Int); ok {
				v = n.String()
			}
			got[name] = v
		}
		for name, want := range map[string]any{
			"epoch": int64(3), "best_prec1": 91.78, "arch": "résnet", "done": true, "none": nil, "big": "1" + strings.Repeat("0", 30),
			"key": []byte{0, 255}, "pair.0": int64(1), "pair.1.0": 2.5, "pair.1.1": "x", "device": "cpu", "size.1": int64(3),
			"accuracy": 0.125, "count": int64(-5), "tags.0": int64(7), "7": "seven", "optimizer.param_groups.0.lr": 0.001,
			"optimizer.param_groups.0.betas.1": 0.999,
		} {
			if v, ok := got[name]; !ok || !cmp.Equal(v, want) {
				t.Errorf("%s: scalar %q = %v, %v, want %v", file, name, v, ok, want)
			}
		}
		for name := range f.Scalars() {
			if name != "epoch" {
				t.Errorf("%s: the first scalar is %q, want epoch", file, name)
			}
			break
		}
	}
	for _, protocol := range "01345" {
		var got []any
		for name, v := range open(t, formattest.Content(t, "testdata/protocol"+string(protocol)+".zip.pt")).Scalars() {
			if strings.HasPrefix(name, "n.") {
				got = append(got, v)
			}
		}
		want := []any{int64(1), int64(-2), int64(300), int64(70000), int64(1 << 40), 2.5, "é\n\\", []byte{0x80}}
		if !cmp.Equal(got, want) {
			t.Errorf("protocol %c: %v, want %v", protocol, got, want)
		}
	}
}

// A hostile file runs nothing; what it would have run is listed, and what lies beside it can be read.
func TestHostile(t *testing.T) {
	const mark = "/tmp/hadal-hacked"
	if _, err := os.Stat(mark); err == nil {
		t.Fatalf("%s exists before the test", mark)
	}
	for _, file := range []string{"hostile.zip.pt", "hostile.legacy.pt"} {
		f := open(t, formattest.Content(t, filepath.Join("testdata", file)))
		if _, err := os.Stat(mark); err == nil {
			t.Fatalf("%s: the command ran", file)
		}
		if want := (torch.Call{Function: "posix.system", Arguments: `("echo hacked > /tmp/hadal-hacked")`}); len(f.Calls) == 0 || f.Calls[0] != want {
			t.Errorf("%s: Calls = %v, want first %v", file, f.Calls, want)
		}
		var functions []string
		for _, c := range f.Calls {
			functions = append(functions, c.Function)
		}
		if want := []string{"posix.system", "__main__.State", "__main__.State.__setstate__"}; !cmp.Equal(functions, want) {
			t.Errorf("%s: Calls are of %q, want %q", file, functions, want)
		}
		if want := []string{"before", "after"}; !cmp.Equal(f.Names(), want) {
			t.Errorf("%s: Names = %q, want %q", file, f.Names(), want)
		}
		if got, err := f.Floats("after"); err != nil || !cmp.Equal(got, []float32{2, 3}) {
			t.Errorf("%s: Floats(after) = %v, %v, want 2 3", file, got, err)
		}
		if _, err := f.Floats("state.weight"); err == nil || !strings.Contains(err.Error(), "posix.system") {
			t.Errorf("%s: Floats(state.weight) = %v, want an error that names the calls", file, err)
		}
	}
	f := open(t, formattest.Content(t, "testdata/module.zip.pt"))
	if len(f.Names()) > 0 || !slices.ContainsFunc(f.Calls, func(c torch.Call) bool { return c.Function == "torch.nn.modules.conv.Conv2d" }) {
		t.Errorf("a pickled module has tensors %q and calls %v", f.Names(), f.Calls)
	}
}

func TestNumPy(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/numpy.zip.pt"))
	if got, err := f.Floats("big"); err != nil || !cmp.Equal(got, []float32{0, 1, 2}) {
		t.Errorf("Floats of a big-endian array = %v, %v, want 0 1 2", got, err)
	}
	if got, err := f.Raw("big"); err != nil || !bytes.Equal(got[4:8], []byte{0, 0, 0x80, 0x3f}) {
		t.Errorf("Raw of a big-endian array = % x, %v, want it little-endian", got, err)
	}
	scalars := map[string]any{}
	for name, v := range f.Scalars() {
		scalars[name] = v
	}
	if want := map[string]any{"flag": true, "half": 1.5}; !cmp.Equal(scalars, want) {
		t.Errorf("scalars %v, want %v", scalars, want)
	}
	for _, name := range []string{"text", "objects"} { // Their types are calls that are not made.
		if entry, ok := f.Entry(name); !ok || entry.DType != "unknown" || len(entry.Shape) != 1 {
			t.Errorf("Entry(%q) = %+v, %v, want an unknown type and one axis", name, entry, ok)
		}
		if _, err := f.Raw(name); err == nil || !strings.Contains(err.Error(), "objects") {
			t.Errorf("Raw(%q) = %v, want an error", name, err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	f := open(t, formattest.Content(t, "testdata/kinds.zip.pt"))
	for _, test := range []struct {
		name, want string
		read       func(string) error
	}{
		{"nothing", "is not among the 11 tensors", func(n string) error { _, err := f.Raw(n); return err }},
		{"long", "has dtype I64, want one of BF16, F16, F32, F64", func(n string) error { _, err := f.Floats(n); return err }},
		{"complex", "has dtype C64", func(n string) error { _, err := f.Float64s(n); return err }},
		{"half", "has dtype F16, want one of BOOL", func(n string) error { _, err := f.Int64s(n); return err }},
	} {
		err := test.read(test.name)
		if problem, ok := err.(torch.FormatError); !ok || problem.Tensor != test.name || !strings.Contains(err.Error(), test.want) {
			t.Errorf("read %q = %v, want an error that says %q", test.name, err, test.want)
		}
	}
	f = open(t, formattest.Content(t, "testdata/conj.zip.pt"))
	if _, err := f.Raw("c"); err == nil || !strings.Contains(err.Error(), "resolve_conj()") {
		t.Errorf("Raw of a conjugate = %v, want an error that says what to do", err)
	}
}

// The weights of a network as they are found on the web, by Python 2 or PyTorch 0.4, against sums that PyTorch made.
func TestRealFiles(t *testing.T) {
	folder := os.Getenv("HADAL_DATA")
	if folder == "" {
		t.Skip("HADAL_DATA names no folder with data")
	}
	for _, test := range []struct {
		file    string
		tensors int
		scalars map[string]any
		sums    map[string]float64 // of squares
	}{
		{"pytorch_resnet_cifar10/resnet20-12fca82f.th", 97, map[string]any{"best_prec1": 91.78000183105469}, realSums},
		{"PerceptualSimilarity/alex.pth", 5, nil, alexSums},
	} {
		data, err := os.ReadFile(filepath.Join(folder, "weights", test.file))
		if err != nil {
			t.Skipf("HADAL_DATA has no weights: %v", err)
		}
		f := open(t, data)
		if got := len(f.Names()); got != test.tensors || len(f.Calls) > 0 {
			t.Errorf("%s has %d tensors and calls %v, want %d and none", test.file, got, f.Calls, test.tensors)
		}
		for name, v := range f.Scalars() {
			if want, ok := test.scalars[name]; !ok || v != want {
				t.Errorf("%s: scalar %s = %v, want %v", test.file, name, v, test.scalars)
			}
		}
		for name, want := range test.sums {
			values, err := f.Float64s(name)
			got := 0.0
			for _, v := range values {
				got += v * v
			}
			if err != nil || math.Abs(got-want) > 1e-9*want {
				t.Errorf("%s: squares of %s sum to %v, %v, want %v", test.file, name, got, err, want)
			}
		}
	}
}

var realSums = map[string]float64{
	"state_dict.module.conv1.weight":          68.38905150171045,
	"state_dict.module.bn1.running_var":       566.7414472153491,
	"state_dict.module.layer2.1.conv2.weight": 90.00562412862327,
	"state_dict.module.linear.weight":         192.01871886057765,
	"state_dict.module.linear.bias":           0.451472044208829,
}

var alexSums = map[string]float64{
	"lin0.model.1.weight": 0.6364592908704979,
	"lin3.model.1.weight": 8.929993863215758,
	"lin4.model.1.weight": 3.5375291470998365,
}
