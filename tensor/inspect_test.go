package tensor

import (
	"fmt"
	"testing"

	"github.com/hadal-go/hadal/internal/kernel"
)

func TestOperations(t *testing.T) {
	p := Training(nil)
	defer p.End()
	x := p.Var(New(2, 6, 6, 4))
	x.Conv2D(Param(3, 3, 2, 8), Conv{Groups: 2}).Flatten(1).Linear(Param(10, 128), nil).Split(1, 4, 6)
	y := p.Var(New(2, 3, 8))
	y.Attention(y, y, Attention{Heads: 2})
	want := []string{
		"Conv2D [[2 6 6 4] [3 3 2 8]] [[2 4 4 8]] 4608",
		"Reshape [[2 4 4 8]] [[2 128]] 0",
		"Linear [[2 128] [10 128]] [[2 10]] 2560",
		"Split [[2 10]] [[2 4] [2 6]] 0",
		"Attention [[2 3 8] [2 3 8] [2 3 8]] [[2 3 8]] 288",
	}
	shapes := func(xs []*Tensor) (s [][]int) {
		for _, x := range xs {
			s = append(s, x.Shape())
		}
		return s
	}
	for i, o := range p.Operations() {
		if got := fmt.Sprint(o.Name, " ", shapes(o.Inputs), " ", shapes(o.Outputs), " ", o.MACs); got != want[i] {
			t.Errorf("operation %d = %s, want %s", i, got, want[i])
		}
	}
}

func TestBytes(t *testing.T) {
	p := Inference()
	defer p.End()
	for want := range 3 {
		if got := p.Bytes(); got != want*64*kernel.FloatBytes {
			t.Errorf("%d tensors of 64 numbers take %d bytes", want, got)
		}
		p.Zeros(8, 8)
	}
}
