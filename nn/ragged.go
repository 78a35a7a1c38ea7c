package nn

import (
	"slices"

	"github.com/hadal-go/hadal/tensor"
)

// Ragged steps are those of N sequences of different lengths in one tensor N×T×F. A nil one has sequences that are all of length T.
type ragged struct {
	lengths  []int
	order    []int // the sequences, the longest first
	place    []int // where in order a sequence stands
	backward []int // of each step, one sequence after the other: the step that stands there when all are read from their ends
}

func newRagged(op string, x *tensor.Tensor, lengths []int) *ragged {
	n, t := x.Dim(0), x.Dim(1)
	if len(lengths) != n {
		fail(op, "%d lengths of %d sequences", len(lengths), n)
	}
	s := &ragged{lengths: lengths, order: make([]int, n), place: make([]int, n), backward: make([]int, n*t)}
	for i, length := range lengths {
		if length < 0 || length > t {
			fail(op, "sequence %d has %d of %d steps", i, length, t)
		}
		s.order[i] = i
		for j := range t {
			s.backward[i*t+j] = i*t + j
			if j < length {
				s.backward[i*t+j] = i*t + length - 1 - j
			}
		}
	}
	slices.SortStableFunc(s.order, func(a, b int) int { return lengths[b] - lengths[a] })
	for at, i := range s.order {
		s.place[i] = at
	}
	return s
}

// reverse returns the steps of x, N×T×F, in reverse order; what follows a sequence stays where it is.
func (s *ragged) reverse(x *tensor.Tensor) *tensor.Tensor {
	if s == nil {
		return x.Flip(1)
	}
	n, t := x.Dim(0), x.Dim(1)
	return x.Reshape(n*t, -1).Gather(0, s.backward).Reshape(n, t, -1)
}

// run takes a cell's state through the steps. The sequences are sorted by length, so that those which go on are the first rows: it runs
// over the steps to where the shortest ends, then with those that are left to where the next one ends, and so on.
func (s *ragged) run(c Cell, x *tensor.Tensor, state []*tensor.Tensor) (y *tensor.Tensor, last []*tensor.Tensor) {
	if s == nil {
		return c.Run(x, state)
	}
	n, t := x.Dim(0), x.Dim(1)
	x = x.Gather(0, s.order)
	state = each(state, func(v *tensor.Tensor) *tensor.Tensor { return v.Gather(0, s.order) })
	ended := make([][]*tensor.Tensor, len(state)) // of each tensor of the state: rows of sequences that are over, the shortest first
	var parts []*tensor.Tensor                    // of the outputs, along the steps
	at, rows := 0, n
	for at < t {
		going := rows
		for going > 0 && s.lengths[s.order[going-1]] == at {
			going--
		}
		if going < rows {
			for i, v := range state {
				ended[i] = append(ended[i], v.Slice(0, going, rows))
			}
			state = each(state, func(v *tensor.Tensor) *tensor.Tensor { return v.Slice(0, 0, going) })
			rows = going
		}
		if rows == 0 {
			break
		}
		end := s.lengths[s.order[rows-1]]
		part, after := c.Run(x.Slice(0, 0, rows).Slice(1, at, end), state)
		parts, state, at = append(parts, part.Pad(0, 0, n-rows)), after, end
	}
	if at < t {
		parts = append(parts, x.Pass().Zeros(n, t-at, c.Outputs()))
	}
	for i, v := range state {
		if rows > 0 {
			ended[i] = append(ended[i], v)
		}
		slices.Reverse(ended[i])
		last = append(last, tensor.Concat(0, ended[i]...).Gather(0, s.place))
	}
	return tensor.Concat(1, parts...).Gather(0, s.place), last
}

// each returns what f makes of tensors.
func each(ts []*tensor.Tensor, f func(*tensor.Tensor) *tensor.Tensor) []*tensor.Tensor {
	out := make([]*tensor.Tensor, len(ts))
	for i, t := range ts {
		out[i] = f(t)
	}
	return out
}
