package tensor

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func reduceRows() []row {
	sum := func(keep bool, axes ...int) func(x []array) array {
		return func(x []array) array { return summed(x[0], keep, axes) }
	}
	mean := func(keep bool, axes ...int) func(x []array) array {
		return func(x []array) array {
			y := summed(x[0], keep, axes)
			for i := range y.data {
				y.data[i] *= float64(len(y.data)) / float64(len(x[0].data))
			}
			return y
		}
	}
	rows := []row{
		{
			name: "Sum", shapes: [][]int{{2, 3}}, naive: sum(false, 0, 1), large: [][]int{{33, 1000}},
			op:     func(x []*Tensor) *Tensor { return x[0].Sum() },
			panics: panics{"Sum: shape [2 3] has no axis 2": func() { New(2, 3).Sum(2) }},
		},
		{
			name: "Sum/first axis", shapes: [][]int{{3, 2, 2}}, naive: sum(false, 0), large: [][]int{{33, 1000}},
			op: func(x []*Tensor) *Tensor { return x[0].Sum(0) },
		},
		{
			name: "Sum/two axes apart", shapes: [][]int{{2, 3, 2}}, naive: sum(false, 0, 2),
			op: func(x []*Tensor) *Tensor { return x[0].Sum(0, -1) },
		},
		{
			name: "Sum/axis of length 1", shapes: [][]int{{2, 1, 2}}, naive: sum(false, 1),
			op: func(x []*Tensor) *Tensor { return x[0].Sum(1) },
		},
		{
			name: "Sum/of nothing", shapes: [][]int{{3, 0, 2}}, naive: sum(false, 1),
			op: func(x []*Tensor) *Tensor { return x[0].Sum(1) },
		},
		{
			name: "Sum/one number", shapes: [][]int{{}}, naive: sum(false),
			op: func(x []*Tensor) *Tensor { return x[0].Sum() },
		},
		{
			name: "SumKeep", shapes: [][]int{{2, 3, 2}}, naive: sum(true, 1),
			op:     func(x []*Tensor) *Tensor { return x[0].SumKeep(-2) },
			panics: panics{"SumKeep: shape [2] has no axis -2": func() { New(2).SumKeep(-2) }},
		},
		{
			name: "SumKeep/three groups", shapes: [][]int{{2, 2, 1, 2, 2}}, naive: sum(true, 0, 2, 4),
			op: func(x []*Tensor) *Tensor { return x[0].SumKeep(4, 0, 2) },
		},
		{
			name: "Mean", shapes: [][]int{{2, 3}}, naive: mean(false, 0, 1),
			op: func(x []*Tensor) *Tensor { return x[0].Mean() },
		},
		{
			name: "Mean/two axes", shapes: [][]int{{2, 3, 2}}, naive: mean(false, 1, 2),
			op: func(x []*Tensor) *Tensor { return x[0].Mean(1, 2) },
		},
		{
			name: "MeanKeep", shapes: [][]int{{2, 3, 2}}, naive: mean(true, 0, 1),
			op: func(x []*Tensor) *Tensor { return x[0].MeanKeep(0, 1) },
		},
		{
			name: "SumTo", shapes: [][]int{{4, 2, 3, 2}}, large: [][]int{{40, 2, 103, 2}},
			op: func(x []*Tensor) *Tensor { return x[0].SumTo(2, 1, 2) },
			naive: func(x []array) array {
				y := summed(x[0], true, []int{0, 2})
				return array{y.shape[1:], y.data}
			},
			panics: panics{
				"SumTo: shape [2 3] was not broadcast from [2]":     func() { New(2, 3).SumTo(2) },
				"SumTo: shape [2 3] was not broadcast from [1 2 3]": func() { New(2, 3).SumTo(1, 2, 3) },
			},
		},
		{
			name: "BroadcastTo", shapes: [][]int{{3, 1}},
			op: func(x []*Tensor) *Tensor { return x[0].BroadcastTo(2, 3, 4) },
			naive: func(x []array) array {
				return build([]int{2, 3, 4}, func(i []int) float64 { return x[0].at(i...) })
			},
			panics: panics{
				"BroadcastTo: cannot broadcast shape [2] to [2 3]":   func() { New(2).BroadcastTo(2, 3) },
				"BroadcastTo: cannot broadcast shape [2 3] to [3]":   func() { New(2, 3).BroadcastTo(3) },
				"BroadcastTo: shape [-1] has an axis of length -1":   func() { New(1).BroadcastTo(-1) },
				"BroadcastTo: shape [1 1 1 1 1 1 1] has more than 6": func() { New(1).BroadcastTo(1, 1, 1, 1, 1, 1, 1) },
			},
		},
		{
			name: "BroadcastTo/nothing", shapes: [][]int{{1}}, op: func(x []*Tensor) *Tensor { return x[0].BroadcastTo(0) },
			naive: func(x []array) array { return array{[]int{0}, nil} },
		},
	}
	for _, axis := range []int{0, 1, 2} {
		rows = append(rows,
			row{
				name: fmt.Sprintf("Max/axis %d", axis), shapes: [][]int{{2, 3, 4}}, domain: distinct,
				op:    func(x []*Tensor) *Tensor { return x[0].Max(axis) },
				naive: func(x []array) array { return folded(x[0], axis, math.Inf(-1), math.Max) },
				panics: panics{
					"Max: shape [2 0] is empty along axis 1": func() { New(2, 0).Max(-1) },
					"Max: shape [2] has no axis 1":           func() { New(2).Max(1) },
				},
			},
			row{
				name: fmt.Sprintf("Min/axis %d", axis), shapes: [][]int{{2, 3, 4}}, domain: distinct,
				op:    func(x []*Tensor) *Tensor { return x[0].Min(axis - 3) },
				naive: func(x []array) array { return folded(x[0], axis, math.Inf(1), math.Min) },
				panics: panics{
					"Min: shape [0] is empty along axis 0": func() { New(0).Min(0) },
				},
			})
		for _, reverse := range []bool{false, true} {
			rows = append(rows, row{
				name: fmt.Sprintf("CumSum/axis %d, reverse %v", axis, reverse), shapes: [][]int{{2, 3, 4}},
				op: func(x []*Tensor) *Tensor { return x[0].CumSum(axis, reverse) },
				naive: func(x []array) array {
					return build(x[0].shape, func(i []int) (sum float64) {
						for k := range x[0].shape[axis] {
							if reverse && k >= i[axis] || !reverse && k <= i[axis] {
								sum += x[0].at(with(i, axis, k)...)
							}
						}
						return sum
					})
				},
				panics: panics{"CumSum: shape [] has no axis 0": func() { New().CumSum(0, false) }},
			})
		}
	}
	return rows
}

