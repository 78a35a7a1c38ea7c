package optim

import "github.com/hadal-go/hadal/tensor"

// Settings are what the methods of the table can be told, each what it knows of them.
type Settings struct {
	LR       float64
	Momentum float64 // of sgd
	Nesterov bool    // of sgd
	Decay    float64 // weight decay; decoupled for adamw, lamb, lion, muon and adafactor, else added to the gradient
}

// A Method is a row of the table of methods.
type Method struct {
	Name  string
	About string
	LR    float64 // one to begin with
	New   func(params []*tensor.Tensor, s Settings) Optimizer
}

// Methods is the table of first-order methods, sorted by name.
var Methods = []Method{
	{"adadelta", "steps in units of its own recent ones (Zeiler 2012)", 1, method(NewAdaDelta)},
	{"adafactor", "Adam with little memory, for large matrices (Shazeer and Stern 2018)", 0.02, method(NewAdafactor)},
	{"adagrad", "steps divided by the root of all squared gradients (Duchi et al. 2011)", 0.01, method(NewAdaGrad)},
	{"adam", "momentum, divided by the root of the mean squared gradient (Kingma and Ba 2015)", 0.001, method(NewAdam)},
	{"adamax", "Adam by the greatest gradient (Kingma and Ba 2015)", 0.002, method(NewAdaMax)},
	{"adamw", "Adam with weight decay apart (Loshchilov and Hutter 2019)", 0.001, method(NewAdamW)},
	{"amsgrad", "Adam whose steps only get smaller (Reddi et al. 2018)", 0.001, method(NewAMSGrad)},
	{"lamb", "Adam in proportion to each weight's size, for large batches (You et al. 2020)", 0.005, method(NewLAMB)},
	{"lion", "the sign of the momentum (Chen et al. 2023)", 0.0003, method(NewLion)},
	{"muon", "momentum made orthogonal (Jordan et al. 2024)", 0.02, method(NewMuon)},
	{"nadam", "Adam that looks ahead (Dozat 2016)", 0.002, method(NewNAdam)},
	{"radam", "Adam that needs no warm-up (Liu et al. 2020)", 0.001, method(NewRAdam)},
	{"rmsprop", "steps divided by the root of the mean squared gradient (Tieleman and Hinton 2012)", 0.001,
		method(func(ps []*tensor.Tensor, lr float64) *RMSProp { return NewRMSProp(ps, lr, 0, false) })},
	{"sgd", "stochastic gradient descent, with momentum or Nesterov's (Sutskever et al. 2013)", 0.01,
		func(ps []*tensor.Tensor, s Settings) Optimizer {
			o := NewSGD(ps, s.LR, s.Momentum)
			o.Nesterov, o.Decay = s.Nesterov, s.Decay
			return o
		}},
}

// method makes a row's New of a constructor.
func method[O interface {
	Optimizer
	setDecay(decay float64)
}](make func(params []*tensor.Tensor, lr float64) O) func([]*tensor.Tensor, Settings) Optimizer {
	return func(params []*tensor.Tensor, s Settings) Optimizer {
		o := make(params, s.LR)
		o.setDecay(s.Decay)
		return o
	}
}

func (c *Core) setDecay(decay float64) { c.Decay = decay }

// MethodNames returns the names of the table.
func MethodNames() []string {
	var names []string
	for _, m := range Methods {
		names = append(names, m.Name)
	}
	return names
}

// MethodNamed returns a row of the table. It panics if there is none of that name.
func MethodNamed(name string) Method {
	for _, m := range Methods {
		if m.Name == name {
			return m
		}
	}
	fail("MethodNamed", "there is no method %q; there are %v", name, MethodNames())
	return Method{}
}
