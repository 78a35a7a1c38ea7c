package tensor

import (
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
)

// binary computes y = f(a, c) element by element. Shapes are aligned at the last axis, and an axis of length 1, or one that is
// missing, is repeated, as in NumPy.
func binary(name string, f *kernel.Binary, vjp func(*Back), a, c *Tensor) *Tensor {
	p := owner(name, a, c)
	if sameShape(a, c) {
		y := p.makeDims(a.shape())
		f.Apply(y.data, a.data, c.data)
		p.rec(name, vjp, y, a, c)
		return y
	}
	dims, rank := broadcast(name, a, c)
	y := p.makeDims(dims[:rank])
	wide, as, cs := ints(dims[:rank]), repeated(a, rank), repeated(c, rank)
	f.Broadcast(y.data, a.data, c.data, wide[:rank], as[:rank], cs[:rank])
	p.rec(name, vjp, y, a, c)
	return y
}

// broadcast returns the common shape of a and c.
func broadcast(name string, a, c *Tensor) (dims [maxRank]int32, rank int) {
	rank = max(int(a.rank), int(c.rank))
	for i := range rank {
		m, n := dimFromEnd(a, rank-1-i), dimFromEnd(c, rank-1-i)
		if m != n && m != 1 && n != 1 {
			fail(name, "shapes %v and %v do not fit", a.Shape(), c.Shape())
		}
		dims[i] = m
		if m == 1 {
			dims[i] = n
		}
	}
	return dims, rank
}

func dimFromEnd(t *Tensor, i int) int32 {
	if i >= int(t.rank) {
		return 1
	}
	return t.dims[int(t.rank)-1-i]
}

// repeated returns the strides with which t is read as a tensor of greater rank, 0 along axes that are repeated.
func repeated(t *Tensor, rank int) (s [maxRank]int) {
	own, shift := strides(t.shape()), rank-int(t.rank)
	for i := range int(t.rank) {
		if t.dims[i] != 1 {
			s[i+shift] = own[i]
		}
	}
	return s
}

// giveSum gives g to input i, summed over the axes along which the input was repeated.
func (b *Back) giveSum(i int, g *Tensor) { b.Give(i, g.sumTo(b.in(i).t.shape())) }

// Add returns a + c. Shapes broadcast, as in all operations on two tensors here.
func (t *Tensor) Add(c *Tensor) *Tensor { return binary("Add", &kernel.Add, vjpAdd, t, c) }

func vjpAdd(b *Back) {
	for i := range 2 {
		if b.Need(i) {
			b.giveSum(i, b.G(0))
		}
	}
}

// addInto adds g to a gradient that nobody else sees.
func addInto(sum, g *Tensor) { kernel.Add.Apply(sum.data, sum.data, g.data) }

// Sub returns a − c.
func (t *Tensor) Sub(c *Tensor) *Tensor { return binary("Sub", &kernel.Sub, vjpSub, t, c) }

func vjpSub(b *Back) {
	if b.Need(0) {
		b.giveSum(0, b.G(0))
	}
	if b.Need(1) {
		b.giveSum(1, b.G(0).Neg())
	}
}

// Mul returns a·c, element by element.
func (t *Tensor) Mul(c *Tensor) *Tensor { return binary("Mul", &kernel.Mul, vjpMul, t, c) }

func vjpMul(b *Back) {
	x, c := b.in(0).t, b.in(1).t
	if !b.graph && sameShape(x, c) {
		if b.Need(0) {
			b.giveProduct(0, c, !b.Need(1))
		}
		if b.Need(1) {
			b.giveProduct(1, x, true)
		}
		return
	}
	if b.Need(0) {
		b.giveSum(0, b.G(0).Mul(b.X(1)))
	}
	if b.Need(1) {
		b.giveSum(1, b.G(0).Mul(b.X(0)))
	}
}

// Div returns a/c.
func (t *Tensor) Div(c *Tensor) *Tensor { return binary("Div", &kernel.Div, vjpDiv, t, c) }

func vjpDiv(b *Back) {
	g := b.G(0).Div(b.X(1))
	b.giveSum(0, g)
	if b.Need(1) {
		b.giveSum(1, g.Mul(b.Y(0)).Neg())
	}
}

