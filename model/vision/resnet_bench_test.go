package vision

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// BenchmarkResNet is a training step of 64 small pictures, and one large picture through a network, with one thread and with two.
func BenchmarkResNet(b *testing.B) {
	defer tensor.SetThreads(tensor.Threads())
	tensor.Poison(false)
	defer tensor.Poison(true)
	r := rand.New(rand.NewPCG(1, 2))
	labels := make([]int, 64)
	for threads := 1; threads <= 2; threads++ {
		tensor.SetThreads(threads)
		for name, net := range map[string]*ResNet{"18": NewSmallResNet(r, 18, 10), "20": NewCIFARResNet(r, 20, 10)} {
			b.Run(fmt.Sprintf("step/%s/%d", name, threads), func(b *testing.B) {
				params := nn.Params(net)
				o := optim.NewSGD(params, .01, .9)
				x := noise(r, 64, 32, 32, 3)
				for b.Loop() {
					p := tensor.Training(r)
					o.Step(tensor.Grad(nn.CrossEntropy(net.Forward(p.Input(x)), labels), params...))
					p.End()
				}
			})
		}
		for _, depth := range []int{18, 50} {
			b.Run(fmt.Sprintf("inference/%d/%d", depth, threads), func(b *testing.B) {
				net, x := NewResNet(r, depth, 1000), noise(r, 1, 224, 224, 3)
				for b.Loop() {
					p := tensor.Inference()
					net.Forward(p.Input(x))
					p.End()
				}
			})
		}
	}
}

func noise(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	nn.Normal(r, x, 0, 1)
	return x
}
