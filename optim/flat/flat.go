// Package flat makes the loss of a network a function of one slice of numbers, which is what package minimize works on:
//
//	f := flat.New(nn.Params(net), func(p *tensor.Pass) *tensor.Tensor {
//		return nn.CrossEntropy(net.Forward(p.Input(images)), labels)
//	})
//	r := minimize.Minimize(f, f.Start(), &minimize.LBFGS{Search: minimize.HagerZhang{}}, minimize.Settings{})
//	f.Set(r.X)
//
// The slice has the numbers of all parameters one after the other, each in row-major order.
package flat

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// A Loss is a function of n variables, the numbers of parameters. Its methods write to the parameters and leave them at the x that
// they were called with.
//
// In single precision a loss has seven digits, and line searches that compare losses stall where the gradient is still a thousandth
// or so of what it was. minimize.HagerZhang compares slopes in the end, and goes on for as long as the gradient has digits.
type Loss struct {
	Seed uint64 // of the random stream, which begins anew at every evaluation, so that a loss that draws is still a function

	params []*tensor.Tensor
	loss   func(p *tensor.Pass) *tensor.Tensor
	n      int
}

// New returns loss as a function of params, which live on the heap, are not frozen and among which is everything that is to change.
// loss is called once an evaluation, with a pass in which layers do not train, and returns a single number; it takes the same data
// every time.
func New(params []*tensor.Tensor, loss func(p *tensor.Pass) *tensor.Tensor) *Loss {
	f := &Loss{params: params, loss: loss}
	seen := make(map[*tensor.Tensor]bool, len(params))
	for i, w := range params {
		switch {
		case w == nil:
			fail("New", "parameter %d is nil", i)
		case w.Pass() != nil:
			fail("New", "parameter %d belongs to a pass; parameters live on the heap", i)
		case !w.Tracked():
			fail("New", "parameter %d is frozen", i)
		case seen[w]:
			fail("New", "parameter %d was given before", i)
		}
		seen[w] = true
		f.n += w.Len()
	}
	return f
}

// Start returns the parameters as they are, as n numbers.
func (f *Loss) Start() []float64 { return Pack(f.params) }

// Set sets the parameters to x.
func (f *Loss) Set(x []float64) { Unpack(f.params, x) }

// Value returns the loss at x. Its pass records although nothing is differentiated, since an operation may round in another way
// where nothing is recorded, and line searches compare the values of Value and Gradient.
func (f *Loss) Value(x []float64) float64 {
	p := f.begin(x)
	defer p.End()
	return float64(f.loss(p).Item())
}

// Gradient writes the gradient at x to g and returns the loss. The gradient by what the loss does not reach is 0.
func (f *Loss) Gradient(g, x []float64) float64 {
	p := f.begin(x)
	defer p.End()
	y := f.loss(p)
	f.pack("Gradient", g, tensor.Grad(y, f.params...))
	return float64(y.Item())
}

// Product writes the product of the Hessian at x with v to hv, as the gradient of ∇f·v (Pearlmutter 1994, Fast Exact Multiplication
// by the Hessian, https://doi.org/10.1162/neco.1994.6.1.147).
func (f *Loss) Product(hv, x, v []float64) {
	if len(v) != f.n {
		fail("Product", "the vector has %d numbers, the parameters have %d", len(v), f.n)
	}
	p := f.begin(x)
	defer p.End()
	slope := p.Zeros()
	for i, g := range tensor.GradGraph(f.loss(p), f.params...) {
		part := v[:f.params[i].Len()]
		if v = v[len(part):]; g == nil {
			continue
		}
		direction := p.Empty(g.Shape()...)
		round(direction.Data(), part)
		slope = slope.Add(g.Mul(direction).Sum())
	}
	if !slope.Tracked() { // the loss is linear
		clear(hv)
		return
	}
	f.pack("Product", hv, tensor.Grad(slope, f.params...))
}

// begin begins an evaluation at x.
func (f *Loss) begin(x []float64) *tensor.Pass {
	f.Set(x)
	return tensor.Recording(rand.New(rand.NewPCG(f.Seed, 0)))
}

// pack writes gradients to x, and 0 for those that are nil.
func (f *Loss) pack(op string, x []float64, gs []*tensor.Tensor) {
	if len(x) != f.n {
		fail(op, "there is room for %d numbers, the parameters have %d", len(x), f.n)
	}
	for i, w := range f.params {
		part := x[:w.Len()]
		if x = x[len(part):]; gs[i] == nil {
			clear(part)
			continue
		}
		widen(part, gs[i].Data())
	}
}

// Pack returns the numbers of tensors one after the other.
func Pack(ts []*tensor.Tensor) (x []float64) {
	for _, t := range ts {
		x = append(x, make([]float64, t.Len())...)
		widen(x[len(x)-t.Len():], t.Data())
	}
	return x
}

// Unpack writes the numbers in x to tensors on the heap, in the order of Pack.
func Unpack(ts []*tensor.Tensor, x []float64) {
	n := 0
	for _, t := range ts {
		n += t.Len()
	}
	if len(x) != n {
		fail("Unpack", "got %d numbers for tensors of %d", len(x), n)
	}
	for _, t := range ts {
		round(t.Edit(), x[:t.Len()])
		x = x[t.Len():]
	}
}

// widen copies the numbers of a tensor.
func widen(x []float64, data []tensor.Float) {
	for i, v := range data {
		x[i] = float64(v)
	}
}

// round copies numbers to a tensor.
func round(data []tensor.Float, x []float64) {
	for i, v := range x {
		data[i] = tensor.Float(v)
	}
}

// fail panics in the one form in which the package reports mistakes of the program.
func fail(op, format string, args ...any) {
	panic("flat: " + op + ": " + fmt.Sprintf(format, args...))
}
