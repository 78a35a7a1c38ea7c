package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// Recurrent has the parameters of a recurrent layer of H units with F features. The rows of the weights are those of its gates, one
// gate after the other, as in PyTorch.
type Recurrent struct {
	WeightIH *Tensor // gates·H×F, of the input
	WeightHH *Tensor // gates·H×H, of the hidden state
	BiasIH   *Tensor // gates·H; nil: none
	BiasHH   *Tensor // gates·H; nil: none
}

// LSTM takes a hidden state and cells, N×H each, through the steps of x, N×T×F (Hochreiter and Schmidhuber 1997,
// https://doi.org/10.1162/neco.1997.9.8.1735, with the forget gate of Gers et al. 2000). It returns the hidden states of all steps,
// N×T×H, and the hidden state and the cells behind the last one:
//
//	i, f, o = σ(W·x + U·h + b), g = tanh(W·x + U·h + b), c ← f·c + i·g, h ← o·tanh c
//
// The gates of w are i, f, g and o.
func (t *Tensor) LSTM(h, c *Tensor, w Recurrent) (y, hn, cn *Tensor) {
	r := recurrence{op: "LSTM", Recurrent: kernel.Recurrent{Cell: kernel.LSTM}}
	return r.run(t, h, c, w)
}

// GRU takes a hidden state, N×H, through the steps of x, N×T×F (Cho et al. 2014, https://arxiv.org/abs/1406.1078). It returns the
// hidden states of all steps, N×T×H, and the last one:
//
//	r, z = σ(W·x + U·h + b), n = tanh(W·x + b + r·(U·h + b')), h ← (1 − z)·n + z·h
//
// The gates of w are r, z and n. As in PyTorch, and unlike in the paper, r stands in front of the product with its bias.
func (t *Tensor) GRU(h *Tensor, w Recurrent) (y, hn *Tensor) {
	r := recurrence{op: "GRU", Recurrent: kernel.Recurrent{Cell: kernel.GRU}}
	y, hn, _ = r.run(t, h, nil, w)
	return y, hn
}

// RNN takes a hidden state, N×H, through the steps of x, N×T×F: h ← tanh(W·x + U·h + b), or ReLU instead of tanh (Elman 1990,
// https://doi.org/10.1207/s15516709cog1402_1). It returns the hidden states of all steps, N×T×H, and the last one.
func (t *Tensor) RNN(h *Tensor, w Recurrent, relu bool) (y, hn *Tensor) {
	r := recurrence{op: "RNN", Recurrent: kernel.Recurrent{Cell: kernel.ElmanTanh}}
	if relu {
		r.Cell = kernel.ElmanReLU
	}
	y, hn, _ = r.run(t, h, nil, w)
	return y, hn
}

// A recurrence is the attribute of its op.
type recurrence struct {
	kernel.Recurrent
	op                        string
	xs                        [7]*Tensor // x, h and what follows
	ins                       int
	c, ih, hh, biasIH, biasHH int // which of xs; 0: none
}

// take brings in the operands and checks them.
func (r *recurrence) take(x, h, c *Tensor, w Recurrent) *Pass {
	if x.rank != 3 || h.rank != 2 {
		fail(r.op, "shapes %v and %v are not an input N×T×F and a state N×H", x.Shape(), h.Shape())
	}
	r.N, r.T, r.F, r.H = int(x.dims[0]), int(x.dims[1]), int(x.dims[2]), int(h.dims[1])
	gates := r.Cell.Gates() * r.H
	r.xs[0], r.ins = x, 1
	r.add("state", h, r.N, r.H)
	if r.Cell == kernel.LSTM {
		r.c = r.add("state", c, r.N, r.H)
	}
	r.ih, r.hh = r.add("weight of the input", w.WeightIH, gates, r.F), r.add("weight of the state", w.WeightHH, gates, r.H)
	if w.BiasIH != nil {
		r.biasIH = r.add("bias", w.BiasIH, gates, -1)
	}
	if w.BiasHH != nil {
		r.biasHH = r.add("bias", w.BiasHH, gates, -1)
	}
	return owner(r.op, r.xs[:r.ins]...)
}

// add puts an operand behind the others, n×m or, if m is negative, n, and returns its number.
func (r *recurrence) add(what string, v *Tensor, n, m int) int {
	fits := v.rank == 1 && m < 0 || v.rank == 2 && int(v.dims[1]) == m
	if !fits || int(v.dims[0]) != n {
		fail(r.op, "a %s of shape %v does not fit the input %v and %d units", what, v.Shape(), r.xs[0].Shape(), r.H)
	}
	r.xs[r.ins] = v
	r.ins++
	return r.ins - 1
}

