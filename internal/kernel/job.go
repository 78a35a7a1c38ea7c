package kernel

import (
	"slices"
	"sync"
)

// grain is how many elements of cheap work make a piece: few enough to share a small tensor between threads, enough to hide what
// it costs to hand a piece over.
const grain = 1 << 13

// chunk is how many columns a loop handles at once when it keeps a float64 for each of them on its stack.
const chunk = 64

// grainOf returns how many items of a given size make a piece.
func grainOf(size int) int { return max(1, grain/max(1, size)) }

// streamGrain is the grain of a loop over n elements that goes once over memory: where there are many, pieces are longer, since the
// processor needs a while to foresee what a loop reads.
func streamGrain(n int) int { return min(16*grain, max(grain, n/16)) }

// streamOf is streamGrain for n items of a given size: how many of them make a piece.
func streamOf(n, size int) int { return max(1, streamGrain(n*size)/max(1, size)) }

// streamGrainOf returns how many items of a given size make a piece of a loop over n elements, see streamGrain.
func streamGrainOf(n, size int) int { return max(1, streamGrain(n)/max(1, size)) }

// jobs keeps the structs of one kind of task between calls, so that parallel work makes no garbage.
type jobs[T any, P interface {
	*T
	task
}] struct{ pool sync.Pool }

func (j *jobs[T, P]) get() *T {
	if t, ok := j.pool.Get().(*T); ok {
		return t
	}
	return new(T)
}

// put gives t back, without what it pointed at.
func (j *jobs[T, P]) put(t *T) {
	*t = *new(T)
	j.pool.Put(t)
}

// do runs the pieces 0 to n of work.
func (j *jobs[T, P]) do(n, grain int, work T) {
	t := j.get()
	*t = work
	parallel(n, grain, P(t))
	j.put(t)
}

// A shelf keeps large memory between calls. What one goroutine has put back the next one finds, whichever processor it runs on; a
// sync.Pool would come to have some for each of them.
type shelf[T any] struct {
	mu   sync.Mutex
	free []*T
}

// get returns what was put back last, or something new.
func (s *shelf[T]) get() *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.free)
	if n == 0 {
		return new(T)
	}
	t := s.free[n-1]
	s.free = s.free[:n-1]
	return t
}

func (s *shelf[T]) put(t *T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, t)
}

// resized returns n numbers that are not set, in the memory of s if it is large enough.
func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }
