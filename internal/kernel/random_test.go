package kernel

import (
	"math"
	"testing"
)

var streams = []struct {
	name string
	fill func(dst []Float, key uint64)
}{
	{"Uniform", Uniform},
	{"Normal", Normal},
	{"Bernoulli", func(dst []Float, key uint64) { Bernoulli(dst, key, .25, 2) }},
}

// An element depends on the key and its position only, not on how many there are or how they are cut.
func TestRandomPositions(t *testing.T) {
	for _, s := range streams {
		long := make([]Float, 3*grain+5)
		s.fill(long, 9)
		for _, n := range sizes {
			short := make([]Float, n)
			s.fill(short, 9)
			compare(t, s.name, short, long[:n], 0)
		}
		other := make([]Float, len(long))
		s.fill(other, 10)
		same := 0
		for i := range other {
			if other[i] == long[i] {
				same++
			}
		}
		if same == len(other) {
			t.Errorf("%s: keys 9 and 10 give the same", s.name)
		}
	}
}

// moments checks mean, variance and fourth central moment against the distribution's, within five standard errors, and that
// neighbours at some distances and streams of neighbouring keys do not correlate.
func TestRandomMoments(t *testing.T) {
	const n = 400_000
	for i, want := range []struct{ mean, variance, fourth, eighth float64 }{
		{.5, 1. / 12, 1. / 80, 1. / 2304},
		{0, 1, 3, 105},
		// 2·B, with B of probability ¼: deviations 1.5 and -0.5.
		{.5, .75, .25*math.Pow(1.5, 4) + .75*math.Pow(.5, 4), .25*math.Pow(1.5, 8) + .75*math.Pow(.5, 8)},
	} {
		s := streams[i]
		x, other := make([]Float, n), make([]Float, n)
		s.fill(x, 1)
		s.fill(other, 2)
		var mean, variance, fourth float64
		for _, v := range x {
			d := float64(v) - want.mean
			mean += d / n
			variance += d * d / n
			fourth += d * d * d * d / n
		}
		const errors = 5
		if limit := errors * math.Sqrt(want.variance/n); math.Abs(mean) > limit {
			t.Errorf("%s: mean is off by %v, want at most %v", s.name, mean, limit)
		}
		limit := errors*math.Sqrt((want.fourth-want.variance*want.variance)/n) + 1e-9
		if d := variance - want.variance; math.Abs(d) > limit {
			t.Errorf("%s: variance is off by %v, want at most %v", s.name, d, limit)
		}
		limit = errors*math.Sqrt((want.eighth-want.fourth*want.fourth)/n) + 1e-9
		if d := fourth - want.fourth; math.Abs(d) > limit {
			t.Errorf("%s: fourth moment is off by %v, want at most %v", s.name, d, limit)
		}
		correlation := func(x, y []Float) float64 {
			var c float64
			for i := range x {
				c += (float64(x[i]) - want.mean) * (float64(y[i]) - want.mean)
			}
			return c / want.variance / float64(len(x))
		}
		for _, lag := range []int{1, 2, 3, 8, 1024} {
			if c := correlation(x[:n-lag], x[lag:]); math.Abs(c) > errors/math.Sqrt(n) {
				t.Errorf("%s: correlation %v at distance %d", s.name, c, lag)
			}
		}
		if c := correlation(x, other); math.Abs(c) > errors/math.Sqrt(n) {
			t.Errorf("%s: correlation %v between keys 1 and 2", s.name, c)
		}
	}
}

func TestRandomRange(t *testing.T) {
	x := make([]Float, 300_000)
	Uniform(x, 3)
	for i, v := range x {
		if v < 0 || v >= 1 {
			t.Fatalf("Uniform: [%d] = %v", i, v)
		}
	}
	Normal(x, 3)
	if !Finite(x) {
		t.Error("Normal: not all numbers are finite")
	}
	for _, c := range []struct{ p, value Float }{{0, 3}, {1, 3}, {.5, 2}} {
		Bernoulli(x, 4, c.p, c.value)
		for i, v := range x {
			if v != 0 && v != c.value || c.p == 0 && v != 0 || c.p == 1 && v == 0 {
				t.Fatalf("Bernoulli(%v, %v): [%d] = %v", c.p, c.value, i, v)
			}
		}
	}
}
