package tensor

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestEndedPass(t *testing.T) {
	p := Training(newRandom())
	stale := p.Normal(4, 2)
	variable := p.Var(New(2))
	p.End()
	check := func(when string) {
		t.Helper()
		for _, f := range []func(){
			func() { stale.Tanh() },
			func() { New(4, 2).Add(stale) },
			func() { stale.Reshape(8) },
			func() { stale.Data() },
			func() { stale.Item() },
			func() { stale.Clone() },
			func() { stale.Detach() },
			func() { stale.Finite() },
			func() { stale.ArgMax() },
			func() { New(4, 2).Set(stale) },
			func() { New(4, 2).AddScaled(stale, 1) },
			func() { Inference().Input(stale) },
			func() { Inference().Use(stale) },
			func() { Grad(variable.Sum(), variable) },
			func() { p.Zeros(1) },
			func() { p.Input(New(1)) },
			func() { p.Lookup(New(1, 1), nil) },
			func() { p.Scope(func() *Tensor { return nil }) },
			func() { p.Detached(func() *Tensor { return nil }) },
			func() { p.Op("Op", nil, nil, nil) },
			func() { p.End() },
		} {
			if got := panicOf(f); !strings.HasSuffix(got, ": this pass has ended; Clone what must outlive a pass") {
				t.Errorf("%s: panic %q, want that the pass has ended", when, got)
			}
		}
		if got, want := stale.String(), "tensor[4 2] of an ended pass"; got != want {
			t.Errorf("%s: String() = %q, want %q", when, got, want)
		}
	}
	check("at once")
	q := Training(newRandom())
	defer q.End()
	for range 200 { // the memory of p is in use again
		q.Normal(4, 2)
	}
	check("under the next pass")
}

func TestTwoPasses(t *testing.T) {
	p, q := Training(newRandom()), Inference()
	defer p.End()
	defer q.End()
	x, y := p.Var(New(2, 2)), q.Zeros(2, 2)
	mustPanic(t, "tensor: Add: operands belong to two passes; bring one over with Input", func() { x.Add(y) })
	mustPanic(t, "tensor: Grad: argument 2 belongs to another pass", func() {
		other := Training(nil)
		defer other.End()
		Grad(x.Sum(), x, other.Var(New(2)))
	})
	z := x.Add(p.Input(y.Shift(1))) // brought over: a copy
	if !slices.Equal(z.Data(), []Float{1, 1, 1, 1}) {
		t.Errorf("x + Input(y) = %v, want ones", z)
	}
}

func TestMisuseOfTensors(t *testing.T) {
	p := Inference()
	defer p.End()
	w, x := Param(2, 2), p.Zeros(2, 2)
	panics{
		"Mul: parameters alone belong to no pass, so nothing would be recorded; bring one in with p.Use(w)": func() {
			w.Mul(w)
		},
		"Of: 3 numbers do not fill shape [2 2]":                            func() { Of(make([]Float, 3), 2, 2) },
		"Values: 3 numbers do not fill shape [2 2]":                        func() { p.Values(make([]Float, 3), 2, 2) },
		"New: shape [2 -1] has an axis of length -1":                       func() { New(2, -1) },
		"Full: shape [1 1 1 1 1 1 1] has more than 6 axes":                 func() { p.Zeros(1, 1, 1, 1, 1, 1, 1) },
		"Dim: shape [2 2] has no axis -3":                                  func() { w.Dim(-3) },
		"Item: shape [2 2] is not a single number":                         func() { w.Item() },
		"Edit: only a tensor on the heap can be written to":                func() { x.Edit() },
		"Set: cannot write shape [2 2] into [2]":                           func() { New(2).Set(w) },
		"AddScaled: cannot add shape [2] to [2 2]":                         func() { w.AddScaled(New(2), 1) },
		"Track: only a tensor on the heap is a parameter; use Var or Deta": func() { x.Track(true) },
		"Normal: this pass has no random stream; use Training":             func() { p.Normal(2) },
		"Uniform: this pass has no random stream":                          func() { p.Uniform(2) },
		"Bernoulli: this pass has no random stream":                        func() { p.Bernoulli(.5, 1, 2) },
		"Op: the result of shape [2] was not made by the pass":             func() { p.Op("Op", nil, []*Tensor{New(2)}, []*Tensor{x}) },
		"Fused: the result of shape [2] was not made by the pass":          func() { p.Fused("Fused", nil, []*Tensor{New(2)}, []*Tensor{x}) },
	}.check(t)
}

