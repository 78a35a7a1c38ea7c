package tensor

import (
	"fmt"
	"slices"
)

// An array is what the naive formulas of the table compute with: a shape and float64 numbers, reached by index only.
type array struct {
	shape []int
	data  []float64
}

// at returns the element at an index. Axes are aligned at the last one, and an axis of length 1 or one that is missing is
// repeated, so that formulas need not mind broadcasting.
func (a array) at(index ...int) float64 {
	index = index[len(index)-len(a.shape):]
	offset := 0
	for i, n := range a.shape {
		offset *= n
		if n > 1 {
			offset += index[i]
		}
	}
	return a.data[offset]
}

// inside is at, and 0 outside of the array: padding.
func (a array) inside(index ...int) float64 {
	for i, n := range a.shape {
		if index[i] < 0 || index[i] >= n {
			return 0
		}
	}
	return a.at(index...)
}

// build computes every element of an array from its index, which f must not keep.
func build(shape []int, f func(i []int) float64) array {
	a := array{slices.Clone(shape), make([]float64, size(shape))}
	index := make([]int, len(shape))
	for k := range a.data {
		for axis, rest := len(shape)-1, k; axis >= 0; axis-- {
			index[axis], rest = rest%shape[axis], rest/shape[axis]
		}
		a.data[k] = f(index)
	}
	return a
}

// each calls f with every index of a shape.
func each(shape []int, f func(i []int)) {
	build(shape, func(i []int) float64 { f(i); return 0 })
}

// with returns a copy of the index with one entry replaced.
func with(index []int, axis, value int) []int {
	index = slices.Clone(index)
	index[axis] = value
	return index
}

// without returns a copy of a shape or an index without one axis.
func without(index []int, axis int) []int { return slices.Delete(slices.Clone(index), axis, axis+1) }

// elementwise makes a formula for one number into one for an array.
func elementwise(f func(x float64) float64) func(x []array) array {
	return func(x []array) array {
		return build(x[0].shape, func(i []int) float64 { return f(x[0].at(i...)) })
	}
}

// pairwise makes a formula for two numbers into one for two arrays, with broadcasting.
func pairwise(f func(a, c float64) float64) func(x []array) array {
	return func(x []array) array {
		shape := common(x[0].shape, x[1].shape)
		return build(shape, func(i []int) float64 { return f(x[0].at(i...), x[1].at(i...)) })
	}
}

// common returns the shape to which two shapes broadcast.
func common(a, c []int) []int {
	if len(a) < len(c) {
		a, c = c, a
	}
	shape, shift := slices.Clone(a), len(a)-len(c)
	for i, n := range c {
		if shape[shift+i] == 1 {
			shape[shift+i] = n
		}
	}
	return shape
}

func (a array) String() string { return fmt.Sprintf("%v%.6v", a.shape, a.data) }
