package tensor

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/internal/kernel"
)

// A Pass is one run of data through a network. It owns the memory of everything computed in it, says whether operations are
// recorded and whether layers train, and carries the random stream. Only one goroutine may use a pass; any number of inference
// passes may run through one model at once, and at most one training pass.
//
// A tensor of a pass must not be used after End; Clone or Set what must outlive it. A nil Pass stands for the Go heap.
type Pass struct {
	m      *memory // nil once ended
	random *rand.Rand
	record bool
	train  bool
	nested int // calls of pull under way

	profile *profile // nil: nobody asks how long operations take
}

// Training begins a pass that records, in which layers train: dropout drops, batch norm takes the statistics of the batch.
func Training(r *rand.Rand) *Pass {
	return &Pass{m: takeMemory(), record: true, train: true, random: r}
}

// Recording begins a pass that records, in which layers do not train: saliency maps, line search.
func Recording(r *rand.Rand) *Pass { return &Pass{m: takeMemory(), record: true, random: r} }

// Inference begins a pass that neither records nor trains.
func Inference() *Pass { return &Pass{m: takeMemory()} }

// Sampling is Inference with a random stream, for models that draw.
func Sampling(r *rand.Rand) *Pass { return &Pass{m: takeMemory(), random: r} }

// End ends the pass and hands its memory to the next one.
func (p *Pass) End() {
	m := p.live("End")
	p.m = nil
	giveMemory(m)
}

// Train tells whether layers train in this pass.
func (p *Pass) Train() bool { return p != nil && p.train }

// Records tells whether operations are recorded at present.
func (p *Pass) Records() bool { return p != nil && p.record }

// Input brings x into the pass as a constant. The memory of a heap tensor is shared, a tensor of another pass is copied.
func (p *Pass) Input(x *Tensor) *Tensor {
	p.live("Input")
	x.live("Input")
	if x.pass == nil || x.pass == p {
		return p.alias(x, x.shape())
	}
	y := p.makeDims(x.shape())
	copy(y.data, x.data)
	return y
}

// Var brings x into the pass as a variable to differentiate by.
func (p *Pass) Var(x *Tensor) *Tensor {
	y := p.Input(x)
	y.tracked, y.id = true, p.m.newID()
	return y
}

// Use brings a parameter into the pass, where an expression has no other operand that belongs to it.
func (p *Pass) Use(w *Tensor) *Tensor {
	p.live("Use")
	w.live("Use")
	if w.pass != nil && w.pass != p {
		fail("Use", "the tensor belongs to another pass; bring it over with Input")
	}
	y := p.alias(w, w.shape())
	p.rec("Use", vjpIdentity, y, w)
	return y
}

func vjpIdentity(b *Back) { b.Give(0, b.G(0)) }

// Empty returns a tensor whose numbers are not set: for a result that is about to be computed.
func (p *Pass) Empty(shape ...int) *Tensor { return p.make("Empty", shape) }

// Zeros returns a tensor of zeros.
func (p *Pass) Zeros(shape ...int) *Tensor { return p.Full(0, shape...) }

// Full returns a tensor filled with v.
func (p *Pass) Full(v Float, shape ...int) *Tensor {
	y := p.make("Full", shape)
	kernel.Fill(y.data, v)
	return y
}

// Values returns a tensor of the pass with a copy of data.
func (p *Pass) Values(data []Float, shape ...int) *Tensor {
	y := p.make("Values", shape)
	if len(data) != len(y.data) {
		fail("Values", "%d numbers do not fill shape %v", len(data), y.Shape())
	}
	copy(y.data, data)
	return y
}

// Normal draws from the standard normal distribution.
func (p *Pass) Normal(shape ...int) *Tensor {
	y := p.make("Normal", shape)
	kernel.Normal(y.data, p.key("Normal"))
	return y
}

// Uniform draws from [0, 1).
func (p *Pass) Uniform(shape ...int) *Tensor {
	y := p.make("Uniform", shape)
	kernel.Uniform(y.data, p.key("Uniform"))
	return y
}