// TestHeap checks that constants outside a pass compute on the heap.
func TestHeap(t *testing.T) {
	a := Of([]Float{1, 2}, 2)
	if y := a.Add(a).Reshape(1, 2); y.Pass() != nil || y.Tracked() || !slices.Equal(y.Data(), []Float{2, 4}) {
		t.Errorf("a + a = %v, want [2 4] on the heap", y)
	}
	b := a.Clone()
	b.Set(Of([]Float{3, 4}, 2))
	b.AddScaled(a, 2)
	if !slices.Equal(b.Data(), []Float{5, 8}) || !slices.Equal(a.Data(), []Float{1, 2}) {
		t.Errorf("b = %v and a = %v, want [5 8] and [1 2]", b.Data(), a.Data())
	}
	if got := Of([]Float{1, Float(math.NaN())}, 2).Finite(); got {
		t.Error("Finite() of NaN = true, want false")
	}
	if got, want := b.String(), "tensor[2][5 8]"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

func TestKindsOfPass(t *testing.T) {
	for _, c := range []struct {
		name           string
		pass           *Pass
		records, train bool
	}{
		{"Training", Training(newRandom()), true, true},
		{"Recording", Recording(newRandom()), true, false},
		{"Inference", Inference(), false, false},
		{"Sampling", Sampling(newRandom()), false, false},
		{"heap", nil, false, false},
	} {
		if c.pass.Records() != c.records || c.pass.Train() != c.train {
			t.Errorf("%s: Records() = %v, Train() = %v", c.name, c.pass.Records(), c.pass.Train())
		}
		if c.pass != nil {
			y := c.pass.Use(Param(2)).Tanh()
			if recorded := len(c.pass.m.ops) == 2; y.Tracked() != c.records || recorded != c.records {
				t.Errorf("%s: Tracked() = %v, %d operations recorded", c.name, y.Tracked(), len(c.pass.m.ops))
			}
			c.pass.End()
		}
	}
}

// TestRandom checks that a random tensor depends on one number of the stream, and on neither threads nor its neighbours.
func TestRandom(t *testing.T) {
	defer SetThreads(Threads())
	draw := func(threads int) []Float {
		SetThreads(threads)
		p := Sampling(newRandom())
		defer p.End()
		all := []Float{}
		for _, x := range []*Tensor{p.Normal(300, 200), p.Uniform(70000), p.Bernoulli(.25, 4, 70000)} {
			all = append(all, x.Data()...)
		}
		return append(all, Float(p.random.Uint64()%1000))
	}
	one := draw(1)
	if !slices.Equal(one, draw(2)) {
		t.Error("two threads draw other numbers than one")
	}
	r := newRandom()
	r.Uint64()
	r.Uint64()
	r.Uint64()
	if got, want := one[len(one)-1], Float(r.Uint64()%1000); got != want {
		t.Errorf("after three random tensors the stream gives %v, want %v: one draw for each", got, want)
	}
}

func TestDetached(t *testing.T) {
	p := Training(newRandom())
	defer p.End()
	x := p.Var(Of([]Float{2}, 1))
	y := p.Detached(func() *Tensor { return x.Square() })
	if y.Tracked() || !p.Records() {
		t.Errorf("Tracked() = %v, Records() = %v, want a constant in a pass that records again", y.Tracked(), p.Records())
	}
	if got := Grad(y.Mul(x).Sum(), x)[0].Item(); got != 4 {
		t.Errorf("gradient = %v, want 4: of the second factor only", got)
	}
	mustPanic(t, "within", func() { p.Detached(func() *Tensor { panic("within") }) })
	if !p.Records() {
		t.Error("the pass does not record after a panic within Detached")
	}
}

// held returns how many numbers of a pass are in use.
func held(p *Pass) (n int) {
	for _, b := range p.m.blocks {
		n += len(b.mem)
	}
	return n
}

func TestScope(t *testing.T) {
	p := Inference()
	defer p.End()
	y := p.Input(New(64, 64))
	var leaked *Tensor
	for range 50 {
		y = p.Scope(func() *Tensor {
			leaked = y.Tanh()
			return leaked.Mul(leaked).Reshape(4096).Reshape(64, 64)
		})
	}
	if got, want := held(p), 50*4096; got != want {
		t.Errorf("50 scopes hold %d numbers, want %d: their results", got, want)
	}
	mustPanic(t, "tensor: Tanh: this tensor was made inside a Scope that has ended", func() { leaked.Tanh() })
	if got := p.Scope(func() *Tensor { return y }); got != y || got.Data()[0] != 0 {
		t.Error("a Scope lost a result that was made before it")
	}
	q := Training(nil)
	defer q.End()
	for range 100 {
		q.Zeros(1)
	}
	for _, other := range []*Tensor{nil, New(1), q.Zeros(1)} {
		if got := p.Scope(func() *Tensor { p.Zeros(1); return other }); got != other {
			t.Errorf("a Scope that returns %v returned %v", other, got)
		}
	}
	x := q.Var(Of([]Float{.5}, 1))
	var inner *Tensor
	z := q.Scope(func() *Tensor { inner = x.Exp(); return inner.Square() })
	if !inner.Finite() {
		t.Error("a Scope freed what was recorded")
	}
	Grad(z.Sum(), x)
}

func TestSequence(t *testing.T) {
	layer := func(_ int, x *Tensor) *Tensor { return x.Shift(1).Tanh() }
	p := Inference()
	defer p.End()
	x := p.Zeros(64, 64)
	y := p.Sequence(x, 50, layer)
	if got := held(p); got != 2*4096 {
		t.Errorf("50 layers hold %d numbers, want %d: the input and the result", got, 2*4096)
	}
	if used := p.m.offset; used > 4*4096 {
		t.Errorf("50 layers took %d numbers, want at most %d", used, 4*4096)
	}
	if !x.Finite() || !y.Finite() {
		t.Error("Sequence freed its input or its result")
	}
	same := p.Sequence(x, 3, func(_ int, x *Tensor) *Tensor { return x })
	if same != x || !x.Finite() {
		t.Error("Sequence of nothing freed its input")
	}
}

// TestConcurrentInference runs many passes through one network at once; the race detector watches.
func TestConcurrentInference(t *testing.T) {
	r := newRandom()
	n := newNetwork(r, 8, 16, 4)
	x := Of(Sampling(r).Normal(2, 8).Data(), 2, 8)
	p := Inference()
	want := n.forward(p.Input(x)).Clone()
	p.End()
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				p := Inference()
				if got := n.forward(p.Input(x)); !slices.Equal(got.Data(), want.Data()) {
					t.Errorf("output = %v, want %v", got, want)
				}
				p.End()
			}
		})
	}
	group.Wait()
}

