package optim

import (
	"math"

	"github.com/hadal-go/hadal/tensor"
)

// NoiseDeviation is that of the noise added to gradients at step t, from 0, by Neelakantan et al. 2015, equation 1
// (https://arxiv.org/abs/1511.06807): √(scale/(1 + t)^0.55).
func NoiseDeviation(scale float64, t int) float64 {
	return math.Sqrt(scale / math.Pow(1+float64(t), 0.55))
}

// AddNoise adds normal noise to the gradients of a pass: each is replaced in grads by the sum.
func AddNoise(p *tensor.Pass, grads []*tensor.Tensor, deviation float64) {
	for i, g := range grads {
		if g != nil {
			grads[i] = g.Add(p.Normal(g.Shape()...).Scale(tensor.Float(deviation)))
		}
	}
}
