package kernel

import "math"

// A Rotary turns pairs of the features of x, N×T×(Heads·D), by angles that grow with the place in the sequence: pair i of the row at
// place t by t·Base^(−2i/D). Pairs are neighbours, or with Halves feature i and feature i + D/2.
type Rotary struct {
	N, T, Heads, D int
	Start          int // the place of the first row
	Base           Float
	Halves         bool
}

// A rotaryJob's pieces are places in the sequence.
type rotaryJob struct {
	Rotary
	y, x []Float
	sign float64
}

var rotaryJobs jobs[rotaryJob, *rotaryJob]

// Turn computes y, which may be x; back turns the other way.
func (r *Rotary) Turn(y, x []Float, back bool) {
	sign := 1.0
	if back {
		sign = -1
	}
	rotaryJobs.do(r.T, grainOf(r.N*r.Heads*r.D), rotaryJob{Rotary: *r, y: y, x: x, sign: sign})
}

func (t *rotaryJob) run(lo, hi int) {
	step, apart := 2, 1 // from one pair to the next, and within a pair
	if t.Halves {
		step, apart = 1, t.D/2
	}
	width := t.Heads * t.D
	for i := range t.D / 2 {
		frequency := t.sign * math.Pow(float64(t.Base), -2*float64(i)/float64(t.D))
		for place := lo; place < hi; place++ {
			s, c := math.Sincos(float64(t.Start+place) * frequency)
			sin, cos := Float(s), Float(c)
			for n := range t.N {
				row := (n*t.T + place) * width
				for at := row + i*step; at < row+width; at += t.D {
					a, b := t.x[at], t.x[at+apart]
					t.y[at], t.y[at+apart] = a*cos-b*sin, a*sin+b*cos
				}
			}
		}
	}
}
