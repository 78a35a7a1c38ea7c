package sequence

import "slices"

// Padded are N sequences of tokens of different lengths, T each in memory: the ids of one after those of the other, with padding behind
// the shorter ones.
type Padded struct {
	IDs     []int // N·T
	Lengths []int // N: how many tokens each has, which are not padding
}

// Pad joins sequences, with an id as padding.
func Pad(sequences [][]int, padding int) Padded {
	steps := 0
	for _, s := range sequences {
		steps = max(steps, len(s))
	}
	var p Padded
	for _, s := range sequences {
		p.IDs = append(append(p.IDs, s...), slices.Repeat([]int{padding}, steps-len(s))...)
		p.Lengths = append(p.Lengths, len(s))
	}
	return p
}

// steps returns T.
func (s Padded) steps(op string) int {
	n := len(s.Lengths)
	if n == 0 || len(s.IDs) == 0 || len(s.IDs)%n != 0 {
		fail(op, "%d words are not %d sequences of one length of a word or more", len(s.IDs), n)
	}
	return len(s.IDs) / n
}

// part returns the steps from lo up to hi of each sequence.
func (s Padded) part(lo, hi int) Padded {
	t := len(s.IDs) / len(s.Lengths)
	var p Padded
	for i, length := range s.Lengths {
		p.IDs = append(p.IDs, s.IDs[i*t+lo:i*t+hi]...)
		p.Lengths = append(p.Lengths, min(max(length-lo, 0), hi-lo))
	}
	return p
}
