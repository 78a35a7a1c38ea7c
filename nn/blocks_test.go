package nn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 0))
	model := struct {
		Stem   *Linear
		Norm   *BatchNorm
		Layers Chain
		Deep   struct{ Inner *Linear }
		FC     *Linear
	}{
		Stem: NewLinear(r, 2, 3), Norm: NewBatchNorm(3),
		Layers: Chain{Chain{NewLinear(r, 3, 3), Func(ReLU), NewLinear(r, 3, 3)}, Func(ReLU), NewLinear(r, 3, 3)},
		FC:     NewLinear(r, 3, 2),
	}
	model.Deep.Inner = NewLinear(r, 3, 3)
	var got []string
	for _, b := range Blocks(&model) {
		got = append(got, fmt.Sprint(b.Name, " ", len(b.Params)))
	}
	if want := []string{"stem 2", "norm 2", "layers.0 4", "layers.2 2", "deep 2", "fc 2"}; !slices.Equal(got, want) {
		t.Errorf("the blocks are %v, want %v", got, want)
	}
}

func TestFind(t *testing.T) {
	norms := []*BatchNorm{NewBatchNorm(1), NewBatchNorm(2), NewBatchNorm(3)}
	model := struct {
		First  *BatchNorm
		Layers Chain
		Again  *BatchNorm
		None   *BatchNorm
		hidden *BatchNorm
	}{First: norms[0], Layers: Chain{&Residual{Body: Chain{norms[1]}, Shortcut: Chain{norms[2]}}, nil}, Again: norms[0], hidden: NewBatchNorm(4)}
	if got := slices.Collect(Find[*BatchNorm](&model)); !slices.Equal(got, norms) {
		t.Errorf("found %d normalizations, want three, each once, in order", len(got))
	}
	for range Find[*BatchNorm](&model) {
		break
	}
	if got := slices.Collect(Find[*Linear](&model)); len(got) != 0 {
		t.Errorf("found %d linear layers in a model of none", len(got))
	}
}
