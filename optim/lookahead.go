package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// Lookahead lets a method run ahead for some steps, and then goes part of the way to where it came (Zhang et al. 2019, algorithm 1,
// https://arxiv.org/abs/1907.08610).
type Lookahead struct {
	Method Optimizer
	Every  int     `json:"-"` // k, steps ahead, 5
	Part   float64 `json:"-"` // α, of the way, 0.5

	Count int              `json:"count"`
	Slow  []*tensor.Tensor `json:"-"` // where it went from

	params []*tensor.Tensor
}

// NewLookahead returns Lookahead for a method that steps params.
func NewLookahead(params []*tensor.Tensor, method Optimizer) *Lookahead {
	l := &Lookahead{Method: method, Every: 5, Part: 0.5, params: params}
	for _, w := range params {
		l.Slow = append(l.Slow, w.Clone())
	}
	return l
}

// SetLR sets the learning rate of the method.
func (l *Lookahead) SetLR(lr float64) { l.Method.SetLR(lr) }

// Step moves the parameters by their gradients; see [Optimizer].
func (l *Lookahead) Step(grads []*tensor.Tensor) {
	l.Method.Step(grads)
	if l.Count++; l.Count%l.Every != 0 {
		return
	}
	for i, w := range l.params {
		slow := l.Slow[i].Edit()
		kernel.Unary(kernel.Affine).Apply(slow, slow, tensor.Float(1-l.Part), 0)
		kernel.AddScaled(slow, w.Data(), tensor.Float(l.Part))
		copy(w.Edit(), slow)
	}
}
