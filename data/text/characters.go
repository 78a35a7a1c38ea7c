package text

import "slices"

// Bytes returns the vocabulary of the 256 bytes, whose numbers are their values. It takes everything and loses nothing.
//
// It is a BPE without merges, so that others read it from tokenizer.json.
func Bytes() *Tokenizer {
	v := &Vocabulary{ids: map[string]int{}}
	for _, r := range byteRunes {
		v.add(string(r))
	}
	t, err := New(&BPE{vocabulary: v})
	if err != nil {
		panic(err) // there are no special tokens that could be wrong
	}
	t.Splitters, t.Joiner = []Splitter{ByteLevel{Whole: true}}, ByteJoined{}
	return t
}

// Characters makes a vocabulary of the characters of text in the order of Unicode. Where Size leaves no room for all, the rarest are
// unknown. It is a BPE without merges, so that others read it from tokenizer.json.
func (o Training) Characters(lines Lines) (*Tokenizer, error) {
	seen := map[rune]int{} // few, of however much text
	err := o.each(lines, func(piece string) {
		for _, r := range piece {
			seen[r]++
		}
	})
	if err != nil {
		return nil, err
	}
	if len(seen) == 0 {
		return nil, ErrNoText
	}
	counts := map[string]int{}
	for r, n := range seen {
		counts[string(r)] = n
	}
	v, kept, err := o.frequent(counts)
	if err != nil {
		return nil, err
	}
	slices.Sort(kept)
	for _, c := range kept {
		v.add(c)
	}
	return o.tokenizer(&BPE{Unknown: o.Unknown, vocabulary: v}, Joined{})
}
