package look

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/model/vision"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

func TestMain(m *testing.M) {
	tensor.Poison(true)
	os.Exit(m.Run())
}

func source() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// plain is a chain of layers: those with a ReLU behind them run as one operation, or as several.
func plain() nn.Layer {
	r := source()
	return nn.Chain{
		nn.NewConv2D(r, 3, 4, 3, tensor.Conv{Pad: 1}), nn.Func(nn.ReLU), nn.MaxPool2D{Pool: tensor.Pool{Kernel: 2}},
		nn.NewConv2D(r, 4, 5, 3, tensor.Conv{}).NoBias(), nn.NewBatchNorm(5), nn.Func(nn.ReLU),
		nn.Func(nn.FlattenCHW), nn.NewLinear(r, 5*2*3, 3),
	}
}

// block has a residual sum, and a layer of single pixels that scales the maps of another.
type block struct {
	Conv1, Conv2, Gate *nn.Conv2D
	FC                 *nn.Linear
}

func newBlock() *block {
	r := source()
	return &block{
		nn.NewConv2D(r, 1, 6, 3, tensor.Conv{Pad: 1}), nn.NewConv2D(r, 6, 6, 3, tensor.Conv{Pad: 1}), nn.NewConv2D(r, 6, 6, 1, tensor.Conv{}),
		nn.NewLinear(r, 6, 4),
	}
}

func (b *block) Forward(x *tensor.Tensor) *tensor.Tensor {
	silu := func(x *tensor.Tensor) *tensor.Tensor { return x.Mul(x.Sigmoid()) }
	x = silu(b.Conv1.Forward(x))
	y := b.Conv2.Forward(x)
	y = y.Mul(b.Gate.Forward(y.MeanKeep(1, 2)).Sigmoid())
	return b.FC.Forward(nn.GlobalAvgPool(silu(x.Add(y))))
}

func load(t *testing.T, f *fixture.File, name string, net any) {
	t.Helper()
	state := f.State(t, name+"/state/")
	if err := nn.Load(state, state.Size(), net); err != nil {
		t.Fatal(err)
	}
}

// Grad-CAM of every layer and the derivatives by the pixels are those that Captum finds in PyTorch.
func TestAgainstCaptum(t *testing.T) {
	f := fixture.Open(t, "look.safetensors")
	for name, net := range map[string]nn.Layer{"plain": plain(), "block": newBlock()} {
		load(t, f, name, net)
		x, classes := f.Tensor(t, name+"/x"), f.Ints(t, name+"/classes")
		layers := f.Under(name + "/cam/")
		if got := LayerNames(net, x.Dim(1), x.Dim(2), x.Dim(3)); !slices.Equal(got, layers) {
			t.Errorf("%s: LayerNames = %q, want %q", name, got, layers)
		}
		for _, layer := range append(layers, "") {
			heat, err := GradCAM(net, x, classes, layer)
			if err != nil {
				t.Fatal(err)
			}
			if layer == "" {
				layer = layers[len(layers)-1]
			}
			want := f.Tensor(t, name+"/cam/"+layer)
			if got := heat.Shape(); !slices.Equal(got, append(want.Shape(), 1)) {
				t.Errorf("%s: heat of layer %s has shape %v, want %v×1", name, layer, got, want.Shape())
			}
			fixture.Close(t, name+"/cam/"+layer, heat.Data(), want.Data(), 1e-5)
		}
		fixture.Close(t, name+"/saliency", Saliency(net, x, classes).Data(), f.Tensor(t, name+"/saliency").Data(), 1e-5)
	}
}

// The derivative of a linear network is its weight, whatever noise is added; the noise is in proportion to the range of a picture.
func TestSmoothGrad(t *testing.T) {
	net := nn.Chain{nn.Func(nn.FlattenCHW), nn.NewLinear(source(), 2*3*1, 4)}
	x := tensor.New(3, 2, 3, 1)
	copy(x.Edit(), []tensor.Float{0, 1, 2, 3, 4, 5})
	classes := []int{2, 0, 3}
	weight := net[1].(*nn.Linear).Weight.Data() // 4×6
	got := SmoothGrad{Samples: 5, Noise: .2}.Of(net, x, classes, source())
	for i, class := range classes {
		fixture.Close(t, fmt.Sprint("class ", class), got.Data()[6*i:6*i+6], weight[6*class:6*class+6], 1e-5)
	}

	// The derivative of x² is 2x: the mean over pictures with noise is off by 2·Noise·range/√Samples.
	square := nn.Func(func(x *tensor.Tensor) *tensor.Tensor { return x.Square().Flatten(1).SumKeep(1) })
	x = tensor.New(1, 40, 50, 1)
	x.Edit()[0] = 3
	g := SmoothGrad{Samples: 4, Noise: .5}.Of(square, x, []int{0}, source())
	var squares float64
	for i, v := range g.Data() {
		squares += math.Pow(float64(v)-2*float64(x.Data()[i]), 2)
	}
	if off, want := math.Sqrt(squares/2000), 2*.5*3/math.Sqrt(4); math.Abs(off-want) > .1*want {
		t.Errorf("the mean derivatives are off by %.3f, want %.3f", off, want)
	}
}

