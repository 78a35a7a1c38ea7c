package nn

import (
	"math/rand/v2"
	"strings"

	"github.com/hadal-go/hadal/tensor"
)

// A Summary shows what a network does with one batch.
type Summary struct {
	Rows                          []SummaryRow
	Parameters, MACs              int
	TrainingBytes, InferenceBytes int // memory of a pass, measured; when training, with that of the gradients
}

// A SummaryRow is one operation, with those that add to it under the same layer.
type SummaryRow struct {
	Layer      string `json:"layer"`
	Operation  string `json:"operation"`
	Output     []int  `json:"output"`
	Parameters int    `json:"parameters"`
	MACs       int    `json:"macs"`
}

// Summarize runs a network on a batch of zeros of the shape given, and returns what was recorded.
func Summarize(model Layer, shape []int) Summary {
	var s Summary
	x := tensor.New(shape...)
	p := tensor.Recording(rand.New(rand.NewPCG(0, 0)))
	y := model.Forward(p.Var(x))
	layer := map[*tensor.Tensor]string{}
	for l := range Leaves(model) {
		layer[l.Tensor] = l.Name[:max(0, strings.LastIndexByte(l.Name, '.'))]
	}
	counted := map[*tensor.Tensor]bool{}
	for _, o := range p.Operations() {
		row := SummaryRow{Operation: o.Name, Output: o.Outputs[0].Shape(), MACs: o.MACs}
		for _, in := range o.Inputs {
			name, ok := layer[in]
			if ok {
				row.Layer = name
			}
			if ok && !counted[in] {
				counted[in] = true
				row.Parameters += in.Len()
			}
		}
		s.MACs += row.MACs
		s.Parameters += row.Parameters
		if last := len(s.Rows) - 1; last >= 0 && row.Layer != "" && s.Rows[last].Layer == row.Layer {
			s.Rows[last].Parameters += row.Parameters
			s.Rows[last].MACs += row.MACs
			s.Rows[last].Output = row.Output
			continue
		}
		s.Rows = append(s.Rows, row)
	}
	if weights := Params(model); len(weights) > 0 {
		tensor.Grad(y.Sum(), weights...)
	}
	s.TrainingBytes = p.Bytes()
	p.End()

	p = tensor.Inference()
	defer p.End()
	model.Forward(p.Input(x))
	s.InferenceBytes = p.Bytes()
	return s
}
