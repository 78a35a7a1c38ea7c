// Package sequence has networks over sequences, of tokens or of features, one file for each paper, and generation with them.
//
// Words are numbers below that of the words of a vocabulary; they may as well be characters. N sequences of T words are one slice, one
// sequence behind the other.
package sequence

import (
	"fmt"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// embed returns the vectors of the words of n sequences, N×T×F.
func embed(op string, p *tensor.Pass, table *nn.Embedding, ids []int, n int) *tensor.Tensor {
	if n < 1 || len(ids) == 0 || len(ids)%n != 0 {
		fail(op, "%d words are not %d sequences of one length of a word or more", len(ids), n)
	}
	return table.Forward(p, ids).Reshape(n, len(ids)/n, -1)
}

// fail panics in the one form in which the package reports mistakes of the program.
func fail(op, format string, args ...any) {
	panic("sequence: " + op + ": " + fmt.Sprintf(format, args...))
}
