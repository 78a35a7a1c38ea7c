package nn

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/hadal-go/hadal/tensor"
)

// Gains by which an initialization is scaled so that the size of a signal stays the same behind a nonlinearity. The first ones
// are those of PyTorch's calculate_gain, where that of leaky ReLU is GainLeakyReLU; the others are what Gain integrates.
const (
	GainLinear  = 1.0
	GainSigmoid = 1.0
	GainTanh    = 5.0 / 3
	GainReLU    = math.Sqrt2
	GainSELU    = 3.0 / 4

	GainELU  = 1.245198300700707
	GainGELU = 1.5335304411955352
	GainSiLU = 1.6765324703310912
	GainMish = 1.4868475812732808
)

// Gain returns that of an activation: 1/√E f(z)², z being standard normal, by which weights must be scaled for the mean square of
// what goes into a layer to be that of what comes out of its activation. It is √2 for ReLU, as in He et al. 2015. Unless f(k·z) is
// k·f(z) for positive k, this holds at variance 1 only, and chance takes a signal away from there as it goes through many layers.
func Gain(f func(z float64) float64) float64 {
	// The trapezoid rule: all its errors come from the ends, where the density is 10⁻³¹, and from kinks of f².
	const end, steps = 12, 12 * 128
	sum := 0.0
	for i := -steps; i <= steps; i++ {
		z := end * float64(i) / steps
		y := f(z)
		sum += y * y * math.Exp(-z*z/2)
	}
	return 1 / math.Sqrt(sum*end/steps/math.Sqrt(2*math.Pi))
}

// GainLeakyReLU is the gain of leaky ReLU with the slope given: √(2/(1 + slope²)).
func GainLeakyReLU(slope float64) float64 { return math.Sqrt(2 / (1 + slope*slope)) }

// A Fan says whose variance an initialization keeps.
type Fan bool

const (
	FanIn  Fan = false // of the signal forward
	FanOut Fan = true  // of the gradient backward
)

// Fans returns how many inputs each output of a weight depends on, and how many outputs each input acts on: of a matrix Out×In,
// or of the kernel of a convolution K×…×In×Out, whose groups count as they do for PyTorch. For a transposed convolution the two
// are therefore, as in PyTorch, those of the convolution whose adjoint it is.
func Fans(w *tensor.Tensor) (in, out int) {
	if w.Rank() < 2 {
		fail("Fans", "shape %v has fewer than two axes", w.Shape())
	}
	if w.Rank() == 2 {
		return w.Dim(1), w.Dim(0)
	}
	taps := 1
	for axis := range w.Rank() - 2 {
		taps *= w.Dim(axis)
	}
	return taps * w.Dim(-2), taps * w.Dim(-1)
}

// defaultInit is PyTorch's initialization of linear layers and convolutions: weight and bias uniform in ±1/√fanIn.
func defaultInit(r *rand.Rand, weight, bias *tensor.Tensor) {
	in, _ := Fans(weight)
	bound := 1 / math.Sqrt(float64(in))
	Uniform(r, weight, -bound, bound)
	if bias != nil {
		Uniform(r, bias, -bound, bound)
	}
}

// Apply hands every weight of a model to f: the parameters of two axes or more, not biases, scales of normalizations and the
// lengths of WeightNorm.
//
//	nn.Apply(model, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) })
func Apply(model any, f func(w *tensor.Tensor)) {
	for l := range Leaves(model) {
		if l.isWeight() {
			f(l.Tensor)
		}
	}
}

func (l Leaf) isWeight() bool { return !l.Buffer && !l.Scale && l.Tensor.Rank() >= 2 }

// ZeroBiases sets the biases of a model to 0: its parameters that are called bias.
func ZeroBiases(model any) {
	for l := range Leaves(model) {
		if l.Name == "bias" || strings.HasSuffix(l.Name, ".bias") {
			Constant(l.Tensor, 0)
		}
	}
}

// Constant sets all of w to v.
func Constant(w *tensor.Tensor, v tensor.Float) {
	data := w.Edit()
	for i := range data {
		data[i] = v
	}
}

