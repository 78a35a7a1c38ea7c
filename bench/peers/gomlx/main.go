// Command gomlx takes part in the benchmark for GoMLX, on its backend in pure Go; built with the tag xla on XLA's, see xla.go.
package main

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/hadal-go/hadal/bench/peers"
)

// configuration is the backend, with its options. Another file may replace it.
var (
	configuration = "go"
	modules       = []string{"github.com/gomlx/gomlx", "github.com/gomlx/compute"}
)

type node = graph.Node

func main() {
	peers.Serve(peers.Name(configuration, modules...), build)
}

// newBackend makes a backend for the present GOMAXPROCS. Another file may replace it.
var newBackend = func() (compute.Backend, error) { return compute.NewWithConfig(configuration) }

func build(w peers.Workload) (peers.Task, error) {
	b, err := newBackend()
	if err != nil {
		return peers.Task{}, err
	}
	a := w.Args
	switch w.Kind {
	case "gemm":
		return operation(b, func(xs []*node) []*node { return []*node{graph.MatMul(xs[0], xs[1])} },
			made("x", a["m"], a["k"]), made("w", a["k"], a["n"])), nil
	case "conv":
		if a["transposed"] == 1 {
			return peers.Task{}, errors.New("there is no transposed convolution with a gradient")
		}
		return convolution(b, a), nil
	case "step":
		return training(w, b)
	}
	return peers.Task{}, peers.Absent(w)
}

// operation runs a graph, which is compiled once, and keeps nothing of what it gives.
func operation(b compute.Backend, f func(xs []*node) []*node, inputs ...any) peers.Task {
	compiled := graph.MustNewExec(b, f)
	var check [][]float32
	for _, y := range compiled.MustCall(inputs...) {
		check = append(check, tensors.MustCopyFlatData[float32](y))
		y.MustFinalizeAll()
	}
	return peers.Task{Check: peers.Sums(check...), Call: func() {
		for _, y := range compiled.MustCall(inputs...) {
			y.MustFinalizeAll()
		}
	}}
}

// convolution has images N×H×H×C and kernels K×K×C×O, GoMLX's own order.
func convolution(b compute.Backend, a map[string]int) peers.Task {
	pads := [][2]int{{a["p"], a["p"]}, {a["p"], a["p"]}}
	forward := func(x, kernel *node) *node {
		return graph.Convolve(x, kernel).Strides(a["s"]).PaddingPerDim(pads).ChannelGroupCount(a["groups"]).Done()
	}
	x := images(a["n"], a["c"], a["h"])
	kernel := ordered(peers.Weights("weight", a["o"], a["c"]/a["groups"], a["k"], a["k"]),
		[]int{a["o"], a["c"] / a["groups"], a["k"], a["k"]}, 2, 3, 1, 0)
	if a["backward"] == 0 {
		return operation(b, func(xs []*node) []*node { return []*node{forward(xs[0], xs[1])} }, x, kernel)
	}
	out := (a["h"]+2*a["p"]-a["k"])/a["s"] + 1
	shape := []int{a["n"], a["o"], out, out}
	above := ordered(peers.Made("above", peers.Size(shape)), shape, 0, 2, 3, 1)
	return operation(b, func(xs []*node) []*node {
		y := forward(xs[0], xs[1])
		by := []*node{xs[1]}
		if a["first"] == 0 {
			by = append(by, xs[0])
		}
		scalar := graph.ReduceAllSum(graph.Mul(y, xs[2])) // nobody asks for its value: the compiler leaves it out
		return append([]*node{y}, graph.Gradient(scalar, by...)...)
	}, x, kernel, above)
}

// A network has its weights, by the paths of GoMLX's variables, and what it computes from x.
type network struct {
	weights map[string]*tensors.Tensor
	forward func(s *model.Scope, x *node) *node
}

func training(w peers.Workload, b compute.Backend) (peers.Task, error) {
	n, classes := w.Args["n"], 10
	var net network
	var x *tensors.Tensor
	switch w.Net {
	case "tiny":
		net, classes, x = perceptron(activation.TypeTanh, 4, 32, 32, 2), 2, made("x", n, 4)
	case "mlp":
		net, x = perceptron(activation.TypeRelu, 784, 256, 128, 10), made("x", n, 784)
	case "lenet":
		net, x = lenet(), images(n, 1, 28)
	default:
		return peers.Task{}, peers.Absent(w)
	}
	store := model.NewStore()
	descend := optimizer.Adam().LearningRate(1e-4).Betas(.9, .999).Epsilon(1e-8).Done().UpdateGraph
	if w.Net == "lenet" {
		descend = momentum(.01, .9)
	}
	for path, value := range net.weights {
		if _, err := store.CreateVariable(path, value); err != nil {
			return peers.Task{}, err
		}
	}
	step := model.MustNewExec(b, store, func(s *model.Scope, x, labels *node) *node {
		l := loss.SparseCategoricalCrossEntropyLogits([]*node{labels}, []*node{net.forward(s, x)})
		descend(s, l.Graph(), l)
		return l
	})
	labels := tensors.FromFlatDataAndDimensions(peers.Labels(n, classes), n, 1)
	return peers.Steps(func() float64 {
		l := step.MustCall1(x, labels)
		defer l.MustFinalizeAll()
		return float64(tensors.ToScalar[float32](l))
	}), nil
}

