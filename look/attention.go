package look

import (
	"fmt"
	"image"
	"strings"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/plot"
	"github.com/hadal-go/hadal/tensor"
)

// An AttentionMap is how much the steps of sequences looked at each other.
type AttentionMap struct {
	Layer   string         // of the attention: layers.0.self_attn
	Weights *tensor.Tensor // N×heads×T×S, on the heap: T steps look at S
}

// Attention returns the weights of every attention that a pass recorded of a model, in the order in which they ran. They are computed
// here from the queries and keys that the tape has, since the fast path never has them in memory.
func Attention(model any, p *tensor.Pass) []AttentionMap {
	var maps []AttentionMap
	last := map[*tensor.Tensor]int{} // the attention that made a tensor
	for _, s := range nn.Trace(model, p) {
		for _, x := range s.Inputs {
			if i, ok := last[x]; ok && s.Layer != "" && maps[i].Layer == "" { // what mixes the heads is a layer of the attention
				maps[i].Layer = s.Layer[:max(0, strings.LastIndexByte(s.Layer, '.'))]
			}
		}
		if s.Name != "Attention" {
			continue
		}
		q, k, how := s.Inputs[0], s.Inputs[1], s.Attributes
		weights := p.Detached(func() *tensor.Tensor {
			return p.Scope(func() *tensor.Tensor {
				return p.Input(q).AttentionWeights(k, tensor.Attention{
					Heads: how["heads"].(int), Scale: how["scale"].(tensor.Float), Causal: how["causal"].(bool),
					Lengths: how["lengths"].([]int), Filled: how["filled"].(int),
				})
			})
		})
		last[s.Outputs[0]] = len(maps)
		maps = append(maps, AttentionMap{Weights: weights.Clone()})
	}
	return maps
}

// DrawAttention draws how much tokens, in rows, look at others, in columns, by the weights of sequence n: N×T×S, or N×heads×T×S, which
// makes a heat map for each head. Where there are fewer tokens than steps, the others are padding and left out. The error says which
// sizes do not fit.
func DrawAttention(title string, weights *tensor.Tensor, n int, looking, seen []string) (image.Image, error) {
	shape := weights.Shape()
	if len(shape) == 3 {
		shape = []int{shape[0], 1, shape[1], shape[2]}
	}
	if len(shape) != 4 || n < 0 || n >= shape[0] || len(looking) == 0 || len(seen) == 0 || len(looking) > shape[2] || len(seen) > shape[3] {
		return nil, fmt.Errorf("attention %q: %d and %d tokens of sequence %d do not fit weights of shape %v",
			title, len(looking), len(seen), n, weights.Shape())
	}
	heads, t, s := shape[1], shape[2], shape[3]
	var maps []image.Image
	for head := range heads {
		h := plot.HeatMap{Title: title, X: "looked at", Y: "looking", Rows: looking, Columns: seen}
		if heads > 1 {
			h.Title = fmt.Sprintf("%s, head %d", title, head+1)
		}
		for i := range looking {
			row := make([]float64, len(seen))
			for j := range row {
				row[j] = float64(weights.Data()[((n*heads+head)*t+i)*s+j])
			}
			h.Values = append(h.Values, row)
		}
		m, err := h.Image()
		if err != nil {
			return nil, err
		}
		maps = append(maps, m)
	}
	columns := min(4, heads)
	if heads > 4 && heads%4 != 0 && heads%3 == 0 {
		columns = 3
	}
	return plot.Stack(columns, maps...), nil
}
