package onnx

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// light are the models that every run of the tests exports, some of each family. With HADAL_ONNX_EXPORT all are.
var light = []string{
	"cnn", "densenet40-cifar", "efficientnet-b0", "efficientnet-lite0", "lenet", "mobilenetv2-half-cifar", "mobilenetv3-small",
	"preactresnet110-cifar", "resnet18-cifar", "resnet20-cifar", "squeezenet1.1", "vgg16-quarter-cifar", "vit-cifar",
}

// What is exported gives, imported again, what the network gives, and has its weights by name. HADAL_ONNX_EXPORT names a folder to which
// all networks go, with an input and the output, for internal/fixture/_gen/onnx_check.py.
func TestExportOfTheModels(t *testing.T) {
	folder := os.Getenv("HADAL_ONNX_EXPORT")
	for _, m := range vision.Models {
		if folder == "" && !slices.Contains(light, m.Name) {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			defer runtime.GC()
			r := rand.New(rand.NewPCG(1, 2))
			net := m.New(r, 10)
			for l := range nn.Leaves(net) { // other statistics than the first, but not so far that nothing passes a ReLU
				if !slices.ContainsFunc(l.Tensor.Data(), func(v tensor.Float) bool { return v != 0 }) {
					nn.Uniform(r, l.Tensor, -.02, .02)
				}
				for i := range l.Tensor.Len() {
					switch {
					case strings.HasSuffix(l.Name, "running_mean"):
						l.Tensor.Edit()[i] += tensor.Float(r.Float64()-.5) / 50
					case strings.HasSuffix(l.Name, "running_var"):
						l.Tensor.Edit()[i] *= tensor.Float(.5 + r.Float64())
					}
				}
			}
			n := 2
			if m.Input[0] > 256 { // of which a tape takes much memory
				n = 1
			}
			x := tensor.New(n, m.Input[0], m.Input[1], m.Input[2])
			nn.Uniform(r, x, -1, 1)
			exported, err := Export(net, x.Shape()...)
			if err != nil {
				t.Fatal(err)
			}
			again := importing(t, exported)
			p := tensor.Inference()
			defer p.End()
			want := net.Forward(p.Input(x))
			if rows := want.Data(); n == 2 && slices.Equal(rows[:10], rows[10:]) {
				t.Error("the network says the same of two pictures")
			}
			scale := tensor.Float(0)
			for _, v := range want.Data() {
				scale = max(scale, v, -v)
			}
			same(t, "the output", again.Forward(p.Input(x)), want, 1e-4*float64(scale))
			leaves := map[string]*tensor.Tensor{}
			for l := range nn.Leaves(again) {
				leaves[l.Name] = l.Tensor
			}
			for l := range nn.Leaves(net) {
				if strings.HasSuffix(l.Name, "num_batches_tracked") {
					continue
				}
				if leaves[l.Name] == nil {
					t.Errorf("%s is not in the file", l.Name)
				} else if leaves[l.Name].Len() != l.Tensor.Len() {
					t.Errorf("%s has shape %v in the file, want %v", l.Name, leaves[l.Name].Shape(), l.Tensor.Shape())
				}
			}
			if folder != "" {
				write(t, filepath.Join(folder, m.Name), exported, p.Input(x).Permute(0, 3, 1, 2), want)
			}
		})
	}
}

// write leaves a model, and an input and an output as float64.
func write(t *testing.T, name string, m interface{ Encode() ([]byte, error) }, x, y *tensor.Tensor) {
	t.Helper()
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	numbers := func(x *tensor.Tensor) (b []byte) {
		for _, v := range x.Data() {
			b, _ = binary.Append(b, binary.LittleEndian, float64(v))
		}
		return b
	}
	for ending, b := range map[string][]byte{".onnx": data, ".input": numbers(x), ".output": numbers(y)} {
		if err := os.WriteFile(name+ending, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A network with an operation that is not written names it.
func TestExportNamesWhatIsMissing(t *testing.T) {
	net := nn.Func(func(x *tensor.Tensor) *tensor.Tensor { return x.CumSum(1, false).Flip(0).ReLU() })
	_, err := Export(net, 2, 3)
	var missing UnsupportedError
	if !errors.As(err, &missing) || !slices.Equal(missing.Operators, []string{"CumSum", "Flip"}) {
		t.Errorf("the error is %v, want one of CumSum and Flip", err)
	}
	if _, err := Export(nn.Func(func(x *tensor.Tensor) *tensor.Tensor { return x.Pass().Zeros(1) }), 2, 3); err == nil {
		t.Error("a constant is exported")
	}
}
