package recipe

import (
	"errors"
	"sync/atomic"
	"testing"
)

// Results come in order, with their errors, and a loop that ends early leaves nobody at work.
func TestAhead(t *testing.T) {
	list := make([]int, 1000)
	for i := range list {
		list[i] = i
	}
	odd := errors.New("odd")
	var begun atomic.Int64
	double := func(v int) (int, error) {
		begun.Add(1)
		if v%2 == 1 {
			return 0, odd
		}
		return 2 * v, nil
	}
	n := 0
	for i, r := range ahead(list, double) {
		if i != n || (i%2 == 1) != (r.err == odd) || r.err == nil && r.value != 2*i {
			t.Fatalf("result %d is %v, %v at place %d", i, r.value, r.err, n)
		}
		n++
	}
	if n != len(list) {
		t.Errorf("%d results, want %d", n, len(list))
	}
	begun.Store(0)
	for i := range ahead(list, double) {
		if i == 3 {
			break
		}
	}
	if after := begun.Load(); after > 200 {
		t.Errorf("%d were begun for four results", after)
	}
	for range ahead(nil, double) {
		t.Error("a result of nothing")
	}
}
