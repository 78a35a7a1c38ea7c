package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/hadal-go/hadal/internal/kernel"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// A task is a workload made ready: what a call does, and the numbers by which the results are compared.
type task struct {
	call  func()
	check []float64
}

// build makes a workload ready for Hadal.
func build(w Workload) (task, error) {
	a := w.Args
	switch w.Kind {
	case "step", "start":
		return trainingStep(w.Net, a["n"])
	case "inference":
		return inferenceOf(w.Net, a["h"])
	case "gemm":
		return product(a), nil
	case "adam":
		return adam(a["n"]), nil
	case "conv":
		return operation{inputs: images(a), layer: convolution(a), fixed: a["first"] == 1}.task(a), nil
	case "batchnorm":
		return operation{inputs: images(a), layer: nn.NewBatchNorm(a["c"])}.task(a), nil
	case "layernorm":
		return operation{inputs: matrix(a), layer: nn.NewLayerNorm(a["columns"])}.task(a), nil
	case "gelu":
		return operation{inputs: matrix(a), layer: nn.Func(nn.GELU)}.task(a), nil
	case "softmax":
		return operation{inputs: matrix(a), layer: nn.Func(nn.Softmax)}.task(a), nil
	case "crossentropy":
		labels := madeLabels(a["rows"], a["columns"])
		return operation{inputs: matrix(a), layer: nn.Func(func(x *tensor.Tensor) *tensor.Tensor {
			return nn.CrossEntropy(x, labels)
		})}.task(a), nil
	case "maxpool":
		return operation{inputs: images(a), layer: nn.Func(func(x *tensor.Tensor) *tensor.Tensor {
			return x.MaxPool2D(tensor.Pool{Kernel: 2})
		})}.task(a), nil
	case "avgpool":
		return operation{inputs: images(a), layer: nn.Func(func(x *tensor.Tensor) *tensor.Tensor {
			return x.AvgPool2D(tensor.Pool{Kernel: 2})
		})}.task(a), nil
	case "lstm", "gru":
		return recurrentLayer(w.Kind, a), nil
	case "attention":
		return attentionOf(a), nil
	case "tanh":
		return operation{inputs: vector(a), layer: nn.Func(nn.Tanh)}.task(a), nil
	case "exp":
		return operation{inputs: vector(a), layer: nn.Func((*tensor.Tensor).Exp)}.task(a), nil
	case "relu":
		return operation{inputs: vector(a), layer: nn.Func(nn.ReLU)}.task(a), nil
	case "chain":
		scale, shift := madeTensor("a", a["n"]), madeTensor("b", a["n"])
		return operation{inputs: vector(a), layer: nn.Func(func(x *tensor.Tensor) *tensor.Tensor {
			return x.Mul(scale).Add(shift).Sigmoid().Mul(x)
		})}.task(a), nil
	}
	return task{}, fmt.Errorf("there is no workload of kind %q", w.Kind)
}

// An operation is a layer that is run on inputs, forward, or forward and backward by all of them and by its parameters.
type operation struct {
	inputs []*tensor.Tensor
	layer  nn.Layer
	many   func(xs []*tensor.Tensor) *tensor.Tensor // in place of layer where it has several inputs
	params []*tensor.Tensor                         // of the layer, if it does not have them itself
	fixed  bool                                     // nobody asks for the gradient of the inputs
	above  *tensor.Tensor                           // the gradient that comes from above; nil: made for the result
}

func (o operation) forward(xs []*tensor.Tensor) *tensor.Tensor {
	if o.many != nil {
		return o.many(xs)
	}
	return o.layer.Forward(xs[0])
}

func (o operation) task(a args) task {
	if a["backward"] == 1 {
		return o.backward()
	}
	begin := tensor.Inference
	if _, ok := o.layer.(*nn.BatchNorm); ok { // the statistics of the batch, without recording
		r := rand.New(rand.NewPCG(1, 1))
		nn.Freeze(o.layer)
		begin = func() *tensor.Pass { return tensor.Training(r) }
	}
	var t task
	t.call = func() {
		p := begin()
		xs := make([]*tensor.Tensor, len(o.inputs))
		for i, x := range o.inputs {
			xs[i] = p.Input(x)
		}
		y := o.forward(xs)
		if t.check == nil {
			t.check = sums(y)
		}
		p.End()
	}
	t.call()
	return t
}

func (o operation) backward() task {
	r := rand.New(rand.NewPCG(1, 1))
	params := o.params
	if params == nil {
		params = nn.Params(o.layer)
	}
	above := o.above
	var t task
	t.call = func() {
		p := tensor.Training(r)
		xs := make([]*tensor.Tensor, len(o.inputs))
		by := params
		for i, x := range o.inputs {
			if xs[i] = p.Input(x); !o.fixed {
				xs[i] = p.Var(x)
				by = append(by, xs[i])
			}
		}
		y := o.forward(xs)
		if above == nil && y.Len() > 1 {
			if above = madeTensor("above", y.Shape()...); y.Rank() == 4 {
				above = madeImages("above", y.Dim(0), y.Dim(3), y.Dim(1))
			}
		}
		scalar := y
		if y.Len() > 1 {
			scalar = pull(y, p.Input(above))
		}
		grads := tensor.Grad(scalar, by...)
		if t.check == nil {
			t.check = sums(append([]*tensor.Tensor{y}, grads...)...)
		}
		p.End()
	}
	t.call()
	return t
}

