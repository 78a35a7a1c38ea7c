package data

import "math/rand/v2"

// The streams that one seed feeds. Each has its own constant, so that no two draw the same numbers.
const (
	streamSplit   = 0x5b1a57c29e3779b9
	streamOrder   = 0x0de27f4a7c15a3d1
	streamAugment = 0xa06e3177b4c2f96b
	streamMix     = 0x3c8d51e7f06a92b5
)

// mix is the finalizer of SplitMix64: a bijection in which every bit of z moves about half of the result's.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// seedExample puts pcg at the start of the stream that augments one example in one epoch.
func seedExample(pcg *rand.PCG, seed uint64, epoch, example int) {
	pcg.Seed(mix(seed^streamAugment), mix(mix(uint64(epoch))^uint64(example)))
}

// Random returns the stream from which one example is augmented in one epoch, for loops that use no Loader.
func Random(seed uint64, epoch, example int) *rand.Rand {
	var pcg rand.PCG
	seedExample(&pcg, seed, epoch, example)
	return rand.New(&pcg)
}

// order returns the numbers 0 to n-1 in the order of one epoch.
func order(n int, shuffle bool, seed uint64, epoch int) []int {
	if !shuffle {
		return natural(n)
	}
	return rand.New(rand.NewPCG(mix(seed^streamOrder), mix(uint64(epoch)))).Perm(n)
}
