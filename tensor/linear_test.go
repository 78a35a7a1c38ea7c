package tensor

import "math/rand/v2"

func linearRows() (rows []row) {
	naive := func(relu bool) func(x []array) array {
		return func(x []array) array {
			last := len(x[0].shape) - 1
			return build(with(x[0].shape, last, x[1].shape[0]), func(i []int) (sum float64) {
				for k := range x[1].shape[1] {
					sum += x[0].at(with(i, last, k)...) * x[1].at(i[last], k)
				}
				if len(x) == 3 {
					sum += x[2].at(i[last])
				}
				if relu {
					sum = max(sum, 0)
				}
				return sum
			})
		}
	}
	// The bias keeps x·wᵀ + bias away from the kink.
	gated := func(r *rand.Rand, xs [][]Float) {
		normal(r, xs)
		for i := range xs[2] {
			xs[2][i] += Float(6 - 12*(i&1))
		}
	}
	add := func(name string, shapes, large [][]int, d domain, relu bool) {
		op := (*Tensor).Linear
		if relu {
			op = (*Tensor).LinearReLU
		}
		rows = append(rows, row{name: name, shapes: shapes, large: large, domain: d, naive: naive(relu),
			op: func(x []*Tensor) *Tensor {
				if len(x) == 2 {
					return op(x[0], x[1], nil)
				}
				return op(x[0], x[1], x[2])
			}})
	}
	add("Linear", [][]int{{2, 3}, {4, 3}, {4}}, [][]int{{70, 130}, {67, 130}, {67}}, nil, false)
	rows[0].panics = panics{
		"Linear: cannot multiply [2 3] by [3 2] transposed": func() { New(2, 3).Linear(New(3, 2), nil) },
		"Linear: cannot multiply [2 3] by [3] transposed":   func() { New(2, 3).Linear(New(3), nil) },
		"Linear: cannot multiply [] by [3 2] transposed":    func() { New().Linear(New(3, 2), nil) },
		"Linear: a bias of shape [2] does not fit weights of [4 3]": func() {
			New(2, 3).Linear(New(4, 3), New(2))
		},
	}
	add("Linear/without bias", [][]int{{2, 3}, {4, 3}}, [][]int{{70, 130}, {67, 130}}, nil, false)
	add("Linear/of itself", [][]int{{2, 3}, {2, 3}}, nil, nil, false)
	add("Linear/three axes", [][]int{{2, 2, 3}, {4, 3}, {4}}, nil, nil, false)
	add("Linear/vector", [][]int{{3}, {4, 3}, {4}}, [][]int{{700}, {300, 700}, {300}}, nil, false)
	add("Linear/one output", [][]int{{3, 2}, {1, 2}, {1}}, [][]int{{300, 700}, {1, 700}, {1}}, nil, false)
	add("Linear/no rows", [][]int{{0, 3}, {4, 3}, {4}}, nil, nil, false)
	add("Linear/sum of nothing", [][]int{{2, 0}, {4, 0}, {4}}, nil, nil, false)
	add("LinearReLU", [][]int{{2, 3}, {4, 3}, {4}}, [][]int{{70, 30}, {67, 30}, {67}}, gated, true)
	rows[len(rows)-1].panics = panics{
		"LinearReLU: cannot multiply [2 3] by [3 2] transposed": func() { New(2, 3).LinearReLU(New(3, 2), nil) },
	}
	add("LinearReLU/three axes", [][]int{{2, 2, 3}, {4, 3}, {4}}, nil, gated, true)
	add("LinearReLU/one output", [][]int{{3, 2}, {1, 2}, {1}}, nil, gated, true)
	return rows
}
