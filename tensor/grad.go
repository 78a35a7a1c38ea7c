package tensor

import "slices"

// A mark says what a number in the pass means to the gradient under way.
type mark uint8

const (
	onPath mark = 1 << iota // depends on a variable that is asked for
	wanted                  // is one
)

// scratch is what Grad works in, reused by the next call.
type scratch struct {
	back  Back
	marks []mark
	grads []*Tensor
}

func (s *scratch) clear() {
	s.back = Back{}
	clear(s.grads[:cap(s.grads)])
}

// Grad returns the gradients of the scalar y by each of xs, which are variables or parameters. Where y does not depend on an x,
// its gradient is nil. The gradients are constants of the pass; recording is paused while they are computed.
func Grad(y *Tensor, xs ...*Tensor) []*Tensor {
	p := differentiable("Grad", y)
	p.record = false
	defer func() { p.record = true }()
	return p.pull("Grad", []*Tensor{y}, nil, xs, 0, false)
}

// GradGraph is Grad with gradients that can be differentiated again: gradient penalties, Hessian-vector products.
func GradGraph(y *Tensor, xs ...*Tensor) []*Tensor {
	return differentiable("GradGraph", y).pull("GradGraph", []*Tensor{y}, nil, xs, 0, true)
}

func differentiable(op string, y *Tensor) *Pass {
	switch {
	case len(y.data) != 1:
		fail(op, "the output has shape %v; it must be a single number", y.Shape())
	case y.pass == nil:
		fail(op, "the output belongs to no pass")
	}
	y.live(op)
	switch {
	case !y.pass.record:
		fail(op, "this pass does not record; use Training or Recording")
	case !y.tracked:
		fail(op, "the output depends on no variable or parameter")
	}
	return y.pass
}

// pull runs the VJPs of the tape from its end down to op number from, and returns the gradients by xs. gys are the gradients of
// ys, nil for that of a scalar by itself. graph keeps the tape recording and frees nothing.
func (p *Pass) pull(name string, ys, gys, xs []*Tensor, from int, graph bool) []*Tensor {
	m := p.m
	for i, x := range xs {
		switch {
		case !x.tracked:
			fail(name, "argument %d is a constant; make it a Var or a parameter", i+1)
		case x.pass != nil && x.pass != p:
			fail(name, "argument %d belongs to another pass", i+1)
		}
		m.idOf(x)
	}
	b := p.back(int(m.ids)+1, graph)
	p.nested++
	defer func() { p.nested-- }()
	for _, x := range xs {
		b.marks[m.idOf(x)] = onPath | wanted
	}
	last := len(m.ops)
	b.markPaths(from, last)
	for i, y := range ys {
		switch {
		case gys == nil:
			one := p.makeDims(y.shape())
			one.data[0] = 1
			b.add(y.id, one)
		case gys[i] != nil:
			b.add(y.id, gys[i])
		}
	}
	for i := last - 1; i >= from; i-- {
		b.op = m.ops[i]
		if b.reached() {
			b.unwritten(name)
			p.profile.begin()
			b.run()
			p.profile.backward(i)
		}
	}
	gs := make([]*Tensor, len(xs))
	for i, x := range xs {
		if gs[i] = b.grads[m.idOf(x)]; gs[i] != nil && !graph && gs[i].block >= b.start {
			m.blocks[gs[i].block].refs-- // the caller's now
		}
	}
	return gs
}

// back returns the Back of a run over numbers below n. The outermost run works in scratch memory, one within a VJP in its own.
func (p *Pass) back(n int, graph bool) *Back {
	s := &p.m.scratch
	if p.nested > 0 {
		s = new(scratch)
	}
	s.marks = slices.Grow(s.marks[:0], n)[:n]
	s.grads = slices.Grow(s.grads[:0], n)[:n]
	clear(s.marks)
	clear(s.grads)
	s.back = Back{p: p, marks: s.marks, grads: s.grads, graph: graph, start: int32(len(p.m.blocks))}
	return &s.back
}

// markPaths marks every output that depends on a variable asked for.
func (b *Back) markPaths(from, to int) {
	for i := from; i < to; i++ {
		b.op = b.p.m.ops[i]
		on := false
		for j := range int(b.op.ins) {
			on = on || b.Need(j)
		}
		for j := range int(b.op.outs) {
			if on {
				b.marks[b.out(j).id] |= onPath
			}
		}
	}
}

// reached tells whether the op leads from a variable to an output that has a gradient.
func (b *Back) reached() bool {
	for i := range int(b.op.outs) {
		if b.G(i) != nil && b.marks[b.out(i).id]&onPath != 0 {
			return true
		}
	}
	return false
}

// unwritten panics if a heap tensor has changed since the op used it.
func (b *Back) unwritten(name string) {
	for i := range int(b.op.ins) {
		if in := b.in(i); in.t.root().writes != in.writes {
			fail(name, "a tensor of shape %v was written to (by an optimizer step?) after it was used in this pass",
				in.t.root().Shape())
		}
	}
}

// run calls the VJP of the op and frees what is no longer needed: the gradients of the outputs, and temporaries.
func (b *Back) run() {
	m := b.p.m
	b.first = int32(len(m.blocks))
	b.op.vjp(b)
	if b.graph {
		return
	}
	for i := range int(b.op.outs) {
		id := b.out(i).id
		if g := b.grads[id]; g != nil && b.marks[id]&wanted == 0 {
			b.drop(g)
			b.grads[id] = nil
		}
	}
	for i := b.first; i < int32(len(m.blocks)); i++ {
		if m.blocks[i].refs == 0 {
			m.release(i)
		}
	}
}
