package tensor

// An op is one recorded operation. Attributes stand in fields rather than in closures, so that recording allocates nothing.
type op struct {
	name   string
	vjp    func(*Back)
	fusion *Fusion
	first  int32 // operands[first:] are the inputs, then the outputs
	ins    int32
	outs   int32
	k, c   Float   // numbers
	n      [2]int  // axes, flags, sizes
	index  []int32 // positions
	attr   any     // geometry and the like
	saved  [2]*Tensor
}

// An operand is a tensor of an op with its number in the pass (0: a constant) and its count of writes at the time.
type operand struct {
	t      *Tensor
	id     int32
	writes uint32
}

func (m *memory) newID() int32 {
	m.ids++
	return m.ids
}

// idOf returns the number of x in the pass, 0 for a constant.
func (m *memory) idOf(x *Tensor) int32 {
	switch {
	case !x.tracked:
		return 0
	case x.pass != nil:
		return x.id
	}
	id := m.leaves[x]
	if id == 0 {
		id = m.newID()
		m.leaves[x] = id
	}
	return id
}

// owner returns the pass to which the result of an operation on xs belongs, nil if all of them are constants on the heap.
func owner(op string, xs ...*Tensor) *Pass {
	var p *Pass
	tracked := false
	for _, x := range xs {
		if x.pass == nil {
			tracked = tracked || x.tracked
			continue
		}
		x.live(op)
		if p != nil && p != x.pass {
			fail(op, "operands belong to two passes; bring one over with Input")
		}
		p = x.pass
	}
	if p == nil && tracked {
		fail(op, "parameters alone belong to no pass, so nothing would be recorded; bring one in with p.Use(w)")
	}
	return p
}

// own brings an operand that lives on the heap into the pass of the others.
func (p *Pass) own(x *Tensor) *Tensor {
	if p == nil || x.pass != nil {
		return x
	}
	return p.Use(x)
}

// recording tells whether an operation on xs will be recorded.
func (p *Pass) recording(xs ...*Tensor) bool {
	if p == nil || !p.record {
		return false
	}
	for _, x := range xs {
		if x.tracked {
			return true
		}
	}
	return false
}

// rec records y as computed from xs. The op returned takes attributes; it is nil where nothing is recorded.
func (p *Pass) rec(name string, vjp func(*Back), y *Tensor, xs ...*Tensor) *op {
	if !p.recording(xs...) {
		return nil
	}
	o := p.push(name, vjp, xs)
	p.produce(o, y)
	return o
}

// recAll is rec for an operation with several results.
func (p *Pass) recAll(name string, vjp func(*Back), ys []*Tensor, xs ...*Tensor) *op {
	if !p.recording(xs...) {
		return nil
	}
	o := p.push(name, vjp, xs)
	for _, y := range ys {
		p.produce(o, y)
	}
	return o
}

func (p *Pass) push(name string, vjp func(*Back), xs []*Tensor) *op {
	m := p.m
	m.ops = append(m.ops, op{name: name, vjp: vjp, first: int32(len(m.operands)), ins: int32(len(xs))})
	for _, x := range xs {
		m.operands = append(m.operands, operand{x, m.idOf(x), x.root().writes})
	}
	p.profile.forward(len(m.ops) - 1)
	return &m.ops[len(m.ops)-1]
}

func (p *Pass) produce(o *op, y *Tensor) {
	m := p.m
	y.tracked, y.id = true, m.newID()
	m.operands = append(m.operands, operand{t: y, id: y.id})
	o.outs++
}

// Op records that ys were computed from xs by the operation of this name, with vjp to state the derivative: how anyone writes an
// operation. The values of ys are computed before, into tensors that the pass made (p.Empty). A VJP must be made of operations
// and reach tensors through its argument only, so that derivatives of every order exist; numbers it may capture. On the heap (a
// nil pass) Op does nothing.
func (p *Pass) Op(name string, vjp func(*Back), ys, xs []*Tensor) {
	p.results(name, ys)
	p.recAll(name, vjp, ys, xs...)
}

// results checks what someone outside the package says to be the results of an operation.
func (p *Pass) results(name string, ys []*Tensor) {
	if p != nil {
		p.live(name)
	}
	for _, y := range ys {
		if y.pass != p {
			fail(name, "the result of shape %v was not made by the pass of the operands", y.Shape())
		}
		if y.tracked {
			fail(name, "the result of shape %v is already that of another operation", y.Shape())
		}
	}
}

// PassOf returns the pass to which the result of an operation on xs belongs, nil for constants on the heap; it panics if they
// belong to different passes or to an ended one.
func PassOf(op string, xs ...*Tensor) *Pass { return owner(op, xs...) }

// A Back is what the VJP of an operation sees: outputs and their gradients, inputs, and where to put the gradients of the inputs.
type Back struct {
	p     *Pass
	op    op        // a copy: the tape grows, and moves, while a VJP runs
	grads []*Tensor // by number
	marks []mark    // by number
	graph bool      // the gradients are recorded, nothing is freed
	start int32     // blocks from here on were made by this run and may be freed
	first int32     // blocks from here on were made by the VJP under way, which may still use them
}

// Pass returns the pass.
func (b *Back) Pass() *Pass { return b.p }

// G returns the gradient of output i, nil if nothing depends on it.
func (b *Back) G(i int) *Tensor { return b.grads[b.out(i).id] }

// Y returns output i.
func (b *Back) Y(i int) *Tensor { return b.out(i).t }

// X returns input i. One that lives on the heap is brought into the pass, so that a VJP may compute with it alone.
func (b *Back) X(i int) *Tensor { return b.p.own(b.in(i).t) }

// Need tells whether the gradient of input i is wanted.
func (b *Back) Need(i int) bool { return b.marks[b.in(i).id]&onPath != 0 }

func (b *Back) in(i int) *operand  { return &b.p.m.operands[int(b.op.first)+i] }
func (b *Back) out(i int) *operand { return &b.p.m.operands[int(b.op.first+b.op.ins)+i] }

// Give adds g to the gradient of input i; a nil g is zero.
func (b *Back) Give(i int, g *Tensor) {
	if g == nil || !b.Need(i) {
		return
	}
	if x := b.in(i).t; !sameShape(x, g) {
		fail("Give", "the gradient of input %d has shape %v, the input %v", i, g.Shape(), x.Shape())
	}
	b.add(b.in(i).id, g)
}

// add adds g to the gradient of a number.
func (b *Back) add(id int32, g *Tensor) {
	old := b.grads[id]
	if old == nil {
		b.grads[id] = b.hold(g)
		return
	}
	if b.owns(old) {
		addInto(old, g) // nobody else sees the old sum
		return
	}
	b.grads[id] = b.hold(old.Add(g))
	b.drop(old)
}

// hold counts a gradient as living in its block.
func (b *Back) hold(g *Tensor) *Tensor {
	if g.block >= b.start && g.pass == b.p {
		b.p.m.blocks[g.block].refs++
	}
	return g
}

// drop ends what hold began, and frees the block with its last gradient. What the VJP under way made is freed behind it.
func (b *Back) drop(g *Tensor) {
	if b.graph || g.block < b.start {
		return
	}
	blk := &b.p.m.blocks[g.block]
	if blk.refs--; blk.refs == 0 && g.block < b.first {
		b.p.m.release(g.block)
	}
}
