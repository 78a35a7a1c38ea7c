package optim

import (
	"math"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// LAMB gives every parameter tensor a step in proportion to its own size, in Adam's direction, so that very large batches can have a
// large learning rate (You et al. 2020, algorithm 2, https://arxiv.org/abs/1904.00962):
//
//	r = m̂/(√v̂ + ε) + decay·w        w ← w − lr·‖w‖/‖r‖·r
//
// Where w or r is zero, the ratio is 1.
type LAMB struct {
	Moments

	directions []*tensor.Tensor // −m̂/(√v̂ + ε)
}

// NewLAMB returns LAMB for params with a weight decay of 0.01.
func NewLAMB(params []*tensor.Tensor, lr float64) *LAMB {
	l := &LAMB{Moments: newMoments("NewLAMB", params, lr)}
	l.Epsilon, l.Decay = 1e-6, 0.01
	l.directions = l.zeros()
	return l
}

// Step moves the parameters by their gradients; see [Optimizer].
func (l *LAMB) Step(grads []*tensor.Tensor) {
	l.begin(grads)
	for i := range l.params {
		if grads[i] == nil {
			continue
		}
		first, second := l.biases(l.Updates[i] + 1)
		l.add(l.directions[i], grads[i], ruleStep{ // keep 0: the direction before is forgotten
			rule: kernel.AdamFamily, a: l.Mean[i], b: l.Square[i],
			numbers: [8]float64{l.Beta1, 1 - l.Beta1, l.Beta2, 1 - l.Beta2, 0, 1 / first, 1 / math.Sqrt(second), l.Epsilon},
		})
	}
	l.do()
	for i, w := range l.params {
		if grads[i] == nil {
			continue
		}
		_, lr, decay := l.update(i)
		x, d := w.Edit(), l.directions[i].Edit()
		kernel.AddScaled(d, x, tensor.Float(-decay))
		ratio := math.Sqrt(kernel.SumSquares(x)) / math.Sqrt(kernel.SumSquares(d))
		if ratio == 0 || math.IsInf(ratio, 0) || math.IsNaN(ratio) {
			ratio = 1
		}
		kernel.AddScaled(x, d, tensor.Float(lr*ratio))
	}
}
