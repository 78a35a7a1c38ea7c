//go:build !race

package nn

import (
	"testing"

	"github.com/hadal-go/hadal/tensor"
)

// What a step of training allocates on the heap grows with neither the batch nor the layers: headers come in chunks, and all else
// is reused. The race detector adds allocations of its own.
func TestStepAllocatesLittle(t *testing.T) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	r := source()
	step := func(net Chain, rows int) float64 {
		x, labels, params := normal(r, rows, 16), make([]int, rows), Params(net)
		run := func() {
			p := tensor.Training(r)
			tensor.Grad(CrossEntropy(net.Forward(p.Input(x)), labels), params...)
			p.End()
		}
		run() // warms the memory
		return testing.AllocsPerRun(20, run)
	}
	hidden := func() Chain { return Chain{NewLinear(r, 16, 16), Func(ReLU)} }
	mlp := append(hidden(), NewLinear(r, 16, 10))
	deep := append(append(append(hidden(), hidden()...), hidden()...), mlp...)
	if n := step(mlp, 64); n > 8 {
		t.Errorf("a step of a perceptron makes %v allocations, want at most 8", n)
	}
	if few, many := step(mlp, 4), step(mlp, 256); many > few+1 {
		t.Errorf("a step allocates %v times for 4 rows, %v times for 256", few, many)
	}
	normed := append(Chain{NewLinear(r, 16, 16), NewBatchNorm(16), Func(ReLU), NewLayerNorm(16)}, mlp...)
	if few, many := step(normed, 4), step(normed, 256); many > few+1 {
		t.Errorf("a step with normalizations allocates %v times for 4 rows, %v times for 256", few, many)
	}
	if few, many := step(mlp, 4), step(deep, 4); many > few+3 {
		t.Errorf("a step allocates %v times for 2 layers, %v times for 5", few, many)
	}
	recurrent := func(steps int) float64 {
		l, x := NewLSTM(r, 16, 16), normal(r, 20, steps, 16)
		params := Params(l)
		run := func() {
			p := tensor.Training(r)
			y, _ := l.Forward(p.Input(x), l.Zero(p, 20))
			tensor.Grad(y.Sum(), params...)
			p.End()
		}
		run()
		return testing.AllocsPerRun(20, run)
	}
	if few, many := recurrent(2), recurrent(50); many > few+1 {
		t.Errorf("a step of an LSTM allocates %v times for 2 steps, %v times for 50", few, many)
	}
}