// pull is a scalar whose gradient by y is g: it computes nothing, so that only the operation that gave y is timed.
func pull(y, g *tensor.Tensor) *tensor.Tensor {
	p := tensor.PassOf("pull", y, g)
	s := p.Zeros()
	p.Op("pull", func(b *tensor.Back) { b.Give(0, b.X(1)) }, []*tensor.Tensor{s}, []*tensor.Tensor{y, g})
	return s
}

func vector(a args) []*tensor.Tensor { return []*tensor.Tensor{madeTensor("x", a["n"])} }

func matrix(a args) []*tensor.Tensor {
	return []*tensor.Tensor{madeTensor("x", a["rows"], a["columns"])}
}

func images(a args) []*tensor.Tensor {
	return []*tensor.Tensor{madeImages("x", a["n"], a["c"], a["h"])}
}

func convolution(a args) nn.Layer {
	r := rand.New(rand.NewPCG(1, 1))
	c := tensor.Conv{Stride: a["s"], Pad: a["p"], Groups: a["groups"]}
	var layer nn.Layer
	if a["transposed"] == 1 {
		layer = nn.NewConvTranspose2D(r, a["c"], a["o"], a["k"], c).NoBias()
	} else {
		layer = nn.NewConv2D(r, a["c"], a["o"], a["k"], c).NoBias()
	}
	fill(layer)
	return layer
}

// recurrentLayer is a layer over sequences. PyTorch's lie as T×N×F.
func recurrentLayer(kind string, a args) task {
	r := rand.New(rand.NewPCG(1, 1))
	t, n, h := a["t"], a["n"], a["h"]
	sequences := func(name string) *tensor.Tensor { return madeTensor(name, t, n, h).Permute(1, 0, 2) }
	o := operation{inputs: []*tensor.Tensor{sequences("x")}, above: sequences("above")}
	run := func(cell any, layer nn.Func) task {
		fill(cell)
		o.layer, o.params = layer, nn.Params(cell)
		return o.task(a)
	}
	if kind == "lstm" {
		l := nn.NewLSTM(r, h, h)
		return run(l, func(x *tensor.Tensor) *tensor.Tensor {
			y, _ := l.Forward(x, l.Zero(x.Pass(), n))
			return y
		})
	}
	l := nn.NewGRU(r, h, h)
	return run(l, func(x *tensor.Tensor) *tensor.Tensor {
		y, _ := l.Forward(x, l.Zero(x.Pass(), n))
		return y
	})
}

// attentionOf is that of heads that PyTorch has as N×H×T×D, and Hadal as N×T×(H·D).
func attentionOf(a args) task {
	heads := func(name string) *tensor.Tensor {
		x := madeTensor(name, a["n"], a["heads"], a["t"], a["d"])
		return x.Permute(0, 2, 1, 3).Reshape(a["n"], a["t"], -1)
	}
	return operation{inputs: []*tensor.Tensor{heads("q"), heads("k"), heads("v")}, above: heads("above"),
		many: func(xs []*tensor.Tensor) *tensor.Tensor {
			return xs[0].Attention(xs[1], xs[2], tensor.Attention{Heads: a["heads"]})
		}}.task(a)
}

// product is a matrix product into warm memory.
func product(a args) task {
	x, w := madeTensor("x", a["m"], a["k"]), madeTensor("w", a["k"], a["n"])
	if a["packed"] == 1 {
		var packed kernel.Packed
		packed.Pack(a["k"], a["n"], w.Data(), a["n"], false)
		y := tensor.New(a["m"], a["n"])
		multiply := func() { packed.Multiply(a["m"], x.Data(), a["k"], y.Edit(), a["n"], false) }
		multiply()
		return task{call: multiply, check: sums(y)}
	}
	return operation{inputs: []*tensor.Tensor{x, w}, many: func(xs []*tensor.Tensor) *tensor.Tensor {
		return xs[0].MatMul(xs[1])
	}}.task(a)
}

// adam is a step over ten tensors that have n numbers together.
func adam(n int) task {
	var params, grads []*tensor.Tensor
	for i := range 10 {
		w := tensor.Param(n / 10)
		w.Set(madeTensor(fmt.Sprint("w", i), n/10))
		params, grads = append(params, w), append(grads, madeTensor(fmt.Sprint("g", i), n/10))
	}
	method := optim.NewAdam(params, 1e-3)
	step := func() { method.Step(grads) }
	step()
	return task{call: step, check: sums(params...)}
}
