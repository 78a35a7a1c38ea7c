package kernel

import (
	"math"
	"sync"
)

// A Binary is an operation on two numbers as its three loops: both operands vary, the right one is a single number, the left one
// is. Operands are as long as dst, or longer; dst may be one of them.
type Binary struct {
	VV func(dst, a, b []Float)
	VS func(dst, a []Float, b Float)
	SV func(dst []Float, a Float, b []Float)
}

// Arithmetic. Max and Min are NaN where either operand is, like the builtins.
var (
	Add = binary(vectorAdd, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = a[i] + b[i]
			}
		},
		VS: addScalar,
		SV: swapped(addScalar),
	})
	Sub = binary(vectorSub, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = a[i] - b[i]
			}
		},
		VS: func(dst, a []Float, b Float) { addScalar(dst, a, -b) },
		SV: func(dst []Float, a Float, b []Float) {
			b = b[:len(dst)]
			for i := range dst {
				dst[i] = a - b[i]
			}
		},
	})
	Mul = binary(vectorMul, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = a[i] * b[i]
			}
		},
		VS: mulScalar,
		SV: swapped(mulScalar),
	})
	Div = binary(vectorDiv, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = a[i] / b[i]
			}
		},
		VS: func(dst, a []Float, b Float) {
			a = a[:len(dst)]
			for i := range dst {
				dst[i] = a[i] / b
			}
		},
		SV: divScalar,
	})
	Max = binary(vectorMax, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = max(a[i], b[i])
			}
		},
		VS: maxScalar,
		SV: swapped(maxScalar),
	})
	Min = binary(vectorMin, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = min(a[i], b[i])
			}
		},
		VS: minScalar,
		SV: swapped(minScalar),
	})
	Pow = Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = Float(math.Pow(float64(a[i]), float64(b[i])))
			}
		},
		VS: func(dst, a []Float, b Float) { PowScalar(dst, a, b, 0) },
		SV: func(dst []Float, a Float, b []Float) {
			b = b[:len(dst)]
			for i := range dst {
				dst[i] = Float(math.Pow(float64(a), float64(b[i])))
			}
		},
	}
)

// Comparisons: 1 where they hold, else 0.
var (
	Greater = binary(vectorGreater, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = fromBits(mask(a[i] > b[i]) & oneBits)
			}
		},
		VS: func(dst, a []Float, b Float) {
			a = a[:len(dst)]
			for i := range dst {
				dst[i] = fromBits(mask(a[i] > b) & oneBits)
			}
		},
		SV: func(dst []Float, a Float, b []Float) {
			b = b[:len(dst)]
			for i := range dst {
				dst[i] = fromBits(mask(a > b[i]) & oneBits)
			}
		},
	})
	GreaterEqual = binary(vectorGreaterEqual, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = fromBits(mask(a[i] >= b[i]) & oneBits)
			}
		},
		VS: func(dst, a []Float, b Float) {
			a = a[:len(dst)]
			for i := range dst {
				dst[i] = fromBits(mask(a[i] >= b) & oneBits)
			}
		},
		SV: func(dst []Float, a Float, b []Float) {
			b = b[:len(dst)]
			for i := range dst {
				dst[i] = fromBits(mask(a >= b[i]) & oneBits)
			}
		},
	})
	Equal = binary(vectorEqual, Binary{
		VV: func(dst, a, b []Float) {
			a, b = a[:len(dst)], b[:len(dst)]
			for i := range dst {
				dst[i] = fromBits(mask(a[i] == b[i]) & oneBits)
			}
		},
		VS: equalScalar,
		SV: swapped(equalScalar),
	})
)

// Gate is a where b > 0 and 0 elsewhere: what ReLU of b lets through of the gradient a.
var Gate = binary(vectorGate, Binary{
	VV: func(dst, a, b []Float) {
		a, b = a[:len(dst)], b[:len(dst)]
		for i := range dst {
			dst[i] = fromBits(mask(b[i] > 0) & bits(a[i]))
		}
	},
	VS: func(dst, a []Float, b Float) {
		if b > 0 {
			copy(dst, a)
		} else {
			clear(dst)
		}
	},
	SV: func(dst []Float, a Float, b []Float) {
		b = b[:len(dst)]
		for i := range dst {
			dst[i] = fromBits(mask(b[i] > 0) & bits(a))
		}
	},
})