// TestThreads checks that one thread and two compute the same bits.
func TestThreads(t *testing.T) {
	defer SetThreads(Threads())
	run := func(threads int) (all []Float) {
		SetThreads(threads)
		r := newRandom()
		p := Training(r)
		defer p.End()
		x, w, k := p.Var(New(8, 28, 28, 3)), newNetwork(r, 12*12*8, 10), Param(5, 5, 3, 8)
		copy(x.data, p.Normal(8, 28, 28, 3).Data())
		copy(k.Edit(), p.Normal(5, 5, 3, 8).Data())
		features := x.Conv2D(k, Conv{}).ReLU().MaxPool2D(Pool{Kernel: 2})
		mean := features.MeanKeep(0, 1, 2)
		features = features.Sub(mean).Div(features.Sub(mean).Square().MeanKeep(0, 1, 2).Shift(1e-5).Sqrt())
		loss := w.forward(features.Flatten(1)).CrossEntropy([]int{0, 1, 2, 3, 4, 5, 6, 7}, nil)
		all = append(all, loss.Item())
		for _, g := range Grad(loss, append(w.parameters(), k, x)...) {
			all = append(all, g.Data()...)
		}
		return all
	}
	if one, two := run(1), run(2); !slices.Equal(one, two) {
		t.Error("one thread and two give different gradients")
	}
}
