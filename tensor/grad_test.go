package tensor

import (
	"slices"
	"strings"
	"testing"
)

// checkDifferences compares the gradient of loss by parameters with differences of the loss.
func checkDifferences(t *testing.T, parameters []*Tensor, loss func(p *Pass) *Tensor) {
	t.Helper()
	p := Training(newRandom())
	got := make([]array, len(parameters))
	for i, g := range Grad(loss(p), parameters...) {
		got[i] = gradientOf(g, parameters[i])
	}
	p.End()
	h := tolerance(1e-3, .03)
	for i, w := range parameters {
		want := zeros(w.Shape())
		for j, at := range slices.Clone(w.data) {
			value := func(k float64) float64 {
				w.Edit()[j] = at + Float(k*h)
				p := Training(newRandom())
				defer p.End()
				return float64(loss(p).Item())
			}
			want.data[j] = (8*(value(1)-value(-1)) - (value(2) - value(-2))) / (12 * h)
			w.Edit()[j] = at
		}
		compare(t, "gradient", got[i], want, tolerance(1e-8, 3e-3))
	}
}

// smooth is a network without kinks.
func (n *network) smooth(x *Tensor) *Tensor {
	last := len(n.weights) - 1
	for i, w := range n.weights[:last] {
		x = x.MatMulT(w).Add(n.biases[i]).Tanh()
	}
	return x.MatMulT(n.weights[last]).Add(n.biases[last])
}

// example draws an input that is kept.
func example(shape ...int) *Tensor {
	p := Sampling(newRandom())
	defer p.End()
	return p.Normal(shape...).Clone()
}

func TestGradMisuse(t *testing.T) {
	p, q := Training(newRandom()), Inference()
	defer p.End()
	defer q.End()
	w := Param(2)
	y := p.Use(w)
	panics{
		"Grad: the output has shape [2]; it must be a single number":   func() { Grad(y, w) },
		"Grad: the output belongs to no pass":                          func() { Grad(New(), w) },
		"Grad: this pass does not record; use Training or Recording":   func() { Grad(q.Use(w).Sum(), w) },
		"Grad: the output depends on no variable or parameter":         func() { Grad(p.Zeros(), w) },
		"GradGraph: the output depends on no variable or parameter":    func() { GradGraph(y.Detach().Sum(), w) },
		"Grad: argument 2 is a constant; make it a Var or a parameter": func() { Grad(y.Sum(), w, New(2)) },
	}.check(t)
	p.Detached(func() *Tensor {
		mustPanic(t, "tensor: Grad: this pass does not record", func() { Grad(y.Sum(), w) })
		return nil
	})
	bad := p.Zeros()
	p.Op("Bad", func(b *Back) { b.Give(0, b.Pass().Zeros(3)) }, []*Tensor{bad}, []*Tensor{y})
	mustPanic(t, "tensor: Give: the gradient of input 0 has shape [3], the input [2]", func() { Grad(bad, w) })
	mustPanic(t, "tensor: Bad: the result of shape [] is already that of another operation", func() {
		p.Op("Bad", nil, []*Tensor{bad}, []*Tensor{y})
	})
}

// TestUnreached checks that a parameter of which nothing depends has a nil gradient, also where it was used.
func TestUnreached(t *testing.T) {
	p := Training(newRandom())
	defer p.End()
	used, aside, unused := Param(2), Param(2), Param(2)
	x := p.Zeros(2)
	x.Mul(aside)
	gs := Grad(x.Mul(used).Sum(), used, aside, unused)
	if gs[0] == nil || gs[1] != nil || gs[2] != nil {
		t.Errorf("gradients = %v, want only the first", gs)
	}
}

// TestGradOfIntermediates asks for gradients along a chain, for one twice, and for that of the output.
func TestGradOfIntermediates(t *testing.T) {
	p := Training(newRandom())
	defer p.End()
	x := p.Var(Of([]Float{3}, 1))
	y := x.Square()
	z := y.Scale(2).Sum()
	for range 2 {
		want := []Float{12, 2, 1, 12}
		for i, g := range Grad(z, x, y, z, x) {
			if got := g.Data()[0]; got != want[i] {
				t.Errorf("gradient %d = %v, want %v", i, got, want[i])
			}
		}
	}
}

// TestFrozen checks that nothing is recorded for parameters that are frozen.
func TestFrozen(t *testing.T) {
	n := newNetwork(newRandom(), 3, 4, 2)
	for _, w := range n.parameters() {
		w.Track(false)
	}
	p := Training(newRandom())
	defer p.End()
	features := n.forward(p.Normal(5, 3))
	if len(p.m.ops) != 0 || features.Tracked() {
		t.Errorf("a frozen network recorded %d operations", len(p.m.ops))
	}
	head := Param(1, 2)
	if g := Grad(features.MatMulT(head).Sum(), head)[0]; g == nil || len(p.m.ops) != 3 {
		t.Errorf("the head on it recorded %d operations, want 3: MatMulT, SumTo and Reshape", len(p.m.ops))
	}
}

