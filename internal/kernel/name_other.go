//go:build !amd64 || noasm || float64

package kernel

// Name names the set of loops that this machine runs.
func Name() string { return "generic" }
