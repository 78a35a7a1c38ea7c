package nn

import (
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// A Weighted is a layer with one weight, which can be lent another one for a Forward: what stands in its place is computed from it and
// other parameters. That is all that a reparameterization needs; it is a layer around a layer.
type Weighted interface {
	Layer
	// Kernel returns the weight. Its outputs are the first axis of a matrix, and the last of the kernel of a convolution.
	Kernel() *tensor.Tensor
	// ForwardBy is Forward with w, of the shape of the weight, in its place.
	ForwardBy(x, w *tensor.Tensor) *tensor.Tensor
}

// Kernel implements [Weighted].
func (l *Linear) Kernel() *tensor.Tensor { return l.Weight }

// ForwardBy implements [Weighted].
func (l *Linear) ForwardBy(x, w *tensor.Tensor) *tensor.Tensor { return x.Linear(w, l.Bias) }

// Kernel implements [Weighted].
func (l *Conv2D) Kernel() *tensor.Tensor { return l.Weight }

// ForwardBy implements [Weighted].
func (l *Conv2D) ForwardBy(x, w *tensor.Tensor) *tensor.Tensor {
	return x.Conv2DBias(w, l.Bias, l.Conv)
}

// Kernel implements [Weighted].
func (l *Conv1D) Kernel() *tensor.Tensor { return l.Weight }

// ForwardBy implements [Weighted].
func (l *Conv1D) ForwardBy(x, w *tensor.Tensor) *tensor.Tensor {
	return addBias(x.Conv1D(w, l.Conv), l.Bias)
}

// outputs returns how many outputs a weight has, and the other axes.
func outputs(w *tensor.Tensor) (n int, others []int) {
	if w.Rank() == 2 {
		return w.Dim(0), []int{1}
	}
	for axis := range w.Rank() - 1 {
		others = append(others, axis)
	}
	return w.Dim(-1), others
}

// perOutput brings a vector with a number for each output to a shape that is repeated along the other axes of w.
func perOutput(v, w *tensor.Tensor) *tensor.Tensor {
	if w.Rank() == 2 {
		return v.Reshape(v.Len(), 1)
	}
	return v
}

// WeightNorm learns length and direction of the weights of each output apart, w = g·v/‖v‖ (Salimans and Kingma 2016,
// https://arxiv.org/abs/1602.07868, equation 2). v is the weight of the layer.
type WeightNorm struct {
	Layer Weighted
	G     *tensor.Tensor // Out, the lengths
}

// NewWeightNorm puts l under weight normalization; what it computes stays the same at first.
func NewWeightNorm(l Weighted) *WeightNorm {
	n, others := outputs(l.Kernel())
	g := tensor.Param(n)
	p := tensor.Inference()
	defer p.End()
	g.Set(p.Use(l.Kernel()).Square().Sum(others...).Sqrt())
	return &WeightNorm{Layer: l, G: g}
}

// Forward applies the layer with the weight g·v/‖v‖.
func (l *WeightNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	p := x.Pass()
	v := p.Use(l.Layer.Kernel())
	_, others := outputs(v)
	length := v.Square().Sum(others...).Sqrt()
	return l.Layer.ForwardBy(x, v.Mul(perOutput(p.Use(l.G).Div(length), v)))
}

// WeightStandardization gives the weights of each output mean 0 and variance 1 before they are used (Qiao et al. 2019,
// https://arxiv.org/abs/1903.10520, equation 5, with ε under the root). It goes with group normalization.
type WeightStandardization struct {
	Layer Weighted
	Eps   tensor.Float
}

// NewWeightStandardization standardizes the weight of l, with ε = 1e-5.
func NewWeightStandardization(l Weighted) *WeightStandardization {
	return &WeightStandardization{Layer: l, Eps: 1e-5}
}

// Forward applies the layer with the standardized weight.
func (l *WeightStandardization) Forward(x *tensor.Tensor) *tensor.Tensor {
	w := x.Pass().Use(l.Layer.Kernel())
	if w.Rank() == 2 {
		return l.Layer.ForwardBy(x, w.LayerNorm(nil, nil, l.Eps))
	}
	y, _, _ := w.BatchNorm(nil, nil, l.Eps, tensor.Tail{})
	return l.Layer.ForwardBy(x, y)
}

// SpectralNorm divides a weight by its greatest singular value, so that the layer changes no distance by more than a factor of 1
// (Miyato et al. 2018, https://arxiv.org/abs/1802.05957, algorithm 1). The kernel of a convolution counts as a matrix Out×(K…·In). Each
// training pass does a step of the power iteration, from the vectors of the one before; other passes use them as they are.
type SpectralNorm struct {
	Layer Weighted
	U     *tensor.Tensor `nn:",buffer"` // Out, the singular vector on the left
	V     *tensor.Tensor `nn:",buffer"` // In·K…, that on the right
	Eps   tensor.Float   // least length of a vector that is divided by it
}

// NewSpectralNorm puts l under spectral normalization, with ε = 1e-12 and vectors after 15 steps of the power iteration from random
// ones, as in PyTorch.
func NewSpectralNorm(r *rand.Rand, l Weighted) *SpectralNorm {
	w := l.Kernel()
	n, _ := outputs(w)
	s := &SpectralNorm{Layer: l, U: tensor.New(n), V: tensor.New(w.Len() / n), Eps: 1e-12}
	Normal(r, s.V, 0, 1)
	p := tensor.Inference()
	defer p.End()
	for range 15 {
		s.iterate(p.Use(w))
	}
	return s
}

// iterate does u ← W·v, v ← Wᵀ·u, each divided by its length.
func (l *SpectralNorm) iterate(w *tensor.Tensor) {
	m := matrix(w.Detach()) // Out×(In·K…)
	p := m.Pass()
	u := l.unit(p.Input(l.V).Reshape(1, l.V.Len()).MatMulT(m))
	l.U.Set(u.Reshape(l.U.Len()))
	l.V.Set(l.unit(u.MatMul(m)).Reshape(l.V.Len()))
}

func (l *SpectralNorm) unit(x *tensor.Tensor) *tensor.Tensor {
	return x.Div(x.Square().Sum().Sqrt().Clamp(l.Eps, 1e30))
}

// matrix reads a weight as Out×(the rest).
func matrix(w *tensor.Tensor) *tensor.Tensor {
	if w.Rank() == 2 {
		return w
	}
	return w.Reshape(w.Len()/w.Dim(-1), w.Dim(-1)).Permute(1, 0)
}

// Forward applies the layer with the weight divided by uᵀ·W·v.
func (l *SpectralNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	p := x.Pass()
	w := p.Use(l.Layer.Kernel())
	if p.Train() {
		p.Detached(func() *tensor.Tensor {
			l.iterate(w)
			return p.Input(l.U)
		})
	}
	u, v := p.Input(l.U.Clone()), p.Input(l.V.Clone()) // copies, because the buffers may be written in this pass
	sigma := u.Reshape(1, u.Len()).MatMul(matrix(w)).Mul(v.Reshape(1, v.Len())).Sum()
	return l.Layer.ForwardBy(x, w.Div(sigma))
}
