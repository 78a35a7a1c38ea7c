//go:build amd64 && !noasm && !float64

package kernel

// Name names the set of loops that this machine runs.
func Name() string {
	return [...]string{levelGeneric: "generic", levelAVX2: "avx2", levelAVX512: "avx512"}[level]
}
