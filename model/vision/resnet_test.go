package vision

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/format/safetensors"
	"github.com/hadal-go/hadal/internal/fixture"
	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

// torchResNets are the networks of resnet.safetensors.
func torchResNets() map[string]*ResNet {
	r := rand.New(rand.NewPCG(0, 0))
	large := func(width int) *nn.Conv2D { return nn.NewConv2D(r, 3, width, 7, tensor.Conv{Stride: 2, Pad: 3}) }
	nets := map[string]*ResNet{
		"basic":      newResNet(r, large(2), []int{1, 2, 1, 1}, false, project, 3),
		"bottleneck": newResNet(r, large(2), []int{1, 1, 1, 1}, true, project, 3),
		"small":      newResNet(r, conv3x3(r, 3, 2, 1), []int{1, 1, 1, 1}, false, project, 3),
		"cifar":      newResNet(r, conv3x3(r, 3, 2, 1), []int{2, 2, 2}, false, subsample, 3),
	}
	pool := NewResNet(r, 18, 1).MaxPool
	nets["basic"].MaxPool, nets["bottleneck"].MaxPool = pool, pool
	return nets
}

// TestResNetsAgainstTorch compares scores, derivatives, the losses of a few steps and what is left behind them with PyTorch's.
func TestResNetsAgainstTorch(t *testing.T) {
	f := fixture.Open(t, "resnet.safetensors")
	for name, net := range torchResNets() {
		t.Run(name, func(t *testing.T) {
			const tolerance = 1e-4
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
					fixture.Close(t, l.Name, inTorchOrder(l, grads[i]), f.Tensor(t, name+"/grad/"+l.Name).Data(), tolerance)
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
	var entries []safetensors.Entry
	for _, leaf := range f.Under(name + "/state/") {
		w := f.Tensor(t, name+"/state/"+leaf)
		entries = append(entries, safetensors.Entry{Name: leaf, Shape: w.Shape(), Data: w.Data()})
	}
	var file bytes.Buffer
	if err := safetensors.Write(&file, entries, nil); err != nil {
		t.Fatal(err)
	}
	if err := nn.Load(bytes.NewReader(file.Bytes()), int64(file.Len()), net); err != nil {
		t.Fatal(err)
	}
}

// inTorchOrder returns the numbers of a gradient by a leaf as PyTorch has them.
func inTorchOrder(l nn.Leaf, g *tensor.Tensor) []tensor.Float {
	if l.Order != nil {
		g = g.Permute(l.Order...)
	}
	return g.Data()
}

// The numbers of parameters are those of torchvision, and for option A of the paper's 0.27 M, 0.46 M, … 1.7 M.
func TestResNetParameters(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 0))
	for name, c := range map[string]struct {
		net  *ResNet
		want int
	}{
		"18":        {NewResNet(r, 18, 1000), 11_689_512},
		"34":        {NewResNet(r, 34, 1000), 21_797_672},
		"50":        {NewResNet(r, 50, 1000), 25_557_032},
		"small 18":  {NewSmallResNet(r, 18, 10), 11_173_962},
		"CIFAR 20":  {NewCIFARResNet(r, 20, 10), 269_722},
		"CIFAR 32":  {NewCIFARResNet(r, 32, 10), 464_154},
		"CIFAR 44":  {NewCIFARResNet(r, 44, 10), 658_586},
		"CIFAR 56":  {NewCIFARResNet(r, 56, 10), 853_018},
		"CIFAR 110": {NewCIFARResNet(r, 110, 10), 1_727_962},
	} {
		if _, all := nn.Count(c.net); all != c.want {
			t.Errorf("ResNet %s has %d parameters, want %d", name, all, c.want)
		}
	}
}

// Convolutions are drawn with the variance 2/fan of the outputs, the last layer as linear layers are.
func TestResNetInitialization(t *testing.T) {
	net := NewSmallResNet(rand.New(rand.NewPCG(0, 0)), 18, 10)
	for l := range nn.Leaves(net) {
		w := l.Tensor
		if w.Rank() < 2 {
			continue
		}
		_, fan := nn.Fans(w)
		want := math.Sqrt(2 / float64(fan))
		if l.Name == "fc.weight" {
			want = 1 / math.Sqrt(3*512)
		}
		squares := 0.0
		for _, v := range w.Data() {
			squares += float64(v * v)
		}
		if got := math.Sqrt(squares / float64(w.Len())); math.Abs(got/want-1) > .1 {
			t.Errorf("%s has a deviation of %.4f, want %.4f", l.Name, got, want)
		}
	}
}
