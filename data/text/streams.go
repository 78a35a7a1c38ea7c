package text

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/data"
)

// Streams cuts a long text in N streams of equal length, which a network reads side by side, T tokens a step, for truncated
// back-propagation through time (Williams and Peng 1990): row n of a batch goes on where row n of the batch before ended, so that the
// network's state is carried on.
type Streams struct {
	IDs     IDs
	N, T    int
	Workers int // goroutines that read ahead; 0 is half the cores
}

// A Batch of streams is what a network reads in one step: the target of each token is the next one. It is valid until the next one
// is asked for.
type Batch struct {
	X, Y  []int // N×T, row after row; the last batch of an epoch may have a smaller T
	N, T  int
	Fresh bool // the streams begin here: carried state is zero
}

// Check says whether there is text enough: each stream needs a token and a next one.
func (s *Streams) Check() error {
	switch {
	case s.N < 1 || s.T < 1:
		return fmt.Errorf("%d streams of %d steps: want at least one of each", s.N, s.T)
	case s.IDs.Len() < s.N+1:
		return fmt.Errorf("a text of %d tokens is too short for %d streams: want %d at least, or fewer streams", s.IDs.Len(), s.N, s.N+1)
	}
	return nil
}

// length returns the number of tokens of a stream that have a next one; fewer than N are left over at the end of the text.
func (s *Streams) length() int { return (s.IDs.Len() - 1) / s.N }

// Len returns the number of batches in an epoch.
func (s *Streams) Len() int { return (s.length() + s.T - 1) / s.T }

// Tokens returns the number of targets in an epoch.
func (s *Streams) Tokens() int { return s.length() * s.N }

// Epoch returns the batches of an epoch from the batch number skip on. All epochs are the same: what came first stays first, since
// state is carried. A run that goes on at skip needs the state that it had there.
func (s *Streams) Epoch(epoch, skip int) iter.Seq2[*Batch, error] {
	if err := s.Check(); err != nil {
		return func(yield func(*Batch, error) bool) { yield(nil, err) }
	}
	loader := data.Loader[[]int, Batch]{
		Set: windows{s}, Size: 1, Workers: s.Workers,
		New: func() *Batch { return &Batch{} },
		Collate: func(b *Batch, window [][]int, index []int, _ func(int) *rand.Rand) error {
			rows := window[0]
			b.X, b.Y, b.N, b.T, b.Fresh = b.X[:0], b.Y[:0], s.N, len(rows)/s.N-1, index[0] == 0
			for row := range slices.Chunk(rows, b.T+1) {
				b.X, b.Y = append(b.X, row[:b.T]...), append(b.Y, row[1:]...)
			}
			return nil
		},
	}
	return loader.Epoch(epoch, skip)
}

// windows has for each batch its N rows, one behind the other, each with the token behind it.
type windows struct{ *Streams }

func (w windows) At(i int) ([]int, error) {
	begin := i * w.T
	t := min(w.T, w.length()-begin) + 1
	rows := make([]int, w.N*t)
	for n := range w.N {
		if err := w.IDs.Read(rows[n*t:][:t], n*w.length()+begin); err != nil {
			return nil, err
		}
	}
	return rows, nil
}
