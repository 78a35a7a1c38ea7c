package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	file "github.com/hadal-go/hadal/format/onnx"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// node writes a node in one line: Op, inputs, output, then attributes as name and value.
func node(op, inputs, output string, attributes ...any) *file.Node {
	n := &file.Node{Op: op, Name: strings.ToLower(op), Inputs: strings.Fields(inputs), Outputs: strings.Fields(output)}
	for i := 0; i+1 < len(attributes); i += 2 {
		n.Attributes = append(n.Attributes, &file.Attribute{Name: attributes[i].(string), Value: attributes[i+1]})
	}
	return n
}

// floats is an initializer; its numbers run through a fixed sequence from −1 to 1.
func floats(name string, dims ...int64) *file.Tensor {
	t := &file.Tensor{Name: name, Type: file.Float, Dims: dims}
	n := 1
	for _, d := range dims {
		n *= int(d)
	}
	for i := range n {
		t.Floats = append(t.Floats, float32(math.Sin(float64(3*i+len(name)))))
	}
	return t
}

func integers(name string, vs ...int64) *file.Tensor {
	return &file.Tensor{Name: name, Type: file.Int64, Dims: []int64{int64(len(vs))}, Int64s: vs}
}

// model is a model of an input x and an output y.
func model(nodes []*file.Node, initializers ...*file.Tensor) *file.Model {
	return &file.Model{
		IRVersion: 8, Opsets: []file.Opset{{Version: 17}},
		Graph: &file.Graph{
			Nodes: nodes, Initializers: initializers, Inputs: []*file.Value{{Name: "x"}}, Outputs: []*file.Value{{Name: "y"}},
		},
	}
}

