package nn

import (
	"reflect"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

func TestSummarize(t *testing.T) {
	r := source()
	net := Chain{
		NewConv2D(r, 1, 4, 3, tensor.Conv{Pad: 1}), Func(ReLU), MaxPool2D{tensor.Pool{Kernel: 2}},
		Func(FlattenCHW), NewLinear(r, 4*8*8, 5).NoBias(),
	}
	s := Summarize(net, []int{2, 16, 16, 1})
	if want := 4*9 + 4 + 5*256; s.Parameters != want {
		t.Errorf("Parameters = %d, want %d", s.Parameters, want)
	}
	if want := 2 * (16*16*4*9 + 5*256); s.MACs != want {
		t.Errorf("MACs = %d, want %d", s.MACs, want)
	}
	layers := map[string]SummaryRow{}
	for _, row := range s.Rows {
		layers[row.Layer] = row
	}
	if got := layers["4"]; !reflect.DeepEqual(got.Output, []int{2, 5}) || got.Parameters != 5*256 {
		t.Errorf("the row of layer 4 is %+v, want an output of [2 5] and 1280 parameters", got)
	}

	// Training keeps all that was computed, and makes a gradient for every parameter; inference needs two layers at a time.
	float := int(reflect.TypeFor[tensor.Float]().Size())
	kept := float * (2*16*16*4 + 2*8*8*4 + 2*5)
	if s.TrainingBytes < kept+float*s.Parameters {
		t.Errorf("TrainingBytes = %d, want %d at least", s.TrainingBytes, kept+float*s.Parameters)
	}
	if s.InferenceBytes >= s.TrainingBytes {
		t.Errorf("InferenceBytes = %d, want less than the %d of training", s.InferenceBytes, s.TrainingBytes)
	}
}
