// Package tensor computes with arrays of numbers and differentiates what it computed, to every order.
//
// A [Tensor] is a shape and contiguous row-major data. Images are N×H×W×C and sequences N×T×F: the last axis is always the
// features. A [Pass] is one run of data through a network: it owns the memory of everything computed in it and says whether
// operations are recorded. [Grad] and [GradGraph] differentiate what a pass recorded.
//
//	p := tensor.Training(random)
//	x := p.Input(images)
//	loss := nn.CrossEntropy(net.Forward(x), labels)
//	optimizer.Step(tensor.Grad(loss, parameters...))
//	p.End()
//
// Operations on two tensors, element by element, broadcast as NumPy does: shapes are aligned at the last axis, and an axis of
// length 1, or one that is missing, is repeated. Operations on one keep its shape unless they say otherwise. Negative axes count
// from the end.
//
// A tensor that belongs to no pass lives on the Go heap: parameters, carried state, data. A result belongs to the pass of its
// operands. Wrong shapes and wrong passes are mistakes of the program and panic, in one form:
//
//	tensor: MatMul: cannot multiply [32 10] by [20 5]
package tensor

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/hadal-go/hadal/internal/kernel"
)

// Float is the one number type: float32, or float64 in a build with the tag float64, in which derivatives are proved.
type Float = kernel.Float

// maxRank is the greatest number of axes.
const maxRank = 6

// A Tensor is a shape and its numbers, contiguous and row-major. Headers are never used again for another tensor, which is what
// makes the check for ended passes sound.
type Tensor struct {
	data    []Float
	pass    *Pass // nil: on the Go heap
	dims    [maxRank]int32
	rank    int8
	tracked bool    // is a variable or depends on one
	id      int32   // number in the pass, for gradients; 0: none
	block   int32   // memory block of the pass; 0: none
	source  *Tensor // the heap tensor whose memory it shares; nil: none
	writes  uint32  // of a heap tensor: how often it was written

	prepared atomic.Pointer[prepared] // of a heap tensor that is the weights of a convolution
}

// New returns a tensor of zeros on the heap.
func New(shape ...int) *Tensor { return (*Pass)(nil).make("New", shape) }

// Of returns a heap tensor with a copy of data.
func Of(data []Float, shape ...int) *Tensor {
	t := New(shape...)
	if len(data) != len(t.data) {
		fail("Of", "%d numbers do not fill shape %v", len(data), shape)
	}
	copy(t.data, data)
	return t
}

// Param returns a parameter: a heap tensor of zeros by which Grad differentiates.
func Param(shape ...int) *Tensor {
	t := New(shape...)
	t.tracked = true
	return t
}

// Shape returns a copy of the shape.
func (t *Tensor) Shape() []int {
	s := make([]int, t.rank)
	for i := range s {
		s[i] = int(t.dims[i])
	}
	return s
}

// Rank returns the number of axes.
func (t *Tensor) Rank() int { return int(t.rank) }

// Dim returns the length of an axis; negative axes count from the end.
func (t *Tensor) Dim(axis int) int { return int(t.dims[t.axis("Dim", axis)]) }

// Len returns the number of elements.
func (t *Tensor) Len() int { return len(t.data) }

// Pass returns the pass that t belongs to, or nil for a heap tensor.
func (t *Tensor) Pass() *Pass { return t.pass }

// Data returns the numbers themselves, not a copy. The slice of a pass's tensor must not be used after the pass has ended; that
// of a heap tensor is to be read only, see Edit.
func (t *Tensor) Data() []Float {
	t.live("Data")
	return t.data
}

// Item returns the number of a tensor that has only one.
func (t *Tensor) Item() Float {
	t.live("Item")
	if len(t.data) != 1 {
		fail("Item", "shape %v is not a single number", t.Shape())
	}
	return t.data[0]
}

// Edit returns the numbers of a heap tensor to be written to, and counts the write: Grad panics where a tensor was written
// between its use and Grad, and what inference has prepared of weights is made anew. So every write begins with a call of Edit.
func (t *Tensor) Edit() []Float {
	if t.pass != nil {
		fail("Edit", "only a tensor on the heap can be written to")
	}
	root := t.root()
	root.writes++
	root.prepared.Store(nil)
	return t.data
}

// Set copies the numbers of x into the heap tensor t: state that is carried from pass to pass, averages of weights.
func (t *Tensor) Set(x *Tensor) {
	x.live("Set")
	if !sameShape(t, x) {
		fail("Set", "cannot write shape %v into %v", x.Shape(), t.Shape())
	}
	copy(t.Edit(), x.data)
}

