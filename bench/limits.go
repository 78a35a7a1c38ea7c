package bench

import (
	"sync"
	"time"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// Limits are what a machine can do at most with some number of threads.
type Limits struct {
	Threads int
	Flops   float64 // operations a second: independent multiply-adds on registers
	Bytes   float64 // bytes a second, read and written, of a loop over more memory than caches hold
}

// Measure returns the limits of this machine: the best of several tries, since others may work on it.
func Measure(threads int) Limits {
	l := Limits{Threads: threads}
	const rounds = 400_000
	for range 10 {
		var all sync.WaitGroup
		begin := time.Now()
		operations := make([]int, threads)
		for i := range threads {
			all.Go(func() { operations[i] = kernel.MulAdds(rounds) })
		}
		all.Wait()
		l.Flops = max(l.Flops, float64(operations[0]*threads)/time.Since(begin).Seconds())
	}
	defer tensor.SetThreads(tensor.Threads())
	tensor.SetThreads(threads)
	x := tensor.New(32 << 20)
	for range 10 {
		p := tensor.Inference()
		begin := time.Now()
		p.Input(x).Affine(2, 1)
		l.Bytes = max(l.Bytes, 8*float64(x.Len())/time.Since(begin).Seconds())
		p.End()
	}
	return l
}

// Least is the time in seconds below which w cannot be done; 0 if that is not known.
func (l Limits) Least(w Workload) float64 { return max(w.Flop/l.Flops, w.Bytes/l.Bytes) }
