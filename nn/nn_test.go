package nn

import "math/rand/v2"

// source returns a random source that always begins alike.
func source() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
