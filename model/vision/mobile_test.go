package vision

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// torchNetworks are small networks, by the file of their fixture and their name in it, without dropout.
func torchNetworks() map[string]nn.Layer {
	v2 := newMobileNetV2(nil, 2, []mobileStage{{1, 3, 1, 32, 1}, {6, 3, 2, 48, 2}, {2, 3, 2, 64, 1}}, .25, 3)
	undropped(v2.Classifier)
	v3 := newMobileNetV3(nil, 8, []mobileNetV3Block{
		{3, 8, 8, true, nn.ReLU, 2}, {5, 16, 8, false, nn.HardSwish, 1}, {3, 24, 16, true, nn.HardSwish, 2},
	}, 16, 3)
	undropped(v3.Classifier)
	b := newEfficientNet(nil, 8, []mobileStage{{1, 3, 1, 8, 1}, {4, 5, 2, 8, 2}, {2, 3, 2, 16, 1}}, efficientNetSize{1, 1, 0}, slowNorm, 3)
	for _, stage := range b.Features[1:4] {
		for _, l := range stage.(nn.Chain) {
			l.(*InvertedResidual).Drop = nn.StochasticDepth{}
		}
	}
	lite := func() *EfficientNetLite {
		stages := []mobileStage{{1, 3, 1, 8, 1}, {2, 5, 2, 8, 2}, {2, 3, 2, 16, 1}}
		return newEfficientNetLite(nil, efficientNetSizes[0], stages, 24, 3)
	}
	tf := lite()
	likeTensorFlow(tf.layers())
	return map[string]nn.Layer{
		"mobilenetv1/mobilenetv1":   newMobileNetV1(nil, []mobileStage{{1, 3, 1, 32, 1}, {1, 3, 2, 48, 2}}, .25, 3),
		"mobilenetv2/mobilenetv2":   v2,
		"mobilenetv3/mobilenetv3":   v3,
		"efficientnet/efficientnet": b,
		"efficientnet_lite/lite":    lite(),
		"efficientnet_lite/lite_tf": tf,
		"convnext/convnext":         NewConvNeXt(nil, ConvNeXtSize{Widths: []int{4, 8, 12}, Depths: []int{1, 2, 1}}, 3),
		"vit/vit":                   NewViT(nil, ViTSize{Image: 8, Patch: 4, Width: 12, Hidden: 16, Depth: 2, Heads: 2}, 3),
	}
}

// TestMobileNetworksAgainstTorch compares scores, loss, derivatives and running statistics of a training pass, and the scores
// by these.
func TestMobileNetworksAgainstTorch(t *testing.T) {
	for path, net := range torchNetworks() {
		t.Run(path, func(t *testing.T) {
			const tolerance = 1e-4
			file, name, _ := strings.Cut(path, "/")
			f := fixture.Open(t, file+".safetensors")
			loadState(t, f, name, net)
			x, labels := f.Tensor(t, name+"/x"), f.Ints(t, name+"/labels")

			p := tensor.Training(rand.New(rand.NewPCG(0, 0)))
			y := net.Forward(p.Input(x))
			loss := nn.CrossEntropy(y, labels)
			fixture.Close(t, "y", y.Data(), f.Tensor(t, name+"/y").Data(), tolerance)
			fixture.Close(t, "loss", loss.Data(), f.Tensor(t, name+"/loss").Data(), tolerance)
			leaves := byName(net)
			want := f.Tensor(t, name+"/grad").Data()
			for _, l := range leaves {
				if l.Buffer {
					fixture.Close(t, l.Name, l.Tensor.Data(), f.Tensor(t, name+"/after/"+l.Name).Data(), tolerance)
					continue
				}
				compareSums(t, l.Name, inTorchOrder(l, tensor.Grad(loss, l.Tensor)[0]), want[:2])
				want = want[2:]
			}
			if len(want) > 0 {
				t.Errorf("there are %d more derivatives in PyTorch", len(want)/2)
			}
			p.End()

			p = tensor.Inference()
			defer p.End()
			fixture.Close(t, "evaluated", net.Forward(p.Input(x)).Data(), f.Tensor(t, name+"/evaluated").Data(), tolerance)
		})
	}
}

