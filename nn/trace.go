package nn

import (
	"strings"

	"github.com/hadal-go/hadal/tensor"
)

// A Step is one operation of a network in a pass, with what it read of the model.
type Step struct {
	tensor.Operation
	Layer  string // the name of the layer whose tensors it read, "" for none
	Leaves []Leaf // those tensors
}

// Trace returns what a pass recorded so far, step by step, with the names of the layers of a model. Nothing is registered for it: the
// tape knows every tensor between two layers, and Grad takes any of them for a variable.
func Trace(model any, p *tensor.Pass) []Step {
	leaves := map[*tensor.Tensor]Leaf{}
	for l := range Leaves(model) {
		leaves[l.Tensor] = l
	}
	operations := p.Operations()
	steps := make([]Step, len(operations))
	for i, o := range operations {
		steps[i].Operation = o
		for _, in := range o.Inputs {
			if l, ok := leaves[in]; ok {
				steps[i].Leaves = append(steps[i].Leaves, l)
				steps[i].Layer = l.Name[:max(0, strings.LastIndexByte(l.Name, '.'))]
			}
		}
	}
	return steps
}
