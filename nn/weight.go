package nn

import (
	"math"
	"math/rand/v2"

	"github.com/hadal-go/hadal/tensor"
)

// A Weighted is a layer whose weight can be made of others, by WeightNorm, SpectralNorm or WeightStandardization: *Linear, *Conv1D,
// *Conv2D, *ConvTranspose1D or *ConvTranspose2D.
type Weighted interface {
	Layer
	weight() (w *tensor.Tensor, out int) // the weight, and its axis of the outputs
	with(w *tensor.Tensor) Layer         // the same layer with another weight
}

func (l *Linear) weight() (*tensor.Tensor, int)          { return l.Weight, 0 }
func (l *Conv1D) weight() (*tensor.Tensor, int)          { return l.Weight, 2 }
func (l *Conv2D) weight() (*tensor.Tensor, int)          { return l.Weight, 3 }
func (l *ConvTranspose1D) weight() (*tensor.Tensor, int) { return l.Weight, 1 }
func (l *ConvTranspose2D) weight() (*tensor.Tensor, int) { return l.Weight, 2 }

func (l *Linear) with(w *tensor.Tensor) Layer { return &Linear{w, l.Bias} }
func (l *Conv1D) with(w *tensor.Tensor) Layer { return &Conv1D{w, l.Bias, l.Conv} }
func (l *Conv2D) with(w *tensor.Tensor) Layer { return &Conv2D{w, l.Bias, l.Conv} }

func (l *ConvTranspose1D) with(w *tensor.Tensor) Layer { return &ConvTranspose1D{w, l.Bias, l.Conv} }
func (l *ConvTranspose2D) with(w *tensor.Tensor) Layer { return &ConvTranspose2D{w, l.Bias, l.Conv} }

// WeightNorm is a layer whose weight is w = g·v/‖v‖: its directions v and its lengths g are trained apart (Salimans and Kingma
// 2016, https://arxiv.org/abs/1602.07868, equation 2). There is one length for each output or, of a transposed convolution, for
// each input, as in PyTorch's parametrizations.weight_norm, whose names the tensors have. Neither copes with a v of length 0.
type WeightNorm struct {
	Weighted `nn:",weight=parametrizations.weight.original1"` // its weight is v

	G *tensor.Tensor `nn:"parametrizations.weight.original0,scale"` // Out×1, for a kernel Out×1×…×1 as in PyTorch
}

// NewWeightNorm returns layer with its weight as directions, and with lengths that leave it as it is. The layer is not to be used
// by itself any more.
func NewWeightNorm(layer Weighted) *WeightNorm {
	v, _ := layer.weight()
	p := tensor.Inference()
	defer p.End()
	norms := lengths(p.Use(v))
	shape := make([]int, v.Rank())
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = norms.Len()
	g := tensor.Param(shape...)
	g.Set(norms.Reshape(shape...))
	return &WeightNorm{Weighted: layer, G: g}
}

// Forward is that of the layer.
func (l *WeightNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	return l.with(l.weight(passOf("WeightNorm", x))).Forward(x)
}

// Fold returns the layer with the weight that its directions and lengths make at present: it computes the same in less time and is not
// trained any more.
func (l *WeightNorm) Fold() Layer {
	p := tensor.Inference()
	defer p.End()
	return l.with(l.weight(p).Clone())
}

func (l *WeightNorm) weight(p *tensor.Pass) *tensor.Tensor {
	directions, _ := l.Weighted.weight()
	v, g := p.Use(directions), p.Use(l.G)
	if v.Rank() > 2 {
		g = g.Flatten(0) // along the last axis
	}
	return v.Mul(g.Div(lengths(v)))
}

// lengths returns the norms of the vectors that a weight consists of: the rows of a matrix, the parts of a kernel along its last
// axis. All axes but that one have length 1.
func lengths(v *tensor.Tensor) *tensor.Tensor {
	axis := 0
	if v.Rank() > 2 {
		axis = v.Rank() - 1
	}
	return v.Square().SumKeep(others(v, axis)...).Sqrt()
}

// SpectralNorm is a layer whose weight, as a matrix W of Out×(In·taps), is divided by its greatest singular value, so that a linear
// layer changes distances by no more than a factor of 1 (Miyato et al. 2018, https://arxiv.org/abs/1802.05957, algorithm 1). That
// value is uᵀ·W·v, with singular vectors u and v that follow the weight by Iterations steps of the power method in every Forward of
// a training pass, and count as constants in derivatives. In other passes they stay. It is PyTorch's
// parametrizations.spectral_norm, whose names the tensors have.
type SpectralNorm struct {
	Weighted `nn:",weight=parametrizations.weight.original"`

	U          *tensor.Tensor `nn:"parametrizations.weight.0._u,buffer"` // Out
	V          *tensor.Tensor `nn:"parametrizations.weight.0._v,buffer"` // In·taps, the taps fastest as in PyTorch
	Iterations int            // 0: the vectors stay in training passes also
}

