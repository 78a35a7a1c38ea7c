package nn_test

import (
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// BenchmarkSpeed measures what docs/benchmarks.md compares with PyTorch: a step of a network so small that only the cost of the
// operations themselves counts.
func BenchmarkSpeed(b *testing.B) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	random := rand.New(rand.NewPCG(1, 2))
	net := nn.Chain{
		nn.NewLinear(random, 4, 32), nn.Func(nn.ReLU), nn.NewLinear(random, 32, 32), nn.Func(nn.ReLU), nn.NewLinear(random, 32, 2),
	}
	params := nn.Params(net)
	x, labels := tensor.New(16, 4), make([]int, 16)
	for i := range x.Edit() {
		x.Edit()[i] = tensor.Float(random.NormFloat64())
	}
	for i := range labels {
		labels[i] = i % 2
	}
	for _, o := range []struct {
		name string
		optim.Optimizer
	}{{"sgd", optim.NewSGD(params, .1, 0)}, {"adam", optim.NewAdam(params, .001)}} {
		b.Run("mlp_4_32_32_2_b16_"+o.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p := tensor.Training(random)
				loss := nn.CrossEntropy(net.Forward(p.Input(x)), labels)
				o.Step(tensor.Grad(loss, params...))
				p.End()
			}
		})
	}
}
