package recipe

import (
	"iter"
	"runtime"
	"sync"
)

// A result is what became of an input.
type result[V any] struct {
	value V
	err   error
}

// ahead yields what f makes of each element of a list, in order, while as many goroutines as there are cores work ahead. Leaving the
// loop early waits for those that are at work.
func ahead[E, V any](list []E, f func(E) (V, error)) iter.Seq2[int, result[V]] {
	return func(yield func(int, result[V]) bool) {
		workers := min(runtime.GOMAXPROCS(0), len(list))
		slots := make([]chan result[V], 2*workers) // element i is handed over in slot i mod len(slots)
		for i := range slots {
			slots[i] = make(chan result[V], 1)
		}
		jobs := make(chan int, len(slots))
		var running sync.WaitGroup
		defer running.Wait()
		defer close(jobs)
		for range workers {
			running.Go(func() {
				for i := range jobs {
					var r result[V]
					r.value, r.err = f(list[i])
					slots[i%len(slots)] <- r
				}
			})
		}
		for i := range min(len(slots), len(list)) {
			jobs <- i
		}
		for i := range list {
			r := <-slots[i%len(slots)]
			if !yield(i, r) {
				for len(jobs) > 0 { // what nobody has begun
					select {
					case <-jobs:
					default:
					}
				}
				return
			}
			if next := i + len(slots); next < len(list) {
				jobs <- next
			}
		}
	}
}