// NewSpectralNorm returns layer with its weight divided by its greatest singular value. The singular vectors begin at random and
// take 15 steps at once; later there is one for each Forward. The layer is not to be used by itself any more.
func NewSpectralNorm(r *rand.Rand, layer Weighted) *SpectralNorm {
	w, out := layer.weight()
	n := w.Dim(out)
	l := &SpectralNorm{Weighted: layer, U: tensor.New(n), V: tensor.New(w.Len() / n), Iterations: 1}
	Normal(r, l.V, 0, 1)
	p := tensor.Inference()
	defer p.End()
	l.follow(matrix(p.Use(w), out), 15)
	return l
}

// Forward is that of the layer.
func (l *SpectralNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	return l.with(l.weight(passOf("SpectralNorm", x))).Forward(x)
}

func (l *SpectralNorm) weight(p *tensor.Pass) *tensor.Tensor {
	original, out := l.Weighted.weight()
	w := p.Use(original)
	m := matrix(w, out)
	if p.Train() {
		l.follow(m.Detach(), l.Iterations)
	}
	// Copies, since U and V move on when the layer is used again in this pass.
	u, v := p.Values(l.U.Data(), l.U.Len(), 1), p.Values(l.V.Data(), l.V.Len(), 1)
	return w.Div(u.TMatMul(m.MatMul(v)))
}

// follow takes steps of the power method, which turns U and V towards the first singular vectors of a matrix.
func (l *SpectralNorm) follow(m *tensor.Tensor, steps int) {
	v := m.Pass().Values(l.V.Data(), l.V.Len(), 1)
	for range steps {
		u := unit(m.MatMul(v))
		v = unit(m.TMatMul(u))
		l.U.Set(u.Flatten(0))
		l.V.Set(v.Flatten(0))
	}
}

// unit returns x divided by its length, or by 1e-12 if it is shorter.
func unit(x *tensor.Tensor) *tensor.Tensor {
	length := math.Sqrt(float64(x.Square().Sum().Item()))
	return x.Scale(tensor.Float(1 / max(length, 1e-12)))
}

// matrix returns a weight as PyTorch makes a matrix of it: a row for each output, the taps of a kernel fastest.
func matrix(w *tensor.Tensor, out int) *tensor.Tensor {
	taps := w.Rank() - 2
	if taps == 0 {
		return w
	}
	axes := []int{out, 2*taps + 1 - out} // the axes of the channels are the two last
	for i := range taps {
		axes = append(axes, i)
	}
	return w.Permute(axes...).Flatten(1)
}

// WeightStandardization is a layer whose weight has mean 0 and variance 1 for each output: ŵ = (w − mean)/√(variance + ε), the
// variance over n and not n − 1 (Qiao et al. 2019, https://arxiv.org/abs/1903.10520). It belongs in front of a
// normalization, which makes up for the size of what comes out. The tensors are named as without it.
type WeightStandardization struct {
	Weighted
	Eps tensor.Float // added to the variance
}

// NewWeightStandardization returns layer with its weight standardized, with ε = 1e-5. The layer is not to be used by itself any
// more.
func NewWeightStandardization(layer Weighted) *WeightStandardization {
	return &WeightStandardization{Weighted: layer, Eps: 1e-5}
}

// Forward is that of the layer.
func (l *WeightStandardization) Forward(x *tensor.Tensor) *tensor.Tensor {
	return l.with(l.weight(passOf("WeightStandardization", x))).Forward(x)
}

func (l *WeightStandardization) weight(p *tensor.Pass) *tensor.Tensor {
	original, out := l.Weighted.weight()
	axes := others(original, out)
	w := p.Use(original)
	w = w.Sub(w.MeanKeep(axes...))
	return w.Div(w.Square().MeanKeep(axes...).Shift(l.Eps).Sqrt())
}

// passOf returns the pass that x belongs to, in which a weight can be made.
func passOf(op string, x *tensor.Tensor) *tensor.Pass {
	p := x.Pass()
	if p == nil {
		fail(op, "the input of shape %v is on the heap; bring it into a pass with Input", x.Shape())
	}
	return p
}

// others returns the axes of w except one.
func others(w *tensor.Tensor, axis int) []int {
	var axes []int
	for i := range w.Rank() {
		if i != axis {
			axes = append(axes, i)
		}
	}
	return axes
}