// run computes the results and records them.
func (r *recurrence) run(x, h, c *Tensor, w Recurrent) (y, hn, cn *Tensor) {
	p := r.take(x, h, c, w)
	state := h.shape()
	y, hn = p.makeDims([]int32{int32(r.N), int32(r.T), int32(r.H)}), p.makeDims(state)
	kept := r.memory(p, r.Cell.Kept())
	var cells *Tensor
	ys := []*Tensor{y, hn}
	if c != nil {
		cn = p.makeDims(state)
		ys = append(ys, cn)
		if p.recording(r.xs[:r.ins]...) {
			cells = r.memory(p, 1)
		}
	}
	s := r.sequence(y, hn, cn, kept, cells)
	r.Forward(&s)
	if o := p.recAll(r.op, vjpFused, ys, r.xs[:r.ins]...); o != nil {
		a := *r
		a.xs = [7]*Tensor{} // the tape has them
		o.fusion, o.attr, o.saved = &recurring, &a, [2]*Tensor{kept, cells}
	} else if p != nil {
		p.m.release(kept.block)
	}
	return y, hn, cn
}

// memory makes room for so many numbers of every unit at every step.
func (r *recurrence) memory(p *Pass, numbers int) *Tensor {
	return p.makeDims([]int32{int32(r.N * r.T), int32(numbers * r.H)})
}

// sequence hands the operands and results to the kernel.
func (r *recurrence) sequence(y, hn, cn, kept, cells *Tensor) kernel.Sequence {
	return kernel.Sequence{
		X: r.xs[0].data, H0: r.xs[1].data, C0: r.operand(r.c), IH: r.operand(r.ih), HH: r.operand(r.hh),
		BiasIH: r.operand(r.biasIH), BiasHH: r.operand(r.biasHH),
		Y: y.data, HN: hn.data, CN: data(cn), Kept: kept.data, C: data(cells),
	}
}

// operand returns the numbers of one of xs, nil for none.
func (r *recurrence) operand(i int) []Float {
	if i == 0 {
		return nil
	}
	return r.xs[i].data
}

var recurring = Fusion{
	Kernel: func(b *Back) {
		r, p := *b.op.attr.(*recurrence), b.p
		for i := range r.ins {
			r.xs[i] = b.in(i).t
		}
		y, hn := b.Y(0), b.Y(1)
		var cn, dcn, dc *Tensor
		if r.c > 0 {
			cn, dcn, dc = b.Y(2), b.G(2), p.makeDims(hn.shape())
		}
		dx, dh := b.wanted(0), p.makeDims(hn.shape())
		ih, hh, biasIH, biasHH := b.wanted(r.ih), b.wanted(r.hh), b.optional(r.biasIH), b.optional(r.biasHH)
		s := r.sequence(y, hn, cn, b.op.saved[0], b.op.saved[1])
		var past *Tensor
		if hh != nil {
			past = p.makeDims(y.shape())
		}
		r.Grad(&kernel.Sequence{
			X: data(dx), H0: dh.data, C0: data(dc), IH: data(ih), HH: data(hh), BiasIH: data(biasIH), BiasHH: data(biasHH),
			Y: data(b.G(0)), HN: data(b.G(1)), CN: data(dcn), Kept: r.memory(p, max(1, r.Cell.Kept())).data,
		}, &s, data(past))
		b.Give(0, dx)
		b.Give(1, dh)
		b.Give(r.c, dc)
		b.Give(r.ih, ih)
		b.Give(r.hh, hh)
		b.Give(r.biasIH, biasIH) // nothing, if there is none
		b.Give(r.biasHH, biasHH)
	},
	Compose: func(b *Back, xs []*Tensor) []*Tensor { return b.op.attr.(*recurrence).compose(xs) },
}

// compose is a recurrence made of operations on one step at a time.
func (r *recurrence) compose(xs []*Tensor) []*Tensor {
	inputs, h, c := xs[0].MatMulT(xs[r.ih]), xs[1], xs[r.c]
	if r.biasIH > 0 {
		inputs = inputs.Add(xs[r.biasIH])
	}
	steps := inputs.Unstack(1)
	ys := make([]*Tensor, len(steps))
	for i, input := range steps {
		own := h.MatMulT(xs[r.hh])
		if r.biasHH > 0 {
			own = own.Add(xs[r.biasHH])
		}
		switch r.Cell {
		case kernel.LSTM:
			g := input.Add(own).Chunk(1, 4)
			c = g[1].Sigmoid().Mul(c).Add(g[0].Sigmoid().Mul(g[2].Tanh()))
			h = g[3].Sigmoid().Mul(c.Tanh())
		case kernel.GRU:
			in, from := input.Chunk(1, 3), own.Chunk(1, 3)
			reset, update := in[0].Add(from[0]).Sigmoid(), in[1].Add(from[1]).Sigmoid()
			candidate := in[2].Add(reset.Mul(from[2])).Tanh()
			h = candidate.Add(update.Mul(h.Sub(candidate)))
		case kernel.ElmanTanh:
			h = input.Add(own).Tanh()
		case kernel.ElmanReLU:
			h = input.Add(own).ReLU()
		}
		ys[i] = h
	}
	y := inputs.Slice(2, 0, r.H) // of no steps
	if len(ys) > 0 {
		y = Stack(1, ys...)
	}
	if r.c > 0 {
		return []*Tensor{y, h, c}
	}
	return []*Tensor{y, h}
}
