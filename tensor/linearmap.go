package tensor

// A linearMap is a linear operation given by its loop and the loop of its adjoint. Each is the derivative of the other, so
// that one definition serves every order. Both loops overwrite y.
type linearMap struct {
	name           string
	from, to       []int32 // shapes
	apply, adjoint func(y, x []Float)
	attr           any // what those who look at the tape want to know
}

func (l *linearMap) forward(x *Tensor) *Tensor {
	return l.run(x, l.to, l.apply, vjpLinearForward)
}

func (l *linearMap) backward(y *Tensor) *Tensor {
	return l.run(y, l.from, l.adjoint, vjpLinearBackward)
}

func (l *linearMap) run(x *Tensor, to []int32, loop func(y, x []Float), vjp func(*Back)) *Tensor {
	p := owner(l.name, x)
	y := p.makeDims(to)
	loop(y.data, x.data)
	if o := p.rec(l.name, vjp, y, x); o != nil {
		o.attr = l
	}
	return y
}

func vjpLinearForward(b *Back)  { b.Give(0, b.op.attr.(*linearMap).backward(b.G(0))) }
func vjpLinearBackward(b *Back) { b.Give(0, b.op.attr.(*linearMap).forward(b.G(0))) }