// Bernoulli draws value with probability prob, and 0 otherwise: the mask of dropout.
func (p *Pass) Bernoulli(prob, value Float, shape ...int) *Tensor {
	y := p.make("Bernoulli", shape)
	kernel.Bernoulli(y.data, p.key("Bernoulli"), prob, value)
	return y
}

// key draws the one number on which all elements of a random tensor depend, so that they depend on neither order nor threads.
func (p *Pass) key(op string) uint64 {
	if p == nil || p.random == nil {
		fail(op, "this pass has no random stream; use Training, Recording or Sampling")
	}
	return p.random.Uint64()
}

// Scope runs f and gives back the memory of everything that f made except its result, unless operations were recorded meanwhile:
// their derivatives need it.
func (p *Pass) Scope(f func() *Tensor) *Tensor {
	p.live("Scope")
	return p.scope(func() []*Tensor { return []*Tensor{f()} })[0]
}

func (p *Pass) scope(f func() []*Tensor) []*Tensor {
	m := p.m
	ops, first := len(m.ops), len(m.blocks)
	ys := f()
	if len(m.ops) > ops {
		return ys
	}
	p.keep(ys, 1)
	for i := first; i < len(m.blocks); i++ {
		if m.blocks[i].refs == 0 {
			m.release(int32(i))
		}
	}
	p.keep(ys, -1)
	return ys
}

// keep counts results as living in their blocks, or with -1 no longer.
func (p *Pass) keep(ys []*Tensor, n int32) {
	for _, y := range ys {
		if y != nil && y.pass == p {
			p.m.blocks[y.block].refs += n
		}
	}
}

// Sequence hands x through n steps, each in a Scope, and gives back what one step handed to the next. A network of many layers
// thereby needs the memory of two, where nothing is recorded.
func (p *Pass) Sequence(x *Tensor, n int, step func(i int, x *Tensor) *Tensor) *Tensor {
	if p == nil || p.record {
		for i := range n {
			x = step(i, x)
		}
		return x
	}
	given := x.block
	for i := range n {
		before := x
		x = p.Scope(func() *Tensor { return step(i, before) })
		if before.block != given && before.block != x.block {
			p.m.release(before.block)
		}
	}
	return x
}

// Detached runs f without recording: the critic's view of generated data, the forward run of checkpointing.
func (p *Pass) Detached(f func() *Tensor) *Tensor {
	p.live("Detached")
	defer func(was bool) { p.record = was }(p.record)
	p.record = false
	return f()
}

func (p *Pass) live(op string) *memory {
	if p.m == nil {
		fail(op, "this pass has ended; Clone what must outlive a pass")
	}
	return p.m
}

// make returns a tensor of the pass whose numbers are not set (on the heap: zero).
func (p *Pass) make(op string, shape []int) *Tensor {
	dims := narrow(op, shape)
	if p != nil {
		p.live(op)
	}
	return p.makeDims(dims[:len(shape)])
}

func (p *Pass) makeDims(dims []int32) *Tensor {
	var t *Tensor
	if p == nil {
		t = &Tensor{data: make([]Float, size(dims))}
	} else {
		t = p.m.header()
		t.pass = p
		t.data, t.block = p.m.alloc(size(dims))
	}
	t.rank = int8(len(dims))
	copy(t.dims[:], dims)
	return t
}

// alias returns the memory of x under another shape, without its history.
func (p *Pass) alias(x *Tensor, dims []int32) *Tensor {
	var t *Tensor
	if p == nil {
		t = new(Tensor)
	} else {
		t = p.m.header()
	}
	*t = Tensor{data: x.data, pass: p, rank: int8(len(dims)), source: x.source}
	if x.pass == nil {
		t.source = x.root()
	}
	if x.pass == p {
		t.block = x.block
	}
	copy(t.dims[:], dims)
	return t
}