// Pow returns a^c for a > 0. Where only one of them is a tensor, see Power and Exp.
func (t *Tensor) Pow(c *Tensor) *Tensor { return binary("Pow", &kernel.Pow, vjpPow, t, c) }

func vjpPow(b *Back) {
	a, c, g := b.X(0), b.X(1), b.G(0)
	if b.Need(0) {
		b.giveSum(0, g.Mul(c).Mul(a.Pow(c.Shift(-1))))
	}
	if b.Need(1) {
		b.giveSum(1, g.Mul(b.Y(0)).Mul(a.Log()))
	}
}

// Maximum returns the greater of a and c, NaN where either is. Where they are equal the gradient is halved between them.
func (t *Tensor) Maximum(c *Tensor) *Tensor { return binary("Maximum", &kernel.Max, vjpMaximum, t, c) }

func vjpMaximum(b *Back) { b.giveChosen(b.X(0), b.X(1)) }

// Minimum returns the smaller of a and c, NaN where either is. Where they are equal the gradient is halved between them.
func (t *Tensor) Minimum(c *Tensor) *Tensor { return binary("Minimum", &kernel.Min, vjpMinimum, t, c) }

func vjpMinimum(b *Back) { b.giveChosen(b.X(1), b.X(0)) }

// giveChosen gives the gradient to input 0 where high > low, to input 1 where it is less.
func (b *Back) giveChosen(high, low *Tensor) {
	share := high.Greater(low).Add(high.Equal(low).Scale(.5))
	b.giveSum(0, b.G(0).Mul(share))
	if b.Need(1) {
		b.giveSum(1, b.G(0).Mul(share.Affine(-1, 1)))
	}
}

// Greater returns 1 where a > c, else 0. Its derivative is zero.
func (t *Tensor) Greater(c *Tensor) *Tensor {
	return binary("Greater", &kernel.Greater, nil, t.Detach(), c.Detach())
}

// Equal returns 1 where a = c, else 0. Its derivative is zero.
func (t *Tensor) Equal(c *Tensor) *Tensor {
	return binary("Equal", &kernel.Equal, nil, t.Detach(), c.Detach())
}

// Gate returns a where c > 0, else 0, whatever a is there; it is differentiated by a only. The derivative of ReLU is such a gate.
func (t *Tensor) Gate(c *Tensor) *Tensor { return binary("Gate", &kernel.Gate, vjpGate, t, c.Detach()) }

func vjpGate(b *Back) {
	if b.Need(0) {
		b.giveSum(0, b.G(0).Gate(b.X(1)))
	}
}

// Where returns a where t is not 0, and c elsewhere; the three shapes broadcast. A NaN that is not chosen does no harm. It is
// differentiated by a and c.
func (t *Tensor) Where(a, c *Tensor) *Tensor {
	const name = "Where"
	p := owner(name, t, a, c)
	for _, pair := range [3][2]*Tensor{{t, a}, {t, c}, {a, c}} {
		broadcast(name, pair[0], pair[1])
	}
	zero := p.own(t.Detach()).Equal(p.Full(0))
	return p.own(a).Gate(zero.Affine(-1, 1)).Add(p.own(c).Gate(zero))
}

// unary computes y = f(x; k, c) element by element.
func unary(name string, f kernel.Unary, vjp func(*Back), x *Tensor, k, c Float) *Tensor {
	p := owner(name, x)
	y := p.makeDims(x.shape())
	f.Apply(y.data, x.data, k, c)
	if o := p.rec(name, vjp, y, x); o != nil {
		o.k, o.c = k, c
	}
	return y
}

// Affine returns k·x + c.
func (t *Tensor) Affine(k, c Float) *Tensor {
	return unary("Affine", kernel.Affine, vjpAffine, t, k, c)
}

func vjpAffine(b *Back) {
	if !b.giveScaled(b.op.k) {
		b.Give(0, b.G(0).Scale(b.op.k))
	}
}

// Scale returns k·x.
func (t *Tensor) Scale(k Float) *Tensor { return t.Affine(k, 0) }

// Shift returns x + c.
func (t *Tensor) Shift(c Float) *Tensor { return t.Affine(1, c) }

// Neg returns −x.
func (t *Tensor) Neg() *Tensor { return t.Affine(-1, 0) }

