package tensor

// A Fusion is an operation that has kernels of its own for its value and its first derivative, and a composition of operations
// for the higher ones. The composition is also the oracle of its tests.
type Fusion struct {
	Kernel  func(b *Back)                         // the first derivative; nil: computed through Compose
	Compose func(b *Back, xs []*Tensor) []*Tensor // the same values from xs; parameters are arguments, never captured
}

// Fused records ys as computed from xs by a fusion of this name, see Op.
func (p *Pass) Fused(name string, f *Fusion, ys, xs []*Tensor) {
	p.results(name, ys)
	if o := p.recAll(name, vjpFused, ys, xs...); o != nil {
		o.fusion = f
	}
}

// fuse is Fused for one result; the op returned takes attributes and is nil where nothing is recorded.
func (p *Pass) fuse(name string, f *Fusion, y *Tensor, xs ...*Tensor) *op {
	o := p.rec(name, vjpFused, y, xs...)
	if o != nil {
		o.fusion = f
	}
	return o
}

// vjpFused runs the kernel, or where the gradient is to be differentiated again, records the composition and pulls the gradient
// through it. Every argument is aliased first, so that f(x, x) is not counted twice.
func vjpFused(b *Back) {
	p, m, f := b.p, b.p.m, b.op.fusion
	if f.Kernel != nil && !b.graph {
		f.Kernel(b)
		return
	}
	defer func(was bool) { p.record = was }(p.record)
	p.record = true
	ops, operands, used := len(m.ops), len(m.operands), m.used
	xs := make([]*Tensor, b.op.ins)
	var targets []*Tensor
	var slots []int
	for i := range xs {
		if xs[i] = b.in(i).t; b.Need(i) {
			xs[i] = p.Use(xs[i])
			targets, slots = append(targets, xs[i]), append(slots, i)
		}
	}
	from := len(m.ops)
	ys := f.Compose(b, xs)
	gys := make([]*Tensor, len(ys))
	for i := range gys {
		gys[i] = b.G(i)
	}
	p.record = b.graph
	for i, g := range p.pull("Fused", ys, gys, targets, from, b.graph) {
		b.Give(slots[i], g)
	}
	if !b.graph { // the composition has served
		clear(m.ops[ops:])
		clear(m.operands[operands:])
		m.ops, m.operands, m.used = m.ops[:ops], m.operands[:operands], used
	}
}

// unrecorded runs f on xs and keeps its results only.
func (p *Pass) unrecorded(f func(xs []*Tensor) []*Tensor, xs []*Tensor) []*Tensor {
	defer func(was bool) { p.record = was }(p.record)
	p.record = false
	own := make([]*Tensor, len(xs))
	for i, x := range xs {
		own[i] = p.own(x)
	}
	return p.scope(func() []*Tensor { return f(own) })
}

// Checkpoint runs f on xs without keeping what it computes on the way, and runs it again when the gradient is wanted: less memory
// for more time (Chen et al. 2016, https://arxiv.org/abs/1604.06174). Parameters that are to be trained must be among xs, and f
// must draw no random numbers: it runs twice.
func Checkpoint(f func(xs []*Tensor) []*Tensor, xs ...*Tensor) []*Tensor {
	p := owner("Checkpoint", xs...)
	if !p.recording(xs...) {
		return f(xs)
	}
	ys := p.unrecorded(f, xs)
	for i, y := range ys { // a result may be an argument handed through
		ys[i] = p.alias(y, y.shape())
	}
	p.Fused("Checkpoint", &Fusion{Compose: func(_ *Back, xs []*Tensor) []*Tensor { return f(xs) }}, ys, xs)
	return ys
}
