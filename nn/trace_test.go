package nn

import (
	"slices"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

// Every step knows its layer, and derivatives can be taken by what is between two layers.
func TestTrace(t *testing.T) {
	r := source()
	net := Chain{NewConv2D(r, 1, 2, 3, tensor.Conv{}), Func(ReLU), Func(FlattenCHW), NewLinear(r, 2*4*4, 3).NoBias()}
	p := tensor.Recording(r)
	defer p.End()
	y := net.Forward(p.Var(tensor.New(1, 6, 6, 1)))
	var layers []string
	var maps *tensor.Tensor
	for _, s := range Trace(net, p) {
		layers = append(layers, s.Layer)
		if s.Layer == "0" {
			maps = s.Outputs[0]
			if len(s.Leaves) != 2 || s.Leaves[0].Name != "0.weight" || s.Leaves[1].Name != "0.bias" {
				t.Errorf("the leaves of layer 0 are %v, want weight and bias", s.Leaves)
			}
		}
	}
	if got := slices.Compact(slices.DeleteFunc(layers, func(s string) bool { return s == "" })); !slices.Equal(got, []string{"0", "3"}) {
		t.Errorf("the layers are %q, want 0 and 3", got)
	}
	g := tensor.Grad(y.Sum(), maps)[0]
	want := tensor.Float(0) // of map 1 at the top left: the weights of all classes for it
	for class := range 3 {
		want += net[3].(*Linear).Weight.Data()[class*32+16]
	}
	if got := g.Data()[1]; got != want && (got-want)*(got-want) > 1e-10 {
		t.Errorf("the derivative by a map is %v, want %v", got, want)
	}
}
