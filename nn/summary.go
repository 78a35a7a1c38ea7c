package nn

import (
	"math/rand/v2"
	"slices"
	"time"

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

	Forward  float64 `json:"forward_seconds"`  // median of a few passes over the batch
	Backward float64 `json:"backward_seconds"` // of the gradients by the parameters
}

// Summarize runs a network a few times on a batch of zeros of the shape given, and returns what was recorded and how long it took.
func Summarize(model Layer, shape []int) Summary {
	var s Summary
	x := tensor.New(shape...)
	var forward, backward [][]float64 // of each operation, in each pass
	s.TrainingBytes = profiled(model, x, func(steps []Step) {
		counted := map[*tensor.Tensor]bool{}
		s.Rows, s.Parameters, s.MACs = nil, 0, 0
		for i, o := range steps {
			if len(forward) <= i {
				forward, backward = append(forward, nil), append(backward, nil)
			}
			forward[i], backward[i] = append(forward[i], o.Forward.Seconds()), append(backward[i], o.Backward.Seconds())
			row := SummaryRow{
				Layer: o.Layer, Operation: o.Name, Output: o.Outputs[0].Shape(), MACs: o.MACs,
				Forward: median(forward[i]), Backward: median(backward[i]),
			}
			for _, l := range o.Leaves {
				if !counted[l.Tensor] {
					counted[l.Tensor] = true
					row.Parameters += l.Tensor.Len()
				}
			}
			s.add(row)
		}
	})
	p := tensor.Inference()
	defer p.End()
	model.Forward(p.Input(x))
	s.InferenceBytes = p.Bytes()
	return s
}

// add puts a row behind the others, or adds it to the last one if that is of the same layer.
func (s *Summary) add(row SummaryRow) {
	s.MACs += row.MACs
	s.Parameters += row.Parameters
	last := len(s.Rows) - 1
	if last < 0 || row.Layer == "" || s.Rows[last].Layer != row.Layer {
		s.Rows = append(s.Rows, row)
		return
	}
	r := &s.Rows[last]
	r.Parameters, r.MACs, r.Output = r.Parameters+row.Parameters, r.MACs+row.MACs, row.Output
	r.Forward, r.Backward = r.Forward+row.Forward, r.Backward+row.Backward
}

// profiled runs the network on x, forward and backward, until the times say something, shows what was recorded each time, and returns
// how much memory a pass took.
func profiled(model Layer, x *tensor.Tensor, show func(steps []Step)) (bytes int) {
	const passes, enough = 9, 300 * time.Millisecond
	weights := Params(model)
	begin := time.Now()
	for i := 0; i == 0 || i < passes && time.Since(begin) < enough; i++ {
		p := tensor.Recording(rand.New(rand.NewPCG(0, 0)))
		p.Profile()
		y := model.Forward(p.Var(x))
		own := len(p.Operations())
		if len(weights) > 0 {
			tensor.Grad(y.Sum(), weights...)
		}
		show(Trace(model, p)[:own])
		bytes = max(bytes, p.Bytes())
		p.End()
	}
	return bytes
}

func median(x []float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return sorted[len(sorted)/2]
}
