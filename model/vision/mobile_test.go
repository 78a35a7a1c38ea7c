package vision

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// torchNetworks are small networks, by the file of their fixture and their name in it, without dropout.
func torchNetworks() map[string]nn.Layer {
	r := rand.New(rand.NewPCG(0, 0))
	v2 := newMobileNetV2(r, 2, []mobileStage{{1, 3, 1, 32, 1}, {6, 3, 2, 48, 2}, {2, 3, 2, 64, 1}}, .25, 3)
	v2.Classifier[0] = nn.Dropout{}
	v3 := newMobileNetV3(r, 8, []mobileNetV3Block{
		{3, 8, 8, true, nn.ReLU, 2}, {5, 16, 8, false, nn.HardSwish, 1}, {3, 24, 16, true, nn.HardSwish, 2},
	}, 16, 3)
	v3.Classifier[2] = nn.Dropout{}
	b := newEfficientNet(r, 8, []mobileStage{{1, 3, 1, 8, 1}, {4, 5, 2, 8, 2}, {2, 3, 2, 16, 1}}, efficientNetSize{1, 1, 0}, slowNorm, 3)
	for _, stage := range b.Features[1:4] {
		for _, l := range stage.(nn.Chain) {
			l.(*InvertedResidual).Drop = nn.StochasticDepth{}
		}
	}
	lite := func() *EfficientNetLite {
		stages := []mobileStage{{1, 3, 1, 8, 1}, {2, 5, 2, 8, 2}, {2, 3, 2, 16, 1}}
		return newEfficientNetLite(r, efficientNetSizes[0], stages, 24, 3)
	}
	tf := lite()
	tf.likeTensorFlow()
	return map[string]nn.Layer{
		"mobilenetv2/mobilenetv2":   v2,
		"mobilenetv3/mobilenetv3":   v3,
		"efficientnet/efficientnet": b,
		"efficientnet_lite/lite":    lite(),
		"efficientnet_lite/lite_tf": tf,
		"convnext/convnext":         NewConvNeXt(r, ConvNeXtSize{Widths: []int{4, 8, 12}, Depths: []int{1, 2, 1}}, 3),
		"vit/vit":                   NewViT(r, ViTSize{Image: 8, Patch: 4, Width: 12, Hidden: 16, Depth: 2, Heads: 2}, 3),
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
	r := rand.New(rand.NewPCG(0, 0))
	networks := map[string]func() nn.Layer{ // by the file and the name there
		"mobilenetv2/mobilenet_v2":       func() nn.Layer { return NewMobileNetV2(r, 1, 1000) },
		"mobilenetv2/mobilenet_v2/0.5":   func() nn.Layer { return NewMobileNetV2(r, .5, 1000) },
		"mobilenetv3/mobilenet_v3_small": func() nn.Layer { return NewMobileNetV3Small(r, 1000) },
		"mobilenetv3/mobilenet_v3_large": func() nn.Layer { return NewMobileNetV3Large(r, 1000) },
	}
	for i := range 8 {
		networks[fmt.Sprintf("efficientnet/efficientnet_b%d", i)] = func() nn.Layer { return NewEfficientNet(r, i, 1000) }
	}
	for i := range 5 {
		networks[fmt.Sprintf("efficientnet_lite/efficientnet_lite%d", i)] = func() nn.Layer { return NewEfficientNetLite(r, i, 1000) }
	}
	for name, s := range map[string]ConvNeXtSize{"tiny": ConvNeXtTiny, "small": ConvNeXtSmall, "base": ConvNeXtBase, "large": ConvNeXtLarge} {
		networks["convnext/convnext_"+name] = func() nn.Layer { return NewConvNeXt(r, s, 1000) }
	}
	for name, s := range map[string]ViTSize{"b_16": ViTB16, "b_32": ViTB32, "l_16": ViTL16, "l_32": ViTL32} {
		networks["vit/vit_"+name] = func() nn.Layer { return NewViT(r, s, 1000) }
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
			const large = 10_000_000 // what takes long to draw
			if parameters > large && os.Getenv("HADAL_SLOW") == "" {
				t.Skip("HADAL_SLOW is not set")
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
