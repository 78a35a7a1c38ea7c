package nn

import (
	"strings"

	"github.com/hadal-go/hadal/tensor"
)

// A Block is a part of a model as it is declared: a field, or an element of a field that is a list. Where a network is fine-tuned, the
// blocks in front learn more slowly than those behind them.
type Block struct {
	Name   string // that all its leaves' names begin with
	Params []*tensor.Tensor
}

// Blocks returns the parameters of a model by blocks, in the order in which they are declared, which is mostly that in which they run.
// Buffers are left out, and so are blocks without parameters.
func Blocks(model any) []Block {
	var blocks []Block
	for l := range Leaves(model) {
		if l.Buffer {
			continue
		}
		name := blockName(l.Name)
		if n := len(blocks); n == 0 || blocks[n-1].Name != name {
			blocks = append(blocks, Block{Name: name})
		}
		last := &blocks[len(blocks)-1]
		last.Params = append(last.Params, l.Tensor)
	}
	return blocks
}

// blockName is the first part of a leaf's name, with the second if that is a number.
func blockName(leaf string) string {
	first, rest, _ := strings.Cut(leaf, ".")
	second, _, deeper := strings.Cut(rest, ".")
	if deeper && strings.Trim(second, "0123456789") == "" {
		return first + "." + second
	}
	return first
}