// byName returns the leaves of a network in the order of their names.
func byName(net any) []nn.Leaf {
	return slices.SortedFunc(nn.Leaves(net), func(a, b nn.Leaf) int { return strings.Compare(a.Name, b.Name) })
}

// compareSums compares a weighted sum and the sum of the squares of a gradient, to 1e-4 of its length.
func compareSums(t *testing.T, name string, g []tensor.Float, want []tensor.Float) {
	t.Helper()
	sum, squares, weights := 0.0, 0.0, 0.0
	for i, v := range g {
		u := float64((7*i)%11-5) / 4
		sum, squares, weights = sum+u*float64(v), squares+float64(v*v), weights+u*u
	}
	// Behind a layer that a normalization follows, derivatives are zero but for rounding.
	allowed := 1e-4*math.Sqrt(float64(want[1])) + 1e-6
	if d := math.Abs(math.Sqrt(squares) - math.Sqrt(float64(want[1]))); !(d <= allowed) {
		t.Errorf("the derivative by %s has a length of %v, want %v", name, math.Sqrt(squares), math.Sqrt(float64(want[1])))
	}
	if d := math.Abs(sum - float64(want[0])); !(d <= allowed*math.Sqrt(weights)) {
		t.Errorf("the derivative by %s has a weighted sum of %v, want %v", name, sum, want[0])
	}
}

// TestMobileNetworkShapes compares the names and shapes of all parameters and buffers of the full networks, and their numbers, with
// those of torchvision and timm.
func TestMobileNetworkShapes(t *testing.T) {
	networks := map[string]func() nn.Layer{ // by the file and the name there
		"mobilenetv1/mobilenetv1_100":    func() nn.Layer { return NewMobileNetV1(nil, 1, 1000) },
		"mobilenetv2/mobilenet_v2":       func() nn.Layer { return NewMobileNetV2(nil, 1, 1000) },
		"mobilenetv2/mobilenet_v2/0.5":   func() nn.Layer { return NewMobileNetV2(nil, .5, 1000) },
		"mobilenetv3/mobilenet_v3_small": func() nn.Layer { return NewMobileNetV3Small(nil, 1000) },
		"mobilenetv3/mobilenet_v3_large": func() nn.Layer { return NewMobileNetV3Large(nil, 1000) },
	}
	for i := range 8 {
		networks[fmt.Sprintf("efficientnet/efficientnet_b%d", i)] = func() nn.Layer { return NewEfficientNet(nil, i, 1000) }
	}
	for i := range 5 {
		networks[fmt.Sprintf("efficientnet_lite/efficientnet_lite%d", i)] = func() nn.Layer { return NewEfficientNetLite(nil, i, 1000) }
	}
	for name, s := range map[string]ConvNeXtSize{"tiny": ConvNeXtTiny, "small": ConvNeXtSmall, "base": ConvNeXtBase, "large": ConvNeXtLarge} {
		networks["convnext/convnext_"+name] = func() nn.Layer { return NewConvNeXt(nil, s, 1000) }
	}
	for name, s := range map[string]ViTSize{"b_16": ViTB16, "b_32": ViTB32, "l_16": ViTL16, "l_32": ViTL32} {
		networks["vit/vit_"+name] = func() nn.Layer { return NewViT(nil, s, 1000) }
	}
	for path, make := range networks {
		t.Run(path, func(t *testing.T) {
			file, name, _ := strings.Cut(path, "/")
			want := fixture.Open(t, file+".safetensors").Metadata[name]
			var parameters, buffers int
			var hash string
			if _, err := fmt.Sscan(want, &parameters, &buffers, &hash); err != nil {
				t.Fatalf("%q: %v", want, err)
			}
			net := make()
			if _, all := nn.Count(net); all != parameters {
				t.Errorf("there are %d numbers in parameters, want %d", all, parameters)
			}
			sum := sha256.New()
			for _, l := range byName(net) {
				if l.Buffer {
					buffers -= l.Tensor.Len()
				}
				shape := l.Tensor.Shape()
				for i, axis := range l.Order {
					shape[i] = l.Tensor.Dim(axis)
				}
				fmt.Fprintf(sum, "%s %v\n", l.Name, shape)
			}
			if buffers != 0 {
				t.Errorf("there are %d numbers too few in buffers", buffers)
			}
			if got := fmt.Sprintf("%x", sum.Sum(nil)); got != hash {
				t.Errorf("the names and shapes have the hash %s, want %s", got, hash)
			}
		})
	}
}