func importing(t testing.TB, m *file.Model) *Network {
	t.Helper()
	data, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	net, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// small is a network with a weight of every kind.
func small() *file.Model {
	return model([]*file.Node{
		node("Conv", "x conv.weight conv.bias", "a", "pads", []int64{1, 1, 1, 1}),
		node("BatchNormalization", "a bn.weight bn.bias bn.running_mean bn.running_var", "b"),
		node("Relu", "b", "c"),
		node("GlobalAveragePool", "c", "d"),
		node("Flatten", "d", "e"),
		node("Gemm", "e fc.weight fc.bias", "f", "transB", int64(1)),
		node("Mul", "f half", "y"),
	}, floats("conv.weight", 4, 2, 3, 3), floats("conv.bias", 4), floats("bn.weight", 4), floats("bn.bias", 4), floats("bn.running_mean", 4),
		&file.Tensor{Name: "bn.running_var", Type: file.Float, Dims: []int64{4}, Floats: []float32{1, 2, 3, 4}},
		floats("fc.weight", 3, 4), floats("fc.bias", 3), &file.Tensor{Name: "half", Type: file.Float, Floats: []float32{.5}})
}

func TestLeavesAreThoseOfTheFile(t *testing.T) {
	net := importing(t, small())
	var names []string
	for l := range nn.Leaves(net) {
		names = append(names, fmt.Sprintf("%s%v%v%v", l.Name, l.Tensor.Shape(), l.Buffer, l.Order))
	}
	want := []string{
		"bn.bias[4]false[]", "bn.weight[4]false[]", "conv.bias[4]false[]", "fc.bias[3]false[]", "fc.weight[3 4]false[]",
		"conv.weight[3 3 2 4]false[3 2 0 1]", "bn.running_mean[4]true[]", "bn.running_var[4]true[]",
	}
	if !slices.Equal(names, want) {
		t.Errorf("leaves are\n%v, want\n%v", names, want)
	}
}

// What is saved has the shapes of the file and loads again.
func TestWeightsAreSavedAsInTheFile(t *testing.T) {
	net, other := importing(t, small()), importing(t, small())
	var saved bytes.Buffer
	if err := nn.Save(&saved, net); err != nil {
		t.Fatal(err)
	}
	for _, p := range nn.Params(other) {
		clear(p.Edit())
	}
	if err := nn.Load(bytes.NewReader(saved.Bytes()), int64(saved.Len()), other); err != nil {
		t.Fatal(err)
	}
	x := picture(2, 5, 6, 2)
	p := tensor.Inference()
	defer p.End()
	same(t, "output", other.Forward(p.Input(x)), net.Forward(p.Input(x)), 0)
}

func picture(shape ...int) *tensor.Tensor {
	x := tensor.New(shape...)
	for i := range x.Edit() {
		x.Data()[i] = tensor.Float(math.Cos(float64(i * i)))
	}
	return x
}

func same(t testing.TB, what string, got, want *tensor.Tensor, tolerance float64) {
	t.Helper()
	if !slices.Equal(got.Shape(), want.Shape()) {
		t.Fatalf("%s has shape %v, want %v", what, got.Shape(), want.Shape())
	}
	for i, w := range want.Data() {
		if !(math.Abs(float64(got.Data()[i]-w)) <= tolerance) {
			t.Errorf("%s: element %d is %v, want %v", what, i, got.Data()[i], w)
			return
		}
	}
}

// Forward takes images as Hadal has them and Run as ONNX has them; both give the same, by way of layers written by hand.
func TestForwardAndRunAgreeWithLayers(t *testing.T) {
	net := importing(t, small())
	x := picture(2, 5, 6, 2)
	p := tensor.Inference()
	defer p.End()
	got := net.Forward(p.Input(x))
	ys, err := net.Run(p, Floats(p.Input(x).Permute(0, 3, 1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Run", ys[0].Floats, got, 0)
	conv := &nn.Conv2D{Weight: net.Kernels["conv.weight"], Bias: net.Weights["conv.bias"], Conv: tensor.Conv{Pad: 1}}
	norm := &nn.BatchNorm{Weight: net.Weights["bn.weight"], Bias: net.Weights["bn.bias"], RunningMean: net.Buffers["bn.running_mean"],
		RunningVar: net.Buffers["bn.running_var"], Eps: 1e-5}
	fc := &nn.Linear{Weight: net.Weights["fc.weight"], Bias: net.Weights["fc.bias"]}
	want := fc.Forward(norm.Forward(conv.Forward(p.Input(x))).ReLU().Mean(1, 2)).Scale(.5)
	same(t, "Forward", got, want, 1e-5)
	net.AsInFile = true
	same(t, "Forward as in the file", net.Forward(p.Input(x).Permute(0, 3, 1, 2)), got, 0)
}

// An image that comes out of Forward is channels-last too.
func TestImagesComeOutChannelsLast(t *testing.T) {
	net := importing(t, model([]*file.Node{node("Relu", "x", "y")}))
	p := tensor.Inference()
	defer p.End()
	x := picture(2, 3, 4, 5)
	same(t, "image", net.Forward(p.Input(x)), x.ReLU(), 0)
}

// A step of training by the gradients lowers the loss as far as they say.
func TestGradientsFlow(t *testing.T) {
	net := importing(t, small())
	x, params := picture(2, 5, 6, 2), nn.Params(net)
	if len(params) != 6 {
		t.Fatalf("%d tensors are trained, want 6", len(params))
	}
	loss := func() float64 {
		p := tensor.Inference()
		defer p.End()
		return float64(net.Forward(p.Input(x)).Square().Mean().Item())
	}
	p := tensor.Training(rand.New(rand.NewPCG(1, 2)))
	grads := tensor.Grad(net.Forward(p.Input(x)).Square().Mean(), params...)
	before, squares := loss(), 0.
	const rate = 1e-3
	for i, g := range grads {
		if g == nil {
			t.Fatalf("parameter %d has no gradient", i)
		}
		squares += float64(g.Square().Sum().Item())
		params[i].AddScaled(g, -rate)
	}
	p.End()
	if got, want := before-loss(), rate*squares; !(math.Abs(got-want) < .02*want) {
		t.Errorf("the loss falls by %v, want %v", got, want)
	}
}

// These are operators whose derivatives are written here, or that are composed here.
func TestDerivativesOfElementaryFunctions(t *testing.T) {
	const h = 1e-3
	for op := range strings.FieldsSeq("Asin Acos Atan Asinh Acosh Atanh Tan Sinh Cosh Softsign Celu Mod Elu Selu") {
		x := []tensor.Float{-.6, -.2, .3, .7}
		if op == "Acosh" {
			x = []tensor.Float{1.2, 1.5, 2, 3}
		}
		inputs := "x"
		if op == "Mod" {
			inputs = "x step"
		}
		n := node(op, inputs, "y")
		if op == "Mod" {
			n.Attributes = []*file.Attribute{{Name: "fmod", Value: int64(1)}}
		}
		net := importing(t, model([]*file.Node{n}, &file.Tensor{Name: "step", Type: file.Float, Dims: []int64{1}, Floats: []float32{.25}}))
		p := tensor.Recording(nil)
		v := p.Var(tensor.Of(x, 4))
		g := tensor.Grad(net.Forward(v).Sum(), v)[0].Clone()
		for i := range x {
			at := func(d tensor.Float) float64 {
				moved := slices.Clone(x)
				moved[i] += d
				return float64(net.Forward(p.Input(tensor.Of(moved, 4))).Data()[i])
			}
			if want := (at(h) - at(-h)) / (2 * h); !(math.Abs(float64(g.Data()[i])-want) < 2e-3) {
				t.Errorf("%s: the derivative at %v is %v, want %v", op, x[i], g.Data()[i], want)
			}
		}
		p.End()
	}
}

// Written elements have the gradient, and what they replace has none.
func TestDerivativeOfScatter(t *testing.T) {
	at := &file.Tensor{Name: "at", Type: file.Int64, Dims: []int64{3, 1}, Int64s: []int64{1, 3, 1}}
	net := importing(t, model([]*file.Node{node("ScatterND", "x at updates", "y")}, at, floats("updates", 3)))
	p := tensor.Recording(nil)
	defer p.End()
	x := p.Var(picture(5))
	g := tensor.Grad(net.Forward(x).Sum(), x, net.Weights["updates"])
	same(t, "gradient of x", g[0], tensor.Of([]tensor.Float{1, 0, 1, 0, 1}, 5), 0)
	same(t, "gradient of updates", g[1], tensor.Of([]tensor.Float{0, 1, 1}, 3), 0) // the first is overwritten by the last
}

func TestMistakesInGraphs(t *testing.T) {
	relu := func(from, to string) *file.Node { return node("Relu", from, to) }
	for name, c := range map[string]struct {
		m    *file.Model
		says string
	}{
		"cycle":        {model([]*file.Node{relu("b", "a"), relu("a", "b"), relu("x", "y")}), "on a cycle"},
		"itself":       {model([]*file.Node{relu("y", "y")}), "on a cycle"},
		"no such name": {model([]*file.Node{relu("z", "y")}), `takes "z", which nothing makes`},
		"no output":    {model([]*file.Node{relu("x", "z")}), `nothing makes the output "y"`},
		"made twice":   {model([]*file.Node{relu("x", "y"), relu("x", "y")}), "there is already"},
		"made again":   {model([]*file.Node{relu("x", "x"), relu("x", "y")}), "there is already"},
		"two weights":  {model([]*file.Node{relu("x", "y")}, floats("w", 1), floats("w", 2)), "there are two of it"},
		"strings": {model([]*file.Node{relu("x", "y")},
			&file.Tensor{Name: "s", Type: file.String, Dims: []int64{1}, Strings: []string{"a"}}), "string"},
		"seven axes":     {model([]*file.Node{relu("x", "y")}, floats("w", 1, 1, 1, 1, 1, 1, 1)), "more than 6 axes"},
		"huge and empty": {model([]*file.Node{relu("x", "y")}, floats("w", 0, 1<<40)), "too many elements"},
	} {
		if _, err := Import(c.m); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the error is %v, want one that says %q", name, err, c.says)
		}
	}
	old := model([]*file.Node{relu("x", "y")})
	old.Opsets[0].Version = 6
	if _, err := Import(old); err == nil || !strings.Contains(err.Error(), "opset 6") {
		t.Errorf("the error is %v, want one about opset 6", err)
	}
}

// All operators that are missing are told at once, those of graphs inside nodes too.
func TestMissingOperatorsAreListed(t *testing.T) {
	inner := &file.Graph{Nodes: []*file.Node{node("Scan", "x", "b")}, Outputs: []*file.Value{{Name: "b"}}}
	fancy := node("Fancy", "x", "a")
	fancy.Domain = "com.example"
	_, err := Import(model([]*file.Node{fancy, node("Loop", "a", "c"), node("Relu", "c", "d"), node("Loop", "a", "e"),
		node("If", "d", "y", "then_branch", inner, "else_branch", inner)}))
	var missing UnsupportedError
	if !errors.As(err, &missing) || !slices.Equal(missing.Operators, []string{"Loop", "Scan", "com.example.Fancy"}) {
		t.Errorf("the error is %v, want Loop, Scan and com.example.Fancy", err)
	}
}

// Nodes may stand in any order.
func TestNodesAreSorted(t *testing.T) {
	net := importing(t, model([]*file.Node{node("Neg", "a", "y"), node("Relu", "x", "a")}))
	p := tensor.Inference()
	defer p.End()
	same(t, "output", net.Forward(p.Input(tensor.Of([]tensor.Float{-1, 2}, 2))), tensor.Of([]tensor.Float{0, -2}, 2), 0)
}

// If chooses by a truth value, of which Not makes the other; its graphs see what is around them.
func TestIf(t *testing.T) {
	branch := func(op string) *file.Graph {
		return &file.Graph{Nodes: []*file.Node{node(op, "x w", "b")}, Outputs: []*file.Value{{Name: "b"}},
			Initializers: []*file.Tensor{{Name: "w", Type: file.Float, Floats: []float32{3}}}}
	}
	net := importing(t, model([]*file.Node{
		node("ReduceMax", "x", "m", "keepdims", int64(0)), node("Greater", "m zero", "positive"), node("Not", "positive", "negative"),
		node("If", "negative", "y", "then_branch", branch("Add"), "else_branch", branch("Mul")),
	}, &file.Tensor{Name: "zero", Type: file.Float, Floats: []float32{0}}))
	p := tensor.Inference()
	defer p.End()
	same(t, "positive", net.Forward(p.Input(tensor.Of([]tensor.Float{2}, 1))), tensor.Of([]tensor.Float{6}, 1), 0)
	same(t, "negative", net.Forward(p.Input(tensor.Of([]tensor.Float{-2}, 1))), tensor.Of([]tensor.Float{1}, 1), 0)
}

func TestDropoutDropsWhereThePassTrains(t *testing.T) {
	m := model([]*file.Node{node("Dropout", "x", "y", "ratio", float32(.25))})
	m.Opsets[0].Version = 11
	net := importing(t, m)
	x := tensor.New(4000)
	nn.Constant(x, 1)
	p := tensor.Inference()
	same(t, "inference", net.Forward(p.Input(x)), x, 0)
	p.End()
	p = tensor.Training(rand.New(rand.NewPCG(1, 2)))
	defer p.End()
	zeros := 0
	for _, v := range net.Forward(p.Input(x)).Data() {
		if v == 0 {
			zeros++
		} else if math.Abs(float64(v)-4./3) > 1e-6 {
			t.Fatalf("a number that stays is %v, want 4/3", v)
		}
	}
	if zeros < 900 || zeros > 1100 {
		t.Errorf("%d of 4000 numbers are dropped, want about 1000", zeros)
	}
}

// Values that do not fit, and nodes that cannot compute, are errors that say where.
func TestMistakesInValues(t *testing.T) {
	net := importing(t, small())
	net.Inputs[0].Type = file.Float
	net.Inputs[0].Shape = []file.Dim{{Param: "n"}, {Known: true, Value: 2}, {}, {}}
	p := tensor.Inference()
	defer p.End()
	for name, c := range map[string]struct {
		inputs []Value
		says   string
	}{
		"none":     {nil, "1 inputs, 0 values"},
		"integers": {[]Value{Ints([]int64{1}, 1)}, "elements of float"},
		"lie":      {[]Value{Ints([]int64{1}, 3)}, "not of shape"},
		"shape":    {[]Value{Floats(picture(1, 3, 4, 4))}, "of shape [n 2 ? ?], [1 3 4 4] is given"},
	} {
		if _, err := net.Run(p, c.inputs...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the error is %v, want one that says %q", name, err, c.says)
		}
	}
	net.Inputs[0].Shape = nil
	if _, err := net.Run(p, Floats(picture(1, 3, 4, 4))); err == nil || !strings.Contains(err.Error(), `node 0 (Conv "conv")`) {
		t.Errorf("the error is %v, want one that names the convolution", err)
	}
}

// A few bytes may not ask for memory without end.
func TestSizesAreBounded(t *testing.T) {
	huge := int64(1) << 30
	for name, m := range map[string]*file.Model{
		"expand":   model([]*file.Node{node("Expand", "x s", "y")}, integers("s", huge, huge)),
		"constant": model([]*file.Node{node("ConstantOfShape", "s", "y")}, integers("s", huge, huge)),
		"integers": model([]*file.Node{node("Expand", "i s", "a"), node("Cast", "a", "y", "to", int64(1))}, integers("s", huge),
			integers("i", 1)),
		"tile": model([]*file.Node{node("Tile", "x s", "y")}, integers("s", huge)),
		"pad":  model([]*file.Node{node("Pad", "x s", "y")}, integers("s", huge, 0)),
		"range": model([]*file.Node{node("Range", "a b c", "d"), node("Cast", "d", "y", "to", int64(1))}, integers("a", 0),
			integers("b", huge), integers("c", 1)),
		"one-hot": model([]*file.Node{node("OneHot", "i s i2", "y")}, integers("i", 0), integers("s", huge), floats("i2", 2)),
		"product": model([]*file.Node{
			node("Expand", "x s", "a"), node("Transpose", "a", "b"), node("MatMul", "b a", "y")}, integers("s", 1, 1<<20)),
		"gemm":    model([]*file.Node{node("Expand", "x s", "a"), node("Gemm", "a a", "y", "transA", int64(1))}, integers("s", 1, 1<<20)),
		"reshape": model([]*file.Node{node("Reshape", "x s", "y")}, integers("s", huge, huge, -1)),
		"resize": model([]*file.Node{node("Resize", "x none s", "y")}, floats("none", 0),
			&file.Tensor{Name: "s", Type: file.Float, Dims: []int64{1}, Floats: []float32{1e30}}),
	} {
		net := importing(t, m)
		p := tensor.Inference()
		_, err := net.Run(p, Floats(picture(1)))
		if err == nil {
			t.Errorf("%s: there is no error", name)
		}
		p.End()
	}
}

// FuzzRun changes the standard's cases; whatever comes out is an error or a result. Errors that Go itself found are counted as failures.
func FuzzRun(f *testing.F) {
	archive, err := os.ReadFile("testdata/cases.tar.gz")
	if err != nil {
		f.Fatal(err)
	}
	all := examples(f, archive)
	for i, e := range all {
		if len(e.model) < 1000 {
			f.Add(i, e.model)
		}
	}
	f.Fuzz(func(t *testing.T, number int, model []byte) {
		e := *all[((number%len(all))+len(all))%len(all)]
		if len(model) > 10_000 {
			return
		}
		e.model = model
		var inputs []Value
		for _, data := range e.inputs {
			v, err := readValue(data)
			if err != nil {
				t.Fatal(err)
			}
			inputs = append(inputs, v)
		}
		net, err := Read(bytes.NewReader(model))
		if err != nil {
			return
		}
		for len(inputs) < len(net.Inputs) {
			inputs = append(inputs, Ints([]int64{1}, 1))
		}
		p := tensor.Sampling(rand.New(rand.NewPCG(1, 2)))
		defer p.End()
		if _, err := net.Run(p, inputs[:len(net.Inputs)]...); err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Error(err)
		}
	})
}

// Whole networks that PyTorch exported give what PyTorch computes, in a pass that records and in one that does not, where the memory of
// what has served is given back. Every weight that counts has a gradient.
func TestNetworksOfPyTorch(t *testing.T) {
	archive, err := os.ReadFile("testdata/networks.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	all := examples(t, archive)
	if len(all) != 10 {
		t.Errorf("there are %d networks, want 10", len(all))
	}
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			if err := e.run(); err != nil {
				t.Error(err)
			}
			net, err := Read(bytes.NewReader(e.model))
			if err != nil {
				t.Fatal(err)
			}
			in, err := readValue(e.inputs[0])
			if err != nil {
				t.Fatal(err)
			}
			want, err := readValue(e.outputs[0])
			if err != nil {
				t.Fatal(err)
			}
			p := tensor.Recording(nil)
			defer p.End()
			ys, err := net.Run(p, in)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.same(ys[0], want); err != nil {
				t.Error(err)
			}
			params := nn.Params(net)
			for i, g := range tensor.Grad(ys[0].Floats.Square().Sum(), params...) {
				if g == nil || !g.Finite() {
					t.Errorf("parameter %d of %d, %v, has no finite gradient", i, len(params), params[i].Shape())
				}
			}
		})
	}
}

