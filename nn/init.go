package nn

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// Gains by which an initialization is scaled so that the variance of a signal stays the same behind a nonlinearity; those of
// PyTorch's calculate_gain. That of leaky ReLU is GainLeakyReLU.
const (
	GainLinear  = 1.0
	GainSigmoid = 1.0
	GainTanh    = 5.0 / 3
	GainReLU    = math.Sqrt2
	GainSELU    = 3.0 / 4
)

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

// Apply hands every weight of a model to f: the parameters of two axes or more, not biases and scales of normalizations.
//
//	nn.Apply(model, func(w *tensor.Tensor) { nn.HeNormal(r, w, nn.FanOut, 0) })
func Apply(model any, f func(w *tensor.Tensor)) {
	for l := range Leaves(model) {
		if !l.Buffer && l.Tensor.Rank() >= 2 {
			f(l.Tensor)
		}
	}
}

// Constant sets all of w to v.
func Constant(w *tensor.Tensor, v tensor.Float) {
	fill(w, func() float64 { return float64(v) })
}

// Uniform draws w from [low, high).
func Uniform(r *rand.Rand, w *tensor.Tensor, low, high float64) {
	fill(w, func() float64 { return low + (high-low)*r.Float64() })
}

// Normal draws w from the normal distribution.
func Normal(r *rand.Rand, w *tensor.Tensor, mean, deviation float64) {
	fill(w, func() float64 { return mean + deviation*r.NormFloat64() })
}

// TruncatedNormal draws w from the normal distribution without its tails beyond two deviations, so that the deviation of what is
// left is 0.88 of the one given.
func TruncatedNormal(r *rand.Rand, w *tensor.Tensor, mean, deviation float64) {
	fill(w, func() float64 {
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

// LeCunUniform is LeCunNormal with a uniform distribution.
func LeCunUniform(r *rand.Rand, w *tensor.Tensor) {
	in, _ := Fans(w)
	bound := math.Sqrt(3 / float64(in))
	Uniform(r, w, -bound, bound)
}

// Identity makes a matrix, Out×In, hand its inputs on as far as there are outputs, times gain; ReLU recurrent networks begin so (Le et
// al. 2015, https://arxiv.org/abs/1504.00941). The kernel of a convolution does so at its middle tap (Zagoruyko and Komodakis 2017,
// https://arxiv.org/abs/1706.00388), as PyTorch's dirac_.
func Identity(w *tensor.Tensor, gain tensor.Float) {
	if w.Rank() < 2 {
		fail("Identity", "shape %v has fewer than two axes", w.Shape())
	}
	Constant(w, 0)
	in, out := w.Dim(-2), w.Dim(-1)
	middle := 0 // of the taps
	for axis := range w.Rank() - 2 {
		middle = middle*w.Dim(axis) + w.Dim(axis)/2
	}
	for i := range min(in, out) {
		w.Edit()[(middle*in+i)*out+i] = gain
	}
}

// LSUV scales the weights of a model, one after the other from its input on, until what each of its layers gives has variance 1 on a
// batch (Mishkin and Matas 2016, algorithm 1, https://arxiv.org/abs/1511.06422). forward runs the batch and hands every layer's output
// to see, in order, with the layer's weight; they begin as orthogonal matrices.
//
//	nn.LSUV(r, func(p *tensor.Pass, see func(w, y *tensor.Tensor)) {
//		x := net.FC1.Forward(p.Input(batch))
//		see(net.FC1.Weight, x)
//		x = net.FC2.Forward(x.ReLU())
//		see(net.FC2.Weight, x)
//	})
func LSUV(r *rand.Rand, forward func(p *tensor.Pass, see func(w, y *tensor.Tensor))) {
	const tolerance, tries = 0.02, 10
	run := func(see func(i int, w, y *tensor.Tensor)) (n int) {
		p := tensor.Inference()
		defer p.End()
		forward(p, func(w, y *tensor.Tensor) {
			see(n, w, y)
			n++
		})
		return n
	}
	layers := run(func(_ int, w, _ *tensor.Tensor) { Orthogonal(r, w, 1) })
	for layer := range layers {
		for range tries {
			variance := 0.0
			var weight *tensor.Tensor
			run(func(i int, w, y *tensor.Tensor) {
				if i == layer {
					weight, variance = w, float64(y.Sub(y.Mean()).Square().Mean().Item())
				}
			})
			if math.Abs(variance-1) < tolerance || variance == 0 {
				break
			}
			scale := tensor.Float(1 / math.Sqrt(variance))
			for i := range weight.Edit() {
				weight.Edit()[i] *= scale
			}
		}
	}
}

// Orthogonal draws w from all matrices with orthonormal rows, or columns if there are fewer of them, times gain (Saxe et al. 2014,
// https://arxiv.org/abs/1312.6120). The kernel of a convolution counts as a matrix Out×(In·K…), as in PyTorch.
func Orthogonal(r *rand.Rand, w *tensor.Tensor, gain float64) {
	if w.Rank() < 2 {
		fail("Orthogonal", "shape %v has fewer than two axes", w.Shape())
	}
	if w.Len() == 0 {
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

func fill(w *tensor.Tensor, draw func() float64) {
	data := w.Edit()
	for i := range data {
		data[i] = tensor.Float(draw())
	}
}
