package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Stratify draws with the seed which examples of a set to split off: of each class the given part, so that rare classes are in both
// parts. Examples with the same number in groups stay together, such as pictures that are nearly equal: otherwise a network is
// tested on what it has learned by heart. Groups nil is every example by itself. A class with at least so many examples as least has one
// on either side, if it has two groups. The numbers of both parts ascend.
func Stratify(labels, groups []int, part float64, least int, seed uint64) (rest, held []int) {
	if !(part >= 0 && part <= 1) || groups != nil && len(groups) != len(labels) {
		panic(fmt.Sprintf("data: Stratify: cannot split a part of %v off %d examples in %d groups", part, len(labels), len(groups)))
	}
	if groups == nil {
		groups = natural(len(labels))
	}
	members := map[int][]int{} // of each group
	classes := map[int][]int{} // the groups of each class, that of a group's first example
	size := map[int]int{}
	for i, label := range labels {
		g := groups[i]
		if len(members[g]) == 0 {
			classes[label] = append(classes[label], g)
		}
		members[g] = append(members[g], i)
		size[labels[members[g][0]]]++
	}
	r := rand.New(rand.NewPCG(seed, streamSplit))
	order := make([]int, 0, len(classes))
	for label := range classes {
		order = append(order, label)
	}
	slices.Sort(order)
	out := map[int]bool{} // the groups that are held
	for _, label := range order {
		own := classes[label]
		r.Shuffle(len(own), func(i, j int) { own[i], own[j] = own[j], own[i] })
		want := int(math.Round(part * float64(size[label])))
		if want == 0 && part > 0 && size[label] >= least {
			want = 1
		}
		taken, left := 0, len(own)
		for _, g := range own {
			if n := len(members[g]); left > 1 && taken+n <= want {
				out[g], taken, left = true, taken+n, left-1
			}
		}
		if taken == 0 && want > 0 && len(own) > 1 { // all groups are too large: the smallest one
			out[slices.MinFunc(own, func(a, b int) int { return len(members[a]) - len(members[b]) })] = true
		}
	}
	for i, g := range groups {
		if out[g] {
			held = append(held, i)
		} else {
			rest = append(rest, i)
		}
	}
	return rest, held
}
