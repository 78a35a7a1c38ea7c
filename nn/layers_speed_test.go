package nn

import (
	"fmt"
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

// BenchmarkLayers measures layers that go over memory once or twice, by themselves: forward, and forward with the gradients of the
// input and of the parameters. The names of these benchmarks are stable.
func BenchmarkLayers(b *testing.B) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	r := source()
	large, small := []int{16, 56, 56, 64}, []int{64, 32, 32, 64}
	two := tensor.Pool{Kernel: 2}
	for _, c := range []struct {
		name   string
		layer  Layer
		shapes [][]int
	}{
		{"BatchNorm", NewBatchNorm(64), [][]int{large, small}},
		{"BatchNorm frozen", withBatchNorm(NewBatchNorm(64), func(l *BatchNorm) { l.Frozen = true }), [][]int{large, small}},
		{"BatchNorm ReLU", tailed{NewBatchNorm(64), false}, [][]int{large, small}},
		{"BatchNorm add ReLU", tailed{NewBatchNorm(64), true}, [][]int{large, small}},
		{"GroupNorm 8", NewGroupNorm(8, 64), [][]int{large}},
		{"InstanceNorm", NewInstanceNorm(), [][]int{large}},
		{"LayerNorm", NewLayerNorm(256), [][]int{{2048, 256}}},
		{"LayerNorm", NewLayerNorm(768), [][]int{{1024, 768}}},
		{"RMSNorm", NewRMSNorm(256), [][]int{{2048, 256}}},
		{"RMSNorm", NewRMSNorm(768), [][]int{{1024, 768}}},
		{"MaxPool2D 2", MaxPool2D{two}, [][]int{small, {64, 28, 28, 6}, {64, 10, 10, 16}}},
		{"MaxPool2D 3 by 2", MaxPool2D{tensor.Pool{Kernel: 3, Stride: 2, Pad: 1}}, [][]int{{16, 112, 112, 64}}},
		{"AvgPool2D 2", AvgPool2D{two}, [][]int{small, {64, 28, 28, 6}, {64, 10, 10, 16}}},
		{"GlobalAvgPool", Func(GlobalAvgPool), [][]int{small, {64, 7, 7, 512}}},
		{"UpsampleNearest 2", Func(func(x *tensor.Tensor) *tensor.Tensor { return x.UpsampleNearest(56, 56) }), [][]int{{16, 28, 28, 64}}},
		{"UpsampleBilinear 2", Func(func(x *tensor.Tensor) *tensor.Tensor { return x.UpsampleBilinear(56, 56, false) }), [][]int{{16, 28, 28, 64}}},
	} {
		for _, shape := range c.shapes {
			name := c.name + " " + fmt.Sprint(shape)
			x := normal(r, shape...)
			p := tensor.Training(r)
			dy := normal(r, c.layer.Forward(p.Input(x)).Shape()...)
			p.End()
			by := Params(c.layer)
			b.Run(name+"/forward", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p := tensor.Training(r)
					p.Detached(func() *tensor.Tensor { return c.layer.Forward(p.Input(x)) })
					p.End()
				}
			})
			b.Run(name+"/gradient", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					p := tensor.Training(r)
					v, g := p.Var(x), p.Input(dy)
					y := c.layer.Forward(v)
					end := p.Empty()
					p.Op("End", func(b *tensor.Back) { b.Give(0, g) }, []*tensor.Tensor{end}, []*tensor.Tensor{y})
					tensor.Grad(end, append([]*tensor.Tensor{v}, by...)...)
					p.End()
				}
			})
		}
	}
}

var residual *tensor.Tensor

// A tailed batch normalization is followed by a ReLU, before which it may add a residual.
type tailed struct {
	Norm *BatchNorm
	add  bool
}

func (l tailed) Forward(x *tensor.Tensor) *tensor.Tensor {
	if !l.add {
		return l.Norm.ForwardReLU(x, nil)
	}
	p := x.Pass()
	if residual == nil || residual.Len() != x.Len() {
		residual = normal(source(), x.Shape()...)
	}
	return l.Norm.ForwardReLU(x, p.Var(residual))
}
