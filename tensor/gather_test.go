package tensor

func gatherRows() []row {
	gathered := func(axis int, index []int) func(x []array) array {
		return func(x []array) array {
			return build(with(x[0].shape, axis, len(index)), func(i []int) float64 {
				return x[0].at(with(i, axis, index[i[axis]])...)
			})
		}
	}
	scattered := func(axis int, index []int, n int) func(x []array) array {
		return func(x []array) array {
			return build(with(x[0].shape, axis, n), func(i []int) (sum float64) {
				for k, at := range index {
					if at == i[axis] {
						sum += x[0].at(with(i, axis, k)...)
					}
				}
				return sum
			})
		}
	}
	// taken reads index as an array with the axis m long.
	taken := func(axis, m int, index []int) func(x []array) array {
		return func(x []array) array {
			at, k := array{shape: with(x[0].shape, axis, m)}, 0
			at = build(at.shape, func([]int) float64 { k++; return float64(index[k-1]) })
			return build(at.shape, func(i []int) float64 { return x[0].at(with(i, axis, int(at.at(i...)))...) })
		}
	}
	twice := []int{2, 0, 2, 1}
	across := []int{2, 0, 1, 1, 2, 0, 0, 2} // 2×2×2 positions along an axis of 3
	return []row{
		{
			name: "Gather", shapes: [][]int{{3, 2}}, op: func(x []*Tensor) *Tensor { return x[0].Gather(0, twice) },
			naive: gathered(0, twice), large: [][]int{{1024, 256}},
			panics: panics{
				"Gather: position 3 at 1 is not within 0 to 2":  func() { New(3, 2).Gather(0, []int{0, 3}) },
				"Gather: position -1 at 0 is not within 0 to 2": func() { New(3, 2).Gather(0, []int{-1}) },
				"Gather: shape [3 2] has no axis 2":             func() { New(3, 2).Gather(2, nil) },
			},
		},
		{
			name: "Gather/middle", shapes: [][]int{{2, 3, 2}}, naive: gathered(1, twice),
			op: func(x []*Tensor) *Tensor { return x[0].Gather(-2, twice) },
		},
		{
			name: "Gather/last", shapes: [][]int{{2, 3}}, naive: gathered(1, twice),
			op: func(x []*Tensor) *Tensor { return x[0].Gather(1, twice) },
		},
		{
			name: "Gather/nothing", shapes: [][]int{{3, 2}}, naive: gathered(0, nil),
			op: func(x []*Tensor) *Tensor { return x[0].Gather(0, nil) },
		},
		{
			name: "Lookup", shapes: [][]int{{3, 2}}, naive: gathered(0, twice),
			op: func(x []*Tensor) *Tensor { return x[0].Pass().Lookup(x[0], twice) },
			panics: panics{
				"Lookup: position 3 at 0 is not within 0 to 2": func() { Inference().Lookup(New(3, 2), []int{3}) },
				"Lookup: the table belongs to another pass":    func() { Inference().Lookup(Inference().Zeros(3, 2), nil) },
				"Lookup: shape [] has no axis 0":               func() { Inference().Lookup(New(), nil) },
			},
		},
		{
			name: "Scatter", shapes: [][]int{{4, 2}}, naive: scattered(0, twice, 4),
			op: func(x []*Tensor) *Tensor { return x[0].Scatter(0, twice, 4) },
			panics: panics{
				"Scatter: 1 positions do not match axis 0 of shape [4 2]": func() { New(4, 2).Scatter(0, []int{0}, 4) },
				"Scatter: position 4 at 1 is not within 0 to 3":           func() { New(2).Scatter(0, []int{0, 4}, 4) },
				"Scatter: cannot make an axis of length -1":               func() { New(0).Scatter(0, nil, -1) },
				"Scatter: shape [4 2] has no axis 2":                      func() { New(4, 2).Scatter(2, nil, 4) },
			},
		},
		{
			name: "Scatter/middle", shapes: [][]int{{2, 4, 2}}, naive: scattered(1, twice, 3),
			op: func(x []*Tensor) *Tensor { return x[0].Scatter(1, twice, 3) },
		},
		{
			name: "Scatter/nothing", shapes: [][]int{{0, 2}}, naive: scattered(0, nil, 3),
			op: func(x []*Tensor) *Tensor { return x[0].Scatter(0, nil, 3) },
		},
		{
			name: "TakeAlong", shapes: [][]int{{2, 3, 2}}, naive: taken(1, 2, across),
			op: func(x []*Tensor) *Tensor { return x[0].TakeAlong(1, across) },
			panics: panics{
				"TakeAlong: 3 positions do not fit along axis 1 of shape [2 3]": func() { New(2, 3).TakeAlong(1, []int{0, 1, 2}) },
				"TakeAlong: position 3 at 1 is not within 0 to 2":               func() { New(2, 3).TakeAlong(1, []int{0, 3}) },
				"TakeAlong: 0 positions do not fit along axis 1 of shape [0 3]": func() { New(0, 3).TakeAlong(1, nil) },
				"TakeAlong: shape [2 3] has no axis 2":                          func() { New(2, 3).TakeAlong(2, nil) },
			},
		},
		{
			name: "TakeAlong/labels", shapes: [][]int{{4, 3}}, naive: taken(1, 1, twice),
			op: func(x []*Tensor) *Tensor { return x[0].TakeAlong(1, twice) },
		},
		{
			name: "TakeAlong/first", shapes: [][]int{{3, 4}}, naive: taken(0, 2, across),
			op: func(x []*Tensor) *Tensor { return x[0].TakeAlong(0, across) },
		},
	}
}