// TestWrittenAfterUse checks that a stale gradient is refused, whatever way a heap tensor came into the pass.
func TestWrittenAfterUse(t *testing.T) {
	for name, use := range map[string]func(p *Pass, x, w *Tensor) *Tensor{
		"parameter": func(_ *Pass, x, w *Tensor) *Tensor { return x.Mul(w) },
		"frozen":    func(_ *Pass, x, w *Tensor) *Tensor { w.Track(false); return x.Mul(w) },
		"reshaped":  func(_ *Pass, x, w *Tensor) *Tensor { return x.Mul(w.Detach().Reshape(1, 2).Slice(0, 0, 1)) },
		"Use":       func(p *Pass, x, w *Tensor) *Tensor { return x.Mul(p.Use(w)) },
		"Input":     func(p *Pass, x, w *Tensor) *Tensor { return x.Mul(p.Input(w).Unsqueeze(0)) },
		"Var":       func(p *Pass, x, w *Tensor) *Tensor { return x.Mul(p.Var(w)) },
		"detached":  func(_ *Pass, x, w *Tensor) *Tensor { return x.Gate(w) },
	} {
		for how, write := range map[string]func(w *Tensor){
			"Edit":         func(w *Tensor) { w.Edit()[0] = 1 },
			"Set":          func(w *Tensor) { w.Set(New(2)) },
			"Edit of view": func(w *Tensor) { w.Detach().Edit()[0] = 1 },
		} {
			p := Training(newRandom())
			w, x := Param(2), p.Var(New(2))
			loss := use(p, x, w).Sum()
			Grad(loss, x)
			write(w)
			const want = "tensor: Grad: a tensor of shape [2] was written to"
			if got := panicOf(func() { Grad(loss, x) }); !strings.HasPrefix(got, want) {
				t.Errorf("%s, %s: panic %q, want %q", name, how, got, want)
			}
			Grad(use(p, x, w).Sum(), x) // computed again
			p.End()
		}
	}
}

// TestGAN takes the gradients of both networks in one pass.
func TestGAN(t *testing.T) {
	generator, critic := newNetwork(newRandom(), 2, 4, 3), newNetwork(newRandom(), 3, 4, 1)
	p := Training(newRandom())
	defer p.End()
	fake := generator.smooth(p.Normal(4, 2))
	critics := critic.smooth(fake.Detach()).Sum()
	generators := critic.smooth(fake).Sum().Neg()
	gs := Grad(critics, critic.parameters()...)
	for i, g := range Grad(critics, generator.parameters()...) {
		if g != nil {
			t.Errorf("the critic's loss reaches parameter %d of the generator", i)
		}
	}
	Grad(generators, generator.parameters()...) // before any step
	for i, w := range critic.parameters() {
		w.AddScaled(gs[i], -.1)
	}
	mustPanic(t, "tensor: Grad: a tensor of shape [", func() { Grad(generators, generator.parameters()...) })
	Grad(critic.smooth(fake).Sum(), generator.parameters()...) // the generator's part still holds
}

// TestGradientPenalty differentiates the penalty of WGAN-GP (Gulrajani et al. 2017, equation 3) by the critic's parameters.
func TestGradientPenalty(t *testing.T) {
	critic, images := newNetwork(newRandom(), 3, 5, 1), example(4, 3)
	checkDifferences(t, critic.parameters(), func(p *Pass) *Tensor {
		x := p.Var(images)
		slope := GradGraph(critic.smooth(x).Sum(), x)[0]
		norm := slope.Square().Sum(1).Shift(1e-3).Sqrt()
		return norm.Shift(-1).Square().Mean().Add(critic.smooth(p.Input(images)).Mean())
	})
}

// TestHessianVectorProduct compares the gradient of a gradient's product with a vector with differences.
func TestHessianVectorProduct(t *testing.T) {
	n, images, v := newNetwork(newRandom(), 3, 4, 3), example(5, 3), example(4, 3)
	checkDifferences(t, n.parameters(), func(p *Pass) *Tensor {
		loss := n.smooth(p.Input(images)).CrossEntropy([]int{0, 2, 1, 1, 0}, nil)
		return GradGraph(loss, n.weights[0])[0].Mul(v).Sum()
	})
}

