package optim_test

import (
	"fmt"
	"testing"

	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// BenchmarkSpeed measures what docs/benchmarks.md compares with PyTorch: steps of one parameter of ten million numbers, and of sixty
// as a small residual network has them.
func BenchmarkSpeed(b *testing.B) {
	var small [][]int
	for range 20 {
		small = append(small, []int{64, 64, 3}, []int{64}, []int{64})
	}
	for name, shapes := range map[string][][]int{"10M": {{10_000_000}}, "60_tensors": small} {
		var params, grads []*tensor.Tensor
		for _, s := range shapes {
			params, grads = append(params, tensor.Param(s...)), append(grads, tensor.New(s...))
			for i, g := 0, grads[len(grads)-1].Edit(); i < len(g); i++ {
				g[i] = tensor.Float(i%7) - 3
			}
		}
		for _, o := range []struct {
			name string
			optim.Optimizer
		}{
			{"sgd", optim.NewSGD(params, 1e-3, 0)}, {"momentum", optim.NewSGD(params, 1e-3, .9)},
			{"adam", optim.NewAdam(params, 1e-3)}, {"adamw", optim.NewAdamW(params, 1e-3)},
		} {
			b.Run(fmt.Sprintf("%s_%s", o.name, name), func(b *testing.B) {
				b.ReportAllocs()
				o.Step(grads) // the first touches the memory of the moments
				for b.Loop() {
					o.Step(grads)
				}
			})
		}
		b.Run("norm_"+name, func(b *testing.B) {
			for b.Loop() {
				optim.Norm(grads)
			}
		})
	}
}