// mask returns all ones if b holds, else zero, so that data decide values and not jumps.
func mask(b bool) word {
	var w word
	if b {
		w = 1
	}
	return -w
}

// swapped makes the third loop of a commutative operation of its second.
func swapped(vs func(dst, a []Float, b Float)) func(dst []Float, a Float, b []Float) {
	return func(dst []Float, a Float, b []Float) { vs(dst, b, a) }
}

func addScalar(dst, a []Float, b Float) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b
	}
}

func mulScalar(dst, a []Float, b Float) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b
	}
}

func divScalar(dst []Float, a Float, b []Float) {
	b = b[:len(dst)]
	for i := range dst {
		dst[i] = a / b[i]
	}
}

func maxScalar(dst, a []Float, b Float) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = max(a[i], b)
	}
}

func minScalar(dst, a []Float, b Float) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = min(a[i], b)
	}
}

func equalScalar(dst, a []Float, b Float) {
	a = a[:len(dst)]
	for i := range dst {
		dst[i] = fromBits(mask(a[i] == b) & oneBits)
	}
}

// Apply computes dst[i] = op(a[i], b[i]). The three have one length; dst may be a or b.
func (op *Binary) Apply(dst, a, b []Float) {
	if len(dst) <= grain {
		op.VV(dst, a, b)
		return
	}
	binaryJobs.do(len(dst), streamGrain(len(dst)), binaryJob{op, dst, a, b})
}

type binaryJob struct {
	op        *Binary
	dst, a, b []Float
}

var binaryJobs jobs[binaryJob, *binaryJob]

func (t *binaryJob) run(lo, hi int) { t.op.VV(t.dst[lo:hi], t.a[lo:hi], t.b[lo:hi]) }

// Broadcast computes dst = op(a, b) over a dense dst of shape dims; a and b are read with the strides as and bs, in which 0 repeats
// an axis. dst may be an operand that is dense too.
func (op *Binary) Broadcast(dst, a, b []Float, dims, as, bs []int) {
	t := broadcastJobs.get()
	defer broadcastJobs.put(t)
	t.op, t.dst, t.a, t.b = op, dst, a, b
	for axis := len(dims) - 1; axis >= 0; axis-- {
		t.loops.wrap(dims[axis], as[axis], bs[axis])
	}
	parallel(t.loops.len(), grain, t)
}

type broadcastJob struct {
	op        *Binary
	dst, a, b []Float
	loops     nest
}

var broadcastJobs jobs[broadcastJob, *broadcastJob]

func (t *broadcastJob) run(lo, hi int) {
	n := &t.loops
	as, bs := n.p[0], n.q[0]
	if n.rank > 1 && n.dims[0] < shortRow || as|bs != 1 {
		t.writeOut(lo, hi)
		return
	}
	for c := n.at(lo); lo < hi; n.next(&c) {
		dst := t.dst[lo:min(lo+c.left, hi)]
		lo += len(dst)
		switch a, b := t.a[c.p:], t.b[c.q:]; {
		case bs == 0:
			t.op.VS(dst, a, b[0])
		case as == 0:
			t.op.SV(dst, a[0], b)
		default:
			t.op.VV(dst, a, b)
		}
	}
}

// shortRow is below what length of a row it costs more to begin a loop than to copy the row.
const shortRow = 24

// A writtenOut holds a part of both operands as they are after broadcasting.
type writtenOut struct{ a, b [512]Float }

var writtenOuts = sync.Pool{New: func() any { return new(writtenOut) }}

