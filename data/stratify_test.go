package data

import (
	"slices"
	"testing"
)

func TestStratify(t *testing.T) {
	labels := make([]int, 100) // 60, 30, 7, 2 and 1
	for i := range labels {
		switch {
		case i >= 99:
			labels[i] = 4
		case i >= 97:
			labels[i] = 3
		case i >= 90:
			labels[i] = 2
		case i >= 60:
			labels[i] = 1
		}
	}
	counts := func(index []int) []int {
		n := make([]int, 5)
		for _, i := range index {
			n[labels[i]]++
		}
		return n
	}
	rest, held := Stratify(labels, nil, .2, 2, 1)
	if got, want := counts(held), []int{12, 6, 1, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("of the classes %v are held, want %v", got, want)
	}
	if all := slices.Sorted(slices.Values(slices.Concat(rest, held))); !slices.Equal(all, natural(100)) {
		t.Errorf("the parts together have %v", all)
	}
	if !slices.IsSorted(rest) || !slices.IsSorted(held) {
		t.Error("the parts do not ascend")
	}
	if _, again := Stratify(labels, nil, .2, 2, 1); !slices.Equal(again, held) {
		t.Error("the same seed gives other parts")
	}
	if _, other := Stratify(labels, nil, .2, 2, 2); slices.Equal(other, held) {
		t.Error("another seed gives the same parts")
	}
	if _, none := Stratify(labels, nil, 0, 2, 1); len(none) > 0 {
		t.Errorf("a part of 0 has %v", none)
	}
	if _, held := Stratify(labels, nil, .2, 4, 1); counts(held)[3] != 0 {
		t.Error("a class of two is split where four are the least")
	}
}

// Groups are not torn, neither if they cross classes nor if a class has nothing else.
func TestStratifyKeepsGroupsTogether(t *testing.T) {
	labels := []int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}
	groups := []int{7, 7, 7, 7, 1, 2, 3, 9, 9, 4, 5, 6, 8, 8, 8, 8}
	for seed := range uint64(20) {
		rest, held := Stratify(labels, groups, .25, 2, seed)
		side := map[int]bool{}
		for _, i := range held {
			side[groups[i]] = true
		}
		for _, i := range rest {
			if side[groups[i]] {
				t.Fatalf("seed %d: group %d is on both sides", seed, groups[i])
			}
		}
		if side[8] {
			t.Fatalf("seed %d: all of class 2 is held", seed)
		}
		if len(held) < 2 {
			t.Errorf("seed %d: %v are held, want some of class 0 and of class 1", seed, held)
		}
	}
	// Two groups, both larger than the part: the smaller one.
	if _, held := Stratify([]int{0, 0, 0, 0, 0}, []int{1, 1, 1, 2, 2}, .2, 2, 0); !slices.Equal(held, []int{3, 4}) {
		t.Errorf("held %v, want the group of two", held)
	}
}
