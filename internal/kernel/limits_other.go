//go:build !amd64 || noasm || float64

package kernel

// MulAdds does rounds of multiply-adds that wait for nothing, neither memory nor one another, and returns how many operations that
// were, two for a multiply-add: what the processor can do at most.
func MulAdds(rounds int) (operations int) { return mulAddsGeneric(rounds) }
