package text

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/tensor"
)

// A Sequence is the tokens of a text, and its label.
type Sequence struct {
	IDs   []int
	Label int
}

// Sequences is a set of them, in memory.
type Sequences = data.Slice[Sequence]

// Buckets makes batches of sequences of different lengths, such that those of one batch are about equally long and little is filled
// up. The same fields give the same batches, for any number of workers.
type Buckets struct {
	Set     Sequences
	Size    int    // sequences a batch; one batch of an epoch may have fewer
	Pad     int    // the token that shorter ones are filled up with, behind their end
	Longest int    // longer ones are an error, or with Cut cut off; 0 is 10,000
	Cut     bool   // take the first Longest tokens of longer ones
	Shuffle bool   // a new order every epoch, of batches and of what is in them, drawn from Seed and the epoch's number
	Seed    uint64 // of the order
	Workers int    // goroutines that make batches; 0 is half the cores
}

// Padded is a batch of sequences of different lengths. It is valid until the next one is asked for.
type Padded struct {
	X       []int // N×T, row after row: the tokens, then Pad
	N, T    int   // T is the length of the longest
	Lengths []int // N
	Labels  []int // N
	Index   []int // N: the sequences' numbers in the set
}

// Mask returns 1 where there is a token and 0 behind the end of a sequence, N×T, on the heap.
func (p *Padded) Mask() *tensor.Tensor {
	m := tensor.New(p.N, p.T)
	d := m.Edit()
	for n, length := range p.Lengths {
		for t := range length {
			d[n*p.T+t] = 1
		}
	}
	return m
}

// usualLongest is for sequences whose greatest length nobody stated. A batch of a much longer one would take all memory.
const usualLongest = 10_000

// poolBatches is how many batches are sorted by length together: few enough that batches differ from epoch to epoch.
const poolBatches = 50

// Check says which sequence cannot be in a batch: one without tokens, or one that is too long and not to be cut.
func (b *Buckets) Check() error {
	if b.Size < 1 || b.Longest < 0 {
		return fmt.Errorf("batches of %d sequences of %d tokens at most: want at least one", b.Size, b.Longest)
	}
	if len(b.Set) == 0 {
		return fmt.Errorf("there are no sequences")
	}
	for i, s := range b.Set {
		switch n := len(s.IDs); {
		case n == 0:
			return fmt.Errorf("sequence %d has no tokens: leave it out", i)
		case n > b.longest() && !b.Cut:
			return fmt.Errorf("sequence %d has %d tokens, more than %d: cut it off (Cut), or set Longest", i, n, b.longest())
		}
	}
	return nil
}

func (b *Buckets) longest() int { return cmp.Or(b.Longest, usualLongest) }

// length returns how many tokens of sequence i are used.
func (b *Buckets) length(i int) int { return min(len(b.Set[i].IDs), b.longest()) }

// Len returns the number of batches in an epoch.
func (b *Buckets) Len() int { return (len(b.Set) + b.Size - 1) / b.Size }

// Epoch returns the batches of the epoch with this number, from the batch number skip on, so that a run that stopped in the middle
// of an epoch goes on where it was.
func (b *Buckets) Epoch(epoch, skip int) iter.Seq2[*Padded, error] {
	if err := b.Check(); err != nil {
		return func(yield func(*Padded, error) bool) { yield(nil, err) }
	}
	order := b.order(epoch)
	loader := data.Loader[Sequence, Padded]{
		Set: data.Subset[Sequence](b.Set, order), Size: b.Size, Workers: b.Workers,
		New: func() *Padded { return &Padded{} },
		Collate: func(to *Padded, examples []Sequence, places []int, _ func(int) *rand.Rand) error {
			to.X, to.Lengths, to.Labels, to.Index = to.X[:0], to.Lengths[:0], to.Labels[:0], to.Index[:0]
			to.N, to.T = len(examples), 0
			for i, s := range examples {
				at := order[places[i]]
				to.T = max(to.T, b.length(at))
				to.Index, to.Labels, to.Lengths = append(to.Index, at), append(to.Labels, s.Label), append(to.Lengths, b.length(at))
			}
			for i, s := range examples {
				to.X = append(to.X, s.IDs[:to.Lengths[i]]...)
				for range to.T - to.Lengths[i] {
					to.X = append(to.X, b.Pad)
				}
			}
			return nil
		},
	}
	return loader.Epoch(epoch, skip)
}

// order returns the numbers of the sequences in the order of one epoch. Shuffled ones are sorted by length in pools of some batches,
// and then the batches are shuffled, but a last one that has fewer. Others are sorted by length as a whole.
func (b *Buckets) order(epoch int) []int {
	order := make([]int, len(b.Set))
	for i := range order {
		order[i] = i
	}
	byLength := func(x, y int) int { return b.length(x) - b.length(y) }
	if !b.Shuffle {
		slices.SortStableFunc(order, byLength)
		return order
	}
	random := data.Random(b.Seed, epoch, 0)
	random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	full := len(order) / b.Size * b.Size
	for pool := range slices.Chunk(order[:full], poolBatches*b.Size) {
		slices.SortStableFunc(pool, byLength)
	}
	batches := slices.Collect(slices.Chunk(order[:full], b.Size))
	random.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	return append(slices.Concat(batches...), order[full:]...)
}
