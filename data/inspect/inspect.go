// Package inspect looks a data set of pictures through for what spoils training and figures: broken pictures, classes that are
// rare, and pictures that occur more than once, above all in training and test set at once.
package inspect

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/hadal-go/hadal/data"
)

// A Part is one part of a data set.
type Part struct {
	Name string // such as training
	Set  data.Classified
}

// Example returns the name of an example: that of its file, if it has one, or the part and its number.
func (p Part) Example(i int) string {
	if f, ok := p.Set.(*data.Files); ok {
		return f.Paths[i]
	}
	return fmt.Sprintf("%s %d", p.Name, i)
}

// A Report says what was found.
type Report struct {
	Parts   []Part
	Counts  [][]int // parts × classes: how many examples can be read
	Broken  []Broken
	Sizes   []Size // the most frequent first
	Exact   []Group
	Near    []Group // the nearest first, and those with an example in several parts before the others
	Dropped int     // near pairs that are not among Near, because there are too many
}

// Broken is an example that cannot be read.
type Broken struct {
	Name string
	Err  error // without the name
}

func (b Broken) Error() string { return b.Name + ": " + b.Err.Error() }

// A Size is height, width and channels, and how many pictures have them.
type Size struct{ H, W, C, Count int }

// A Group is two or more examples that are equal, or two that are nearly so.
type Group struct {
	Examples []Example
	Distance int // of their perceptual hashes, in bits; 0 where they are equal
}

// An Example is the place of an example in a report's parts.
type Example struct{ Part, Index, Label int }

// Across tells whether the group has examples in several parts.
func (g Group) Across() bool {
	return slices.ContainsFunc(g.Examples, func(e Example) bool { return e.Part != g.Examples[0].Part })
}

// Mislabelled tells whether the group has examples with different labels, of which one at most is right.
func (g Group) Mislabelled() bool {
	return slices.ContainsFunc(g.Examples, func(e Example) bool { return e.Label != g.Examples[0].Label })
}

// Options set what Look takes for nearly equal. Zero values are sensible.
type Options struct {
	Bits int // of 63, in which the perceptual hashes may differ; 0 is 4, negative looks for equal pictures only
	Most int // the number of near pairs within parts, and of those across, that are kept; 0 is 10,000
}

// Look decodes every picture of the parts once, in as many goroutines as there are cores. It keeps some 300 bytes of each.
//
// Pictures are equal if their pixels are, whatever files they come from. They are nearly equal if their perceptual hashes are
// close and small copies of them, in grey and with brightness and contrast made equal, correlate: a hash alone takes all plain
// pictures for one another. A picture that was scaled, compressed, or changed in brightness or colour is found; one that was cropped
// or mirrored is not.
func Look(ctx context.Context, parts []Part, o Options) (*Report, error) {
	if o.Bits == 0 {
		o.Bits = 4
	}
	if o.Most == 0 {
		o.Most = 10_000
	}
	r := &Report{Parts: parts}
	var all []print
	sizes := map[Size]int{}
	for k, part := range parts {
		prints := make([]print, part.Set.Len())
		failed := make([]error, part.Set.Len())
		err := data.Each(ctx, data.Set[data.Labelled](part.Set), func(i int, e data.Labelled, err error) {
			if failed[i] = err; err == nil {
				prints[i] = printOf(e.Picture)
				prints[i].Example = Example{k, i, e.Label}
			}
		})
		if err != nil {
			return nil, err
		}
		counts := make([]int, len(part.Set.Classes()))
		for i, p := range prints {
			if failed[i] != nil {
				var named *data.BrokenError
				if errors.As(failed[i], &named) {
					failed[i] = named.Err
				}
				r.Broken = append(r.Broken, Broken{part.Example(i), failed[i]})
				continue
			}
			counts[p.Label]++
			sizes[Size{H: p.h, W: p.w, C: p.c}]++
			all = append(all, p)
		}
		r.Counts = append(r.Counts, counts)
	}
	for s, n := range sizes {
		s.Count = n
		r.Sizes = append(r.Sizes, s)
	}
	slices.SortFunc(r.Sizes, func(a, b Size) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.H*b.W, a.H*a.W), cmp.Compare(b.H, a.H), cmp.Compare(b.C, a.C))
	})
	var different []print
	r.Exact, different = equal(all)
	if o.Bits > 0 {
		r.Near, r.Dropped = near(different, o)
	}
	return r, nil
}

// Done tells how many examples could be read.
func (r *Report) Done() int {
	n := 0
	for _, counts := range r.Counts {
		for _, k := range counts {
			n += k
		}
	}
	return n
}

// A print is what is kept of a picture.
type print struct {
	Example
	h, w, c int
	content [16]byte // the beginning of a sha256 of shape and pixels
	hash    uint64
	small   [smallSide * smallSide]int8 // of mean 0 and the same contrast for all; nothing for a plain picture
}

func printOf(p data.Picture) print {
	f := print{h: p.H, w: p.W, c: p.C}
	sum := sha256.New()
	var shape [12]byte
	binary.LittleEndian.PutUint32(shape[0:], uint32(p.H))
	binary.LittleEndian.PutUint32(shape[4:], uint32(p.W))
	binary.LittleEndian.PutUint32(shape[8:], uint32(p.C))
	sum.Write(shape[:])
	sum.Write(p.Pixels)
	copy(f.content[:], sum.Sum(nil))
	grey := greys(p)
	f.hash, f.small = perceptual(grey), small(grey)
	return f
}

// equal groups the pictures with the same pixels, and returns the first of each, in order.
func equal(all []print) (groups []Group, different []print) {
	at := map[[16]byte]int{} // of the group in order
	var found []Group
	for _, p := range all {
		i, ok := at[p.content]
		if !ok {
			i = len(found)
			at[p.content] = i
			found = append(found, Group{})
			different = append(different, p)
		}
		found[i].Examples = append(found[i].Examples, p.Example)
	}
	for _, g := range found {
		if len(g.Examples) > 1 {
			groups = append(groups, g)
		}
	}
	slices.SortStableFunc(groups, compare)
	return groups, different
}

// compare puts what matters most first: what is in several parts, what has several labels, what is near.
func compare(a, b Group) int {
	order := func(x, y bool) int {
		switch {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	}
	return cmp.Or(order(a.Across(), b.Across()), order(a.Mislabelled(), b.Mislabelled()), cmp.Compare(a.Distance, b.Distance))
}
