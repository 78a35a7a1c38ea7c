package sequence_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/model/sequence"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// A network learns to count round and round, and goes on with what it is told, beyond the tokens that it can look at.
func ExampleGPT() {
	random := rand.New(rand.NewPCG(1, 0))
	m := sequence.NewGPT(random, sequence.GPTSize{Context: 8, Width: 16, Heads: 2, Layers: 1}, 5)
	parameters := nn.Params(m)
	optimizer := optim.NewAdam(parameters, .01)
	for range 100 {
		var ids, next []int // 16 sequences of 8 tokens, and what comes behind each of them
		for range 16 {
			start := random.IntN(5)
			for i := range 8 {
				ids, next = append(ids, (start+i)%5), append(next, (start+i+1)%5)
			}
		}
		p := tensor.Training(random)
		loss := nn.CrossEntropy(m.Forward(p, ids, 16), next)
		optimizer.Step(tensor.Grad(loss, parameters...))
		p.End()
	}

	read, text := m.Read(), []int{2, 3}
	scores := read(text)
	for range 12 {
		token := tensor.Of(scores, 1, 5).ArgMax()[0]
		text = append(text, token)
		scores = read([]int{token})
	}
	fmt.Println(text)
	// Output: [2 3 4 0 1 2 3 4 0 1 2 3 4 0]
}
