package text

// A heap gives back first what comes first by before.
type heap[T any] struct {
	items  []T
	before func(a, b T) bool
}

func (h *heap[T]) push(x T) {
	h.items = append(h.items, x)
	for i := len(h.items) - 1; i > 0; {
		up := (i - 1) / 2
		if !h.before(h.items[i], h.items[up]) {
			return
		}
		h.items[i], h.items[up] = h.items[up], h.items[i]
		i = up
	}
}

func (h *heap[T]) pop() T {
	first, last := h.items[0], len(h.items)-1
	h.items[0] = h.items[last]
	h.items = h.items[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down+1 < last && h.before(h.items[down+1], h.items[down]) {
			down++
		}
		if down >= last || !h.before(h.items[down], h.items[i]) {
			return first
		}
		h.items[i], h.items[down] = h.items[down], h.items[i]
		i = down
	}
}
