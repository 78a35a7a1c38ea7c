package data

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls f with every example of a set, or with the error that came instead, in as many goroutines as there are cores and
// in no order. It stops early, with the context's error, when the context ends.
func Each[E any](ctx context.Context, s Set[E], f func(i int, e E, err error)) error {
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), s.Len()) {
		running.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= s.Len() {
					return
				}
				e, err := s.At(i)
				f(i, e, err)
			}
		})
	}
	running.Wait()
	return ctx.Err()
}
