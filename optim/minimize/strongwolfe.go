package minimize

import "math"

// StrongWolfe brackets a step, and then interpolates by cubics, until f has fallen and is nearly level (NW algorithms 3.5 and 3.6;
// Moré and Thuente 1994, https://doi.org/10.1145/192115.192132):
//
//	φ(α) ≤ φ(0) + C1·α·φ′(0)
//	|φ′(α)| ≤ C2·|φ′(0)|
type StrongWolfe struct {
	C1, C2 float64 // 0 stands for 1e-4 and 0.9
}

// Search finds a step; see [LineSearch].
func (s StrongWolfe) Search(l *Line, first float64) (Trial, Status) {
	c1, c2 := constants("StrongWolfe", s.C1, s.C2, 1e-4, 0.9)
	last, alpha := l.Start, first
	for range maxTrials {
		t := l.Try(alpha)
		switch {
		case math.IsInf(t.F, -1):
			return Trial{}, Unbounded
		case !l.decreases(alpha, t.F, c1) || last.Alpha > 0 && t.F >= last.F:
			return zoom(l, last, t, c1, c2)
		case math.Abs(t.Slope) <= -c2*l.Start.Slope:
			return t, Running
		case t.Slope >= 0:
			return zoom(l, t, last, c1, c2)
		}
		step := cubicStep(t, last)
		if !(step > 0) { // there is no minimum ahead
			step = math.Inf(1)
		}
		last, alpha = t, min(max(alpha+step, 2*alpha), alpha+4*(alpha-last.Alpha))
	}
	return Trial{}, Unbounded
}

// zoom narrows an interval that has acceptable steps in it (NW algorithm 3.6). Of its ends, low is the one that has decreased f
// enough and has the lower value, and f falls from it into the interval. A trial as low as that end takes its place, unlike in the
// book: close to a minimum values are equal to within rounding, and the slope still tells on which side it is.
func zoom(l *Line, low, high Trial, c1, c2 float64) (Trial, Status) {
	enough := math.Inf(1) // the width to which the last trial should have narrowed the interval; else this one halves it
	for range maxTrials {
		width := high.Alpha - low.Alpha
		alpha := low.Alpha + width/2
		if step := cubicStep(low, high) / width; math.Abs(width) <= enough && !math.IsNaN(step) {
			alpha = low.Alpha + width*min(max(step, 0.1), 0.9)
		}
		enough = math.Abs(width) * 0.7
		t := l.Try(alpha)
		switch {
		case math.IsInf(t.F, -1):
			return Trial{}, Unbounded
		case !l.decreases(alpha, t.F, c1) || t.F > low.F:
			high = t
		case math.Abs(t.Slope) <= -c2*l.Start.Slope:
			return t, Running
		case t.Slope*width >= 0:
			low, high = t, low
		default:
			low = t
		}
	}
	return Trial{}, Stalled
}

// cubicStep returns how far the minimum of the cubic through two trials is from the first of them (NW 3.59), and NaN if it has
// none.
func cubicStep(a, b Trial) float64 {
	width := b.Alpha - a.Alpha
	d1 := a.Slope + b.Slope - 3*(a.F-b.F)/(a.Alpha-b.Alpha)
	d2 := math.Copysign(math.Sqrt(d1*d1-a.Slope*b.Slope), width)
	return width - width*(b.Slope+d2-d1)/(b.Slope-a.Slope+2*d2)
}
