package minimize

import (
	"cmp"
	"math"
)

// HagerZhang is the line search of Hager and Zhang 2006, Algorithm 851, https://doi.org/10.1145/1132973.1132979. It accepts a step
// that meets Wolfe's conditions, or these, which are the same where φ is a parabola:
//
//	(2·Delta − 1)·φ′(0) ≥ φ′(α) ≥ Sigma·φ′(0)    and φ(α) ≤ φ(0) + Epsilon·|φ(0)|
//
// The difference of two values near a minimum is rounded to half of the digits; slopes are not, so that with the second conditions
// a minimum is found to the full precision of the gradient. The price is that f may rise by as much as Epsilon allows.
type HagerZhang struct {
	Delta, Sigma float64 // 0 stands for 0.1 and 0.9
	Epsilon      float64 // 0 stands for 1e-6
}

// Search finds a step; see [LineSearch]. The labels L0 to L3 and below are those of the paper.
func (s HagerZhang) Search(l *Line, first float64) (Trial, Status) {
	delta, sigma := constants("HagerZhang", s.Delta, s.Sigma, 0.1, 0.9)
	if !(s.Epsilon >= 0) {
		fail("HagerZhang", "the rise allowed is %v; it cannot be negative", s.Epsilon)
	}
	z := &bracket{l: l, delta: delta, sigma: sigma, limit: l.Start.F + cmp.Or(s.Epsilon, 1e-6)*math.Abs(l.Start.F)}
	a, b := z.first(first) // L0
	for z.goesOn() {
		narrow, wide := z.secants(a, b) // L1
		const gamma = 0.66
		if width := wide.Alpha - narrow.Alpha; width > gamma*(b.Alpha-a.Alpha) { // L2
			narrow, wide = z.update(narrow, wide, narrow.Alpha+width/2)
		}
		if z.goesOn() && narrow == a && wide == b { // there is no number in between
			z.status = Stalled
		}
		a, b = narrow, wide // L3
	}
	return z.last, z.status
}

// A bracket is an interval [a, b] on its way to an acceptable step: φ(a) is at most limit and φ falls at a, but rises at b. Once a
// step is found, or there is none, nothing more is tried.
type bracket struct {
	l                   *Line
	delta, sigma, limit float64

	last   Trial
	tried  int
	found  bool
	status Status
}

func (z *bracket) goesOn() bool { return !z.found && z.status == Running }

// try tries a step and judges it.
func (z *bracket) try(alpha float64) Trial {
	if !z.goesOn() {
		return z.last
	}
	t := z.l.Try(alpha)
	wolfe := z.l.decreases(alpha, t.F, z.delta)
	nearly := t.F <= z.limit && t.Slope <= (2*z.delta-1)*z.l.Start.Slope
	z.last, z.tried = t, z.tried+1
	switch {
	case math.IsInf(t.F, -1):
		z.status = Unbounded
	case finite(t.F) && (wolfe || nearly) && z.l.flattens(t, z.sigma):
		z.found = true
	case z.tried == maxTrials:
		z.status = Stalled
	}
	return t
}

// first widens a first interval until φ rises at its end: B0 to B3.
func (z *bracket) first(alpha float64) (a, b Trial) {
	const rho = 5
	a = z.l.Start
	for z.goesOn() {
		t := z.try(alpha)
		switch {
		case t.F > z.limit && (t.Slope < 0 || !finite(t.F)):
			return z.halve(z.l.Start, t)
		case t.Slope >= 0:
			return a, t
		}
		a, alpha = t, alpha*rho
	}
	if z.status == Stalled { // all of the trials, and f still falls
		z.status = Unbounded
	}
	return a, a
}

// update narrows [a, b] by a trial within: U0 to U3.
func (z *bracket) update(a, b Trial, alpha float64) (Trial, Trial) {
	if !(a.Alpha < alpha && alpha < b.Alpha) {
		return a, b
	}
	return z.place(a, b, z.try(alpha))
}

// place narrows [a, b] by a trial within that has been made.
func (z *bracket) place(a, b, t Trial) (Trial, Trial) {
	switch {
	case finite(t.F) && t.Slope >= 0:
		return a, t
	case t.F <= z.limit:
		return t, b
	}
	return z.halve(a, t)
}

// halve finds a rising end in [a, b], where φ falls at b but is too high: U3.
func (z *bracket) halve(a, b Trial) (Trial, Trial) {
	for z.goesOn() {
		t := z.try(a.Alpha + (b.Alpha-a.Alpha)/2)
		switch {
		case finite(t.F) && t.Slope >= 0:
			return a, t
		case t.F <= z.limit:
			a = t
		default:
			b = t
		}
	}
	return a, b
}

// secants narrows [a, b] at the root of a secant of φ′, and at a second one through the end that moved: S1 to S4.
func (z *bracket) secants(a, b Trial) (Trial, Trial) {
	c := secant(a, b)
	low, high := z.update(a, b, c)
	switch c {
	case high.Alpha:
		return z.update(low, high, secant(b, high))
	case low.Alpha:
		return z.update(low, high, secant(a, low))
	}
	return low, high
}

// secant returns where the line through the slopes at a and b is zero.
func secant(a, b Trial) float64 { return (a.Alpha*b.Slope - b.Alpha*a.Slope) / (b.Slope - a.Slope) }
