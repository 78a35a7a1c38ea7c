package tensor

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
)

// unaryRow is an operation on one tensor, element by element.
func unaryRow(name string, op func(*Tensor) *Tensor, f func(float64) float64, d domain) row {
	return row{
		name: name, shapes: [][]int{{2, 3, 2}}, domain: d, op: on1(op), naive: elementwise(f), large: [][]int{{33, 1000}},
	}
}

// on1 and on2 make the op of a row of a method expression.
func on1(f func(x *Tensor) *Tensor) func(x []*Tensor) *Tensor {
	return func(x []*Tensor) *Tensor { return f(x[0]) }
}

func on2(f func(x, c *Tensor) *Tensor) func(x []*Tensor) *Tensor {
	return func(x []*Tensor) *Tensor { return f(x[0], x[1]) }
}

// binaryRows are the variants of an operation on two tensors, element by element.
func binaryRows(
	name string, op func(x, c *Tensor) *Tensor, f func(a, c float64) float64, d domain, fixed ...int,
) []row {
	rows := make([]row, 0, 10)
	for _, v := range []struct {
		variant string
		a, c    []int
	}{
		{"", []int{2, 3}, []int{2, 3}},
		{"/row repeated", []int{2, 3}, []int{3}},
		{"/column repeated", []int{2, 3}, []int{2, 1}},
		{"/left repeated", []int{3, 1}, []int{2, 3, 2}},
		{"/both repeated", []int{2, 1, 3}, []int{4, 1}},
		{"/both ends repeated", []int{2, 3, 2}, []int{1, 3, 1}},
		{"/number", []int{2, 3}, nil},
		{"/number left", []int{1, 1}, []int{3}},
		{"/two numbers", nil, nil},
		{"/empty", []int{0, 3}, []int{3}},
	} {
		rows = append(rows, row{
			name: name + v.variant, shapes: [][]int{v.a, v.c}, domain: d, op: on2(op), naive: pairwise(f), fixed: fixed,
		})
	}
	rows[0].large = [][]int{{33, 1000}, {33, 1000}}
	rows[1].large = [][]int{{33, 1000}, {1000}}
	rows[0].panics = panics{
		name + ": shapes [2 3] and [2] do not fit":       func() { op(New(2, 3), New(2)) },
		name + ": shapes [4 2 3] and [3 2 3] do not fit": func() { op(New(4, 2, 3), New(3, 2, 3)) },
	}
	return rows
}

