package tensor

import (
	"testing"

	"github.com/hadal-go/hadal/internal/kernel"
)

// BenchmarkSpeed measures what docs/benchmarks.md compares with PyTorch and is no network: a pass with one operation or a short
// chain in warm memory, its value ("forward") and with the gradient by its input too ("both").
func BenchmarkSpeed(b *testing.B) {
	Poison(false)
	defer Poison(true)
	const million = 1 << 20
	other := normals(million)
	labels := make([]int, 700)
	for i := range labels {
		labels[i] = i * 13 % 10000
	}
	for _, c := range []struct {
		name  string
		shape []int
		f     func(x *Tensor) *Tensor
	}{
		{"gelu_2048x1024", []int{2048, 1024}, (*Tensor).GELU},
		{"gelutanh_2048x1024", []int{2048, 1024}, (*Tensor).GELUTanh},
		{"silu_2048x1024", []int{2048, 1024}, (*Tensor).SiLU},
		{"mish_1M", []int{million}, (*Tensor).Mish},
		{"elu_1M", []int{million}, func(x *Tensor) *Tensor { return x.ELU(1, 1) }},
		{"hardswish_1M", []int{million}, (*Tensor).HardSwish},
		{"softmax_1024x1024", []int{1024, 1024}, (*Tensor).Softmax},
		{"logsoftmax_1024x1024", []int{1024, 1024}, (*Tensor).LogSoftmax},
		{"crossentropy_700x10000", []int{700, 10000}, func(x *Tensor) *Tensor { return x.CrossEntropy(labels, nil) }},
		{"relu_1M", []int{million}, (*Tensor).ReLU},
		{"tanh_1M", []int{million}, (*Tensor).Tanh},
		{"exp_1M", []int{million}, (*Tensor).Exp},
		{"sigmoid_1M", []int{million}, (*Tensor).Sigmoid},
		{"add_1M", []int{million}, func(x *Tensor) *Tensor { return x.Add(other) }},
		{"mul_1M", []int{million}, func(x *Tensor) *Tensor { return x.Mul(other) }},
		{"log_1M", []int{million}, (*Tensor).Log},
		{"sin_1M", []int{million}, (*Tensor).Sin},
		{"power_1M", []int{million}, func(x *Tensor) *Tensor { return x.Power(1.75) }},
		{"chain_4M", []int{4 * million}, func(x *Tensor) *Tensor { return x.Affine(1.5, .5).Sigmoid().Mul(x) }},
		{"embedding_700_of_10000x650", []int{10000, 650}, func(x *Tensor) *Tensor { return x.Gather(0, labels) }},
		{"rows_2048x1024", []int{2048, 1024}, func(x *Tensor) *Tensor { return x.Sum(1) }},
		{"sum_2M", []int{2048, 1024}, func(x *Tensor) *Tensor { return x.Sum() }},
		{"columns_2048x1024", []int{2048, 1024}, func(x *Tensor) *Tensor { return x.Sum(0) }},
		{"transpose_2048x1024", []int{2048, 1024}, (*Tensor).T},
		{"heads_16x128x8x64", []int{16, 128, 8, 64}, func(x *Tensor) *Tensor { return x.Permute(0, 2, 1, 3) }},
	} {
		x := normals(c.shape...)
		if c.name == "log_1M" || c.name == "power_1M" {
			x = x.Square()
		}
		by := x.Clone()
		by.Track(true)
		b.Run(c.name+"/forward", func(b *testing.B) {
			b.SetBytes(int64(len(x.data) * kernel.FloatBytes))
			for b.Loop() {
				p := Inference()
				c.f(p.Input(x))
				p.End()
			}
		})
		b.Run(c.name+"/both", func(b *testing.B) {
			b.SetBytes(int64(len(x.data) * kernel.FloatBytes))
			gradient := normals(c.f(x).Shape()...)
			random := newRandom()
			for b.Loop() {
				p := Training(random)
				pullBack(c.f(p.Use(by)), gradient, by)
				p.End()
			}
		})
	}
}

// pullBack is Grad with the gradient of y given, as PyTorch's y.backward(gradient).
func pullBack(y, gradient *Tensor, by *Tensor) {
	p := y.pass
	p.record = false
	p.pull("Grad", []*Tensor{y}, []*Tensor{p.Input(gradient)}, []*Tensor{by}, 0, false)
}

// normals returns a heap tensor of normally distributed numbers.
func normals(shape ...int) *Tensor {
	x := New(shape...)
	kernel.Normal(x.data, 1)
	return x
}
