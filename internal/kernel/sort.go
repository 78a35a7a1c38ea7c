package kernel

import (
	"slices"
	"sync"
)

// Argsort writes for each of rows rows of n numbers the positions of its numbers in ascending (or descending) order. Equals stay in
// their order, and NaN comes last.
func Argsort(index []int32, x []Float, rows, n int, descending bool) {
	sortJobs.do(rows, grainOf(16*n), sortJob{index, x, n, n, descending})
}

// TopK writes for each of rows rows of n numbers the positions of its k greatest (or least) numbers, best first: the first k of
// Argsort. k is at most n.
func TopK(index []int32, x []Float, rows, n, k int, least bool) {
	sortJobs.do(rows, grainOf(n), sortJob{index, x, n, k, !least})
}

// A sortJob's pieces are rows, of which the first k are asked for.
type sortJob struct {
	index      []int32
	x          []Float
	n, k       int
	descending bool
}

var sortJobs jobs[sortJob, *sortJob]

func (t *sortJob) run(lo, hi int) {
	for ; lo < hi; lo++ {
		index, order := t.index[lo*t.k:(lo+1)*t.k], ranking{t.x[lo*t.n : (lo+1)*t.n], t.descending}
		if t.k == t.n && t.n > 2<<radixBits {
			order.radixSort(index)
			continue
		}
		order.first(index)
		slices.SortFunc(index, order.compare)
	}
}

// A ranking orders positions in x: by value, NaN last, then by position.
type ranking struct {
	x          []Float
	descending bool
}

func (r ranking) compare(i, j int32) int {
	a, b := r.x[i], r.x[j]
	if r.descending {
		a, b = b, a
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return int(i - j)
	}
	// One of them is NaN, or both are.
	switch nanI, nanJ := r.x[i] != r.x[i], r.x[j] != r.x[j]; {
	case nanI && nanJ:
		return int(i - j)
	case nanI:
		return 1
	}
	return -1
}

// first fills heap with the positions that come first, in no order. The heap has the last of them on top.
func (r ranking) first(heap []int32) {
	for i := range heap {
		heap[i] = int32(i)
	}
	if len(heap) == 0 || len(heap) == len(r.x) {
		return
	}
	for i := len(heap)/2 - 1; i >= 0; i-- {
		r.sink(heap, i)
	}
	worst := r.x[heap[0]]
	for i := len(heap); i < len(r.x); i++ {
		if v := r.x[i]; r.descending && v <= worst || !r.descending && v >= worst {
			continue // most of them, without a look at their positions
		}
		if r.compare(int32(i), heap[0]) < 0 {
			heap[0] = int32(i)
			r.sink(heap, 0)
			worst = r.x[heap[0]]
		}
	}
}

func (r ranking) sink(heap []int32, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && r.compare(heap[child], heap[child+1]) < 0 {
			child++
		}
		if r.compare(heap[child], heap[i]) < 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// radixBits is how many bits of a key a pass of radixSort sorts by.
const radixBits = 8

// A radixBuffer holds what radixSort sorts: keys, in the order of which positions are to be brought, and room for the next pass.
type radixBuffer struct {
	keys, nextKeys []word
	next           []int32
}

var radixBuffers = sync.Pool{New: func() any { return new(radixBuffer) }}

// radixSort is Argsort for long rows: a stable sort by each digit of the keys, the lowest first. Keys have an even number of digits, so
// the last pass writes to index.
func (r ranking) radixSort(index []int32) {
	b := radixBuffers.Get().(*radixBuffer)
	defer radixBuffers.Put(b)
	n := len(index)
	b.keys, b.nextKeys = resized(b.keys, n), resized(b.nextKeys, n)
	b.next = resized(b.next, n)
	for i := range index {
		index[i] = int32(i)
		b.keys[i] = r.key(i)
	}
	keys, nextKeys, from, to := b.keys, b.nextKeys, index, b.next
	for shift := 0; shift < wordBits; shift += radixBits {
		var start [1 << radixBits]int32
		for _, k := range keys {
			start[k>>shift%(1<<radixBits)]++
		}
		var total int32
		for digit, count := range start {
			start[digit] = total
			total += count
		}
		for i, k := range keys {
			at := &start[k>>shift%(1<<radixBits)]
			nextKeys[*at], to[*at] = k, from[i]
			*at++
		}
		keys, nextKeys, from, to = nextKeys, keys, to, from
	}
}

// key maps x[i] to a number whose order, as an integer, is that of the ranking.
func (r ranking) key(i int) word {
	v := r.x[i] + 0 // of the two zeros the positive one
	if v != v {
		return ^word(0)
	}
	k := bits(v)
	k ^= -(k >> (wordBits - 1)) | signBit // negative numbers are the smaller the greater their magnitude
	if r.descending {
		k = ^k
	}
	return k
}
