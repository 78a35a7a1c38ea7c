package tensor_test

import (
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/tensor"
)

// TestAttentionAgainstTorch compares value and gradients with PyTorch's scaled_dot_product_attention.
func TestAttentionAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "attention.safetensors")
	for name, a := range map[string]tensor.Attention{
		"plain":          {},
		"heads":          {Heads: 2},
		"causal":         {Heads: 2, Causal: true},
		"causal_last":    {Causal: true},
		"lengths":        {Heads: 3},
		"lengths_causal": {Causal: true},
		"scale":          {Scale: .2},
		"long":           {Causal: true},
	} {
		t.Run(name, func(t *testing.T) {
			const tolerance = 1e-5
			if f.Has(name + "/lengths") {
				a.Lengths = f.Ints(t, name+"/lengths")
			}
			p := tensor.Recording(nil)
			defer p.End()
			operand := func(s string) *tensor.Tensor { return p.Var(f.Tensor(t, name+"/"+s)) }
			q, k, v := operand("q"), operand("k"), operand("v")
			y := q.Attention(k, v, a)
			fixture.Close(t, "y", y.Data(), f.Tensor(t, name+"/y").Data(), tolerance)
			g := tensor.New(y.Shape()...)
			for i := range g.Edit() {
				g.Edit()[i] = tensor.Float((7*i)%11-5) / 4
			}
			for i, got := range tensor.Grad(y.Mul(g).Sum(), q, k, v) {
				x := "grad_" + "qkv"[i:i+1]
				fixture.Close(t, x, got.Data(), f.Tensor(t, name+"/"+x).Data(), tolerance)
			}
		})
	}
}