func perceptron(between activation.Type, sizes ...int) network {
	net := network{weights: map[string]*tensors.Tensor{}}
	for i := range len(sizes) - 1 {
		net.dense(fmt.Sprintf("layers.%d", i), sizes[i+1], sizes[i])
	}
	net.forward = func(s *model.Scope, x *node) *node {
		for i := range len(sizes) - 1 {
			if i > 0 {
				x = activation.Apply(between, x)
			}
			x = layers.Dense(s.In("layers.%d", i), x, true, sizes[i+1])
		}
		return x
	}
	return net
}

func lenet() network {
	net := network{weights: map[string]*tensors.Tensor{}}
	net.conv("conv1", 6, 1, 5)
	net.conv("conv2", 16, 6, 5)
	// GoMLX makes rows of images in the order H, W, C; the weights are put into it.
	net.add("fc1", "dense", ordered(peers.Weights("fc1.weight", 120, 400), []int{120, 16, 5, 5}, 2, 3, 1, 0), 400, 120)
	net.dense("fc2", 84, 120)
	net.dense("fc3", 10, 84)
	net.forward = func(s *model.Scope, x *node) *node {
		x = activation.Relu(layers.Convolution(s.In("conv1"), x).Channels(6).KernelSize(5).PadSame().Done())
		x = graph.MaxPool(x).Window(2).Done()
		x = activation.Relu(layers.Convolution(s.In("conv2"), x).Channels(16).KernelSize(5).NoPadding().Done())
		x = graph.MaxPool(x).Window(2).Done()
		x = graph.Reshape(x, -1, 400)
		x = activation.Relu(layers.Dense(s.In("fc1"), x, true, 120))
		x = activation.Relu(layers.Dense(s.In("fc2"), x, true, 84))
		return layers.Dense(s.In("fc3"), x, true, 10)
	}
	return net
}

func (n network) dense(name string, out, in int) {
	n.add(name, "dense", ordered(peers.Weights(name+".weight", out, in), []int{out, in}, 1, 0), in, out)
}

func (n network) conv(name string, out, in, side int) {
	shape := []int{out, in, side, side}
	n.add(name, "conv", ordered(peers.Weights(name+".weight", shape...), shape, 2, 3, 1, 0), side, side, in, out)
}

// add gives a layer its weights and shifts of zero.
func (n network) add(name, kind string, weights *tensors.Tensor, shape ...int) {
	flat := tensors.MustCopyFlatData[float32](weights)
	n.weights["/"+name+"/"+kind+"/weights"] = tensors.FromFlatDataAndDimensions(flat, shape...)
	out := shape[len(shape)-1]
	n.weights["/"+name+"/"+kind+"/biases"] = tensors.FromFlatDataAndDimensions(make([]float32, out), out)
}

// momentum is gradient descent with momentum, which GoMLX's own has not, written as its optimizers are.
func momentum(rate, keep float64) func(s *model.Scope, g *graph.Graph, l *node) {
	return func(s *model.Scope, g *graph.Graph, l *node) {
		var params []*model.Variable
		for v := range s.IterVariables() {
			if v.Trainable && v.InUseByGraph(g) {
				params = append(params, v)
			}
		}
		for i, grad := range s.BuildTrainableVariablesGradientsGraph(l) {
			p := params[i]
			zero := tensors.FromShape(p.Shape())
			v := s.At("momentum").VariableWithValue(fmt.Sprint(i), zero).SetTrainable(false)
			velocity := graph.Add(graph.MulScalar(v.NodeValue(g), keep), grad)
			v.SetNodeValue(velocity)
			p.SetNodeValue(graph.Sub(p.NodeValue(g), graph.MulScalar(velocity, rate)))
		}
	}
}

func made(name string, shape ...int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(peers.Made(name, peers.Size(shape)), shape...)
}

// images are N×H×H×C, made as N×C×H×H.
func images(n, c, h int) *tensors.Tensor {
	shape := []int{n, c, h, h}
	return ordered(peers.Made("x", peers.Size(shape)), shape, 0, 2, 3, 1)
}

// ordered is a tensor whose axis i is the axis order[i] of data, which has the shape.
func ordered(data []float32, shape []int, order ...int) *tensors.Tensor {
	strides := make([]int, len(shape))
	for i, step := len(shape)-1, 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	result := make([]int, len(order))
	for i, axis := range order {
		result[i] = shape[axis]
	}
	at := make([]int, len(order))
	out := make([]float32, len(data))
	for i := range out {
		from := 0
		for j, axis := range order {
			from += at[j] * strides[axis]
		}
		out[i] = data[from]
		for j := len(at) - 1; j >= 0; j-- {
			if at[j]++; at[j] < result[j] {
				break
			}
			at[j] = 0
		}
	}
	return tensors.FromFlatDataAndDimensions(out, result...)
}
