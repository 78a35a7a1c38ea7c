package onnx

import (
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// recurrent are the layers that go through sequences T×N×F, forward, backward or both.
var recurrent = map[string]operator{"RNN": recurrence(1, stepRNN), "GRU": recurrence(3, stepGRU), "LSTM": recurrence(4, stepLSTM)}

// A cell is what one direction of a recurrent layer computes with.
type cell struct {
	*call
	hidden         int
	w, r           *tensor.Tensor   // gates·H×F and gates·H×H
	input, state   *tensor.Tensor   // biases of both products, gates·H; nil: none
	peephole       []*tensor.Tensor // of an LSTM, for i, o and f; nil: none
	activations    []func(x *tensor.Tensor) *tensor.Tensor
	names          []string
	before, forget bool // linear_before_reset, input_forget
}

// An advance takes the product of the input, N×gates·H, and the state to the next state.
type advance func(l *cell, x, h, c *tensor.Tensor) (nh, nc *tensor.Tensor)

// recurrence makes an operator of what happens in a step.
func recurrence(gates int, next advance) operator {
	return func(c *call) []*value {
		v, x := c.floats(0), c.plain(0)
		batchFirst := c.int("layout", 0) != 0
		if x.Rank() != 3 {
			c.fail("shape %v is not a sequence of batches of features", v.shape)
		}
		if batchFirst {
			x = x.Permute(1, 0, 2)
		}
		directions := map[string]int{"forward": 1, "reverse": 1, "bidirectional": 2}[c.text("direction", "forward")]
		w, r := c.plain(1), c.plain(2)
		t, n := x.Dim(0), x.Dim(1)
		if directions == 0 || w.Rank() != 3 || r.Rank() != 3 || w.Dim(0) != directions || r.Dim(0) != directions {
			c.fail("weights of %v and %v do not fit the direction %q", w.Shape(), r.Shape(), c.text("direction", "forward"))
		}
		h := r.Dim(2)
		if w.Dim(1) != gates*h || r.Dim(1) != gates*h || w.Dim(2) != x.Dim(2) || t == 0 {
			c.fail("weights of %v and %v do not fit an input of %v", w.Shape(), r.Shape(), v.shape)
		}
		c.room(t, n, gates*h)
		lengths := slices.Repeat([]int64{int64(t)}, n)
		if c.has(4) {
			if lengths = c.ints(4); len(lengths) != n {
				c.fail("%d lengths are given for %d sequences", len(lengths), n)
			}
		}
		var ys, hs, cs []*tensor.Tensor
		for d := range directions {
			l := c.cell(gates, d, w, r, h)
			backward := d == 1 || c.text("direction", "forward") == "reverse"
			y, hn, cn := l.through(x, lengths, backward, c.initial(5, d, n, h, batchFirst), c.initial(6, d, n, h, batchFirst), next)
			ys, hs, cs = append(ys, y), append(hs, hn), append(cs, cn)
		}
		y, hn, cn := tensor.Stack(1, ys...), tensor.Stack(0, hs...), tensor.Stack(0, cs...)
		if batchFirst {
			y, hn, cn = y.Permute(2, 0, 1, 3), hn.Permute(1, 0, 2), cn.Permute(1, 0, 2)
		}
		outputs := []*value{v.like(y), v.like(hn)}
		if gates == 4 {
			outputs = append(outputs, v.like(cn))
		}
		return outputs
	}
}

// initial returns the state in which a direction begins, N×H.
func (c *call) initial(i, d, n, h int, batchFirst bool) *tensor.Tensor {
	if !c.has(i) {
		return c.p.Zeros(n, h)
	}
	x := c.plain(i)
	if x.Rank() != 3 {
		c.fail("a state of %v has not three axes", x.Shape())
	}
	axis := 0
	if batchFirst {
		axis = 1
	}
	return x.Slice(axis, d, d+1).Squeeze(axis)
}

// cell gathers the parameters of one direction.
func (c *call) cell(gates, d int, w, r *tensor.Tensor, h int) *cell {
	l := &cell{call: c, hidden: h, w: w.Slice(0, d, d+1).Squeeze(0), r: r.Slice(0, d, d+1).Squeeze(0)}
	l.before, l.forget = c.int("linear_before_reset", 0) != 0, c.int("input_forget", 0) != 0
	if c.has(3) {
		b := c.plain(3).Slice(0, d, d+1).Squeeze(0)
		parts := b.Split(0, gates*h, gates*h)
		l.input, l.state = parts[0], parts[1]
	}
	if gates == 4 && c.has(7) {
		l.peephole = c.plain(7).Slice(0, d, d+1).Squeeze(0).Split(0, h, h, h)
	}
	each := map[int][]string{1: {"Tanh"}, 3: {"Sigmoid", "Tanh"}, 4: {"Sigmoid", "Tanh", "Tanh"}}[gates]
	if a := c.Attribute("activations"); a != nil {
		names, _ := a.Value.([]string)
		if len(names) < (d+1)*len(each) {
			c.fail("there are %d activations, too few", len(names))
		}
		each = names[d*len(each) : (d+1)*len(each)]
	}
	l.names = each
	for i, name := range each {
		l.activations = append(l.activations, c.activation(name, d*len(each)+i))
	}
	return l
}

// activation returns a function by its name, with the numbers of the node for the i-th of all.
func (c *call) activation(name string, i int) func(x *tensor.Tensor) *tensor.Tensor {
	number := func(attribute string, fallback float64) tensor.Float {
		if a := c.Attribute(attribute); a != nil {
			if vs, _ := a.Value.([]float32); i < len(vs) {
				return tensor.Float(vs[i])
			}
		}
		return tensor.Float(fallback)
	}
	switch name {
	case "Sigmoid":
		return (*tensor.Tensor).Sigmoid
	case "Tanh":
		return (*tensor.Tensor).Tanh
	case "Relu":
		return (*tensor.Tensor).ReLU
	case "Softplus":
		return (*tensor.Tensor).Softplus
	case "Affine":
		return func(x *tensor.Tensor) *tensor.Tensor {
			return x.Affine(number("activation_alpha", 1), number("activation_beta", 0))
		}
	case "LeakyRelu":
		return func(x *tensor.Tensor) *tensor.Tensor { return x.LeakyReLU(number("activation_alpha", .01)) }
	case "HardSigmoid":
		return func(x *tensor.Tensor) *tensor.Tensor {
			return x.Affine(number("activation_alpha", .2), number("activation_beta", .5)).Clamp(0, 1)
		}
	case "Elu":
		return func(x *tensor.Tensor) *tensor.Tensor { return x.ELU(number("activation_alpha", 1), 1) }
	}
	c.fail("there is no activation %q", name)
	return nil
}

// clipped limits what goes into an activation.
func (l *cell) clipped(x *tensor.Tensor) *tensor.Tensor {
	if bound := l.float("clip", 0); bound > 0 {
		return x.Clamp(tensor.Float(-bound), tensor.Float(bound))
	}
	return x
}

// through takes a state through the steps of x, T×N×F, of which each sequence has its number. It returns the hidden states of all
// steps, T×N×H, zero behind the end of a sequence, and the last hidden state and cells.
func (l *cell) through(x *tensor.Tensor, lengths []int64, backward bool, h, c *tensor.Tensor, next advance) (y, hn, cn *tensor.Tensor) {
	t, n := x.Dim(0), x.Dim(1)
	whole := true
	for _, k := range lengths {
		whole = whole && k == int64(t)
	}
	if fast := l.fused(whole); fast != nil {
		if backward {
			x = x.Flip(0)
		}
		y, hn, cn = fast(x.Permute(1, 0, 2), h, c)
		y = y.Permute(1, 0, 2)
		if backward {
			y = y.Flip(0)
		}
		return y, hn, cn
	}
	xw := x.Linear(l.w, l.input)
	ys := make([]*tensor.Tensor, t)
	for i := range t {
		if backward {
			i = t - 1 - i
		}
		nh, nc := next(l, xw.Slice(0, i, i+1).Squeeze(0), h, c)
		if whole {
			h, c, ys[i] = nh, nc, nh
			continue
		}
		runs := l.p.Empty(n, 1) // 1 for the sequences that have this step
		for s, k := range lengths {
			runs.Data()[s] = tensor.Float(truth(int64(i) < k))
		}
		ys[i] = nh.Gate(runs)
		h, c = runs.Where(nh, h), runs.Where(nc, c)
	}
	return tensor.Stack(0, ys...), h, c
}

// fused returns the layer of package tensor that does the same, nil if none does.
func (l *cell) fused(whole bool) func(x, h, c *tensor.Tensor) (y, hn, cn *tensor.Tensor) {
	if !whole || l.peephole != nil || l.float("clip", 0) > 0 || l.forget {
		return nil
	}
	standard := map[string][]string{"RNN": {"Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}}[l.Op]
	if !slices.Equal(l.names, standard) || l.Op == "GRU" && !l.before {
		return nil
	}
	order := map[string][]int{"RNN": {0}, "GRU": {1, 0, 2}, "LSTM": {0, 2, 3, 1}}[l.Op] // z r h → r z n, i o f c → i f g o
	sorted := func(x *tensor.Tensor) *tensor.Tensor {
		if x == nil || len(order) == 1 {
			return x
		}
		gates, parts := x.Chunk(0, len(order)), make([]*tensor.Tensor, len(order))
		for i, g := range order {
			parts[i] = gates[g]
		}
		return tensor.Concat(0, parts...)
	}
	w := tensor.Recurrent{WeightIH: sorted(l.w), WeightHH: sorted(l.r), BiasIH: sorted(l.input), BiasHH: sorted(l.state)}
	return func(x, h, c *tensor.Tensor) (y, hn, cn *tensor.Tensor) {
		switch l.Op {
		case "LSTM":
			return x.LSTM(h, c, w)
		case "GRU":
			y, hn = x.GRU(h, w)
		default:
			y, hn = x.RNN(h, w, false)
		}
		return y, hn, hn
	}
}

// stepRNN is h ← f(W·x + R·h + b).
func stepRNN(l *cell, x, h, _ *tensor.Tensor) (nh, nc *tensor.Tensor) {
	nh = l.activations[0](l.clipped(x.Add(h.Linear(l.r, l.state))))
	return nh, nh
}

// stepGRU has the gates z, r and h: h ← (1 − z)·h̃ + z·h, where r stands before the product with its bias or before the state.
func stepGRU(l *cell, x, h, _ *tensor.Tensor) (nh, nc *tensor.Tensor) {
	xs := x.Chunk(1, 3)
	var hs []*tensor.Tensor
	all := h.Linear(l.r, l.state)
	hs = all.Chunk(1, 3)
	z := l.activations[0](l.clipped(xs[0].Add(hs[0])))
	r := l.activations[0](l.clipped(xs[1].Add(hs[1])))
	var inner *tensor.Tensor
	if l.before {
		inner = r.Mul(hs[2])
	} else {
		var bias *tensor.Tensor
		if l.state != nil {
			bias = l.state.Chunk(0, 3)[2]
		}
		inner = r.Mul(h).Linear(l.r.Chunk(0, 3)[2], bias)
	}
	candidate := l.activations[1](l.clipped(xs[2].Add(inner)))
	nh = z.Affine(-1, 1).Mul(candidate).Add(z.Mul(h))
	return nh, nh
}

// stepLSTM has the gates i, o, f and c, the first three of which may see the cells.
func stepLSTM(l *cell, x, h, c *tensor.Tensor) (nh, nc *tensor.Tensor) {
	gates := x.Add(h.Linear(l.r, l.state)).Chunk(1, 4)
	see := func(gate, cells *tensor.Tensor, i int) *tensor.Tensor {
		if l.peephole == nil {
			return gate
		}
		return gate.Add(cells.Mul(l.peephole[i]))
	}
	i := l.activations[0](l.clipped(see(gates[0], c, 0)))
	f := l.activations[0](l.clipped(see(gates[2], c, 2)))
	if l.forget {
		f = i.Affine(-1, 1)
	}
	nc = f.Mul(c).Add(i.Mul(l.activations[1](l.clipped(gates[3]))))
	o := l.activations[0](l.clipped(see(gates[1], nc, 1)))
	return o.Mul(l.activations[2](l.clipped(nc))), nc
}