// TestMobileInitialization checks the deviations of weights that torchvision and timm draw.
func TestMobileInitialization(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 0))
	v1 := NewMobileNetV1(r, 1, 10)
	v2, v3, b1, lite := NewMobileNetV2(r, 1, 10), NewMobileNetV3Small(r, 10), NewEfficientNet(r, 1, 10), NewEfficientNetLite(r, 0, 10)
	next := NewConvNeXt(r, ConvNeXtSize{Widths: []int{32, 48}, Depths: []int{1, 2}, Drop: .5}, 10)
	vit := NewViT(r, ViTSmall, 10)
	for _, c := range []struct {
		name string
		net  any
		leaf string
		want float64
	}{
		{"MobileNetV1", v1, "conv_stem.weight", math.Sqrt(2. / (9 * 32))},
		{"MobileNetV1", v1, "blocks.1.1.conv_dw.weight", math.Sqrt(2. / 9)},
		{"MobileNetV1", v1, "blocks.1.1.conv_pw.weight", math.Sqrt(2. / 128)},
		{"MobileNetV1", v1, "classifier.weight", 1 / math.Sqrt(3*10)},
		{"MobileNetV2", v2, "features.5.conv.0.0.weight", math.Sqrt(2. / 192)},
		{"MobileNetV2", v2, "features.5.conv.1.0.weight", math.Sqrt(2. / (9 * 192))},
		{"MobileNetV2", v2, "features.5.conv.3.weight", 1},
		{"MobileNetV2", v2, "classifier.1.weight", .01},
		{"MobileNetV2", v2, "classifier.1.bias", 0},
		{"MobileNetV3", v3, "features.4.block.1.0.weight", math.Sqrt(2. / (25 * 96))},
		{"MobileNetV3", v3, "features.4.block.2.fc1.weight", math.Sqrt(2. / 24)},
		{"MobileNetV3", v3, "features.4.block.2.fc1.bias", 0},
		{"MobileNetV3", v3, "classifier.0.weight", .01},
		{"EfficientNet", b1, "features.4.1.block.0.0.weight", math.Sqrt(2. / 480)},
		{"EfficientNet", b1, "features.4.1.block.2.fc2.bias", 0},
		{"EfficientNet", b1, "classifier.1.weight", 1 / math.Sqrt(3*10)},
		{"EfficientNet-Lite", lite, "blocks.3.1.conv_pw.weight", math.Sqrt(2. / 480)},
		{"EfficientNet-Lite", lite, "blocks.3.1.conv_dw.weight", math.Sqrt(2. / 9)},
		{"EfficientNet-Lite", lite, "classifier.weight", 1 / math.Sqrt(3*10)},
		{"EfficientNet-Lite", lite, "classifier.bias", 0},
		{"ConvNeXt", next, "features.1.0.block.0.weight", .02},
		{"ConvNeXt", next, "features.3.1.block.5.weight", .02},
		{"ConvNeXt", next, "features.3.1.block.5.bias", 0},
		{"ConvNeXt", next, "features.3.1.layer_scale", 1e-6},
		{"ViT", vit, "conv_proj.weight", 1 / math.Sqrt(48)},
		{"ViT", vit, "conv_proj.bias", 0},
		{"ViT", vit, "class_token", 0},
		{"ViT", vit, "encoder.pos_embedding", .02},
		{"ViT", vit, "encoder.layers.encoder_layer_2.self_attention.in_proj_weight", math.Sqrt(2. / (96 * 4))},
		{"ViT", vit, "encoder.layers.encoder_layer_2.self_attention.in_proj_bias", 0},
		{"ViT", vit, "encoder.layers.encoder_layer_2.self_attention.out_proj.weight", 1 / math.Sqrt(3*96)},
		{"ViT", vit, "encoder.layers.encoder_layer_2.self_attention.out_proj.bias", 0},
		{"ViT", vit, "encoder.layers.encoder_layer_2.mlp.0.weight", math.Sqrt(2. / (96 + 192))},
		{"ViT", vit, "encoder.layers.encoder_layer_2.mlp.3.bias", 1e-6},
		{"ViT", vit, "heads.head.weight", 0},
	} {
		i := slices.IndexFunc(byName(c.net), func(l nn.Leaf) bool { return l.Name == c.leaf })
		if i < 0 {
			t.Errorf("%s has no %s", c.name, c.leaf)
			continue
		}
		if got := deviation(byName(c.net)[i].Tensor); !(math.Abs(got-c.want) <= .1*c.want) {
			t.Errorf("%s: %s has a deviation of %.4g, want %.4g", c.name, c.leaf, got, c.want)
		}
	}
	// Blocks are dropped the more often the later they come.
	if got, want := next.Features[3].(nn.Chain)[0].(*ConvNeXtBlock).Drop.P, tensor.Float(.25); got != want {
		t.Errorf("ConvNeXt drops its second of three blocks with probability %v, want %v", got, want)
	}
	stages := b1.Features
	if got, want := stages[7].(nn.Chain)[1].(*InvertedResidual).Drop.P, tensor.Float(.2*22/23); math.Abs(float64(got-want)) > 1e-6 {
		t.Errorf("EfficientNet drops its last block with probability %v, want %v", got, want)
	}
}

