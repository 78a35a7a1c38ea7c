package tensor

import (
	"math"
	"testing"
)

func softmaxRows() []row {
	// logSum returns log Σ e^x of the row in which an index lies.
	logSum := func(x array, i []int) float64 {
		sum, last := 0., len(x.shape)-1
		for k := range x.shape[last] {
			sum += math.Exp(x.at(with(i, last, k)...))
		}
		return math.Log(sum)
	}
	softmax := func(x []array) array {
		return build(x[0].shape, func(i []int) float64 { return math.Exp(x[0].at(i...) - logSum(x[0], i)) })
	}
	logSoftmax := func(x []array) array {
		return build(x[0].shape, func(i []int) float64 { return x[0].at(i...) - logSum(x[0], i) })
	}
	logSumExp := func(x []array) array {
		return build(without(x[0].shape, len(x[0].shape)-1), func(i []int) float64 {
			return logSum(x[0], append(append([]int{}, i...), 0))
		})
	}
	crossEntropy := func(labels []int, weights []float64) func(x []array) array {
		return func(x []array) array {
			y := array{[]int{}, []float64{0}}
			for i, l := range labels {
				if l >= 0 {
					y.data[0] += weights[i] * (logSum(x[0], []int{i, 0}) - x[0].at(i, l))
				}
			}
			return y
		}
	}
	one := func(name string, shape []int, op func(*Tensor) *Tensor, naive func(x []array) array) row {
		return row{name: name, shapes: [][]int{shape}, op: on1(op), naive: naive, large: [][]int{{33, 40}},
			panics: panics{}}
	}
	rows := []row{
		one("Softmax", []int{2, 3}, (*Tensor).Softmax, softmax),
		one("Softmax/three axes", []int{2, 2, 3}, (*Tensor).Softmax, softmax),
		one("Softmax/one class", []int{2, 1}, (*Tensor).Softmax, softmax),
		one("Softmax/no rows", []int{0, 3}, (*Tensor).Softmax, softmax),
		one("LogSoftmax", []int{2, 3}, (*Tensor).LogSoftmax, logSoftmax),
		one("LogSoftmax/vector", []int{4}, (*Tensor).LogSoftmax, logSoftmax),
		one("LogSumExp", []int{2, 3}, (*Tensor).LogSumExp, logSumExp),
		one("LogSumExp/vector", []int{4}, (*Tensor).LogSumExp, logSumExp),
		{
			name: "CrossEntropy", shapes: [][]int{{3, 4}},
			op:    func(x []*Tensor) *Tensor { return x[0].CrossEntropy([]int{0, 3, 1}, nil) },
			naive: crossEntropy([]int{0, 3, 1}, []float64{1. / 3, 1. / 3, 1. / 3}),
			panics: panics{
				"CrossEntropy: 2 labels do not fit shape [3 4]": func() {
					New(3, 4).CrossEntropy([]int{0, 1}, nil)
				},
				"CrossEntropy: 2 weights do not fit 3 labels": func() {
					New(3, 4).CrossEntropy([]int{0, 1, 2}, []Float{1, 1})
				},
				"CrossEntropy: 3 labels do not fit shape [3]": func() {
					New(3).CrossEntropy([]int{0, 1, 2}, nil)
				},
				"CrossEntropy: label 4 of row 1 is not one of 4 classes": func() { New(2, 4).CrossEntropy([]int{0, 4}, nil) },
				"CrossEntropy: label -2 of row 0 is not one of":          func() { New(1, 4).CrossEntropy([]int{-2}, nil) },
			},
		},
		{
			name: "CrossEntropy/label left out", shapes: [][]int{{3, 4}},
			op:    func(x []*Tensor) *Tensor { return x[0].CrossEntropy([]int{2, -1, 1}, nil) },
			naive: crossEntropy([]int{2, -1, 1}, []float64{.5, 0, .5}),
		},
		{
			name: "CrossEntropy/weights", shapes: [][]int{{3, 4}},
			op:    func(x []*Tensor) *Tensor { return x[0].CrossEntropy([]int{2, 2, -1}, []Float{.5, 2, 9}) },
			naive: crossEntropy([]int{2, 2, -1}, []float64{.5, 2, 9}),
		},
	}
	rows[0].panics["Softmax: a single number has no last axis"] = func() { New().Softmax() }
	rows[4].panics["LogSoftmax: a single number has no last axis"] = func() { New().LogSoftmax() }
	rows[6].panics["LogSumExp: shape [2 0] is empty along its last axis"] = func() { New(2, 0).LogSumExp() }
	rows[6].panics["LogSumExp: a single number has no last axis"] = func() { New().LogSumExp() }
	return rows
}

// TestSoftmaxOfGreatNumbers checks that nothing overflows, in the kernels and in their compositions.
func TestSoftmaxOfGreatNumbers(t *testing.T) {
	x := Of([]Float{1000, 999, -1000}, 1, 3)
	e := 1 / (1 + math.Exp(-1))
	allowed := tolerance(1e-12, 1e-6)
	compare(t, "Softmax", number(x.Softmax()), array{[]int{1, 3}, []float64{e, 1 - e, 0}}, allowed)
	logs := array{[]int{1, 3}, []float64{math.Log(e), math.Log(1 - e), -2000 + math.Log(e)}}
	compare(t, "LogSoftmax", number(x.LogSoftmax()), logs, allowed)
	compare(t, "LogSumExp", number(x.LogSumExp()), array{[]int{1}, []float64{1000 - math.Log(e)}}, allowed)
	inf := Float(math.Inf(1))
	if got := Of([]Float{-inf, -inf, inf, 0}, 2, 2).LogSumExp().Data(); got[0] != -inf || got[1] != inf {
		t.Errorf("LogSumExp of infinities = %v, want [-Inf +Inf]", got)
	}
	p := Training(nil)
	defer p.End()
	v := p.Var(x)
	want := array{[]int{1, 3}, []float64{e, -e, 0}}
	l := v.CrossEntropy([]int{1}, nil)
	compare(t, "gradient of CrossEntropy", number(Grad(l, v)[0]), want, allowed)
	compare(t, "graph of CrossEntropy", number(GradGraph(l, v)[0]), want, allowed)
	if l := v.CrossEntropy([]int{-1}, nil); !math.IsNaN(float64(l.Item())) {
		t.Errorf("CrossEntropy without labels = %v, want NaN: the mean of nothing", l.Item())
	}
}
