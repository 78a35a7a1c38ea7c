package vision

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/hadal-go/hadal/nn"
	"github.com/hadal-go/hadal/optim"
	"github.com/hadal-go/hadal/tensor"
)

func TestMain(m *testing.M) {
	tensor.Poison(true)
	os.Exit(m.Run())
}

// digits returns made pictures: noise, and a bright stripe whose place is the class.
func digits(r *rand.Rand, n int) (*tensor.Tensor, []int) {
	x, labels := tensor.New(n, 28, 28, 1), make([]int, n)
	d := x.Edit()
	for i := range n {
		labels[i] = i % 10
		for j := range 28 * 28 {
			d[i*28*28+j] = tensor.Float(r.NormFloat64() * .3)
			if j/28/2-2 == labels[i] {
				d[i*28*28+j] += 2
			}
		}
	}
	return x, labels
}

func networks(r *rand.Rand) map[string]nn.Layer {
	return map[string]nn.Layer{"LeNet": NewLeNet(r, 10), "MLP": NewMLP(r, 28*28, 256, 128, 10)}
}

func TestParameters(t *testing.T) {
	want := map[string]int{"LeNet": 61706, "MLP": 784*256 + 256 + 256*128 + 128 + 128*10 + 10}
	for name, net := range networks(rand.New(rand.NewPCG(0, 0))) {
		if _, all := nn.Count(net); all != want[name] {
			t.Errorf("%s has %d parameters, want %d", name, all, want[name])
		}
	}
}

func TestFirstLossIsThatOfGuessing(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 0))
	x, labels := digits(r, 100)
	for name, net := range networks(r) {
		p := tensor.Inference()
		loss := float64(nn.CrossEntropy(net.Forward(p.Input(x)), labels).Item())
		p.End()
		if want := math.Log(10); math.Abs(loss-want) > .1 {
			t.Errorf("%s: loss before training %.3f, want about ln 10 = %.3f", name, loss, want)
		}
	}
}

func TestOverfitsOneBatch(t *testing.T) {
	r := rand.New(rand.NewPCG(0, 0))
	x, labels := digits(r, 20)
	for name, net := range networks(r) {
		params := nn.Params(net)
		o := optim.NewAdam(params, 2e-3)
		var loss float64
		for range 60 {
			p := tensor.Training(r)
			y := nn.CrossEntropy(net.Forward(p.Input(x)), labels)
			loss = float64(y.Item())
			o.Step(tensor.Grad(y, params...))
			p.End()
		}
		if loss > .02 {
			t.Errorf("%s: loss after 60 steps on one batch %.4f, want below 0.02", name, loss)
		}
	}
}

func BenchmarkStep(b *testing.B) {
	tensor.Poison(false)
	defer tensor.Poison(true)
	r := rand.New(rand.NewPCG(0, 0))
	x, labels := digits(r, 64)
	for name, net := range networks(r) {
		params := nn.Params(net)
		o := optim.NewAdam(params, 1e-3)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p := tensor.Training(r)
				o.Step(tensor.Grad(nn.CrossEntropy(net.Forward(p.Input(x)), labels), params...))
				p.End()
			}
		})
	}
}
