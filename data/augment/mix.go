package augment

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/data"
	"github.com/hadal-go/hadal/tensor"
)

// MixUp blends two pictures, λ·a + (1 − λ)·b, with λ from the distribution Beta(Alpha, Alpha) (Zhang et al. 2017,
// https://arxiv.org/abs/1710.09412). The paper has 1 for CIFAR-10 and 0.2 to 0.4 for ImageNet.
type MixUp struct{ Alpha float64 }

// Mix implements data.Mixer.
func (m MixUp) Mix(r *rand.Rand, h, w, c int, a, b []tensor.Float) float64 {
	share := beta(r, m.Alpha)
	mixUp(a, b, tensor.Float(share))
	return share
}

func mixUp(a, b []tensor.Float, share tensor.Float) {
	for i, v := range a {
		a[i] = share*v + (1-share)*b[i]
	}
}

// CutMix puts a rectangle of one picture in its place in another one (Yun et al. 2019, https://arxiv.org/abs/1905.04899). The part of
// the area that it leaves is drawn from the distribution Beta(Alpha, Alpha), 1 in the paper; its middle is anywhere in the picture, so
// that part of it may lie outside.
type CutMix struct{ Alpha float64 }

// Mix implements data.Mixer.
func (m CutMix) Mix(r *rand.Rand, h, w, c int, a, b []tensor.Float) float64 {
	half := math.Sqrt(1-beta(r, m.Alpha)) / 2
	y, x := r.IntN(h), r.IntN(w)
	dy, dx := int(half*float64(h)), int(half*float64(w))
	y0, x0, y1, x1 := max(0, y-dy), max(0, x-dx), min(h, y+dy), min(w, x+dx)
	for row := y0; row < y1; row++ {
		copy(a[(row*w+x0)*c:(row*w+x1)*c], b[(row*w+x0)*c:])
	}
	return 1 - float64((y1-y0)*(x1-x0))/float64(h*w)
}

// AnyMix mixes by one of several mixers, drawn anew for each picture.
type AnyMix []data.Mixer

// Mix implements data.Mixer.
func (m AnyMix) Mix(r *rand.Rand, h, w, c int, a, b []tensor.Float) float64 {
	return m[r.IntN(len(m))].Mix(r, h, w, c, a, b)
}

// beta draws from Beta(alpha, alpha): the part that one of two draws from Gamma(alpha) has of their sum. Their logarithms do not
// underflow, however small alpha is.
func beta(r *rand.Rand, alpha float64) float64 {
	if alpha == 1 {
		return r.Float64()
	}
	return 1 / (1 + math.Exp(logGamma(r, alpha)-logGamma(r, alpha)))
}

// logGamma draws the logarithm of a number from Gamma(alpha), after Marsaglia and Tsang 2000, A simple method for generating gamma
// variables. Theirs is for alpha ≥ 1; a draw for alpha + 1 times u^(1/alpha) is one for alpha.
func logGamma(r *rand.Rand, alpha float64) float64 {
	low := 0.0
	if alpha < 1 {
		low = math.Log(1-r.Float64()) / alpha
		alpha++
	}
	d := alpha - 1.0/3
	for {
		x := r.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return low + math.Log(d*v)
		}
	}
}
