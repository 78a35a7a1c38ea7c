// Package kernel holds the loops: slices in, slices out. It knows nothing of shapes, passes or derivatives; package
// tensor checks what it hands over. It is the only place with unsafe, assembly and build tags.
//
// Work is cut by a fixed grain and every piece writes its own part of the result, so that results do not depend on the
// number of threads.
package kernel

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A task is work that can be cut into pieces; run does the pieces lo to hi. Pieces run at the same time in several
// goroutines, in any order.
type task interface{ run(lo, hi int) }

// parallel runs the pieces 0 to n of t, grain at a time, and returns when all are done. The cuts are those of grain
// alone, whatever the number of threads. A task that calls parallel, and a caller who comes while the workers serve
// another, run their pieces in their own goroutine. A panic in a piece is raised again here.
//
// It does not allocate where t is a pointer. A t that would escape for this call alone belongs in a sync.Pool.
func parallel(n, grain int, t task) {
	if n <= grain {
		if n > 0 {
			t.run(0, n)
		}
		return
	}
	threads := Threads()
	if threads == 1 || !shared.mu.TryLock() {
		for lo := 0; lo < n; lo += grain {
			t.run(lo, min(lo+grain, n))
		}
		return
	}
	defer shared.finish()
	shared.begin(n, grain, threads, t)
	shared.work()
}

// SetThreads sets how many goroutines, the caller's among them, share the work of one operation. It may be called at
// any time; results do not depend on it.
func SetThreads(n int) {
	if n < 1 {
		panic(fmt.Sprintf("kernel: SetThreads: cannot work with %d threads", n))
	}
	shared.threads.Store(int32(n))
}

// Threads returns how many goroutines share the work of one operation: GOMAXPROCS at the first call, or what SetThreads
// said.
func Threads() int {
	n := shared.threads.Load()
	if n == 0 {
		shared.threads.CompareAndSwap(0, int32(runtime.GOMAXPROCS(0)))
		n = shared.threads.Load()
	}
	return int(n)
}

// How long somebody without work looks out for some before it sleeps. Within a network the next operation follows
// within microseconds, but waking a sleeper takes more than a hundred of them where the cores are a hypervisor's. One
// who sleeps too early is late, the others wait for it, sleep and are late in turn: that costs a third of the speed.
const spin = 200 * time.Microsecond

// The state of a crew: the number of the job in the high half, whether workers may no longer join it, and how many work
// at it.
const (
	jobOne    = 1 << 32
	jobClosed = 1 << 31
	jobActive = jobClosed - 1
)

// A crew is a set of workers that serve one caller at a time.
type crew struct {
	threads atomic.Int32

	mu      sync.Mutex // held by the caller who is being served
	workers []*worker
	t       task // the job; written only while nobody has joined
	n       int
	grain   int
	failure any  // what the first panic said
	failed  bool // under failing
	failing sync.Mutex
	done    chan struct{}

	_       [64]byte // what all write lies apart from what all read
	state   atomic.Uint64
	waiting atomic.Bool // the caller sleeps until the last worker leaves
	_       [64]byte
	next    atomic.Int64 // the first piece that nobody has taken
	_       [64]byte
}

// A worker is a goroutine that joins jobs until the process ends.
type worker struct {
	asleep atomic.Bool
	wake   chan struct{}
	last   uint64 // the job it has worked at
}

var shared = newCrew()

func newCrew() *crew {
	c := &crew{done: make(chan struct{}, 1)}
	c.state.Store(jobClosed)
	return c
}

// begin opens a job to the workers and wakes those who sleep. The caller holds mu.
func (c *crew) begin(n, grain, threads int, t task) {
	for len(c.workers) < threads-1 {
		w := &worker{wake: make(chan struct{}, 1), last: c.state.Load() / jobOne}
		c.workers = append(c.workers, w)
		go c.serve(w, int32(len(c.workers)))
	}
	c.t, c.n, c.grain = t, n, grain
	c.next.Store(0)
	c.state.Store((c.state.Load()/jobOne + 1) * jobOne)
	for _, w := range c.workers[:min(threads-1, (n-1)/grain)] {
		if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
}

// finish closes the job, waits for those who work at it and raises the panic of a worker again.
func (c *crew) finish() {
	c.next.Store(int64(c.n)) // if the caller's own piece has panicked, the others need not go on
	c.state.Add(jobClosed)
	for start := time.Now(); c.state.Load()&jobActive != 0; {
		if time.Since(start) < spin {
			continue
		}
		// Who wakes the caller may be a worker who is late with the news of an earlier job: look again then.
		c.waiting.Store(true)
		if c.state.Load()&jobActive != 0 || !c.waiting.CompareAndSwap(true, false) {
			<-c.done
		}
	}
	failed, failure := c.failed, c.failure
	c.t, c.failed, c.failure = nil, false, nil
	c.mu.Unlock()
	if failed {
		panic(failure)
	}
}

// work takes pieces until there are none left.
func (c *crew) work() {
	n, grain, t := c.n, c.grain, c.t
	for {
		lo := int(c.next.Add(int64(grain))) - grain
		if lo >= n {
			return
		}
		t.run(lo, min(lo+grain, n))
	}
}

// serve is the life of worker number id, counted from 1.
func (c *crew) serve(w *worker, id int32) {
	for {
		for start := time.Now(); !c.join(w, id); {
			if time.Since(start) < spin {
				continue
			}
			w.asleep.Store(true)
			if c.open(w, id) && w.asleep.CompareAndSwap(true, false) {
				continue
			}
			<-w.wake
			start = time.Now()
		}
		c.try()
		if s := c.state.Add(^uint64(0)); s&jobActive == 0 && s&jobClosed != 0 && c.waiting.CompareAndSwap(true, false) {
			c.done <- struct{}{}
		}
	}
}

// open reports whether there is a job for w that it has not worked at.
func (c *crew) open(w *worker, id int32) bool {
	s := c.state.Load()
	return s&jobClosed == 0 && s/jobOne != w.last && id < c.threads.Load()
}

// join enters w in the job if there is one for it.
func (c *crew) join(w *worker, id int32) bool {
	s := c.state.Load()
	if s&jobClosed != 0 || s/jobOne == w.last || id >= c.threads.Load() || !c.state.CompareAndSwap(s, s+1) {
		return false
	}
	w.last = s / jobOne
	return true
}

// try is work that keeps a panic for the caller.
func (c *crew) try() {
	defer func() {
		if r := recover(); r != nil {
			c.next.Store(int64(c.n))
			c.failing.Lock()
			if !c.failed {
				c.failed, c.failure = true, r
			}
			c.failing.Unlock()
		}
	}()
	c.work()
}
