package text

import (
	"errors"
	"fmt"
	"math"
)

// A KneserNey is an n-gram language model by modified interpolated Kneser–Ney smoothing (Chen and Goodman 1999, An empirical study
// of smoothing techniques for language modeling, https://doi.org/10.1006/csla.1999.0128, section 3 and equation 26): the probability
// of a token w behind a history h is
//
//	P(w|h) = (c(h w) − D(c(h w))) / c(h) + γ(h) · P(w|h without its first token)
//
// with a discount D of its own for counts of 1, of 2, and of 3 or more, and γ(h) such that the sum is one. Counts of the longest
// n-grams are how often they occur, those of shorter ones how many different tokens stand before them. The shortest history falls
// back on equal probabilities, so that every token of the vocabulary has one.
type KneserNey struct {
	Order     int          // tokens of the longest n-grams
	Discounts [][3]float64 // by the length of the n-grams, less one: for counts 1, 2, and 3 or more

	size  int                     // of the vocabulary
	nodes []ngram                 // the first is the empty one
	next  map[ngramAndToken]int32 // the n-gram that has one token more
}

// An ngram is a node in the tree of all n-grams, which begins with their first tokens.
type ngram struct {
	depth    int32
	shorter  int32    // the node without the first token
	count    int32    // as above: of the n-gram
	sum      int32    // of the counts of those that have one token more
	children [3]int32 // how many of those have the count 1, 2, and 3 or more
}

type ngramAndToken struct{ node, token int32 }

// NewKneserNey counts the n-grams of up to order tokens in a text whose vocabulary has size tokens. Memory is some 80 bytes for each
// different n-gram.
func NewKneserNey(order, size int, ids IDs) (*KneserNey, error) {
	if order < 1 || size < 1 || size > math.MaxInt32 {
		return nil, fmt.Errorf("n-grams of up to %d tokens of %d: want at least one of each", order, size)
	}
	if ids.Len() == 0 {
		return nil, errors.New("the text has no tokens")
	}
	m := &KneserNey{Order: order, size: size, nodes: make([]ngram, 1), next: map[ngramAndToken]int32{}}
	if err := m.count(ids); err != nil {
		return nil, err
	}
	m.sum()
	return m, nil
}

// count makes the nodes of all n-grams and counts them.
func (m *KneserNey) count(ids IDs) error {
	const window = 4096
	history := int32(0) // the longest n-gram that ends before the token, of less than Order tokens
	buffer := make([]int, window)
	for at := 0; at < ids.Len(); at += window {
		read := buffer[:min(window, ids.Len()-at)]
		if err := ids.Read(read, at); err != nil {
			return err
		}
		for i, id := range read {
			if id < 0 || id >= m.size {
				return fmt.Errorf("token %d is %d, in a vocabulary of %d", at+i, id, m.size)
			}
			node := m.longer(history, int32(id))
			if int(m.nodes[node].depth) == m.Order {
				m.nodes[node].count++
				node = m.nodes[node].shorter
			}
			history = node
		}
	}
	return nil
}

// longer returns the node of an n-gram with one token more, and those without its first tokens, made if they are new. Where one is
// new, there is another token before the n-gram without its first.
func (m *KneserNey) longer(node, token int32) int32 {
	key := ngramAndToken{node, token}
	if n, ok := m.next[key]; ok {
		return n
	}
	made := ngram{depth: m.nodes[node].depth + 1}
	if node != 0 {
		made.shorter = m.longer(m.nodes[node].shorter, token)
		m.nodes[made.shorter].count++
	}
	m.nodes = append(m.nodes, made)
	n := int32(len(m.nodes) - 1)
	m.next[key] = n
	return n
}

// sum adds up what counts say about histories, and chooses the discounts.
func (m *KneserNey) sum() {
	times := make([][5]float64, m.Order) // how many n-grams of each length occur 1, 2, 3 or 4 times
	for key, n := range m.next {
		child, parent := m.nodes[n], &m.nodes[key.node]
		if child.count == 0 { // it stands at the beginning of the text only
			continue
		}
		parent.sum += child.count
		parent.children[min(child.count, 3)-1]++
		if child.count <= 4 {
			times[child.depth-1][child.count]++
		}
	}
	for _, n := range times {
		m.Discounts = append(m.Discounts, discounts(n))
	}
}

// discounts are those of equation 26. Where a text is too small for one of them, they all are that of Ney, Essen and Kneser 1994, or
// ½ where nothing occurs once.
func discounts(n [5]float64) (d [3]float64) {
	y := n[1] / (n[1] + 2*n[2])
	if n[1] == 0 || n[2] == 0 {
		y = .5
	}
	for i := range d {
		d[i] = y
		if k := float64(i + 1); n[1] > 0 && n[2] > 0 && n[3] > 0 && n[4] > 0 {
			d[i] = min(max(k-(k+1)*y*n[i+2]/n[i+1], 0), k)
		}
	}
	return d
}

// Probability returns that of a token behind a history, of which the last Order−1 tokens count. Of all tokens of the vocabulary the
// sum is one.
func (m *KneserNey) Probability(history []int, token int) float64 {
	if token < 0 || token >= m.size {
		return 0
	}
	return m.probability(m.find(history), int32(token))
}

// find returns the node of the longest end of a history that is known.
func (m *KneserNey) find(history []int) int32 {
	history = history[max(0, len(history)-m.Order+1):]
	node := int32(0)
	for _, id := range history {
		node = m.step(node, int32(id))
	}
	return node
}

// step returns the node of the longest known end of an n-gram with one token more, of less than Order tokens.
func (m *KneserNey) step(node, token int32) int32 {
	if int(m.nodes[node].depth) == m.Order-1 && node != 0 {
		node = m.nodes[node].shorter
	}
	for {
		if n, ok := m.next[ngramAndToken{node, token}]; ok && int(m.nodes[n].depth) < m.Order {
			return n
		}
		if node == 0 {
			return 0
		}
		node = m.nodes[node].shorter
	}
}

func (m *KneserNey) probability(node, token int32) float64 {
	h := m.nodes[node]
	var shorter float64
	if node == 0 {
		shorter = 1 / float64(m.size)
	} else {
		shorter = m.probability(h.shorter, token)
	}
	if h.sum == 0 { // nothing is known to follow
		return shorter
	}
	d := m.Discounts[h.depth]
	var p, left float64
	if n, ok := m.next[ngramAndToken{node, token}]; ok && m.nodes[n].count > 0 {
		count := m.nodes[n].count
		p = float64(count) - d[min(count, 3)-1]
	}
	for i, n := range h.children {
		left += d[i] * float64(n)
	}
	return (p + left*shorter) / float64(h.sum)
}

// Perplexity returns exp of the mean negative logarithm of the probabilities of the tokens of a text, from the second on, each
// behind all that come before it. The logarithm of the perplexity is in nats a token.
func (m *KneserNey) Perplexity(ids IDs) (float64, error) {
	if ids.Len() < 2 {
		return 0, fmt.Errorf("a text of %d tokens has none that follows another", ids.Len())
	}
	var loss float64
	var one [1]int
	history := int32(0)
	for at := range ids.Len() {
		if err := ids.Read(one[:], at); err != nil {
			return 0, err
		}
		if one[0] < 0 || one[0] >= m.size {
			return 0, fmt.Errorf("token %d is %d, in a vocabulary of %d", at, one[0], m.size)
		}
		if at > 0 {
			loss -= math.Log(m.probability(history, int32(one[0])))
		}
		history = m.step(history, int32(one[0]))
	}
	return math.Exp(loss / float64(ids.Len()-1)), nil
}
