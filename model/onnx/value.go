package onnx

import (
	"fmt"
	"slices"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/tensor"
)

// maxElements is how many elements one value may have: a graph of a few bytes can ask for any number.
const maxElements = 1 << 28

// A value is an array within a graph. Its shape is that which the file means, whereas the axes of x may lie in memory in another order:
// order[i] is the axis of the shape that is axis i of x, and nil is the shape's own order. Thereby a transpose costs nothing, and images
// stay channels-last from one convolution to the next, see docs/decisions/0016-onnx-layouts.md. Integers always lie in the shape's order.
type value struct {
	x     *tensor.Tensor // of floats; on the heap for weights and constants
	ints  []int64        // if x is nil
	shape []int
	order []int
	typ   file.DataType
}

// imageOrder is the order of N×H×W×C for a shape N×C×H×W, of any number of axes.
func imageOrder(rank int) []int {
	order := make([]int, rank)
	for i := 1; i < rank-1; i++ {
		order[i] = i + 1
	}
	if rank > 1 {
		order[rank-1] = 1
	}
	return order
}

// kernelOrder is the order of KH×KW×I×O for a shape O×I×KH×KW, of any number of axes.
func kernelOrder(rank int) []int {
	order := make([]int, rank)
	for i := range rank - 2 {
		order[i] = i + 2
	}
	order[rank-2], order[rank-1] = 1, 0
	return order
}

// identity is the order of the shape itself.
func identity(rank int) []int {
	order := make([]int, rank)
	for i := range order {
		order[i] = i
	}
	return order
}

// orders returns the order of v, never nil.
func (v *value) orders() []int {
	if v.order == nil {
		return identity(len(v.shape))
	}
	return v.order
}

// memoryAxis returns where an axis of the shape lies in memory.
func (v *value) memoryAxis(axis int) int { return slices.Index(v.orders(), axis) }

// in returns the tensor with its axes in an order, nil for that of the shape, as a tensor of the pass.
func (v *value) in(p *tensor.Pass, order []int) *tensor.Tensor {
	x := v.x
	if x.Pass() == nil {
		x = p.Use(x)
	}
	if order == nil {
		order = identity(len(v.shape))
	}
	axes, dims := make([]int, len(order)), make([]int, len(order))
	for i, a := range order {
		axes[i], dims[i] = v.memoryAxis(a), v.shape[a]
	}
	last, moved := -1, false
	for _, a := range axes { // axes of length 1 may go anywhere
		if x.Dim(a) != 1 {
			moved = moved || a < last
			last = a
		}
	}
	if !moved {
		return x.Reshape(dims...)
	}
	return x.Permute(axes...)
}

// fromFile reads a tensor of a file as a value on the heap.
func fromFile(t *file.Tensor) (*value, error) {
	v := &value{typ: t.Type, shape: make([]int, len(t.Dims))}
	for i, d := range t.Dims {
		v.shape[i] = int(d)
	}
	if n := t.Len(); n > maxElements || slices.ContainsFunc(t.Dims, func(d int64) bool { return d > 1<<31-1 }) {
		return nil, fmt.Errorf("%q of shape %v has too many elements, more than %d", t.Name, t.Dims, maxElements)
	}
	switch {
	case t.Type.IsFloat():
		if len(t.Dims) > maxRank {
			return nil, fmt.Errorf("%q of shape %v has more than %d axes, which is not supported", t.Name, t.Dims, maxRank)
		}
		numbers, err := t.Float64s()
		if err != nil {
			return nil, err
		}
		v.x = tensor.New(v.shape...)
		data := v.x.Edit()
		for i, f := range numbers {
			data[i] = tensor.Float(f)
		}
	case t.Type.IsInteger():
		ints, err := t.Integers()
		if err != nil {
			return nil, err
		}
		v.ints = ints
	default:
		return nil, fmt.Errorf("%q has elements of %v, which are not supported", t.Name, t.Type)
	}
	return v, nil
}

// maxRank is how many axes a tensor may have.
const maxRank = 6

// size returns the number of elements of a shape that is known to be sound.
func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// strides returns the row-major strides of a shape.
func strides(shape []int) []int {
	s, n := make([]int, len(shape)), 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}

// positions lists where the elements of a view lie: of a shape, with strides, from an offset on.
func positions(shape, strides []int, offset int) []int {
	index := make([]int, 0, size(shape))
	if size(shape) == 0 {
		return index
	}
	at := make([]int, len(shape))
	for {
		index = append(index, offset)
		i := len(shape) - 1
		for ; i >= 0; i-- {
			at[i]++
			offset += strides[i]
			if at[i] < shape[i] {
				break
			}
			offset -= at[i] * strides[i]
			at[i] = 0
		}
		if i < 0 {
			return index
		}
	}
}

// repeated returns the strides with which a shape is read as a wider one, 0 where it is repeated.
func repeated(shape, wide []int) []int {
	own, lead := strides(shape), len(wide)-len(shape)
	s := make([]int, len(wide))
	for i, d := range shape {
		if d != 1 {
			s[lead+i] = own[i]
		}
	}
	return s
}
