// Package near finds what somebody meant who mistyped a name.
package near

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Near returns the names in among that word may have been meant to be, the nearest first, at most three. Case does not count, nor
// does the choice between '-', '_' and a space.
func Near(word string, among []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	w := plain(word)
	if len(w) == 0 {
		return nil
	}
	for _, name := range among {
		n := plain(name)
		d := distance(w, n)
		switch {
		case d <= max(1, min(len(w), len(n))/3):
			found = append(found, candidate{name, d})
		case len(w) >= 3 && strings.Contains(string(n), string(w)), len(n) >= 3 && strings.Contains(string(w), string(n)):
			found = append(found, candidate{name, 100 + d}) // a part of the name, after all misspellings
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, c := range found[:min(3, len(found))] {
		names = append(names, c.name)
	}
	return names
}

// Unknown is the error of a name that no thing of a kind has: it says which are near or, if none is, what there are.
func Unknown(kind, kinds, name string, names []string) error {
	if close := Near(name, names); len(close) > 0 {
		return fmt.Errorf("unknown %s %q; did you mean %s?", kind, name, strings.Join(close, " or "))
	}
	return fmt.Errorf("unknown %s %q; the %s are %s", kind, name, kinds, strings.Join(names, ", "))
}

func plain(s string) []rune {
	return []rune(strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s)))
}

// distance counts the letters to insert, delete, change or swap with their neighbour to make b of a (optimal string alignment).
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range b {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
