package minimize

import (
	"cmp"
	"math"
)

// Armijo goes back from the first step, each time by the factor Shrink, until f has fallen by a part of what its slope promises
// (Armijo 1966, https://doi.org/10.2140/pjm.1966.16.1; NW algorithm 3.1):
//
//	φ(α) ≤ φ(0) + C1·α·φ′(0)
//
// It never goes further than the first step, and steps back without gradients. Quasi-Newton methods learn less from its steps than
// from those of Wolfe's conditions.
type Armijo struct {
	C1     float64 // 0 stands for 1e-4
	Shrink float64 // 0 stands for ½
}

// Search finds a step; see [LineSearch].
func (s Armijo) Search(l *Line, first float64) (Trial, Status) {
	shrink, c1 := cmp.Or(s.Shrink, 0.5), cmp.Or(s.C1, 1e-4)
	if !(0 < shrink && shrink < 1 && 0 < c1 && c1 < 1) {
		fail("Armijo", "the constant is %v and the factor %v; they must be between 0 and 1", c1, shrink)
	}
	alpha := first
	for range maxTrials {
		f := l.Value(alpha)
		if math.IsInf(f, -1) {
			return Trial{}, Unbounded
		}
		if l.decreases(alpha, f, c1) {
			if t := l.Try(alpha); finite(t.Slope) {
				return t, Running
			}
		}
		alpha *= shrink
	}
	return Trial{}, Stalled
}
