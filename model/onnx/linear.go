package onnx

import (
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// linear are the products of matrices.
var linear = map[string]operator{"MatMul": matMul, "Gemm": gemm}

// matMul multiplies matrices of the last two axes; those in front broadcast.
func matMul(c *call) []*value {
	a, b := c.floats(0), c.floats(1)
	if len(a.shape) == 0 || len(b.shape) == 0 {
		c.fail("cannot multiply %v by %v", a.shape, b.shape)
	}
	x := a.in(c.p, nil)
	if len(a.shape) == 1 {
		x = x.Unsqueeze(0)
	}
	// A transpose that was put off is the product's to do.
	var y *tensor.Tensor
	product := (*tensor.Tensor).MatMul
	swapped := identity(len(b.shape))
	if n := len(swapped); n > 1 {
		swapped[n-1], swapped[n-2] = n-2, n-1
	}
	switch {
	case len(b.shape) == 1:
		y = b.in(c.p, nil).Unsqueeze(1)
	case slices.Equal(b.orders(), swapped):
		y, product = b.in(c.p, swapped), (*tensor.Tensor).MatMulT
	default:
		y = b.in(c.p, nil)
	}
	front, back := x.Shape()[:x.Rank()-2], y.Shape()[:y.Rank()-2]
	if len(back) > 0 && len(front) > 0 && !slices.Equal(front, back) {
		batch := c.broadcast(front, back)
		x = x.BroadcastTo(append(slices.Clone(batch), x.Shape()[x.Rank()-2:]...)...)
		y = y.BroadcastTo(append(slices.Clone(batch), y.Shape()[y.Rank()-2:]...)...)
	}
	rows, columns := x.Shape()[:x.Rank()-1], y.Dim(-1)
	if y.Rank() > x.Rank() {
		rows = append(slices.Clone(y.Shape()[:y.Rank()-2]), x.Dim(-2))
	}
	if slices.Equal(b.orders(), swapped) && len(b.shape) > 1 {
		columns = y.Dim(-2)
	}
	c.room(append(slices.Clone(rows), columns)...)
	z := product(x, y)
	shape := z.Shape()
	if len(b.shape) == 1 {
		shape = shape[:len(shape)-1]
	}
	if len(a.shape) == 1 {
		shape = slices.Delete(shape, len(z.Shape())-2, len(z.Shape())-1)
	}
	return one(a.like(z.Reshape(shape...)))
}

// gemm is alpha·A·B + beta·C, where A and B may be transposed.
func gemm(c *call) []*value {
	a, b := c.plain(0), c.plain(1)
	alpha, beta := tensor.Float(c.float("alpha", 1)), tensor.Float(c.float("beta", 1))
	ta, tb := c.int("transA", 0) != 0, c.int("transB", 0) != 0
	if a.Rank() != 2 || b.Rank() != 2 {
		c.fail("cannot multiply %v by %v", a.Shape(), b.Shape())
	}
	var bias *tensor.Tensor
	if c.has(2) {
		bias = c.plain(2)
	}
	n := b.Dim(1)
	if tb {
		n = b.Dim(0)
	}
	m := a.Dim(0)
	if ta {
		m = a.Dim(1)
	}
	c.room(m, n)
	if !ta && tb && alpha == 1 && (bias == nil || beta == 1 && bias.Rank() == 1 && bias.Len() == n) {
		if c.ending() == tensor.ActReLU {
			return one(c.in[0].like(a.LinearReLU(b, bias)))
		}
		return one(c.in[0].like(a.Linear(b, bias)))
	}
	var y *tensor.Tensor
	switch {
	case ta && tb:
		y = a.T().MatMulT(b)
	case ta:
		y = a.TMatMul(b)
	case tb:
		y = a.MatMulT(b)
	default:
		y = a.MatMul(b)
	}
	if alpha != 1 {
		y = y.Scale(alpha)
	}
	if bias != nil {
		if bias.Rank() > 2 {
			c.fail("shape %v cannot be added to %v", bias.Shape(), y.Shape())
		}
		if beta != 1 {
			bias = bias.Scale(beta)
		}
		y = y.Add(bias)
	}
	if c.ending() == tensor.ActReLU {
		y = y.ReLU()
	}
	return one(c.in[0].like(y))
}
