package tensor

import "math"

// passRows are the operations that run others.
func passRows() []row {
	square := elementwise(func(x float64) float64 { return x * x })
	gated := func(x []array) array {
		return pairwise(func(a, c float64) float64 { return math.Tanh(a) * c })(x)
	}
	gate := func(xs []*Tensor) []*Tensor { return []*Tensor{xs[0].Tanh().Mul(xs[1]), xs[0].Sin()} }
	return []row{
		{
			name: "Use", shapes: [][]int{{2, 3}}, naive: square,
			op: func(x []*Tensor) *Tensor { return x[0].Pass().Use(x[0]).Square() },
			panics: panics{
				"Use: the tensor belongs to another pass; bring it over with Input": func() {
					Inference().Use(Inference().Zeros(2))
				},
			},
		},
		{
			name: "Scope", shapes: [][]int{{2, 3}}, naive: square,
			op: func(x []*Tensor) *Tensor {
				return x[0].Pass().Scope(func() *Tensor { return x[0].Neg().Mul(x[0].Neg()) })
			},
		},
		{
			name: "Sequence", shapes: [][]int{{2, 3}},
			naive: elementwise(func(x float64) float64 { return math.Tanh(math.Tanh(x)) }),
			op: func(x []*Tensor) *Tensor {
				return x[0].Pass().Sequence(x[0], 2, func(_ int, x *Tensor) *Tensor { return x.Neg().Tanh().Neg() })
			},
		},
		{
			name: "Checkpoint", shapes: [][]int{{2, 3}, {2, 3}}, naive: gated,
			op: func(x []*Tensor) *Tensor { return Checkpoint(gate, x...)[0] },
			panics: panics{
				"Checkpoint: parameters alone belong to no pass": func() { Checkpoint(gate, Param(2), Param(2)) },
			},
		},
		{
			name: "Checkpoint/two results", shapes: [][]int{{2, 3}, {3}},
			op: func(x []*Tensor) *Tensor { return product(Checkpoint(gate, x...)) },
			naive: pairwise(func(a, c float64) float64 {
				return math.Tanh(a) * c * math.Sin(a)
			}),
		},
		{
			name: "Checkpoint/within another", shapes: [][]int{{2, 3}, {2, 3}}, naive: gated,
			op: func(x []*Tensor) *Tensor {
				return Checkpoint(func(xs []*Tensor) []*Tensor { return Checkpoint(gate, xs...)[:1] }, x...)[0]
			},
		},
		{
			name: "Checkpoint/argument handed through", shapes: [][]int{{2, 3}}, naive: square,
			op: func(x []*Tensor) *Tensor {
				return product(Checkpoint(func(xs []*Tensor) []*Tensor { return []*Tensor{xs[0], xs[0]} }, x...))
			},
		},
	}
}