// writeOut is run for short rows, and for operands that are read across their memory: it writes them out, where they are not dense.
func (t *broadcastJob) writeOut(lo, hi int) {
	w := writtenOuts.Get().(*writtenOut)
	defer writtenOuts.Put(w)
	denseA, denseB := t.loops.dense(&t.loops.p), t.loops.dense(&t.loops.q)
	for lo < hi {
		dst := t.dst[lo:min(lo+len(w.a), hi)]
		a, b := w.a[:len(dst)], w.b[:len(dst)]
		if denseA {
			a = t.a[lo:]
		} else {
			t.loops.read(a, t.a, false, lo)
		}
		if denseB {
			b = t.b[lo:]
		} else {
			t.loops.read(b, t.b, true, lo)
		}
		t.op.VV(dst, a, b)
		lo += len(dst)
	}
}

// Unary computes dst[i] = f(x[i]; k, c): k and c are parameters that many functions ignore. dst may be x.
type Unary func(dst, x []Float, k, c Float)

// Apply computes dst[i] = f(x[i]; k, c) in parallel pieces. dst may be x.
func (f Unary) Apply(dst, x []Float, k, c Float) {
	if len(dst) <= grain {
		f(dst, x, k, c)
		return
	}
	unaryJobs.do(len(dst), streamGrain(len(dst)), unaryJob{f, dst, x, k, c})
}

type unaryJob struct {
	f      Unary
	dst, x []Float
	k, c   Float
}

var unaryJobs jobs[unaryJob, *unaryJob]

func (t *unaryJob) run(lo, hi int) { t.f(t.dst[lo:hi], t.x[lo:hi], t.k, t.c) }

// Affine is k·x + c.
var Affine = unary(vectorAffine, func(dst, x []Float, k, c Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = k*x[i] + c
	}
})

// Exp is eˣ.
var Exp = unary(vectorExp, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Exp(float64(x[i])))
	}
})

// Expm1 is eˣ − 1, exact near 0.
var Expm1 = unary(vectorExpm1, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Expm1(float64(x[i])))
	}
})

// Log is the natural logarithm: -Inf at 0, NaN below.
var Log = unary(vectorLog, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Log(float64(x[i])))
	}
})

// Log1p is log(1 + x), exact near 0.
var Log1p = unary(vectorLog1p, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Log1p(float64(x[i])))
	}
})

// Sqrt is √x: NaN below 0.
var Sqrt = unary(vectorSqrt, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Sqrt(float64(x[i])))
	}
})

// Rsqrt is 1/√x.
var Rsqrt = unary(vectorRsqrt, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = 1 / Float(math.Sqrt(float64(x[i])))
	}
})

// Reciprocal is 1/x.
func Reciprocal(dst, x []Float, _, _ Float) { Div.SV(dst, 1, x) }

// Square is x².
var Square = unary(vectorSquare, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * x[i]
	}
})

// Abs is |x|.
var Abs = unary(vectorAbs, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = fromBits(bits(x[i]) &^ signBit)
	}
})

// Sign is -1, 0 or 1; of NaN it is 0.
func Sign(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		v := x[i]
		dst[i] = fromBits((mask(v != 0)&mask(v == v)&oneBits | bits(v)&signBit) & (mask(v > 0) | mask(v < 0)))
	}
}

// Sin is the sine of x in radians.
var Sin = periodic(vectorSin, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Sin(float64(x[i])))
	}
})

// Cos is the cosine of x in radians.
var Cos = periodic(vectorCos, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Cos(float64(x[i])))
	}
})

// Tanh is the hyperbolic tangent. Where a float32 is wanted a quick formula keeps enough digits of all but the smallest numbers, and
// of those x has enough.
var Tanh = unary(vectorTanh, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	if mantissa > 24 {
		for i := range dst {
			dst[i] = Float(math.Tanh(float64(x[i])))
		}
		return
	}
	for i := range dst {
		v := float64(x[i])
		y := 2/(1+math.Exp(-2*v)) - 1
		if math.Abs(v) < 1e-6 {
			y = v
		}
		dst[i] = Float(y)
	}
})

// Sigmoid is 1/(1 + e⁻ˣ).
var Sigmoid = unary(vectorSigmoid, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(1 / (1 + math.Exp(-float64(x[i]))))
	}
})

// Erf is the error function.
var Erf = unary(vectorErf, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Erf(float64(x[i])))
	}
})

