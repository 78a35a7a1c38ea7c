package onnx

import (
	"fmt"
	"math"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/tensor"
)

// makers are the operators that make values out of little. Constant is one too, but has its value before the graph runs.
var makers = map[string]operator{
	"ConstantOfShape": constantOfShape, "Range": rangeOf, "OneHot": oneHot, "EyeLike": eyeLike,
}

// constantOf returns the value of a Constant, on the heap.
func constantOf(n *file.Node) (*value, error) {
	if len(n.Attributes) != 1 {
		return nil, fmt.Errorf("it has %d attributes, not the one that is its value", len(n.Attributes))
	}
	switch a := n.Attributes[0].Value.(type) {
	case *file.Tensor:
		return fromFile(a)
	case float32:
		return &value{x: tensor.Of([]tensor.Float{tensor.Float(a)}), shape: []int{}, typ: file.Float}, nil
	case int64:
		return &value{ints: []int64{a}, shape: []int{}, typ: int64Type}, nil
	case []int64:
		return &value{ints: a, shape: []int{len(a)}, typ: int64Type}, nil
	case []float32:
		x := tensor.New(len(a))
		for i, f := range a {
			x.Edit()[i] = tensor.Float(f)
		}
		return &value{x: x, shape: x.Shape(), typ: file.Float}, nil
	}
	return nil, fmt.Errorf("a constant of strings or of a sparse tensor is not supported")
}

// filled returns a value of one number.
func (c *call) filled(number *value, shape []int) *value {
	c.room(shape...)
	if number.x != nil {
		return &value{x: c.p.Full(number.x.Data()[0], shape...), shape: shape, typ: number.typ}
	}
	y := &value{ints: make([]int64, size(shape)), shape: shape, typ: number.typ}
	for i := range y.ints {
		y.ints[i] = number.ints[0]
	}
	return y
}

func constantOfShape(c *call) []*value {
	number := &value{x: tensor.New(), shape: []int{}, typ: file.Float}
	if a := c.Attribute("value"); a != nil {
		t, ok := a.Value.(*file.Tensor)
		if !ok || t.Len() != 1 {
			c.fail("its value is not one number")
		}
		v, err := fromFile(t)
		if err != nil {
			c.fail("%v", err)
		}
		number = v
	}
	return one(c.filled(number, c.small(c.ints(0))))
}

// rangeOf counts from a start by a step up to a limit.
func rangeOf(c *call) []*value {
	v := c.value(0)
	count := func(n float64) int {
		if !(n <= maxElements) {
			c.fail("it would count %v numbers", n)
		}
		return int(max(0, n))
	}
	if v.x != nil {
		start, limit, step := c.number(0, "", 0), c.number(1, "", 0), c.number(2, "", 1)
		x := c.p.Empty(count(math.Ceil((limit - start) / step)))
		for i := range x.Data() {
			x.Data()[i] = tensor.Float(start + float64(i)*step)
		}
		return one(v.like(x))
	}
	for i := range 3 {
		if len(c.ints(i)) != 1 {
			c.fail("input %d is not one number", i)
		}
	}
	start, limit, step := v.ints[0], c.in[1].ints[0], c.in[2].ints[0]
	if step == 0 {
		c.fail("the step is 0")
	}
	n := count(math.Ceil((float64(limit) - float64(start)) / float64(step)))
	y := &value{ints: make([]int64, n), shape: []int{n}, typ: v.typ}
	for i := range y.ints {
		y.ints[i] = start + int64(i)*step
	}
	return one(y)
}

// oneHot writes one value where an index points to, along a new axis, and another value elsewhere.
func oneHot(c *call) []*value {
	indices, choice := c.value(0), c.value(2)
	at := c.cast(indices, int64Type).ints
	depth := int(c.number(1, "", 0))
	if depth < 0 || depth > maxElements || size(choice.shape) != 2 {
		c.fail("depth %d and values of shape %v are no depth and two values", depth, choice.shape)
	}
	rank := len(indices.shape) + 1
	axis := c.axis(c.int("axis", -1), rank)
	shape := append([]int{}, indices.shape[:axis]...)
	shape = append(append(shape, depth), indices.shape[axis:]...)
	c.room(shape...)
	index, inner := make([]int, size(shape)), size(indices.shape[axis:])
	for i, a := range at {
		if a < 0 {
			a += int64(depth)
		}
		if a >= 0 && a < int64(depth) {
			index[(i/inner*depth+int(a))*inner+i%inner] = 1
		}
	}
	return one(c.pick(choice, shape, index))
}

// eyeLike has ones on a diagonal.
func eyeLike(c *call) []*value {
	v := c.value(0)
	if len(v.shape) != 2 {
		c.fail("shape %v is no matrix", v.shape)
	}
	to := file.DataType(c.int("dtype", int(v.typ)))
	y := &value{ints: make([]int64, size(v.shape)), shape: v.shape, typ: int64Type}
	for i := range v.shape[0] {
		if j := i + c.int("k", 0); j >= 0 && j < v.shape[1] {
			y.ints[i*v.shape[1]+j] = 1
		}
	}
	return one(c.cast(y, to))
}
