package optim

import (
	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/tensor"
)

// rules are the steps of the parameters under way, which are done together.
type rules struct{ steps []kernel.RuleStep }

// apply moves the parameters that have a gradient, each by the rule of its t-th update.
func (r *rules) apply(c *Core, grads []*tensor.Tensor, rule func(i, t int, lr, decay float64) ruleStep) {
	c.begin(grads)
	for i, w := range c.params {
		if grads[i] != nil {
			t, lr, decay := c.update(i)
			r.add(w, grads[i], rule(i, t, lr, decay))
		}
	}
	r.do()
}

// A ruleStep says what a rule works with: what it remembers, of which any may be nil, the weight decay that is added to the
// gradient, the factor by which w shrinks, and the numbers of the rule.
type ruleStep struct {
	rule        kernel.Rule
	a, b, c     *tensor.Tensor
	decay, keep float64
	numbers     [8]float64
}

// add takes in the step of w along g.
func (r *rules) add(w, g *tensor.Tensor, s ruleStep) {
	t := kernel.RuleStep{
		Rule: s.rule, W: w.Edit(), G: g.Data(), A: edit(s.a), B: edit(s.b), C: edit(s.c),
		Decay: tensor.Float(s.decay), Keep: tensor.Float(s.keep),
	}
	for i, v := range s.numbers {
		t.Numbers[i] = tensor.Float(v)
	}
	r.steps = append(r.steps, t)
}

func edit(t *tensor.Tensor) []tensor.Float {
	if t == nil {
		return nil
	}
	return t.Edit()
}

// do does the steps.
func (r *rules) do() {
	kernel.StepRules(r.steps)
	clear(r.steps) // gradients belong to passes
	r.steps = r.steps[:0]
}

// at returns the i-th of some tensors, nil if there are none.
func at(ts []*tensor.Tensor, i int) *tensor.Tensor {
	if ts == nil {
		return nil
	}
	return ts[i]
}