// What there is not is refused.
func TestMobileSizes(t *testing.T) {
	for want, f := range map[string]func(){
		"vision: NewEfficientNet: there is no B8; it is B0 to B7":            func() { NewEfficientNet(nil, 8, 10) },
		"vision: NewEfficientNetLite: there is no size 5; it is 0 to 4":      func() { NewEfficientNetLiteTF(nil, 5, 10) },
		"vision: NewViT: patches of 5 pixels do not fill a picture of 32":    func() { NewViT(nil, ViTSize{Image: 32, Patch: 5}, 10) },
		"vision: ViT: a picture makes 50 tokens, and there are positions fo": func() { forward(NewViT(nil, ViTSmall, 10), 1, 28, 28, 3) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.HasPrefix(got, want) {
					t.Errorf("panic %q, want %q", got, want)
				}
			}()
			f()
		}()
	}
}

// The small networks leave 4×4 pixels of pictures of 32×32, and make scores of them.
func TestSmallMobileNetworks(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 0))
	m := NewSmallMobileNetV2(r, .5, 10)
	p := tensor.Inference()
	defer p.End()
	if got := m.Features.Forward(p.Input(noise(r, 1, 32, 32, 3))).Shape(); !slices.Equal(got, []int{1, 4, 4, 1280}) {
		t.Errorf("the features of a picture are %v, want 4×4 pixels of 1280", got)
	}
	for _, net := range []nn.Layer{m, NewViT(r, ViTSmall, 10)} {
		if got := forward(net, 2, 32, 32, 3); !slices.Equal(got, []int{2, 10}) {
			t.Errorf("%T makes %v of two pictures, want two times ten scores", net, got)
		}
	}
	for want, net := range map[int]any{700_490: m, 460_906: NewViT(nil, ViTSmall, 10)} {
		if _, all := nn.Count(net); all != want {
			t.Errorf("%T has %d parameters, want %d", net, all, want)
		}
	}
}

// forward returns the shape of what a network makes of noise.
func forward(net nn.Layer, shape ...int) []int {
	p := tensor.Inference()
	defer p.End()
	return net.Forward(p.Input(noise(rand.New(rand.NewPCG(0, 0)), shape...))).Shape()
}