// Uniform draws w from [low, high).
func Uniform(r *rand.Rand, w *tensor.Tensor, low, high float64) {
	draw(r, w, func() float64 { return low + (high-low)*r.Float64() })
}

// Normal draws w from the normal distribution.
func Normal(r *rand.Rand, w *tensor.Tensor, mean, deviation float64) {
	draw(r, w, func() float64 { return mean + deviation*r.NormFloat64() })
}

// TruncatedNormal draws w from the normal distribution without its tails beyond two deviations, so that the deviation of what is
// left is 0.88 of the one given.
func TruncatedNormal(r *rand.Rand, w *tensor.Tensor, mean, deviation float64) {
	draw(r, w, func() float64 {
		for {
			if z := r.NormFloat64(); math.Abs(z) <= 2 {
				return mean + deviation*z
			}
		}
	})
}

// XavierUniform draws w uniformly with the variance 2·gain²/(in + out), which keeps signal and gradient alike (Glorot and Bengio
// 2010, https://proceedings.mlr.press/v9/glorot10a.html, equation 16).
func XavierUniform(r *rand.Rand, w *tensor.Tensor, gain float64) {
	bound := math.Sqrt(3) * xavier(w, gain)
	Uniform(r, w, -bound, bound)
}

// XavierNormal is XavierUniform with a normal distribution.
func XavierNormal(r *rand.Rand, w *tensor.Tensor, gain float64) { Normal(r, w, 0, xavier(w, gain)) }

func xavier(w *tensor.Tensor, gain float64) float64 {
	in, out := Fans(w)
	return gain * math.Sqrt(2/float64(in+out))
}

// HeUniform draws w uniformly with the variance 2/((1 + slope²)·fan), for what stands before a leaky ReLU of that slope; 0 is
// ReLU (He et al. 2015, https://arxiv.org/abs/1502.01852, equations 10 and 15). PyTorch calls it Kaiming's.
func HeUniform(r *rand.Rand, w *tensor.Tensor, fan Fan, slope float64) {
	bound := math.Sqrt(3) * he(w, fan, slope)
	Uniform(r, w, -bound, bound)
}

// HeNormal is HeUniform with a normal distribution.
func HeNormal(r *rand.Rand, w *tensor.Tensor, fan Fan, slope float64) {
	Normal(r, w, 0, he(w, fan, slope))
}

func he(w *tensor.Tensor, fan Fan, slope float64) float64 {
	n, out := Fans(w)
	if fan == FanOut {
		n = out
	}
	return GainLeakyReLU(slope) / math.Sqrt(float64(n))
}

// LeCunNormal draws w with the variance 1/in, as self-normalizing networks need it (Klambauer et al. 2017,
// https://arxiv.org/abs/1706.02515).
func LeCunNormal(r *rand.Rand, w *tensor.Tensor) {
	in, _ := Fans(w)
	Normal(r, w, 0, 1/math.Sqrt(float64(in)))
}

// LeCunUniform is LeCunNormal with a uniform distribution, in ±√(3/in) (LeCun et al. 1998, Efficient BackProp,
// https://doi.org/10.1007/3-540-49430-8_2, equation 16).
func LeCunUniform(r *rand.Rand, w *tensor.Tensor) {
	in, _ := Fans(w)
	bound := math.Sqrt(3 / float64(in))
	Uniform(r, w, -bound, bound)
}

// Sparse draws the matrix w, Out×In, from the normal distribution with mean 0, and for each input sets a part of its weights to 0:
// the fraction sparsity of the outputs, rounded up (Martens 2010, https://www.cs.toronto.edu/~jmartens/docs/Deep_HessianFree.pdf).
func Sparse(r *rand.Rand, w *tensor.Tensor, sparsity, deviation float64) {
	if w.Rank() != 2 || sparsity < 0 || sparsity > 1 {
		fail("Sparse", "shape %v is not Out×In, or %v not a fraction", w.Shape(), sparsity)
	}
	if r == nil {
		return
	}
	out, in := w.Dim(0), w.Dim(1)
	Normal(r, w, 0, deviation)
	data := w.Edit()
	for j := range in {
		for _, i := range r.Perm(out)[:int(math.Ceil(sparsity*float64(out)))] {
			data[i*in+j] = 0
		}
	}
}

