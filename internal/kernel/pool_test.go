package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withThreads runs f with n threads.
func withThreads(t testing.TB, n int, f func()) {
	t.Helper()
	before := Threads()
	SetThreads(n)
	defer SetThreads(before)
	f()
}

type taskFunc func(lo, hi int)

func (f taskFunc) run(lo, hi int) { f(lo, hi) }

func TestParallelRunsEveryPieceOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		withThreads(t, threads, func() {
			for _, n := range []int{0, 1, 2, 7, 64, 1000} {
				for _, grain := range []int{1, 3, 64, 2000} {
					count := make([]atomic.Int32, n)
					parallel(n, grain, taskFunc(func(lo, hi int) {
						if lo%grain != 0 || hi != min(lo+grain, n) {
							t.Errorf("run(%d, %d) of n = %d, grain = %d, want cuts by the grain", lo, hi, n, grain)
						}
						for i := lo; i < hi; i++ {
							count[i].Add(1)
						}
					}))
					for i := range count {
						if got := count[i].Load(); got != 1 {
							t.Fatalf("%d threads: piece %d of %d ran %d times, want 1", threads, i, n, got)
						}
					}
				}
			}
		})
	}
}

func TestParallelUsesTheWorkers(t *testing.T) {
	withThreads(t, 2, func() {
		// Two pieces that each wait for the other to begin: this ends only if two goroutines take part.
		for range 20 {
			var begun atomic.Int32
			parallel(2, 1, taskFunc(func(lo, hi int) {
				begun.Add(1)
				for limit := time.Now().Add(20 * time.Second); begun.Load() < 2; runtime.Gosched() {
					if time.Now().After(limit) {
						t.Error("the second piece did not begin while the first ran")
						return
					}
				}
			}))
			time.Sleep(100 * time.Microsecond) // long enough for the worker to fall asleep at times
		}
	})
}

func TestParallelWithinParallelAndFromManyCallers(t *testing.T) {
	withThreads(t, 4, func() {
		var sum atomic.Int64
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				for range 50 {
					parallel(10, 1, taskFunc(func(lo, hi int) {
						parallel(5, 2, taskFunc(func(lo, hi int) { sum.Add(int64(hi - lo)) }))
					}))
				}
			})
		}
		callers.Wait()
		if got := sum.Load(); got != 8*50*10*5 {
			t.Errorf("pieces run = %d, want %d", got, 8*50*10*5)
		}
	})
}

func TestParallelRaisesPanicsInTheCaller(t *testing.T) {
	withThreads(t, 3, func() {
		for piece := range 40 {
			func() {
				defer func() {
					if r := recover(); r != "piece" {
						t.Errorf("recovered %v, want the panic of the piece", r)
					}
				}()
				parallel(40, 1, taskFunc(func(lo, hi int) {
					time.Sleep(time.Microsecond)
					if lo == piece {
						panic("piece")
					}
				}))
			}()
			var n atomic.Int32
			parallel(40, 1, taskFunc(func(lo, hi int) { n.Add(1) }))
			if n.Load() != 40 {
				t.Fatalf("after a panic: %d of 40 pieces ran", n.Load())
			}
		}
	})
}

func TestSetThreadsRefusesNone(t *testing.T) {
	defer func() {
		if r := recover(); r != "kernel: SetThreads: cannot work with 0 threads" {
			t.Errorf("SetThreads(0) panicked with %v", r)
		}
	}()
	SetThreads(0)
}

type nothing struct{ n atomic.Int64 }

func (t *nothing) run(lo, hi int) { t.n.Add(int64(hi - lo)) }

func TestParallelDoesNotAllocate(t *testing.T) {
	withThreads(t, 2, func() {
		w := new(nothing)
		if n := testing.AllocsPerRun(1000, func() { parallel(16, 1, w) }); n != 0 {
			t.Errorf("parallel allocates %v times, want 0", n)
		}
	})
}

func BenchmarkParallel(b *testing.B) {
	w := new(nothing)
	for b.Loop() {
		parallel(2, 1, w)
	}
}
