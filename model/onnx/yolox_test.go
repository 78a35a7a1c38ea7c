package onnx

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// yolox reads YOLOX-nano from the data folder.
func yolox(t testing.TB) *Network {
	t.Helper()
	name := filepath.Join(os.Getenv("HADAL_DATA"), "weights", "object-detection-models", "yolox_nano.onnx")
	f, err := os.Open(name)
	if err != nil {
		t.Skipf("HADAL_DATA names no folder with weights/object-detection-models/yolox_nano.onnx: %v", err)
	}
	defer f.Close()
	net, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// made is a picture of which ONNX Runtime's output is known, N×C×H×W.
func made() *tensor.Tensor {
	x := tensor.New(1, 3, 416, 416)
	data := x.Edit()
	for i := range data {
		data[i] = tensor.Float(i * 7919 % 256)
	}
	return x
}

// A whole detector gives what ONNX Runtime gives; the numbers are from internal/fixture/_gen/onnx_yolox.py.
func TestYOLOX(t *testing.T) {
	net := yolox(t)
	p := tensor.Inference()
	defer p.End()
	ys, err := net.Run(p, Floats(made()))
	if err != nil {
		t.Fatal(err)
	}
	y, rows, fields := ys[0].Floats.Data(), 3549, 85
	if len(y) != rows*fields {
		t.Fatalf("the output has shape %v, want [1 %d %d]", ys[0].Shape, rows, fields)
	}
	sum, squares := 0., 0.
	for _, v := range y {
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	near := func(what string, got, want, tolerance float64) {
		if !(math.Abs(got-want) <= tolerance) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("the sum", sum, 12974.7345, .05)
	near("the sum of squares", squares, 16927.4513, .05)
	for row, want := range map[int][6]float64{
		0:    {0.8526743, 0.2341300, 0.6234960, 0.5151694, 1.788e-07, 0.3867978},
		1000: {0.1572033, 0.4003772, 1.7067168, 0.7268139, 0.0007944, 0.5951699},
		2704: {-0.2336507, 1.3418937, 2.2590513, 2.6295638, 0, 0.4572501},
		3548: {-1.6503687, -1.0251169, 2.2154548, 2.0763841, 2.98e-08, 0.5950077},
	} {
		got := y[row*fields : (row+1)*fields]
		for i, w := range want[:5] {
			near("a number of a box", float64(got[i]), w, 3e-5)
		}
		classes := 0.
		for _, v := range got[5:] {
			classes += float64(v)
		}
		near("the sum of the classes", classes, want[5], 3e-5)
	}
}

// Fine-tuning begins with the leaves and their gradients, and images stay channels-last from the first convolution to the heads.
func TestYOLOXIsTrained(t *testing.T) {
	net := yolox(t)
	ps := nn.Params(net)
	if trained, _ := nn.Count(net); len(ps) != 226 || trained != 904_463 {
		t.Errorf("%d tensors with %d numbers are trained, want 226 with 904463", len(ps), trained)
	}
	p := tensor.Recording(nil)
	defer p.End()
	ys, err := net.Run(p, Floats(made()))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, o := range p.Operations() {
		counts[o.Name]++
	}
	if counts["Permute"] > 4 { // one for the output of each of three heads, and one behind them
		t.Errorf("%d tensors are permuted between %d convolutions, want 4 at most", counts["Permute"], counts["Conv2DBias"])
	}
	for i, g := range tensor.Grad(ys[0].Floats.Square().Mean(), ps...) {
		if g == nil || !g.Finite() {
			t.Errorf("parameter %d has no finite gradient", i)
		}
	}
}
