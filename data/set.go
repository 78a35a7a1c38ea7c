// Package data turns collections of examples into the batches that a network trains on: sets and their parts, pictures and their
// transforms, and batches made ahead of time by several goroutines, always the same for the same seed.
package data

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// A Set holds Len examples, read by number from 0. At is called by several goroutines at once; what it returns is shared and must
// not be written.
type Set[E any] interface {
	Len() int
	At(i int) (E, error)
}

// Slice is a set of examples held in memory.
type Slice[E any] []E

func (s Slice[E]) Len() int            { return len(s) }
func (s Slice[E]) At(i int) (E, error) { return s[i], nil }

type subset[E any] struct {
	of    Set[E]
	index []int
}

func (s subset[E]) Len() int            { return len(s.index) }
func (s subset[E]) At(i int) (E, error) { return s.of.At(s.index[i]) }

// Subset returns the examples of s with the numbers in index, in that order.
func Subset[E any](s Set[E], index []int) Set[E] {
	for _, i := range index {
		if i < 0 || i >= s.Len() {
			panic(fmt.Sprintf("data: Subset: example %d of a set of %d", i, s.Len()))
		}
	}
	return subset[E]{s, slices.Clone(index)}
}

// HoldOut splits the last n examples of s off, for validation.
func HoldOut[E any](s Set[E], n int) (rest, held Set[E]) {
	index := natural(s.Len())
	cut := heldCut("HoldOut", n, s.Len())
	return subset[E]{s, index[:cut]}, subset[E]{s, index[cut:]}
}

// Split splits n examples of s off, drawn with the seed. Both parts keep the order of s.
func Split[E any](s Set[E], n int, seed uint64) (rest, held Set[E]) {
	index := rand.New(rand.NewPCG(seed, streamSplit)).Perm(s.Len())
	cut := heldCut("Split", n, s.Len())
	slices.Sort(index[:cut])
	slices.Sort(index[cut:])
	return subset[E]{s, index[:cut]}, subset[E]{s, index[cut:]}
}

func heldCut(operation string, n, size int) int {
	if n < 0 || n > size {
		panic(fmt.Sprintf("data: %s: cannot hold out %d of %d examples", operation, n, size))
	}
	return size - n
}

func natural(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}

type concat[E any] struct {
	sets []Set[E]
	ends []int // ends[i] is the number of examples in sets[:i+1]
}

func (c concat[E]) Len() int {
	if len(c.ends) == 0 {
		return 0
	}
	return c.ends[len(c.ends)-1]
}

func (c concat[E]) At(i int) (E, error) {
	k, exact := slices.BinarySearch(c.ends, i)
	for exact && c.ends[k] == i { // an end belongs to the next set, and empty sets repeat it
		k++
	}
	if k > 0 {
		i -= c.ends[k-1]
	}
	return c.sets[k].At(i)
}

// Concat returns the examples of the sets, one set after the other.
func Concat[E any](sets ...Set[E]) Set[E] {
	c := concat[E]{sets: slices.Clone(sets)}
	total := 0
	for _, s := range sets {
		total += s.Len()
		c.ends = append(c.ends, total)
	}
	return c
}
