package look

import (
	"math/rand/v2"
	"slices"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// Saliency is the derivative of each picture's score for its class by its pixels, N×H×W×C: where the smallest change would matter
// most (Simonyan et al. 2013, https://arxiv.org/abs/1312.6034, section 3).
func Saliency(model nn.Layer, x *tensor.Tensor, classes []int) *tensor.Tensor {
	return SmoothGrad{Samples: 1}.Of(model, x, classes, rand.New(rand.NewPCG(0, 0)))
}

// SmoothGrad is the mean of Saliency over pictures with noise added, which leaves what does not hang on single pixels (Smilkov et al.
// 2017, https://arxiv.org/abs/1706.03825).
type SmoothGrad struct {
	Samples int
	Noise   float64 // standard deviation as a share of the range of a picture's pixels; 0.1 to 0.2 in the paper
}

// Of returns the mean derivatives, N×H×W×C. The noise is drawn from r.
func (s SmoothGrad) Of(model nn.Layer, x *tensor.Tensor, classes []int, r *rand.Rand) *tensor.Tensor {
	n := x.Dim(0)
	each := x.Len() / n
	sigma := make([]tensor.Float, n)
	for i := range sigma {
		pixels := x.Data()[i*each : (i+1)*each]
		sigma[i] = tensor.Float(s.Noise) * (slices.Max(pixels) - slices.Min(pixels))
	}
	mean := tensor.New(x.Shape()...)
	for range s.Samples {
		p := tensor.Recording(r)
		noise := p.Normal(x.Shape()...).Mul(p.Values(sigma, n, 1, 1, 1))
		v := p.Var(noise.Add(x))
		g := tensor.Grad(scoresOf(model.Forward(v), classes), v)[0]
		if g != nil {
			mean.AddScaled(g, 1/tensor.Float(s.Samples))
		}
		p.End()
	}
	return mean
}
