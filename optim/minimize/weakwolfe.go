package minimize

import "math"

// WeakWolfe halves an interval, or doubles the step as long as there is none, until both of Wolfe's conditions hold (Wolfe 1969,
// https://doi.org/10.1137/1011036):
//
//	φ(α) ≤ φ(0) + C1·α·φ′(0)    else the step is too long
//	φ′(α) ≥ C2·φ′(0)            else it is too short
//
// It asks nothing of f but these, so that it works even where f has kinks (Lewis and Overton 2013, algorithm 2.6,
// https://doi.org/10.1007/s10107-012-0514-2).
type WeakWolfe struct {
	C1, C2 float64 // 0 stands for 1e-4 and 0.9
}

// Search finds a step; see [LineSearch].
func (s WeakWolfe) Search(l *Line, first float64) (Trial, Status) {
	c1, c2 := constants("WeakWolfe", s.C1, s.C2, 1e-4, 0.9)
	low, high, alpha := 0.0, math.Inf(1), first
	for range maxTrials {
		t := l.Try(alpha)
		switch {
		case math.IsInf(t.F, -1):
			return Trial{}, Unbounded
		case !l.decreases(alpha, t.F, c1):
			high = alpha
		case !l.flattens(t, c2):
			low = alpha
		default:
			return t, Running
		}
		if alpha = (low + high) / 2; math.IsInf(high, 1) {
			alpha = 2 * low
		}
	}
	if math.IsInf(high, 1) {
		return Trial{}, Unbounded
	}
	return Trial{}, Stalled
}
