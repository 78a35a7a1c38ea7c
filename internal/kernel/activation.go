package kernel

import "math"

// Activations, and their derivatives at x times the gradient g: dst[i] = g[i]·f'(x[i]). All of them are one pass over memory.
var (
	// GELU is x·Φ(x), Φ being the distribution function of the normal distribution.
	GELU     = activation(vectorGELU, func(x float64) float64 { return x * phi(x) })
	GELUGrad = slope(vectorGELUGrad, func(x float64) float64 {
		const density = .5 * math.Sqrt2 / math.SqrtPi
		return phi(x) + finite64(x)*density*math.Exp(-x*x/2)
	})

	// GELUTanh is x·σ(z), z = √(8/π)·(x + 0.044715·x³).
	GELUTanh     = activation(vectorGELUTanh, func(x float64) float64 { return x * sigmoid(geluTanhRoot*cubic(x)) })
	GELUTanhGrad = slope(vectorGELUTanhGrad, func(x float64) float64 {
		y, c := sigmoid(geluTanhRoot*cubic(x)), min(max(x, -20), 20)
		return y * (1 + c*(1-y)*geluTanhRoot*(1+3*.044715*c*c))
	})

	// SiLU is x·σ(x).
	SiLU     = activation(vectorSiLU, func(x float64) float64 { return x * sigmoid(x) })
	SiLUGrad = slope(vectorSiLUGrad, func(x float64) float64 {
		y := sigmoid(x)
		return y * (1 + finite64(x)*(1-y))
	})

	// Mish is x·tanh(log(1 + eˣ)) = x·w/(w + 2), w = n·(n + 2), n = eˣ.
	Mish = activation(vectorMish, func(x float64) float64 {
		n := math.Exp(min(x, 40))
		return x * (n * (n + 2) / (n*(n+2) + 2))
	})
	MishGrad = slope(vectorMishGrad, func(x float64) float64 {
		n := math.Exp(min(x, 40))
		w := n * (n + 2)
		return w/(w+2) + finite64(x)*4*n*(n+1)/((w+2)*(w+2))
	})
)

const geluTanhRoot = 2 * math.Sqrt2 / math.SqrtPi

// cubic is x + 0.044715·x³, where that is not so far from 0 that it no longer matters.
func cubic(x float64) float64 {
	c := min(max(x, -20), 20)
	return c * (1 + .044715*c*c)
}

func phi(x float64) float64     { return .5 * math.Erfc(-x/math.Sqrt2) }
func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// finite64 keeps a product with a factor that is as good as 0 from being no number.
func finite64(x float64) float64 { return min(max(x, -1e4), 1e4) }

// activation and slope make the generic twins of functions that are computed in float64, element by element.
func activation(vector vectorUnary, f func(x float64) float64) Unary {
	return unary(vector, func(dst, x []Float, _, _ Float) {
		x = x[:len(dst)]
		for i := range dst {
			dst[i] = Float(f(float64(x[i])))
		}
	})
}

func slope(vector vectorBinary, f func(x float64) float64) Mixture {
	return mixed(vector, func(dst, g, x []Float, _, _ Float) {
		g, x = g[:len(dst)], x[:len(dst)]
		for i := range dst {
			dst[i] = Float(float64(g[i]) * f(float64(x[i])))
		}
	})
}

// ELU is c·x where x > 0, and k·(eˣ − 1) elsewhere.
var ELU = unary(vectorELU, func(dst, x []Float, k, c Float) {
	x = x[:len(dst)]
	for i, v := range x {
		if v > 0 {
			dst[i] = c * v
		} else {
			dst[i] = k * Float(math.Expm1(float64(v)))
		}
	}
})

// ELUGrad is c·g where x > 0, and k·eˣ·g elsewhere.
var ELUGrad = mixed(vectorELUGrad, func(dst, g, x []Float, k, c Float) {
	g, x = g[:len(dst)], x[:len(dst)]
	for i, v := range x {
		if v > 0 {
			dst[i] = c * g[i]
		} else {
			dst[i] = k * Float(math.Exp(float64(v))) * g[i]
		}
	}
})

// HardSwish is x times x/6 + ½ limited to 0 … 1.
var HardSwish = unary(vectorHardSwish, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = v * min(max(v/6+.5, 0), 1)
	}
})