// summed sums over axes, which become 1 or disappear.
func summed(x array, keep bool, axes []int) array {
	kept := slices.Clone(x.shape)
	for _, a := range axes {
		kept[a] = 1
	}
	y := zeros(kept)
	each(x.shape, func(i []int) {
		offset := 0
		for axis, n := range kept {
			offset *= n
			if n > 1 || !slices.Contains(axes, axis) {
				offset += i[axis]
			}
		}
		y.data[offset] += x.at(i...)
	})
	if !keep {
		y.shape = []int{}
		for axis, n := range x.shape {
			if !slices.Contains(axes, axis) {
				y.shape = append(y.shape, n)
			}
		}
	}
	return y
}

// folded joins all elements along an axis by f.
func folded(x array, axis int, start float64, f func(a, b float64) float64) array {
	return build(without(x.shape, axis), func(i []int) float64 {
		y := start
		for k := range x.shape[axis] {
			y = f(y, x.at(slices.Insert(slices.Clone(i), axis, k)...))
		}
		return y
	})
}

// TestTies checks that a gradient is given once where several elements are the greatest.
func TestTies(t *testing.T) {
	p := Training(nil)
	defer p.End()
	x := p.Var(Of([]Float{3, 1, 3, 1}, 4))
	for _, c := range []struct {
		name string
		y    *Tensor
		want []Float
	}{
		{"Max", x.Max(0), []Float{1, 0, 0, 0}},
		{"Min", x.Min(0), []Float{0, 1, 0, 0}},
		{"Maximum", x.Maximum(p.Full(3, 4)).Sum(), []Float{.5, 0, .5, 0}},
		{"Minimum", x.Minimum(p.Full(3, 4)).Sum(), []Float{.5, 1, .5, 1}},
		{"Abs", x.Shift(-3).Abs().Sum(), []Float{0, -1, 0, -1}},
		{"ReLU", x.Shift(-1).ReLU().Sum(), []Float{1, 0, 1, 0}},
		{"Clamp", x.Clamp(1, 2).Sum(), []Float{0, 1, 0, 1}},
		{"MaxPool2D", x.Reshape(1, 4, 1, 1).MaxPool2D(Pool{Kernel: 4, KernelW: 1}).Sum(), []Float{1, 0, 0, 0}},
	} {
		if got := Grad(c.y, x)[0].Data(); !slices.Equal(got, c.want) {
			t.Errorf("gradient of %s = %v, want %v", c.name, got, c.want)
		}
	}
}

// TestPositions checks the operations that return positions.
func TestPositions(t *testing.T) {
	nan := Float(math.NaN())
	x := Of([]Float{2, 5, 5, -1, 0, 3, 7, 3}, 2, 4)
	for _, c := range []struct {
		name      string
		got, want []int
	}{
		{"ArgMax", x.ArgMax(), []int{1, 2}},
		{"ArgMax of NaN", Of([]Float{1, nan, 2}, 3).ArgMax(), []int{1}},
		{"TopK", x.TopK(3), []int{1, 2, 0, 2, 1, 3}},
		{"TopK of none", x.TopK(0), []int{}},
		{"Argsort", x.Argsort(false), []int{3, 0, 1, 2, 0, 1, 3, 2}},
		{"Argsort descending", x.Argsort(true), []int{1, 2, 0, 3, 2, 1, 3, 0}},
		{"Argsort of no rows", New(0, 4).Argsort(false), []int{}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s = %v, want %v", c.name, c.got, c.want)
		}
	}
	mustPanic(t, "tensor: ArgMax: a single number has no last axis", func() { New().ArgMax() })
	mustPanic(t, "tensor: ArgMax: shape [2 0] is empty along axis 1", func() { New(2, 0).ArgMax() })
	mustPanic(t, "tensor: TopK: the last axis of shape [2 4] has no 5 values", func() { x.TopK(5) })
	mustPanic(t, "tensor: Argsort: a single number has no last axis", func() { New().Argsort(true) })
}
