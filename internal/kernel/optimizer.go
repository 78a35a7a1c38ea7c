package kernel

import "math"

// SGD does a step of stochastic gradient descent on the parameters w with their gradients g, as PyTorch does it: decay·w is added to
// g; with momentum the velocity v becomes momentum·v + (1 − dampening)·g, or g at the first step, and takes g's place, or with
// nesterov g + momentum·v does. v is nil without momentum.
func SGD(w, g, v []Float, lr, momentum, dampening, decay Float, nesterov, first bool) {
	t := sgdJob{w: w, g: g, v: v, lr: lr, decay: decay, keep: momentum, take: 1 - dampening}
	if first {
		t.keep, t.take = 0, 1
	}
	t.velocity = 1
	if nesterov {
		t.gradient, t.velocity = 1, momentum
	}
	sgdJobs.do(len(w), grain, t)
}

// The step of an sgdJob is v = keep·v + take·g, w −= lr·(gradient·g + velocity·v).
type sgdJob struct {
	w, g, v                                   []Float
	lr, decay, keep, take, gradient, velocity Float
}

var sgdJobs jobs[sgdJob, *sgdJob]

func (t *sgdJob) run(lo, hi int) {
	w, g := t.w[lo:hi], t.g[lo:hi]
	lr, decay := t.lr, t.decay
	if t.v == nil {
		for i := range w {
			w[i] -= lr * (g[i] + decay*w[i])
		}
		return
	}
	v := t.v[lo:hi][:len(w)]
	if t.keep == 0 {
		clear(v) // what was in it, even NaN, is not kept
	}
	g = g[:len(w)]
	keep, take, gradient, velocity := t.keep, t.take, t.gradient, t.velocity
	for i := range w {
		d := g[i] + decay*w[i]
		v[i] = keep*v[i] + take*d
		w[i] -= lr * (gradient*d + velocity*v[i])
	}
}

// Adam does a step of Adam (Kingma and Ba, 2015) on the parameters w with their gradients g, as PyTorch does it; m and v are the
// running means of g and g². bias1 is 1 − β₁ᵗ and bias2 is 1 − β₂ᵗ at step t = 1, 2, …. decay·w is added to g or, if decoupled, w
// shrinks by lr·decay first (AdamW, Loshchilov and Hutter, 2019).
func Adam(w, g, m, v []Float, lr, beta1, beta2, eps, decay, bias1, bias2 Float, decoupled bool) {
	t := adamJob{w: w, g: g, m: m, v: v, beta1: beta1, beta2: beta2, eps: eps, decay: decay, keep: 1}
	if decoupled {
		t.decay, t.keep = 0, 1-lr*decay
	}
	t.step = Float(float64(lr) / float64(bias1))
	t.scale = Float(1 / math.Sqrt(float64(bias2)))
	adamJobs.do(len(w), grain/2, t)
}

type adamJob struct {
	w, g, m, v                                  []Float
	beta1, beta2, eps, decay, keep, step, scale Float
}

var adamJobs jobs[adamJob, *adamJob]

func (t *adamJob) run(lo, hi int) {
	w := t.w[lo:hi]
	g, m, v := t.g[lo:hi][:len(w)], t.m[lo:hi][:len(w)], t.v[lo:hi][:len(w)]
	beta1, beta2, eps, decay, keep, step, scale := t.beta1, t.beta2, t.eps, t.decay, t.keep, t.step, t.scale
	for i := range w {
		d := g[i] + decay*w[i]
		m[i] = beta1*m[i] + (1-beta1)*d
		v[i] = beta2*v[i] + (1-beta2)*d*d
		w[i] = w[i]*keep - step*m[i]/(Float(math.Sqrt(float64(v[i])))*scale+eps)
	}
}