func elementwiseRows() (rows []row) {
	pairs := func(rs []row) { rows = append(rows, rs...) }
	pairs(binaryRows("Add", (*Tensor).Add, func(a, c float64) float64 { return a + c }, nil))
	pairs(binaryRows("Sub", (*Tensor).Sub, func(a, c float64) float64 { return a - c }, nil))
	pairs(binaryRows("Mul", (*Tensor).Mul, func(a, c float64) float64 { return a * c }, nil))
	pairs(binaryRows("Div", (*Tensor).Div, func(a, c float64) float64 { return a / c }, positive))
	pairs(binaryRows("Pow", (*Tensor).Pow, math.Pow, positive))
	pairs(binaryRows("Maximum", (*Tensor).Maximum, math.Max, distinct))
	pairs(binaryRows("Minimum", (*Tensor).Minimum, math.Min, distinct))
	pairs(constant(binaryRows("Greater", (*Tensor).Greater, holds(func(a, c float64) bool { return a > c }), distinct)))
	pairs(constant(binaryRows("Equal", (*Tensor).Equal, holds(func(a, c float64) bool { return a == c }), digits)))
	gate := func(a, c float64) float64 {
		if c > 0 {
			return a
		}
		return 0
	}
	pairs(binaryRows("Gate", (*Tensor).Gate, gate, digits, 1))

	one := func(name string, op func(*Tensor) *Tensor, f func(float64) float64, d domain) {
		rows = append(rows, unaryRow(name, op, f, d))
	}
	one("Affine", func(x *Tensor) *Tensor { return x.Affine(-2.5, .5) },
		func(x float64) float64 { return -2.5*x + .5 }, nil)
	one("Scale", func(x *Tensor) *Tensor { return x.Scale(1.5) }, func(x float64) float64 { return 1.5 * x }, nil)
	one("Shift", func(x *Tensor) *Tensor { return x.Shift(-.5) }, func(x float64) float64 { return x - .5 }, nil)
	one("Neg", (*Tensor).Neg, func(x float64) float64 { return -x }, nil)
	one("Square", (*Tensor).Square, func(x float64) float64 { return x * x }, nil)
	one("Sqrt", (*Tensor).Sqrt, math.Sqrt, positive)
	for _, k := range []Float{3, 2, 1, 0} {
		one(fmt.Sprintf("Power/%g", k), func(x *Tensor) *Tensor { return x.Power(k) },
			func(x float64) float64 { return math.Pow(x, float64(k)) }, nonzero)
	}
	one("Power/-2", func(x *Tensor) *Tensor { return x.Power(-2) },
		func(x float64) float64 { return 1 / (x * x) }, positive)
	one("Power/root", func(x *Tensor) *Tensor { return x.Power(.5) }, math.Sqrt, positive)
	one("Reciprocal", (*Tensor).Reciprocal, func(x float64) float64 { return 1 / x }, positive)
	one("Exp", (*Tensor).Exp, math.Exp, nil)
	one("Expm1", (*Tensor).Expm1, math.Expm1, nil)
	one("Log", (*Tensor).Log, math.Log, positive)
	one("Log1p", (*Tensor).Log1p, math.Log1p, positive)
	one("Abs", (*Tensor).Abs, math.Abs, nonzero)
	one("Sin", (*Tensor).Sin, math.Sin, nil)
	one("Cos", (*Tensor).Cos, math.Cos, nil)
	one("Tanh", (*Tensor).Tanh, math.Tanh, nil)
	one("Sigmoid", (*Tensor).Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, nil)
	one("Softplus", (*Tensor).Softplus, func(x float64) float64 { return math.Log(1 + math.Exp(x)) }, nil)
	one("Erf", (*Tensor).Erf, math.Erf, nil)
	phi := func(x float64) float64 { return .5 * math.Erfc(-x/math.Sqrt2) }
	one("GELU", (*Tensor).GELU, func(x float64) float64 { return x * phi(x) }, nil)
	one("GELUTanh", (*Tensor).GELUTanh, func(x float64) float64 {
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+.044715*x*x*x)))
	}, nil)
	one("SiLU", (*Tensor).SiLU, naiveSiLU, nil)
	one("Mish", (*Tensor).Mish, func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(x))) }, nil)
	one("ELU", func(x *Tensor) *Tensor { return x.ELU(1.5, .75) },
		func(x float64) float64 { return .75*max(x, 0) + 1.5*math.Expm1(min(x, 0)) }, nonzero)
	one("HardSwish", func(x *Tensor) *Tensor { return x.Scale(2).HardSwish() },
		func(x float64) float64 { return 2 * x * min(max(x/3+.5, 0), 1) }, apart(-1.5, 1.5))
	one("ReLU", (*Tensor).ReLU, func(x float64) float64 { return max(x, 0) }, nonzero)
	one("ReLU6", func(x *Tensor) *Tensor { return x.Scale(6).ReLU6() }, func(x float64) float64 { return min(max(6*x, 0), 6) }, apart(0, 1))
	leaky := func(x float64) float64 { return max(x, 0) + .25*min(x, 0) }
	one("LeakyReLU", func(x *Tensor) *Tensor { return x.LeakyReLU(.25) }, leaky, nonzero)
	clamp := func(x float64) float64 { return min(max(x, -.5), 1) }
	one("Clamp", func(x *Tensor) *Tensor { return x.Clamp(-.5, 1) }, clamp, apart(-.5, 1))
	pairs(constant([]row{
		unaryRow("Sign", (*Tensor).Sign, func(x float64) float64 { return float64(cmp.Compare(x, 0)) }, digits),
		unaryRow("Floor", (*Tensor).Floor, math.Floor, halves),
	}))
	rows = append(rows,
		row{
			name: "Where", shapes: [][]int{{2, 3}, {2, 3}, {2, 3}}, fixed: []int{0}, domain: digits,
			op: func(x []*Tensor) *Tensor { return x[0].Where(x[1], x[2]) }, naive: naiveWhere,
			panics: panics{
				"Where: shapes [3] and [2] do not fit":     func() { New(3).Where(New(2), New(2)) },
				"Where: shapes [2 3] and [3 1] do not fit": func() { New(1).Where(New(2, 3), New(3, 1)) },
			},
		},
		row{
			name: "Where/repeated", shapes: [][]int{{2, 1}, {3}, {}}, fixed: []int{0}, domain: digits,
			op: func(x []*Tensor) *Tensor { return x[0].Where(x[1], x[2]) }, naive: naiveWhere,
		})
	return rows
}

func naiveWhere(x []array) array {
	shape := common(common(x[0].shape, x[1].shape), x[2].shape)
	return build(shape, func(i []int) float64 {
		if x[0].at(i...) != 0 {
			return x[1].at(i...)
		}
		return x[2].at(i...)
	})
}

// digits draws −1, 0, 1 or 2: numbers that are often equal or zero.
var digits = drawn(func(r *rand.Rand) float64 { return float64(r.IntN(4) - 1) })

// constant marks rows whose derivative is zero.
func constant(rows []row) []row {
	for i := range rows {
		rows[i].zero = true
	}
	return rows
}

func holds(f func(a, c float64) bool) func(a, c float64) float64 {
	return func(a, c float64) float64 {
		if f(a, c) {
			return 1
		}
		return 0
	}
}
