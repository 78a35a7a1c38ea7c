package minimize

import "math"

// WeakWolfe finds a step that falls enough and behind which the line is less steep,
//
//	φ(α) ≤ φ(0) + c₁·α·φ′(0)    φ′(α) ≥ c₂·φ′(0)
//
// by doubling and bisection (Lewis and Overton 2013, algorithm 2.6, https://doi.org/10.1007/s10107-012-0514-2).
type WeakWolfe struct{ Decrease, Curvature float64 } // c₁ and c₂; 0 stands for 1e-4 and 0.9

// Search implements LineSearch.
func (w WeakWolfe) Search(l *Line, first float64) (Point, bool) {
	c1, c2 := or(w.Decrease, 1e-4), or(w.Curvature, 0.9)
	low, high, alpha := 0.0, math.Inf(1), first
	for range 100 {
		p := l.value(alpha)
		switch {
		case !l.sufficient(p, c1): // NaN too
			if finite(p.f) {
				if l.steepen(&p); l.approximate(p, c1, c2) {
					return p, true
				}
			}
			high = alpha
		default:
			if !finite(p.f) { // −Inf
				return p, true
			}
			if l.steepen(&p); p.slope >= c2*l.slope0 {
				return p, true
			}
			low = alpha
		}
		if math.IsInf(high, 1) {
			alpha = 2 * low
		} else {
			alpha = (low + high) / 2
		}
	}
	return Point{}, false
}

// StrongWolfe finds a step that falls enough and behind which the line is about level,
//
//	φ(α) ≤ φ(0) + c₁·α·φ′(0)    |φ′(α)| ≤ c₂·|φ′(0)|
//
// by growing steps until an interval has such a point, and cubic interpolation in it (NW algorithms 3.5 and 3.6). Near to a minimum
// Hager and Zhang's approximate conditions are enough.
type StrongWolfe struct{ Decrease, Curvature float64 } // c₁ and c₂; 0 stands for 1e-4 and 0.9

// Search implements LineSearch.
func (w StrongWolfe) Search(l *Line, first float64) (Point, bool) {
	c1, c2 := or(w.Decrease, 1e-4), or(w.Curvature, 0.9)
	before := Point{0, l.f0, l.slope0}
	alpha := first
	for i := range 60 {
		p := l.point(alpha)
		switch {
		case math.IsInf(p.f, -1):
			return p, true
		case !finite(p.f): // too far
			alpha = (before.alpha + alpha) / 2
			if alpha == before.alpha {
				return Point{}, false
			}
			continue
		case l.level(p, c1, c2):
			return p, true
		case !l.sufficient(p, c1) || i > 0 && p.f >= before.f:
			return w.zoom(l, before, p)
		case p.slope >= 0:
			return w.zoom(l, p, before)
		}
		before, alpha = p, 2*alpha
	}
	return Point{}, false
}

// zoom narrows an interval, of which low is the end with the lower φ that falls enough, and which has a point that will do.
func (w StrongWolfe) zoom(l *Line, low, high Point) (Point, bool) {
	c1, c2 := or(w.Decrease, 1e-4), or(w.Curvature, 0.9)
	for range 60 {
		alpha := cubic(low, high)
		width := math.Abs(high.alpha - low.alpha)
		left := min(low.alpha, high.alpha)
		if !(alpha > left+0.1*width && alpha < left+0.9*width) { // an end, or NaN: no progress
			alpha = left + width/2
		}
		if width < 1e-16*math.Abs(alpha) {
			break
		}
		p := l.point(alpha)
		switch {
		case finite(p.f) && l.level(p, c1, c2):
			return p, true
		case !l.sufficient(p, c1) || p.f >= low.f:
			high = p
		default:
			if p.slope*(high.alpha-low.alpha) >= 0 {
				high = low
			}
			low = p
		}
	}
	return Point{}, false
}

// level reports whether a point fulfils the strong conditions, or near to a minimum the approximate ones.
func (l *Line) level(p Point, c1, c2 float64) bool {
	if l.sufficient(p, c1) && math.Abs(p.slope) <= -c2*l.slope0 {
		return true
	}
	return l.approximate(p, c1, c2)
}

// cubic returns the minimum of the cubic through two points with their slopes (NW equation 3.59).
func cubic(a, b Point) float64 {
	d1 := a.slope + b.slope - 3*(a.f-b.f)/(a.alpha-b.alpha)
	d2 := math.Copysign(math.Sqrt(d1*d1-a.slope*b.slope), b.alpha-a.alpha)
	return b.alpha - (b.alpha-a.alpha)*(b.slope+d2-d1)/(b.slope-a.slope+2*d2)
}