// Square returns x².
func (t *Tensor) Square() *Tensor { return unary("Square", kernel.Square, vjpSquare, t, 0, 0) }

func vjpSquare(b *Back) {
	if !b.slope(kernel.ScaledProduct, b.in(0), 2, 0) {
		b.Give(0, b.G(0).Mul(b.X(0)).Scale(2))
	}
}

// Sqrt returns √x, NaN below 0. Its derivative at 0 is infinite; shift x by a small number where 0 can occur.
func (t *Tensor) Sqrt() *Tensor { return unary("Sqrt", kernel.Sqrt, vjpSqrt, t, 0, 0) }

func vjpSqrt(b *Back) { b.Give(0, b.G(0).Div(b.Y(0)).Scale(.5)) }

// Power returns x^k for a number k; NaN below 0 unless k is whole.
func (t *Tensor) Power(k Float) *Tensor { return unary("Power", kernel.PowScalar, vjpPower, t, k, 0) }

func vjpPower(b *Back) {
	switch k := b.op.k; {
	case k == 0:
	case !b.graph:
		dx := b.p.makeDims(b.G(0).shape())
		kernel.Unary(kernel.PowScalar).Apply(dx.data, b.in(0).t.data, k-1, 0)
		kernel.ScaledProduct.Apply(dx.data, b.G(0).data, dx.data, k, 0)
		b.Give(0, dx)
	default:
		b.Give(0, b.G(0).Mul(b.X(0).Power(k-1)).Scale(k))
	}
}

// Reciprocal returns 1/x.
func (t *Tensor) Reciprocal() *Tensor {
	return unary("Reciprocal", kernel.Reciprocal, vjpReciprocal, t, 0, 0)
}

func vjpReciprocal(b *Back) { b.Give(0, b.G(0).Mul(b.Y(0).Square()).Neg()) }

// Exp returns e^x.
func (t *Tensor) Exp() *Tensor { return unary("Exp", kernel.Exp, vjpExp, t, 0, 0) }

func vjpExp(b *Back) {
	if !b.slopeBy(&kernel.Mul, b.out(0)) {
		b.Give(0, b.G(0).Mul(b.Y(0)))
	}
}

// Expm1 returns e^x − 1, exact near 0.
func (t *Tensor) Expm1() *Tensor { return unary("Expm1", kernel.Expm1, vjpExpm1, t, 0, 0) }

func vjpExpm1(b *Back) { b.Give(0, b.G(0).Mul(b.Y(0).Shift(1))) }

// Log returns the natural logarithm, −Inf at 0 and NaN below.
func (t *Tensor) Log() *Tensor { return unary("Log", kernel.Log, vjpLog, t, 0, 0) }

func vjpLog(b *Back) {
	if !b.slopeBy(&kernel.Div, b.in(0)) {
		b.Give(0, b.G(0).Div(b.X(0)))
	}
}

// Log1p returns log(1 + x), exact near 0.
func (t *Tensor) Log1p() *Tensor { return unary("Log1p", kernel.Log1p, vjpLog1p, t, 0, 0) }

func vjpLog1p(b *Back) { b.Give(0, b.G(0).Div(b.X(0).Shift(1))) }

// Abs returns |x|. Its derivative at 0 is 0.
func (t *Tensor) Abs() *Tensor { return unary("Abs", kernel.Abs, vjpAbs, t, 0, 0) }

func vjpAbs(b *Back) {
	if !b.slope(kernel.AbsGrad, b.in(0), 0, 0) {
		b.Give(0, b.G(0).Mul(b.X(0).Sign()))
	}
}

// Sign returns −1, 0 or 1. Its derivative is zero.
func (t *Tensor) Sign() *Tensor { return unary("Sign", kernel.Sign, nil, t.Detach(), 0, 0) }

// Sin returns the sine of x in radians.
func (t *Tensor) Sin() *Tensor { return unary("Sin", kernel.Sin, vjpSin, t, 0, 0) }

func vjpSin(b *Back) { b.Give(0, b.G(0).Mul(b.X(0).Cos())) }

// Cos returns the cosine of x in radians.
func (t *Tensor) Cos() *Tensor { return unary("Cos", kernel.Cos, vjpCos, t, 0, 0) }

