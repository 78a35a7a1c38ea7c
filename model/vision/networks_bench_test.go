package vision

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// BenchmarkNetworks is a training step of 64 small pictures, or one large picture through a network, with one thread and with two.
func BenchmarkNetworks(b *testing.B) {
	defer tensor.SetThreads(tensor.Threads())
	tensor.Poison(false)
	defer tensor.Poison(true)
	r := rand.New(rand.NewPCG(1, 2))
	labels := make([]int, 64)
	for _, m := range Models {
		switch m.Name {
		case "resnet18-cifar", "resnet20-cifar", "mobilenetv2-half-cifar", "vit-cifar":
			benchmarkNetwork(b, "step", m, func() func() {
				net, x := m.New(r, m.Classes), noise(r, len(labels), m.Input[0], m.Input[1], m.Input[2])
				params := nn.Params(net)
				o := optim.NewSGD(params, .01, .9)
				return func() {
					p := tensor.Training(r)
					o.Step(tensor.Grad(nn.CrossEntropy(net.Forward(p.Input(x)), labels), params...))
					p.End()
				}
			})
		case "resnet18", "resnet50", "mobilenetv2", "mobilenetv3-large", "efficientnet-b0", "efficientnet-lite0":
			benchmarkNetwork(b, "inference", m, func() func() {
				net, x := m.New(r, m.Classes), noise(r, 1, m.Input[0], m.Input[1], m.Input[2])
				return func() {
					p := tensor.Inference()
					net.Forward(p.Input(x))
					p.End()
				}
			})
		}
	}
}

func benchmarkNetwork(b *testing.B, what string, m Model, ready func() (call func())) {
	for threads := 1; threads <= 2; threads++ {
		b.Run(fmt.Sprintf("%s/%s/%d", what, m.Name, threads), func(b *testing.B) {
			tensor.SetThreads(threads)
			call := ready()
			for b.Loop() {
				call()
			}
		})
	}
}

func noise(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	nn.Normal(r, x, 0, 1)
	return x
}
