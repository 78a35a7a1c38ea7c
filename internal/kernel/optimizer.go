package kernel

import (
	"math"
	"sort"
	"sync"
)

// A step is what an optimizer does to one parameter; lo to hi are elements of it.
type step interface {
	size() int
	run(lo, hi int)
}

// A stepsJob does the steps of many parameters as one task, whose pieces are elements as if the parameters lay one behind the other:
// most parameters of a network are small.
type stepsJob[T any, P interface {
	*T
	step
}] struct {
	steps []T
	ends  []int // where each parameter ends
}

// do runs the steps, of which each element is as much work as several are elsewhere.
func (t *stepsJob[T, P]) do(steps []T, work int) {
	t.steps, t.ends = steps, t.ends[:0]
	n := 0
	for i := range steps {
		n += P(&steps[i]).size()
		t.ends = append(t.ends, n)
	}
	parallel(n, streamGrain(n)/work, t)
	t.steps = nil
}

func (t *stepsJob[T, P]) run(lo, hi int) {
	for i := sort.SearchInts(t.ends, lo+1); lo < hi; i++ {
		s, end := P(&t.steps[i]), min(hi, t.ends[i])
		begin := t.ends[i] - s.size()
		s.run(lo-begin, end-begin)
		lo = end
	}
}

// SGD returns a step of stochastic gradient descent on the parameters w with their gradients g, as PyTorch does it: decay·w is added to
// g; with momentum the velocity v becomes momentum·v + (1 − dampening)·g, or g at the first step, and takes g's place, or with
// nesterov g + momentum·v does. v is nil without momentum.
func SGD(w, g, v []Float, lr, momentum, dampening, decay float64, nesterov, first bool) SGDStep {
	t := SGDStep{w: w, g: g, v: v, lr: Float(lr), decay: Float(decay), keep: Float(momentum), take: Float(1 - dampening)}
	if first {
		t.keep, t.take = 0, 1
	}
	t.velocity = 1
	if nesterov {
		t.gradient, t.velocity = 1, Float(momentum)
	}
	return t
}

// An SGDStep is v = keep·v + take·g, w −= lr·(gradient·g + velocity·v). Assembly reads its numbers in this order.
type SGDStep struct {
	w, g, v                                   []Float
	lr, decay, keep, take, gradient, velocity Float
}

// StepSGD does steps of SGD, each of another parameter.
func StepSGD(steps []SGDStep) {
	t := sgdJobs.Get().(*stepsJob[SGDStep, *SGDStep])
	t.do(steps, 1)
	sgdJobs.Put(t)
}

var sgdJobs = sync.Pool{New: func() any { return new(stepsJob[SGDStep, *SGDStep]) }}

func (t *SGDStep) size() int { return len(t.w) }

func (t *SGDStep) run(lo, hi int) {
	if t.v == nil {
		t.descend(t.w[lo:hi], t.g[lo:hi])
		return
	}
	v := t.v[lo:hi]
	if t.keep == 0 {
		clear(v) // what was in it, even NaN, is not kept
	}
	t.roll(t.w[lo:hi], t.g[lo:hi], v)
}

// descendGeneric is the step without momentum in plain Go.
func (t *SGDStep) descendGeneric(w, g []Float) {
	lr, decay := t.lr, t.decay
	g = g[:len(w)]
	for i := range w {
		w[i] -= lr * (g[i] + decay*w[i])
	}
}

// rollGeneric is the step with momentum in plain Go.
func (t *SGDStep) rollGeneric(w, g, v []Float) {
	lr, decay := t.lr, t.decay
	g, v = g[:len(w)], v[:len(w)]
	keep, take, gradient, velocity := t.keep, t.take, t.gradient, t.velocity
	for i := range w {
		d := g[i] + decay*w[i]
		v[i] = keep*v[i] + take*d
		w[i] -= lr * (gradient*d + velocity*v[i])
	}
}

// Adam returns a step of Adam (Kingma and Ba, 2015) on the parameters w with their gradients g, as PyTorch does it; m and v are the
// running means of g and g². bias1 is 1 − β₁ᵗ and bias2 is 1 − β₂ᵗ at step t = 1, 2, …, which like all numbers here are
// rounded to Float last. decay·w is added to g or, if decoupled, w shrinks by lr·decay first (AdamW, Loshchilov and Hutter, 2019).
func Adam(w, g, m, v []Float, lr, beta1, beta2, eps, decay, bias1, bias2 float64, decoupled bool) AdamStep {
	t := AdamStep{
		w: w, g: g, m: m, v: v, decay: Float(decay), keep: 1, eps: Float(eps), step: Float(lr / bias1),
		scale: Float(1 / math.Sqrt(bias2)), keep1: Float(beta1), take1: Float(1 - beta1), keep2: Float(beta2), take2: Float(1 - beta2),
	}
	if decoupled {
		t.decay, t.keep = 0, Float(1-lr*decay)
	}
	return t
}

// An AdamStep is m = keep1·m + take1·g, v = keep2·v + take2·g², w = keep·w − step·m/(√v·scale + eps). Assembly reads its
// numbers in this order.
type AdamStep struct {
	w, g, m, v                                                []Float
	keep1, take1, keep2, take2, eps, decay, keep, step, scale Float
}

// StepAdam does steps of Adam, each of another parameter.
func StepAdam(steps []AdamStep) {
	t := adamJobs.Get().(*stepsJob[AdamStep, *AdamStep])
	t.do(steps, 2)
	adamJobs.Put(t)
}

var adamJobs = sync.Pool{New: func() any { return new(stepsJob[AdamStep, *AdamStep]) }}

func (t *AdamStep) size() int { return len(t.w) }

func (t *AdamStep) run(lo, hi int) {
	t.adapt(t.w[lo:hi], t.g[lo:hi], t.m[lo:hi], t.v[lo:hi])
}

// adaptGeneric is the step in plain Go.
func (t *AdamStep) adaptGeneric(w, g, m, v []Float) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	keep1, take1, keep2, take2 := t.keep1, t.take1, t.keep2, t.take2
	eps, decay, keep, step, scale := t.eps, t.decay, t.keep, t.step, t.scale
	for i := range w {
		d := g[i] + decay*w[i]
		m[i] = keep1*m[i] + take1*d
		v[i] = keep2*v[i] + take2*d*d
		w[i] = w[i]*keep - step*m[i]/(Float(math.Sqrt(float64(v[i])))*scale+eps)
	}
}