func TestErrors(t *testing.T) {
	x := tensor.New(1, 8, 10, 3)
	mlp := vision.NewMLP(source(), 8*10*3, 3)
	if _, err := GradCAM(mlp, x, []int{0}, ""); !errors.Is(err, ErrNoMaps) {
		t.Errorf("GradCAM of a perceptron = %v, want ErrNoMaps", err)
	}
	if _, err := DrawActivations("", mlp, x, picture(x)); !errors.Is(err, ErrNoMaps) {
		t.Errorf("DrawActivations of a perceptron = %v, want ErrNoMaps", err)
	}
	for name, want := range map[string]string{"33": "did you mean 3?", "conv": "the layers with maps are 0, 3, 4"} {
		if _, err := GradCAM(plain(), x, []int{0}, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("GradCAM of layer %s = %v, want %q", name, err, want)
		}
	}
	mean := nn.Func(func(x *tensor.Tensor) *tensor.Tensor { return x.Mean(1, 2) })
	if _, err := DrawFilters(mean, 8, 10, 3); err == nil || !strings.Contains(err.Error(), "neither a convolution nor a linear layer") {
		t.Errorf("DrawFilters without weights = %v, want that there are no filters", err)
	}
	for want, f := range map[string]func(){
		"look: 2 classes for 1 pictures": func() { Saliency(plain(), x, []int{0, 1}) },
		"look: class 3 of 3":             func() { Saliency(plain(), x, []int{3}) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != want {
					t.Errorf("panic %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

// How a weight is made of others is no layer that sees a picture.
func TestMadeWeights(t *testing.T) {
	r := source()
	net := nn.Chain{nn.NewWeightNorm(nn.NewConv2D(r, 1, 3, 3, tensor.Conv{})), nn.Func(nn.ReLU), nn.Func(nn.GlobalAvgPool)}
	_, v := record(net, tensor.New(1, 6, 6, 1))
	defer v.Pass().End()
	layers := Layers(net, v)
	if len(layers) > 1 || len(layers) == 1 && !slices.Equal(layers[0].Maps.Shape(), []int{1, 4, 4, 3}) {
		t.Errorf("Layers of a network with a weight normalization = %v, want the maps of its convolution at most", names(layers))
	}
}

// picture is the first channel of a tensor's first picture in grey.
func picture(x *tensor.Tensor) image.Image {
	img := image.NewGray(image.Rect(0, 0, x.Dim(2), x.Dim(1)))
	for y, row := range rows(x, 0, 0) {
		for i, v := range row {
			img.SetGray(i, y, color.Gray{uint8(128 + 40*v)})
		}
	}
	return img
}

// Everything is drawn of networks of every kind, for small and large pictures, one class and a thousand.
func TestDrawings(t *testing.T) {
	r := source()
	for name, c := range map[string]struct {
		net                 nn.Layer
		h, w, c, n, classes int
		maps                bool
	}{
		"plain":    {plain(), 8, 10, 3, 2, 3, true},
		"block":    {newBlock(), 6, 6, 1, 3, 4, true},
		"LeNet":    {vision.NewLeNet(r, 10), 28, 28, 1, 2, 10, true},
		"one":      {vision.NewCNN(r, 1, 1), 28, 28, 1, 1, 1, true},
		"CIFAR":    {vision.NewCIFARResNet(r, 8, 3, 100), 32, 32, 3, 2, 100, true},
		"thousand": {vision.NewResNet(r, 18, 1000), 64, 64, 3, 1, 1000, true},
		"MLP":      {vision.NewMLP(r, 28*28, 30, 2), 28, 28, 1, 2, 2, false},
		"colours":  {vision.NewMLP(r, 4*4*3, 2), 4, 4, 3, 1, 2, false},
	} {
		x := tensor.New(c.n, c.h, c.w, c.c)
		for i := range x.Edit() {
			x.Edit()[i] = tensor.Float(r.NormFloat64())
		}
		pictures, classes, labels := make([]image.Image, c.n), make([]string, c.classes), make([]int, c.n)
		for i := range pictures {
			pictures[i], labels[i] = picture(x), c.classes-1
		}
		for i := range classes {
			classes[i] = fmt.Sprint("class with a long name ", i)
		}
		if img, err := DrawFilters(c.net, c.h, c.w, c.c); err != nil || img.Bounds().Dx() < 100 {
			t.Errorf("%s: filters: %v", name, err)
		}
		e := Evidence{Model: c.net, Classes: classes, Guesses: 2}
		without, err := e.Draw(x, pictures, nil)
		if err != nil || without.Bounds().Dx() < 100 || without.Bounds().Dx() > 4000 {
			t.Errorf("%s: evidence: %v", name, err)
		}
		if with, err := e.Draw(x, pictures, labels); err != nil || with.Bounds().Dy() < without.Bounds().Dy()/2 {
			t.Errorf("%s: evidence with labels: %v", name, err)
		}
		one := tensor.Of(x.Data()[:x.Len()/c.n], 1, c.h, c.w, c.c)
		img, err := DrawActivations("a picture", c.net, one, pictures[0])
		if c.maps != (err == nil) || err == nil && (img.Bounds().Dx() < 100 || img.Bounds().Dx() > 5000) {
			t.Errorf("%s: maps: %v, want some %v", name, err, c.maps)
		}
	}
}

// Weights that are no numbers, or all zero, are drawn and are no reason to stop.
func TestDrawingsOfNothing(t *testing.T) {
	for name, value := range map[string]float64{"zero": 0, "NaN": math.NaN()} {
		net := plain()
		for l := range nn.Leaves(net) {
			nn.Constant(l.Tensor, tensor.Float(value))
		}
		x := tensor.New(1, 8, 10, 3)
		if _, err := DrawFilters(net, 8, 10, 3); err != nil {
			t.Errorf("filters of %s: %v", name, err)
		}
		if _, err := (Evidence{Model: net, Classes: []string{"a", "b", "c"}, Guesses: 3}).Draw(x, []image.Image{picture(x)}, nil); err != nil {
			t.Errorf("evidence of %s: %v", name, err)
		}
		if _, err := DrawActivations("", net, x, picture(x)); err != nil {
			t.Errorf("maps of %s: %v", name, err)
		}
	}
}

// A transformer's tokens are maps. Its class is read from one token, on which those of the last block's end have no influence, so that
// Grad-CAM looks at what the last attention reads.
func TestGradCAMOfTokens(t *testing.T) {
	r := source()
	size := vision.ViTSize{Image: 8, Patch: 2, Width: 12, Hidden: 24, Depth: 2, Heads: 2}
	m := vision.NewViT(r, size, 3)
	nn.Normal(r, m.Head.Weight, 0, 1) // it begins with zeros
	x := tensor.New(2, 8, 8, 3)
	for i := range x.Edit() {
		x.Edit()[i] = tensor.Float(r.NormFloat64())
	}
	classes := []int{2, 0}
	got, err := GradCAM(m, x, classes, "")
	if err != nil {
		t.Fatal(err)
	}
	if shape := got.Shape(); !slices.Equal(shape, []int{2, 4, 4, 1}) {
		t.Fatalf("the heat has shape %v, want 2×4×4×1", shape)
	}

	p := tensor.Recording(nil)
	defer p.End()
	tokens := m.ConvProj.Forward(p.Input(x)).Reshape(2, 16, 12)
	tokens = tensor.Concat(1, p.Use(m.ClassToken).BroadcastTo(2, 1, 12), tokens).Add(m.Encoder.PosEmbedding)
	tokens = m.Encoder.Layers[0].Forward(tokens)
	last := m.Encoder.Layers[1]
	read := last.LN1.Forward(tokens)
	tokens = last.SelfAttention.Forward(read).Add(tokens)
	tokens = last.MLP.Forward(last.LN2.Forward(tokens)).Add(tokens)
	scores := m.Head.Forward(m.Encoder.LN.Forward(tokens.Slice(1, 0, 1).Reshape(2, 12)))
	g := tensor.Grad(scoresOf(scores, classes), read)[0].Slice(1, 1, 17) // 2×16×12
	want := read.Slice(1, 1, 17).Mul(g.MeanKeep(1)).Sum(-1).ReLU()       // 2×16
	fixture.Close(t, "heat", got.Data(), want.Data(), 1e-5)
	if want.Sum().Item() == 0 {
		t.Error("the heat is nothing")
	}

	if names := LayerNames(m, 8, 8, 3); !slices.Contains(names, "encoder.layers.encoder_layer_1.mlp.3") {
		t.Errorf("LayerNames = %q, want the end of the last block among them", names)
	}
	if heat, err := GradCAM(m, x, classes, "encoder.layers.encoder_layer_1.mlp.3"); err != nil || heat.Sum().Item() != 0 {
		t.Errorf("Grad-CAM of the end of the last block = %v, %v, want nothing: the scores do not depend on it", heat, err)
	}
}