// TestAccumulation sums gradients over passes to those of the sum.
func TestAccumulation(t *testing.T) {
	n, images := newNetwork(newRandom(), 3, 4, 1), example(6, 3)
	parameters, sums := n.parameters(), []*Tensor{}
	for _, w := range parameters {
		sums = append(sums, New(w.Shape()...))
	}
	for i := range 3 {
		p := Training(newRandom())
		for j, g := range Grad(n.smooth(p.Input(images).Slice(0, 2*i, 2*i+2)).Sum(), parameters...) {
			sums[j].AddScaled(g, 1)
		}
		p.End()
	}
	p := Training(newRandom())
	defer p.End()
	for i, g := range Grad(n.smooth(p.Input(images)).Sum(), parameters...) {
		compare(t, "sum of gradients", number(sums[i]), number(g), tolerance(1e-12, 1e-5))
	}
}

// TestCarriedState hands a state from pass to pass, as training through time does.
func TestCarriedState(t *testing.T) {
	w, state, inputs := Param(4, 4), New(2, 4), example(2, 4)
	copy(w.Edit(), example(4, 4).Data())
	run := func(p *Pass, h *Tensor) *Tensor {
		for range 5 {
			h = h.MatMulT(w).Add(p.Input(inputs)).Tanh()
		}
		return h
	}
	for range 3 {
		p := Training(newRandom())
		h := run(p, p.Input(state))
		Grad(h.Square().Sum(), w)
		state.Set(h)
		p.End()
	}
	p := Inference()
	defer p.End()
	want := run(p, run(p, run(p, p.Zeros(2, 4))))
	compare(t, "state", number(state), number(want), 0)
}

// TestNestedInference samples from the network while it is trained.
func TestNestedInference(t *testing.T) {
	n, images := newNetwork(newRandom(), 3, 4, 3), example(5, 3)
	checkDifferences(t, n.parameters()[1:], func(p *Pass) *Tensor {
		y := n.smooth(p.Input(images))
		q := Inference()
		sample := p.Input(newNetwork(newRandom(), 3, 2).smooth(q.Input(images)))
		q.End()
		return y.Slice(1, 0, 2).Mul(sample).Sum()
	})
}

// TestCheckpointMemory checks that checkpoints keep less; that their values and derivatives are right is in the table.
func TestCheckpointMemory(t *testing.T) {
	layers := func(xs []*Tensor) []*Tensor {
		y := xs[0]
		for range 10 {
			y = y.Shift(.1).Tanh()
		}
		return []*Tensor{y}
	}
	run := func(segment func(x *Tensor) *Tensor) (memory int, gradient array) {
		p := Training(newRandom())
		defer p.End()
		x := p.Var(example(32, 32))
		y := x
		for range 5 {
			y = segment(y)
		}
		memory = held(p)
		return memory, number(Grad(y.Sum(), x)[0])
	}
	plain, want := run(func(x *Tensor) *Tensor { return layers([]*Tensor{x})[0] })
	checkpoint, got := run(func(x *Tensor) *Tensor { return Checkpoint(layers, x)[0] })
	compare(t, "gradient", got, want, 0)
	if checkpoint*10 > plain {
		t.Errorf("checkpoints hold %d numbers of %d, want a tenth", checkpoint, plain)
	}
}

// TestPanicWithin checks that a pass in which something went wrong can still be used, and ended.
func TestPanicWithin(t *testing.T) {
	p := Training(newRandom())
	w := Param(2)
	x := p.Use(w)
	y := p.Zeros()
	p.Op("Panics", func(*Back) { panic("within") }, []*Tensor{y}, []*Tensor{x})
	mustPanic(t, "within", func() { Grad(y, w) })
	mustPanic(t, "within", func() { GradGraph(y, w) })
	mustPanic(t, "within", func() { Checkpoint(func([]*Tensor) []*Tensor { panic("within") }, x) })
	if !p.Records() {
		t.Error("the pass records no more")
	}
	if got := Grad(x.Scale(3).Sum(), w)[0].Data(); !slices.Equal(got, []Float{3, 3}) {
		t.Errorf("gradient after a panic = %v, want [3 3]", got)
	}
	p.End()
}

// TestGivenGradient checks that a VJP may go on using what it gave, also where its operands are one tensor.
func TestGivenGradient(t *testing.T) {
	p := Training(newRandom())
	defer p.End()
	x, y := p.Var(New(1)), p.Zeros(1)
	p.Op("Made", func(b *Back) {
		g := b.G(0).Scale(2)
		b.Give(0, g)
		b.Give(1, g.Scale(1))
		b.Give(2, g)
	}, []*Tensor{y}, []*Tensor{x, x, x})
	if got := Grad(y.Sum(), x)[0].Item(); got != 6 {
		t.Errorf("gradient = %v, want 6", got)
	}
}
