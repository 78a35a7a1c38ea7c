//go:build !amd64 || noasm || float64

package kernel

import "testing"

// eachLevel tests the generic loops, which are all there are.
func eachLevel(t *testing.T, f func(t *testing.T)) { f(t) }
