package kernel

import "sync/atomic"

// mulAddsGeneric is MulAdds as the compiler writes it: on single numbers, in eight independent sums.
func mulAddsGeneric(rounds int) int {
	var s [8]Float
	x := Float(rounds) * 1e-30
	for range rounds {
		s[0] = s[0]*x + x
		s[1] = s[1]*x + x
		s[2] = s[2]*x + x
		s[3] = s[3]*x + x
		s[4] = s[4]*x + x
		s[5] = s[5]*x + x
		s[6] = s[6]*x + x
		s[7] = s[7]*x + x
	}
	kept.Store(s[0]+s[1]+s[2]+s[3]+s[4]+s[5]+s[6]+s[7] > 0)
	return rounds * 16
}

// kept makes sums be computed.
var kept atomic.Bool
