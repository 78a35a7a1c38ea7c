// Command born takes part in the benchmark for Born, on its CPU backend.
package main

import (
	"errors"

	"github.com/born-ml/born/autodiff"
	"github.com/born-ml/born/backend/cpu"
	"github.com/born-ml/born/nn"
	"github.com/born-ml/born/optim"
	"github.com/born-ml/born/tensor"

	"github.com/hadal-go/hadal/bench/peers"
)

type (
	backend = *autodiff.Backend[*cpu.Backend]
	array   = *tensor.Tensor[float32, backend]
)

func main() {
	peers.Serve(peers.Name("cpu", "github.com/born-ml/born"), build)
}

func build(w peers.Workload) (peers.Task, error) {
	a, b := w.Args, autodiff.New(cpu.New())
	switch w.Kind {
	case "gemm":
		x, y := made(b, "x", a["m"], a["k"]), made(b, "w", a["k"], a["n"])
		return operation(b, nil, nil, func() array { return x.MatMul(y) }), nil
	case "conv":
		if a["transposed"] == 1 || a["groups"] > 1 {
			return peers.Task{}, errors.New("there is no transposed or grouped convolution")
		}
		conv := nn.NewConv2D(a["c"], a["o"], a["k"], a["k"], a["s"], a["p"], false, b)
		fill(conv.Parameters()[0], "weight")
		x := made(b, "x", a["n"], a["c"], a["h"], a["h"])
		if a["backward"] == 0 {
			return operation(b, nil, nil, func() array { return conv.Forward(x) }), nil
		}
		by := []array{conv.Parameters()[0].Tensor()}
		if a["first"] == 0 {
			by = append(by, x)
		}
		y := conv.Forward(x)
		return operation(b, by, made(b, "above", y.Shape()...), func() array { return conv.Forward(x) }), nil
	case "step":
		return training(w, b)
	}
	return peers.Task{}, peers.Absent(w)
}

// operation runs f, and unless above is nil its gradients; it keeps the ones by the given tensors.
func operation(b backend, by []array, above array, f func() array) peers.Task {
	call := func() [][]float32 {
		if above != nil {
			b.Tape().StartRecording()
		}
		y := f()
		results := [][]float32{y.Raw().AsFloat32()}
		if above != nil {
			grads := b.Tape().Backward(above.Raw(), b)
			for _, x := range by {
				results = append(results, grads[x.Raw()].AsFloat32())
			}
			b.Tape().StopRecording()
			b.Tape().Clear()
		}
		return results
	}
	return peers.Task{Call: func() { call() }, Check: peers.Sums(call()...)}
}

// training is a step of a network, without recording what the optimizer does.
func training(w peers.Workload, b backend) (peers.Task, error) {
	n := w.Args["n"]
	var (
		net     []layer
		names   []string
		x       array
		classes = 10
	)
	switch w.Net {
	case "tiny":
		net, classes = []layer{nn.NewLinear(4, 32, b), nn.NewTanh[backend](), nn.NewLinear(32, 32, b),
			nn.NewTanh[backend](), nn.NewLinear(32, 2, b)}, 2
		names, x = []string{"layers.0", "layers.1", "layers.2"}, made(b, "x", n, 4)
	case "mlp":
		net = []layer{nn.NewLinear(784, 256, b), nn.NewReLU[backend](), nn.NewLinear(256, 128, b),
			nn.NewReLU[backend](), nn.NewLinear(128, 10, b)}
		names, x = []string{"layers.0", "layers.1", "layers.2"}, made(b, "x", n, 784)
	case "lenet":
		net = []layer{
			nn.NewConv2D(1, 6, 5, 5, 1, 2, true, b), nn.NewReLU[backend](), nn.NewMaxPool2D(2, 2, b),
			nn.NewConv2D(6, 16, 5, 5, 1, 0, true, b), nn.NewReLU[backend](), nn.NewMaxPool2D(2, 2, b),
			flatten{},
			nn.NewLinear(400, 120, b), nn.NewReLU[backend](), nn.NewLinear(120, 84, b), nn.NewReLU[backend](), nn.NewLinear(84, 10, b)}
		names, x = []string{"conv1", "conv2", "fc1", "fc2", "fc3"}, made(b, "x", n, 1, 28, 28)
	default:
		return peers.Task{}, peers.Absent(w)
	}
	var params []*nn.Parameter[backend]
	for _, l := range net {
		params = append(params, l.Parameters()...)
	}
	for i, name := range names {
		fill(params[2*i], name+".weight")
		clear(params[2*i+1].Tensor().Raw().AsFloat32())
	}
	labels, err := tensor.FromSlice(peers.Labels(n, classes), tensor.Shape{n}, b)
	if err != nil {
		return peers.Task{}, err
	}
	var method optim.Optimizer = optim.NewAdam(params, optim.AdamConfig{LR: 1e-4, Betas: [2]float32{.9, .999}, Eps: 1e-8}, b)
	if w.Net == "lenet" {
		method = optim.NewSGD(params, optim.SGDConfig{LR: .01, Momentum: .9}, b)
	}
	one := tensor.Ones[float32](tensor.Shape{1}, b).Raw()
	return peers.Steps(func() float64 {
		method.ZeroGrad()
		b.Tape().StartRecording()
		y := x
		for _, l := range net {
			y = l.Forward(y)
		}
		loss := b.CrossEntropy(y.Raw(), labels.Raw())
		b.Tape().StopRecording()
		method.Step(b.Tape().Backward(one, b))
		b.Tape().Clear()
		return float64(loss.AsFloat32()[0])
	}), nil
}

// A layer is what all layers of Born are, whether they can be saved or not.
type layer interface {
	Forward(x array) array
	Parameters() []*nn.Parameter[backend]
}

// flatten makes rows of images; Born has no such layer.
type flatten struct{}

func (flatten) Forward(x array) array {
	s := x.Shape()
	return x.Reshape(s[0], s[1]*s[2]*s[3])
}

func (flatten) Parameters() []*nn.Parameter[backend] { return nil }

func made(b backend, name string, shape ...int) array {
	t, err := tensor.FromSlice(peers.Made(name, peers.Size(shape)), tensor.Shape(shape), b)
	if err != nil {
		panic(err)
	}
	return t
}

func fill(p *nn.Parameter[backend], name string) {
	copy(p.Tensor().Raw().AsFloat32(), peers.Weights(name, p.Tensor().Shape()...))
}
