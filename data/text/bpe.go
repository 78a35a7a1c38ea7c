package text

import (
	"fmt"
	"unicode/utf8"
)

// A BPE makes tokens of a piece by byte-pair encoding (Sennrich, Haddow and Birch 2016, Neural machine translation of rare words with
// subword units, https://arxiv.org/abs/1508.07909): it begins with the characters and merges two neighbours as long as any may be
// merged, those first that were learnt first.
type BPE struct {
	Unknown string // the token of a character that has none; "": an error
	Fuse    bool   // one such token for several characters beside each other
	Suffix  string // written behind the last character of a piece: </w> in Sennrich's
	Direct  bool   // a piece that is a token is that token, whatever the merges

	vocabulary *Vocabulary
	merges     []pair[int] // in the order in which they were learnt
	rules      map[pair[int]]rule
}

// A rule says what a merge makes, and how early it was learnt.
type rule struct{ rank, makes int }

// NewBPE returns the model with these tokens, and merges of two of them that make a third. The error says which does not.
func NewBPE(tokens []string, merges [][2]string) (*BPE, error) {
	v, err := NewVocabulary(tokens)
	if err != nil {
		return nil, err
	}
	m := &BPE{vocabulary: v, rules: make(map[pair[int]]rule, len(merges))}
	for i, merge := range merges {
		a, okA := v.ID(merge[0])
		b, okB := v.ID(merge[1])
		makes, ok := v.ID(merge[0] + merge[1])
		if !okA || !okB || !ok {
			return nil, fmt.Errorf("merge %d, of %q and %q: these two and %q must be tokens", i, merge[0], merge[1], merge[0]+merge[1])
		}
		m.learn(pair[int]{a, b}, makes)
	}
	return m, nil
}

func (m *BPE) learn(p pair[int], makes int) {
	if _, known := m.rules[p]; !known {
		m.rules[p] = rule{len(m.merges), makes}
	}
	m.merges = append(m.merges, p)
}

// Vocabulary implements Model.
func (m *BPE) Vocabulary() *Vocabulary { return m.vocabulary }

// Merges returns the merges in the order in which they were learnt.
func (m *BPE) Merges() [][2]string {
	merges := make([][2]string, len(m.merges))
	for i, p := range m.merges {
		merges[i] = [2]string{m.vocabulary.Token(p.a), m.vocabulary.Token(p.b)}
	}
	return merges
}

// Append implements Model. It takes time n·log n for n characters.
func (m *BPE) Append(ids []int, piece string) ([]int, error) {
	if id, ok := m.vocabulary.ID(piece); ok && m.Direct {
		return append(ids, id), nil
	}
	begin := len(ids)
	ids, err := m.characters(ids, piece)
	if err != nil || len(m.rules) == 0 {
		return ids, err
	}
	return ids[:begin+m.merge(ids[begin:])], nil
}

// characters appends the tokens of the characters of a piece.
func (m *BPE) characters(ids []int, piece string) ([]int, error) {
	unknown := -1 // where the last unknown character was
	for i, end := 0, 0; i < len(piece); i = end {
		_, size := utf8.DecodeRuneInString(piece[i:])
		end = i + size
		c := piece[i:end]
		if end == len(piece) {
			c += m.Suffix
		}
		id, ok := m.vocabulary.ID(c)
		if !ok {
			if id, ok = m.vocabulary.ID(m.Unknown); !ok || m.Unknown == "" {
				return ids, &UnknownError{c}
			}
			if m.Fuse && unknown >= 0 && unknown == i {
				unknown = end
				continue
			}
			unknown = end
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// A possible merge is that of the token at a place with the next one.
type possible struct {
	rule
	at int
}

// merge merges tokens in place and returns how many are left.
func (m *BPE) merge(tokens []int) int {
	n := len(tokens)
	next, last := make([]int, n), make([]int, n) // the neighbours of each token that is left
	queue := heap[possible]{before: func(a, b possible) bool { return a.rank < b.rank || a.rank == b.rank && a.at < b.at }}
	look := func(at int) {
		if at >= 0 && next[at] < n {
			if r, ok := m.rules[pair[int]{tokens[at], tokens[next[at]]}]; ok {
				queue.push(possible{r, at})
			}
		}
	}
	for i := range tokens {
		next[i], last[i] = i+1, i-1
	}
	for i := range tokens {
		look(i)
	}
	const gone = -1
	for len(queue.items) > 0 {
		p := queue.pop()
		if tokens[p.at] == gone || next[p.at] >= n {
			continue
		}
		// Others may have merged here meanwhile.
		right := next[p.at]
		if r, ok := m.rules[pair[int]{tokens[p.at], tokens[right]}]; !ok || r != p.rule {
			continue
		}
		tokens[p.at], tokens[right] = p.makes, gone
		if next[p.at] = next[right]; next[p.at] < n {
			last[next[p.at]] = p.at
		}
		look(last[p.at])
		look(p.at)
	}
	left := 0
	for _, id := range tokens {
		if id != gone {
			tokens[left] = id
			left++
		}
	}
	return left
}
