package metric

import (
	"cmp"
	"fmt"
	"slices"
)

// A Confusion counts which class was taken for which.
type Confusion struct {
	Counts [][]int // Counts[label][predicted]: the rows are the truth
}

// NewConfusion returns an empty matrix of classes×classes.
func NewConfusion(classes int) *Confusion {
	if classes < 1 {
		panic(fmt.Sprintf("metric: NewConfusion: %d classes, want at least 1", classes))
	}
	c := &Confusion{make([][]int, classes)}
	for i := range c.Counts {
		c.Counts[i] = make([]int, classes)
	}
	return c
}

// Add counts one example.
func (c *Confusion) Add(label, predicted int) {
	if n := len(c.Counts); label < 0 || label >= n || predicted < 0 || predicted >= n {
		panic(fmt.Sprintf("metric: Confusion.Add: label %d, predicted %d, there are %d classes", label, predicted, n))
	}
	c.Counts[label][predicted]++
}

// Total returns the number of examples counted.
func (c *Confusion) Total() int {
	total := 0
	for _, row := range c.Counts {
		for _, n := range row {
			total += n
		}
	}
	return total
}

// Correct returns the number of examples on the diagonal.
func (c *Confusion) Correct() int {
	correct := 0
	for i, row := range c.Counts {
		correct += row[i]
	}
	return correct
}

// Accuracy returns the share of examples on the diagonal.
func (c *Confusion) Accuracy() float64 { return ratio(c.Correct(), c.Total()) }

// A Score is how well a class is found. With TP examples of the class predicted as such, FP others predicted as it, and
// FN of the class predicted as another:
type Score struct {
	Precision float64 // TP/(TP+FP): how much of what is called the class is of it
	Recall    float64 // TP/(TP+FN): how much of the class is found
	F1        float64 // 2TP/(2TP+FP+FN): the harmonic mean of the two
	Support   int     // TP+FN: examples of the class
}

// Class returns the score of one class.
func (c *Confusion) Class(class int) Score {
	support, predicted := 0, 0
	for i, n := range c.Counts[class] {
		support += n
		predicted += c.Counts[i][class]
	}
	hits := c.Counts[class][class]
	return Score{ratio(hits, predicted), ratio(hits, support), ratio(2*hits, support+predicted), support}
}

// Macro returns the unweighted means of the classes' scores, in which rare classes count as much as frequent ones, and
// the total support. A class that is neither a label nor predicted is left out. F1 is the mean of the classes' F1, not
// that of the mean precision and recall (Opitz and Burst 2019, arXiv:1911.03347, compare the two).
func (c *Confusion) Macro() Score {
	var sum Score
	present := 0
	for class := range c.Counts {
		s := c.Class(class)
		predicted := 0
		for _, row := range c.Counts {
			predicted += row[class]
		}
		if s.Support+predicted == 0 {
			continue
		}
		present++
		sum.Precision += s.Precision
		sum.Recall += s.Recall
		sum.F1 += s.F1
		sum.Support += s.Support
	}
	if n := float64(present); present > 0 {
		sum.Precision /= n
		sum.Recall /= n
		sum.F1 /= n
	}
	return sum
}

// A Pair is two classes that were taken for each other, A the lower one.
type Pair struct{ A, B, AForB, BForA int }

// Count returns how often the two were taken for each other, either way.
func (p Pair) Count() int { return p.AForB + p.BForA }

// MostConfused returns the n pairs of classes that were most often taken for each other, fewer if there are not as many, the most
// frequent first and equally frequent ones in the order of the classes.
func (c *Confusion) MostConfused(n int) []Pair {
	var pairs []Pair
	for a := range c.Counts {
		for b := range a {
			if p := (Pair{b, a, c.Counts[b][a], c.Counts[a][b]}); p.Count() > 0 {
				pairs = append(pairs, p)
			}
		}
	}
	slices.SortFunc(pairs, func(p, q Pair) int {
		return cmp.Or(cmp.Compare(q.Count(), p.Count()), cmp.Compare(p.A, q.A), cmp.Compare(p.B, q.B))
	})
	return pairs[:min(n, len(pairs))]
}
