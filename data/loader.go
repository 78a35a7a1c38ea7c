package data

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// A Loader cuts a set of examples E in batches B, which several goroutines make ahead of their use. Batches is the loader of
// labelled pictures; sequences or boxes need only another Collate.
//
// What an epoch holds depends on its number and on the fields of the Loader except Workers.
type Loader[E, B any] struct {
	Set      Set[E]
	Size     int    // examples a batch; the last batch of an epoch may be smaller
	Shuffle  bool   // a new order every epoch, drawn from Seed and the epoch's number
	Seed     uint64 // of the order and of what Collate draws
	DropLast bool   // leave out a last batch that is smaller than Size
	Workers  int    // goroutines that make batches; 0 is half the cores

	// New makes an empty batch. A few are made an epoch, and used again and again.
	New func() *B
	// Collate fills b with examples, whose numbers in the set are in index. What it draws for examples[i] comes from random(i),
	// which depends on Seed, the epoch and index[i] only and is valid until random is called again. The slices are valid until
	// Collate returns. It runs in several goroutines at once, each with its own b.
	Collate func(b *B, examples []E, index []int, random func(i int) *rand.Rand) error
}

// Len returns the number of batches in an epoch.
func (l *Loader[E, B]) Len() int {
	if l.Size <= 0 {
		panic(fmt.Sprintf("data: Batches: cannot cut batches of %d examples", l.Size))
	}
	if l.DropLast {
		return l.Set.Len() / l.Size
	}
	return (l.Set.Len() + l.Size - 1) / l.Size
}

// Epoch returns the batches of the epoch with this number, from the batch number skip on, so that a run that stopped in the
// middle of an epoch goes on where it was. A batch is valid until the next one is asked for; its memory is used again. After an
// error there are no more batches. Leaving the loop early stops the goroutines.
func (l *Loader[E, B]) Epoch(epoch, skip int) iter.Seq2[*B, error] {
	total := l.Len()
	if skip < 0 || skip > total {
		panic(fmt.Sprintf("data: Batches: cannot skip %d of %d batches", skip, total))
	}
	return func(yield func(*B, error) bool) {
		if skip == total {
			return
		}
		order := order(l.Set.Len(), l.Shuffle, l.Seed, epoch)
		// Batch k lives in slot k mod len(slots). A slot is handed to the workers again when its batch is done with, so every
		// slot has one owner at a time and batches come out in order, whoever makes them.
		workers := l.Workers
		if workers <= 0 {
			workers = max(1, runtime.GOMAXPROCS(0)/2)
		}
		workers = min(workers, total-skip)
		slots := make([]slot[B], min(workers+1, total-skip))
		jobs := make(chan int, len(slots))
		var stop atomic.Bool
		var running sync.WaitGroup
		defer func() {
			stop.Store(true)
			close(jobs)
			running.Wait()
		}()
		for i := range slots {
			slots[i] = slot[B]{batch: l.New(), done: make(chan outcome, 1)}
			jobs <- skip + i
		}
		for range workers {
			running.Go(func() {
				m := l.maker(epoch)
				for k := range jobs {
					if stop.Load() {
						return
					}
					s := &slots[(k-skip)%len(slots)]
					s.done <- m.make(s.batch, order[k*l.Size:min((k+1)*l.Size, len(order))])
				}
			})
		}
		for k := skip; k < total; k++ {
			s := &slots[(k-skip)%len(slots)]
			switch o := <-s.done; {
			case o.panicked != nil:
				panic(fmt.Sprintf("%v\n\nin the goroutine that made batch %d of epoch %d:\n%s", o.panicked, k, epoch, o.stack))
			case o.err != nil:
				yield(nil, o.err)
				return
			}
			if !yield(s.batch, nil) {
				return
			}
			if k+len(slots) < total {
				jobs <- k + len(slots)
			}
		}
	}
}

type slot[B any] struct {
	batch *B
	done  chan outcome
}

// An outcome says how the making of a batch ended. A panic is carried over to the goroutine that asked for the batch.
type outcome struct {
	err      error
	panicked any
	stack    []byte
}

// A maker is what one worker needs to make batches of one epoch without garbage.
type maker[E, B any] struct {
	l        *Loader[E, B]
	epoch    int
	examples []E
	index    []int
	pcg      rand.PCG
	rand     *rand.Rand
	random   func(i int) *rand.Rand
}

func (l *Loader[E, B]) maker(epoch int) *maker[E, B] {
	m := &maker[E, B]{l: l, epoch: epoch}
	m.rand = rand.New(&m.pcg)
	m.random = func(i int) *rand.Rand {
		seedExample(&m.pcg, l.Seed, epoch, m.index[i])
		return m.rand
	}
	return m
}

// make fills b with the examples that have the numbers in index.
func (m *maker[E, B]) make(b *B, index []int) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = outcome{panicked: p, stack: debug.Stack()}
		}
	}()
	m.examples, m.index = m.examples[:0], index
	for _, i := range index {
		e, err := m.l.Set.At(i)
		if err != nil {
			return outcome{err: ofExample(i, err)}
		}
		m.examples = append(m.examples, e)
	}
	return outcome{err: m.l.Collate(b, m.examples, index, m.random)}
}
