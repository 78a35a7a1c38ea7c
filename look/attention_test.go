package look

import (
	"fmt"
	"math"
	"testing"

	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// The weights of a translation are found by the names of their layers, rows sum to one, and nothing is seen of padding and the future.
func TestAttentionOfTransformer(t *testing.T) {
	m := sequence.NewTransformer(source(), nn.TransformerSize{Width: 8, Heads: 2, Hidden: 8}, 2, 9)
	from, to := sequence.Pad([][]int{{3, 4, 5}, {6, 7}}, 0), sequence.Pad([][]int{{1, 2}, {1, 2}}, 0)
	p := tensor.Recording(nil)
	defer p.End()
	m.Forward(p, from, to)
	operations := len(p.Operations())
	maps := Attention(m, p)
	if n := len(p.Operations()); n != operations {
		t.Errorf("looking recorded %d operations", n-operations)
	}
	want := []string{
		"encoder.layers.0.self_attn [2 2 3 3]", "encoder.layers.1.self_attn [2 2 3 3]",
		"decoder.layers.0.self_attn [2 2 2 2]", "decoder.layers.0.multihead_attn [2 2 2 3]",
		"decoder.layers.1.self_attn [2 2 2 2]", "decoder.layers.1.multihead_attn [2 2 2 3]",
	}
	if len(maps) != len(want) {
		t.Fatalf("there are %d attentions, want %d", len(maps), len(want))
	}
	for i, a := range maps {
		if got := fmt.Sprint(a.Layer, " ", a.Weights.Shape()); got != want[i] {
			t.Errorf("attention %d is %s, want %s", i, got, want[i])
		}
		s := a.Weights.Dim(3)
		for row := range a.Weights.Len() / s {
			sum, second := 0.0, row >= a.Weights.Len()/s/2
			for j, w := range a.Weights.Data()[row*s : (row+1)*s] {
				sum += float64(w)
				if hidden := s == 3 && second && j == 2 || s == 2 && j > row%2; hidden != (w == 0) {
					t.Errorf("%s: weight %d of row %d is %v", a.Layer, j, row, w)
				}
			}
			if math.Abs(sum-1) > 1e-5 {
				t.Errorf("%s: row %d sums to %v", a.Layer, row, sum)
			}
		}
	}

	img, err := DrawAttention("German to English", maps[3].Weights, 1, []string{"<s>", "two"}, []string{"zwei", "Hunde"})
	if err != nil {
		t.Fatal(err)
	}
	one, err := DrawAttention("one head", maps[3].Weights.Slice(1, 0, 1).Squeeze(1), 0, []string{"<s>", "two"}, []string{"zwei", "Hunde"})
	if err != nil {
		t.Fatal(err)
	}
	if w := one.Bounds().Dx(); img.Bounds().Dx() < 2*w {
		t.Errorf("two heads are %d pixels wide, one is %d", img.Bounds().Dx(), w)
	}
	if _, err := DrawAttention("x", maps[3].Weights, 2, []string{"a"}, []string{"b"}); err == nil {
		t.Error("there is no sequence 2, and no error")
	}
	if _, err := DrawAttention("x", maps[3].Weights, 0, []string{"a", "b", "c"}, []string{"b"}); err == nil {
		t.Error("three tokens in two steps are no error")
	}
}
