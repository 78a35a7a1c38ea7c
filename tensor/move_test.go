package tensor

import "slices"

func moveRows() []row {
	// moved is a formula for a result of which every element is one of the operand.
	moved := func(shape []int, from func(i []int) []int) func(x []array) array {
		return func(x []array) array {
			return build(shape, func(i []int) float64 { return x[0].inside(from(i)...) })
		}
	}
	renamed := func(shape ...int) func(x []array) array {
		return func(x []array) array { return array{append([]int{}, shape...), x[0].data} }
	}
	one := func(name string, shape []int, op func(x *Tensor) *Tensor, naive func(x []array) array) row {
		return row{name: name, shapes: [][]int{shape}, op: on1(op), naive: naive}
	}
	misused := func(r row, panics panics) row {
		r.panics = panics
		return r
	}
	s := []int{2, 3, 4}
	return []row{
		misused(one("Reshape", s, func(x *Tensor) *Tensor { return x.Reshape(4, 6) }, renamed(4, 6)), panics{
			"Reshape: cannot give [2 3] the shape [4]":            func() { New(2, 3).Reshape(4) },
			"Reshape: cannot give [2 3] the shape [4 -1]":         func() { New(2, 3).Reshape(4, -1) },
			"Reshape: cannot give [2 3] the shape [-1 -1]":        func() { New(2, 3).Reshape(-1, -1) },
			"Reshape: cannot give [2 3] the shape [-2 -3]":        func() { New(2, 3).Reshape(-2, -3) },
			"Reshape: cannot give [0 3] the shape [0 -1]":         func() { New(0, 3).Reshape(0, -1) },
			"Reshape: shape [1 1 1 1 1 1 6] has more than 6 axes": func() { New(2, 3).Reshape(1, 1, 1, 1, 1, 1, 6) },
		}),
		one("Reshape/rest", s, func(x *Tensor) *Tensor { return x.Reshape(3, -1, 2) }, renamed(3, 4, 2)),
		one("Reshape/same", s, func(x *Tensor) *Tensor { return x.Reshape(2, 3, 4).Neg() }, func(x []array) array {
			return elementwise(func(x float64) float64 { return -x })(x)
		}),
		one("Reshape/number", []int{1, 1}, func(x *Tensor) *Tensor { return x.Reshape() }, renamed()),
		one("Reshape/empty", []int{0, 3}, func(x *Tensor) *Tensor { return x.Reshape(-1, 2) }, renamed(0, 2)),
		misused(one("Flatten", s, func(x *Tensor) *Tensor { return x.Flatten(1) }, renamed(2, 12)), panics{
			"Flatten: shape [2 3] has no axis 2": func() { New(2, 3).Flatten(2) },
		}),
		misused(one("Unsqueeze", s, func(x *Tensor) *Tensor { return x.Unsqueeze(1) }, renamed(2, 1, 3, 4)), panics{
			"Unsqueeze: cannot insert axis 3 into shape [2 3]":            func() { New(2, 3).Unsqueeze(3) },
			"Unsqueeze: cannot insert axis -4 into shape [2 3]":           func() { New(2, 3).Unsqueeze(-4) },
			"Unsqueeze: cannot insert axis 0 into shape [1 1 1 1 1 1]; t": func() { New(1, 1, 1, 1, 1, 1).Unsqueeze(0) },
		}),
		one("Unsqueeze/end", s, func(x *Tensor) *Tensor { return x.Unsqueeze(-1) }, renamed(2, 3, 4, 1)),
		misused(one("Squeeze", []int{2, 1, 3}, func(x *Tensor) *Tensor { return x.Squeeze(1) }, renamed(2, 3)), panics{
			"Squeeze: axis 0 of shape [2 1] has length 2": func() { New(2, 1).Squeeze(0) },
			"Squeeze: shape [2 1] has no axis 2":          func() { New(2, 1).Squeeze(2) },
		}),
		misused(one("Permute", s, func(x *Tensor) *Tensor { return x.Permute(2, 0, 1) },
			moved([]int{4, 2, 3}, func(i []int) []int { return []int{i[1], i[2], i[0]} })), panics{
			"Permute: shape [2 3] does not have the axes [0]": func() { New(2, 3).Permute(0) },
			"Permute: axis 1 stands twice in [1 -1]":          func() { New(2, 3).Permute(1, -1) },
			"Permute: shape [2 3] has no axis 2":              func() { New(2, 3).Permute(1, 2) },
		}),
		one("Permute/reversed", []int{2, 1, 3, 2}, func(x *Tensor) *Tensor { return x.Permute(-1, -2, 1, 0) },
			moved([]int{2, 3, 1, 2}, func(i []int) []int { return []int{i[3], i[2], i[1], i[0]} })),
		one("Permute/empty", []int{2, 0}, func(x *Tensor) *Tensor { return x.Permute(1, 0) }, renamed(0, 2)),
		misused(one("T", s, (*Tensor).T, moved([]int{2, 4, 3}, func(i []int) []int { return []int{i[0], i[2], i[1]} })),
			panics{"T: shape [2] has no two axes to swap": func() { New(2).T() }}),
		misused(one("Flip", s, func(x *Tensor) *Tensor { return x.Flip(0, -1) },
			moved(s, func(i []int) []int { return []int{1 - i[0], i[1], 3 - i[2]} })), panics{
			"Flip: axis 1 stands twice in [1 -1]": func() { New(2, 3).Flip(1, -1) },
			"Flip: shape [2 3] has no axis -3":    func() { New(2, 3).Flip(-3) },
		}),
		one("Flip/no axis", s, func(x *Tensor) *Tensor { return x.Flip() }, renamed(s...)),
		one("Flip/empty", []int{0, 2}, func(x *Tensor) *Tensor { return x.Flip(0) }, renamed(0, 2)),
		misused(one("Slice", s, func(x *Tensor) *Tensor { return x.Slice(0, 1, 2) },
			moved([]int{1, 3, 4}, func(i []int) []int { return []int{i[0] + 1, i[1], i[2]} })), panics{
			"Slice: axis 1 of shape [2 3] has no range 1 to 4":  func() { New(2, 3).Slice(1, 1, 4) },
			"Slice: axis 0 of shape [2 3] has no range 2 to 1":  func() { New(2, 3).Slice(0, 2, 1) },
			"Slice: axis 0 of shape [2 3] has no range -1 to 1": func() { New(2, 3).Slice(0, -1, 1) },
		}),
		one("Slice/middle", s, func(x *Tensor) *Tensor { return x.Slice(-2, 1, 3) },
			moved([]int{2, 2, 4}, func(i []int) []int { return []int{i[0], i[1] + 1, i[2]} })),
		one("Slice/last", s, func(x *Tensor) *Tensor { return x.Slice(2, 0, 3) },
			moved([]int{2, 3, 3}, func(i []int) []int { return i })),
		one("Slice/nothing", s, func(x *Tensor) *Tensor { return x.Slice(1, 2, 2) },
			moved([]int{2, 0, 4}, func(i []int) []int { return i })),
		misused(one("Pad", s, func(x *Tensor) *Tensor { return x.Pad(1, 2, 1) },
			moved([]int{2, 6, 4}, func(i []int) []int { return []int{i[0], i[1] - 2, i[2]} })), panics{
			"Pad: cannot pad shape [2 3] by -1 and 0": func() { New(2, 3).Pad(0, -1, 0) },
			"Pad: shape [2 3] has no axis 2":          func() { New(2, 3).Pad(2, 1, 1) },
		}),
		one("Pad/first", s, func(x *Tensor) *Tensor { return x.Pad(0, 0, 1) },
			moved([]int{3, 3, 4}, func(i []int) []int { return i })),
		one("Pad/nothing", []int{2, 0}, func(x *Tensor) *Tensor { return x.Pad(1, 1, 1) },
			moved([]int{2, 2}, func(i []int) []int { return []int{i[0], -1} })),
		joined("Concat", 0, []int{1, 3}, []int{2, 3}, []int{1, 3}),
		misused(joined("Concat/last axis", 1, []int{2, 1, 2}, []int{2, 3, 2}), panics{
			"Concat: there is nothing to join":                   func() { Concat(0) },
			"Concat: cannot join [2 3] and [2 4] along axis 0":   func() { Concat(0, New(2, 3), New(2, 4)) },
			"Concat: cannot join [2 3] and [2 3 1] along axis 0": func() { Concat(0, New(2, 3), New(2, 3, 1)) },
			"Concat: shape [2] has no axis 1":                    func() { Concat(1, New(2), New(2)) },
			"Concat: operands belong to two passes; bring one ove": func() {
				Concat(0, Inference().Zeros(1), Inference().Zeros(1))
			},
		}),
		joined("Concat/one", 0, []int{2, 3}),
		joined("Concat/twins", -1, []int{2, 2}, []int{2, 2}),
		joined("Concat/with nothing", 0, []int{0, 3}, []int{2, 3}),
		misused(stacked("Stack", 0), panics{
			"Stack: there is nothing to join":          func() { Stack(0) },
			"Stack: shapes [2 3] and [2 4] differ":     func() { Stack(0, New(2, 3), New(2, 4)) },
			"Stack: cannot insert axis 4 into shape [": func() { Stack(4, New(2, 3), New(2, 3)) },
		}),
		stacked("Stack/middle", 1),
		stacked("Stack/end", -1),
		misused(one("Split", s, func(x *Tensor) *Tensor { return product(x.Split(2, 2, 2)) },
			parts([]int{2, 3, 2}, 2, 0, 2)), panics{
			"Split: sizes [2 2] do not fill axis 1 of shape [2 3]":  func() { New(2, 3).Split(1, 2, 2) },
			"Split: sizes [2] do not fill axis 1 of shape [2 3]":    func() { New(2, 3).Split(1, 2) },
			"Split: sizes [4 -1] do not fill axis 1 of shape [2 3]": func() { New(2, 3).Split(1, 4, -1) },
			"Split: shape [2 3] has no axis 2":                      func() { New(2, 3).Split(2, 3) },
		}),
		one("Split/one part used", s, func(x *Tensor) *Tensor { return x.Split(1, 1, 0, 2)[2] },
			moved([]int{2, 2, 4}, func(i []int) []int { return []int{i[0], i[1] + 1, i[2]} })),
		misused(one("Chunk", s, func(x *Tensor) *Tensor { return product(x.Chunk(0, 2)) },
			parts([]int{1, 3, 4}, 0, 0, 1)), panics{
			"Chunk: cannot cut axis 1 of shape [2 3] into 2 equal parts": func() { New(2, 3).Chunk(1, 2) },
			"Chunk: cannot cut axis 1 of shape [2 3] into 0 equal parts": func() { New(2, 3).Chunk(1, 0) },
			"Chunk: shape [2 3] has no axis 2":                           func() { New(2, 3).Chunk(2, 1) },
		}),
		misused(one("Unstack", s, func(x *Tensor) *Tensor { return product(x.Unstack(1)) }, func(x []array) array {
			return build([]int{2, 4}, func(i []int) float64 {
				return x[0].at(i[0], 0, i[1]) * x[0].at(i[0], 1, i[1]) * x[0].at(i[0], 2, i[1])
			})
		}), panics{"Unstack: shape [2 3] has no axis 2": func() { New(2, 3).Unstack(2) }}),
		one("Unstack/vector", []int{3}, func(x *Tensor) *Tensor { return x.Unstack(0)[1] }, func(x []array) array {
			return array{[]int{}, x[0].data[1:2]}
		}),
	}
}