// AddScaled adds k·x to the heap tensor t: accumulated gradients, moving averages.
func (t *Tensor) AddScaled(x *Tensor, k Float) {
	x.live("AddScaled")
	if !sameShape(t, x) {
		fail("AddScaled", "cannot add shape %v to %v", x.Shape(), t.Shape())
	}
	kernel.AddScaled(t.Edit(), x.data, k)
}

// Clone copies t to the heap, without its history: what outlives its pass.
func (t *Tensor) Clone() *Tensor {
	t.live("Clone")
	y := (*Pass)(nil).makeDims(t.shape())
	copy(y.data, t.data)
	return y
}

// Detach returns t as a constant of its pass: nothing is differentiated through it.
func (t *Tensor) Detach() *Tensor {
	t.live("Detach")
	return t.pass.alias(t, t.shape())
}

// Tracked tells whether t is a variable or a trainable parameter, or depends on one.
func (t *Tensor) Tracked() bool { return t.tracked }

// Track makes a heap tensor a parameter, or a constant: clearing the mark freezes a parameter.
func (t *Tensor) Track(on bool) {
	if t.pass != nil {
		fail("Track", "only a tensor on the heap is a parameter; use Var or Detach inside a pass")
	}
	t.tracked = on
}

// Finite tells whether no element is NaN or infinite.
func (t *Tensor) Finite() bool {
	t.live("Finite")
	return kernel.Finite(t.data)
}

// String describes the tensor with its first numbers.
func (t *Tensor) String() string {
	if t.pass != nil && t.pass.m == nil {
		return fmt.Sprintf("tensor%v of an ended pass", t.Shape())
	}
	if len(t.data) > 8 {
		return fmt.Sprintf("tensor%v%v…", t.Shape(), t.data[:8])
	}
	return fmt.Sprintf("tensor%v%v", t.Shape(), t.data)
}

// root returns the heap tensor whose memory t shares, or t.
func (t *Tensor) root() *Tensor {
	if t.source != nil {
		return t.source
	}
	return t
}

func (t *Tensor) shape() []int32 { return t.dims[:t.rank] }

// live panics if the pass of t has ended or its memory has been given back.
func (t *Tensor) live(op string) {
	if t.pass != nil && t.pass.live(op).blocks[t.block].freed {
		fail(op, "this tensor was made inside a Scope that has ended and did not return it")
	}
}

// axis turns a negative axis into one from the front.
func (t *Tensor) axis(op string, axis int) int {
	if axis < -int(t.rank) || axis >= int(t.rank) {
		fail(op, "shape %v has no axis %d", t.Shape(), axis)
	}
	if axis < 0 {
		axis += int(t.rank)
	}
	return axis
}

// around returns how many elements lie before, along and behind an axis: the tensor as outer×n×inner.
func (t *Tensor) around(axis int) (outer, n, inner int) {
	return size(t.dims[:axis]), int(t.dims[axis]), size(t.dims[axis+1 : t.rank])
}

func sameShape(a, b *Tensor) bool { return a.rank == b.rank && a.dims == b.dims }

// size returns the number of elements of a shape.
func size[I int | int32](dims []I) int {
	n := 1
	for _, d := range dims {
		n *= int(d)
	}
	return n
}

// strides returns the row-major strides of a shape.
func strides(dims []int32) (s [maxRank]int) {
	n := 1
	for i := len(dims) - 1; i >= 0; i-- {
		s[i] = n
		n *= int(dims[i])
	}
	return s
}

// ints widens a shape for the kernels.
func ints(dims []int32) (w [maxRank]int) {
	for i, d := range dims {
		w[i] = int(d)
	}
	return w
}

// narrow checks a shape given by a caller.
func narrow(op string, shape []int) (dims [maxRank]int32) {
	if len(shape) > maxRank {
		fail(op, "shape %v has more than %d axes", slices.Clone(shape), maxRank)
	}
	for i, d := range shape {
		if d < 0 || d > 1<<31-1 {
			fail(op, "shape %v has an axis of length %d", slices.Clone(shape), d)
		}
		dims[i] = int32(d)
	}
	return dims
}

// fail panics in the one form in which the package reports mistakes.
func fail(op, format string, args ...any) {
	panic("tensor: " + op + ": " + fmt.Sprintf(format, args...))
}
