package optim

import "github.com/hadal-go/hadal/tensor"

// Flat reads parameters as one vector of numbers, for methods that know nothing of tensors, such as those of package optim/minimize.
type Flat struct{ Params []*tensor.Tensor }

// Len returns the length of the vector.
func (f Flat) Len() int {
	n := 0
	for _, w := range f.Params {
		n += w.Len()
	}
	return n
}

// Get returns the parameters as a vector.
func (f Flat) Get() []float64 { return flatten(f.Params, make([]float64, f.Len())) }

// Set sets the parameters from a vector.
func (f Flat) Set(x []float64) {
	for _, w := range f.Params {
		for i := range w.Edit() {
			w.Edit()[i] = tensor.Float(x[i])
		}
		x = x[w.Len():]
	}
}

// Gradient writes to g the gradient of a loss at x, which it returns. loss builds it in a pass that records and does not train.
func (f Flat) Gradient(g, x []float64, loss func(p *tensor.Pass) *tensor.Tensor) float64 {
	f.Set(x)
	p := tensor.Recording(nil)
	defer p.End()
	y := loss(p)
	flatten(tensor.Grad(y, f.Params...), g)
	return float64(y.Item())
}

// Product writes to h the Hessian of a loss at x times v: the derivative of gradient · v (Pearlmutter 1994).
func (f Flat) Product(h, x, v []float64, loss func(p *tensor.Pass) *tensor.Tensor) {
	f.Set(x)
	p := tensor.Recording(nil)
	defer p.End()
	along := p.Full(0)
	for _, g := range tensor.GradGraph(loss(p), f.Params...) {
		n := g.Len()
		part := tensor.New(g.Shape()...)
		for i := range part.Edit() {
			part.Edit()[i] = tensor.Float(v[i])
		}
		along = along.Add(g.Mul(p.Input(part)).Sum())
		v = v[n:]
	}
	flatten(tensor.Grad(along, f.Params...), h)
}

// flatten writes tensors one behind the other to x, which it returns.
func flatten(ts []*tensor.Tensor, x []float64) []float64 {
	at := x
	for _, t := range ts {
		for i, v := range t.Data() {
			at[i] = float64(v)
		}
		at = at[t.Len():]
	}
	return x
}