// Identity makes the matrix w, Out×In, the identity: ones on its diagonal, zeros elsewhere. Inputs go through as they are, as many
// as there are outputs.
func Identity(w *tensor.Tensor) {
	if w.Rank() != 2 {
		fail("Identity", "shape %v is not Out×In; for the kernel of a convolution there is Dirac", w.Shape())
	}
	Constant(w, 0)
	data := w.Edit()
	for i := range min(w.Dim(0), w.Dim(1)) {
		data[i*w.Dim(1)+i] = 1
	}
}

// Dirac makes the convolution with the kernel w, K×…×(In/groups)×Out, the identity: a one at the centre of the kernel for each
// channel that goes through, zeros elsewhere (Zagoruyko and Komodakis 2017, https://arxiv.org/abs/1706.00388). In each group as
// many channels go through as it has inputs and outputs.
func Dirac(w *tensor.Tensor, groups int) {
	taps := w.Rank() - 2
	if taps < 1 || groups < 1 || w.Dim(-1)%groups != 0 {
		fail("Dirac", "shape %v is not that of a kernel K×…×In×Out whose outputs make %d groups", w.Shape(), groups)
	}
	centre := 0 // the number of the tap in the middle
	for axis := range taps {
		centre = centre*w.Dim(axis) + w.Dim(axis)/2
	}
	in, out := w.Dim(-2), w.Dim(-1)
	Constant(w, 0)
	data := w.Edit()
	for g := range groups {
		for i := range min(in, out/groups) {
			data[(centre*in+i)*out+g*(out/groups)+i] = 1
		}
	}
}

// Orthogonal draws w from all matrices with orthonormal rows, or columns if there are fewer of them, times gain (Saxe et al. 2014,
// https://arxiv.org/abs/1312.6120). The kernel of a convolution counts as a matrix Out×(In·K…), as in PyTorch.
func Orthogonal(r *rand.Rand, w *tensor.Tensor, gain float64) {
	if w.Rank() < 2 {
		fail("Orthogonal", "shape %v has fewer than two axes", w.Shape())
	}
	if r == nil || w.Len() == 0 {
		return
	}
	// Of a matrix the first axis is Out, of a kernel the last.
	long, short := w.Len()/w.Dim(0), w.Dim(0)
	contiguous := true // the vectors are rows in memory
	if w.Rank() > 2 {
		long, short = w.Len()/w.Dim(-1), w.Dim(-1)
		contiguous = false
	}
	if long < short {
		long, short, contiguous = short, long, !contiguous
	}
	data := w.Edit()
	for i, v := range orthonormal(r, short, long) {
		for j, x := range v {
			at := i*long + j
			if !contiguous {
				at = j*short + i
			}
			data[at] = tensor.Float(gain * x)
		}
	}
}

// orthonormal draws n orthonormal vectors of a length ≥ n, uniformly, by orthogonalizing normal ones (Gram-Schmidt). These are
// so far from parallel that double precision leaves no more than the rounding errors of single.
func orthonormal(r *rand.Rand, n, length int) [][]float64 {
	vectors := make([][]float64, n)
	for i := range vectors {
		v := make([]float64, length)
		for j := range v {
			v[j] = r.NormFloat64()
		}
		for _, u := range vectors[:i] {
			d := dot(u, v)
			for j := range v {
				v[j] -= d * u[j]
			}
		}
		norm := math.Sqrt(dot(v, v))
		for j := range v {
			v[j] /= norm
		}
		vectors[i] = v
	}
	return vectors
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// draw sets w to numbers that f draws from r; without a source w stays as it is.
func draw(r *rand.Rand, w *tensor.Tensor, f func() float64) {
	if r == nil {
		return
	}
	data := w.Edit()
	for i := range data {
		data[i] = tensor.Float(f())
	}
}
