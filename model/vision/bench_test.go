package vision

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// BenchmarkMLPStep is one step of training, with one thread and with two.
func BenchmarkMLPStep(b *testing.B) {
	defer tensor.SetThreads(tensor.Threads())
	tensor.Poison(false)
	defer tensor.Poison(true)
	for _, s := range []struct {
		batch int
		sizes []int
	}{{64, []int{784, 256, 128, 10}}, {16, []int{4, 32, 32, 2}}, {128, []int{784, 400, 400, 10}}} {
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("%v batch=%d/%d", s.sizes, s.batch, threads), func(b *testing.B) {
				tensor.SetThreads(threads)
				r := rand.New(rand.NewPCG(1, 2))
				net := NewMLP(r, s.sizes...)
				params := nn.Params(net)
				o := optim.NewSGD(params, .01, 0)
				x, labels := tensor.New(s.batch, 1, 1, s.sizes[0]), make([]int, s.batch)
				for i := range x.Data() {
					x.Data()[i] = tensor.Float(r.NormFloat64())
				}
				for b.Loop() {
					p := tensor.Training(r)
					o.Step(tensor.Grad(nn.CrossEntropy(net.Forward(p.Input(x)), labels), params...))
					p.End()
				}
			})
		}
	}
}