// In inference, the memory of what has served is given back.
func TestInferenceGivesMemoryBack(t *testing.T) {
	nodes := []*file.Node{node("Relu", "x", "a0")}
	for i := range 126 { // pairs that join: x + |x|
		from, to := fmt.Sprint("a", i), fmt.Sprint("a", i+1)
		nodes = append(nodes, node("Abs", from, "b"+to), node("Add", from+" b"+to, to))
	}
	net := importing(t, model(append(nodes, node("Neg", "a126", "y"))))
	x := tensor.New(1 << 12)
	bytes := func(p *tensor.Pass) int {
		defer p.End()
		net.Forward(p.Var(x))
		return p.Bytes()
	}
	kept, given := bytes(tensor.Recording(nil)), bytes(tensor.Inference())
	if given > kept/8 {
		t.Errorf("inference takes %d bytes and recording %d, want an eighth at most", given, kept)
	}
}

// at gives a model an opset.
func at(opset int64, m *file.Model) *file.Model {
	m.Opsets[0].Version = opset
	return m
}

// What newer versions take as inputs, older ones have as attributes; both give the same.
func TestOlderVersions(t *testing.T) {
	number := func(name string, v float32) *file.Tensor {
		return &file.Tensor{Name: name, Type: file.Float, Floats: []float32{v}}
	}
	list := func(name string, vs ...float32) *file.Tensor {
		return &file.Tensor{Name: name, Type: file.Float, Dims: []int64{int64(len(vs))}, Floats: vs}
	}
	ints := func(vs ...int64) []int64 { return vs }
	for name, c := range map[string]struct {
		shape    []int
		old, new *file.Model
	}{
		"Clip": {[]int{2, 3},
			at(10, model([]*file.Node{node("Clip", "x", "y", "min", float32(-.5), "max", float32(.25))})),
			model([]*file.Node{node("Clip", "x a b", "y")}, number("a", -.5), number("b", .25))},
		"Squeeze": {[]int{2, 1, 3}, at(11, model([]*file.Node{node("Squeeze", "x", "y", "axes", ints(-2))})),
			model([]*file.Node{node("Squeeze", "x a", "y")}, integers("a", 1))},
		"Unsqueeze": {[]int{2, 3}, at(11, model([]*file.Node{node("Unsqueeze", "x", "y", "axes", ints(0, 3))})),
			model([]*file.Node{node("Unsqueeze", "x a", "y")}, integers("a", 3, 0))},
		"Slice": {[]int{4, 6}, at(9, model([]*file.Node{node("Slice", "x", "y", "starts", ints(-3), "ends", ints(100), "axes", ints(1))})),
			model([]*file.Node{node("Slice", "x s e a", "y")}, integers("s", 3), integers("e", 6), integers("a", -1))},
		"TopK": {[]int{2, 5}, at(9, model([]*file.Node{node("TopK", "x", "y i", "k", int64(2))})),
			model([]*file.Node{node("TopK", "x k", "y i")}, integers("k", 2))},
		"Pad": {[]int{2, 3}, at(10, model([]*file.Node{node("Pad", "x", "y", "pads", ints(0, 1, 2, 0), "value", float32(3))})),
			model([]*file.Node{node("Pad", "x p v", "y")}, integers("p", 0, 1, 2, 0), number("v", 3))},
		"ReduceSum": {[]int{2, 3, 4}, at(11, model([]*file.Node{node("ReduceSum", "x", "y", "axes", ints(0, 2), "keepdims", int64(0))})),
			model([]*file.Node{node("ReduceSum", "x a", "y", "keepdims", int64(0))}, integers("a", 2, 0))},
		"Split": {[]int{2, 5}, at(11, model([]*file.Node{node("Split", "x", "a y", "axis", int64(1), "split", ints(2, 3))})),
			model([]*file.Node{node("Split", "x s", "a y", "axis", int64(-1))}, integers("s", 2, 3))},
		"Softmax": {[]int{2, 3, 4}, at(12, model([]*file.Node{node("Softmax", "x", "y")})), // of the axes behind the first as one
			model([]*file.Node{node("Flatten", "x", "a"), node("Softmax", "a", "b"), node("Reshape", "b s", "y")}, integers("s", 2, 3, 4))},
		"Upsample": {[]int{1, 2, 3, 4}, at(7, model([]*file.Node{node("Upsample", "x", "y", "scales", []float32{1, 1, 2, 3})})),
			at(9, model([]*file.Node{node("Upsample", "x s", "y")}, list("s", 1, 1, 2, 3)))},
		"Resize": {[]int{1, 2, 3, 4}, at(10, model([]*file.Node{node("Resize", "x s", "y", "mode", "linear")}, list("s", 1, 1, 2, 3))),
			model([]*file.Node{node("Resize", "x none s", "y", "mode", "linear", "coordinate_transformation_mode", "asymmetric")},
				list("s", 1, 1, 2, 3), list("none"))},
		"Dropout": {[]int{2, 3}, at(7, model([]*file.Node{node("Dropout", "x", "y", "ratio", float32(.3))})),
			model([]*file.Node{node("Identity", "x", "y")})},
	} {
		t.Run(name, func(t *testing.T) {
			p := tensor.Inference()
			defer p.End()
			x := Floats(picture(c.shape...))
			old, err := importing(t, c.old).Run(p, x)
			if err != nil {
				t.Fatal(err)
			}
			now, err := importing(t, c.new).Run(p, x)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "the older form", old[0].Floats, now[0].Floats, 1e-6)
		})
	}
}

// Files of the first versions list their initializers among the inputs.
func TestInitializersAmongTheInputs(t *testing.T) {
	m := small()
	for _, w := range m.Graph.Initializers {
		m.Graph.Inputs = append(m.Graph.Inputs, &file.Value{Name: w.Name})
	}
	net := importing(t, m)
	if len(net.Inputs) != 1 || net.Inputs[0].Name != "x" {
		t.Errorf("the inputs are %v, want x alone", net.Inputs)
	}
}

// Two passes may run through one network at once.
func TestPassesShareANetwork(t *testing.T) {
	net, x := importing(t, small()), picture(2, 5, 6, 2)
	ys := make([]*tensor.Tensor, 4)
	var all sync.WaitGroup
	for i := range ys {
		all.Go(func() {
			p := tensor.Inference()
			defer p.End()
			ys[i] = net.Forward(p.Input(x)).Clone()
		})
	}
	all.Wait()
	for _, y := range ys[1:] {
		same(t, "a pass", y, ys[0], 0)
	}
}
