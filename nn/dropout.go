package nn

import "github.com/hadal-go/hadal/tensor"

// Dropout sets each number to zero with probability P in training passes, and divides the others by 1 − P; elsewhere it is the
// identity (Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html).
type Dropout struct{ P tensor.Float }

// Forward drops numbers of x.
func (l Dropout) Forward(x *tensor.Tensor) *tensor.Tensor { return drop("Dropout", x, l.P, x.Shape()) }

// Dropout2D drops whole channels of x, N×…×C: those of neighbouring pixels say nearly the same (Tompson et al. 2015,
// https://arxiv.org/abs/1411.4280).
type Dropout2D struct{ P tensor.Float }

// Forward drops channels of x, N×…×C.
func (l Dropout2D) Forward(x *tensor.Tensor) *tensor.Tensor {
	shape := x.Shape()
	for axis := 1; axis < len(shape)-1; axis++ {
		shape[axis] = 1
	}
	return drop("Dropout2D", x, l.P, shape)
}

// StochasticDepth drops whole examples of x, N×…: behind the body of a residual block and before the sum, the block is then skipped
// for them (Huang et al. 2016, https://arxiv.org/abs/1603.09382).
type StochasticDepth struct{ P tensor.Float }

// Forward drops examples of x, N×….
func (l StochasticDepth) Forward(x *tensor.Tensor) *tensor.Tensor {
	shape := x.Shape()
	for axis := 1; axis < len(shape); axis++ {
		shape[axis] = 1
	}
	return drop("StochasticDepth", x, l.P, shape)
}

// drop multiplies x by a random mask of the shape given.
func drop(op string, x *tensor.Tensor, prob tensor.Float, shape []int) *tensor.Tensor {
	p := x.Pass()
	switch {
	case !(prob >= 0 && prob <= 1):
		fail(op, "%v is not a probability", prob)
	case !p.Train() || prob == 0:
		return x
	case prob == 1:
		return x.Mul(p.Zeros(shape...))
	}
	return x.Mul(p.Bernoulli(1-prob, 1/(1-prob), shape...))
}

// LockedDropout drops features of x, N×T×F, of all steps of a sequence at once: what a network cannot see at one step it cannot see at
// the next one either (Gal and Ghahramani 2016, https://arxiv.org/abs/1512.05287).
type LockedDropout struct{ P tensor.Float }

// Forward drops features of x, N×T×F.
func (l LockedDropout) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x.Rank() != 3 {
		fail("LockedDropout", "shape %v is not N×T×F", x.Shape())
	}
	return drop("LockedDropout", x, l.P, []int{x.Dim(0), 1, x.Dim(2)})
}
