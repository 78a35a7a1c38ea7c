package tensor

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tape says how operations computed.
func TestAttributesOfOperations(t *testing.T) {
	p := Recording(nil)
	defer p.End()
	x, w := p.Var(New(1, 8, 8, 4)), Param(3, 3, 2, 6)
	x.Conv2DReLU(w, nil, Conv{Stride: 2, Pad: 1, Groups: 2}).Permute(0, 3, 1, 2)
	x.AvgPool2D(Pool{Kernel: 3, Stride: 1, Pad: 1, SkipPad: true}).Pad(2, 1, 3)
	x.Affine(2, 3).Normalize(FixedNorm{Mean: New(4), Variance: New(4), Bias: Param(4), Eps: .5}, Tail{Activation: ActReLU6})
	want := []map[string]any{
		{"strides": []int{2, 2}, "dilations": []int{1, 1}, "groups": 2, "pads": []int{1, 1}},
		{"axes": []int{0, 3, 1, 2}},
		{"kernel": []int{3, 3}, "strides": []int{1, 1}, "dilations": []int{1, 1}, "pads": []int{1, 1, 1, 1}, "padding": false},
		{"axis": 2, "before": 1},
		{"k": Float(2), "c": Float(3)},
		{"eps": Float(.5), "relu": false, "relu6": true, "fixed": true, "weight": 0, "bias": 1, "residual": 0},
	}
	operations := p.Operations()
	if len(operations) != len(want) {
		t.Fatalf("%d operations are recorded, want %d", len(operations), len(want))
	}
	for i, o := range operations {
		delete(o.Attributes, "mean")
		delete(o.Attributes, "inverse")
		if d := cmp.Diff(want[i], o.Attributes); d != "" {
			t.Errorf("%s: %s", o.Name, d)
		}
	}
}
