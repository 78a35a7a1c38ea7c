package tensor

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// network is a multilayer perceptron with weights as PyTorch has them: outputs×inputs.
type network struct{ weights, biases []*Tensor }

func newNetwork(r *rand.Rand, sizes ...int) *network {
	n := &network{}
	for i, in := range sizes[:len(sizes)-1] {
		w := Param(sizes[i+1], in)
		for j := range w.data {
			w.data[j] = Float(r.NormFloat64()) / Float(in)
		}
		n.weights, n.biases = append(n.weights, w), append(n.biases, Param(sizes[i+1]))
	}
	return n
}

func (n *network) forward(x *Tensor) *Tensor {
	for i, w := range n.weights {
		x = x.MatMulT(w).Add(n.biases[i])
		if i < len(n.weights)-1 {
			x = x.ReLU()
		}
	}
	return x
}

func (n *network) parameters() []*Tensor {
	return append(append([]*Tensor{}, n.weights...), n.biases...)
}

// step returns a training step: a forward run, gradients, and plain gradient descent.
func (n *network) step(images *Tensor, labels []int) func() {
	random, parameters := newRandom(), n.parameters()
	return func() {
		p := Training(random)
		loss := n.forward(p.Input(images)).CrossEntropy(labels, nil)
		for i, g := range Grad(loss, parameters...) {
			descend(parameters[i].Edit(), g.Data(), .01)
		}
		p.End()
	}
}

func descend(w, g []Float, rate Float) {
	for i, v := range g {
		w[i] -= rate * v
	}
}

// digitStep is a step of a network of the size that learns digits.
func digitStep() func() {
	return newNetwork(newRandom(), 784, 256, 128, 10).step(example(64, 784), make([]int, 64))
}

// TestStepAllocations bounds what a training step leaves to the garbage collector.
func TestStepAllocations(t *testing.T) {
	countable(t)
	step := digitStep()
	step()
	if got := testing.AllocsPerRun(20, step); got > 8 {
		t.Errorf("a training step makes %v allocations, want at most 8", got)
	}
}

// TestGarbageDoesNotGrow checks that what a step leaves depends on the size of no tensor.
func TestGarbageDoesNotGrow(t *testing.T) {
	countable(t)
	garbage := func(width int) uint64 {
		step := newNetwork(newRandom(), width, width, width, 10).step(New(8, width), make([]int, 8))
		return bytesOf(step)
	}
	small, large := garbage(16), garbage(512)
	if large > small+1024 {
		t.Errorf("a step leaves %d bytes with tensors of 16 columns, %d with 512", small, large)
	}
}

// countable skips a test that counts what is allocated under the race detector, which empties the pools of the kernels.
func countable(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
}

// bytesOf returns what a function allocates each time at least, once it is warm.
func bytesOf(f func()) uint64 {
	f()
	f()
	least := uint64(math.MaxUint64)
	for range 20 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

func BenchmarkStep(b *testing.B) {
	Poison(false)
	defer Poison(true)
	step := digitStep()
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

// TestPeak checks that gradients are freed after their last use.
func TestPeak(t *testing.T) {
	const numbers = 64 * 64
	p := Training(newRandom())
	defer p.End()
	x := p.Var(New(64, 64))
	y := x
	for range 50 {
		y = y.Tanh()
	}
	l := y.Sum()
	before := p.m.offset
	Grad(l, x)
	if used := p.m.offset - before; used > 5*numbers {
		t.Errorf("the gradient of 50 layers took %d tensors, want at most 5", used/numbers)
	}
}

// TestForgottenEnd checks that a pass that nobody ended goes to the garbage collector.
func TestForgottenEnd(t *testing.T) {
	step := func() {
		p := Training(newRandom())
		x := p.Var(New(1000, 100))
		Grad(x.Tanh().Sum(), x)
	}
	inUse := func() uint64 {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := inUse()
	for range 30 { // each takes a MB at least
		step()
	}
	if after := inUse(); after > before+10<<20 {
		t.Errorf("30 forgotten passes hold %d MB", (after-before)>>20)
	}
}

// TestIdleMemory checks that what passes leave to the next ones is bounded, in pieces and in numbers.
func TestIdleMemory(t *testing.T) {
	bounded := func() {
		t.Helper()
		if len(idle.list) > maxIdle || idle.floats > maxIdleFloats {
			t.Errorf("%d pieces with %d numbers are idle, want at most %d and %d", len(idle.list), idle.floats, maxIdle,
				maxIdleFloats)
		}
	}
	passes := make([]*Pass, 2*maxIdle)
	for i := range passes {
		passes[i] = Inference()
		passes[i].Zeros(100)
	}
	for _, p := range passes {
		p.End()
	}
	bounded()
	p := Inference()
	p.m.floats += maxIdleFloats // as if it had been a giant
	p.End()
	bounded()
	sum := 0
	for _, m := range idle.list {
		sum += m.floats
	}
	if sum != idle.floats {
		t.Errorf("idle.floats = %d, want %d", idle.floats, sum)
	}
}

// TestWarmMemory checks that a second pass of the same size takes no new memory, and one slab serves what many did.
func TestWarmMemory(t *testing.T) {
	countable(t)
	pass := func() {
		p := Inference()
		for range 5 {
			p.Zeros(slabFloats / 2)
		}
		p.End()
	}
	pass()
	if got := bytesOf(pass); got > 16<<10 {
		t.Errorf("a pass in warm memory allocates %d bytes", got)
	}
}