// product multiplies the parts of a tensor, so that each has its own gradient.
func product(ys []*Tensor) *Tensor {
	y := ys[0]
	for _, z := range ys[1:] {
		y = y.Mul(z)
	}
	return y
}

// parts is the product of equal parts that begin at offsets along an axis.
func parts(shape []int, axis int, offsets ...int) func(x []array) array {
	return func(x []array) array {
		return build(shape, func(i []int) float64 {
			y := 1.
			for _, o := range offsets {
				y *= x[0].at(with(i, axis, i[axis]+o)...)
			}
			return y
		})
	}
}

func joined(name string, axis int, shapes ...[]int) row {
	naive := func(x []array) array {
		axis := (axis + len(shapes[0])) % len(shapes[0])
		shape := slices.Clone(shapes[0])
		for _, s := range shapes[1:] {
			shape[axis] += s[axis]
		}
		return build(shape, func(i []int) float64 {
			k, part := i[axis], 0
			for k >= x[part].shape[axis] {
				k, part = k-x[part].shape[axis], part+1
			}
			return x[part].at(with(i, axis, k)...)
		})
	}
	return row{name: name, shapes: shapes, op: func(x []*Tensor) *Tensor { return Concat(axis, x...) }, naive: naive}
}

func stacked(name string, axis int) row {
	naive := func(x []array) array {
		axis := (axis + 3) % 3
		return build(slices.Insert([]int{2, 2}, axis, 3), func(i []int) float64 {
			return x[i[axis]].at(without(i, axis)...)
		})
	}
	shapes := [][]int{{2, 2}, {2, 2}, {2, 2}}
	return row{name: name, shapes: shapes, op: func(x []*Tensor) *Tensor { return Stack(axis, x...) }, naive: naive}
}
