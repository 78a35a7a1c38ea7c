package kernel

import (
	"math"
	"sync"
)

// A Rule is what one step of an optimizer does to elements lo to hi of a parameter.
type Rule func(t *RuleStep, lo, hi int)

// A RuleStep is the step of one parameter W with its gradient G by a rule. A, B and C are what the rule remembers of the steps before,
// as long as W, or nil. In front of every rule, Decay·w is added to the gradient, and W shrinks by the factor Keep. Numbers has what
// the rule says.
type RuleStep struct {
	Rule        Rule
	W, G        []Float
	A, B, C     []Float
	Decay, Keep Float
	Numbers     [8]Float
}

// StepRules does steps, each of another parameter.
func StepRules(steps []RuleStep) {
	t := ruleJobs.Get().(*stepsJob[RuleStep, *RuleStep])
	t.do(steps, 2)
	ruleJobs.Put(t)
}

var ruleJobs = sync.Pool{New: func() any { return new(stepsJob[RuleStep, *RuleStep]) }}

func (t *RuleStep) size() int { return len(t.W) }

func (t *RuleStep) run(lo, hi int) { t.Rule(t, lo, hi) }

// gradient returns that of element i, with the weight decay in it, and shrinks the element.
func (t *RuleStep) gradient(i int) Float {
	g := t.G[i] + t.Decay*t.W[i]
	t.W[i] *= t.Keep
	return g
}

// AdaGrad: a = a + g², w = w − rate·g/(√a + eps). Numbers: rate, eps.
func AdaGrad(t *RuleStep, lo, hi int) {
	rate, eps := t.Numbers[0], t.Numbers[1]
	for i := lo; i < hi; i++ {
		g := t.gradient(i)
		t.A[i] += g * g
		t.W[i] -= rate * g / (sqrt(t.A[i]) + eps)
	}
}

// AdaDelta: a = keep·a + (1 − keep)·g², d = g·√(b + eps)/√(a + eps), b = keep·b + (1 − keep)·d², w = w − rate·d. Numbers: rate, keep,
// 1 − keep, eps.
func AdaDelta(t *RuleStep, lo, hi int) {
	rate, keep, take, eps := t.Numbers[0], t.Numbers[1], t.Numbers[2], t.Numbers[3]
	for i := lo; i < hi; i++ {
		g := t.gradient(i)
		t.A[i] = keep*t.A[i] + take*g*g
		d := g * sqrt(t.B[i]+eps) / sqrt(t.A[i]+eps)
		t.B[i] = keep*t.B[i] + take*d*d
		t.W[i] -= rate * d
	}
}

// RMSProp: a = keep·a + (1 − keep)·g², d = g/(√a + eps), of which w loses rate·d. With B, the mean of the gradients, √(a − b²) stands
// for √a; with C, c = momentum·c + d stands for d. Numbers: rate, keep, 1 − keep, eps, momentum.
func RMSProp(t *RuleStep, lo, hi int) {
	rate, keep, take, eps, momentum := t.Numbers[0], t.Numbers[1], t.Numbers[2], t.Numbers[3], t.Numbers[4]
	for i := lo; i < hi; i++ {
		g := t.gradient(i)
		t.A[i] = keep*t.A[i] + take*g*g
		variance := t.A[i]
		if t.B != nil {
			t.B[i] = keep*t.B[i] + take*g
			variance = max(0, variance-t.B[i]*t.B[i]) // rounding can leave less
		}
		d := g / (sqrt(variance) + eps)
		if t.C != nil {
			t.C[i] = momentum*t.C[i] + d
			d = t.C[i]
		}
		t.W[i] -= rate * d
	}
}

// AdaMax: a = keep1·a + (1 − keep1)·g, b = max(keep2·b, |g| + eps), w = w − rate·a/b. Numbers: rate, keep1, 1 − keep1, keep2, eps.
func AdaMax(t *RuleStep, lo, hi int) {
	rate, keep1, take1, keep2, eps := t.Numbers[0], t.Numbers[1], t.Numbers[2], t.Numbers[3], t.Numbers[4]
	for i := lo; i < hi; i++ {
		g := t.gradient(i)
		t.A[i] = keep1*t.A[i] + take1*g
		t.B[i] = max(keep2*t.B[i], max(g, -g)+eps)
		t.W[i] -= rate * t.A[i] / t.B[i]
	}
}

// AdamFamily: a = keep1·a + (1 − keep1)·g, b = keep2·b + (1 − keep2)·g², w = w − (gradient·g + mean·a)/(√b·scale + eps). With C,
// c = max(c, b) stands for b behind that. With a scale of 0 nothing is divided by. Numbers: keep1, 1 − keep1, keep2, 1 − keep2,
// gradient, mean, scale, eps.
func AdamFamily(t *RuleStep, lo, hi int) {
	keep1, take1, keep2, take2 := t.Numbers[0], t.Numbers[1], t.Numbers[2], t.Numbers[3]
	gradient, mean, scale, eps := t.Numbers[4], t.Numbers[5], t.Numbers[6], t.Numbers[7]
	for i := lo; i < hi; i++ {
		g := t.gradient(i)
		t.A[i] = keep1*t.A[i] + take1*g
		t.B[i] = keep2*t.B[i] + take2*g*g
		b := t.B[i]
		if t.C != nil {
			t.C[i] = max(t.C[i], b)
			b = t.C[i]
		}
		d := gradient*g + mean*t.A[i]
		if scale > 0 {
			d /= sqrt(b)*scale + eps
		}
		t.W[i] -= d
	}
}

// Lion: w = w − rate·sign(keep1·a + (1 − keep1)·g), a = keep2·a + (1 − keep2)·g. Numbers: rate, keep1, 1 − keep1, keep2, 1 − keep2.
func Lion(t *RuleStep, lo, hi int) {
	rate, keep1, take1, keep2, take2 := t.Numbers[0], t.Numbers[1], t.Numbers[2], t.Numbers[3], t.Numbers[4]
	for i := lo; i < hi; i++ {
		g := t.gradient(i)
		switch d := keep1*t.A[i] + take1*g; {
		case d > 0:
			t.W[i] -= rate
		case d < 0:
			t.W[i] += rate
		}
		t.A[i] = keep2*t.A[i] + take2*g
	}
}

func sqrt(x Float) Float { return Float(math.Sqrt(float64(x))) }
