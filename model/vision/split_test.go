package vision

import (
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/tensor"
)

// The heads of networks that can be split have all that depends on the number of classes, and no more than that: features of a body can
// be kept while its head is trained for others.
func TestSplitNetworks(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 0))
	for name, make := range map[string]func(classes int) Split{
		"cnn":              func(n int) Split { return NewCNN(r, 3, n) },
		"efficientnetlite": func(n int) Split { return NewEfficientNetLite(r, 0, n) },
		"mobilenetv1":      func(n int) Split { return NewMobileNetV1(r, .25, n) },
		"mobilenetv2":      func(n int) Split { return NewMobileNetV2(r, .5, n) },
		"resnet":           func(n int) Split { return NewCIFARResNet(r, 20, 3, n) },
		"squeezenet":       func(n int) Split { return NewSqueezeNet11(r, n) },
	} {
		two, three := make(2), make(3)
		p := tensor.Recording(r)
		body := map[*tensor.Tensor]bool{}
		h := two.Body(p.Var(tensor.New(1, 64, 64, 3)))
		for _, s := range nn.Trace(two, p) {
			for _, l := range s.Leaves {
				body[l.Tensor] = true
			}
		}
		if y := three.Head(h); y.Dim(1) != 3 {
			t.Errorf("%s: the head for three classes gives %v by features of the body for two", name, y.Shape())
		}
		p.End()
		other := map[string]*tensor.Tensor{}
		for l := range nn.Leaves(three) {
			other[l.Name] = l.Tensor
		}
		heads := 0
		for l := range nn.Leaves(two) {
			depends := l.Tensor.Len() != other[l.Name].Len()
			if depends {
				heads++
			}
			if !l.Buffer && depends == body[l.Tensor] {
				t.Errorf("%s: %s depends on the classes: %v; the body reads it: %v", name, l.Name, depends, body[l.Tensor])
			}
		}
		if heads != 2 {
			t.Errorf("%s: %d tensors depend on the classes, want a weight and a bias", name, heads)
		}
	}
}