func vjpCos(b *Back) { b.Give(0, b.G(0).Mul(b.X(0).Sin()).Neg()) }

// Tanh returns the hyperbolic tangent.
func (t *Tensor) Tanh() *Tensor { return unary("Tanh", kernel.Tanh, vjpTanh, t, 0, 0) }

func vjpTanh(b *Back) {
	if !b.slope(kernel.TanhGrad, b.out(0), 0, 0) {
		b.Give(0, b.G(0).Mul(b.Y(0).Square().Affine(-1, 1)))
	}
}

// Sigmoid returns 1/(1 + e^−x).
func (t *Tensor) Sigmoid() *Tensor { return unary("Sigmoid", kernel.Sigmoid, vjpSigmoid, t, 0, 0) }

func vjpSigmoid(b *Back) {
	if !b.slope(kernel.SigmoidGrad, b.out(0), 0, 0) {
		b.Give(0, b.G(0).Mul(b.Y(0)).Mul(b.Y(0).Affine(-1, 1)))
	}
}

// Softplus returns log(1 + e^x), without overflow.
func (t *Tensor) Softplus() *Tensor { return unary("Softplus", kernel.Softplus, vjpSoftplus, t, 0, 0) }

func vjpSoftplus(b *Back) {
	if !b.slope(kernel.SoftplusGrad, b.in(0), 0, 0) {
		b.Give(0, b.G(0).Mul(b.X(0).Sigmoid()))
	}
}

// Erf returns the error function.
func (t *Tensor) Erf() *Tensor { return unary("Erf", kernel.Erf, vjpErf, t, 0, 0) }

func vjpErf(b *Back) {
	if b.slope(kernel.ErfGrad, b.in(0), 0, 0) {
		return
	}
	const twoOverRootPi = 1.1283791670955126
	b.Give(0, b.G(0).Mul(b.X(0).Square().Neg().Exp()).Scale(twoOverRootPi))
}

// ReLU returns max(x, 0). Its derivative at 0 is 0.
func (t *Tensor) ReLU() *Tensor { return unary("ReLU", kernel.ReLU, vjpReLU, t, 0, 0) }

func vjpReLU(b *Back) {
	if !b.slopeBy(&kernel.Gate, b.out(0)) {
		b.Give(0, b.G(0).Gate(b.Y(0)))
	}
}

// LeakyReLU returns x where it is positive, and slope·x elsewhere.
func (t *Tensor) LeakyReLU(slope Float) *Tensor {
	return unary("LeakyReLU", kernel.LeakyReLU, vjpLeakyReLU, t, slope, 0)
}

func vjpLeakyReLU(b *Back) {
	slope := b.op.k
	if b.slope(kernel.LeakyReLUGrad, b.in(0), slope, 0) {
		return
	}
	b.Give(0, b.G(0).Scale(slope).Add(b.G(0).Gate(b.X(0)).Scale(1-slope)))
}

// Clamp returns x limited to [low, high]. Its derivative is 1 within, ends included, and 0 outside.
func (t *Tensor) Clamp(low, high Float) *Tensor {
	return unary("Clamp", kernel.Clamp, vjpClamp, t, low, high)
}

func vjpClamp(b *Back) { b.giveInside(b.op.k, b.op.c) }

// giveInside gives the gradient where low ≤ x ≤ high.
func (b *Back) giveInside(low, high Float) {
	if b.slope(kernel.ClampGrad, b.in(0), low, high) {
		return
	}
	inside := unary("Clamp", kernel.Inside, nil, b.X(0).Detach(), low, high)
	b.Give(0, b.G(0).Mul(inside))
}

// ReLU6 returns x limited to [0, 6]. Its derivative at 0 and at 6 is 0.
func (t *Tensor) ReLU6() *Tensor { return unary("ReLU6", kernel.Clamp, vjpReLU6, t, 0, 6) }

func vjpReLU6(b *Back) {
	const above0, below6 = math.SmallestNonzeroFloat32, 6 - 0x1p-21 // the neighbours in single precision
	b.giveInside(above0, below6)
}

// Floor returns the greatest whole number not above x. Its derivative is zero.
func (t *Tensor) Floor() *Tensor { return unary("Floor", kernel.Floor, nil, t.Detach(), 0, 0) }
