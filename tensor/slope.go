package tensor

import "github.com/hadal-go/hadal/internal/kernel"

// What follows are first derivatives in one pass over memory, for VJPs whose operations would take several. They report false, and
// do nothing, where the gradient is to be differentiated again: then the VJP goes on with operations.

// slope gives input 0 what a loop makes of the gradient of the output and of x, the input or the output.
func (b *Back) slope(f kernel.Mixture, x *operand, k, c Float) bool {
	if b.graph {
		return false
	}
	dx := b.room(0)
	f.Apply(dx.data, b.G(0).data, x.t.data, k, c)
	b.Give(0, dx)
	return true
}

// slopeBy is slope for an operation on two numbers.
func (b *Back) slopeBy(f *kernel.Binary, x *operand) bool {
	if b.graph {
		return false
	}
	dx := b.room(0)
	f.Apply(dx.data, b.G(0).data, x.t.data)
	b.Give(0, dx)
	return true
}

// room returns a tensor for a gradient of the shape of output i: in the memory of the gradient of that output, if it is used for
// the last time.
func (b *Back) room(i int) *Tensor {
	o := b.out(i)
	g := b.grads[o.id]
	if b.owns(g) && b.marks[o.id]&wanted == 0 {
		return b.p.alias(g, g.shape())
	}
	return b.p.makeDims(g.shape())
}

// owns tells whether nobody else sees the memory of a gradient.
func (b *Back) owns(g *Tensor) bool {
	return !b.graph && g.pass == b.p && g.block >= b.start && g.block < b.first && b.p.m.blocks[g.block].refs == 1
}

// giveProduct gives input i the gradient of output 0 times x, of the same shape: added to what the input has of others, in one
// pass. After the last use of the gradient, the product takes its memory.
func (b *Back) giveProduct(i int, x *Tensor, last bool) {
	g, sum := b.G(0), b.grads[b.in(i).id]
	switch {
	case sum != nil && b.owns(sum):
		kernel.AddProduct(sum.data, g.data, x.data)
		return
	case last:
		dx := b.room(0)
		kernel.Mul.Apply(dx.data, g.data, x.data)
		b.Give(i, dx)
	default:
		b.Give(i, g.Mul(x))
	}
}

// giveScaled gives input 0 the gradient of output 0 times k.
func (b *Back) giveScaled(k Float) bool {
	g, sum := b.G(0), b.grads[b.in(0).id]
	switch {
	case b.graph:
		return false
	case sum != nil && b.owns(sum):
		kernel.AddScaled(sum.data, g.data, k)
	case k == 1:
		b.Give(0, g)
	default:
		dx := b.room(0)
		kernel.Unary(kernel.Affine).Apply(dx.data, g.data, k, 0)
		b.Give(0, dx)
	}
	return true
}
