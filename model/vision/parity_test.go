package vision

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// againstTorch compares networks with what PyTorch computed with the same weights: scores, derivatives, the losses of a few steps of
// training, the buffers behind them, and scores then in an inference pass. The tolerance is that of single precision: where deep
// networks normalize few numbers, small gradients are differences of large ones. In double precision everything agrees to 1e-5.
func againstTorch(t *testing.T, file string, tolerance float64, nets map[string]nn.Layer) {
	f := fixture.Open(t, file)
	if _, double := any(tensor.Float(0)).(float64); double {
		tolerance = 1e-5
	}
	for name, net := range nets {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(0, 0))
			loadState(t, f, name, net)
			params := nn.Params(net)
			x, labels := f.Tensor(t, name+"/x"), f.Ints(t, name+"/labels")

			p := tensor.Training(r)
			y := net.Forward(p.Input(x))
			fixture.Close(t, "y", y.Data(), f.Tensor(t, name+"/y").Data(), tolerance)
			grads := tensor.Grad(nn.CrossEntropy(y, labels), params...)
			i := 0
			for l := range nn.Leaves(net) {
				if !l.Buffer {
					closeGradient(t, l.Name, inTorchOrder(l, grads[i]), f.Tensor(t, name+"/grad/"+l.Name).Data(), tolerance)
					i++
				}
			}
			p.End()

			loadState(t, f, name, net)
			method := optim.NewSGD(params, .05, .9)
			method.Decay = .01
			var losses []tensor.Float
			for range f.Tensor(t, name+"/losses").Len() {
				p := tensor.Training(r)
				loss := nn.CrossEntropy(net.Forward(p.Input(x)), labels)
				losses = append(losses, loss.Item())
				method.Step(tensor.Grad(loss, params...))
				p.End()
			}
			fixture.Close(t, "losses", losses, f.Tensor(t, name+"/losses").Data(), tolerance)
			for l := range nn.Leaves(net) {
				if l.Buffer {
					fixture.Close(t, l.Name, l.Tensor.Data(), f.Tensor(t, name+"/after/"+l.Name).Data(), tolerance)
				}
			}
			p = tensor.Inference()
			defer p.End()
			fixture.Close(t, "evaluated", net.Forward(p.Input(x)).Data(), f.Tensor(t, name+"/evaluated").Data(), tolerance)
		})
	}
}

// loadState loads the parameters and buffers that a fixture has for a network.
func loadState(t *testing.T, f *fixture.File, name string, net any) {
	t.Helper()
	state := f.State(t, name+"/state/")
	if err := nn.Load(state, state.Size(), net); err != nil {
		t.Fatal(err)
	}
}

// closeGradient is fixture.Close, where a gradient that PyTorch has as rounding errors of zero, as has a bias before a batch
// normalization, need only be small.
func closeGradient(t *testing.T, name string, got, want []tensor.Float, tolerance float64) {
	t.Helper()
	zero := true
	for _, w := range want {
		zero = zero && math.Abs(float64(w)) < 1e-12
	}
	if !zero {
		fixture.Close(t, name, got, want, tolerance)
		return
	}
	for i, g := range got {
		if !(math.Abs(float64(g)) < 1e-5) {
			t.Errorf("%s[%d] = %v, want 0", name, i, g)
		}
	}
}

// inTorchOrder returns the numbers of a gradient by a leaf as PyTorch has them.
func inTorchOrder(l nn.Leaf, g *tensor.Tensor) []tensor.Float {
	if l.Order != nil {
		g = g.Permute(l.Order...)
	}
	return g.Data()
}

// undropped takes the random numbers out of a chain.
func undropped(c nn.Chain) {
	for i, l := range c {
		if _, ok := l.(nn.Dropout); ok {
			c[i] = nn.Dropout{}
		}
	}
}

func TestAlexNetAgainstTorch(t *testing.T) {
	net := newAlexNet(nil, [5]int{2, 6, 12, 8, 8}, 8, 3)
	undropped(net.Classifier)
	againstTorch(t, "alexnet.safetensors", 1e-4, map[string]nn.Layer{"alexnet": net})
}

func TestVGGAgainstTorch(t *testing.T) {
	plain, norm := newVGG(nil, 11, false, 1./64, 4, 3), newVGG(nil, 11, true, 1./64, 4, 3)
	undropped(plain.Classifier)
	undropped(norm.Classifier)
	againstTorch(t, "vgg.safetensors", 1e-4, map[string]nn.Layer{"plain": plain, "norm": norm, "deep": NewCIFARVGG(nil, 16, 1./64, 3)})
}

func TestSqueezeNetAgainstTorch(t *testing.T) {
	v10, v11 := newSqueezeNet(nil, 2, 6, 7, []int{0, 3, 7}, 3), newSqueezeNet(nil, 1, 4, 3, []int{0, 2, 4}, 3)
	undropped(v10.Classifier)
	undropped(v11.Classifier)
	againstTorch(t, "squeezenet.safetensors", 1e-4, map[string]nn.Layer{"v10": v10, "v11": v11})
}

func TestDenseNetAgainstTorch(t *testing.T) {
	againstTorch(t, "densenet.safetensors", 3e-3, map[string]nn.Layer{
		"large": newDenseNet(nil, conv7x7(nil, 8), 4, []int{2, 2, 1, 1}, true, 3).pooled(),
		"bc":    NewCIFARDenseNet(nil, 16, 3, true, 3),
		"plain": NewCIFARDenseNet(nil, 10, 3, false, 3),
	})
}

func TestResNeXtAgainstTorch(t *testing.T) {
	plan := resNetPlan{[]int{1, 2, 1, 1}, true, 2, 64, project}
	againstTorch(t, "resnext.safetensors", 1e-4, map[string]nn.Layer{"resnext": newResNet(nil, conv7x7(nil, 2), plan, 3).pooled()})
}

func TestPreActResNetAgainstTorch(t *testing.T) {
	againstTorch(t, "preactresnet.safetensors", 1e-4, map[string]nn.Layer{
		"basic":      newPreActResNet(nil, 2, 2, false, 3),
		"bottleneck": newPreActResNet(nil, 2, 2, true, 3),
	})
}
