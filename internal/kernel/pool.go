// Package kernel holds the loops: slices in, slices out. It knows nothing of shapes, passes or derivatives; package tensor checks
// what it hands over. It is the only place with unsafe, assembly and build tags.
//
// Work is cut by a fixed grain and every piece writes its own part of the result, so that results do not depend on the number of
// threads.
package kernel

// A task is work that can be cut into pieces; run does the pieces lo to hi.
type task interface{ run(lo, hi int) }

// parallel runs the pieces 0 to n of t, grain at a time.
func parallel(n, grain int, t task) {
	for lo := 0; lo < n; lo += grain {
		t.run(lo, min(lo+grain, n))
	}
}
