package text

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// BPE learns a vocabulary by byte-pair encoding: at each step the two neighbouring tokens that occur most often beside each other
// become a new token; of equally frequent pairs that with the smaller numbers, as in Hugging Face's tokenizers. It returns merges equal
// to those of counting all pairs anew at each step, but counts only what a merge changes.
//
// Without Splitters it is GPT-2's, of bytes, which writes every text and loses nothing.
func (o Training) BPE(lines Lines) (*Tokenizer, error) {
	if o.Splitters == nil {
		o.Splitters = []Splitter{ByteLevel{}}
	}
	alphabet, joiner := []rune(nil), Joiner(Joined{})
	if splitsBytes(o.Splitters) {
		alphabet, joiner = byteRunes[:], ByteJoined{}
	}
	return o.bpe(lines, alphabet, "", joiner)
}

// SuffixBPE is BPE with a suffix behind each word, as Sennrich has </w>, so that words are told from their parts. Without Splitters
// words are what OnWords makes them.
func (o Training) SuffixBPE(lines Lines, suffix string) (*Tokenizer, error) {
	if suffix == "" {
		return nil, fmt.Errorf("the suffix is empty")
	}
	if o.Splitters == nil {
		o.Splitters = []Splitter{OnWords{}}
	}
	return o.bpe(lines, nil, suffix, SuffixJoined{suffix})
}

func (o Training) bpe(lines Lines, alphabet []rune, suffix string, joiner Joiner) (*Tokenizer, error) {
	l, err := o.learn(lines, alphabet, "", suffix)
	if err != nil {
		return nil, err
	}
	m := &BPE{Unknown: o.Unknown, Suffix: suffix, vocabulary: l.vocabulary, rules: map[pair[int]]rule{}}
	for _, merge := range l.merges {
		m.learn(merge.pair, merge.makes)
	}
	return o.tokenizer(m, joiner)
}

// A learner merges pairs of tokens in words.
type learner struct {
	vocabulary *Vocabulary
	merges     []merge
	words      []word
	pairs      map[pair[int]]*counted
	queue      heap[frequent]
	touched    []pair[int] // pairs that the last merge made
}

type merge struct {
	pair[int]
	makes int
}

type word struct {
	tokens []int
	count  int
}

// counted says how often a pair occurs, and in which words it may be: one may be named again, or have it no more.
type counted struct {
	count int
	words []int
}

// frequent is a pair with its count when it came into the queue, which may have fallen since.
type frequent struct {
	pair[int]
	count int
}

// learn merges pairs until there are Size tokens. Prefix stands before every character of a word but the first, suffix behind the last.
func (o Training) learn(lines Lines, alphabet []rune, prefix, suffix string) (*learner, error) {
	counts, err := o.pieces(lines)
	if err != nil {
		return nil, err
	}
	v, err := o.vocabulary()
	if err != nil {
		return nil, err
	}
	l := &learner{vocabulary: v, pairs: map[pair[int]]*counted{}}
	l.queue.before = func(x, y frequent) bool {
		return cmp.Or(y.count-x.count, x.a-y.a, x.b-y.b) < 0
	}
	l.start(counts, alphabet, prefix, suffix)
	size := cmp.Or(o.Size, usualSize)
	if size < v.Len() {
		return nil, fmt.Errorf("a vocabulary of %d tokens is asked for, but there are %d characters and special tokens", size, v.Len())
	}
	for v.Len() < size {
		next, ok := l.next(max(1, o.MinCount))
		if !ok {
			break
		}
		makes := v.add(v.Token(next.a) + strings.TrimPrefix(v.Token(next.b), prefix))
		l.merges = append(l.merges, merge{next, makes})
		l.merge(next, makes)
	}
	return l, nil
}

// start makes words of the counted pieces, tokens of their characters, and counts the pairs.
func (l *learner) start(counts map[string]int, alphabet []rune, prefix, suffix string) {
	seen := map[rune]bool{}
	for _, r := range alphabet {
		seen[r] = true
	}
	for piece := range counts {
		for _, r := range piece {
			seen[r] = true
		}
	}
	for _, r := range slices.Sorted(maps.Keys(seen)) {
		l.vocabulary.add(string(r))
	}
	for _, piece := range slices.Sorted(maps.Keys(counts)) {
		w := word{count: counts[piece]}
		characters := []rune(piece)
		for i, r := range characters {
			c := string(r)
			if i > 0 {
				c = prefix + c
			}
			if i == len(characters)-1 {
				c += suffix
			}
			w.tokens = append(w.tokens, l.vocabulary.add(c))
		}
		l.words = append(l.words, w)
		for i := 1; i < len(w.tokens); i++ {
			l.change(pair[int]{w.tokens[i-1], w.tokens[i]}, w.count, len(l.words)-1)
		}
	}
	l.offer()
}

// next returns the most frequent pair, if it occurs often enough.
func (l *learner) next(least int) (pair[int], bool) {
	for len(l.queue.items) > 0 {
		f := l.queue.pop()
		switch now := l.pairs[f.pair].count; {
		case now < f.count: // it goes back with its count of now
			if f.count = now; now > 0 {
				l.queue.push(f)
			}
		case now < least:
			return pair[int]{}, false
		default:
			return f.pair, true
		}
	}
	return pair[int]{}, false
}

// merge makes one token of a pair wherever it is.
func (l *learner) merge(p pair[int], makes int) {
	where := l.pairs[p].words
	l.pairs[p].words = nil
	slices.Sort(where)
	for _, i := range slices.Compact(where) {
		w := l.words[i]
		out := w.tokens[:0]
		for k := 0; k < len(w.tokens); k++ {
			if k+1 == len(w.tokens) || (pair[int]{w.tokens[k], w.tokens[k+1]}) != p {
				out = append(out, w.tokens[k])
				continue
			}
			if n := len(out); n > 0 {
				l.change(pair[int]{out[n-1], p.a}, -w.count, i)
				l.change(pair[int]{out[n-1], makes}, w.count, i)
			}
			if k++; k+1 < len(w.tokens) {
				l.change(pair[int]{p.b, w.tokens[k+1]}, -w.count, i)
				l.change(pair[int]{makes, w.tokens[k+1]}, w.count, i)
			}
			out = append(out, makes)
		}
		l.words[i].tokens = out
	}
	l.pairs[p].count = 0
	l.offer()
}

// change counts a pair more or less often.
func (l *learner) change(p pair[int], by, word int) {
	c := l.pairs[p]
	if c == nil {
		c = &counted{}
		l.pairs[p] = c
	}
	if c.count += by; by > 0 {
		if n := len(c.words); n == 0 || c.words[n-1] != word {
			c.words = append(c.words, word)
		}
		l.touched = append(l.touched, p)
	}
}

// offer puts the pairs that became more frequent into the queue.
func (l *learner) offer() {
	slices.SortFunc(l.touched, func(x, y pair[int]) int { return cmp.Or(x.a-y.a, x.b-y.b) })
	for _, p := range slices.Compact(l.touched) {
		if n := l.pairs[p].count; n > 0 {
			l.queue.push(frequent{p, n})
		}
	}
	l.touched = l.touched[:0]
}