// Softplus is log(1 + eˣ), which neither overflows nor rounds to 0.
var Softplus = unary(vectorSoftplus, func(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		v := float64(x[i])
		dst[i] = Float(max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))))
	}
})

// ReLU is max(x, 0); of NaN it is NaN.
var ReLU = unary(vectorReLU, func(dst, x []Float, _, _ Float) { maxScalar(dst, x, 0) })

// LeakyReLU is x where x ≥ 0 and k·x elsewhere.
var LeakyReLU = unary(vectorLeakyReLU, func(dst, x []Float, k, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		v := x[i]
		positive := mask(v > 0)
		dst[i] = fromBits(positive&bits(v) | ^positive&bits(k*v))
	}
})

// LeakyGate is 1 where x > 0 and k elsewhere: the derivative of LeakyReLU.
var LeakyGate = unary(vectorLeakyGate, func(dst, x []Float, k, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		positive := mask(x[i] > 0)
		dst[i] = fromBits(positive&oneBits | ^positive&bits(k))
	}
})

// Clamp is x brought into k … c; of NaN it is NaN.
var Clamp = unary(vectorClamp, func(dst, x []Float, k, c Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = min(max(x[i], k), c)
	}
})

// Inside is 1 where k ≤ x ≤ c and 0 elsewhere: the derivative of Clamp.
var Inside = unary(vectorInside, func(dst, x []Float, k, c Float) {
	x = x[:len(dst)]
	for i := range dst {
		v := x[i]
		dst[i] = fromBits(mask(v >= k) & mask(v <= c) & oneBits)
	}
})

// PowScalar is xᵏ. Small whole exponents, ½ and their reciprocals are computed by multiplication, root and division.
func PowScalar(dst, x []Float, k, _ Float) {
	switch k {
	case 0:
		fill(dst, 1)
	case 1:
		copy(dst, x)
	case 2:
		Square(dst, x, 0, 0)
	case 3:
		x = x[:len(dst)]
		for i := range dst {
			dst[i] = x[i] * x[i] * x[i]
		}
	case .5:
		Sqrt(dst, x, 0, 0)
	case -.5:
		Rsqrt(dst, x, 0, 0)
	case -1:
		Reciprocal(dst, x, 0, 0)
	case -2:
		x = x[:len(dst)]
		for i := range dst {
			dst[i] = 1 / (x[i] * x[i])
		}
	default:
		if math.Floor(float64(k)) == float64(k) || k-k != 0 {
			powerGeneric(dst, x, k, 0)
		} else {
			power(dst, x, k, 0)
		}
	}
}

// power is xᵏ where k is not whole.
var power = unary(vectorPower, powerGeneric)

// powerGeneric is power in plain Go, for any k.
func powerGeneric(dst, x []Float, k, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Pow(float64(x[i]), float64(k)))
	}
}

// Floor is the greatest whole number that is not above x.
func Floor(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.Floor(float64(x[i])))
	}
}

// Round is the nearest whole number, the even one of two equally near.
func Round(dst, x []Float, _, _ Float) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = Float(math.RoundToEven(float64(x[i])))
	}
}

// Fill sets all of dst to v.
func Fill(dst []Float, v Float) { Unary(fillLoop).Apply(dst, dst, v, 0) }

var fillLoop = unary(vectorFill, func(dst, _ []Float, k, _ Float) {
	for i := range dst {
		dst[i] = k
	}
})

func fill(dst []Float, v Float) {
	if bits(v) == 0 {
		clear(dst)
		return
	}
	fillLoop(dst, dst, v, 0)
}

// AddScaled adds k·x to dst.
func AddScaled(dst, x []Float, k Float) { Unary(addScaled).Apply(dst, x, k, 0) }

func addScaled(dst, x []Float, k, _ Float) { plusScaled(dst, dst, x, k, 0) }

// A Mixture computes dst[i] = f(a[i], b[i]; k, c). Operands are as long as dst, or longer; dst may be one of them.
type Mixture func(dst, a, b []Float, k, c Float)

// plusScaled is a + k·b.
var plusScaled = mixed(vectorAddScaled, func(dst, a, b []Float, k, _ Float) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + k*b[i]
	}
})
