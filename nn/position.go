package nn

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// Positions tell attention, which sees a set, in which order the steps stand: they are added to what the steps are. The third way,
// turning queries and keys, is tensor.Rotary, of MultiHeadAttention.
type Positions interface {
	// AddAt adds positions to x, N×T×F, whose first step has a place in its sequence.
	AddAt(x *tensor.Tensor, place int) *tensor.Tensor
}

// SinusoidalPositions are fixed: sin(t·ωᵢ) and cos(t·ωᵢ) are features 2i and 2i + 1 at place t, with ωᵢ = 10000^(−2i/F) (Vaswani et
// al. 2017, section 3.5, https://arxiv.org/abs/1706.03762).
type SinusoidalPositions struct{}

// AddAt implements Positions.
func (SinusoidalPositions) AddAt(x *tensor.Tensor, place int) *tensor.Tensor {
	_, t, f := sequence("SinusoidalPositions", x)
	positions := make([]tensor.Float, t*f)
	for i := 0; i < f; i += 2 {
		frequency := math.Pow(10000, -float64(i)/float64(f))
		for s := range t {
			sin, cos := math.Sincos(float64(place+s) * frequency)
			positions[s*f+i] = tensor.Float(sin)
			if i+1 < f {
				positions[s*f+i+1] = tensor.Float(cos)
			}
		}
	}
	return x.Add(passOf("SinusoidalPositions", x).Values(positions, t, f))
}

// LearnedPositions are trained, a vector for each place (Gehring et al. 2017, https://arxiv.org/abs/1705.03122). There are none
// beyond the last one.
type LearnedPositions struct {
	Weight *tensor.Tensor // places×F
}

// NewLearnedPositions returns positions for so many places, from the normal distribution with deviation 0.02, as in BERT and GPT-2.
func NewLearnedPositions(r *rand.Rand, places, features int) *LearnedPositions {
	l := &LearnedPositions{tensor.Param(places, features)}
	Normal(r, l.Weight, 0, .02)
	return l
}

// AddAt implements Positions.
func (l *LearnedPositions) AddAt(x *tensor.Tensor, place int) *tensor.Tensor {
	_, t, _ := sequence("LearnedPositions", x)
	if place+t > l.Weight.Dim(0) {
		fail("LearnedPositions", "a sequence of %d steps is longer than the %d places", place+t, l.Weight.Dim(0))
	}
	return x.Add(passOf("LearnedPositions", x).Use(l.Weight).Slice(0, place, place+t))
}

// sequence returns the sizes of x, N×T×F, which must have a step.
func sequence(op string, x *tensor.Tensor) (n, t, f int) {
	if x.Rank() != 3 || x.Dim(1) == 0 {
		fail(op, "shape %v is not N×T×F with at least one step", x.Shape())
	}
	return x.Dim(0), x.Dim(1), x.Dim(2)
}
