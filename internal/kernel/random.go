package kernel

import "math"

// draw returns the i-th of the random words of a key. It is a counter run through the finalizer of SplitMix64 (Steele, Lea and
// Flood, Fast splittable pseudorandom number generators, 2014, in Stafford's variant 13), after the key has been, so that similar
// keys are not alike.
func draw(key uint64, i int) uint64 { return mix(key + uint64(i+1)*0x9e3779b97f4a7c15) }

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// A randomJob is a loop over elements that depend on the key and their position only.
type randomJob struct {
	loop func(t *randomJob, lo, hi int)
	dst  []Float
	key  uint64
	p    float64
	v    Float
}

var randomJobs jobs[randomJob, *randomJob]

func (t *randomJob) run(lo, hi int) { t.loop(t, lo, hi) }

// Uniform fills dst with numbers from [0, 1), multiples of 2⁻²⁴ (in double of 2⁻⁵³). An element depends on key and its position
// only.
func Uniform(dst []Float, key uint64) {
	randomJobs.do(len(dst), grain, randomJob{loop: uniform, dst: dst, key: mix(key)})
}

func uniform(t *randomJob, lo, hi int) {
	dst := t.dst[lo:hi]
	for i := range dst {
		dst[i] = Float(int64(draw(t.key, lo+i)>>(64-mantissa))) / (1 << mantissa)
	}
}

// Normal fills dst with numbers from the normal distribution of mean 0 and variance 1 (Box and Muller, 1958). An element depends on
// key and its position only.
func Normal(dst []Float, key uint64) {
	randomJobs.do((len(dst)+1)/2, grain/8, randomJob{loop: normal, dst: dst, key: mix(key)})
}

// normal's pieces are pairs: a point of the plane is two numbers.
func normal(t *randomJob, lo, hi int) {
	for ; lo < hi; lo++ {
		u := float64(int64(draw(t.key, 2*lo)>>11+1)) / (1 << 53) // in (0, 1]
		v := float64(int64(draw(t.key, 2*lo+1)>>11)) / (1 << 53)
		r := math.Sqrt(-2 * math.Log(u))
		sin, cos := math.Sincos(2 * math.Pi * v)
		t.dst[2*lo] = Float(r * cos)
		if 2*lo+1 < len(t.dst) {
			t.dst[2*lo+1] = Float(r * sin)
		}
	}
}

// Bernoulli fills dst with value, with probability p, and 0: a mask for dropout has p to keep and value 1/p. An element depends on
// key and its position only.
func Bernoulli(dst []Float, key uint64, p, value Float) {
	randomJobs.do(len(dst), grain, randomJob{loop: bernoulli, dst: dst, key: mix(key), p: float64(p), v: value})
}

func bernoulli(t *randomJob, lo, hi int) {
	dst := t.dst[lo:hi]
	below := uint64(t.p * (1 << 53))
	for i := range dst {
		dst[i] = fromBits(mask(draw(t.key, lo+i)>>11 < below) & bits(t.v))
	}
}

// timesBernoulli multiplies x by the numbers with which Bernoulli fills the places from from on.
func timesBernoulli(x []Float, key uint64, from int, p, value Float) {
	key = mix(key)
	below := uint64(float64(p) * (1 << 53))
	for i := range x {
		x[i] *= fromBits(mask(draw(key, from+i)>>11 < below) & bits(value))
	}
}
