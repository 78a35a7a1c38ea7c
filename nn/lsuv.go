package nn

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/hadal-go/hadal/tensor"
)

// LSUV makes the variance of what each linear layer and convolution gives 1 on a batch: the layer-sequential unit-variance
// initialization of Mishkin and Matas (2016, https://arxiv.org/abs/1511.06422, algorithm 1). Weights begin orthogonal; then each,
// in the order of their use, is divided by the deviation of its layer's output, before the activation, until the variance is within
// 1 % of 1, ten times at most: a great bias can stand in the way. run takes the batch through the model, and is called a few times
// for each weight:
//
//	nn.LSUV(r, net, func(p *tensor.Pass) { net.Forward(p.Input(images)) })
//
// Layers do not train meanwhile. Biases, frozen weights, and weights made of others, as in WeightNorm, stay as they are. Of Conv1D
// and transposed convolutions, what counts is the output without the bias.
func LSUV(r *rand.Rand, model any, run func(p *tensor.Pass)) {
	const tolerance, tries = .01, 10
	u := unitVariance{r: r, run: run, weights: map[*tensor.Tensor]string{}}
	for l := range Leaves(model) {
		if l.isWeight() && l.Tensor.Tracked() {
			u.weights[l.Tensor] = l.Name
		}
	}
	used := u.used()
	for _, w := range used {
		Orthogonal(r, w, 1)
	}
	for _, w := range used {
		for range tries {
			v := variance(u.output(w))
			if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
				fail("LSUV", "the layer of %s gives numbers of variance %v", u.weights[w], v)
			}
			if math.Abs(v-1) < tolerance {
				break
			}
			scale(w, 1/math.Sqrt(v))
		}
	}
}

// unitVariance is what LSUV knows: what runs the model, and its weights by name.
type unitVariance struct {
	r       *rand.Rand
	run     func(p *tensor.Pass)
	weights map[*tensor.Tensor]string
}

// used returns the weights that products are made with, in the order of their first use.
func (u *unitVariance) used() []*tensor.Tensor {
	var order []*tensor.Tensor
	seen := map[*tensor.Tensor]bool{}
	u.products(func(w *tensor.Tensor, _ tensor.Operation) {
		if !seen[w] {
			seen[w] = true
			order = append(order, w)
		}
	})
	return order
}

// output returns what the first product with a weight gives, before a ReLU that may be taken into it.
func (u *unitVariance) output(w *tensor.Tensor) []float64 {
	y, bias, relu := u.product(w)
	if !relu {
		return y
	}
	// z = ReLU(z) − ReLU(−z), and the second is what the layer gives with everything in it negated.
	scale(w, -1)
	if bias != nil {
		scale(bias, -1)
	}
	negative, _, _ := u.product(w)
	for i, v := range negative {
		y[i] -= v
	}
	scale(w, -1)
	if bias != nil {
		scale(bias, -1)
	}
	return y
}

// product returns what the first product with a weight gives, the bias in it, if any, and whether a ReLU is in it.
func (u *unitVariance) product(w *tensor.Tensor) (y []float64, bias *tensor.Tensor, relu bool) {
	u.products(func(used *tensor.Tensor, o tensor.Operation) {
		if used != w || y != nil {
			return
		}
		for _, v := range o.Outputs[0].Data() {
			y = append(y, float64(v))
		}
		if len(o.Inputs) > 2 {
			bias = o.Inputs[2]
		}
		relu = strings.HasSuffix(o.Name, "ReLU")
	})
	return y, bias, relu
}

// products runs the model and hands every product of something with a weight, and that weight, to f.
func (u *unitVariance) products(f func(w *tensor.Tensor, o tensor.Operation)) {
	p := tensor.Recording(u.r)
	defer p.End()
	u.run(p)
	origin := map[*tensor.Tensor]*tensor.Tensor{} // of what an operation only gives another shape
	for _, o := range p.Operations() {
		for i, x := range o.Inputs {
			if w := origin[x]; w != nil {
				o.Inputs[i] = w
			}
		}
		switch o.Name {
		case "Use", "Reshape":
			origin[o.Outputs[0]] = o.Inputs[0]
		case "Linear", "LinearReLU", "MatMul", "MatMulT", "Conv2D", "Conv2DBias", "Conv2DReLU", "Conv2DInput":
			if _, ok := u.weights[o.Inputs[1]]; ok {
				f(o.Inputs[1], o)
			}
		}
	}
}

func scale(w *tensor.Tensor, k float64) {
	data := w.Edit()
	for i := range data {
		data[i] *= tensor.Float(k)
	}
}

// variance returns the mean square distance of numbers from their mean.
func variance(x []float64) float64 {
	mean, square := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		square += (v - mean) * (v - mean) / float64(len(x))
	}
	return square
}
