package vision

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hadal-go/hadal/nn"
)

// TestResNetsAgainstTorch compares scores, derivatives, the losses of a few steps and what is left behind them with PyTorch's.
func TestResNetsAgainstTorch(t *testing.T) {
	plan := func(bottleneck bool, s shortcut, blocks ...int) resNetPlan {
		return resNetPlan{blocks, bottleneck, 1, 64, s}
	}
	againstTorch(t, "resnet.safetensors", 1e-4, map[string]nn.Layer{
		"basic":      newResNet(nil, conv7x7(nil, 2), plan(false, project, 1, 2, 1, 1), 3).pooled(),
		"bottleneck": newResNet(nil, conv7x7(nil, 2), plan(true, project, 1, 1, 1, 1), 3).pooled(),
		"small":      newResNet(nil, conv3x3(nil, 3, 2, 1), plan(false, project, 1, 1, 1, 1), 3),
		"cifar":      newResNet(nil, conv3x3(nil, 3, 2, 1), plan(false, subsample, 2, 2, 2), 3),
	})
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
