package nn

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/format/safetensors"
	"github.com/hadal-go/hadal/tensor"
)

func saved(t *testing.T, model any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := SaveWith(&b, model, map[string]string{"epoch": "3"}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func load(file []byte, model any) error { return Load(bytes.NewReader(file), int64(len(file)), model) }

// change adds 1 to every number of a model.
func change(model any) {
	for l := range Leaves(model) {
		for i := range l.Tensor.Edit() {
			l.Tensor.Edit()[i]++
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	net, same := testNetwork(), testNetwork()
	file := saved(t, net)
	change(same)
	if err := load(file, same); err != nil {
		t.Fatal(err)
	}
	got, want := slices.Collect(Leaves(same)), slices.Collect(Leaves(net))
	for i, l := range want {
		if !slices.Equal(got[i].Tensor.Data(), l.Tensor.Data()) {
			t.Errorf("%s = %v after loading, want %v", l.Name, got[i].Tensor, l.Tensor)
		}
	}
	if again := saved(t, same); !bytes.Equal(again, file) {
		t.Error("what was loaded is saved as other bytes")
	}

	f, err := safetensors.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata["epoch"] != "3" {
		t.Errorf("metadata = %v, want epoch 3", f.Metadata)
	}
	// PyTorch's order is O×I×H×W, ours H×W×I×O.
	w := net.Layer1[0].Conv1.Weight
	e, _ := f.Entry("layer1.0.conv1.weight")
	if want := []int{2, 1, 3, 3}; !slices.Equal(e.Shape, want) {
		t.Errorf("a kernel of %v is saved as %v, want %v", w.Shape(), e.Shape, want)
	}
	numbers, err := f.Float64s("layer1.0.conv1.weight")
	if err != nil {
		t.Fatal(err)
	}
	const o, h, column = 1, 2, 0
	if got, want := tensor.Float(numbers[o*9+h*3+column]), w.Data()[(h*3+column)*2+o]; got != want {
		t.Errorf("weight[%d 0 %d %d] is saved as %v, want %v", o, h, column, got, want)
	}
}

func TestFiles(t *testing.T) {
	net, same := testNetwork(), testNetwork()
	name := filepath.Join(t.TempDir(), "net.safetensors")
	if err := SaveFile(name, net); err != nil {
		t.Fatal(err)
	}
	change(same)
	if err := LoadFile(name, same); err != nil {
		t.Fatal(err)
	}
	if got, want := same.Bias.Data(), net.Bias.Data(); !slices.Equal(got, want) {
		t.Errorf("bias = %v after loading, want %v", got, want)
	}
	for _, bad := range []string{name + "x", t.TempDir()} {
		if err := LoadFile(bad, same); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("LoadFile(%s) = %v, want an error that names the file", bad, err)
		}
	}

	alike := struct {
		A *Linear `nn:"same"`
		B *Linear `nn:"same"`
	}{NewLinear(source(), 2, 2), NewLinear(source(), 2, 2)}
	for _, bad := range []struct {
		name  string
		model any
	}{{filepath.Join(t.TempDir(), "none", "net"), net}, {name, alike}} {
		if err := SaveFile(bad.name, bad.model); err == nil || !strings.Contains(err.Error(), bad.name) {
			t.Errorf("SaveFile(%s) = %v, want an error that names the file", bad.name, err)
		}
	}
	if err := LoadFile(name, same); err != nil {
		t.Errorf("a model that cannot be saved took the place of one that was: %v", err)
	}
}

// All differences are told in one error, in order, and nothing is loaded.
func TestLoadIsStrict(t *testing.T) {
	type model struct {
		A, B, C *tensor.Tensor
		BN      *BatchNorm
	}
	net := &model{tensor.Param(2), tensor.Param(3, 2), tensor.Param(1), NewBatchNorm(1)}
	var b bytes.Buffer
	entries := []safetensors.Entry{
		{Name: "a", Shape: []int{2}, Data: []float32{5, 6}},
		{Name: "b", Shape: []int{2, 3}, Data: make([]float32, 6)},
		{Name: "bn.bias", Shape: []int{1}, Data: []int64{1}},
		{Name: "bn.num_batches_tracked", Data: []int64{7}},
		{Name: "bn.running_mean", Shape: []int{1}, Data: []float32{0}},
		{Name: "bn.running_var", Shape: []int{1}, Data: []float32{0}},
		{Name: "bn.weight", Shape: []int{1}, Data: []float32{0}},
		{Name: "extra", Shape: []int{4}, Data: make([]float32, 4)},
	}
	if err := safetensors.Write(&b, entries, nil); err != nil {
		t.Fatal(err)
	}
	err := load(b.Bytes(), net)
	want := "nn: load a model: the file does not fit it; " +
		"is the file that of another model, or of another size of it?\n\t" +
		"b: shape [2 3] in the file, the model has [3 2]\n\t" +
		"bn.bias: type I64 in the file, a model takes F32, F16, BF16 or F64\n\t" +
		"c: missing from the file, the model has [1]\n\t" +
		"extra: unexpected, the file has [4], the model none"
	if err == nil || err.Error() != want {
		t.Errorf("Load = %v\nwant %v", err, want)
	}
	if net.A.Data()[0] != 0 || net.BN.Weight.Data()[0] != 1 {
		t.Error("a file that does not fit was loaded in part")
	}
	if err := load(b.Bytes()[:40], net); err == nil {
		t.Error("a truncated file was loaded")
	}

	twice := struct {
		X *tensor.Tensor `nn:"x"`
		Y *tensor.Tensor `nn:"x"`
	}{tensor.Param(1), tensor.Param(1)}
	if err := Save(&b, twice); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("Save of two tensors of one name = %v, want an error that names it", err)
	}
}

// A reader that fails after the header leaves the model as it was.
func TestLoadFailsWhole(t *testing.T) {
	net, same := testNetwork(), testNetwork()
	file := saved(t, net)
	change(same)
	before := saved(t, same)
	if err := Load(bytes.NewReader(file[:len(file)-1]), int64(len(file)), same); err == nil {
		t.Fatal("a file whose end cannot be read was loaded")
	}
	if !bytes.Equal(saved(t, same), before) {
		t.Error("a file that could not be read was loaded in part")
	}
}

// Arrays of any format are loaded as strictly: two of one name, numbers that are fewer than the shape says, and those that cannot be read
// leave a model as it was.
func TestLoadArrays(t *testing.T) {
	type model struct{ A, B *tensor.Tensor }
	numbers := func(n int) func() ([]tensor.Float, error) {
		return func() ([]tensor.Float, error) { return slices.Repeat([]tensor.Float{7}, n), nil }
	}
	broken := func() ([]tensor.Float, error) { return nil, errors.New("no such luck") }
	good := []Array{{"b", "F16", []int{2}, numbers(2)}, {"a", "F32", []int{2, 1}, numbers(2)}}
	for want, arrays := range map[string][]Array{
		"a: the file has two tensors of this name": append(slices.Clone(good), good[1]),
		"b has 3 numbers, its shape says 2":        {good[1], {"b", "F32", []int{2}, numbers(3)}},
		"no such luck":                             {good[1], {"b", "F32", []int{2}, broken}},
		"b: missing from the file":                 good[1:],
	} {
		net := &model{tensor.Param(2, 1), tensor.Param(2)}
		err := LoadArrays(arrays, net)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("LoadArrays = %v, want %q in it", err, want)
		}
		if net.A.Data()[0] != 0 || net.B.Data()[0] != 0 {
			t.Errorf("%s: the arrays were loaded in part", want)
		}
	}
	var many []Array
	for i := range 30 {
		many = append(many, Array{fmt.Sprintf("c%02d", i), "F32", []int{1}, numbers(1)})
	}
	err := LoadArrays(append(many, good...), &model{tensor.Param(2, 1), tensor.Param(2)})
	if err == nil || !strings.HasSuffix(err.Error(), "\tc19: unexpected, the file has [1], the model none\n\tand 10 more") {
		t.Errorf("LoadArrays of 30 too many = %v, want twenty of them and how many more", err)
	}
	net := &model{tensor.Param(2, 1), tensor.Param(2)}
	if err := LoadArrays(good, net); err != nil || net.A.Data()[1] != 7 || net.B.Data()[1] != 7 {
		t.Errorf("LoadArrays = %v, %v and %v, want 7 everywhere", err, net.A, net.B)
	}
}