// HardSwishGrad is g times 0 below −3, 1 above 3 and x/3 + ½ between.
var HardSwishGrad = mixed(vectorHardSwishGrad, func(dst, g, x []Float, _, _ Float) {
	g, x = g[:len(dst)], x[:len(dst)]
	for i, v := range x {
		s := v/3 + .5
		switch {
		case v < -3:
			s = 0
		case v > 3:
			s = 1
		}
		dst[i] = g[i] * s
	}
})

// The derivatives of elementary functions at x, or where it says so by their result y, times the gradient g.
var (
	// TanhGrad is g·(1 − y²).
	TanhGrad = mixed(vectorTanhGrad, func(dst, g, y []Float, _, _ Float) {
		g, y = g[:len(dst)], y[:len(dst)]
		for i, v := range y {
			dst[i] = g[i] * (1 - v*v)
		}
	})

	// SigmoidGrad is g·y·(1 − y).
	SigmoidGrad = mixed(vectorSigmoidGrad, func(dst, g, y []Float, _, _ Float) {
		g, y = g[:len(dst)], y[:len(dst)]
		for i, v := range y {
			dst[i] = g[i] * v * (1 - v)
		}
	})

	// SoftplusGrad is g·σ(x).
	SoftplusGrad = slope(vectorSoftplusGrad, sigmoid)

	// ErfGrad is g·2/√π·e^−x².
	ErfGrad = slope(vectorErfGrad, func(x float64) float64 { return 2 / math.SqrtPi * math.Exp(-x*x) })

	// ScaledProduct is k·g·x.
	ScaledProduct = mixed(vectorScaledProduct, func(dst, g, x []Float, k, _ Float) {
		g, x = g[:len(dst)], x[:len(dst)]
		for i, v := range x {
			dst[i] = g[i] * v * k
		}
	})

	// AbsGrad is g with the sign of x, and 0 where x is.
	AbsGrad = mixed(vectorAbsGrad, func(dst, g, x []Float, _, _ Float) {
		g, x = g[:len(dst)], x[:len(dst)]
		for i, v := range x {
			dst[i] = fromBits((bits(g[i]) ^ bits(v)&signBit) & mask(v != 0 && v == v))
		}
	})

	// LeakyReLUGrad is g where x > 0 and k·g elsewhere.
	LeakyReLUGrad = mixed(vectorLeakyReLUGrad, func(dst, g, x []Float, k, _ Float) {
		g, x = g[:len(dst)], x[:len(dst)]
		for i, v := range x {
			positive := mask(v > 0)
			dst[i] = fromBits(positive&bits(g[i]) | ^positive&bits(k*g[i]))
		}
	})

	// ClampGrad is g where k ≤ x ≤ c and 0 elsewhere.
	ClampGrad = mixed(vectorClampGrad, func(dst, g, x []Float, k, c Float) {
		g, x = g[:len(dst)], x[:len(dst)]
		for i, v := range x {
			dst[i] = fromBits(mask(v >= k) & mask(v <= c) & bits(g[i]))
		}
	})
)

// Apply computes dst[i] = f(a[i], b[i]; k, c) in parallel pieces. dst may be an operand.
func (f Mixture) Apply(dst, a, b []Float, k, c Float) {
	if len(dst) <= grain {
		f(dst, a, b, k, c)
		return
	}
	mixtureJobs.do(len(dst), streamGrain(len(dst)), mixtureJob{f, dst, a, b, k, c})
}

type mixtureJob struct {
	f         Mixture
	dst, a, b []Float
	k, c      Float
}

var mixtureJobs jobs[mixtureJob, *mixtureJob]

func (t *mixtureJob) run(lo, hi int) { t.f(t.dst[lo:hi], t.a[lo:hi], t.b[lo:hi], t.k, t.c) }

// AddProduct adds a·b to sum, element by element.
func AddProduct(sum, a, b []Float) {
	addProductJobs.do(len(sum), streamGrain(len(sum)), addProductJob{sum, a, b})
}

type addProductJob struct{ sum, a, b []Float }

var addProductJobs jobs[addProductJob, *addProductJob]

func (t *addProductJob) run(lo, hi int) { addProduct(t.sum[lo:hi], t.a[lo:hi], t.b[lo:hi]) }

// addProductGeneric is addProduct in plain Go.
func addProductGeneric(sum, a, b []Float) {
	a, b = a[:len(sum)], b[:len(sum)]
	for i := range sum {
		sum[i] += a[i] * b[i]
	}
}
